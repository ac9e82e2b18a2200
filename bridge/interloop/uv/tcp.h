// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/loop/uvhandle.h>
#include <interloop/task/task.h>
#include <interloop/uv/address.h>

#include <QByteArray>

#include <cstddef>
#include <span>

/*
 * TCP connections and the servers that accept them. libuv manual, "uv_tcp_t" and "uv_stream_t".
 *
 * A socket belongs to the thread of the bridge it was made on. One task may read and another write at the same time;
 * a second reader is an error. Failures are std::system_error with uvCategory(), and name operation and peer:
 * "read 127.0.0.1:80: connection reset by peer".
 */

namespace interloop {

class TcpStream;
class TcpListener;

class INTERLOOP_EXPORT TcpSocket
{
public:
    TcpSocket() noexcept; // closed
    explicit TcpSocket(UvRef<TcpStream> stream) noexcept;
    TcpSocket(TcpSocket &&other) noexcept;
    TcpSocket &operator=(TcpSocket &&other) noexcept;
    ~TcpSocket(); // closes

    // Resolves `host` and tries its addresses in order; throws what the last one failed with.
    // Starts: when awaited. Resumes: from the ready queue. Cancel: closes the half-made connection.
    static Task<TcpSocket> connect(QString host, int port);

    // At least one byte, at most `maximum`; an empty array is the end of what the peer sends.
    // Starts: when awaited. Resumes: from the ready queue, at once when bytes are there. Cancel: at once, nothing is
    // lost: what arrives later is for the next read.
    Task<QByteArray> read(qsizetype maximum = 65536);

    // The same into the caller's memory, which must live until the task has ended. Returns 0 at the end.
    Task<std::size_t> read(std::span<std::byte> buffer);

    // All of `data`; returns when the kernel has it.
    // Starts: when awaited, in the order of the awaits. Resumes: at once when the kernel takes all, else from the ready
    // queue. Cancel: closes the socket, since libuv cannot take a write back and half of it may be gone.
    Task<> write(QByteArray data);

    // The same from the caller's memory, which must live until the task has ended.
    Task<> write(std::span<const std::byte> data);

    // Tells the peer that nothing more will be sent, after all that was written. Cancel: closes the socket.
    Task<> shutdown();

    // Reads and writes in flight end with operation_canceled. Does nothing when closed.
    void close() noexcept;
    bool isOpen() const noexcept;

    // Sends small writes at once (TCP_NODELAY) instead of collecting them.
    void setNoDelay(bool enabled);

    SocketAddress localAddress() const; // invalid when closed
    SocketAddress peerAddress() const; // invalid when closed

private:
    UvRef<TcpStream> m_stream; // null: never connected, or moved from
};

class INTERLOOP_EXPORT TcpServer
{
public:
    TcpServer() noexcept; // closed
    TcpServer(TcpServer &&other) noexcept;
    TcpServer &operator=(TcpServer &&other) noexcept;
    ~TcpServer(); // closes

    // Listens on a numeric address; port 0 takes any free one. Throws std::system_error that names the address.
    // (Out of file descriptors, libuv accepts and closes pending connections without telling.)
    static TcpServer listen(const QString &host, int port, int backlog = 128);

    // The next connection; several tasks may wait, first come first served.
    // Starts: when awaited. Resumes: from the ready queue. Cancel: at once; the connection goes to the next accept.
    Task<TcpSocket> accept();

    // Accepts in flight end with operation_canceled. Does nothing when closed.
    void close() noexcept;
    bool isOpen() const noexcept;

    SocketAddress address() const; // what it listens on; invalid when closed
    int port() const { return address().port(); }

private:
    explicit TcpServer(UvRef<TcpListener> listener) noexcept;

    UvRef<TcpListener> m_listener; // null: never listened, or moved from
};

} // namespace interloop
