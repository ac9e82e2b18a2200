// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/astask.h>
#include <interloop/task/errors.h>
#include <interloop/task/task.h>

#include <chrono>

/*
 * A limit on how long a task may take.
 */

namespace interloop {

// Cancels its chain, from the inside of itself on, when the time is up.
class INTERLOOP_EXPORT TimeoutScope : private Timer
{
public:
    explicit TimeoutScope(std::chrono::nanoseconds limit);
    ~TimeoutScope();

    // Turns the Cancelled that is being handled into a TimeoutError when this scope's limit is what caused it and
    // nothing around it is cancelled too; else rethrows it. REQUIRES: called in a handler
    [[noreturn]] void rethrow() const;

private:
    void expire() override { m_scope.cancel(Outcome::TimedOut); }

    std::chrono::nanoseconds m_limit;
    CancelScope m_scope;
};

// Awaits `awaitable` (a task, a handle, …) for at most `limit`; then cancels it, waits for its clean-up and throws
// TimeoutError. Zero or negative: at its first suspension. A result that comes in spite of the cancellation is
// returned, and another exception is passed on.
// Starts: when awaited. Resumes: where the inner task ends. Cancel: reaches the inner task.
template<Awaitable A>
Task<AwaitResult<A>> withTimeout(std::chrono::nanoseconds limit, A awaitable)
{
    const TimeoutScope scope(limit);
    try {
        co_return co_await forAwait(awaitable);
    } catch (const Cancelled &) {
        scope.rethrow();
    }
}

} // namespace interloop
