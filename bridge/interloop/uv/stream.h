// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/loop/uvhandle.h>
#include <interloop/task/task.h>

#include <QByteArray>
#include <QByteArrayView>
#include <QList>

#include <concepts>
#include <cstddef>
#include <limits>
#include <span>

/*
 * A connection as a sequence of bytes each way: what TCP sockets, pipes, terminals and a process's input and output
 * have in common. libuv manual, "uv_stream_t".
 *
 * A stream belongs to the thread of the bridge it was made on. One task may read and another write at the same time; a
 * second reader is an error. The end of what the other side sends is a value: nothing, or less than was asked for. No
 * byte that has arrived is lost, whatever ends a read: what it has not returned is for the next one.
 *
 * Failures are std::system_error with uvCategory(), and name operation and peer: "read 127.0.0.1:80: connection reset
 * by peer"; `tryAwait` gives them as values. A connection that has failed stays so: when the bytes before that are
 * read, each further read fails in the same way. On another thread than its own a stream throws RunSyncError
 * (WrongThread).
 *
 * All reads: start when awaited; resume from the ready queue, at once when the bytes are there; a cancel ends them at
 * once. All writes: start when awaited, in the order of the awaits; return when the kernel has everything, so that
 * whoever awaits them is slowed down to what the other side takes; resume at once when the kernel takes all, else from
 * the ready queue; a cancel closes the stream, since libuv cannot take a write back and half of it may be gone.
 */

namespace interloop {

class File;
class StreamHandle;

class INTERLOOP_EXPORT Stream
{
public:
    Stream() noexcept; // closed
    explicit Stream(UvRef<StreamHandle> handle) noexcept;
    Stream(Stream &&other) noexcept;
    Stream &operator=(Stream &&other) noexcept;
    ~Stream(); // closes, without blocking

    // At least one byte, at most `maximum`; an empty array is the end.
    Task<QByteArray> read(qsizetype maximum = 65536);

    // The same into the caller's memory, which must live until the task has ended; without a copy from 4 KiB on.
    // Returns how many bytes came, 0 at the end.
    Task<std::size_t> read(std::span<std::byte> buffer);

    // Exactly `count` bytes; fewer only at the end.
    Task<QByteArray> readExactly(qsizetype count);

    // Fills the caller's memory, which must live until the task has ended. Returns how many bytes came, fewer than
    // asked for only at the end.
    Task<std::size_t> readExactly(std::span<std::byte> buffer);

    // Up to and with the next '\n'; what is left at the end, then an empty array. Throws std::system_error
    // (message_size) when `limit` bytes have come without one; they are for the next read.
    Task<QByteArray> readLine(qsizetype limit = 65536);

    // The same for any separator, which must not be empty.
    Task<QByteArray> readUntil(QByteArray separator, qsizetype limit = 65536);

    // Everything up to the end. Throws std::system_error (message_size) when more than `limit` bytes have come; they
    // are for the next read.
    Task<QByteArray> readAll(qsizetype limit = std::numeric_limits<qsizetype>::max());

    // All of `data`.
    Task<> write(QByteArray data);

    // The same from the caller's memory, which must live until the task has ended.
    Task<> write(std::span<const std::byte> data);
    template<std::same_as<QByteArrayView> View>
    Task<> write(View data)
    {
        return write(std::as_bytes(std::span(data.data(), static_cast<std::size_t>(data.size()))));
    }

    // All of several buffers, one behind the other, without joining them first.
    Task<> writev(QList<QByteArray> buffers);

    // `count` bytes of `file` from its byte `offset` on, fewer when it ends before; returns how many. It goes through
    // the pool and memory of the stream's own in pieces of 256 KiB, so that it works for every kind of stream; the file
    // must stay open and live until the task has ended. When the file cannot be read, a part may have been sent.
    // Cancel: the pool's piece is waited for; closes the stream when a part has been sent.
    Task<qint64> sendFile(const File &file, qint64 offset = 0, qint64 count = std::numeric_limits<qint64>::max());

    // Tells the other side that nothing more will be sent, after all that was written; reading goes on. Cancel: closes
    // the stream.
    Task<> shutdown();

    // Reads and writes in flight end with operation_canceled. Does nothing when closed. (libuv leaves the descriptors
    // 0, 1 and 2 open: a program that is started without them opens /dev/null in their place before all else.)
    void close() noexcept;
    bool isOpen() const noexcept;

    // The operating system's, and the stream's: -1 when closed.
    int descriptor() const noexcept;

    // Bytes that writes in flight have not yet given to the kernel.
    std::size_t writeQueueSize() const noexcept;

protected:
    // Throws unless the stream is open and this is its thread.
    void requireOpen(const char *operation) const;

    UvRef<StreamHandle> m_handle; // null: never connected, or moved from
};

} // namespace interloop
