// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/task.h>
#include <interloop/uv/address.h>
#include <interloop/uv/tcp.h>

#include <QList>

#include <chrono>
#include <functional>

/*
 * Which of a host's addresses to connect to: the first that answers, "Happy Eyeballs" (RFC 8305, sections 4 and 5). A
 * host whose IPv6 leads nowhere then costs a quarter of a second, not the minutes until the kernel gives up.
 *
 * For TcpSocket::connect, and for connections of one's own kind over it: a proxy's greeting, a TLS handshake.
 */

namespace interloop {

// How long an attempt is the newest one before the next begins beside it (RFC 8305, section 8).
constexpr std::chrono::milliseconds connectionAttemptDelay{250};

// The same addresses, the families by turns, beginning with that of the first; the order within each stays.
INTERLOOP_EXPORT QList<SocketAddress> interleaved(const QList<SocketAddress> &addresses);

// Makes one connection.
using ConnectAttempt = std::function<Task<TcpSocket>(SocketAddress)>;

// Begins `attempt` for one address after the other, interleaved: the next when the one before has failed, or after
// connectionAttemptDelay. Returns what the first to succeed has; the others are cancelled and have unwound by then. When
// all fail, throws what the last one to fail has thrown. Throws std::system_error (invalid_argument) without an address.
// Starts: when awaited. Resumes: from the ready queue. Cancel: cancels all attempts and waits for their clean-up.
INTERLOOP_EXPORT Task<TcpSocket> connectToFirst(QList<SocketAddress> addresses, ConnectAttempt attempt);

} // namespace interloop
