// SPDX-License-Identifier: MIT
#include "pingpong.h"

#include "rawtcp.h"

#include <interloop/task/gather.h>
#include <interloop/task/spawn.h>

#include <array>
#include <cstddef>
#include <vector>

namespace interloop::bench {

namespace {

using Buffer = std::array<std::byte, bufferSize>;

Task<> echo(TcpSocket socket)
{
    Buffer buffer;
    socket.setNoDelay(true);
    for (;;) {
        const std::size_t count = co_await socket.read(buffer);
        if (count == 0)
            break;
        co_await socket.write(std::span<const std::byte>(buffer.data(), count));
    }
}

Task<> client(TcpSocket &socket, const std::function<bool()> &next)
{
    Buffer buffer = {};
    while (next()) {
        co_await socket.write(std::span<const std::byte>(buffer.data(), messageSize));
        for (std::size_t received = 0; received < messageSize;)
            received += co_await socket.read(std::span(buffer).subspan(received));
    }
}

} // namespace

TcpServer listenOnLoopback()
{
    return TcpServer::listen("127.0.0.1", 0);
}

Task<> echoServer(TcpServer server)
{
    for (;;) {
        TcpSocket socket = co_await server.accept();
        spawn(echo(std::move(socket)));
    }
}

Task<TcpSocket> connectLoopback(int port)
{
    TcpSocket socket = co_await TcpSocket::connect("127.0.0.1", port);
    socket.setNoDelay(true);
    co_return socket;
}

Task<> roundTrip(TcpSocket &socket)
{
    Buffer buffer = {};
    co_await socket.write(std::span<const std::byte>(buffer.data(), messageSize));
    for (std::size_t received = 0; received < messageSize;)
        received += co_await socket.read(std::span(buffer).subspan(received));
}

Task<> pingPong(int port, int connections, const std::function<bool()> &next)
{
    std::vector<TcpSocket> sockets;
    for (int i = 0; i < connections; ++i)
        sockets.push_back(co_await connectLoopback(port));
    std::vector<Task<>> clients;
    for (TcpSocket &socket : sockets)
        clients.push_back(client(socket, next));
    co_await gather(std::move(clients));
}

} // namespace interloop::bench
