// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/loop/bridge.h>
#include <interloop/loop/errand.h>
#include <interloop/task/task.h>

#include <QThread>

#include <utility>

/*
 * A task that runs in another thread and is awaited in this one: for objects, C libraries and caches that live there.
 *
 *     const Rows rows = co_await runOn(databaseThread, query(database, text)); // this thread waits for the rows
 *
 * Structured: the task has ended when the wait has, so it may refer to what lives here, as long as nobody touches that
 * meanwhile. What the task awaits - timers, events, sockets - must belong to the thread it runs in.
 */

namespace interloop {

// Destroys a task here when the scope is left, run or not, without a warning.
template<typename T>
class TaskEnd
{
public:
    explicit TaskEnd(Task<T> &task) noexcept : m_task(task) { }
    ~TaskEnd() { m_task.reset(); }
    TaskEnd(const TaskEnd &) = delete;
    TaskEnd &operator=(const TaskEnd &) = delete;

private:
    Task<T> &m_task;
};

template<typename T>
Task<T> runOn(ErrandPlace place, Task<T> task)
{
    const typename Task<T>::Handle coroutine = task.handle();
    const TaskEnd<T> destroysTask(task);
    const bool isHere = place.isHere();
    if (isHere)
        co_return co_await std::move(task);
    ErrandWait wait(std::move(place), coroutine, coroutine.promise().origin());
    co_await inPlace(wait);
    wait.rethrowCancellation(coroutine.promise().slot().exception());
    co_return coroutine.promise().slot().take();
}

// Runs `task` on the bridge's thread and returns its result, or throws its exception. The coroutine, its parameters and its
// result are made and destroyed on this thread; its locals live on that one. In that bridge it is a spawned task of its own,
// with that thread's task-locals, and nobody's Progress. To the bridge of the awaiting task itself: simply awaits `task`.
//
// Starts: when awaited, once that thread's loop has come to it. Resumes: from the ready queue, on this thread.
// Cancel: reaches the task there and waits for its end; at once when it has not begun. Buffers: until the wait has ended.
// Throws RunSyncError (ShuttingDown) when that bridge has ended, or ends while the task runs, which cancels it: not waited for
// is only what never began. When the awaiting bridge ends it cancels the task, and waits.
//
// Two threads may wait for each other so, also with runSync: a wait goes on running what comes from elsewhere. As everywhere,
// a nested runSync returns after what was begun on top of it; and tasks of two threads that each wait for the other's end
// are not noticed as a deadlock. A thread that blocks otherwise (a QMutex, waitForFinished, BlockingQueuedConnection) serves
// nobody meanwhile.
template<typename T>
Task<T> runOn(BridgeRemote bridge, Task<T> task)
{
    return runOn(ErrandPlace(std::move(bridge)), std::move(task));
}

template<typename T>
Task<T> runOn(Bridge &bridge, Task<T> task)
{
    return runOn(ErrandPlace(bridge.remote()), std::move(task));
}

// The same in the bridge of a running QThread with an event loop, which is made if need be. `thread` must outlive the wait.
// RunSyncError (ShuttingDown) too when the thread is not running, or ends before the task has begun. In a thread that never
// runs its event loop the task does not begin.
// std::invalid_argument for nullptr.
template<typename T>
Task<T> runOn(QThread *thread, Task<T> task)
{
    return runOn(ErrandPlace(thread), std::move(task));
}

} // namespace interloop
