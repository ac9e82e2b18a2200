// SPDX-License-Identifier: MIT
#include <interloop/loop/stepwatch.h>

#include <ctime>

namespace interloop {

TimePoint StepWatch::coarseNow() noexcept
{
    timespec time = {};
    clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
    return TimePoint(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

} // namespace interloop
