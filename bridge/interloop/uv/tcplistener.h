// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/waitoperation.h>
#include <interloop/uv/tcphandle.h>

#include <string>

/*
 * libuv's side of a listening socket. libuv holds one connection back until it is accepted, and the kernel the rest.
 */

namespace interloop {

class TcpStream;

class TcpListener final : public TcpHandle
{
public:
    explicit TcpListener(Pump &pump) : TcpHandle(pump) { }

    // libuv's error code.
    int listen(const SocketAddress &address, int backlog);

    // Moves the connection that libuv holds into `stream`: libuv's error code, UV_EAGAIN when there is none.
    int take(TcpStream &stream);

    std::string describe(const char *operation) const;

private:
    friend class AcceptOperation;
    static void arrived(uv_stream_t *stream, int status);
    void closing() noexcept override;
    void wakeFirst() noexcept;

    SocketAddress m_address;
    List<Operation> m_waiters; // who waits for a connection, in order
    int m_status = 0; // libuv's error of the last arrival, for the next accept
    bool m_hasArrived = false; // libuv holds a connection
};

// Waits until libuv holds a connection.
class AcceptOperation final : public WaitOperation
{
public:
    explicit AcceptOperation(TcpListener &listener) noexcept : m_listener(listener) { }
    void await_resume();
    void wake() override { complete(); }
    std::string describe() const override { return m_listener.describe("accept"); }

private:
    Begun begin() override;
    bool abandon(CancelMode mode) override;

    TcpListener &m_listener;
};

} // namespace interloop
