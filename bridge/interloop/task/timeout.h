// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/astask.h>
#include <interloop/task/cancelscope.h>
#include <interloop/task/errors.h>
#include <interloop/task/task.h>

#include <chrono>

/*
 * A limit on how long a task may take. `CancelScope` is the form that goes on without an exception.
 */

namespace interloop {

// For a handler inside `scope`: throws TimeoutError when its deadline alone is the cause, else rethrows.
[[noreturn]] INTERLOOP_EXPORT void rethrowAsTimeout(const CancelScope &scope, const Cancelled &cancelled,
                                                    std::chrono::nanoseconds limit);

// Awaits `awaitable` (a task, a handle, …) for at most `limit`; then cancels it, waits for its clean-up and throws
// TimeoutError. Zero or negative: at its first suspension. A result that comes in spite of the cancellation is
// returned, and another exception is passed on.
// Starts: when awaited. Resumes: where the inner task ends. Cancel: reaches the inner task.
template<Awaitable A>
Task<AwaitResult<A>> withTimeout(std::chrono::nanoseconds limit, A awaitable)
{
    const CancelScope scope(limit);
    try {
        co_return co_await forAwait(awaitable);
    } catch (const Cancelled &cancelled) {
        rethrowAsTimeout(scope, cancelled, limit);
    }
}

} // namespace interloop
