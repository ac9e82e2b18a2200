// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/qt/connectionstate.h>

#include <QMetaObject>
#include <QObject>

#include <functional>
#include <memory>
#include <utility>

/*
 * A connection made by interloop::connect, as its owner sees it: what to disconnect, whether its slot's bodies run, and
 * how to end them. Copies refer to the same connection, which lives as long as its sender and its context; dropping
 * them does nothing.
 */

namespace interloop {

class Connection
{
public:
    Connection() noexcept = default; // not connected
    explicit Connection(std::shared_ptr<ConnectionState> state) noexcept : m_state(std::move(state)) { }

    // Disconnect with QObject::disconnect(connection): bodies that have begun go on, those that are pending never start.
    operator QMetaObject::Connection() const { return m_state ? m_state->connection() : QMetaObject::Connection(); }

    // Whether Qt made the connection and it still exists.
    explicit operator bool() const { return m_state && bool(m_state->connection()); }

    // Whether a body has begun and not ended, or is pending (Restart, Enqueue, KeepLatest).
    bool isRunning() const noexcept { return m_state && m_state->isRunning(); }

    // Calls `changed` with isRunning(): now, before a first body begins, and from the ready queue when the last one has
    // ended. Not in between, when one body follows another.
    //
    //     connection.onRunningChanged(this, [this](bool isRunning) { saveAction->setEnabled(!isRunning); });
    //
    // Until `context` dies or what is returned is disconnected. `changed` may cut the connection, cancel it or delete
    // objects: the body that was about to begin then does not. What it throws goes to the unhandled-error hook.
    QMetaObject::Connection onRunningChanged(QObject *context, std::function<void(bool isRunning)> changed) const
    {
        return m_state ? m_state->onRunningChanged(context, std::move(changed)) : QMetaObject::Connection();
    }

    // Cancels the bodies that have begun and forgets those that are pending; the connection stays. False when there are
    // none.
    bool cancel() { return m_state && m_state->cancel(); }

private:
    std::shared_ptr<ConnectionState> m_state;
};

} // namespace interloop
