// SPDX-License-Identifier: MIT
#include <interloop/uv/tcphandle.h>

#include <interloop/loop/bridge.h>
#include <interloop/loop/pump.h>
#include <interloop/task/errors.h>

#include <string>

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

TcpHandle::TcpHandle(Pump &pump) : UvHandle(pump, reinterpret_cast<uv_handle_t *>(&m_tcp))
{
    uv_tcp_init(pump.uvLoop(), &m_tcp);
    m_tcp.data = static_cast<UvHandle *>(this);
}

SocketAddress TcpHandle::localAddress() const
{
    return addressFrom(&uv_tcp_getsockname, m_tcp);
}

SocketAddress TcpHandle::remoteAddress() const
{
    return addressFrom(&uv_tcp_getpeername, m_tcp);
}

void TcpHandle::requireOwnThread(const char *operation) const
{
    if (existingPump() != &pump())
        throw RunSyncError(Refusal::WrongThread, std::string(operation) + ": the socket belongs to another thread");
}

} // namespace interloop
