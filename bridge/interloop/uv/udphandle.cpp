// SPDX-License-Identifier: MIT
#include <interloop/uv/udphandle.h>

#include <interloop/loop/pump.h>
#include <interloop/task/errors.h>
#include <interloop/uv/udpoperation.h>

#include <algorithm>
#include <utility>

namespace interloop {

namespace {

template<typename Ask>
SocketAddress addressFrom(Ask ask, const uv_udp_t &udp)
{
    sockaddr_storage storage = {};
    int size = sizeof(storage);
    if (ask(&udp, reinterpret_cast<sockaddr *>(&storage), &size) != 0)
        return SocketAddress();
    return SocketAddress(reinterpret_cast<const sockaddr *>(&storage));
}

uv_buf_t toRead(std::span<const std::byte> data) noexcept
{
    uv_buf_t buffer = uv_buf_init(nullptr, 0);
    buffer.base = const_cast<char *>(reinterpret_cast<const char *>(data.data())); // libuv only reads it
    buffer.len = data.size();
    return buffer;
}

} // namespace

UdpHandle::UdpHandle(Pump &pump) : UvHandle(pump, reinterpret_cast<uv_handle_t *>(&m_udp))
{
    uv_udp_init(pump.uvLoop(), &m_udp);
    initialised();
}

SocketAddress UdpHandle::localAddress() const
{
    return addressFrom(&uv_udp_getsockname, m_udp);
}

void UdpHandle::updatePeer()
{
    m_peer = addressFrom(&uv_udp_getpeername, m_udp);
}

std::string UdpHandle::describe(const char *operation) const
{
    const SocketAddress local = isOpen() ? localAddress() : m_lastAddress;
    return std::string(operation) + " on " + (local.isValid() ? local.toString().toStdString() : "(no address)");
}

int UdpHandle::startReceiving() noexcept
{
    if (m_isReceiving)
        return 0;
    const int error = uv_udp_recv_start(&m_udp, &UdpHandle::allocate, &UdpHandle::received);
    m_isReceiving = error == 0;
    pump().touch();
    return error;
}

void UdpHandle::stopReceiving() noexcept
{
    uv_udp_recv_stop(&m_udp);
    m_isReceiving = false;
}

void UdpHandle::allocate(uv_handle_t *handle, std::size_t, uv_buf_t *buffer)
{
    const UdpHandle *self = from<UdpHandle>(handle);
    *buffer = self->m_receivers.isEmpty() ? uv_buf_init(nullptr, 0) : self->m_receivers.first().target();
}

void UdpHandle::received(uv_udp_t *udp, ssize_t count, const uv_buf_t *buffer, const sockaddr *sender, unsigned flags)
{
    UdpHandle *self = from<UdpHandle>(udp);
    if (self->m_receivers.isEmpty()) {
        self->stopReceiving(); // nothing was taken from the kernel
    } else if (count < 0) {
        self->m_receivers.takeFirst().end(static_cast<int>(count));
    } else if (sender) { // without: would have blocked
        const auto extent = flags & UV_UDP_PARTIAL ? DatagramInfo::Extent::Truncated : DatagramInfo::Extent::Whole;
        const DatagramInfo info(static_cast<std::size_t>(count), SocketAddress(sender), extent);
        self->m_receivers.takeFirst().take(buffer->base, info);
    }
}

// The kernel's answer: 0, or libuv's error code; UV_EAGAIN when it has no room.
int UdpHandle::trySend(const SendOperation &operation) noexcept
{
    const uv_buf_t buffer = toRead(operation.m_data);
    return std::min(uv_udp_try_send(&m_udp, &buffer, 1, operation.receiver()), 0);
}

int UdpHandle::handOver(SendOperation &operation)
{
    m_outgoing.assign(operation.m_data.begin(), operation.m_data.end());
    const uv_buf_t buffer = toRead(m_outgoing);
    const int error = uv_udp_send(&m_request, &m_udp, &buffer, 1, operation.receiver(), &UdpHandle::sent);
    m_isSending = error == 0;
    if (m_isSending)
        m_sender = &operation;
    return error;
}

void UdpHandle::sent(uv_udp_send_t *request, int status)
{
    UdpHandle *self = from<UdpHandle>(request->handle);
    self->m_isSending = false;
    if (self->m_sender)
        std::exchange(self->m_sender, nullptr)->end(status);
    self->sendWaiting();
}

void UdpHandle::sendWaiting() noexcept
{
    while (isOpen() && !m_isSending && !m_senders.isEmpty()) {
        SendOperation &next = m_senders.takeFirst();
        int status = trySend(next);
        if (status == UV_EAGAIN)
            status = handOver(next);
        if (!m_isSending)
            next.end(status);
    }
}

void UdpHandle::closing() noexcept
{
    m_lastAddress = localAddress();
    while (!m_receivers.isEmpty())
        m_receivers.takeFirst().end(UV_ECANCELED);
    if (m_sender)
        std::exchange(m_sender, nullptr)->end(UV_ECANCELED);
    while (!m_senders.isEmpty())
        m_senders.takeFirst().end(UV_ECANCELED);
}

void requireOpenUdp(const char *operation, const UvRef<UdpHandle> &handle)
{
    if (!handle)
        throw uvError(UV_ECANCELED, std::string(operation) + ": the socket is closed");
    if (!handle->isOpen())
        throw uvError(UV_ECANCELED, handle->describe(operation));
    handle->requireOwnThread(operation);
}

void requireUdpSuccess(int error, const std::string &what)
{
    if (error)
        throw uvError(error, what);
}

} // namespace interloop
