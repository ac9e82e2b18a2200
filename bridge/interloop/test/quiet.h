// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/loop/idlewatch.h>
#include <interloop/task/operation.h>
#include <interloop/task/timerqueue.h>

#include <cstdint>
#include <memory>

/*
 * Finds out that this thread has nothing left to do, then wakes whoever waits for that; when nobody does, the virtual
 * clock jumps. The machinery behind VirtualClock and waitUntilIdle.
 *
 * Idle: no operation is ready, libuv has no callback to make, and two turns of Qt's event loop in a row have brought no
 * event to anybody. Quiet, for the clock, is more: no libuv request or pool job is in flight and no child process runs.
 * There is one of these for a thread at most, attached to its bridge until the end of that begins.
 */

namespace interloop {

class Pump;

class Quiet final : private IdleWatch
{
public:
    // This thread's, shared by all who use it. Throws RunSyncError when this thread's bridge has ended or is about to.
    static std::shared_ptr<Quiet> ofThread();

    explicit Quiet(Pump &pump);
    ~Quiet();

    // `waiter` is woken, from the list, when this thread is idle.
    void addWaiter(Operation &waiter) noexcept;

    // Tasks live in virtual time from now on, which starts at the real one. Throws std::logic_error when they do already.
    void startClock();
    void stopClock() noexcept;
    TimePoint now() const noexcept;

private:
    bool isWaiting() noexcept override;
    void turned() noexcept override;
    void detached() noexcept override;
    void wakeWaiters() noexcept;

    Pump *m_pump; // nullptr: detached
    List<Operation> m_waiters;
    std::uint64_t m_expectedEvents = 0; // seen by this thread at the next turn, when only the pump's own comes
    std::uint64_t m_resumes = 0; // at the last turn
    TimePoint m_lastNow; // valid when detached
};

} // namespace interloop
