// SPDX-License-Identifier: MIT
#include <interloop/uv/tcpstream.h>

#include <interloop/loop/pump.h>
#include <interloop/task/errors.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <stdexcept>

namespace interloop {

namespace {

constexpr qsizetype chunkSize = 65536;

// Where bytes lie between libuv's read and its callback, for readers that want an array of their own. One for each
// thread: libuv calls back before it reads again.
char *scratch()
{
    static thread_local const std::unique_ptr<char[]> memory(new char[chunkSize]);
    return memory.get();
}

} // namespace

std::string TcpStream::describe(const char *operation) const
{
    return std::string(operation) + ' ' + (m_peer.isValid() ? m_peer.toString().toStdString() : "(not connected)");
}

int TcpStream::startReading() noexcept
{
    if (m_isReading)
        return 0;
    const int error = uv_read_start(stream(), &TcpStream::allocate, &TcpStream::received);
    m_isReading = error == 0;
    pump().touch();
    return error;
}

void TcpStream::stopReading() noexcept
{
    uv_read_stop(stream());
    m_isReading = false;
}

void TcpStream::allocate(uv_handle_t *handle, std::size_t, uv_buf_t *buffer)
{
    const auto *self = from<TcpStream>(handle);
    *buffer = self->m_reader ? self->m_reader->target() : uv_buf_init(scratch(), chunkSize);
}

void TcpStream::received(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
    auto *self = from<TcpStream>(stream);
    if (count == 0)
        return; // would have blocked
    if (count < 0) {
        self->m_end = static_cast<int>(count);
        self->stopReading();
        if (self->m_reader)
            std::exchange(self->m_reader, nullptr)->end(self->m_end);
    } else if (self->m_reader) {
        std::exchange(self->m_reader, nullptr)->take(buffer->base, static_cast<std::size_t>(count));
    } else {
        self->m_kept = QByteArray(buffer->base, count);
        self->stopReading();
    }
}

void TcpStream::closing() noexcept
{
    m_end = UV_ECANCELED;
    if (m_reader)
        std::exchange(m_reader, nullptr)->end(m_end);
}

WaitOperation::Begun ReadOperation::begin()
{
    if (m_stream.m_reader)
        throw std::logic_error(m_stream.describe("read") + ": another task is reading");
    if (!m_stream.m_kept.isEmpty()) {
        QByteArray &kept = m_stream.m_kept;
        const qsizetype count = std::min<qsizetype>(kept.size(), m_bytes ? m_maximum : qsizetype(m_buffer.size()));
        m_count = static_cast<std::size_t>(count);
        if (m_bytes)
            *m_bytes = kept.left(count);
        else
            std::memcpy(m_buffer.data(), kept.constData(), m_count);
        kept.remove(0, count);
        return Begun::Ready;
    }
    m_status = m_stream.m_end;
    if (m_status == 0)
        m_status = m_stream.startReading();
    if (m_status != 0)
        return Begun::Ready;
    m_stream.m_reader = this;
    return Begun::Waiting;
}

bool ReadOperation::abandon(CancelMode)
{
    m_stream.m_reader = nullptr;
    return true;
}

uv_buf_t ReadOperation::target() const noexcept
{
    if (m_bytes)
        return uv_buf_init(scratch(), static_cast<unsigned>(std::min(m_maximum, chunkSize)));
    return uv_buf_init(reinterpret_cast<char *>(m_buffer.data()), static_cast<unsigned>(m_buffer.size()));
}

void ReadOperation::take(const char *data, std::size_t count)
{
    m_count = count;
    if (m_bytes)
        *m_bytes = QByteArray(data, static_cast<qsizetype>(count));
    complete();
}

void ReadOperation::end(int status) noexcept
{
    m_status = status;
    complete();
}

std::size_t ReadOperation::await_resume() const
{
    throwIfCancelled();
    if (m_status < 0 && m_status != UV_EOF)
        throw uvError(m_status, m_stream.describe("read"));
    return m_count;
}

} // namespace interloop
