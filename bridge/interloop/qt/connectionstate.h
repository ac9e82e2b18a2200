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
#include <utility>

/*
 * What the handles of a connection, its slot and its bodies share: the bodies that run, and those that are to follow.
 *
 * Every signal that is not dropped becomes a BodyStart at the end of one list, and the policy decides what happens to
 * that list. A body starts from there: at once when none runs, else from the ready queue when the one before has left
 * the stack. Invariant: when no body runs and the list is not empty, either the list is being worked on or a look at it
 * is in the ready queue.
 */

namespace interloop {

class ConnectionState;
class Pump;
class RunningSignal;

// What a signal does while the body of an earlier one has not ended. (The words are ember-concurrency's.)
enum class Overlap : unsigned char {
    Drop, // ignore it
    Restart, // cancel the first; another body starts when that has unwound, with the arguments of the last signal until then
    Enqueue, // another body starts when all earlier ones have ended: each signal has its body, in their order
    KeepLatest, // the first goes on; another body starts when it has ended, with the arguments of the last signal until then
    Parallel, // start another body: on top of the first when that nests
};

// A body that has not begun: its functor and copies of a signal's arguments. (Functions instead of virtual ones: g++ 12 warns
// about classes with a vtable whose template arguments are lambdas.)
class BodyStart : public ListNode
{
public:
    enum class Kind : unsigned char { Plain, Coroutine };

    // Runs the body, a coroutine's until it waits. Called once, on the stack that the body is to have.
    void run(std::shared_ptr<ConnectionState> state) noexcept { m_run(*this, std::move(state)); }

    Kind kind() const noexcept { return m_kind; }

    class Delete
    {
    public:
        void operator()(BodyStart *start) const noexcept { start->m_destroy(start); }
    };
    using Owner = std::unique_ptr<BodyStart, Delete>;

protected:
    using Run = void (*)(BodyStart &self, std::shared_ptr<ConnectionState> state) noexcept;
    using Destroy = void (*)(BodyStart *self) noexcept;

    BodyStart(Kind kind, Run run, Destroy destroy) noexcept : m_run(run), m_destroy(destroy), m_kind(kind) { }
    ~BodyStart() = default;

private:
    Run m_run;
    Destroy m_destroy;
    Kind m_kind;
};

// A body that has begun: how to end it.
class BodyRun : public ListNode
{
public:
    // Ends the body's wait. Queues only.
    virtual void cancel(Outcome outcome) = 0;

protected:
    BodyRun() noexcept = default;
    ~BodyRun() = default;
};

// Belongs to the context's thread.
class INTERLOOP_EXPORT ConnectionState : public std::enable_shared_from_this<ConnectionState>
{
public:
    // How many bodies may be pending under Overlap::Enqueue.
    static constexpr int maximumPending = 10'000;

    static std::shared_ptr<ConnectionState> make(const QObject *sender, const QMetaMethod &signal, QObject *context,
                                                 Overlap overlap, Wait wait);
    ~ConnectionState();
    ConnectionState(const ConnectionState &) = delete;
    ConnectionState &operator=(const ConnectionState &) = delete;

    void setConnection(QMetaObject::Connection connection) { m_connection = std::move(connection); }
    const QMetaObject::Connection &connection() const noexcept { return m_connection; }

    // The emitter cannot go on before a body has ended.
    void neverPark() noexcept { m_mayPark = false; }

    // Whether a signal that comes now gets a body, now or later.
    bool takesSignals() const noexcept { return !m_hasEnded && (m_overlap != Overlap::Drop || !isRunning()); }

    // The body of a signal that has come: starts it, or keeps it for later. REQUIRES: takesSignals()
    void take(BodyStart::Owner start) noexcept;

    // A body runs, or is to follow one that has ended.
    bool isRunning() const noexcept { return !m_runs.isEmpty() || !m_pending.isEmpty(); }

    void add(BodyRun &run) noexcept { m_runs.append(run); } // it begins
    void remove(BodyRun &run) noexcept; // it has ended
    bool cancel(); // all, and what was to follow. False when there is neither

    // As Connection::onRunningChanged.
    QMetaObject::Connection onRunningChanged(QObject *context, std::function<void(bool)> changed);

    // "QPushButton::clicked()", for messages.
    const std::string &name() const noexcept { return m_name; }

    // Tells the unhandled-error hook about the exception that is being handled; Cancelled is silent.
    void reportCurrentException() const noexcept;

private:
    ConnectionState(std::string name, Overlap overlap, bool mayPark);

    bool canStart() const noexcept;
    void startFirst() noexcept;
    void runBody(BodyStart::Owner start) noexcept;
    void lookLater() noexcept;
    void look() noexcept;
    void append(BodyStart::Owner start) noexcept;
    void forgetPending() noexcept;
    void forgetPendingIfOver() noexcept;
    void cancelRuns(Outcome outcome);
    void contextDied();
    void tell(bool isRunning) noexcept;

    QMetaObject::Connection m_connection;
    QMetaObject::Connection m_contextDeath;
    List<BodyRun> m_runs; // oldest first
    List<BodyStart> m_pending; // owned; in the order in which they are to start
    int m_pendingCount = 0;
    std::unique_ptr<RunningSignal> m_running; // null: nobody has asked to be told
    std::string m_name;
    Overlap m_overlap;
    bool m_mayPark;
    bool m_isToldRunning = false; // what m_running has been told last
    bool m_isLookQueued = false;
    bool m_isFull = false; // that was reported, and the list has not been empty since
    bool m_hasEnded = false; // the context has died
};

} // namespace interloop
