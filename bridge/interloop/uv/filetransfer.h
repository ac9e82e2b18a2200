// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/waitoperation.h>
#include <interloop/uv/fsjob.h>
#include <interloop/uv/openfile.h>

#include <QByteArray>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>

/*
 * One read or write of a file: of an array that the job owns, or of the caller's memory, which a wait must not leave
 * while the pool has it.
 */

namespace interloop {

enum class FileDirection : unsigned char { Read, Write };

// The place and the direction; `offset` is negative for the file's own position.
class FileTransfer
{
public:
    FileTransfer(std::shared_ptr<OpenFile> file, FileDirection direction, qint64 offset) noexcept
        : m_file(std::move(file)), m_offset(offset), m_direction(direction)
    {
    }
    int issue(uv_loop_t *loop, uv_fs_t *request, std::span<const std::byte> memory, uv_fs_cb done) const;
    std::string name() const;

private:
    FileUse m_file;
    qint64 m_offset;
    FileDirection m_direction;
};

// Of an array, from its byte `begin` on.
class FileTransferJob final : public FsJob
{
public:
    FileTransferJob(FileTransfer transfer, QByteArray bytes, qsizetype begin)
        : m_transfer(std::move(transfer)), m_bytes(std::move(bytes)), m_begin(begin)
    {
    }
    std::string name() const override { return m_transfer.name(); }

    // The array with what was read. REQUIRES: succeeded
    QByteArray take();

private:
    int issue(uv_loop_t *loop, uv_fs_t *request, uv_fs_cb done) override;

    FileTransfer m_transfer;
    QByteArray m_bytes;
    qsizetype m_begin;
};

// Of the caller's memory. A cancelled wait goes on until the pool is through with it; what was done then counts.
class FileTransferWait final : public WaitOperation
{
public:
    FileTransferWait(FileTransfer transfer, std::span<const std::byte> memory) noexcept;
    ~FileTransferWait() { uv_fs_req_cleanup(&m_request); }

    // How many bytes; 0 at the end. Throws std::system_error.
    std::size_t await_resume() const;
    std::string describe() const override { return m_transfer.name(); }

private:
    Begun begin() override;
    bool abandon(CancelMode mode) override;
    void finished() noexcept;

    FileTransfer m_transfer;
    std::span<const std::byte> m_memory;
    uv_fs_t m_request = {};
    bool m_isAbandoned = false;
};

} // namespace interloop
