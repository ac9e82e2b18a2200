// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/loop/statistics.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

/*
 * What has been recorded of one bridge: its tasks as tracks, what they did as spans. Written in the bridge's thread by
 * a Recorder, read in any other by views; it may outlive both the recorder and the bridge.
 *
 * It keeps the last few thousand spans, the tracks that are alive, and those that ended and still have a span. A reader
 * asks for what is new since it asked last.
 */

using RecordedTime = std::chrono::steady_clock::time_point;

// What a task is doing.
enum class Activity : unsigned char {
    Created, // spawned, and has not begun
    Ready, // goes on when its turn comes
    Running, // its code is on the stack
    Waiting, // for what the text says
    Nested, // its code is on the stack, beneath a blocking wait
    Parked, // its code is on a stack of its own, in a blocking wait
    HeldBack, // of a blocking wait: its task has ended, but other waits sit on top of it
};

// A stretch of time in which a task did one thing, and is over.
class Span
{
public:
    Span() = default;
    Span(std::uint32_t track, Activity activity, RecordedTime begin, RecordedTime end, std::string text)
        : track(track), activity(activity), begin(begin), end(end), text(std::move(text))
    { }

    std::uint32_t track = 0;
    Activity activity = Activity::Created;
    RecordedTime begin;
    RecordedTime end;
    std::string text; // what is waited for; may be empty
};

// A task, a slot's body or what a blocking wait is for.
class Track
{
public:
    enum class Kind : unsigned char { Task, Slot, Wait };
    enum class Relation : unsigned char { None, BegunBy, CalledBy, OnTopOf }; // to the parent

    Track() = default;

    bool isAlive() const noexcept { return end == RecordedTime::max(); }

    std::uint32_t id = 0;
    std::uint32_t parent = 0; // 0: plain code
    Kind kind = Kind::Task;
    Relation relation = Relation::None;
    std::string name;
    RecordedTime begin;
    RecordedTime end = RecordedTime::max();
    Activity activity = Activity::Created; // now; valid while it is alive
    RecordedTime since; // the present activity began
    std::string text; // what is waited for
    std::uint64_t version = 0; // of the recording, when it changed last
    std::uint64_t lastSpan = 0; // number of its last span
};

// What a loop's figures were at one moment.
class LoopFigures
{
public:
    LoopFigures() = default;

    RecordedTime time; // when the loop told them; that it is blocked shows in how long ago that was
    bool isOver = false; // nothing more is recorded
    interloop::LoopStatistics statistics;
    int depth = 0;
    int parked = 0;
    int tasks = 0;
    std::chrono::nanoseconds heldBackTotal{}; // of waits that have returned
    RecordedTime heldBackSince = RecordedTime::max(); // of the wait that is held back the longest now; max(): none is
};

class Recording
{
public:
    static constexpr std::size_t maximumSpans = 4096;

    Recording();

    // What a reader does not have yet.
    class News
    {
    public:
        News() = default;
        std::vector<Span> spans;
        std::vector<Track> tracks;
        std::uint64_t firstSpan =
                0; // number of the oldest one that is kept: what came before it and was not asked for is lost
        std::uint64_t nextSpan = 0; // for the next call, as the version
        std::uint64_t version = 0;
    };
    News newsSince(std::uint64_t nextSpan, std::uint64_t version) const;

    RecordedTime begin() const noexcept { return m_begin; }
    LoopFigures figures() const;

    // The text of dumpTasks(), which the recorder writes soon after it has been asked for; and whether it was asked.
    std::string tree() const;
    void requestTree();
    bool takeTreeRequest();

    // For the recorder. A track begins, does something else from now on, ends; what is not there is left alone.
    void beginTrack(Track track);
    void change(std::uint32_t id, Activity activity, std::string text, RecordedTime time);
    void endTrack(std::uint32_t id, RecordedTime time);
    bool has(std::uint32_t id) const;
    Activity activityOf(std::uint32_t id) const; // Created when it is not there
    std::string nameOf(std::uint32_t id) const; // empty when it is not there
    void setFigures(const LoopFigures &figures); // but what is held back, which follows from the tracks
    void setTree(std::string tree);
    void setOver();

private:
    void endSpan(Track &track, RecordedTime time);

    const RecordedTime m_begin;
    mutable std::mutex m_mutex; // for what follows
    std::unordered_map<std::uint32_t, Track> m_tracks;
    std::deque<Span> m_spans; // by their ends
    std::uint64_t m_nextSpan = 1; // number of the next one; 0: no span
    std::uint64_t m_version = 0;
    LoopFigures m_figures;
    std::chrono::nanoseconds m_heldBackTotal{};
    std::string m_tree;
    bool m_isTreeRequested = false;
    bool m_isOver = false;
};
