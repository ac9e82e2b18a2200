// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/qt/signalparts.h>
#include <interloop/task/mailbox.h>

#include <QMetaMethod>
#include <QMetaType>
#include <QObject>
#include <QPointer>
#include <QString>

#include <concepts>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

/*
 * Listening to one signal of an object that may die, live in another thread, or be disconnected by anybody: the
 * listener gets every emission, and then learns that no more will come. It never waits for a dead sender.
 *
 * Two facts of Qt's carry this. A connection's functor is destroyed when the connection ends, whoever ends it, but not
 * before the emissions that are on their way have been delivered: a guard in the functor tells the listener. And a
 * connection ends safely when its receiver is destroyed, even while the sender dies in another thread (to disconnect by
 * the connection's handle is not safe then): each listener has a receiver of its own.
 *
 * A direct connection's emissions from other threads are carried to the listener's by its bridge.
 */

namespace interloop {

class SignalListener;

// A sender and its signal; what messages need is remembered.
class INTERLOOP_EXPORT SignalSource
{
public:
    SignalSource(const QObject *sender, const QMetaMethod &signal); // `sender` may be null

    // nullptr: null from the start, dead, or ~QObject has begun.
    QObject *sender() const;

    std::string name() const; // "QTimer::timeout() of 'poll'"
    std::exception_ptr senderDestroyed() const; // a SenderDestroyed
    std::exception_ptr disconnected() const; // a std::runtime_error

private:
    QPointer<QObject> m_sender;
    QMetaMethod m_signal;
    std::string m_className;
    QString m_objectName;
};

// Shared by the listener and the connection's guard, which may be destroyed in any thread.
class SignalLink
{
public:
    SignalLink(SignalListener *listener, QObject *sender, std::shared_ptr<Mailbox> mailbox)
        : listener(listener), sender(sender), mailbox(std::move(mailbox))
    {
    }

    SignalListener *listener; // nullptr: it does not listen any more. Belongs to the listener's thread
    const QPointer<QObject> sender;
    const std::shared_ptr<Mailbox> mailbox; // of the listener's thread
};

// Part of the connection's functor: its death tells the listener that the connection has ended.
class INTERLOOP_EXPORT SignalGuard
{
public:
    explicit SignalGuard(std::shared_ptr<SignalLink> link) noexcept : m_link(std::move(link)) { }
    SignalGuard(SignalGuard &&) noexcept = default;
    SignalGuard(const SignalGuard &) = delete;
    SignalGuard &operator=(const SignalGuard &) = delete;
    ~SignalGuard();

    // The listener's thread runs this.
    bool isHere() const noexcept;

    // nullptr: it does not listen any more. In the listener's thread.
    SignalListener *listener() const noexcept { return m_link->listener; }

    // Calls `function` with the listener in its thread, while it listens. From any other thread.
    template<std::invocable<SignalListener &> Function>
    void carry(Function function) const
    {
        static_cast<void>(m_link->mailbox->put([link = m_link, function = std::move(function)] {
            if (link->listener)
                function(*link->listener);
        }));
    }

    // Tells the listener that no more emissions come, as this one failed. From any other thread.
    void fail(std::exception_ptr error) const;

private:
    std::shared_ptr<SignalLink> m_link; // null: moved from
};

// Belongs to the thread that it starts listening in, which has a scheduler.
class INTERLOOP_EXPORT SignalListener
{
public:
    SignalListener(const SignalListener &) = delete;
    SignalListener &operator=(const SignalListener &) = delete;

protected:
    explicit SignalListener(SignalSource source);
    ~SignalListener(); // stops

    // False: there is no sender (any more). signalEnded() and the functor may be called from now on, even before this returns.
    bool startListening();
    bool isListening() const noexcept { return m_link && m_link->listener; }

    // Nothing is called any more; the connection goes with stopListening(). Allowed in a slot.
    void ignoreSignal() noexcept;

    // Disconnects. Not in a slot of this listener's.
    void stopListening() noexcept;

    const SignalSource &source() const noexcept { return m_source; }

    // Makes the connection.
    virtual void connectSignal(QObject *sender, QObject *receiver, SignalGuard guard) = 0;

    // The connection has ended, and nobody here wanted it to: no more emissions come. Only queues.
    virtual void signalEnded(std::exception_ptr error) noexcept = 0;

private:
    friend class SignalGuard;
    static void end(SignalLink &link, bool isSenderAlive) noexcept;

    SignalSource m_source;
    std::shared_ptr<SignalLink> m_link; // null: never listened
    std::optional<QObject> m_receiver; // none: not connected
};

// The slot: gives an emission's values to `Listener::receive`.
template<typename Listener, typename Values>
class SignalFunctor;

template<typename Listener, typename... Values>
class SignalFunctor<Listener, SignalValues<Values...>>
{
public:
    explicit SignalFunctor(SignalGuard guard) noexcept : m_guard(std::move(guard)) { }

    void operator()(const Values &...values) const
    {
        if (!m_guard.isHere())
            carry(values...);
        else if (SignalListener *listener = m_guard.listener())
            static_cast<Listener *>(listener)->receive(values...);
    }

    // Qt must know the values' types by name, too, to carry them between threads.
    static void registerTypes() { (static_cast<void>(qRegisterMetaType<Values>()), ...); }

private:
    // A direct connection's, in the thread of whoever emits.
    void carry(const Values &...values) const
    {
        try {
            m_guard.carry([copies = std::make_shared<const std::tuple<Values...>>(values...)](SignalListener &listener) {
                std::apply([&listener](const Values &...values) { static_cast<Listener &>(listener).receive(values...); },
                           *copies);
            });
        } catch (...) {
            m_guard.fail(std::current_exception());
        }
    }

    SignalGuard m_guard;
};

// Connects `signal` to a listener: what connectSignal() does.
template<typename Listener, typename Signal>
void connectListener(QObject *sender, Signal signal, QObject *receiver, SignalGuard guard, int type = Qt::AutoConnection)
{
    using Parts = SignalParts<Signal>;
    using Functor = SignalFunctor<Listener, typename Parts::Values>;
    Functor::registerTypes();
    QObject::connect(static_cast<typename Parts::Sender *>(sender), signal, receiver, Functor(std::move(guard)),
                     Qt::ConnectionType(type));
}

} // namespace interloop
