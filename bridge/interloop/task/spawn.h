// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/handleawaiter.h>
#include <interloop/task/taskstate.h>

#include <string>
#include <utility>

/*
 * Tasks that run on their own: asyncio's create_task. `spawn` only schedules; the task starts when the caller has
 * yielded. Dropping every handle does not cancel it; a failure that nobody has seen then goes to the
 * unhandled-error hook, with the task's name.
 */

namespace interloop {

// Copies refer to the same task. Copying, dropping and comparing with empty are thread-safe; all else belongs to the
// task's thread. Using an empty handle throws std::logic_error.
template<typename T = void>
class TaskHandle
{
public:
    using Value = T;
    using InterloopAwaitable = void;

    TaskHandle() noexcept = default; // empty
    explicit TaskHandle(SpawnedTask<T> &state) noexcept : m_state(&state) { m_state->addReference(); }
    TaskHandle(const TaskHandle &other) noexcept : m_state(other.m_state)
    {
        if (m_state)
            m_state->addReference();
    }
    TaskHandle(TaskHandle &&other) noexcept : m_state(std::exchange(other.m_state, nullptr)) { }
    TaskHandle &operator=(TaskHandle other) noexcept
    {
        std::swap(m_state, other.m_state);
        return *this;
    }
    ~TaskHandle()
    {
        if (m_state)
            m_state->release();
    }

    bool isValid() const noexcept { return m_state; }

    bool isDone() const { return state().isDone(); }
    bool isCancelled() const { return state().isDone() && state().isCancelled(); }

    // Cancels the task: whatever it waits for ends with Cancelled. False when it has ended already.
    // Throws RunSyncError on another thread, or after the bridge's end.
    bool cancel() const { return state().requestCancel(Outcome::Cancelled); }

    const std::string &name() const { return state().label(); }

    // Waits for the task's end and copies its result, or throws its exception. Of an rvalue (`std::move(handle)`, a
    // temporary): moves the result out; a second take throws std::logic_error.
    // Starts: nothing. Resumes: from the ready queue, in the order of waiting; at once when the task has ended.
    // Cancel: cancels the task (asyncio's rule; `shield` prevents it) and waits for its end.
    // Throws RunSyncError when the wait could only end after itself, or on a wrong thread; the task is then untouched.
    HandleAwaiter<T, TakeResult::Copy> operator co_await() const & { return HandleAwaiter<T, TakeResult::Copy>(state()); }
    HandleAwaiter<T, TakeResult::Move> operator co_await() && { return HandleAwaiter<T, TakeResult::Move>(state()); }

    // The task behind the handle, for this library's own combinators.
    SpawnedTask<T> &state() const
    {
        if (!m_state)
            throw std::logic_error("an empty TaskHandle: default-constructed or moved from");
        return *m_state;
    }

private:
    SpawnedTask<T> *m_state = nullptr;
};

// Schedules `task` to run on this thread. `name` and `location` appear in messages. Throws std::logic_error for an empty task,
// RunSyncError when this thread has no running bridge and can have none.
template<typename T>
TaskHandle<T> spawn(Task<T> task, std::string name = {}, std::source_location location = std::source_location::current())
{
    static_cast<void>(task.handle());
    SpawnedTask<T> *state = SpawnedTask<T>::make(std::move(task), std::move(name), location);
    TaskHandle<T> handle(*state);
    state->schedule();
    return handle;
}

} // namespace interloop
