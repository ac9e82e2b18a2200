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

template<typename T>
Task<T> asTask(Task<T> task)
{
    static_cast<void>(task.handle());
    return task;
}

template<Awaitable A>
Task<AwaitResult<A>> asTask(A awaitable)
{
    co_return co_await std::move(awaitable);
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
    return spawn(asTask(std::move(awaitable)));
}

} // namespace interloop
