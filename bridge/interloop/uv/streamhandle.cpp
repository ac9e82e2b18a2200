// SPDX-License-Identifier: MIT
#include <interloop/uv/streamhandle.h>

#include <interloop/loop/pump.h>
#include <interloop/task/errors.h>

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <stdexcept>

namespace interloop {

namespace {

constexpr qsizetype chunkSize = 65536;

// Where bytes that are to be kept lie between libuv's read and its callback. One for each thread: libuv calls back
// before it reads again.
char *scratch()
{
    static thread_local const std::unique_ptr<char[]> memory(new char[chunkSize]);
    return memory.get();
}

// libuv says UV_EOF to a hang-up that comes together with the last bytes, and does not look whether it is a reset
// (uv__stream_io in its stream.c). A reset behind an end that was sent is EPIPE.
int errorBehindEnd(int descriptor) noexcept
{
    int error = 0;
    socklen_t size = sizeof(error);
    const bool isSocket = getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) == 0;
    return !isSocket || error == 0 || error == EPIPE ? static_cast<int>(UV_EOF) : uv_translate_sys_error(error);
}

} // namespace

QByteArray StreamHandle::takeKept(qsizetype maximum)
{
    if (maximum >= m_kept.size())
        return std::exchange(m_kept, QByteArray());
    const QByteArray taken = m_kept.left(maximum);
    m_kept.remove(0, maximum);
    return taken;
}

std::size_t StreamHandle::takeKept(std::span<std::byte> buffer)
{
    const std::size_t count = std::min(buffer.size(), static_cast<std::size_t>(m_kept.size()));
    std::memcpy(buffer.data(), m_kept.constData(), count);
    m_kept.remove(0, static_cast<qsizetype>(count)); // the memory stays for what is kept next
    return count;
}

void StreamHandle::putBack(std::span<const std::byte> bytes)
{
    m_kept.prepend(reinterpret_cast<const char *>(bytes.data()), static_cast<qsizetype>(bytes.size()));
}

int StreamHandle::startReading() noexcept
{
    if (m_isReading)
        return 0;
    const int error = uv_read_start(stream(), &StreamHandle::allocate, &StreamHandle::received);
    m_isReading = error == 0;
    pump().touch();
    return error;
}

void StreamHandle::stopReading() noexcept
{
    uv_read_stop(stream());
    m_isReading = false;
}

// When the other side has closed, libuv takes the first read that does not fill its buffer for the last one
// (uv__stream_io in its stream.c). The kernel also ends reads after each handle that came along, and a terminal's other
// side gives what is shown there in pieces of 4 KiB, some of which it does not count yet; there the end is an error.
bool StreamHandle::hasMore() const noexcept
{
    int count = 0;
    unsigned number = 0;
    return (ioctl(descriptor(), FIONREAD, &count) == 0 && count > 0) || ioctl(descriptor(), TIOCGPTN, &number) == 0;
}

int StreamHandle::beforeRead(uv_buf_t &) noexcept
{
    return 0;
}

void StreamHandle::allocate(uv_handle_t *handle, std::size_t, uv_buf_t *buffer)
{
    auto *self = from<StreamHandle>(handle);
    const ReadOperation *reader = self->m_reader;
    *buffer = uv_buf_init(scratch(), chunkSize);
    if (reader && !reader->m_buffer.empty()) {
        buffer->base = reinterpret_cast<char *>(reader->m_buffer.data());
        buffer->len = reader->m_buffer.size();
    }
    self->m_refusal = self->beforeRead(*buffer);
    if (self->m_refusal)
        *buffer = uv_buf_init(nullptr, 0); // libuv then reads nothing, and calls back
}

void StreamHandle::received(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
    auto *self = from<StreamHandle>(stream);
    if (const int refusal = std::exchange(self->m_refusal, 0))
        count = refusal;
    if (count == 0 || count == UV_EAGAIN)
        return; // would have blocked
    if (count < 0) {
        self->fail(static_cast<int>(count));
        return;
    }
    self->bytesCame();
    if (self->m_reader) {
        std::exchange(self->m_reader, nullptr)->take(buffer->base, static_cast<std::size_t>(count));
    } else {
        self->m_kept.append(buffer->base, count);
        self->stopReading();
    }
}

void StreamHandle::fail(int error) noexcept
{
    stopReading();
    if (error == UV_EOF && hasMore() && (!m_reader || startReading() == 0))
        return;
    if (isEnd(error))
        error = errorBehindEnd(descriptor());
    if (error != UV_EMFILE && error != UV_EMSGSIZE)
        m_end = error;
    if (m_reader)
        std::exchange(m_reader, nullptr)->end(error);
}

void StreamHandle::closing() noexcept
{
    m_end = UV_ECANCELED;
    if (m_reader)
        std::exchange(m_reader, nullptr)->end(m_end);
}

WaitOperation::Begun ReadOperation::begin()
{
    if (m_stream.m_reader)
        throw std::logic_error(m_stream.describe("read") + ": another task is reading");
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

void ReadOperation::take(const char *data, std::size_t count)
{
    m_count = count;
    if (m_buffer.empty())
        m_stream.m_kept.append(data, static_cast<qsizetype>(count));
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
        throw uvError(m_status, describe());
    return m_count;
}

} // namespace interloop
