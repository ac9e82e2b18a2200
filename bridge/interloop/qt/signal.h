// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/qt/signallistener.h>
#include <interloop/task/waitoperation.h>

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>

/*
 * One emission of a signal as something to await:
 *
 *     co_await signalOf(socket, &QTcpSocket::connected);
 *     const QString text = co_await signalOf(edit, &QLineEdit::textEdited);
 *     const auto [code, status] = runSync(signalOf(process, &QProcess::finished));
 *
 * For the next emission only: one that came before the await, or comes between two awaits, is not seen. When none may be
 * missed, signalsOf() keeps them (signalsequence.h). The wait always ends: when the sender dies or somebody disconnects
 * it, with an error.
 */

namespace interloop {

// The untyped part of the wait.
class INTERLOOP_EXPORT SignalWait : public WaitOperation, public SignalListener
{
public:
    std::string describe() const override { return "signal " + source().name(); }

protected:
    explicit SignalWait(SignalSource source) : SignalListener(std::move(source)) { }
    ~SignalWait() = default;

    // The one emission is there, or failed to be copied.
    void arrived(std::exception_ptr error = nullptr) noexcept;

    // At the end: disconnects, throws what the wait ended with.
    void finish();

    Begun begin() override;

private:
    bool abandon(CancelMode mode) override;
    void signalEnded(std::exception_ptr error) noexcept override;

    std::exception_ptr m_error; // null: nothing went wrong
};

template<typename Signal>
class SignalAwaiter final : public SignalWait
{
public:
    using Parts = SignalParts<Signal>;

    SignalAwaiter(SignalSource source, Signal signal) : SignalWait(std::move(source)), m_signal(signal) { }

    typename Parts::Value await_resume()
    {
        finish();
        if constexpr (!std::is_void_v<typename Parts::Value>)
            return *std::move(m_value);
    }

    template<typename... Values>
    void receive(const Values &...values) noexcept
    {
        try {
            m_value.emplace(values...);
            arrived();
        } catch (...) {
            arrived(std::current_exception());
        }
    }

private:
    void connectSignal(QObject *sender, QObject *receiver, SignalGuard guard) override
    {
        // Direct: a queued single shot of Qt's is posted to a receiver that may have gone meanwhile (6.4).
        connectListener<SignalAwaiter>(sender, m_signal, receiver, std::move(guard),
                                       Qt::DirectConnection | Qt::SingleShotConnection);
    }

    Signal m_signal;
    std::optional<typename Parts::Stored> m_value;
};

// What signalOf() returns.
template<typename Signal>
class [[nodiscard]] SignalOf
{
public:
    using Value = typename SignalParts<Signal>::Value;
    using InterloopAwaitable = void;

    SignalOf(const QObject *sender, Signal signal) : m_source(sender, QMetaMethod::fromSignal(signal)), m_signal(signal) { }

    SignalAwaiter<Signal> operator co_await() const & { return SignalAwaiter<Signal>(m_source, m_signal); }
    SignalAwaiter<Signal> operator co_await() && { return SignalAwaiter<Signal>(std::move(m_source), m_signal); }

private:
    SignalSource m_source;
    Signal m_signal;
};

// The next emission of `signal`: nothing, a copy of its argument, or a std::tuple of copies; without a private signal's
// mark. May be awaited more than once. `sender` is not owned and may be null.
// Starts: connects when awaited, not before. Resumes: from the ready queue of the awaiting thread, never on the emitter's
// stack. Cancel: disconnects at once, and ends the wait. Buffers: none.
// Throws SenderDestroyed, which names class, signal and object, when the sender dies, is dying, or is null; a
// std::runtime_error when somebody else cuts the connection (sender->disconnect()). When an argument's copy throws,
// that. The sender may live in any thread; it must be alive when this is called.
template<typename Object, typename Signal>
    requires SignalOfObject<Signal, Object>
SignalOf<Signal> signalOf(const Object *sender, Signal signal)
{
    return SignalOf<Signal>(sender, signal);
}

} // namespace interloop
