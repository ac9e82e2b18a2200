// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/qml/qmltaskstate.h>

#include <QJSEngine>
#include <QJSValue>
#include <QObject>
#include <QPointer>

#include <utility>

/*
 * Waiting for what a callback has returned when that is itself something to wait for: a Promise, a QmlTask.
 */

namespace interloop {

// JavaScript's: lives as long as the thenable may call it.
class QmlSettler final : public QObject
{
    Q_OBJECT

public:
    QmlSettler(QJSEngine &engine, QmlTaskState::Pointer state) : m_engine(&engine), m_state(std::move(state)) { }

    Q_INVOKABLE void resolve(const QJSValue &value = QJSValue());
    Q_INVOKABLE void reject(const QJSValue &error = QJSValue());

private:
    QPointer<QJSEngine> m_engine;
    QmlTaskState::Pointer m_state; // null: settled
};

// Settles `state` as `thenable` ends up, whose method `then` is.
void follow(QJSEngine &engine, const QJSValue &thenable, const QJSValue &then, QmlTaskState::Pointer state);

} // namespace interloop
