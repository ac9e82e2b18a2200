// SPDX-License-Identifier: MIT
#pragma once

#include <benchmark/benchmark.h>

#include <map>
#include <string>
#include <vector>

/*
 * Remembers what the benchmarks measured, shows it on the console, and writes the table.
 */

namespace interloop::bench {

class Report final : public benchmark::ConsoleReporter
{
public:
    Report();

    void ReportRuns(const std::vector<Run> &runs) override;

    // Writes the table to `file`. False, with a message, when it cannot be written.
    bool write(const std::string &file, const std::string &dispatcher) const;

private:
    // All repetitions of one benchmark.
    struct Samples
    {
        std::vector<double> times; // nanoseconds an iteration
        std::map<std::string, std::vector<double>> counters;
    };

    // What stands for all repetitions, or NaN when there is none.
    double value(const std::string &benchmark, const std::string &counter) const;

    std::map<std::string, Samples> m_samples; // by the benchmark's name
};

} // namespace interloop::bench
