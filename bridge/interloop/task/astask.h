// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/promise.h>
#include <interloop/task/spawn.h>

/*
 * One shape for everything that can be awaited, so that what accepts a task accepts a handle, a future and a sleep too.
 */

namespace interloop {

// What `co_await` of an A gives.
template<Awaitable A>
using AwaitResult = typename A::Value;

// What to `co_await` for a combinator's own copy of an awaitable: a handle's result is copied, so that other handles of
// the task still have it, and moved out only when it cannot be copied. Everything else is used up. In messages the await
// stands for the combinator's own.
template<typename T>
constexpr bool isHandleToCopy = false;
template<typename T>
constexpr bool isHandleToCopy<TaskHandle<T>> = !std::is_object_v<T> || std::is_copy_constructible_v<T>;

template<typename A>
class InnerAwait
{
public:
    using InterloopAwaitable = void;
    using InterloopKeepsLocation = void;

    explicit InnerAwait(A &awaitable) noexcept : m_awaitable(awaitable) { }

    auto operator co_await() const
    {
        if constexpr (isHandleToCopy<A>)
            return std::as_const(m_awaitable).operator co_await();
        else
            return static_cast<A &&>(m_awaitable).operator co_await();
    }

private:
    A &m_awaitable;
};

template<Awaitable A>
InnerAwait<A> forAwait(A &awaitable) noexcept
{
    return InnerAwait<A>(awaitable);
}

template<typename T>
Task<T> asTask(Task<T> task)
{
    static_cast<void>(task.handle());
    return task;
}

template<Awaitable A>
Task<AwaitResult<A>> asTask(A awaitable)
{
    co_return co_await forAwait(awaitable);
}

// The task behind a handle; anything else is spawned, to run on its own.
template<typename T>
TaskHandle<T> asHandle(TaskHandle<T> handle)
{
    static_cast<void>(handle.state());
    return handle;
}

template<Awaitable A>
TaskHandle<AwaitResult<A>> asHandle(A awaitable)
{
    return spawn(asTask(std::move(awaitable)), {}, std::source_location());
}

} // namespace interloop
