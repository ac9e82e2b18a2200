// SPDX-License-Identifier: MIT
#include <interloop/uv/tcplistener.h>

#include <interloop/loop/pump.h>
#include <interloop/task/errors.h>
#include <interloop/uv/tcpstream.h>

#include <utility>

namespace interloop {

int TcpListener::listen(const SocketAddress &address, int backlog)
{
    int error = uv_tcp_bind(tcp(), address.data(), 0);
    if (!error)
        error = uv_listen(stream(), backlog, &TcpListener::arrived);
    m_address = localAddress(); // with the port that port 0 has become
    pump().touch();
    return error;
}

int TcpListener::take(TcpStream &stream)
{
    const int error = uv_accept(this->stream(), stream.stream());
    m_hasArrived = false; // libuv tells when it holds the next one
    pump().touch();
    return error;
}

std::string TcpListener::describe(const char *operation) const
{
    return std::string(operation) + " on " + m_address.toString().toStdString();
}

void TcpListener::arrived(uv_stream_t *stream, int status)
{
    auto *self = from<TcpListener>(stream);
    self->m_status = status;
    self->m_hasArrived = true;
    self->wakeFirst();
}

void TcpListener::wakeFirst() noexcept
{
    if (!m_waiters.isEmpty())
        m_waiters.takeFirst().wake();
}

void TcpListener::closing() noexcept
{
    while (!m_waiters.isEmpty())
        wakeFirst();
}

WaitOperation::Begun AcceptOperation::begin()
{
    if (m_listener.m_hasArrived)
        return Begun::Ready;
    m_listener.m_waiters.append(*this);
    return Begun::Waiting;
}

bool AcceptOperation::abandon(CancelMode)
{
    unlink();
    return true;
}

void AcceptOperation::await_resume()
{
    throwIfCancelled();
    const int error = std::exchange(m_listener.m_status, 0);
    if (error) {
        m_listener.m_hasArrived = false;
        throw uvError(error, m_listener.describe("accept"));
    }
}

} // namespace interloop
