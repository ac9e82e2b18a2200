// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/qml/qmlresult.h>
#include <interloop/task/astask.h>

#include <QJSValue>
#include <QMetaType>
#include <QObject>
#include <QPointer>
#include <QVariant>

#include <source_location>
#include <type_traits>

/*
 * A task that a Q_INVOKABLE returns to QML.
 *
 *     Q_INVOKABLE interloop::QmlTask load(QUrl url) { return interloop::QmlTask(this, m_cache.load(url)); }
 *
 *     backend.load(url).bindTo(page).then(text => page.text = text, error => page.complain(error.message))
 *
 * It needs no import and no registration. In JavaScript it is a "thenable", and `then` means what a Promise's does:
 * Promise.all([backend.a(), backend.b()]) takes it. Qt 6.4's JavaScript has Promise, but not the keywords async and
 * await; `await` here is for bindings.
 *
 * Invariant: callbacks are called from Qt's event loop; never inside `then`, never once the owner, or an object given to
 * `bindTo`, is dead, never after their engine's end. The death of such an object cancels the task with
 * ContextDestroyed. A wait in a callback nests.
 */

namespace interloop {

// Copies refer to the same task. All of it belongs to the thread that it was made on, which must be the engine's.
class QmlTask
{
    Q_GADGET
    Q_PROPERTY(bool isDone READ isDone)

public:
    QmlTask() noexcept = default; // empty, for Qt's sake: nothing ever comes of it

    // Spawns `awaitable`, which starts when the caller has yielded. Its result must be something that a QVariant holds;
    // void is undefined in JavaScript. Lists, maps, gadgets and objects are converted as a Q_INVOKABLE's results are,
    // except that objects stay C++'s; one that dies before it is delivered is null.
    // `owner` should be an object that QML knows, as the one whose method is called. Without one, the engine of the
    // first callback is the owner. Does not throw: what cannot begin is rejected, and said in the log.
    template<Awaitable A>
    QmlTask(QObject *owner, A awaitable, std::source_location location = std::source_location::current())
        : m_state(QmlTaskState::start(owner, toVariant(std::move(awaitable)), location))
    {
    }

    // One of the functions is called with the result, or with an Error; each may be left out. The Error has what() as
    // its message, `outcome`, the name of an interloop::Outcome, and `isCancelled`. May be called any number of times,
    // also when the task has ended. What the functions refer to lives until one of them has returned, the task was
    // abandoned by its owner's death, or the engine ends.
    // Returns a task with what the function returns; a Promise or a QmlTask that it returns is followed. Without the
    // one that is needed, that task ends as this one does. What the function throws rejects it, and is a warning of the
    // QML engine's, with file and line, unless that task has somebody for it.
    // A failure of the task's that no function was there to take goes to the unhandled-error hook; Cancelled is silent.
    Q_INVOKABLE interloop::QmlTask then(const QJSValue &onFulfilled, const QJSValue &onRejected = QJSValue()) const;

    // For bindings: an object with the properties value (`placeholder` until there is one), isDone, and errorString. It
    // is JavaScript's, and nothing else keeps it. Keep it in a property, and bind to that: a binding on
    // `backend.load().await().value` would load again each time the value changes, that is for ever.
    //     property var page: backend.load(url).await("loading...")
    //     text: page.value
    Q_INVOKABLE interloop::QmlResult *await(const QVariant &placeholder = QVariant()) const;

    // Cancels the task when `object` dies, too; no callback of `then` is called any more. Returns the same task.
    Q_INVOKABLE interloop::QmlTask bindTo(QObject *object) const;

    // Cancels the task, on the result of a `then` the one it began with: it ends with an Error that isCancelled.
    // False when it has ended.
    Q_INVOKABLE bool cancel() const;

    bool isDone() const;

private:
    explicit QmlTask(QmlTaskState::Pointer state) noexcept : m_state(std::move(state)) { }

    template<Awaitable A>
    static Task<QVariant> toVariant(A awaitable);

    QmlTaskState::Pointer m_state; // null: empty
};

template<Awaitable A>
Task<QVariant> QmlTask::toVariant(A awaitable)
{
    using Value = std::decay_t<AwaitResult<A>>;
    if constexpr (std::is_void_v<Value>) {
        co_await forAwait(awaitable);
        co_return QVariant();
    } else {
        static_assert(std::is_copy_constructible_v<Value>, "QML gets a copy of the result: it must be copyable");
        auto &&value = co_await forAwait(awaitable);
        if constexpr (std::is_convertible_v<Value, QObject *>)
            co_return QVariant::fromValue(QPointer<QObject>(value));
        else
            co_return QVariant::fromValue<Value>(value);
    }
}

} // namespace interloop

Q_DECLARE_METATYPE(interloop::QmlTask)
