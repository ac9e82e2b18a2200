// SPDX-License-Identifier: MIT
#pragma once

#include <QFile>
#include <QString>
#include <QStringList>

#include <chrono>
#include <vector>

/*
 * What happened when, in units of a tenth of a second, and how that compares with what must happen.
 *
 *     Timeline log;
 *     runSync(hello(log));
 *     COMPARE_TIMELINE(log, "Hello@0, World@1");
 *
 * The order is exact, and nothing may be earlier than stated.
 */

namespace interloop::test {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds unit = 100ms;

// How much later than stated something may happen, besides the time that the machine was busy with others.
constexpr std::chrono::milliseconds lateness = 40ms;

// How long this thread has been ready to run and other processes had the processor, in all its life: nothing that it
// does could have made it faster. Linux, Documentation/scheduler/sched-stats, "/proc/<pid>/schedstat".
inline std::chrono::nanoseconds timeTakenByOthers()
{
    QFile statistics(QStringLiteral("/proc/thread-self/schedstat"));
    if (!statistics.open(QIODevice::ReadOnly))
        return 0ns;
    return std::chrono::nanoseconds(statistics.readAll().split(' ').value(1).toLongLong());
}

// The time since it was made, apart from what others took of this thread's: for upper bounds.
class OwnTime
{
public:
    std::chrono::nanoseconds elapsed() const
    {
        const std::chrono::nanoseconds all = std::chrono::steady_clock::now() - m_begin;
        return all - (timeTakenByOthers() - m_takenAtBegin);
    }

private:
    std::chrono::nanoseconds m_takenAtBegin = timeTakenByOthers();
    std::chrono::steady_clock::time_point m_begin = std::chrono::steady_clock::now();
};

class Timeline
{
public:
    using Clock = std::chrono::steady_clock;

    // Time 0 is now.
    void start()
    {
        m_entries.clear();
        m_takenAtStart = timeTakenByOthers();
        m_start = Clock::now();
    }

    void note(QString text)
    {
        const std::chrono::nanoseconds time = elapsed();
        m_entries.push_back(Entry{std::move(text), time, timeTakenByOthers() - m_takenAtStart});
    }

    std::chrono::nanoseconds elapsed() const { return Clock::now() - m_start; }

    // The texts without the times: "Hello, World".
    QString order() const
    {
        QStringList texts;
        for (const Entry &entry : m_entries)
            texts += entry.text;
        return texts.join(QStringLiteral(", "));
    }

    // The order of those texts that begin with `prefix`.
    QString order(const QString &prefix) const
    {
        QStringList texts;
        for (const Entry &entry : m_entries) {
            if (entry.text.startsWith(prefix))
                texts += entry.text;
        }
        return texts.join(QStringLiteral(", "));
    }

    // Equal to `expected` ("Hello@0, World@1.5") when every entry came in its place and in time; otherwise the entries
    // that did not show what they are: "World@163ms".
    QString against(const QString &expected) const
    {
        const QStringList wanted = expected.split(QStringLiteral(", "));
        QStringList texts;
        for (std::size_t i = 0; i < m_entries.size(); ++i) {
            const QString want = wanted.value(qsizetype(i));
            texts += isWanted(m_entries[i], want) ? want : described(m_entries[i]);
        }
        return texts.join(QStringLiteral(", "));
    }

private:
    class Entry
    {
    public:
        QString text;
        std::chrono::nanoseconds time;
        std::chrono::nanoseconds takenByOthers; // of it
    };

    static bool isWanted(const Entry &entry, const QString &want)
    {
        const auto due = std::chrono::duration_cast<std::chrono::nanoseconds>(
                want.section(QLatin1Char('@'), -1).toDouble() * unit);
        return entry.text == want.section(QLatin1Char('@'), 0, -2) && entry.time >= due
                && entry.time <= due + lateness + entry.takenByOthers;
    }

    static QString described(const Entry &entry)
    {
        const double milliseconds = std::chrono::duration<double, std::milli>(entry.time).count();
        return entry.text + QLatin1Char('@') + QString::number(milliseconds, 'f', 1) + QStringLiteral("ms");
    }

    std::chrono::nanoseconds m_takenAtStart = timeTakenByOthers();
    Clock::time_point m_start = Clock::now();
    std::vector<Entry> m_entries;
};

} // namespace interloop::test

#define COMPARE_TIMELINE(timeline, expected) QCOMPARE((timeline).against(QStringLiteral(expected)), QStringLiteral(expected))
