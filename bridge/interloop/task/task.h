// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/promise.h>

#include <stdexcept>
#include <utility>

/*
 * A lazy coroutine with one owner: nothing of its body runs before it is awaited, spawned or given to runSync.
 *
 *     Task<int> twice(int n) { co_return 2 * n; }
 *     const int four = co_await twice(2);
 *
 * `co_await` takes the task: of a temporary, or `co_await std::move(task)`.
 * Starts: at once, on the caller's stack; no turn of the loop in between. Resumes: where the task ends, directly.
 * Cancel: reaches whatever the task waits for. Buffers: parameters and locals live in the task until it has ended;
 * what it refers to must live until then.
 */

namespace interloop {

// Destroys a coroutine, and with it tasks that were handed to it unrun, without a warning.
INTERLOOP_EXPORT void destroyQuietly(std::coroutine_handle<> coroutine) noexcept;

template<typename T = void>
class [[nodiscard]] Task
{
public:
    using Value = T;
    using promise_type = Promise<T>;
    using Handle = std::coroutine_handle<promise_type>;
    using InterloopAwaitable = void;

    Task() noexcept = default; // empty: awaiting it throws std::logic_error
    explicit Task(Handle handle) noexcept : m_handle(handle) { }
    Task(Task &&other) noexcept : m_handle(std::exchange(other.m_handle, {})) { }
    Task &operator=(Task &&other) noexcept
    {
        Task(std::move(other)).swap(*this);
        return *this;
    }
    ~Task();

    void swap(Task &other) noexcept { std::swap(m_handle, other.m_handle); }

    // False when default-constructed, moved from or awaited already.
    bool isValid() const noexcept { return bool(m_handle); }

    class Awaiter;
    Awaiter operator co_await() &&;
    void operator co_await() & = delete; // a task can be awaited once: co_await std::move(task)

    // The coroutine, for whoever starts it as the outermost one. Throws std::logic_error when there is none.
    Handle handle() const
    {
        if (!m_handle)
            throw std::logic_error("an empty task: default-constructed, moved from, or awaited already");
        return m_handle;
    }

    // Destroys the coroutine, run or not, without a warning.
    void reset() noexcept
    {
        if (m_handle)
            destroyQuietly(std::exchange(m_handle, {}));
    }

private:
    Handle m_handle;
};

// Tells the thread's scheduler, if any, that a coroutine's task was thrown away without having run, or while it waited.
INTERLOOP_EXPORT void reportNeverAwaited(std::source_location origin) noexcept;
INTERLOOP_EXPORT void reportDestroyedPending(std::source_location origin) noexcept;

template<typename T>
Task<T>::~Task()
{
    if (!m_handle)
        return;
    const bool wasStarted = m_handle.promise().isStarted();
    const bool wasDone = m_handle.done();
    const std::source_location origin = m_handle.promise().origin();
    m_handle.destroy();
    if (!wasStarted)
        reportNeverAwaited(origin);
    else if (!wasDone) [[unlikely]]
        reportDestroyedPending(origin);
}

template<typename T>
class Task<T>::Awaiter
{
public:
    explicit Awaiter(Task &&task) : m_task(std::move(task)) { static_cast<void>(m_task.handle()); }

    bool await_ready() const noexcept { return false; }

    template<TaskPromise Parent>
    bool await_suspend(std::coroutine_handle<Parent> parent)
    {
        const Handle child = m_task.m_handle;
        return child.promise().startChild(child, parent, parent.promise().chain());
    }

    T await_resume() { return m_task.m_handle.promise().slot().take(); }

private:
    Task m_task;
};

template<typename T>
typename Task<T>::Awaiter Task<T>::operator co_await() &&
{
    return Awaiter(std::move(*this));
}

template<typename T>
Task<T> Promise<T>::get_return_object() noexcept
{
    return Task<T>(std::coroutine_handle<Promise>::from_promise(*this));
}

inline Task<void> Promise<void>::get_return_object() noexcept
{
    return Task<void>(std::coroutine_handle<Promise>::from_promise(*this));
}

} // namespace interloop
