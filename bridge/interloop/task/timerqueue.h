// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

/*
 * Deadlines in order: a 4-ary heap of (deadline, sequence).
 *
 * Equal deadlines expire in the order in which they were started. Starting and stopping cost O(log n) and, once the
 * heap has grown, allocate nothing. A timer knows its place, so that stopping needs no search.
 */

namespace interloop {

using TimePoint = std::chrono::steady_clock::time_point;

// now + delay, clamped to what a time point can hold.
INTERLOOP_EXPORT TimePoint deadlineAfter(TimePoint now, std::chrono::nanoseconds delay) noexcept;

class Timer
{
public:
    Timer(const Timer &) = delete;
    Timer &operator=(const Timer &) = delete;

    bool isActive() const noexcept { return m_place != NotQueued; }

    // The deadline has passed; already taken out of the queue. Only queues operations: no user code runs in it.
    virtual void expire() = 0;

protected:
    Timer() noexcept = default;
    ~Timer() = default;

private:
    friend class TimerQueue;
    static constexpr std::size_t NotQueued = SIZE_MAX;
    std::size_t m_place = NotQueued;
};

class INTERLOOP_EXPORT TimerQueue
{
public:
    TimerQueue() = default;
    ~TimerQueue(); // timers that are still active never expire
    TimerQueue(const TimerQueue &) = delete;
    TimerQueue &operator=(const TimerQueue &) = delete;

    bool isEmpty() const noexcept { return m_heap.empty(); }

    // REQUIRES: !isEmpty()
    TimePoint firstDeadline() const noexcept { return m_heap.front().deadline; }

    // REQUIRES: !timer.isActive()
    void start(Timer &timer, TimePoint deadline);

    // Does nothing when the timer is not active.
    void stop(Timer &timer) noexcept;

    // Expires every timer whose deadline is not after `now`. A timer started meanwhile waits for the next call.
    void expireUntil(TimePoint now);

    // The clock that deadlines are measured on is exchanged for one that shows `difference` more: every timer has as long
    // to go as before.
    void shift(std::chrono::nanoseconds difference) noexcept;

private:
    struct Entry
    {
        TimePoint deadline;
        std::uint64_t sequence;
        Timer *timer;
    };

    static bool isBefore(const Entry &a, const Entry &b) noexcept
    {
        return a.deadline != b.deadline ? a.deadline < b.deadline : a.sequence < b.sequence;
    }
    void put(std::size_t place, const Entry &entry) noexcept;
    void siftUp(std::size_t place, const Entry &entry) noexcept;
    void siftDown(std::size_t place, const Entry &entry) noexcept;

    std::vector<Entry> m_heap;
    std::uint64_t m_sequence = 0;
};

} // namespace interloop
