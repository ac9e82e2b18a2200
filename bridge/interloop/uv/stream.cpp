// SPDX-License-Identifier: MIT
#include <interloop/uv/stream.h>

#include <interloop/uv/streamhandle.h>
#include <interloop/uv/streamreading.h>
#include <interloop/uv/streamwriting.h>

#include <utility>

namespace interloop {

Stream::Stream() noexcept = default;
Stream::Stream(UvRef<StreamHandle> handle) noexcept : m_handle(std::move(handle)) { }
Stream::Stream(Stream &&other) noexcept = default;

Stream &Stream::operator=(Stream &&other) noexcept
{
    std::swap(m_handle, other.m_handle);
    return *this;
}

Stream::~Stream()
{
    close();
}

Task<QByteArray> Stream::read(qsizetype maximum)
{
    return readBytes(m_handle, maximum);
}

Task<std::size_t> Stream::read(std::span<std::byte> buffer)
{
    return readInto(m_handle, buffer);
}

Task<QByteArray> Stream::readExactly(qsizetype count)
{
    return readCount(m_handle, count);
}

Task<std::size_t> Stream::readExactly(std::span<std::byte> buffer)
{
    return readFull(m_handle, buffer);
}

Task<QByteArray> Stream::readLine(qsizetype limit)
{
    return interloop::readUntil(m_handle, QByteArrayLiteral("\n"), limit);
}

Task<QByteArray> Stream::readUntil(QByteArray separator, qsizetype limit)
{
    return interloop::readUntil(m_handle, std::move(separator), limit);
}

Task<QByteArray> Stream::readAll(qsizetype limit)
{
    return readToEnd(m_handle, limit);
}

Task<> Stream::write(QByteArray data)
{
    return writeBytes(m_handle, std::move(data));
}

Task<> Stream::write(std::span<const std::byte> data)
{
    return writeFrom(m_handle, data);
}

Task<> Stream::writev(QList<QByteArray> buffers)
{
    return writeList(m_handle, std::move(buffers));
}

Task<qint64> Stream::sendFile(const File &file, qint64 offset, qint64 count)
{
    return sendFrom(m_handle, file, offset, count);
}

Task<> Stream::shutdown()
{
    return shutDown(m_handle);
}

void Stream::close() noexcept
{
    if (m_handle)
        m_handle->close();
}

bool Stream::isOpen() const noexcept
{
    return m_handle && m_handle->isOpen();
}

int Stream::descriptor() const noexcept
{
    return isOpen() ? m_handle->descriptor() : -1;
}

std::size_t Stream::writeQueueSize() const noexcept
{
    return isOpen() ? uv_stream_get_write_queue_size(m_handle->stream()) : 0;
}

void Stream::requireOpen(const char *operation) const
{
    requireOpenStream(operation, m_handle);
}

} // namespace interloop
