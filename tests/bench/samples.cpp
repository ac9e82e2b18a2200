// SPDX-License-Identifier: MIT
#include "samples.h"

#include <algorithm>

namespace interloop::bench {

void Samples::report(benchmark::State &state) const
{
    state.counters["samples"] = double(m_microseconds.size());
    if (m_microseconds.empty())
        return;
    std::vector<double> sorted = m_microseconds;
    std::sort(sorted.begin(), sorted.end());
    state.counters["p50"] = sorted[sorted.size() / 2];
    state.counters["p99"] = sorted[sorted.size() * 99 / 100];
    state.counters["max"] = sorted.back();
}

} // namespace interloop::bench
