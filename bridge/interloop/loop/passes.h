// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/timerqueue.h>

#include <cstdint>

/*
 * How far a drain of the ready queue has come. It outlives the stacks that carry it out: when what runs parks the one that
 * it is on, another goes on from here.
 */

namespace interloop {

class Pump;

enum class PassesResult : unsigned char {
    Nothing, // was ready
    Resumed, // something
    Leave, // the innermost wait is to return first
};

class Passes
{
public:
    Passes(Pump &pump, TimePoint start, TimePoint deadline) noexcept : pump(pump), deadline(deadline), lastLook(start) { }

    Pump &pump;
    TimePoint deadline;
    TimePoint lastLook; // at the clock
    std::uint64_t enough = 0; // of takenCount(): from then on the number of passes is limited
    std::uint64_t passEnd = 0; // of takenCount(): of the pass that is under way
    unsigned untilLook = 0; // steps
    unsigned timedSteps = 0; // left
    int begun = 0; // passes
    PassesResult result = PassesResult::Resumed;
    bool isOver = false;
};

} // namespace interloop
