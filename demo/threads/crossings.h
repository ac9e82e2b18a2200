// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/loop/remote.h>

#include <QString>

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

/*
 * What crosses from one thread to the other, written down by both: what it was, when it was posted, and when it ran.
 * Thread-safe, all of it; whoever shows it takes the news in the thread of its own.
 */

// A function on its way to the other thread, or arrived: a value.
class Crossing
{
public:
    enum class Direction : unsigned char { ToWorker, ToWindow };

    Crossing() = default;

    bool hasRun() const noexcept { return ran > 0; }
    qint64 latency() const noexcept { return ran - posted; } // in ns

    qint64 id = 0; // in the order of posting
    Direction direction = Direction::ToWorker;
    QString what;
    qint64 posted = 0; // in ns, of the steady clock
    qint64 ran = 0; // likewise; 0: not yet
};

class Crossings
{
public:
    using Direction = Crossing::Direction;

    static qint64 now(); // in ns, of the steady clock

    // Notes that something is on its way, and that it has come.
    Crossing depart(Direction direction, const QString &what);
    void arrive(Crossing crossing);

    // What departed or arrived since the last call, in order: what does both is in it twice.
    std::vector<Crossing> takeNews();

    // `tell` is called when there is news for the first time since takeNews(), in the thread that made it, under the lock.
    void setListener(std::function<void()> tell);

private:
    void add(const Crossing &crossing);

    std::mutex m_mutex;
    std::vector<Crossing> m_news;
    std::function<void()> m_tell;
    qint64 m_last = 0;
};

// `function` is called by the thread of `bridge`, soon, and the crossing is written down. False when that has ended.
bool cross(const interloop::BridgeRemote &bridge, const std::shared_ptr<Crossings> &crossings,
           Crossing::Direction direction, const QString &what, std::function<void()> function);
