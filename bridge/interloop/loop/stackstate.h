// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/loop/stackbounds.h>
#include <interloop/loop/unwinding.h>

/*
 * What the pump knows about a stack besides its waits.
 */

namespace interloop {

class Fiber;

class StackState
{
public:
    StackState(const StackBounds &bounds, Fiber *fiber) noexcept : bounds(&bounds), fiber(fiber) { }

    // Other code begins on the stack.
    void begin(bool knowsStarter) noexcept
    {
        exceptionsBeneath = ExceptionState();
        level = 0;
        nestGuards = 0; // one in a coroutine may have ended on another stack
        refuseGuards = 0;
        hasStarter = knowsStarter;
    }

    const StackBounds *bounds;
    Fiber *fiber; // nullptr: the thread's own stack
    ExceptionState exceptionsBeneath; // what was being thrown or handled beneath its innermost wait
    int entryLevel = 0; // Qt's loop level when the stack was started or resumed last
    int level = 0; // Qt's loop level that the running chain was started at, counted from entryLevel
    int nestedWaits = 0; // waits that nest on it now
    int nestGuards = 0; // NoSuspend
    int refuseGuards = 0; // NoSuspend(Refuse)
    unsigned parkedAt = 0; // the pump's qtTurns() when it was parked last
    bool hasStarter = false; // the scheduler's current chain is still that of the code which started the stack
};

} // namespace interloop
