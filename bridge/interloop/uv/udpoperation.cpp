// SPDX-License-Identifier: MIT
#include <interloop/uv/udpoperation.h>

#include <interloop/loop/pump.h>
#include <interloop/task/errors.h>

#include <algorithm>
#include <memory>

namespace interloop {

namespace {

constexpr std::size_t largestDatagram = 65536;

// Where a datagram lies between libuv's recvmsg and its callback, for receivers that want an array of its own size.
// One for each thread: libuv calls back before it receives again.
char *scratch()
{
    static thread_local const std::unique_ptr<char[]> memory(new char[largestDatagram]);
    return memory.get();
}

} // namespace

WaitOperation::Begun ReceiveOperation::begin()
{
    m_status = m_handle.isOpen() ? m_handle.startReceiving() : UV_ECANCELED;
    if (m_status != 0)
        return Begun::Ready;
    m_handle.m_receivers.append(*this);
    return Begun::Waiting;
}

bool ReceiveOperation::abandon(CancelMode)
{
    unlink();
    return true;
}

uv_buf_t ReceiveOperation::target() const noexcept
{
    if (m_bytes)
        return uv_buf_init(scratch(), largestDatagram);
    const std::size_t size = std::min(m_buffer.size(), largestDatagram);
    return uv_buf_init(reinterpret_cast<char *>(m_buffer.data()), static_cast<unsigned>(size));
}

void ReceiveOperation::take(const char *data, const DatagramInfo &info)
{
    m_info = info;
    if (m_bytes)
        *m_bytes = QByteArray(data, static_cast<qsizetype>(info.size()));
    complete();
}

void ReceiveOperation::end(int status) noexcept
{
    m_status = status;
    complete();
}

DatagramInfo ReceiveOperation::await_resume() const
{
    throwIfCancelled();
    if (m_status < 0)
        throw uvError(m_status, describe());
    return m_info;
}

WaitOperation::Begun SendOperation::begin()
{
    if (!m_handle.isOpen()) {
        m_status = UV_ECANCELED;
        return Begun::Ready;
    }
    if (!m_handle.m_isSending) {
        m_status = m_handle.trySend(*this);
        if (m_status == UV_EAGAIN)
            m_status = m_handle.handOver(*this);
        m_handle.pump().touch();
        return m_handle.m_isSending ? Begun::Waiting : Begun::Ready;
    }
    m_handle.m_senders.append(*this);
    return Begun::Waiting;
}

bool SendOperation::abandon(CancelMode)
{
    if (m_handle.m_sender == this)
        m_handle.m_sender = nullptr; // the handle goes on sending what is in its own memory
    else
        unlink();
    return true;
}

void SendOperation::end(int status) noexcept
{
    m_status = status;
    complete();
}

void SendOperation::await_resume() const
{
    throwIfCancelled();
    if (m_status < 0)
        throw uvError(m_status, describe());
}

std::string SendOperation::describe() const
{
    const SocketAddress &receiver = m_receiver.isValid() ? m_receiver : m_handle.peer();
    return "send " + (receiver.isValid() ? receiver.toString().toStdString() : "(no address)");
}

} // namespace interloop
