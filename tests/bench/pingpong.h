// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/task.h>
#include <interloop/uv/tcp.h>

#include <functional>

/*
 * What rawtcp.h does in callbacks, in coroutines.
 */

namespace interloop::bench {

// Sends back what comes, on every connection, until it is cancelled.
Task<> echoServer(TcpServer server);

TcpServer listenOnLoopback();

Task<TcpSocket> connectLoopback(int port);

// One message there and back.
Task<> roundTrip(TcpSocket &socket);

// As rawPingPong: ends when all clients have stopped. `next` must live until then.
Task<> pingPong(int port, int connections, const std::function<bool()> &next);

} // namespace interloop::bench
