// SPDX-License-Identifier: MIT
#include <interloop/uv/tcp.h>

#include <interloop/loop/bridge.h>
#include <interloop/task/errors.h>
#include <interloop/uv/dns.h>
#include <interloop/uv/happyeyeballs.h>
#include <interloop/uv/receivedhandle.h>
#include <interloop/uv/tcphandle.h>

#include <string>

namespace interloop {

namespace {

Task<TcpSocket> acceptOn(UvRef<TcpListener> listener)
{
    StreamListener *const waited = listener ? &*listener : nullptr;
    for (;;) {
        co_await awaitConnection(waited);
        UvRef<TcpStream> stream(new TcpStream(listener->pump()));
        const bool isTaken = listener->take(*stream);
        if (!isTaken)
            continue; // by another task, which was faster
        stream->setPeer(peerAddressOf(*stream->tcp()));
        co_return TcpSocket(std::move(stream));
    }
}

Task<TcpSocket> connectTo(SocketAddress address)
{
    if (!address.isValid())
        throw uvError(UV_EINVAL, "connect: no address");
    UvRef<TcpStream> stream(new TcpStream(currentPump()));
    stream->setPeer(address);
    TcpConnect operation(*stream, address);
    const int error = co_await inPlace(operation);
    if (error)
        throw uvError(error, stream->describe("connect"));
    co_return TcpSocket(std::move(stream));
}

[[noreturn]] void refuse(int descriptor, const char *why, int code = UV_EINVAL)
{
    throw uvError(code, "open descriptor " + std::to_string(descriptor) + why);
}

UvRef<TcpListener> listenOn(const SocketAddress &address, int backlog, unsigned flags)
{
    if (!address.isValid())
        throw uvError(UV_EINVAL, "listen: no address");
    if (backlog <= 0)
        throw uvError(UV_EINVAL, "listen " + address.toString().toStdString() + ": a backlog of " + std::to_string(backlog));
    UvRef<TcpListener> listener(new TcpListener(currentPump()));
    if (const int error = listener->listen(address, backlog, flags))
        throw uvError(error, "listen " + address.toString().toStdString());
    return listener;
}

} // namespace

TcpSocket::TcpSocket(UvRef<TcpStream> stream) noexcept : Stream(UvRef<StreamHandle>(&*stream)) { }

Task<TcpSocket> TcpSocket::connect(QString host, int port)
{
    requireHostAndPort("connect", host, port);
    const QList<SocketAddress> addresses = co_await resolve(host, port);
    TcpSocket socket = co_await connectToFirst(addresses, ConnectAttempt(&connectTo));
    co_return socket;
}

Task<TcpSocket> TcpSocket::connect(SocketAddress address)
{
    return connectTo(address);
}

TcpSocket TcpSocket::fromDescriptor(int descriptor)
{
    if (ReceivedHandle::kindOf(descriptor) != ReceivedHandle::Kind::TcpSocket)
        refuse(descriptor, ": not a TCP socket");
    UvRef<TcpStream> stream(new TcpStream(currentPump()));
    if (const int error = uv_tcp_open(stream->tcp(), descriptor))
        refuse(descriptor, "", error);
    stream->setPeer(peerAddressOf(*stream->tcp()));
    return TcpSocket(std::move(stream));
}

TcpStream &TcpSocket::tcp() const noexcept
{
    return static_cast<TcpStream &>(*m_handle); // made by the constructor above
}

void TcpSocket::check(int error, const char *operation) const
{
    if (error)
        throw uvError(error, tcp().describe(operation));
}

void TcpSocket::setNoDelay(bool enabled)
{
    requireOpen("setNoDelay");
    check(uv_tcp_nodelay(tcp().tcp(), enabled), "setNoDelay");
}

void TcpSocket::setKeepAlive(std::chrono::seconds idle)
{
    requireOpen("setKeepAlive");
    const bool isPossible = idle.count() >= 1 && idle.count() <= 32767;
    check(isPossible ? uv_tcp_keepalive(tcp().tcp(), 1, static_cast<unsigned>(idle.count())) : UV_EINVAL, "setKeepAlive");
}

void TcpSocket::clearKeepAlive()
{
    requireOpen("clearKeepAlive");
    check(uv_tcp_keepalive(tcp().tcp(), 0, 0), "clearKeepAlive");
}

void TcpSocket::reset()
{
    requireOpen("reset");
    check(tcp().reset(), "reset");
}

SocketAddress TcpSocket::localAddress() const
{
    return isOpen() ? localAddressOf(*tcp().tcp()) : SocketAddress();
}

SocketAddress TcpSocket::peerAddress() const
{
    return isOpen() ? tcp().peer() : SocketAddress();
}

TcpServer::TcpServer() noexcept = default;
TcpServer::TcpServer(UvRef<TcpListener> listener) noexcept : m_listener(std::move(listener)) { }
TcpServer::TcpServer(TcpServer &&other) noexcept = default;

TcpServer &TcpServer::operator=(TcpServer &&other) noexcept
{
    std::swap(m_listener, other.m_listener);
    return *this;
}

TcpServer::~TcpServer()
{
    close();
}

TcpServer TcpServer::listen(const QString &host, int port, int backlog)
{
    requireHostAndPort("listen", host, port);
    const SocketAddress address = SocketAddress::fromNumeric(host, port);
    if (!address.isValid())
        throw uvError(UV_EINVAL, "listen " + host.toStdString() + ": a numeric address is needed");
    return TcpServer(listenOn(address, backlog, 0));
}

TcpServer TcpServer::listen(const QList<SocketAddress> &addresses, int backlog)
{
    if (addresses.isEmpty())
        throw uvError(UV_EINVAL, "listen: no address");
    TcpServer server;
    for (const SocketAddress &address : addresses) {
        UvRef<TcpListener> listener = listenOn(address, backlog, address.isIp6() ? unsigned(UV_TCP_IPV6ONLY) : 0u);
        if (!server.m_listener)
            server.m_listener = std::move(listener);
        else
            server.m_listener->addSibling(*listener);
    }
    return server;
}

TcpServer TcpServer::fromDescriptor(int descriptor)
{
    if (ReceivedHandle::kindOf(descriptor) != ReceivedHandle::Kind::TcpServer)
        refuse(descriptor, ": not a TCP socket that listens");
    UvRef<TcpListener> listener(new TcpListener(currentPump()));
    if (const int error = listener->open(descriptor))
        refuse(descriptor, "", error);
    return TcpServer(std::move(listener));
}

Task<TcpSocket> TcpServer::accept()
{
    return acceptOn(m_listener);
}

void TcpServer::close() noexcept
{
    if (m_listener)
        m_listener->close();
}

bool TcpServer::isOpen() const noexcept
{
    return m_listener && m_listener->isOpen();
}

int TcpServer::descriptor() const noexcept
{
    return isOpen() ? m_listener->descriptor() : -1;
}

SocketAddress TcpServer::address() const
{
    return isOpen() ? m_listener->address() : SocketAddress();
}

QList<SocketAddress> TcpServer::addresses() const
{
    QList<SocketAddress> all;
    if (!isOpen())
        return all;
    all.append(m_listener->address());
    for (const UvRef<StreamListener> &sibling : m_listener->siblings())
        all.append(static_cast<const TcpListener &>(*sibling).address());
    return all;
}

} // namespace interloop
