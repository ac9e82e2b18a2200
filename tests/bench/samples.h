// SPDX-License-Identifier: MIT
#pragma once

#include <benchmark/benchmark.h>

#include <chrono>
#include <vector>

/*
 * Single measured times, and what stands for them.
 */

namespace interloop::bench {

class Samples
{
public:
    Samples() { m_microseconds.reserve(1 << 16); }
    void add(std::chrono::nanoseconds time) { m_microseconds.push_back(double(time.count()) / 1000); }

    // Adds the counters p50, p99 and max, in microseconds, and samples.
    void report(benchmark::State &state) const;

private:
    std::vector<double> m_microseconds;
};

} // namespace interloop::bench
