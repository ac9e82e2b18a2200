// SPDX-License-Identifier: MIT
#include <demo/monitor/recording.h>

#include <algorithm>
#include <utility>

Recording::Recording() : m_begin(std::chrono::steady_clock::now()) { }

Recording::News Recording::newsSince(std::uint64_t nextSpan, std::uint64_t version) const
{
    const std::lock_guard lock(m_mutex);
    News news;
    news.nextSpan = m_nextSpan;
    news.version = m_version;
    news.firstSpan = m_nextSpan - m_spans.size();
    if (version == m_version)
        return news;
    const auto skipped = std::ptrdiff_t(std::max(nextSpan, news.firstSpan) - news.firstSpan);
    news.spans.assign(m_spans.begin() + skipped, m_spans.end());
    for (const auto &[id, track] : m_tracks) {
        if (track.version > version)
            news.tracks.push_back(track);
    }
    std::sort(news.tracks.begin(), news.tracks.end(), [](const Track &a, const Track &b) { return a.id < b.id; });
    return news;
}

LoopFigures Recording::figures() const
{
    const std::lock_guard lock(m_mutex);
    LoopFigures figures = m_figures;
    figures.isOver = m_isOver;
    figures.heldBackTotal = m_heldBackTotal;
    for (const auto &[id, track] : m_tracks) {
        if (track.isAlive() && track.activity == Activity::HeldBack)
            figures.heldBackSince = std::min(figures.heldBackSince, track.since);
    }
    return figures;
}

std::string Recording::tree() const
{
    const std::lock_guard lock(m_mutex);
    return m_tree;
}

void Recording::requestTree()
{
    const std::lock_guard lock(m_mutex);
    m_isTreeRequested = true;
}

bool Recording::takeTreeRequest()
{
    const std::lock_guard lock(m_mutex);
    return std::exchange(m_isTreeRequested, false);
}

void Recording::beginTrack(Track track)
{
    const std::lock_guard lock(m_mutex);
    track.version = ++m_version;
    m_tracks[track.id] = std::move(track);
}

void Recording::change(std::uint32_t id, Activity activity, std::string text, RecordedTime time)
{
    const std::lock_guard lock(m_mutex);
    const auto found = m_tracks.find(id);
    if (found == m_tracks.end() || !found->second.isAlive())
        return;
    Track &track = found->second;
    endSpan(track, time);
    track.activity = activity;
    track.text = std::move(text);
    track.since = time;
}

void Recording::endTrack(std::uint32_t id, RecordedTime time)
{
    const std::lock_guard lock(m_mutex);
    const auto found = m_tracks.find(id);
    if (found == m_tracks.end() || !found->second.isAlive())
        return;
    Track &track = found->second;
    endSpan(track, time);
    track.end = time;
}

void Recording::endSpan(Track &track, RecordedTime time)
{
    if (track.activity == Activity::HeldBack)
        m_heldBackTotal += time - track.since;
    m_spans.emplace_back(track.id, track.activity, track.since, time, std::move(track.text));
    track.lastSpan = m_nextSpan++;
    track.version = ++m_version;
    if (m_spans.size() <= maximumSpans)
        return;
    const std::uint64_t dropped = m_nextSpan - m_spans.size();
    const auto owner = m_tracks.find(m_spans.front().track);
    if (owner != m_tracks.end() && !owner->second.isAlive() && owner->second.lastSpan == dropped)
        m_tracks.erase(owner);
    m_spans.pop_front();
}

bool Recording::has(std::uint32_t id) const
{
    const std::lock_guard lock(m_mutex);
    return m_tracks.contains(id);
}

Activity Recording::activityOf(std::uint32_t id) const
{
    const std::lock_guard lock(m_mutex);
    const auto found = m_tracks.find(id);
    return found == m_tracks.end() ? Activity::Created : found->second.activity;
}

std::string Recording::nameOf(std::uint32_t id) const
{
    const std::lock_guard lock(m_mutex);
    const auto found = m_tracks.find(id);
    return found == m_tracks.end() ? std::string() : found->second.name;
}

void Recording::setFigures(const LoopFigures &figures)
{
    const std::lock_guard lock(m_mutex);
    m_figures = figures;
}

void Recording::setTree(std::string tree)
{
    const std::lock_guard lock(m_mutex);
    m_tree = std::move(tree);
}

void Recording::setOver()
{
    const std::lock_guard lock(m_mutex);
    m_isOver = true;
}
