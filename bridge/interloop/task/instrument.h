// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>

/*
 * Watches the tasks of one thread as they live: Trio's Instrument, for timelines, profilers and tests.
 *
 * Everything is told where it happens, on that thread, with the task as it is at that moment: ask it, or make a TaskInfo
 * of it, and do not keep it. An instrument looks on. It must not start, cancel or await anything, nor wait, and cannot
 * throw. Tasks are meant in the wide sense here, that of chains: what has been spawned, what blocking waits are for, and
 * the bodies of slots. Without an instrument nothing is called, and what is left of it cannot be measured (bench: Yield).
 */

namespace interloop {

class Chain;
class SyncFrame;

class INTERLOOP_EXPORT Instrument
{
public:
    Instrument(const Instrument &) = delete;
    Instrument &operator=(const Instrument &) = delete;

    // It has been spawned, and begins later; a slot's coroutine at once. The others begin with their first step.
    virtual void taskSpawned(const Chain &) noexcept { }

    // What it has waited for is there, or it is to be cancelled: it goes on when its turn comes. Also called inside raw
    // libuv callbacks. Not called for a wait that only lets others go first: such a step ends with task.waiting()->isOver().
    virtual void taskScheduled(const Chain &) noexcept { }

    // Its code begins or goes on, on top of what runs; until it awaits something that is not there, or ends.
    virtual void beforeTaskStep(const Chain &) noexcept { }
    virtual void afterTaskStep(const Chain &) noexcept { } // it waits for task.waiting(), or has ended

    // It has ended. Comes after its last step; alone, for a task that is cancelled before it has begun.
    virtual void taskExited(const Chain &) noexcept { }

    // A runSync whose target did not end at once waits, in the form that `wait.nests()` tells, and returns. The step of its
    // caller goes on meanwhile. The target has ended when it returns, maybe long since: other waits sat on top.
    virtual void beforeBlockingWait(const SyncFrame &) noexcept { }
    virtual void afterBlockingWait(const SyncFrame &) noexcept { }

protected:
    Instrument() noexcept = default;
    ~Instrument() = default;
};

// Makes `instrument` the one that this thread's tasks are watched by from now on; nullptr: none. Returns the one before.
// Not owned: it is told of things until it is exchanged or the bridge has ended.
// Throws RunSyncError when there can be no tasks on this thread; nullptr can always be given.
INTERLOOP_EXPORT Instrument *exchangeInstrument(Instrument *instrument);

} // namespace interloop
