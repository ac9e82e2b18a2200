// SPDX-License-Identifier: MIT
#include "resetconnection.h"

#include <interloop/loop/bridge.h>

#include <sys/socket.h>

namespace {

// A TcpSocket keeps its libuv handle to itself, but the loop that it lives on is open to everybody.
class HandleSearch
{
public:
    explicit HandleSearch(const interloop::TcpSocket &socket)
        : m_peer(socket.peerAddress().toString()), m_local(socket.localAddress().toString())
    { }

    uv_handle_t *find(uv_loop_t *loop)
    {
        uv_walk(
                loop, [](uv_handle_t *handle, void *self) { static_cast<HandleSearch *>(self)->look(handle); }, this);
        return m_found;
    }

private:
    void look(uv_handle_t *handle)
    {
        if (handle->type != UV_TCP || uv_is_closing(handle))
            return;
        auto *tcp = reinterpret_cast<uv_tcp_t *>(handle);
        if (address(tcp, &uv_tcp_getpeername) == m_peer && address(tcp, &uv_tcp_getsockname) == m_local)
            m_found = handle;
    }

    using NameFunction = int (*)(const uv_tcp_t *, sockaddr *, int *);
    static QString address(const uv_tcp_t *tcp, NameFunction function)
    {
        sockaddr_storage name = {};
        int length = sizeof name;
        auto *generic = reinterpret_cast<sockaddr *>(&name);
        return function(tcp, generic, &length) == 0 ? interloop::SocketAddress(generic).toString() : QString();
    }

    QString m_peer;
    QString m_local;
    uv_handle_t *m_found = nullptr;
};

} // namespace

void resetConnection(interloop::TcpSocket &socket)
{
    uv_os_fd_t fd = -1;
    if (uv_handle_t *handle = HandleSearch(socket).find(interloop::Bridge::current().uvLoop()))
        uv_fileno(handle, &fd);
    linger option = {};
    option.l_onoff = 1;
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &option, sizeof option);
    socket.close();
}
