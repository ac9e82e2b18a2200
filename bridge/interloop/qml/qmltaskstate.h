// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/spawn.h>

#include <QJSEngine>
#include <QJSValue>
#include <QObject>
#include <QPointer>
#include <QString>
#include <QVariant>

#include <deque>
#include <exception>
#include <memory>
#include <source_location>

/*
 * What the copies of a QmlTask share: the spawned task, what it came to, and who is to be told.
 *
 * The result is taken, and everybody told, in one posted event: JavaScript runs neither on the ready queue's stack nor
 * inside a call of its own. `then` makes another state, which has no task and is settled by a callback's return.
 */

namespace interloop {

class QmlTaskState final : public QObject, public std::enable_shared_from_this<QmlTaskState>
{
    Q_OBJECT

public:
    using Pointer = std::shared_ptr<QmlTaskState>;

    // As QmlTask's constructor.
    static Pointer start(QObject *owner, Task<QVariant> task, std::source_location location);

    Pointer then(const QJSValue &onFulfilled, const QJSValue &onRejected);
    void bindTo(const QObject *object); // null: says so in the log
    bool cancel(Outcome outcome);

    // Whether the task has ended; those who wait may not have been told yet.
    bool isDone() const;

    // Whether its end has been looked at. What follows is valid then.
    bool isSettled() const noexcept { return m_stage != Stage::Pending; }
    bool isRejected() const noexcept { return m_stage == Stage::Rejected; }
    QVariant value() const; // for QML. Of a rejected one: what a callback threw
    QString errorString() const;

    // Somebody has seen the failure.
    void markHandled() noexcept { m_isHandled = true; }

    // A callback of the state before has returned `result`, or thrown `error`. Tells everybody; a thenable is followed
    // first.
    void resolve(QJSEngine &engine, const QJSValue &result);
    void reject(QJSEngine &engine, const QJSValue &error);

    // The task has ended, or somebody was added: tell them, from the event loop.
    void deliverLater();

Q_SIGNALS:
    void settled();

private:
    enum class Stage : unsigned char { Pending, Fulfilled, Rejected };

    // A call of then().
    class Reaction
    {
    public:
        Reaction(const QJSValue &onFulfilled, const QJSValue &onRejected, QJSEngine *engine, Pointer next)
            : onFulfilled(onFulfilled), onRejected(onRejected), engine(engine), next(std::move(next))
        {
        }

        QJSValue onFulfilled; // either may be no function
        QJSValue onRejected;
        QPointer<QJSEngine> engine; // the functions'
        Pointer next;
    };

    void settle(Stage stage, QVariant value, std::exception_ptr error);
    void takeResult();
    void deliver();
    void react(const Reaction &reaction);
    QJSValue toScript(QJSEngine &engine) const;
    QmlTaskState &root() noexcept { return m_parent ? m_parent->root() : *this; }
    void abandon();

    Pointer m_parent; // whose callback settles this; null: the task does
    TaskHandle<QVariant> m_handle; // empty: delivered, or none
    QPointer<QJSEngine> m_engine; // that the callbacks are likely to belong to
    std::deque<Reaction> m_reactions;
    QVariant m_value;
    std::exception_ptr m_error; // of a rejected one: null when a callback threw
    Stage m_stage = Stage::Pending;
    bool m_isHandled = false;
    bool m_isBound = false; // to any object
    bool m_isAbandoned = false; // an object that it was bound to is dead. Of the root
};

} // namespace interloop
