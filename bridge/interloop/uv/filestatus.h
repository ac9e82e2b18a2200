// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>

#include <QtGlobal>
#include <uv.h>

#include <chrono>

/*
 * What the kernel knows about a file, and about the file system it is in. Values: they say how it was when asked.
 */

namespace interloop {

// A moment as files have it: nanoseconds since 1970, UTC. It reaches from 1677 to 2262; a file's time beyond is told as
// FileTime::min() or max().
using FileTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::nanoseconds>;

// The same as libuv takes it: to the microsecond.
INTERLOOP_EXPORT double secondsOf(FileTime time) noexcept;

enum class FileType : unsigned char {
    Unknown,
    File,
    Directory,
    SymbolicLink,
    Pipe,
    Socket,
    CharacterDevice,
    BlockDevice,
};

// The type in a mode of stat(2).
INTERLOOP_EXPORT FileType fileTypeOf(quint64 mode) noexcept;

class INTERLOOP_EXPORT FileStatus
{
public:
    FileStatus() noexcept = default; // of no file
    explicit FileStatus(const uv_stat_t &status) noexcept : m_status(status) { }

    FileType type() const noexcept { return fileTypeOf(m_status.st_mode); }
    bool isFile() const noexcept { return type() == FileType::File; }
    bool isDirectory() const noexcept { return type() == FileType::Directory; }
    bool isSymbolicLink() const noexcept { return type() == FileType::SymbolicLink; }

    qint64 size() const noexcept { return static_cast<qint64>(m_status.st_size); } // bytes
    qint64 allocatedSize() const noexcept { return static_cast<qint64>(m_status.st_blocks) * 512; } // bytes on the disk
    int mode() const noexcept { return static_cast<int>(m_status.st_mode & 07777); } // permission bits
    quint64 owner() const noexcept { return m_status.st_uid; }
    quint64 group() const noexcept { return m_status.st_gid; }
    quint64 linkCount() const noexcept { return m_status.st_nlink; }

    // Together they say whether two paths lead to the same file.
    quint64 device() const noexcept { return m_status.st_dev; }
    quint64 inode() const noexcept { return m_status.st_ino; }

    FileTime accessed() const noexcept { return timeFrom(m_status.st_atim); }
    FileTime modified() const noexcept { return timeFrom(m_status.st_mtim); }
    FileTime changed() const noexcept { return timeFrom(m_status.st_ctim); } // contents or what is told here
    FileTime created() const noexcept { return timeFrom(m_status.st_birthtim); } // of 1970 where it is not known

private:
    static FileTime timeFrom(const uv_timespec_t &time) noexcept;

    uv_stat_t m_status = {};
};

class INTERLOOP_EXPORT FileSystemStatus
{
public:
    FileSystemStatus() noexcept = default; // of no file system
    explicit FileSystemStatus(const uv_statfs_t &status) noexcept : m_status(status) { }

    quint64 type() const noexcept { return m_status.f_type; } // the kernel's number, see statfs(2)
    quint64 blockSize() const noexcept { return m_status.f_bsize; } // bytes
    quint64 size() const noexcept { return m_status.f_blocks * m_status.f_bsize; } // bytes
    quint64 free() const noexcept { return m_status.f_bfree * m_status.f_bsize; } // bytes
    quint64 available() const noexcept { return m_status.f_bavail * m_status.f_bsize; } // bytes, to others than root
    quint64 fileCount() const noexcept { return m_status.f_files; } // how many there can be; 0: no bound
    quint64 freeFileCount() const noexcept { return m_status.f_ffree; }

private:
    uv_statfs_t m_status = {};
};

} // namespace interloop
