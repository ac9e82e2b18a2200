// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/loop/pump.h>
#include <interloop/task/syncframe.h>

/*
 * What the log says about blocking waits: advice, and with "interloop.wait.debug=true" when they begin and return.
 */

namespace interloop {

// A wait that a task has begun: where the task's own coroutine calls runSync, `co_await` would do, without a nested loop.
// Said once for each place, and only when asked for ("interloop.wait.info=true").
void adviseToAwait(Pump &pump, const Chain &caller, const std::source_location &location);

// Says when a wait has begun and how long it took.
class WaitLog
{
public:
    explicit WaitLog(const SyncFrame &frame);
    ~WaitLog()
    {
        if (m_frame) [[unlikely]]
            logReturn();
    }
    WaitLog(const WaitLog &) = delete;
    WaitLog &operator=(const WaitLog &) = delete;

private:
    void logBegin();
    void logReturn() noexcept;

    const SyncFrame *m_frame = nullptr; // nullptr: the log is off
    TimePoint m_begin;
};

} // namespace interloop
