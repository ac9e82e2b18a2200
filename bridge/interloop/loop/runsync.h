// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/loop/runoptions.h>
#include <interloop/task/astask.h>
#include <interloop/task/errors.h>
#include <interloop/task/result.h>

#include <utility>

/*
 * Blocking for a task in a plain function, while the window stays alive: Qt's event loop and libuv's go on until the
 * task has ended.
 *
 * May be called anywhere on a bridge's thread - in slots, event handlers, timers, tasks, posted functions, before and
 * after exec() - except inside a raw libuv callback. Whatever the way out, the task has been unwound before the call
 * returns.
 *
 * In tasks, posted functions and slots connected by interloop::connect the wait parks the stack that it is on: waits end
 * in any order. Elsewhere, and where frames of Qt's lie in between, it nests: an event loop on top of the stack. Waits that
 * nest end last in, first out: one that has ended cannot return before those on top of it have; it is held back, and that
 * is measured and warned about. (bridge/README.md, "Nest or park")
 */

namespace interloop {

// How a run ended, apart from the task's own result.
class RunEnd
{
public:
    Outcome cancelledAs = Outcome::Value; // how the wait cancelled its task, or Value when it did not
    Cancelled::Whom whom = Cancelled::Whom::Awaited; // whose cancellation that was
};

// The untyped body: runs `task` to its end. Throws RunSyncError when it refuses and Cancelled when the caller is
// cancelled already; the task has then not begun. Otherwise the task has ended.
INTERLOOP_EXPORT RunEnd runToEnd(PromiseBase &task, std::coroutine_handle<> coroutine, const RunOptions &options,
                                 std::source_location location);

// The handle form, checked before anything begins: throws RunSyncError for a wait that could only end after itself, or
// a handle of another thread's.
INTERLOOP_EXPORT void requireRunnable(const TaskState &target, const RunOptions &options);

// What the caller gets for a task that ended with `error`.
INTERLOOP_EXPORT Outcome outcomeOfRun(const RunEnd &end, const std::exception_ptr &error) noexcept;
INTERLOOP_EXPORT std::exception_ptr errorOfRun(const RunEnd &end, const std::exception_ptr &error);

template<typename A>
void requireRunnable(const A &, const RunOptions &)
{
}

template<typename T>
void requireRunnable(const TaskHandle<T> &handle, const RunOptions &options)
{
    requireRunnable(static_cast<const TaskState &>(handle.state()), options);
}

// The typed shell: a task that was refused is gone without a warning, as its refusal says enough.
template<typename T>
RunEnd runToEnd(Task<T> &task, const RunOptions &options, std::source_location location)
{
    try {
        return runToEnd(task.handle().promise(), task.handle(), options, location);
    } catch (...) {
        task.reset();
        throw;
    }
}

// Runs `awaitable` (a task, a handle, …) to its end and returns its result.
// Throws the task's own exception; TimeoutError when options.timeout() passed; Cancelled when the task or the caller was
// cancelled, the application or thread was told to end (outcome Quit), or the context died; RunSyncError when refused.
// A quit cancels the waits that exist; one begun later may go on for the shutdown limit. A posted QEvent::Quit is
// delivered before the wait. A handle's task is cancelled when the wait is. `location` appears in messages.
template<Awaitable A>
AwaitResult<A> runSync(A awaitable, RunOptions options = RunOptions(), std::source_location location = std::source_location::current())
{
    requireRunnable(awaitable, options);
    auto task = asTask(std::move(awaitable));
    const RunEnd end = runToEnd(task, options, location);
    auto &promise = task.handle().promise();
    if (!promise.slot().hasValue()) [[unlikely]]
        std::rethrow_exception(errorOfRun(end, promise.slot().exception()));
    return promise.slot().take();
}

// The same for callers that must not throw: every way out is an outcome.
template<Awaitable A>
Result<AwaitResult<A>> tryRunSync(A awaitable, RunOptions options = RunOptions(), std::source_location location = std::source_location::current()) noexcept
{
    using R = Result<AwaitResult<A>>;
    try {
        requireRunnable(awaitable, options);
        auto task = asTask(std::move(awaitable));
        const RunEnd end = runToEnd(task, options, location);
        auto &promise = task.handle().promise();
        if (promise.slot().hasValue())
            return R(Outcome::Value, std::move(promise.slot()));
        return R(outcomeOfRun(end, promise.slot().exception()), errorOfRun(end, promise.slot().exception()));
    } catch (const RunSyncError &) {
        return R(Outcome::Refused, std::current_exception());
    } catch (...) {
        return R(outcomeOf(std::current_exception()), std::current_exception());
    }
}

} // namespace interloop
