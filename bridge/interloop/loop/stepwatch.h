// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/timerqueue.h>

#include <chrono>

/*
 * Finds the steps that keep everybody else waiting: asyncio's debug mode, always on. A step is what a task runs from its
 * resumption to its next suspension; time in which Qt has had turns is not its own.
 *
 * A clock that is read after every step would cost half as much as a step that only yields. So a coarse one is read, and
 * only after the first steps of each drain, in which nearly all work of an application falls; behind them, batches are
 * timed, and after a slow one every step is for a while (bench: SlowSteps).
 */

namespace interloop {

class StepWatch
{
public:
    using Duration = std::chrono::nanoseconds;

    // Zero: off.
    void setThreshold(Duration threshold) noexcept { m_threshold = threshold; }

    // How many steps of a drain that begins now are to be timed.
    unsigned begin() noexcept
    {
        if (m_threshold == Duration::zero()) [[unlikely]]
            return 0;
        m_begin = coarseNow();
        return m_begin < m_thoroughUntil ? ~0u : timedSteps;
    }

    // A step has ended and the next one begins. How long it took if that is too long, else zero.
    Duration stepEnded() noexcept { return batchEnded(coarseNow()); }

    // The same for a batch of steps that were not timed, seen at `now`.
    Duration batchEnded(TimePoint now) noexcept
    {
        return m_threshold == Duration::zero() ? Duration::zero() : lap(now);
    }

    // Qt has had a turn: whatever runs now has kept nobody waiting before.
    void restart() noexcept
    {
        if (m_threshold != Duration::zero())
            m_begin = coarseNow();
    }

private:
    static constexpr unsigned timedSteps = 16;
    static constexpr std::chrono::seconds thoroughTime{10};

    // Of the last tick of the kernel's: at most some milliseconds behind, at a fifth of the price.
    static TimePoint coarseNow() noexcept;

    Duration lap(TimePoint now) noexcept
    {
        const Duration time = now - m_begin;
        m_begin = now;
        if (time <= m_threshold) [[likely]]
            return Duration::zero();
        m_thoroughUntil = now + thoroughTime;
        return time;
    }

    Duration m_threshold = std::chrono::milliseconds(100);
    TimePoint m_begin;
    TimePoint m_thoroughUntil; // after a slow step
};

} // namespace interloop
