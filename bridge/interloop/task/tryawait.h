// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/astask.h>
#include <interloop/task/result.h>

/*
 * How an awaited task ended, as a value: for failures that are routine, as a connection that is refused.
 *
 *     const Result<TcpSocket> socket = co_await tryAwait(TcpSocket::connect(host, port));
 *     if (!socket)
 *         log(socket.errorString());
 *
 * A cancellation of the awaiting task itself is no result: it goes through as `Cancelled`. One that was meant for what
 * is awaited (a handle's task, a timeout's) is one.
 *
 * Starts: when awaited, as the task by itself. Resumes: where the task ends. Cancel: reaches the task. Saves the throw
 * at the await, about half of what a failure costs otherwise (bench: FailedAwait).
 */

namespace interloop {

template<typename T>
class [[nodiscard]] TryAwait
{
public:
    using Value = Result<T>;
    using InterloopAwaitable = void;

    explicit TryAwait(Task<T> task) : m_task(std::move(task)) { static_cast<void>(m_task.handle()); }

    class Awaiter
    {
    public:
        explicit Awaiter(Task<T> task) noexcept : m_task(std::move(task)) { }

        bool await_ready() const noexcept { return false; }

        template<TaskPromise Parent>
        bool await_suspend(std::coroutine_handle<Parent> parent)
        {
            const typename Task<T>::Handle child = m_task.handle();
            return child.promise().startChild(child, parent, parent.promise().chain());
        }

        Result<T> await_resume()
        {
            Slot<T> slot;
            slot.moveFrom(m_task.handle().promise().slot());
            const std::exception_ptr error = slot.exception();
            if (!error)
                return Result<T>(Outcome::Value, std::move(slot));
            rethrowOwnCancellation(error);
            return Result<T>(outcomeOf(error), error);
        }

    private:
        Task<T> m_task;
    };

    Awaiter operator co_await() && { return Awaiter(std::move(m_task)); }

private:
    Task<T> m_task;
};

// Of a task, or of anything else that can be awaited. A handle's result is copied where it can be.
template<Awaitable A>
TryAwait<AwaitResult<A>> tryAwait(A awaitable)
{
    return TryAwait<AwaitResult<A>>(asTask(std::move(awaitable)));
}

} // namespace interloop
