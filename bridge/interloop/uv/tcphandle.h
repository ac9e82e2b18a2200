// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/uv/address.h>
#include <interloop/uv/streamhandle.h>
#include <interloop/uv/streamlistener.h>
#include <interloop/uv/streamrequest.h>

#include <uv.h>

#include <string>

/*
 * A uv_tcp_t on this thread's loop: as a connection, and as what listens for connections.
 */

namespace interloop {

SocketAddress localAddressOf(const uv_tcp_t &tcp); // invalid when there is none
SocketAddress peerAddressOf(const uv_tcp_t &tcp); // likewise

class TcpStream final : public StreamHandle
{
public:
    explicit TcpStream(Pump &pump);

    uv_tcp_t *tcp() noexcept { return &m_tcp; }
    std::string name() const override;

    // Closes so that the peer gets a reset: libuv's error code.
    int reset() noexcept;

    // The peer as it was when the connection was made.
    void setPeer(const SocketAddress &peer) { m_peer = peer; }
    const SocketAddress &peer() const noexcept { return m_peer; }

private:
    uv_tcp_t m_tcp;
    SocketAddress m_peer;
};

class TcpListener final : public StreamListener
{
public:
    explicit TcpListener(Pump &pump);

    // libuv's error code. `flags`: those of uv_tcp_bind.
    int listen(const SocketAddress &address, int backlog, unsigned flags);

    // Takes over a descriptor that listens already: libuv's error code, then it is still the caller's.
    int open(int descriptor);

    uv_tcp_t *tcp() noexcept { return &m_tcp; }
    std::string name() const override { return m_address.toString().toStdString(); }
    const SocketAddress &address() const noexcept { return m_address; }

private:
    uv_tcp_t m_tcp;
    SocketAddress m_address;
};

class TcpConnect final : public ConnectOperation
{
public:
    TcpConnect(TcpStream &stream, const SocketAddress &address) noexcept
        : ConnectOperation(stream), m_stream(stream), m_address(address)
    {
    }

private:
    int issue() override { return uv_tcp_connect(request(), m_stream.tcp(), m_address.data(), &TcpConnect::connected); }

    TcpStream &m_stream;
    SocketAddress m_address;
};

} // namespace interloop
