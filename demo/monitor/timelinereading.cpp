// SPDX-License-Identifier: MIT
#include <demo/monitor/timeline.h>

#include <demo/monitor/words.h>

#include <QLocale>
#include <QScrollBar>

#include <algorithm>

/*
 * What a timeline tells of a place or a task, in words.
 */

const Lane *Timeline::laneAt(int y) const
{
    if (!m_lanes || y < axisHeight())
        return nullptr;
    const int index = (y - axisHeight() + verticalScrollBar()->value()) / rowHeight();
    return index < int(m_lanes->all().size()) ? m_lanes->all()[std::size_t(index)].get() : nullptr;
}

QString Timeline::detailAt(const QPoint &position) const
{
    const Lane *lane = laneAt(position.y());
    if (!lane)
        return QString();
    const Lanes::Entry *newest = m_lanes->find(lane->newest);
    if (position.x() < nameWidth())
        return newest ? describe(newest->track, m_now) : QString();
    const RecordedTime first = timeAt(position.x() - 1); // bars are at least a pixel wide
    const RecordedTime last = timeAt(position.x() + 1);
    if (newest && newest->track.isAlive() && newest->track.since <= last && last >= newest->track.begin
        && first <= m_now)
        return describe(newest->track, m_now);
    const std::deque<Span> &spans = m_lanes->spans();
    const auto begin = std::lower_bound(spans.begin(), spans.end(), first,
                                        [](const Span &span, RecordedTime time) { return span.end < time; });
    for (auto span = begin; span != spans.end(); ++span) {
        const Lanes::Entry *entry = span->begin <= last ? m_lanes->find(span->track) : nullptr;
        if (entry && entry->lane == lane)
            return describe(entry->track, span->begin + (span->end - span->begin) / 2);
    }
    return QString();
}

QString Timeline::detail() const
{
    if (!m_lanes)
        return QString();
    if (m_pointer)
        return detailAt(*m_pointer);
    const Lane *lane = m_lanes->bySerial(m_selected);
    const Lanes::Entry *newest = lane ? m_lanes->find(lane->newest) : nullptr;
    return newest ? describe(newest->track, m_now) : QString();
}

// What it did at `time`.
QString Timeline::describe(const Track &track, RecordedTime time) const
{
    QString text = words::titleOf(track) + QLatin1String(": ");
    const auto &spans = m_lanes->spans();
    const auto span = std::find_if(spans.rbegin(), spans.rend(), [&](const Span &span) {
        return span.track == track.id && span.begin <= time && time <= span.end;
    });
    if (track.isAlive() && time >= track.since)
        text += words::sentenceOf(track.activity, track.text, m_now - track.since, words::Tense::Present);
    else if (span != spans.rend())
        text += words::sentenceOf(span->activity, span->text, span->end - span->begin, words::Tense::Past);
    else
        text += tr("has ended");
    const Lanes::Entry *parent = m_lanes->find(track.parent);
    const QString relation = words::relationOf(track, parent ? &parent->track : nullptr);
    if (!relation.isEmpty())
        text += QLatin1String("; ") + relation;
    return text + QLatin1Char('.');
}

QString Timeline::summary() const
{
    if (!m_lanes)
        return tr("Nothing is recorded.");
    const QString state = m_isPaused ? tr("paused") : tr("live");
    return tr("Timeline, %1; tasks alive: %2; seconds shown: %3. %4")
            .arg(state, locale().toString(m_lanes->alive()), locale().toString(double(span().count()) / 1e9, 'g', 3),
                 detail())
            .trimmed();
}
