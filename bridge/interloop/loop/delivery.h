// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/errors.h>
#include <interloop/task/progress.h>
#include <interloop/task/task.h>

#include <QFuture>
#include <QPromise>

#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

/*
 * A task whose result, exception or cancellation goes into a QPromise, for whoever has the QFuture: what is behind toFuture
 * and spawnThreadSafe. The future's cancel() reaches the task, from any thread; what the task tells its Progress is the
 * future's.
 *
 * The future finishes when the task has unwound, cancelled or not.
 */

namespace interloop {

// What ties the running task to the future while it lives.
class INTERLOOP_EXPORT Delivery
{
public:
    explicit Delivery(const QFutureInterfaceBase &future);
    ~Delivery();
    Delivery(const Delivery &) = delete;
    Delivery &operator=(const Delivery &) = delete;

    const Progress &progress() const noexcept { return m_progress; }

    // False: the future does not take it, as it was cancelled before.
    bool fail(std::exception_ptr error);

private:
    class CancelWatch;

    void showProgress();

    QFutureInterfaceBase m_future;
    Progress m_progress;
    std::unique_ptr<CancelWatch> m_watch;
};

// Awaits `task`, unless the future has been cancelled by then, and settles `promise`.
template<typename T>
Task<> deliver(Task<T> task, std::shared_ptr<QPromise<T>> promise)
{
    if (promise->isCanceled()) {
        task.reset();
        promise->finish();
        co_return;
    }
    Delivery delivery(QFutureInterfaceBase::get(promise->future()));
    std::exception_ptr refused; // for the unhandled-error hook
    try {
        if constexpr (std::is_void_v<T>)
            co_await delivery.progress().follow(std::move(task));
        else
            promise->addResult(co_await delivery.progress().follow(std::move(task)));
    } catch (const Cancelled &) {
        promise->future().cancel();
    } catch (...) {
        if (!delivery.fail(std::current_exception()))
            refused = std::current_exception();
    }
    promise->finish();
    if (refused)
        std::rethrow_exception(refused);
}

} // namespace interloop
