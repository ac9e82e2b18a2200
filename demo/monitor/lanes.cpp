// SPDX-License-Identifier: MIT
#include <demo/monitor/lanes.h>

#include <algorithm>
#include <unordered_set>

Lanes::Change Lanes::update()
{
    Recording::News news = m_recording->newsSince(m_nextSpan, m_version);
    if (news.version == m_version) {
        m_newSpans = 0;
        return Change::Nothing;
    }
    if (m_nextSpan != 0 && news.firstSpan > m_nextSpan) { // tracks may have ended and gone meanwhile
        m_tracks.clear();
        m_lanes.clear();
        m_spans.clear();
        m_alive = m_aliveWithoutLane = 0;
        m_hasNewOrder = true;
        news = m_recording->newsSince(0, 0);
    }
    m_version = news.version;
    m_nextSpan = news.nextSpan;
    for (Track &track : news.tracks)
        take(std::move(track));
    m_newSpans = news.spans.size();
    std::move(news.spans.begin(), news.spans.end(), std::back_inserter(m_spans));
    while (m_spans.size() > Recording::maximumSpans)
        dropOldest();
    if (m_hasEmptyLane)
        removeEmptyLanes();
    if (!std::exchange(m_hasNewOrder, false))
        return Change::Bars;
    renumber();
    return Change::Order;
}

void Lanes::take(Track track)
{
    const auto [found, isNew] = m_tracks.try_emplace(track.id);
    Entry &entry = found->second;
    if (!isNew) {
        count(entry, -1);
    } else if (Lane *lane = laneFor(track)) {
        entry.lane = lane;
        lane->newest = track.id;
        ++lane->tracks;
    }
    entry.track = std::move(track);
    count(entry, 1);
    if (entry.lane && entry.lane->newest == entry.track.id)
        entry.lane->freeFrom = entry.track.end;
}

void Lanes::count(const Entry &entry, int difference)
{
    if (!entry.track.isAlive())
        return;
    m_alive += difference;
    if (!entry.lane)
        m_aliveWithoutLane += difference;
}

const Lanes::Entry *Lanes::find(std::uint32_t track) const
{
    const auto found = m_tracks.find(track);
    return found == m_tracks.end() ? nullptr : &found->second;
}

const Lane *Lanes::bySerial(std::uint64_t serial) const
{
    const auto found =
            std::find_if(m_lanes.begin(), m_lanes.end(), [serial](const auto &lane) { return lane->serial == serial; });
    return found == m_lanes.end() ? nullptr : found->get();
}

// nullptr: there are too many.
Lane *Lanes::laneFor(const Track &track)
{
    const Entry *parent = find(track.parent);
    Lane *parentLane = parent ? parent->lane : nullptr;
    for (const auto &lane : m_lanes) {
        if (lane->parent == parentLane && lane->freeFrom <= track.begin)
            return lane.get();
    }
    if (m_lanes.size() >= maximumLanes)
        return nullptr;
    auto place = m_lanes.end();
    if (parentLane) { // behind the last of its descendants
        place = std::find_if(m_lanes.begin(), m_lanes.end(),
                             [parentLane](const auto &lane) { return lane.get() == parentLane; });
        place = std::find_if(place + 1, m_lanes.end(),
                             [parentLane](const auto &lane) { return lane->indent <= parentLane->indent; });
    }
    Lane &lane = **m_lanes.insert(place, std::make_unique<Lane>());
    lane.parent = parentLane;
    lane.indent = parentLane ? parentLane->indent + 1 : 0;
    lane.serial = ++m_lastSerial;
    m_hasNewOrder = true;
    return &lane;
}

void Lanes::dropOldest()
{
    const std::uint32_t id = m_spans.front().track;
    const RecordedTime end = m_spans.front().end;
    m_spans.pop_front();
    const auto found = m_tracks.find(id);
    if (found == m_tracks.end() || found->second.track.isAlive() || found->second.track.end > end)
        return;
    if (found->second.lane && --found->second.lane->tracks == 0)
        m_hasEmptyLane = true;
    m_tracks.erase(found);
}

void Lanes::removeEmptyLanes()
{
    std::unordered_set<const Lane *> parents;
    for (const auto &lane : m_lanes)
        parents.insert(lane->parent);
    const auto isOver = [&parents](const auto &lane) { return lane->tracks == 0 && !parents.contains(lane.get()); };
    if (std::erase_if(m_lanes, isOver) > 0)
        m_hasNewOrder = true;
    else
        m_hasEmptyLane = false; // those that are left have others beneath them; looked at again with the next
}

void Lanes::renumber()
{
    int index = 0;
    for (const auto &lane : m_lanes)
        lane->index = index++;
}
