// SPDX-License-Identifier: MIT
#include <interloop/uv/tcp.h>

#include <interloop/loop/bridge.h>
#include <interloop/task/errors.h>
#include <interloop/uv/dns.h>
#include <interloop/uv/streamrequest.h>
#include <interloop/uv/tcplistener.h>
#include <interloop/uv/tcpstream.h>

namespace interloop {

namespace {

void requireOpen(const char *operation, const UvRef<TcpStream> &stream)
{
    if (!stream)
        throw uvError(UV_ENOTCONN, std::string(operation) + " (not connected)");
    if (!stream->isOpen())
        throw uvError(UV_ECANCELED, stream->describe(operation));
    stream->requireOwnThread(operation);
}

Task<QByteArray> readBytes(UvRef<TcpStream> stream, qsizetype maximum)
{
    requireOpen("read", stream);
    if (maximum <= 0)
        throw uvError(UV_EINVAL, stream->describe("read") + " at most " + std::to_string(maximum) + " bytes");
    QByteArray bytes;
    ReadOperation operation(*stream, bytes, maximum);
    co_await inPlace(operation);
    co_return bytes;
}

Task<std::size_t> readInto(UvRef<TcpStream> stream, std::span<std::byte> buffer)
{
    requireOpen("read", stream);
    if (buffer.empty())
        throw uvError(UV_EINVAL, stream->describe("read") + " into an empty buffer");
    ReadOperation operation(*stream, buffer);
    const std::size_t count = co_await inPlace(operation);
    co_return count;
}

Task<> writeFrom(UvRef<TcpStream> stream, std::span<const std::byte> data)
{
    requireOpen("write", stream);
    WriteOperation operation(*stream, data);
    co_await inPlace(operation);
}

Task<> writeBytes(UvRef<TcpStream> stream, QByteArray data)
{
    requireOpen("write", stream);
    WriteOperation operation(*stream, std::as_bytes(std::span(data.constData(), std::size_t(data.size()))));
    co_await inPlace(operation);
}

Task<> shutDownStream(UvRef<TcpStream> stream)
{
    requireOpen("shutdown", stream);
    ShutdownOperation operation(*stream);
    co_await inPlace(operation);
}

Task<TcpSocket> acceptOn(UvRef<TcpListener> listener)
{
    if (!listener || !listener->isOpen())
        throw uvError(UV_ECANCELED, "accept: the server is closed");
    listener->requireOwnThread("accept");
    for (;;) {
        AcceptOperation operation(*listener);
        co_await inPlace(operation);
        if (!listener->isOpen())
            throw uvError(UV_ECANCELED, listener->describe("accept"));
        UvRef<TcpStream> stream(new TcpStream(listener->pump()));
        const int error = listener->take(*stream);
        if (error == UV_EAGAIN)
            continue; // another task took it first
        if (error)
            throw uvError(error, listener->describe("accept"));
        stream->setPeer(stream->remoteAddress());
        co_return TcpSocket(std::move(stream));
    }
}

} // namespace

TcpSocket::TcpSocket() noexcept = default;
TcpSocket::TcpSocket(UvRef<TcpStream> stream) noexcept : m_stream(std::move(stream)) { }
TcpSocket::TcpSocket(TcpSocket &&other) noexcept = default;

TcpSocket &TcpSocket::operator=(TcpSocket &&other) noexcept
{
    std::swap(m_stream, other.m_stream);
    return *this;
}

TcpSocket::~TcpSocket()
{
    close();
}

Task<TcpSocket> TcpSocket::connect(QString host, int port)
{
    requireHostAndPort("connect", host, port);
    const QList<SocketAddress> addresses = co_await resolve(host, port);
    int error = 0;
    for (const SocketAddress &address : addresses) {
        UvRef<TcpStream> stream(new TcpStream(currentPump()));
        stream->setPeer(address);
        ConnectOperation operation(*stream, address);
        error = co_await inPlace(operation);
        if (error == 0)
            co_return TcpSocket(std::move(stream));
    }
    throw uvError(error, "connect " + addresses.last().toString().toStdString());
}

Task<QByteArray> TcpSocket::read(qsizetype maximum)
{
    return readBytes(m_stream, maximum);
}

Task<std::size_t> TcpSocket::read(std::span<std::byte> buffer)
{
    return readInto(m_stream, buffer);
}

Task<> TcpSocket::write(QByteArray data)
{
    return writeBytes(m_stream, std::move(data));
}

Task<> TcpSocket::write(std::span<const std::byte> data)
{
    return writeFrom(m_stream, data);
}

Task<> TcpSocket::shutdown()
{
    return shutDownStream(m_stream);
}

void TcpSocket::close() noexcept
{
    if (m_stream)
        m_stream->close();
}

bool TcpSocket::isOpen() const noexcept
{
    return m_stream && m_stream->isOpen();
}

void TcpSocket::setNoDelay(bool enabled)
{
    requireOpen("setNoDelay", m_stream);
    if (const int error = uv_tcp_nodelay(m_stream->tcp(), enabled))
        throw uvError(error, m_stream->describe("setNoDelay"));
}

SocketAddress TcpSocket::localAddress() const
{
    return isOpen() ? m_stream->localAddress() : SocketAddress();
}

SocketAddress TcpSocket::peerAddress() const
{
    return isOpen() ? m_stream->peer() : SocketAddress();
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
    UvRef<TcpListener> listener(new TcpListener(currentPump()));
    if (const int error = listener->listen(address, backlog))
        throw uvError(error, "listen " + address.toString().toStdString());
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

SocketAddress TcpServer::address() const
{
    return isOpen() ? m_listener->localAddress() : SocketAddress();
}

} // namespace interloop
