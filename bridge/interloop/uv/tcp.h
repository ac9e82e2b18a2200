// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/loop/uvhandle.h>
#include <interloop/task/task.h>
#include <interloop/uv/address.h>
#include <interloop/uv/stream.h>

#include <QList>
#include <QString>

#include <chrono>

/*
 * TCP connections and the servers that accept them. libuv manual, "uv_tcp_t". Reads, writes, the half-close (`shutdown`)
 * are Stream's.
 *
 * Out of file descriptors, connect, accept and listen fail with too_many_files_open, and all is as before when some have
 * been closed.
 */

namespace interloop {

class TcpStream;
class TcpListener;

class INTERLOOP_EXPORT TcpSocket : public Stream
{
public:
    TcpSocket() noexcept = default; // closed
    explicit TcpSocket(UvRef<TcpStream> stream) noexcept;

    // Resolves `host` and connects to the first of its addresses that answers, as `uv/happyeyeballs.h` has it; when none
    // does, throws what the last one to fail has failed with.
    // Starts: when awaited. Resumes: from the ready queue. Cancel: closes the half-made connections.
    static Task<TcpSocket> connect(QString host, int port);

    // To this address alone.
    // Starts: when awaited. Resumes: from the ready queue. Cancel: closes the half-made connection.
    static Task<TcpSocket> connect(SocketAddress address);

    // Takes over a connected socket's descriptor, one that came over a pipe for example, and makes it non-blocking. Throws
    // std::system_error when it is no such thing, and it is still the caller's.
    static TcpSocket fromDescriptor(int descriptor);

    // Sends small writes at once (TCP_NODELAY) instead of collecting them.
    void setNoDelay(bool enabled);

    // Asks the peer whether it is still there when the connection was silent for `idle`, 1 to 32767 s; without an answer
    // reads end with timed_out.
    void setKeepAlive(std::chrono::seconds idle);
    void clearKeepAlive(); // as it is at first

    // Closes without the usual farewell: what was sent and has not arrived is thrown away, and the peer's next read fails
    // with connection_reset. Reads and writes in flight end with operation_canceled. Throws std::system_error when closed.
    void reset();

    SocketAddress localAddress() const; // invalid when closed
    SocketAddress peerAddress() const; // invalid when closed

private:
    TcpStream &tcp() const noexcept; // REQUIRES: isOpen()
    void check(int error, const char *operation) const; // throws unless 0, libuv's error code
};

class INTERLOOP_EXPORT TcpServer
{
public:
    TcpServer() noexcept; // closed
    TcpServer(TcpServer &&other) noexcept;
    TcpServer &operator=(TcpServer &&other) noexcept;
    ~TcpServer(); // closes

    // Listens on a numeric address; port 0 takes any free one. Throws std::system_error that names the address:
    // `invalid_argument` for one that is not numeric, and for a backlog below 1.
    static TcpServer listen(const QString &host, int port, int backlog = 128);

    // Listens on several addresses, all or none; one with port 0 takes any free one, each its own. IPv6 addresses take
    // IPv6 connections alone, so that "::" and "0.0.0.0" go together. Throws std::system_error that names the address.
    static TcpServer listen(const QList<SocketAddress> &addresses, int backlog = 128);

    // Takes over the descriptor of a socket that listens, as TcpSocket::fromDescriptor does.
    static TcpServer fromDescriptor(int descriptor);

    // The next connection, to any of the addresses; several tasks may wait, first come first served. Out of file
    // descriptors, throws std::system_error (too_many_files_open); the connection waits in the kernel's queue for the
    // next accept, as it does while nobody accepts. It fails again at once: close something first, or sleep.
    // Starts: when awaited. Resumes: from the ready queue. Cancel: at once; the connection goes to the next accept.
    Task<TcpSocket> accept();

    // Accepts in flight end with operation_canceled. Does nothing when closed.
    void close() noexcept;
    bool isOpen() const noexcept;

    SocketAddress address() const; // the first it listens on; invalid when closed
    QList<SocketAddress> addresses() const; // all of them; empty when closed
    int port() const { return address().port(); }

    // The first one's, the operating system's, and the server's: -1 when closed.
    int descriptor() const noexcept;

private:
    explicit TcpServer(UvRef<TcpListener> listener) noexcept;

    UvRef<TcpListener> m_listener; // null: never listened, or moved from
};

} // namespace interloop
