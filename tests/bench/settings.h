// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>

/*
 * What the command line says about all benchmarks.
 */

namespace interloop::bench {

// Quick: everything runs once and briefly, to see that it runs. The numbers mean nothing then.
enum class Mode : unsigned char { Measure, Smoke };

void setMode(Mode mode) noexcept;
bool isSmoke() noexcept;

// How long a benchmark that watches a load for a while does so.
std::chrono::milliseconds loadTime() noexcept;

// How many samples a benchmark of single events takes.
int sampleCount() noexcept;

} // namespace interloop::bench
