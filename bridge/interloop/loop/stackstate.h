// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/loop/stackbounds.h>
#include <interloop/loop/unwinding.h>

/*
 * What the pump knows about a stack besides its waits: its own copy for the one that runs, kept with each of the others.
 */

namespace interloop {

class Fiber;

class StackState
{
public:
    StackState() = default;
    StackState(const StackBounds &bounds, Fiber *fiber, int level) noexcept : bounds(&bounds), fiber(fiber), level(level) { }

    const StackBounds *bounds = nullptr;
    Fiber *fiber = nullptr; // nullptr: the thread's own stack
    ExceptionState exceptionsBeneath; // what was being thrown or handled beneath its innermost wait
    int entryLevel = 0; // Qt's loop level when the stack was started or resumed last
    int level = 0; // Qt's loop level that the running chain was started at, counted from entryLevel
    int nestedWaits = 0; // waits that nest on it now
    int nestGuards = 0; // NoSuspend
    int refuseGuards = 0; // NoSuspend(Refuse)
    bool hasStarter = false; // the scheduler's current chain is still that of the code which started the stack
};

} // namespace interloop
