// SPDX-License-Identifier: MIT
#include <interloop/uv/tcphandle.h>

#include <interloop/loop/pump.h>

#include <sys/socket.h>

#include <cerrno>

namespace interloop {

namespace {

template<typename Ask>
SocketAddress addressFrom(Ask ask, const uv_tcp_t &tcp)
{
    sockaddr_storage storage = {};
    int size = sizeof(storage);
    if (ask(&tcp, reinterpret_cast<sockaddr *>(&storage), &size) != 0)
        return SocketAddress();
    return SocketAddress(reinterpret_cast<const sockaddr *>(&storage));
}

} // namespace

SocketAddress localAddressOf(const uv_tcp_t &tcp)
{
    return addressFrom(&uv_tcp_getsockname, tcp);
}

SocketAddress peerAddressOf(const uv_tcp_t &tcp)
{
    return addressFrom(&uv_tcp_getpeername, tcp);
}

TcpStream::TcpStream(Pump &pump) : StreamHandle(pump, reinterpret_cast<uv_stream_t *>(&m_tcp))
{
    uv_tcp_init(pump.uvLoop(), &m_tcp);
    initialised();
}

std::string TcpStream::name() const
{
    return m_peer.isValid() ? m_peer.toString().toStdString() : "(not connected)";
}

// What uv_tcp_close_reset does, which however refuses while a shutdown waits: Linux does not mind.
int TcpStream::reset() noexcept
{
    linger now = {};
    now.l_onoff = 1;
    if (setsockopt(descriptor(), SOL_SOCKET, SO_LINGER, &now, sizeof(now)) != 0)
        return uv_translate_sys_error(errno);
    close();
    return 0;
}

TcpListener::TcpListener(Pump &pump) : StreamListener(pump, reinterpret_cast<uv_stream_t *>(&m_tcp))
{
    uv_tcp_init(pump.uvLoop(), &m_tcp);
    initialised();
}

int TcpListener::listen(const SocketAddress &address, int backlog, unsigned flags)
{
    m_address = address;
    if (const int error = uv_tcp_bind(&m_tcp, address.data(), flags))
        return error;
    sockaddr_storage bound = {};
    int size = sizeof(bound);
    if (const int error = uv_tcp_getsockname(&m_tcp, reinterpret_cast<sockaddr *>(&bound), &size))
        return error; // a port in use is told here, not by uv_tcp_bind
    m_address = SocketAddress(reinterpret_cast<const sockaddr *>(&bound)); // with the port that port 0 has become
    return startListening(backlog);
}

int TcpListener::open(int descriptor)
{
    if (const int error = uv_tcp_open(&m_tcp, descriptor))
        return error;
    m_address = localAddressOf(m_tcp);
    return 0;
}

} // namespace interloop
