// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/astask.h>
#include <interloop/task/chainscope.h>
#include <interloop/task/errors.h>
#include <interloop/task/task.h>

#include <QMetaObject>
#include <QObject>
#include <QPointer>

#include <type_traits>
#include <utility>

/*
 * Ends a task when an object dies that it works for: `this`, a window, a model.
 *
 *     Task<> Window::load()
 *     {
 *         const auto bound = bindTo(this); // from here to the end of the scope
 *         const QString text = co_await fetch(m_url);
 *         m_label->setText(text); // is not reached when the window has gone
 *     }
 *
 *     spawn(bindTo(this, load())); // the same around a task
 *
 * A scope as CancelScope is, and as level-triggered: from the object's death on every await inside throws Cancelled
 * (ContextDestroyed), a runSync in it is reached at once, a shield keeps it out until it is left. The context of
 * interloop::connect and of RunOptions does the same for a whole body or wait; both may be used, and fire, together.
 *
 * What counts is the object's destroyed() signal, which ~QObject emits: the destructors of derived classes, and what
 * they destroy, have run by then. A task that goes on while those run (in an event loop that a destructor begins) is
 * not stopped. Nor is code between two awaits: what deletes the object there must not use it afterwards. And
 * object->disconnect(), which cuts all that listens to the object, unbinds it.
 */

namespace interloop {

class INTERLOOP_EXPORT [[nodiscard]] BoundScope final : private ChainScope
{
public:
    explicit BoundScope(QObject *object); // as bindTo
    ~BoundScope();

    bool isCancelled() const noexcept { return cancelledAs() != Outcome::Value; }

    // For a handler inside the scope: whether `cancelled` is due to the object's death alone.
    bool isOwn(const Cancelled &cancelled) const noexcept
    {
        return isCancelled() && cancelled.whom() == Cancelled::Whom::Self && !isCancelledFromOutside();
    }

private:
    QMetaObject::Connection m_connection;
};

// Cancels what the running task awaits, now or later in this C++ scope, with ContextDestroyed when `object` dies. null:
// at once. In a coroutine, or in the body of a connected slot.
// `object` belongs to this thread and stays in it. Throws std::logic_error when it does not, or when no task runs.
[[nodiscard]] inline BoundScope bindTo(QObject *object)
{
    return BoundScope(object);
}

INTERLOOP_EXPORT void requireOwnThread(const QObject *object);

// As the function of that name, which makes sure that `object` can be bound to.
template<Awaitable A>
Task<AwaitResult<A>> awaitBound(QPointer<QObject> object, A awaitable)
{
    if constexpr (std::is_same_v<A, Task<AwaitResult<A>>>) {
        if (!object) {
            awaitable.reset();
            throw Cancelled(Outcome::ContextDestroyed, Cancelled::Whom::Awaited);
        }
    }
    const BoundScope scope(object);
    try {
        co_return co_await forAwait(awaitable);
    } catch (const Cancelled &cancelled) {
        if (!scope.isOwn(cancelled))
            throw;
        throw Cancelled(Outcome::ContextDestroyed, Cancelled::Whom::Awaited);
    }
}

// A task that awaits `awaitable` (a task, a handle, …) and is cancelled with ContextDestroyed when `object` dies; the
// awaiting task then gets Cancelled and may go on. A task whose object has died before it was started never begins.
// Starts: when awaited. Resumes: where the inner task ends. Cancel: reaches the inner task.
// Throws std::logic_error when `object` lives in another thread.
template<Awaitable A>
[[nodiscard]] Task<AwaitResult<A>> bindTo(QObject *object, A awaitable)
{
    requireOwnThread(object);
    return awaitBound(QPointer<QObject>(object), std::move(awaitable));
}

} // namespace interloop
