// SPDX-License-Identifier: MIT
#include <interloop/uv/udp.h>

#include <interloop/loop/bridge.h>
#include <interloop/loop/pump.h>
#include <interloop/task/errors.h>
#include <interloop/uv/dns.h>
#include <interloop/uv/udpoperation.h>

#include <sys/socket.h>

#include <cerrno>

namespace interloop {

namespace {

Task<> sendFrom(UvRef<UdpHandle> handle, std::span<const std::byte> data, SocketAddress receiver)
{
    requireOpenUdp("send", handle);
    SendOperation operation(*handle, data, receiver);
    co_await inPlace(operation);
}

Task<> sendBytes(UvRef<UdpHandle> handle, QByteArray data, SocketAddress receiver)
{
    requireOpenUdp("send", handle);
    SendOperation operation(*handle, std::as_bytes(std::span(data.constData(), std::size_t(data.size()))), receiver);
    co_await inPlace(operation);
}

Task<> refuseReceiver()
{
    throw uvError(UV_EDESTADDRREQ, "send to an invalid address");
    co_return;
}

Task<Datagram> receiveBytes(UvRef<UdpHandle> handle)
{
    requireOpenUdp("receive", handle);
    QByteArray bytes;
    ReceiveOperation operation(*handle, bytes);
    const DatagramInfo info = co_await inPlace(operation);
    co_return Datagram(std::move(bytes), info);
}

Task<DatagramInfo> receiveInto(UvRef<UdpHandle> handle, std::span<std::byte> buffer)
{
    requireOpenUdp("receive", handle);
    if (buffer.empty())
        throw uvError(UV_EINVAL, handle->describe("receive") + " into an empty buffer");
    ReceiveOperation operation(*handle, buffer);
    const DatagramInfo info = co_await inPlace(operation);
    co_return info;
}

} // namespace

UdpSocket::UdpSocket() noexcept = default;
UdpSocket::UdpSocket(UvRef<UdpHandle> handle) noexcept : m_handle(std::move(handle)) { }
UdpSocket::UdpSocket(UdpSocket &&other) noexcept = default;

UdpSocket &UdpSocket::operator=(UdpSocket &&other) noexcept
{
    std::swap(m_handle, other.m_handle);
    return *this;
}

UdpSocket::~UdpSocket()
{
    close();
}

UdpSocket UdpSocket::open()
{
    return UdpSocket(UvRef<UdpHandle>(new UdpHandle(currentPump())));
}

UdpSocket UdpSocket::bind(const QString &host, int port, UdpOptions options)
{
    requireHostAndPort("bind", host, port);
    const SocketAddress address = SocketAddress::fromNumeric(host, port);
    if (!address.isValid())
        throw uvError(UV_EINVAL, "bind " + host.toStdString() + ": a numeric address is needed");
    unsigned flags = 0;
    if (options.reusesAddress())
        flags |= UV_UDP_REUSEADDR;
    if (options.isOnlyIp6())
        flags |= UV_UDP_IPV6ONLY;
    UdpSocket socket = open();
    const int error = uv_udp_bind(socket.m_handle->udp(), address.data(), flags);
    requireUdpSuccess(error, "bind " + address.toString().toStdString());
    return socket;
}

UdpSocket UdpSocket::fromDescriptor(int descriptor)
{
    const std::string what = "open descriptor " + std::to_string(descriptor);
    int type = 0;
    socklen_t size = sizeof(type);
    if (getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) != 0)
        throw uvError(uv_translate_sys_error(errno), what);
    if (type != SOCK_DGRAM && type != SOCK_RAW)
        throw uvError(UV_EPROTOTYPE, what);
    UdpSocket socket = open();
    requireUdpSuccess(uv_udp_open(socket.m_handle->udp(), descriptor), what);
    socket.m_handle->updatePeer();
    return socket;
}

Task<UdpSocket> UdpSocket::connect(QString host, int port)
{
    requireHostAndPort("connect", host, port);
    const QList<SocketAddress> addresses = co_await resolve(host, port);
    int error = 0;
    for (const SocketAddress &address : addresses) {
        UdpSocket socket = open(); // one for each: a socket's first address decides about its family
        error = uv_udp_connect(socket.m_handle->udp(), address.data());
        socket.m_handle->updatePeer();
        if (error == 0)
            co_return socket;
    }
    throw uvError(error, "connect " + addresses.last().toString().toStdString());
}

void UdpSocket::connect(const SocketAddress &peer)
{
    requireOpenUdp("connect", m_handle);
    if (!peer.isValid())
        throw uvError(UV_EDESTADDRREQ, "connect to an invalid address");
    if (isConnected())
        disconnect();
    const int error = uv_udp_connect(m_handle->udp(), peer.data());
    m_handle->updatePeer();
    requireUdpSuccess(error, "connect " + peer.toString().toStdString());
}

void UdpSocket::disconnect()
{
    requireOpenUdp("disconnect", m_handle);
    const std::string what = m_handle->describe("disconnect");
    const int error = uv_udp_connect(m_handle->udp(), nullptr);
    m_handle->updatePeer();
    requireUdpSuccess(error, what);
}

Task<> UdpSocket::send(QByteArray data, SocketAddress receiver)
{
    return receiver.isValid() ? sendBytes(m_handle, std::move(data), receiver) : refuseReceiver();
}

Task<> UdpSocket::send(std::span<const std::byte> data, SocketAddress receiver)
{
    return receiver.isValid() ? sendFrom(m_handle, data, receiver) : refuseReceiver();
}

Task<> UdpSocket::send(QByteArray data)
{
    return sendBytes(m_handle, std::move(data), SocketAddress());
}

Task<> UdpSocket::send(std::span<const std::byte> data)
{
    return sendFrom(m_handle, data, SocketAddress());
}

Task<Datagram> UdpSocket::receive()
{
    return receiveBytes(m_handle);
}

Task<DatagramInfo> UdpSocket::receive(std::span<std::byte> buffer)
{
    return receiveInto(m_handle, buffer);
}

void UdpSocket::close() noexcept
{
    if (m_handle)
        m_handle->close();
}

bool UdpSocket::isOpen() const noexcept
{
    return m_handle && m_handle->isOpen();
}

int UdpSocket::descriptor() const noexcept
{
    return isOpen() ? m_handle->descriptor() : -1;
}

SocketAddress UdpSocket::localAddress() const
{
    return isOpen() ? m_handle->localAddress() : SocketAddress();
}

SocketAddress UdpSocket::peerAddress() const
{
    return isOpen() ? m_handle->peer() : SocketAddress();
}

} // namespace interloop
