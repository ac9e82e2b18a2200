// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/qt/signallistener.h>
#include <interloop/task/waiter.h>

#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

/*
 * For coroutines that wait until an object is in some state: wakes them at each of the signals that may bring it.
 *
 *     watch.on(&QProcess::finished, [&](int code, QProcess::ExitStatus) { exitCode = code; });
 *     while (!exitCode)
 *         co_await watch.next();
 *
 * Listen first, look then: no change is missed. The object may die at any time: what its signals brought before that
 * still counts, and then next() throws. One task at a time.
 */

namespace interloop {

class ObjectWatch;

class INTERLOOP_EXPORT WatchAwaiter final : public Waiter
{
public:
    explicit WatchAwaiter(ObjectWatch &watch) noexcept : m_watch(watch) { }
    void await_resume() const;
    std::string describe() const override;

private:
    Begun begin() override;

    ObjectWatch &m_watch;
};

class INTERLOOP_EXPORT ObjectWatch
{
public:
    // `source` names the wait in messages. Throws SenderDestroyed when there is no object.
    explicit ObjectWatch(SignalSource source);
    ~ObjectWatch();
    ObjectWatch(const ObjectWatch &) = delete;
    ObjectWatch &operator=(const ObjectWatch &) = delete;

    // Throws std::logic_error when the object lives in another thread.
    void requireOwnThread() const;

    // The object. Throws SenderDestroyed when it is gone.
    template<typename Object>
    Object *object() const
    {
        return static_cast<Object *>(livingObject());
    }

    // Calls `function(values...)` at each emission, and wakes the task.
    template<typename Signal, typename Function>
    void on(Signal signal, Function function);

    // Only wakes the task.
    template<typename Signal>
    void on(Signal signal)
    {
        on(signal, [](const auto &...) { });
    }
    void ring() noexcept;

    // Until the next ring; at once when there was one since the last time. Throws when the object has died, or somebody has
    // cut a connection, and nothing has rung since the last time.
    class Next
    {
    public:
        using Value = void;
        using InterloopAwaitable = void;
        using InterloopKeepsLocation = void;

        explicit Next(ObjectWatch &watch) noexcept : m_watch(watch) { }
        WatchAwaiter operator co_await() const noexcept { return WatchAwaiter(m_watch); }

    private:
        ObjectWatch &m_watch;
    };
    Next next() noexcept { return Next(*this); }

    // Throws a std::runtime_error: "QProcess::finished(...) of 'cat': <text>".
    [[noreturn]] void fail(const std::string &text) const;

private:
    friend class WatchAwaiter;
    template<typename Signal, typename Function>
    friend class WatchedSignal;

    // One of the connections. (The listener itself has no public destructor.)
    class Rope
    {
    public:
        virtual ~Rope() = default;
    };

    QObject *livingObject() const;
    void connectionEnded(std::exception_ptr error) noexcept;

    SignalSource m_source;
    std::vector<std::unique_ptr<Rope>> m_ropes;
    List<Waiter> m_waiter; // empty unless the task waits
    std::exception_ptr m_error; // null: all connections are there
    bool m_isRung = false; // since the task looked last
};

template<typename Signal, typename Function>
class WatchedSignal final : public ObjectWatch::Rope, public SignalListener
{
public:
    WatchedSignal(ObjectWatch &watch, Signal signal, Function function)
        : SignalListener(watch.m_source), m_watch(watch), m_signal(signal), m_function(std::move(function))
    {
        if (!startListening())
            m_watch.connectionEnded(source().senderDestroyed());
    }

    template<typename... Values>
    void receive(const Values &...values)
    {
        m_function(values...);
        m_watch.ring();
    }

private:
    void connectSignal(QObject *sender, QObject *receiver, SignalGuard guard) override
    {
        connectListener<WatchedSignal>(sender, m_signal, receiver, std::move(guard));
    }
    void signalEnded(std::exception_ptr error) noexcept override { m_watch.connectionEnded(std::move(error)); }

    ObjectWatch &m_watch;
    Signal m_signal;
    Function m_function;
};

template<typename Signal, typename Function>
void ObjectWatch::on(Signal signal, Function function)
{
    m_ropes.push_back(std::make_unique<WatchedSignal<Signal, Function>>(*this, signal, std::move(function)));
}

} // namespace interloop
