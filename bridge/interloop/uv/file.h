// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/task.h>
#include <interloop/uv/filepath.h>
#include <interloop/uv/filestatus.h>
#include <interloop/uv/openfile.h>

#include <QByteArray>
#include <QByteArrayView>
#include <QIODevice>
#include <fcntl.h>

#include <concepts>
#include <cstddef>
#include <limits>
#include <memory>
#include <span>

/*
 * An open file, read and written by libuv's thread pool. For one that is read or replaced as a whole, see wholefile.h.
 *
 * A file belongs to the thread of the bridge it was opened on. Calls may overlap; those at the file's position need to
 * come one after the other. Each job of the pool costs tens of microseconds. A call that blocks, as the opening of a
 * FIFO that nobody writes to, has one of the pool's threads for so long: there are four. Failures are std::system_error
 * with uvCategory(), and name call and file: "open /etc/shadow: permission denied".
 *
 * Unless said otherwise. Starts: when awaited. Resumes: from the ready queue. Cancel: at once; a call that has begun
 * runs on in the pool, and the file stays open until it is over. Buffers: paths and arrays are the call's own.
 */

namespace interloop {

class INTERLOOP_EXPORT File
{
public:
    File() noexcept; // closed
    explicit File(std::shared_ptr<OpenFile> file) noexcept;
    File(File &&other) noexcept;
    File &operator=(File &&other) noexcept;
    ~File(); // closes in the pool; what that fails with goes to the unhandled-error hook

    // `flags` are open(2)'s and O_CLOEXEC; `mode` has the permission bits of a file that is made, before the umask.
    // Cancel: at once; what an abandoned call opens is closed.
    static Task<File> open(FilePath path, int flags = O_RDONLY, int mode = 0666);

    // The same with QFile's flags: WriteOnly alone truncates. Text and Unbuffered change nothing. Throws
    // std::system_error (invalid_argument) for what QFile refuses: neither to read nor to write, NewOnly with ExistingOnly.
    static Task<File> open(FilePath path, QIODevice::OpenMode flags, int mode = 0666);
    static Task<File> open(FilePath path, QIODevice::OpenModeFlag flag, int mode = 0666);

    // A new file with a name of its own, for reading and writing, by its owner only; `pattern` ends with XXXXXX, which
    // is replaced: see path(). Nobody removes it, but for an abandoned call.
    static Task<File> openTemporary(FilePath pattern);

    // At most `maximum` bytes; an empty array is the end. From the file's position, which moves, or from `offset`.
    Task<QByteArray> read(qsizetype maximum = 65536) const;
    Task<QByteArray> readAt(qint64 offset, qsizetype maximum) const;

    // The same into the caller's memory, which must live until the task has ended. Returns 0 at the end. Cancel: a call
    // that has begun is waited for, and its result then counts.
    Task<std::size_t> read(std::span<std::byte> buffer) const;
    Task<std::size_t> readAt(qint64 offset, std::span<std::byte> buffer) const;

    // All of `data`. Cancel: at once; a part may be written, and the chunk that the pool has will be.
    Task<> write(QByteArray data) const;
    Task<> writeAt(qint64 offset, QByteArray data) const;

    // The same from the caller's memory, which must live until the task has ended. Cancel: a call that has begun is
    // waited for.
    Task<> write(std::span<const std::byte> data) const;
    Task<> writeAt(qint64 offset, std::span<const std::byte> data) const;
    template<std::same_as<QByteArrayView> View>
    Task<> write(View data) const
    {
        return write(std::as_bytes(std::span(data.data(), std::size_t(data.size()))));
    }

    // Copies up to `count` bytes from `offset` into `target`, at its position, without bringing them here; returns how
    // many, 0 at the end. libuv: uv_fs_sendfile.
    Task<qint64> sendTo(const File &target, qint64 offset, qint64 count) const;

    Task<qint64> size() const; // bytes
    Task<FileStatus> status() const;
    Task<> sync() const; // all of it is on the disk
    Task<> dataSync() const; // the contents, and what is needed to find them again
    Task<> truncate(qint64 size) const; // or extends with zeros
    Task<> setMode(int mode) const; // permission bits
    Task<> setOwner(uv_uid_t owner, uv_gid_t group) const;
    Task<> setTimes(FileTime accessed, FileTime modified) const; // kept to the microsecond

    // Waits for the calls in flight, then closes; throws what the kernel says, which for some file systems is that
    // earlier writes were lost. The file is closed from this call on. Does nothing when closed. Cancel: at once; the
    // file is closed all the same, as by the destructor.
    Task<> close();

    bool isOpen() const noexcept;
    FilePath path() const; // as it was opened; empty when closed

    // The kernel's number, -1 when closed. Not to be closed by others, nor to be kept longer than the file.
    int descriptor() const noexcept;

    // The descriptor for calls that outlive this object; null when closed.
    const std::shared_ptr<OpenFile> &shared() const noexcept { return m_file; }

private:
    std::shared_ptr<OpenFile> m_file; // null: never opened, closed, or moved from
};

} // namespace interloop
