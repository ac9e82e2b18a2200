// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/qt/connection.h>
#include <interloop/qt/slotbody.h>

#include <QMetaMethod>
#include <QObject>

#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

/*
 * QObject::connect for slots that wait: with runSync, or as coroutines.
 *
 *     interloop::connect(button, &QPushButton::clicked, this, [this] { label->setText(runSync(fetch(url))); });
 *
 * The functor and copies of the signal's arguments live until the body has ended, and the body's parameters bind to
 * those copies: neither the context's death nor a disconnect frees them under a body that waits. When the context
 * dies the body's wait ends with Cancelled (ContextDestroyed); context->disconnect(), which cuts all that listens to
 * the context, its destroyed() included, takes that away. No exception enters Qt: Cancelled is silent, anything
 * else goes to the unhandled-error hook, with the connection's name.
 */

namespace interloop {

// A signal's parts. Private signals (QTimer::timeout) have one more argument, which no body can name.
template<typename Signal>
class SignalTraits;

template<typename Sender, typename... Arguments>
class SignalTraits<void (Sender::*)(Arguments...)>
{
public:
    template<typename Body>
    static Connection connect(const QObject *sender, void (Sender::*signal)(Arguments...), QObject *context,
                              std::shared_ptr<ConnectionState> state, Body body)
    {
        auto shared = std::make_shared<const Body>(std::move(body));
        if constexpr (!(isOneWay<Arguments> && ...))
            state->neverPark();
        const auto slot = [state, shared](Arguments... arguments) {
            startBody<Body, std::decay_t<Arguments>...>(state, shared, arguments...);
        };
        state->setConnection(QObject::connect(static_cast<const Sender *>(sender), signal, context, slot));
        return Connection(std::move(state));
    }
};

template<typename Sender, typename... Arguments>
class SignalTraits<void (Sender::*)(Arguments...) noexcept> : public SignalTraits<void (Sender::*)(Arguments...)>
{
};

// Connects `signal` of `sender` to `body`, which may block with runSync or be a coroutine (return a Task), and may take
// fewer arguments than the signal has. The connection ends with either object. A coroutine body starts at once, and
// its functor's captures live until it has ended.
// `overlap` says what a signal does while the body of an earlier one has not ended; for a button, Drop. Call it on
// `context`'s thread.
//
// Restart, Enqueue and KeepLatest keep signals for bodies that start later, never on top of the one before. They are
// forgotten when the connection ends, so also when the sender dies, by Connection::cancel(), and when the application
// quits or the bridge ends. Enqueue keeps 10,000 (ConnectionState::maximumPending): one signal more, and those that
// follow until the slot has caught up, are lost, which the unhandled-error hook is told once.
//
// A body that waits is parked, and the emitter goes on: sender() and pointers into an event mean nothing after the first
// wait, and what was deleted later has been. It nests instead with Wait::Nest, when the signal has parameters that are
// references to what is not const, and when its emitter does what was announced as soon as the slots have returned:
// aboutToQuit, destroyed, closing, QThread::finished, lastWindowClosed, session requests, and all "aboutTo" signals.
template<typename Sender, typename Signal, typename Body>
    requires(!std::is_member_function_pointer_v<Body>)
Connection connect(const Sender *sender, Signal signal, QObject *context, Body body, Overlap overlap = Overlap::Drop,
                   Wait wait = Wait::Park)
{
    auto state = ConnectionState::make(sender, QMetaMethod::fromSignal(signal), context, overlap, wait);
    return SignalTraits<Signal>::connect(sender, signal, context, std::move(state), std::move(body));
}

// Calls a member function of the context's as a body.
template<typename Receiver, typename Method>
class MethodBody
{
public:
    MethodBody(Receiver *receiver, Method method) noexcept : m_receiver(receiver), m_method(method) { }

    template<typename... Arguments>
        requires std::is_invocable_v<Method, Receiver *, const Arguments &...>
    decltype(auto) operator()(const Arguments &...arguments) const
    {
        return std::invoke(m_method, m_receiver, arguments...);
    }

private:
    Receiver *m_receiver;
    Method m_method;
};

// The same with a member function of the context's.
template<typename Sender, typename Signal, typename Receiver, typename Method>
    requires std::is_member_function_pointer_v<Method>
Connection connect(const Sender *sender, Signal signal, Receiver *context, Method method, Overlap overlap = Overlap::Drop,
                   Wait wait = Wait::Park)
{
    return connect(sender, signal, static_cast<QObject *>(context), MethodBody<Receiver, Method>(context, method), overlap, wait);
}

} // namespace interloop
