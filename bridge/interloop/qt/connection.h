// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/loop/runoptions.h>
#include <interloop/task/chain.h>

#include <QMetaMethod>
#include <QMetaObject>
#include <QObject>

#include <functional>
#include <memory>
#include <string>

/*
 * A connection made by interloop::connect, and the bodies of its slot that have not ended.
 */

namespace interloop {

// What a signal does while the body of an earlier one has not ended. (The words are ember-concurrency's.)
enum class Overlap : unsigned char {
    Drop, // ignore it
    Restart, // cancel the first; another body starts when that has unwound, with the arguments of the last signal until then
    Parallel, // start another body: on top of the first when that nests
};

// One run of a connection's body: how to end it.
class BodyRun : public ListNode
{
public:
    // Ends the body's wait. Queues only.
    virtual void cancel(Outcome outcome) = 0;

protected:
    BodyRun() noexcept = default;
    ~BodyRun() = default;
};

// Shared by the connection's handles, its slot and its running bodies. Belongs to the context's thread.
class INTERLOOP_EXPORT ConnectionState : public std::enable_shared_from_this<ConnectionState>
{
public:
    static std::shared_ptr<ConnectionState> make(const QObject *sender, const QMetaMethod &signal, QObject *context,
                                                 Overlap overlap, Wait wait);
    ~ConnectionState();
    ConnectionState(const ConnectionState &) = delete;
    ConnectionState &operator=(const ConnectionState &) = delete;

    void setConnection(QMetaObject::Connection connection) { m_connection = std::move(connection); }
    const QMetaObject::Connection &connection() const noexcept { return m_connection; }

    // Whether a signal that comes now starts a body.
    bool accepts() const noexcept { return m_overlap == Overlap::Parallel || m_runs.isEmpty(); }

    // Whether one that does not cancels the body that runs, to start another.
    bool restarts() const noexcept { return m_overlap == Overlap::Restart; }

    // `start` is called when the bodies that run have unwound, instead of an earlier one; not when the connection has ended by then.
    void restartWith(std::function<void()> start);

    bool isRunning() const noexcept { return !m_runs.isEmpty(); }
    void add(BodyRun &run) noexcept // it begins; what was to follow has been overtaken
    {
        m_runs.append(run);
        m_next = nullptr;
    }
    void remove(BodyRun &run) noexcept; // it has ended
    void cancelAll(Outcome outcome);
    bool cancel(); // all, and what was to follow. False when there is neither

    // Whether the emitter may go on before a body has ended.
    bool mayPark() const noexcept { return m_mayPark; }

    // "QPushButton::clicked()", for messages.
    const std::string &name() const noexcept { return m_name; }

    // Tells the unhandled-error hook about the exception that is being handled; Cancelled is silent.
    void reportCurrentException() const noexcept;

private:
    ConnectionState(std::string name, Overlap overlap, bool mayPark)
        : m_name(std::move(name)), m_overlap(overlap), m_mayPark(mayPark)
    {
    }
    void startNext() noexcept;

    QMetaObject::Connection m_connection;
    QMetaObject::Connection m_contextDeath;
    List<BodyRun> m_runs; // oldest first
    std::function<void()> m_next; // empty: no body is to follow
    std::string m_name;
    Overlap m_overlap;
    bool m_mayPark;
};

class Connection
{
public:
    Connection() noexcept = default; // not connected
    explicit Connection(std::shared_ptr<ConnectionState> state) noexcept : m_state(std::move(state)) { }

    // Disconnect with QObject::disconnect(connection): bodies that have begun go on.
    operator QMetaObject::Connection() const { return m_state ? m_state->connection() : QMetaObject::Connection(); }

    // Whether Qt made the connection and it still exists.
    explicit operator bool() const { return m_state && bool(m_state->connection()); }

    bool isRunning() const noexcept { return m_state && m_state->isRunning(); }

    // Cancels the bodies that have begun, and forgets the one that was to follow them (Overlap::Restart); the connection
    // stays. False when there are none.
    bool cancel() { return m_state && m_state->cancel(); }

private:
    std::shared_ptr<ConnectionState> m_state;
};

} // namespace interloop
