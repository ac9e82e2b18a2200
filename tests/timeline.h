// SPDX-License-Identifier: MIT
#pragma once

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

// How much later than stated something may happen, on a busy machine too.
constexpr std::chrono::milliseconds lateness = 40ms;

class Timeline
{
public:
    using Clock = std::chrono::steady_clock;

    // Time 0 is now.
    void start()
    {
        m_entries.clear();
        m_start = Clock::now();
    }

    void note(QString text) { m_entries.push_back(Entry{std::move(text), elapsed()}); }

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
    };

    static bool isWanted(const Entry &entry, const QString &want)
    {
        const auto due = std::chrono::duration_cast<std::chrono::nanoseconds>(
                want.section(QLatin1Char('@'), -1).toDouble() * unit);
        return entry.text == want.section(QLatin1Char('@'), 0, -2) && entry.time >= due && entry.time <= due + lateness;
    }

    static QString described(const Entry &entry)
    {
        const double milliseconds = std::chrono::duration<double, std::milli>(entry.time).count();
        return entry.text + QLatin1Char('@') + QString::number(milliseconds, 'f', 1) + QStringLiteral("ms");
    }

    Clock::time_point m_start = Clock::now();
    std::vector<Entry> m_entries;
};

} // namespace interloop::test

#define COMPARE_TIMELINE(timeline, expected) QCOMPARE((timeline).against(QStringLiteral(expected)), QStringLiteral(expected))
