// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/astask.h>
#include <interloop/task/chainscope.h>
#include <interloop/task/errors.h>
#include <interloop/task/task.h>

#include <chrono>
#include <utility>

/*
 * A part of a task that can be cancelled, can have a deadline, and can keep the cancellations around it out: Trio's
 * CancelScope. Level-triggered: once it is cancelled, every await inside throws Cancelled until the scope is left.
 *
 *     CancelScope scope(5s);                                     // Trio's move_on_after(5)
 *     const Result<Page> page = co_await scope.run(load(url));   // the scope ends here
 *     if (!page)
 *         co_return lastPage;
 *
 * A scope covers its task from its construction to its end, that of `run` or of the object. It is meant for the stack,
 * where scopes nest; one that leaves out of order is taken out of the middle, and whatever is awaited until then is
 * inside it. In the body of an AsyncGenerator it does not cover the consumer's code between two items.
 */

namespace interloop {

class INTERLOOP_EXPORT CancelScope final : private ChainScope, private Timer
{
public:
    using Shield = ChainScope::Shield; // Yes: cancellations from outside wait until the scope is left

    // Enters, inside the scopes that the running task is in. Throws std::logic_error when no task is running.
    explicit CancelScope(Shield shield = Shield::No);
    explicit CancelScope(std::chrono::nanoseconds timeout); // and setTimeout
    ~CancelScope();

    // Whatever the task awaits in the scope, now or later, ends with Cancelled. Called by anyone on the task's thread.
    void cancel() { ChainScope::cancel(Outcome::Cancelled); }

    // Cancels the scope when the monotonic clock shows `deadline`, at once when it does already; the outcome is then
    // TimedOut. max(): never. Replaces an earlier one; a scope that is cancelled stays so.
    void setDeadline(TimePoint deadline);
    TimePoint deadline() const noexcept { return m_deadline; }

    // setDeadline, counted from now. Zero or negative: at once.
    void setTimeout(std::chrono::nanoseconds timeout);

    // Opened, it lets in what came meanwhile.
    using ChainScope::setShield;

    bool isCancelled() const noexcept { return cancelledAs() != Outcome::Value; }

    // Cancelled, or TimedOut when the deadline was first; Value when neither has happened.
    Outcome outcome() const noexcept { return cancelledAs(); }

    // For a handler inside the scope: whether `cancelled` is due to this scope alone and may end here. Otherwise it is
    // meant for somebody further out, or tells of something that was awaited: rethrow it.
    bool isOwn(const Cancelled &cancelled) const noexcept
    {
        return isCancelled() && cancelled.whom() == Cancelled::Whom::Self && !isCancelledFromOutside();
    }

    // Awaits `awaitable`, then leaves the scope. The result, or `outcome()` when the scope's own cancellation ended it;
    // any other exception, and a cancellation from outside, is thrown.
    // Starts: when awaited, in the scope's task; std::logic_error elsewhere, or when the scope has ended already.
    // Resumes: where the inner task ends. Cancel: reaches the inner task. Buffers: the scope must live until then.
    template<Awaitable A>
    Task<Result<AwaitResult<A>>> run(A awaitable);

private:
    // Leaves the scope at the end of a run.
    class Run
    {
    public:
        explicit Run(CancelScope &scope);
        ~Run() { m_scope.leave(); }
        Run(const Run &) = delete;
        Run &operator=(const Run &) = delete;

    private:
        CancelScope &m_scope;
    };

    void expire() override { ChainScope::cancel(Outcome::TimedOut); }
    void start(TimePoint deadline, TimePoint now);
    void leave() noexcept;

    TimePoint m_deadline = TimePoint::max();
};

template<Awaitable A>
Task<Result<AwaitResult<A>>> CancelScope::run(A awaitable)
{
    using T = AwaitResult<A>;
    const Run run(*this);
    Slot<T> slot;
    try {
        if constexpr (std::is_void_v<T>) {
            co_await forAwait(awaitable);
            slot.setValue();
        } else {
            auto &&value = co_await forAwait(awaitable);
            slot.setValue(std::forward<decltype(value)>(value));
        }
    } catch (const Cancelled &cancelled) {
        if (!isOwn(cancelled))
            throw;
        co_return Result<T>(outcome(), std::current_exception());
    }
    co_return Result<T>(Outcome::Value, std::move(slot));
}

} // namespace interloop
