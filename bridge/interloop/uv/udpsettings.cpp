// SPDX-License-Identifier: MIT
#include <interloop/uv/udp.h>

#include <interloop/task/errors.h>
#include <interloop/uv/udphandle.h>

#include <string>

// Groups, hops and buffers of a UdpSocket: what only sets something.

namespace interloop {

namespace {

std::string shown(QString host)
{
    return host.replace(QChar(u'\0'), QStringLiteral("\\0")).toStdString();
}

// "192.0.2.7" as libuv wants it. Throws when it is no numeric address.
QByteArray numeric(const std::string &what, const QString &host)
{
    if (!SocketAddress::fromNumeric(host, 0).isValid())
        throw uvError(UV_EINVAL, what + ": \"" + shown(host) + "\" is no numeric address");
    return host.toLatin1();
}

void setMembership(UdpHandle &handle, const char *operation, const QString &group, const QString &networkInterface,
                   uv_membership membership)
{
    const std::string what = std::string(operation) + ' ' + shown(group);
    const QByteArray groupText = numeric(what, group);
    const QByteArray interfaceText = networkInterface.isEmpty() ? QByteArray() : numeric(what, networkInterface);
    const char *through = interfaceText.isEmpty() ? nullptr : interfaceText.constData();
    requireUdpSuccess(uv_udp_set_membership(handle.udp(), groupText.constData(), through, membership), what);
}

void setSourceMembership(UdpHandle &handle, const char *operation, const QString &group, const QString &source,
                         const QString &networkInterface, uv_membership membership)
{
    const std::string what = std::string(operation) + ' ' + shown(group) + " from " + shown(source);
    const QByteArray groupText = numeric(what, group);
    const QByteArray sourceText = numeric(what, source);
    const QByteArray interfaceText = networkInterface.isEmpty() ? QByteArray() : numeric(what, networkInterface);
    const char *through = interfaceText.isEmpty() ? nullptr : interfaceText.constData();
    requireUdpSuccess(uv_udp_set_source_membership(handle.udp(), groupText.constData(), through, sourceText.constData(),
                                                   membership),
                      what);
}

} // namespace

void UdpSocket::joinGroup(const QString &group, const QString &networkInterface)
{
    requireOpenUdp("joinGroup", m_handle);
    setMembership(*m_handle, "joinGroup", group, networkInterface, UV_JOIN_GROUP);
}

void UdpSocket::leaveGroup(const QString &group, const QString &networkInterface)
{
    requireOpenUdp("leaveGroup", m_handle);
    setMembership(*m_handle, "leaveGroup", group, networkInterface, UV_LEAVE_GROUP);
}

void UdpSocket::joinGroupOfSource(const QString &group, const QString &source, const QString &networkInterface)
{
    requireOpenUdp("joinGroupOfSource", m_handle);
    setSourceMembership(*m_handle, "joinGroupOfSource", group, source, networkInterface, UV_JOIN_GROUP);
}

void UdpSocket::leaveGroupOfSource(const QString &group, const QString &source, const QString &networkInterface)
{
    requireOpenUdp("leaveGroupOfSource", m_handle);
    setSourceMembership(*m_handle, "leaveGroupOfSource", group, source, networkInterface, UV_LEAVE_GROUP);
}

void UdpSocket::setMulticastLoop(bool enabled)
{
    requireOpenUdp("setMulticastLoop", m_handle);
    requireUdpSuccess(uv_udp_set_multicast_loop(m_handle->udp(), enabled), m_handle->describe("setMulticastLoop"));
}

void UdpSocket::setMulticastHops(int count)
{
    requireOpenUdp("setMulticastHops", m_handle);
    const int error = count < 1 || count > 255 ? UV_EINVAL : uv_udp_set_multicast_ttl(m_handle->udp(), count);
    requireUdpSuccess(error, m_handle->describe("setMulticastHops") + ", " + std::to_string(count));
}

void UdpSocket::setMulticastInterface(const QString &networkInterface)
{
    requireOpenUdp("setMulticastInterface", m_handle);
    const std::string what = m_handle->describe("setMulticastInterface") + ", " + shown(networkInterface);
    const QByteArray address = numeric(what, networkInterface);
    requireUdpSuccess(uv_udp_set_multicast_interface(m_handle->udp(), address.constData()), what);
}

void UdpSocket::setHops(int count)
{
    requireOpenUdp("setHops", m_handle);
    const std::string what = m_handle->describe("setHops") + ", " + std::to_string(count);
    requireUdpSuccess(uv_udp_set_ttl(m_handle->udp(), count), what);
}

void UdpSocket::setBroadcast(bool enabled)
{
    requireOpenUdp("setBroadcast", m_handle);
    requireUdpSuccess(uv_udp_set_broadcast(m_handle->udp(), enabled), m_handle->describe("setBroadcast"));
}

void UdpSocket::setReceiveBufferSize(int bytes)
{
    requireOpenUdp("setReceiveBufferSize", m_handle);
    auto *handle = reinterpret_cast<uv_handle_t *>(m_handle->udp());
    const int error = bytes <= 0 ? UV_EINVAL : uv_recv_buffer_size(handle, &bytes);
    requireUdpSuccess(error, m_handle->describe("setReceiveBufferSize") + ", " + std::to_string(bytes) + " bytes");
}

void UdpSocket::setSendBufferSize(int bytes)
{
    requireOpenUdp("setSendBufferSize", m_handle);
    auto *handle = reinterpret_cast<uv_handle_t *>(m_handle->udp());
    const int error = bytes <= 0 ? UV_EINVAL : uv_send_buffer_size(handle, &bytes);
    requireUdpSuccess(error, m_handle->describe("setSendBufferSize") + ", " + std::to_string(bytes) + " bytes");
}

} // namespace interloop
