// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/qml/qmltaskstate.h>

#include <QObject>
#include <QString>
#include <QVariant>

/*
 * What comes of a task, as properties that bindings can watch: QmlTask::await returns it to QML.
 *
 * Invariant: it changes at most once, from the event loop, and then never again. It does not keep the task from being
 * cancelled, and stays as it is when the task's owner dies.
 */

namespace interloop {

class QmlResult final : public QObject
{
    Q_OBJECT
    Q_PROPERTY(QVariant value READ value NOTIFY settled)
    Q_PROPERTY(bool isDone READ isDone NOTIFY settled)
    Q_PROPERTY(QString errorString READ errorString NOTIFY settled)

public:
    QmlResult(QmlTaskState::Pointer state, QVariant placeholder); // `state` may be null: nothing comes

    QVariant value() const; // the placeholder, then the result; after a failure still the placeholder
    bool isDone() const noexcept { return m_isDone; }

    // Empty, unless the task has failed or was cancelled. Reading it, as a binding does when `settled` is emitted,
    // takes the failure; otherwise it goes to the unhandled-error hook.
    QString errorString() const;

Q_SIGNALS:
    void settled();

private:
    void finish();

    QmlTaskState::Pointer m_state;
    QVariant m_placeholder;
    bool m_isDone = false;
};

} // namespace interloop
