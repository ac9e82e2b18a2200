// SPDX-License-Identifier: MIT
#include <interloop/uv/streamreading.h>

#include <interloop/task/errors.h>
#include <interloop/uv/streamhandle.h>
#include <interloop/uv/uninitializedbytes.h>

#include <algorithm>

namespace interloop {

namespace {

using Handle = UvRef<StreamHandle>;

// Smaller ones are filled from what is read ahead: a copy costs less than a system call.
constexpr std::size_t smallBuffer = 4096;

std::string describeRead(const Handle &stream, const char *what, qsizetype count)
{
    return stream->describe("read") + ' ' + what + ' ' + std::to_string(count) + " bytes";
}

void requirePositive(const Handle &stream, const char *what, qsizetype count)
{
    if (count <= 0)
        throw uvError(UV_EINVAL, describeRead(stream, what, count));
}

// Reads until more than `size` bytes are kept. False: that is the end.
Task<bool> keepMoreThan(StreamHandle &stream, qsizetype size)
{
    while (stream.kept().size() <= size) {
        ReadOperation operation(stream);
        const std::size_t count = co_await inPlace(operation);
        if (count == 0)
            co_return false;
    }
    co_return true;
}

// Gives back what it holds, unless it is told that this has arrived.
class Unread
{
public:
    Unread(StreamHandle &stream, std::span<std::byte> buffer) noexcept : m_stream(stream), m_buffer(buffer) { }
    ~Unread()
    {
        if (m_count > 0)
            m_stream.putBack(m_buffer.first(m_count));
    }
    Unread(const Unread &) = delete;
    Unread &operator=(const Unread &) = delete;

    std::span<std::byte> rest() const noexcept { return m_buffer.subspan(m_count); }
    void add(std::size_t count) noexcept { m_count += count; }
    std::size_t finish() noexcept { return std::exchange(m_count, 0); }

private:
    StreamHandle &m_stream;
    std::span<std::byte> m_buffer;
    std::size_t m_count = 0;
};

} // namespace

void requireOpenStream(const char *operation, const Handle &stream)
{
    if (!stream)
        throw uvError(UV_ENOTCONN, std::string(operation) + " (not connected)");
    if (!stream->isOpen())
        throw uvError(UV_ECANCELED, stream->describe(operation));
    stream->requireOwnThread(operation);
}

Task<QByteArray> readBytes(Handle stream, qsizetype maximum)
{
    requireOpenStream("read", stream);
    requirePositive(stream, "at most", maximum);
    co_await keepMoreThan(*stream, 0);
    co_return stream->takeKept(maximum);
}

Task<std::size_t> readInto(Handle stream, std::span<std::byte> buffer)
{
    requireOpenStream("read", stream);
    if (buffer.empty())
        throw uvError(UV_EINVAL, stream->describe("read") + " into an empty buffer");
    if (stream->kept().isEmpty() && buffer.size() >= smallBuffer) {
        ReadOperation operation(*stream, buffer);
        const std::size_t count = co_await inPlace(operation);
        co_return count;
    }
    while (stream->kept().isEmpty()) {
        ReadOperation operation(*stream);
        const std::size_t count = co_await inPlace(operation);
        if (count == 0)
            break;
    }
    co_return stream->takeKept(buffer);
}

Task<std::size_t> readFull(Handle stream, std::span<std::byte> buffer)
{
    requireOpenStream("read", stream);
    Unread unread(*stream, buffer);
    while (!unread.rest().empty()) {
        const std::size_t count = co_await readInto(stream, unread.rest());
        if (count == 0)
            break;
        unread.add(count);
    }
    co_return unread.finish();
}

Task<QByteArray> readCount(Handle stream, qsizetype count)
{
    requireOpenStream("read", stream);
    requirePositive(stream, "exactly", count);
    QByteArray bytes = uninitializedBytes(count, [&stream, count] { return describeRead(stream, "exactly", count); });
    const std::size_t came = co_await readFull(stream, std::as_writable_bytes(std::span(bytes.data(), std::size_t(count))));
    bytes.truncate(static_cast<qsizetype>(came));
    co_return bytes;
}

Task<QByteArray> readUntil(Handle stream, QByteArray separator, qsizetype limit)
{
    requireOpenStream("read", stream);
    requirePositive(stream, "at most", limit);
    if (separator.isEmpty())
        throw uvError(UV_EINVAL, stream->describe("read") + " until an empty separator");
    qsizetype searched = 0; // no separator begins before
    for (;;) {
        const qsizetype found = stream->kept().indexOf(separator, searched);
        if (found >= 0 && found + separator.size() <= limit)
            co_return stream->takeKept(found + separator.size());
        const qsizetype size = stream->kept().size();
        if (size >= limit)
            throw uvError(UV_EMSGSIZE, stream->describe("read") + ": no separator in " + std::to_string(limit) + " bytes");
        searched = std::max<qsizetype>(size - separator.size() + 1, 0);
        const bool isMore = co_await keepMoreThan(*stream, size);
        if (!isMore)
            co_return stream->takeKept(limit);
    }
}

Task<QByteArray> readToEnd(Handle stream, qsizetype limit)
{
    requireOpenStream("read", stream);
    requirePositive(stream, "at most", limit);
    for (;;) {
        const qsizetype size = stream->kept().size();
        if (size > limit)
            throw uvError(UV_EMSGSIZE, stream->describe("read") + ": more than " + std::to_string(limit) + " bytes");
        const bool isMore = co_await keepMoreThan(*stream, size);
        if (!isMore)
            co_return stream->takeKept(limit);
    }
}

} // namespace interloop
