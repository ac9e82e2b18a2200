// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/loop/uvhandle.h>
#include <interloop/task/task.h>
#include <interloop/uv/pipecontent.h>
#include <interloop/uv/receivedhandle.h>
#include <interloop/uv/stream.h>

#include <QByteArray>
#include <QString>

#include <concepts>
#include <utility>

/*
 * Connections between processes of one machine, by the name of a file, and the servers that accept them. libuv manual,
 * "uv_pipe_t". Reads and writes are Stream's.
 *
 * A name is encoded as file names are, and has at most 107 bytes: longer ones, an empty one, one with a NUL and Linux's
 * abstract names, which libuv has from 1.46 on, are refused.
 *
 * Handles: a pipe with PipeContent::BytesAndHandles at both ends also carries sockets, servers and files to another
 * process. They come in the order in which they were sent, and each of them no later than the bytes it was sent with:
 * after a task has read these, its handle is there and receiveHandle() does not wait. What is received and not taken is
 * closed with the pipe. While the process has no descriptors for handles that have come, every read fails with
 * too_many_files_open; handles and bytes stay in the kernel, for a read after something has been closed.
 */

namespace interloop {

class PipeStream;
class PipeListener;

// What has a descriptor that may be sent: a Stream, a server, a UdpSocket, a File.
template<typename Handle>
concept HasDescriptor = requires(const Handle &handle) {
    { handle.descriptor() } -> std::same_as<int>;
};

class INTERLOOP_EXPORT PipeSocket : public Stream
{
public:
    PipeSocket() noexcept = default; // closed
    explicit PipeSocket(UvRef<PipeStream> stream) noexcept;

    // Connects to the server of that name. Fails with `connection_refused` when the server has gone and left its file,
    // and with `resource_unavailable_try_again` when more connections wait to be accepted than the server lets wait.
    // Starts: when awaited. Resumes: from the ready queue. Cancel: closes the half-made connection.
    static Task<PipeSocket> connect(QString name, PipeContent content = PipeContent::Bytes);

    // Two that are connected with each other. Throws std::system_error.
    static std::pair<PipeSocket, PipeSocket> pair(PipeContent content = PipeContent::Bytes);

    // Takes a descriptor over and makes it non-blocking: a Unix socket, an end of a pipe, a FIFO, a terminal's other
    // side. Throws std::system_error, and then it is still the caller's. Never one that libuv has got already.
    static PipeSocket fromDescriptor(int descriptor, PipeContent content = PipeContent::Bytes);

    QString localName() const; // empty: it has none, or is closed
    QString peerName() const; // likewise

    // Sends a socket, a server, a file along with `data`, which must not be empty; the other side gets a descriptor of
    // its own for the same thing. `handle` is looked at, and duplicated, by the call: it may be closed afterwards.
    // A write as all others. Cancel: closes this pipe.
    template<HasDescriptor Handle>
    Task<> sendHandle(const Handle &handle, QByteArray data)
    {
        return sendDescriptor(handle.descriptor(), std::move(data));
    }
    Task<> sendDescriptor(int descriptor, QByteArray data);

    // The next handle; nothing at the end. Bytes that come meanwhile are for the next read; throws std::system_error
    // (message_size) when `limit` of them have come without a handle, and for over 64 handles in one message. It counts
    // as a reader: another task must not read at the same time.
    // Starts: when awaited. Resumes: from the ready queue, at once when a handle is there. Cancel: at once; the handle
    // is for the next who asks.
    Task<ReceivedHandle> receiveHandle(qsizetype limit = 65536);

    // How many are there for receiveHandle(): what has been read of the pipe, no further.
    std::size_t receivedHandles() const noexcept;

private:
    PipeStream &pipe() const noexcept; // REQUIRES: isOpen()
};

// Whose processes may connect.
enum class PipeAccess : unsigned char {
    ByUmask, // whom the process's file mode creation mask lets
    AllUsers,
};

class INTERLOOP_EXPORT PipeServer
{
public:
    PipeServer() noexcept; // closed
    PipeServer(PipeServer &&other) noexcept;
    PipeServer &operator=(PipeServer &&other) noexcept;
    ~PipeServer(); // closes

    // Makes a socket file of that name, which goes when the server closes. Throws std::system_error that names it:
    // `address_in_use` when there is a file already, also that of a server which died without closing; remove it then;
    // `invalid_argument` for a backlog below 1.
    static PipeServer listen(const QString &name, PipeAccess access = PipeAccess::ByUmask, int backlog = 128);

    // Takes over a Unix socket that listens already, as one that was received. Its file stays when this closes.
    // Throws std::system_error, and then the descriptor is still the caller's.
    static PipeServer fromDescriptor(int descriptor);

    // The next connection; several tasks may wait, first come first served.
    // Starts: when awaited. Resumes: from the ready queue. Cancel: at once; the connection goes to the next accept.
    Task<PipeSocket> accept(PipeContent content = PipeContent::Bytes);

    // Accepts in flight end with operation_canceled. Does nothing when closed.
    void close() noexcept;
    bool isOpen() const noexcept;

    // The operating system's, and the server's: -1 when closed.
    int descriptor() const noexcept;

    QString name() const; // what it listens on; empty when closed

private:
    explicit PipeServer(UvRef<PipeListener> listener) noexcept;

    UvRef<PipeListener> m_listener; // null: never listened, or moved from
};

} // namespace interloop
