// SPDX-License-Identifier: MIT
#pragma once

#include <demo/monitor/recording.h>

#include <deque>
#include <memory>
#include <unordered_map>
#include <vector>

/*
 * A recording as a view draws it: a copy of it, with a lane for each track. What is called or begun by a task, or waits
 * on top of it, has a lane beneath that task's, indented; one after the other they share it.
 */

class Lane
{
public:
    int index = 0; // from the top
    int indent = 0;
    Lane *parent = nullptr; // nullptr: at the left margin
    std::uint32_t newest = 0; // the track that began last
    RecordedTime freeFrom = RecordedTime::max(); // when that ended; max(): it is alive
    int tracks = 0;
    std::uint64_t serial = 0; // names it for as long as it is there
};

class Lanes
{
public:
    static constexpr std::size_t maximumLanes = 250; // nobody would read more

    enum class Change : unsigned char {
        Nothing,
        Bars, // something has begun, ended or gone on
        Order, // as well, and lanes have come or gone
    };

    class Entry
    {
    public:
        Track track;
        Lane *lane = nullptr; // nullptr: there were too many when it began
    };

    explicit Lanes(std::shared_ptr<const Recording> recording) : m_recording(std::move(recording)) { }

    // Takes over what is new.
    Change update();

    const std::deque<Span> &spans() const noexcept { return m_spans; } // by their ends
    const std::unordered_map<std::uint32_t, Entry> &tracks() const noexcept { return m_tracks; }
    const Entry *find(std::uint32_t track) const; // nullptr: it is not there any more
    const std::vector<std::unique_ptr<Lane>> &all() const noexcept { return m_lanes; }
    const Lane *bySerial(std::uint64_t serial) const;
    int alive() const noexcept { return m_alive; } // tracks
    int aliveWithoutLane() const noexcept { return m_aliveWithoutLane; }
    std::size_t newSpans() const noexcept { return m_newSpans; } // the last ones of spans(), since the update before

    const Recording &recording() const noexcept { return *m_recording; }

private:
    Lane *laneFor(const Track &track);
    void take(Track track);
    void count(const Entry &entry, int difference);
    void dropOldest();
    void removeEmptyLanes();
    void renumber();

    std::shared_ptr<const Recording> m_recording;
    std::deque<Span> m_spans;
    std::unordered_map<std::uint32_t, Entry> m_tracks;
    std::vector<std::unique_ptr<Lane>> m_lanes;
    std::uint64_t m_nextSpan = 0;
    std::uint64_t m_version = 0;
    std::uint64_t m_lastSerial = 0;
    std::size_t m_newSpans = 0;
    int m_alive = 0;
    int m_aliveWithoutLane = 0;
    bool m_hasNewOrder = false;
    bool m_hasEmptyLane = false;
};
