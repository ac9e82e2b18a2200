// SPDX-License-Identifier: MIT
#pragma once

#include <QElapsedTimer>
#include <QTimer>

#include <algorithm>
#include <chrono>

/*
 * A timer of Qt's that wants to beat a hundred times a second, and knows the longest time in which it could not: for
 * so long nothing moved in this thread. Counts from construction.
 */

class Heartbeat final : public QTimer
{
public:
    Heartbeat()
    {
        setTimerType(Qt::PreciseTimer);
        connect(this, &QTimer::timeout, this, [this] {
            m_longest = longest();
            m_sinceBeat.start();
        });
        m_sinceBeat.start();
        start(period);
    }

    static constexpr std::chrono::milliseconds period{10};

    std::chrono::nanoseconds longest() const
    {
        return std::max(m_longest, std::chrono::nanoseconds(m_sinceBeat.nsecsElapsed()));
    }

private:
    QElapsedTimer m_sinceBeat;
    std::chrono::nanoseconds m_longest{0};
};
