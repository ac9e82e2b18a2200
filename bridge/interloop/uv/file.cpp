// SPDX-License-Identifier: MIT
#include <interloop/uv/file.h>

#include <interloop/loop/bridge.h>
#include <interloop/task/errors.h>
#include <interloop/uv/fscall.h>
#include <interloop/uv/openjob.h>

namespace interloop {

namespace {

Task<File> openFile(FilePath path, int flags, int mode)
{
    path.require("open");
    const auto job = std::make_shared<OpenJob>(currentPump(), path.bytes(), flags, mode);
    PoolJobWait wait(job);
    co_await inPlace(wait);
    co_return File(job->take());
}

Task<File> makeTemporary(FilePath pattern)
{
    pattern.require("mkstemp");
    const auto job = std::make_shared<OpenTemporaryJob>(currentPump(), pattern.bytes());
    PoolJobWait wait(job);
    co_await inPlace(wait);
    co_return File(job->take());
}

// open(2)'s flags for QFile's, as QFile has them.
int openFlags(QIODevice::OpenMode mode)
{
    int flags = O_RDONLY;
    if (mode.testFlag(QIODevice::ReadWrite))
        flags = O_RDWR | O_CREAT;
    else if (mode & (QIODevice::WriteOnly | QIODevice::Append | QIODevice::NewOnly))
        flags = O_WRONLY | O_CREAT;
    if (mode & QIODevice::Append)
        flags |= O_APPEND;
    else if ((mode & QIODevice::Truncate) || (flags & O_WRONLY && !(mode & QIODevice::NewOnly)))
        flags |= O_TRUNC;
    if (mode & QIODevice::NewOnly)
        flags |= O_EXCL;
    if (mode & QIODevice::ExistingOnly)
        flags &= ~O_CREAT;
    return flags;
}

Task<File> openFile(FilePath path, QIODevice::OpenMode flags, int mode)
{
    const auto refuse = [&path](const char *why) {
        path.require("open");
        throw uvError(UV_EINVAL, "open " + path.bytes().toStdString() + ": " + why);
    };
    if (!(flags & (QIODevice::ReadWrite | QIODevice::Append | QIODevice::NewOnly)))
        refuse("neither to read nor to write");
    if (flags.testFlags(QIODevice::NewOnly | QIODevice::ExistingOnly))
        refuse("NewOnly and ExistingOnly");
    File file = co_await openFile(std::move(path), openFlags(flags), mode);
    co_return file;
}

// In libuv's order; with a count that it does not cut.
int sendFile(uv_loop_t *loop, uv_fs_t *request, int target, int source, qint64 offset, qint64 count, uv_fs_cb done)
{
    if (offset < 0 || count < 0)
        return UV_EINVAL;
    return uv_fs_sendfile(loop, request, target, source, offset, std::size_t(count), done);
}

qint64 countOf(FsJob &job)
{
    return job.status();
}

FileStatus statusOf(FsJob &job)
{
    return FileStatus(job.fs().statbuf);
}

qint64 sizeOf(FsJob &job)
{
    return statusOf(job).size();
}

} // namespace

File::File() noexcept = default;
File::File(std::shared_ptr<OpenFile> file) noexcept : m_file(std::move(file)) { }
File::File(File &&other) noexcept = default;

File &File::operator=(File &&other) noexcept
{
    std::swap(m_file, other.m_file);
    return *this;
}

File::~File()
{
    if (m_file)
        m_file->close();
}

Task<File> File::open(FilePath path, int flags, int mode)
{
    return openFile(std::move(path), flags, mode);
}

Task<File> File::open(FilePath path, QIODevice::OpenMode flags, int mode)
{
    return openFile(std::move(path), flags, mode);
}

Task<File> File::open(FilePath path, QIODevice::OpenModeFlag flag, int mode)
{
    return open(std::move(path), QIODevice::OpenMode(flag), mode);
}

Task<File> File::openTemporary(FilePath pattern)
{
    return makeTemporary(std::move(pattern));
}

Task<qint64> File::sendTo(const File &target, qint64 offset, qint64 count) const
{
    return callFs("sendfile", &countOf, &sendFile, target.m_file, m_file, offset, count);
}

Task<qint64> File::size() const
{
    return callFs("stat", &sizeOf, &uv_fs_fstat, m_file);
}

Task<FileStatus> File::status() const
{
    return callFs("stat", &statusOf, &uv_fs_fstat, m_file);
}

Task<> File::sync() const
{
    return callFs("fsync", &noResult, &uv_fs_fsync, m_file);
}

Task<> File::dataSync() const
{
    return callFs("fdatasync", &noResult, &uv_fs_fdatasync, m_file);
}

Task<> File::truncate(qint64 size) const
{
    return callFs("truncate", &noResult, &uv_fs_ftruncate, m_file, size);
}

Task<> File::setMode(int mode) const
{
    return callFs("chmod", &noResult, &uv_fs_fchmod, m_file, mode);
}

Task<> File::setOwner(uv_uid_t owner, uv_gid_t group) const
{
    return callFs("chown", &noResult, &uv_fs_fchown, m_file, owner, group);
}

Task<> File::setTimes(FileTime accessed, FileTime modified) const
{
    return callFs("utime", &noResult, &uv_fs_futime, m_file, secondsOf(accessed), secondsOf(modified));
}

Task<> File::close()
{
    return FsResource::closeAndWait(std::exchange(m_file, nullptr));
}

bool File::isOpen() const noexcept
{
    return m_file && m_file->isOpen();
}

FilePath File::path() const
{
    return m_file ? FilePath(m_file->path()) : FilePath();
}

int File::descriptor() const noexcept
{
    return isOpen() ? m_file->descriptor() : -1;
}

} // namespace interloop
