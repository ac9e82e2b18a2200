// SPDX-License-Identifier: MIT
#include <interloop/uv/file.h>

#include <interloop/task/errors.h>
#include <interloop/uv/fscall.h>
#include <interloop/uv/filetransfer.h>
#include <interloop/uv/uninitializedbytes.h>

#include <algorithm>
#include <limits>

namespace interloop {

namespace {

// An offset that no caller's is: the file's own position, which moves.
constexpr qint64 atPosition = std::numeric_limits<qint64>::min();

void requireTransfer(const std::shared_ptr<OpenFile> &file, const char *operation, qint64 offset, std::size_t size)
{
    FsArgument::require(operation, file);
    const auto name = [&] { return std::string(operation) + ' ' + file->path().toStdString(); };
    if (offset < 0 && offset != atPosition)
        throw uvError(UV_EINVAL, name() + " at " + std::to_string(offset));
    if (size == 0)
        throw uvError(UV_EINVAL, name() + ": no room for a byte");
}

Task<QByteArray> readBytes(std::shared_ptr<OpenFile> file, qint64 offset, qsizetype maximum)
{
    requireTransfer(file, "read", offset, std::size_t(std::max<qsizetype>(maximum, 0)));
    QByteArray room = uninitializedBytes(maximum, [&file, maximum] {
        return "read " + file->path().toStdString() + ": at most " + std::to_string(maximum) + " bytes";
    });
    const auto job = makeRecycled<FileTransferJob>(FileTransfer(file, FileDirection::Read, offset), std::move(room), 0);
    PoolJobWait wait(job);
    co_await inPlace(wait);
    job->result();
    co_return job->take();
}

Task<std::size_t> readInto(std::shared_ptr<OpenFile> file, qint64 offset, std::span<std::byte> buffer)
{
    requireTransfer(file, "read", offset, buffer.size());
    FileTransferWait wait(FileTransfer(std::move(file), FileDirection::Read, offset), buffer);
    const std::size_t count = co_await inPlace(wait);
    co_return count;
}

Task<> writeBytes(std::shared_ptr<OpenFile> file, qint64 offset, QByteArray data)
{
    requireTransfer(file, "write", offset, 1);
    qsizetype written = 0;
    while (written < data.size()) {
        FileTransfer transfer(file, FileDirection::Write, offset < 0 ? offset : offset + written);
        const auto job = makeRecycled<FileTransferJob>(std::move(transfer), data, written);
        PoolJobWait wait(job);
        co_await inPlace(wait);
        written += job->result();
    }
}

Task<> writeFrom(std::shared_ptr<OpenFile> file, qint64 offset, std::span<const std::byte> data)
{
    requireTransfer(file, "write", offset, 1);
    std::size_t written = 0;
    while (written < data.size()) {
        FileTransfer transfer(file, FileDirection::Write, offset < 0 ? offset : offset + qint64(written));
        FileTransferWait wait(std::move(transfer), data.subspan(written));
        written += co_await inPlace(wait);
    }
}

} // namespace

Task<QByteArray> File::read(qsizetype maximum) const
{
    return readBytes(m_file, atPosition, maximum);
}

Task<QByteArray> File::readAt(qint64 offset, qsizetype maximum) const
{
    return readBytes(m_file, offset, maximum);
}

Task<std::size_t> File::read(std::span<std::byte> buffer) const
{
    return readInto(m_file, atPosition, buffer);
}

Task<std::size_t> File::readAt(qint64 offset, std::span<std::byte> buffer) const
{
    return readInto(m_file, offset, buffer);
}

Task<> File::write(QByteArray data) const
{
    return writeBytes(m_file, atPosition, std::move(data));
}

Task<> File::writeAt(qint64 offset, QByteArray data) const
{
    return writeBytes(m_file, offset, std::move(data));
}

Task<> File::write(std::span<const std::byte> data) const
{
    return writeFrom(m_file, atPosition, data);
}

Task<> File::writeAt(qint64 offset, std::span<const std::byte> data) const
{
    return writeFrom(m_file, offset, data);
}

} // namespace interloop
