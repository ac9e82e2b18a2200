// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/loop/delivery.h>
#include <interloop/qt/futurewait.h>
#include <interloop/task/spawn.h>

#include <QFuture>
#include <QPromise>

#include <exception>
#include <memory>
#include <source_location>
#include <string>
#include <type_traits>
#include <utility>

/*
 * QFutures and tasks: a task awaits what QtConcurrent, a QPromise or a library of Qt's will give, and a task's result is given
 * to code that wants a QFuture.
 *
 *     const QImage image = co_await awaitFuture(QtConcurrent::run(&render, scene));
 *     QFuture<QByteArray> page = toFuture(fetch(url));
 */

namespace interloop {

template<typename T>
class QFutureAwaiter final : public FutureWait
{
public:
    explicit QFutureAwaiter(QFuture<T> future) : FutureWait(QFuture<void>(future)), m_future(std::move(future)) { }

    T await_resume()
    {
        if constexpr (std::is_void_v<T>) {
            throwUnlessFinished();
        } else {
            throwUnlessResult();
            if constexpr (std::is_copy_constructible_v<T>) {
                return m_future.result();
            } else {
                T result = m_future.takeResult();
                resultTaken();
                return result;
            }
        }
    }

private:
    QFuture<T> m_future;
};

// What awaitFuture returns: a future to be awaited, once or several times.
template<typename T>
class AwaitFuture
{
public:
    using Value = T;
    using InterloopAwaitable = void;

    explicit AwaitFuture(QFuture<T> future) noexcept : m_future(std::move(future)) { }
    QFutureAwaiter<T> operator co_await() const { return QFutureAwaiter<T>(m_future); }

private:
    QFuture<T> m_future;
};

// Waits for the future's end and returns a copy of its first result, as QFuture::result() does; one that cannot be copied
// is taken. Throws the future's exception; Cancelled (of what was awaited) when the future has been cancelled, finished or
// not; std::runtime_error when it finished without a result, std::logic_error when another await has taken the result.
// A QPromise that was destroyed before it was finished, and a default-constructed QFuture, are to Qt futures that were
// cancelled. One whose result the program has taken with takeResult() looks as if it had not begun: do not await it.
// The future's progress is passed on to the Progress of the awaiting task.
//
// Starts: nothing. Resumes: from the ready queue, after the future's event has come to this thread; at once when it has
// finished or was cancelled. Cancel: ends this wait at once and asks the future to cancel, as asyncio does; whatever computes
// it may go on for a while, so what that refers to must live until then. At the bridge's end Qt's events come no more: a
// shielded wait then gets its result when the shutdown limit has passed.
template<typename T>
AwaitFuture<T> awaitFuture(QFuture<T> future) noexcept
{
    return AwaitFuture<T>(std::move(future));
}

// Schedules `task` to run on this thread, as `spawn` does; the future gets its result, its exception, or is cancelled when
// the task was, and finishes when the task has unwound. Without a bridge that can run it: the future of a RunSyncError.
// The future's cancel(), from any thread, cancels the task; dropping the future does not. What the task tells its Progress is
// the future's progress. An exception that comes after the cancel() goes to the unhandled-error hook, as Qt drops it.
// `name` and `location` appear in messages. Throws std::logic_error for an empty task.
template<typename T>
QFuture<T> toFuture(Task<T> task, std::string name = {}, std::source_location location = std::source_location::current())
{
    static_assert(!std::is_reference_v<T>, "a QFuture cannot hold a reference");
    static_cast<void>(task.handle());
    const auto promise = std::make_shared<QPromise<T>>();
    promise->start();
    try {
        spawn(deliver(std::move(task), promise), std::move(name), location);
    } catch (...) {
        promise->setException(std::current_exception());
        promise->finish();
    }
    return promise->future();
}

} // namespace interloop
