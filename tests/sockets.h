// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/interloop.h>

#include <QString>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <system_error>
#include <utility>

/*
 * What tests of sockets share: a connected pair, a peer that can do what no TcpSocket does, how a wait failed.
 */

namespace interloop::test {

inline const QString loopback = QStringLiteral("127.0.0.1");

// A socket of the operating system's, for what a peer may do that no TcpSocket does.
class RawSocket
{
public:
    explicit RawSocket(int fd) : m_fd(fd) { }
    RawSocket() : m_fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) { }
    ~RawSocket() { close(); }
    RawSocket(const RawSocket &) = delete;
    RawSocket &operator=(const RawSocket &) = delete;

    static sockaddr_in address(int port)
    {
        sockaddr_in address = {};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(std::uint16_t(port));
        return address;
    }
    bool listen(int backlog)
    {
        const sockaddr_in any = address(0);
        return bind(m_fd, reinterpret_cast<const sockaddr *>(&any), sizeof(any)) == 0 && ::listen(m_fd, backlog) == 0;
    }
    bool connectTo(int port)
    {
        const sockaddr_in peer = address(port);
        return ::connect(m_fd, reinterpret_cast<const sockaddr *>(&peer), sizeof(peer)) == 0;
    }
    int port() const
    {
        sockaddr_in own = {};
        socklen_t size = sizeof(own);
        getsockname(m_fd, reinterpret_cast<sockaddr *>(&own), &size);
        return ntohs(own.sin_port);
    }
    int accept() const { return ::accept4(m_fd, nullptr, nullptr, SOCK_CLOEXEC); }
    int descriptor() const { return m_fd; }

    // Sends RST instead of FIN.
    void reset()
    {
        const linger now = {1, 0};
        setsockopt(m_fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
        close();
    }
    void close()
    {
        if (m_fd >= 0)
            ::close(std::exchange(m_fd, -1));
    }

private:
    int m_fd;
};

// How a wait failed: its error code and all it says.
class Failure
{
public:
    template<typename T>
    explicit Failure(const Result<T> &result) : outcome(result.outcome())
    {
        text = QString::fromStdString(result.errorString());
        try {
            if (result.error())
                std::rethrow_exception(result.error());
        } catch (const std::system_error &error) {
            code = error.code();
        } catch (...) { }
    }

    Outcome outcome;
    std::error_code code;
    QString text;
};

template<Awaitable A>
Failure failureOf(A awaitable)
{
    return Failure(tryRunSync(std::move(awaitable), RunOptions().timeout(std::chrono::seconds(10))));
}

inline Task<> makePair(TcpSocket &near, TcpSocket &far)
{
    TcpServer server = TcpServer::listen(loopback, 0);
    const auto accepting = spawn(server.accept(), "accept");
    near = co_await TcpSocket::connect(loopback, server.port());
    auto accepted = accepting;
    far = co_await std::move(accepted);
}

class Pair
{
public:
    Pair() { runSync(makePair(near, far)); }

    TcpSocket near;
    TcpSocket far;
};

} // namespace interloop::test
