// SPDX-License-Identifier: MIT
#include <interloop/uv/streamwriting.h>

#include <interloop/task/errors.h>
#include <interloop/uv/file.h>
#include <interloop/uv/streamreading.h>
#include <interloop/uv/streamrequest.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace interloop {

namespace {

using Handle = UvRef<StreamHandle>;

// What is read of a file at a time: large enough that the pool's share of the time does not count.
constexpr qint64 fileChunk = 256 * 1024;

uv_buf_t bufferOf(const void *data, std::size_t size) noexcept
{
    uv_buf_t buffer = uv_buf_init(static_cast<char *>(const_cast<void *>(data)), 0); // libuv only reads it
    buffer.len = size; // uv_buf_init takes an unsigned int
    return buffer;
}

} // namespace

Task<> writeFrom(Handle stream, std::span<const std::byte> data)
{
    requireOpenStream("write", stream);
    std::array<uv_buf_t, 1> buffers{bufferOf(data.data(), data.size())};
    WriteOperation operation(*stream, buffers);
    co_await inPlace(operation);
}

Task<> writeBytes(Handle stream, QByteArray data)
{
    requireOpenStream("write", stream);
    std::array<uv_buf_t, 1> buffers{bufferOf(data.constData(), static_cast<std::size_t>(data.size()))};
    WriteOperation operation(*stream, buffers);
    co_await inPlace(operation);
}

Task<> writeList(Handle stream, QList<QByteArray> list)
{
    requireOpenStream("write", stream);
    std::vector<uv_buf_t> buffers;
    for (const QByteArray &data : std::as_const(list))
        buffers.push_back(bufferOf(data.constData(), static_cast<std::size_t>(data.size())));
    WriteOperation operation(*stream, buffers);
    co_await inPlace(operation);
}

Task<> shutDown(Handle stream)
{
    requireOpenStream("shutdown", stream);
    ShutdownOperation operation(*stream);
    co_await inPlace(operation);
}

Task<qint64> sendFrom(Handle stream, const File &file, qint64 offset, qint64 count)
{
    requireOpenStream("sendFile", stream);
    if (offset < 0 || count < 0) {
        const std::string place = std::to_string(count) + " bytes from " + std::to_string(offset);
        throw uvError(UV_EINVAL, stream->describe("sendFile") + ": " + place);
    }
    QByteArray chunk(static_cast<qsizetype>(std::min(count, fileChunk)), Qt::Uninitialized);
    const std::span<std::byte> memory = std::as_writable_bytes(std::span(chunk.data(), std::size_t(chunk.size())));
    qint64 sent = 0;
    try {
        while (sent < count) {
            const auto room = memory.first(static_cast<std::size_t>(std::min(count - sent, fileChunk)));
            const std::size_t size = co_await file.readAt(offset + sent, room);
            if (size == 0)
                break;
            co_await writeFrom(stream, room.first(size));
            sent += static_cast<qint64>(size);
        }
    } catch (const Cancelled &) {
        if (sent > 0)
            stream->close(); // nobody could know how much has gone
        throw;
    }
    co_return sent;
}

} // namespace interloop
