// SPDX-License-Identifier: MIT
#include <interloop/uv/happyeyeballs.h>

#include <interloop/task/cancelscope.h>
#include <interloop/task/errors.h>
#include <interloop/task/event.h>
#include <interloop/task/taskgroup.h>

#include <exception>
#include <memory>
#include <optional>
#include <utility>

namespace interloop {

namespace {

class Attempts
{
public:
    Attempts(QList<SocketAddress> addresses, ConnectAttempt attempt)
        : m_addresses(std::move(addresses)), m_attempt(std::move(attempt)), m_failed(new Event[std::size_t(m_addresses.size())])
    {
    }

    void begin() { spawn(0); }
    Task<> join() { return m_group.join(); }

    // REQUIRES: all have ended
    TcpSocket takeConnected()
    {
        if (m_connected)
            return *std::move(m_connected);
        if (m_failure)
            std::rethrow_exception(m_failure);
        throw Cancelled(Outcome::Cancelled, Cancelled::Whom::Awaited); // the attempts alone: by the bridge's end
    }

private:
    void spawn(qsizetype place)
    {
        m_group.spawn(run(*this, place), "connect " + m_addresses[place].toString().toStdString());
    }

    // Waits for its turn, then connects, with the next one waiting for its own.
    static Task<> run(Attempts &all, qsizetype place)
    {
        if (place > 0) {
            CancelScope patience(connectionAttemptDelay);
            static_cast<void>(co_await patience.run(turn(all.m_failed[std::size_t(place - 1)])));
        }
        if (place + 1 < all.m_addresses.size())
            all.spawn(place + 1);
        try {
            TcpSocket socket = co_await all.m_attempt(all.m_addresses[place]);
            all.succeed(std::move(socket));
        } catch (...) {
            const std::exception_ptr failure = std::current_exception();
            rethrowOwnCancellation(failure);
            all.m_failure = failure;
            all.m_failed[std::size_t(place)].set();
        }
    }

    static Task<> turn(Event &failed) { co_await failed.wait(); }

    void succeed(TcpSocket socket)
    {
        if (!m_connected)
            m_connected = std::move(socket);
        m_group.cancel();
    }

    const QList<SocketAddress> m_addresses;
    const ConnectAttempt m_attempt;
    const std::unique_ptr<Event[]> m_failed; // one for each address
    std::optional<TcpSocket> m_connected;
    std::exception_ptr m_failure; // of the last one to fail
    TaskGroup m_group;
};

} // namespace

QList<SocketAddress> interleaved(const QList<SocketAddress> &addresses)
{
    QList<SocketAddress> families[2]; // that of the first address, the other
    for (const SocketAddress &address : addresses)
        families[address.isIp6() == addresses.first().isIp6() ? 0 : 1].append(address);
    QList<SocketAddress> order;
    for (qsizetype i = 0; order.size() < addresses.size(); ++i) {
        for (const QList<SocketAddress> &family : families) {
            if (i < family.size())
                order.append(family[i]);
        }
    }
    return order;
}

Task<TcpSocket> connectToFirst(QList<SocketAddress> addresses, ConnectAttempt attempt)
{
    if (addresses.isEmpty())
        throw uvError(UV_EINVAL, "connect: no address");
    if (addresses.size() == 1) {
        TcpSocket socket = co_await attempt(addresses.first());
        co_return socket;
    }
    Attempts attempts(interleaved(addresses), std::move(attempt));
    attempts.begin();
    co_await attempts.join();
    co_return attempts.takeConnected();
}

} // namespace interloop
