// SPDX-License-Identifier: MIT
#include <interloop/uv/filetransfer.h>

#include <interloop/loop/bridge.h>
#include <interloop/task/errors.h>

namespace interloop {

int FileTransfer::issue(uv_loop_t *loop, uv_fs_t *request, std::span<const std::byte> memory, uv_fs_cb done) const
{
    char *data = const_cast<char *>(reinterpret_cast<const char *>(memory.data())); // a write only reads it
    uv_buf_t buffer = uv_buf_init(data, 0);
    buffer.len = memory.size(); // which uv_buf_init would cut to 32 bits
    const auto call = m_direction == FileDirection::Read ? &uv_fs_read : &uv_fs_write;
    return call(loop, request, m_file->descriptor(), &buffer, 1, m_offset, done);
}

std::string FileTransfer::name() const
{
    return (m_direction == FileDirection::Read ? "read " : "write ") + m_file->path().toStdString();
}

int FileTransferJob::issue(uv_loop_t *loop, uv_fs_t *request, uv_fs_cb done)
{
    const auto rest = std::as_bytes(std::span(m_bytes.constData(), std::size_t(m_bytes.size())));
    return m_transfer.issue(loop, request, rest.subspan(std::size_t(m_begin)), done);
}

QByteArray FileTransferJob::take()
{
    constexpr qsizetype tolerable = 4096; // bytes that an array may keep unused
    m_bytes.truncate(qsizetype(status()));
    if (m_bytes.capacity() - m_bytes.size() > tolerable)
        m_bytes.squeeze();
    return std::move(m_bytes);
}

FileTransferWait::FileTransferWait(FileTransfer transfer, std::span<const std::byte> memory) noexcept
    : m_transfer(std::move(transfer)), m_memory(memory)
{
    m_request.data = this;
}

WaitOperation::Begun FileTransferWait::begin()
{
    Pump &pump = currentPump();
    const auto done = [](uv_fs_t *request) { static_cast<FileTransferWait *>(request->data)->finished(); };
    if (const int error = m_transfer.issue(pump.uvLoop(), &m_request, m_memory, done)) {
        m_request.result = error;
        return Begun::Ready;
    }
    pump.touch();
    return Begun::Waiting;
}

bool FileTransferWait::abandon(CancelMode)
{
    m_isAbandoned = true;
    uv_cancel(reinterpret_cast<uv_req_t *>(&m_request)); // in vain when it has begun; its callback comes either way
    return false;
}

void FileTransferWait::finished() noexcept
{
    if (m_isAbandoned && m_request.result == UV_ECANCELED)
        completeCancelled();
    else
        complete();
}

std::size_t FileTransferWait::await_resume() const
{
    throwIfCancelled();
    if (m_request.result < 0)
        throw uvError(static_cast<int>(m_request.result), m_transfer.name());
    return static_cast<std::size_t>(m_request.result);
}

} // namespace interloop
