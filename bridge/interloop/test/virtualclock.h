// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/timerqueue.h>

#include <chrono>
#include <memory>

/*
 * A clock for tests that jumps: while one of these lives, this thread's tasks wait in virtual time. Sleeps, deadlines
 * and timeouts of hours take no time, and end in the right order at exactly the right moment. Trio's MockClock with
 * autojump_threshold=0.
 *
 *     VirtualClock clock;
 *     runSync(sleepFor(1h));
 *     QCOMPARE(clock.elapsed(), 1h);
 *
 * The clock stands still while anything is going on, and jumps to the next deadline when all is quiet, that is when
 *   - no task is ready,
 *   - no libuv request and no job of the thread pool is in flight (a connect, a write, a name, a file, toThread),
 *     whoever waits for it, and no child process runs that libuv has started,
 *   - libuv has no callback to make, and Qt's posted events have been delivered, and those that they have posted.
 * What only might come does not keep it from jumping: sockets that listen or read, timers of Qt's and libuv's own (they
 * stay in real time), other threads and processes. So a real wait of such a kind must have no limit in virtual time; on
 * this thread, both ends of a connection are seen.
 *
 * It works inside runSync, nested too, and in any event loop of Qt's on this thread; where no loop runs, it stands still.
 * The bridge's own limits for its end stay real, and so do the turns that Qt gets.
 *
 * It begins at the real time, and what is waiting then has as long to go in virtual time; what waits at its end has as
 * long to go in real time. sleepUntil takes points of it: clock.now() + 1h. It ends with the bridge when that ends first.
 */

namespace interloop {

class Quiet;

class VirtualClock
{
public:
    // Throws std::logic_error when this thread has one already, RunSyncError when its bridge has ended or is about to.
    VirtualClock();
    ~VirtualClock();
    VirtualClock(const VirtualClock &) = delete;
    VirtualClock &operator=(const VirtualClock &) = delete;

    TimePoint now() const noexcept;
    std::chrono::nanoseconds elapsed() const noexcept { return now() - m_start; }

private:
    std::shared_ptr<Quiet> m_quiet;
    TimePoint m_start;
};

} // namespace interloop
