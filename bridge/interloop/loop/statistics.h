// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

/*
 * What a loop has done since it began, in numbers. They only grow: two snapshots and the time between them give rates.
 */

namespace interloop {

class LoopStatistics
{
public:
    LoopStatistics() noexcept = default;
    LoopStatistics(std::uint64_t uvRuns, std::uint64_t uvCompletions, std::uint64_t timerCompletions, std::uint64_t resumptions) noexcept
        : m_uvRuns(uvRuns), m_uvCompletions(uvCompletions), m_timerCompletions(timerCompletions), m_resumptions(resumptions)
    {
    }

    // Calls of uv_run.
    std::uint64_t uvRuns() const noexcept { return m_uvRuns; }

    // What libuv's callbacks have made ready to go on: waits, and functions posted there or by other threads. Callbacks that
    // complete nothing are not counted: data that nobody waits for yet, what a C library does with its own handles.
    std::uint64_t uvCompletions() const noexcept { return m_uvCompletions; }

    // Sleeps, timeouts and other deadlines that have made something ready. They are the bridge's own, not libuv's.
    std::uint64_t timerCompletions() const noexcept { return m_timerCompletions; }

    // What has been taken out of the ready queue: tasks that went on, spawned ones that began, posted functions.
    std::uint64_t resumptions() const noexcept { return m_resumptions; }

private:
    std::uint64_t m_uvRuns = 0;
    std::uint64_t m_uvCompletions = 0;
    std::uint64_t m_timerCompletions = 0;
    std::uint64_t m_resumptions = 0;
};

} // namespace interloop
