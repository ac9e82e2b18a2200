// SPDX-License-Identifier: MIT
#include <interloop/uv/receivedhandle.h>

#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include <utility>

namespace interloop {

namespace {

bool isListening(int descriptor) noexcept
{
    int value = 0;
    socklen_t size = sizeof(value);
    return getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &value, &size) == 0 && value != 0;
}

} // namespace

ReceivedHandle &ReceivedHandle::operator=(ReceivedHandle &&other) noexcept
{
    std::swap(m_descriptor, other.m_descriptor);
    return *this;
}

ReceivedHandle::~ReceivedHandle()
{
    if (m_descriptor >= 0)
        ::close(m_descriptor);
}

ReceivedHandle::Kind ReceivedHandle::kindOf(int descriptor) noexcept
{
    if (descriptor < 0)
        return Kind::Nothing;
    switch (uv_guess_handle(descriptor)) {
    case UV_TCP:
        return isListening(descriptor) ? Kind::TcpServer : Kind::TcpSocket;
    case UV_NAMED_PIPE:
        return isListening(descriptor) ? Kind::PipeServer : Kind::PipeSocket;
    case UV_UDP:
        return Kind::UdpSocket;
    default:
        return Kind::Other;
    }
}

int ReceivedHandle::takeDescriptor() noexcept
{
    return std::exchange(m_descriptor, -1);
}

} // namespace interloop
