// SPDX-License-Identifier: MIT
#pragma once

#include <tests/timeline.h>

#include <QTimer>

#include <algorithm>
#include <chrono>
#include <tuple>
#include <utility>

/*
 * A timer of Qt's that tells whether the event loop stuttered.
 */

namespace interloop::test {

// Counts a timer's shots from its making on, and those that it left out.
class Ticks
{
public:
    explicit Ticks(std::chrono::milliseconds period) : m_period(period)
    {
        m_timer.setTimerType(Qt::PreciseTimer);
        QObject::connect(&m_timer, &QTimer::timeout, [this] { shoot(); });
        std::tie(m_last, m_takenAtLast) = timeAndTimeTaken();
        m_timer.start(period);
    }
    std::chrono::nanoseconds elapsed() const { return std::chrono::steady_clock::now() - m_begin; }

    int count() const { return m_count; }

    // Of a hundred due, how many came; those due while other processes had the processor do not count.
    int percent() const { return m_count + m_missed == 0 ? 0 : 100 * m_count / (m_count + m_missed); }

private:
    void shoot()
    {
        const auto [now, taken] = timeAndTimeTaken();
        const std::chrono::nanoseconds gap = (now - m_last) - (taken - m_takenAtLast);
        ++m_count;
        m_missed += std::max(int((gap + m_period / 2) / m_period) - 1, 0);
        m_last = now;
        m_takenAtLast = taken;
    }

    // Both of the same moment: what others take between the two would count for one shot's gap and against the next's.
    static std::pair<std::chrono::steady_clock::time_point, std::chrono::nanoseconds> timeAndTimeTaken()
    {
        for (;;) {
            const auto taken = timeTakenByOthers();
            const auto now = std::chrono::steady_clock::now();
            if (timeTakenByOthers() == taken)
                return std::make_pair(now, taken);
        }
    }

    std::chrono::milliseconds m_period;
    std::chrono::steady_clock::time_point m_begin = std::chrono::steady_clock::now();
    std::chrono::steady_clock::time_point m_last;
    std::chrono::nanoseconds m_takenAtLast = 0ns;
    QTimer m_timer;
    int m_count = 0;
    int m_missed = 0;
};

} // namespace interloop::test
