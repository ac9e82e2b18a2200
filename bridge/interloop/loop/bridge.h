// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/loop/limits.h>
#include <interloop/loop/postedcall.h>
#include <interloop/loop/remote.h>
#include <interloop/loop/statistics.h>
#include <interloop/task/task.h>

#include <QFuture>
#include <QObject>
#include <uv.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <type_traits>

/*
 * A libuv loop merged into this thread's Qt event loop: the place where tasks run and where any C library that speaks
 * libuv can live. One per thread, the GUI thread, a QThread or a plain std::thread, made on first use.
 *
 * It ends at close(), or else: on the main thread when the QCoreApplication is destroyed; in a QThread when that has
 * finished; in any other thread when the thread ends. The end cancels every task, lets it unwind, closes every handle
 * and waits for running thread-pool jobs, which it names after a second.
 *
 * The process's SIGPIPE is set to ignored if it was at its default, or has a handler that serves only once (a crash
 * report's, Qt Test's): one libuv write to a closed peer would kill it.
 */

namespace interloop {

class Pump;

class INTERLOOP_EXPORT Bridge : public QObject
{
    Q_OBJECT

public:
    // This thread's bridge, made now if there is none. Throws RunSyncError: NoApplication when there is no
    // QCoreApplication.
    static Bridge &current();
    static bool exists() noexcept; // in this thread

    // Adopts a loop that somebody else owns, for as long as the bridge lives: the bridge runs it, and nobody else may.
    // `loop` must outlive it and is not closed. Throws std::logic_error when the thread has a bridge already.
    explicit Bridge(uv_loop_t *loop);
    ~Bridge() override;

    // For libuv calls and C libraries, on this thread only. Do not run or close it.
    uv_loop_t *uvLoop() const noexcept;

    // Queues `function()`; allowed inside a raw libuv callback. What it throws, but Cancelled, goes to the unhandled-error hook.
    template<typename Function>
    void post(Function function);

    // The same, from any thread. False when the bridge has ended.
    bool postThreadSafe(std::function<void()> function) const { return remote().postThreadSafe(std::move(function)); }

    // From any thread: calls `makeTask()` on the bridge's thread and runs the task it returns there. The future gets
    // the result, the exception or the cancellation; RunSyncError (ShuttingDown) when the bridge has ended. It is as those
    // that toFuture makes: its cancel() reaches the task, before the task has begun too, and it shows the task's Progress.
    template<typename Function>
    auto spawnThreadSafe(Function makeTask) const
    {
        return remote().spawnThreadSafe(std::move(makeTask));
    }

    // For other threads: may be copied, kept and used after the bridge's end.
    BridgeRemote remote() const;

    int depth() const noexcept; // waits on top of each other, on the stack that runs and those beneath it
    int parked() const noexcept; // stacks that are parked, each in a wait
    bool isBlocking() const noexcept { return depth() > 0; }
    bool isRunning() const; // somebody is running the loop: a Qt event loop, a wait, or one of its own turns
    int taskCount() const noexcept; // spawned tasks that have not ended

    // What the loop has done so far. In the bridge's thread.
    LoopStatistics statistics() const noexcept;

    // How long the wait that returned last was held back: its target had ended, but other waits sat on top of it.
    std::chrono::nanoseconds lastHeldBack() const noexcept;

    // Ends the bridge. The object is gone when this returns, unless waits or tasks of this bridge are on the stack: then
    // they are cancelled, and the end follows when the stack is free. Until then nothing new may begin except clean-up.
    // Afterwards waits are refused (ShuttingDown); only an explicit Bridge::current() makes a new bridge.
    // Throws RunSyncError inside a raw libuv callback.
    void close();

    // Whether waits park their stacks where they can; otherwise all of them nest. Those that are parked stay so. On unless
    // the environment variable INTERLOOP_PARKING is 0; never in a build without INTERLOOP_PARKING.
    void setParking(bool on);
    bool isParking() const noexcept;

    // Of each stack that is made from now on, 1 MiB unless told; stacks are used again, so say it before the first slot or
    // task runs. Only what has been used of one takes memory.
    void setStackSize(std::size_t bytes);
    std::size_t stackHighWaterMark() const noexcept; // bytes: the most that one of those stacks has used

    void setMaximumDepth(int depth); // of nested waits; one more is refused (TooDeep). 64 unless told
    void setMaximumParked(int count); // of parked stacks; one more is refused (TooDeep). 10,000 unless told
    void setHeldBackThreshold(std::chrono::milliseconds threshold); // 250 ms unless told

    // A task that runs for longer without suspending or blocking is reported, by name. 100 ms unless told; zero: never.
    void setSlowStepThreshold(std::chrono::milliseconds threshold);

    void setShutdownLimit(std::chrono::milliseconds limit); // 500 ms unless told: for clean-up after quit or close
    void setUnhandledErrorHandler(UnhandledErrorHandler handler); // empty: a critical message in the log

Q_SIGNALS:
    // `wait` has ended, but cannot return since `onTop` waits on top of it, and the threshold has passed. Both are named
    // with their depth and place. In the bridge's thread, in a turn of the loop.
    void waitHeldBack(const QString &wait, const QString &onTop);

    // The same wait returns now, so much later than it ended.
    void waitReleased(const QString &wait, std::chrono::nanoseconds heldBack);

private:
    friend class BridgeOwner;
    Bridge(); // makes a loop of its own

    std::unique_ptr<Pump> m_pump;
};

// This thread's scheduler, as the bridge's own type. Throws as currentScheduler() does.
INTERLOOP_EXPORT Pump &currentPump();

// As above, or nullptr when there is none.
INTERLOOP_EXPORT Pump *existingPump() noexcept;

INTERLOOP_EXPORT Scheduler &schedulerOf(Pump &pump) noexcept;

template<typename Function>
void Bridge::post(Function function)
{
    postCall(schedulerOf(*m_pump), std::move(function));
}

} // namespace interloop
