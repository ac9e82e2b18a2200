// SPDX-License-Identifier: MIT
#include "report.h"

#include "rows.h"

#include <QtGlobal>
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <limits>

namespace interloop::bench {

namespace {

std::string number(double value)
{
    char text[32];
    const int digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
    std::snprintf(text, sizeof(text), "%.*f", digits, value);
    return text;
}

std::string shown(double value, const std::string &unit)
{
    if (std::isnan(value))
        return "-";
    if (unit == "ns" && value >= 10'000)
        return number(value / 1000) + " µs";
    return number(value) + (unit.empty() ? "" : " " + unit);
}

std::string shown(const Target &target, bool isGlib, const std::string &unit)
{
    const double limit = target.limit(isGlib);
    switch (target.aim()) {
    case Aim::RatioAtMost:
        return "≤ " + number(limit);
    case Aim::RatioAtLeast:
        return "≥ " + number(limit);
    case Aim::AtMost:
        return "≤ " + shown(limit, unit);
    case Aim::None:
        break;
    }
    return "";
}

std::string verdict(const Target &target, bool isGlib, double ours, double ratio)
{
    const double judged = target.aim() == Aim::AtMost ? ours : ratio;
    if (target.aim() == Aim::None || std::isnan(judged))
        return "";
    const double limit = target.limit(isGlib);
    const bool isMet = target.aim() == Aim::RatioAtLeast ? judged >= limit : judged <= limit;
    return isMet ? "met" : "**missed**";
}

} // namespace

Report::Report() : ConsoleReporter(isatty(STDOUT_FILENO) ? OO_ColorTabular : OO_Tabular) { }

void Report::ReportRuns(const std::vector<Run> &runs)
{
    ConsoleReporter::ReportRuns(runs);
    for (const Run &run : runs) {
        if (run.run_type != Run::RT_Iteration || run.error_occurred)
            continue;
        const std::string arguments = run.run_name.args.empty() ? "" : "/" + run.run_name.args;
        Samples &samples = m_samples[run.run_name.function_name + arguments];
        // The processor's time, so that other programs on the machine do not count; the clock's where somebody waits.
        const bool isRealTime = !run.run_name.time_type.empty();
        const double time = isRealTime ? run.real_accumulated_time : run.cpu_accumulated_time;
        samples.times.push_back(time / double(run.iterations) * 1e9);
        for (const auto &[name, counter] : run.counters)
            samples.counters[name].push_back(counter.value);
    }
}

double Report::value(const std::string &benchmark, const std::string &counter) const
{
    const auto found = m_samples.find(benchmark);
    if (found == m_samples.end())
        return std::numeric_limits<double>::quiet_NaN();
    if (counter.empty()) // whatever else runs on the machine only adds to a short time
        return *std::min_element(found->second.times.begin(), found->second.times.end());
    const auto values = found->second.counters.find(counter);
    if (values == found->second.counters.end())
        return std::numeric_limits<double>::quiet_NaN();
    std::vector<double> sorted = values->second;
    std::sort(sorted.begin(), sorted.end());
    return sorted[sorted.size() / 2];
}

bool Report::write(const std::string &file, const std::string &dispatcher) const
{
    std::ofstream out(file, std::ios::app);
    const bool isGlib = dispatcher == "GLib";
    out << "## " << dispatcher << " dispatcher\n\n"
        << "Qt " << qVersion() << ", libuv " << uv_version_string()
        << ". Times: processor time, the least of all repetitions; percentiles and rates: their median. Only ratios carry over to "
           "another machine.\n\n"
        << "| what | ours | peer | ratio | target | |\n|---|---|---|---|---|---|\n";
    bool isComplete = true;
    for (const Row &row : rows()) {
        const auto valueOf = [this, &row](const std::string &benchmark) {
            const double found = value(benchmark, row.counter);
            return row.unit == "/s" && row.counter.empty() ? 1e9 / found : found;
        };
        const double ours = valueOf(row.ours);
        const double peer = row.peer.empty() ? std::numeric_limits<double>::quiet_NaN() : valueOf(row.peer);
        if (std::isnan(ours) || (!row.peer.empty() && std::isnan(peer))) {
            isComplete = false;
            continue;
        }
        const double ratio = ours / peer;
        out << "| " << row.title << " | " << shown(ours, row.unit) << " | " << shown(peer, row.unit) << " | "
            << (std::isfinite(ratio) ? number(ratio) : "") << " | " << shown(row.target, isGlib, row.unit) << " | "
            << verdict(row.target, isGlib, ours, ratio) << " |\n";
    }
    if (!isComplete)
        out << "\nRows whose benchmarks were not run are left out: filtered, or built without QCoro.\n";
    out << '\n';
    out.close();
    if (!out)
        std::fprintf(stderr, "interloop-bench: cannot write %s\n", file.c_str());
    return bool(out);
}

} // namespace interloop::bench
