// SPDX-License-Identifier: MIT
#include <interloop/uv/blockingfile.h>

#include <interloop/task/errors.h>
#include <interloop/uv/filepath.h>

#include <fcntl.h>

namespace interloop {

namespace {

class Request
{
public:
    Request() = default;
    Request(const Request &) = delete;
    Request &operator=(const Request &) = delete;
    ~Request() { uv_fs_req_cleanup(&fs); }

    uv_fs_t fs = {};
};

// Of a read or write that is one buffer.
template<typename Function>
ssize_t transfer(Function function, const char *operation, const BlockingFile &file, const char *data, qsizetype size)
{
    Request request;
    uv_buf_t buffer = uv_buf_init(const_cast<char *>(data), 0);
    buffer.len = static_cast<std::size_t>(size);
    return callBlocking(request.fs, operation, file.path(), function, file.descriptor(), &buffer, 1u, int64_t(-1));
}

} // namespace

void throwFsError(ssize_t error, const char *operation, const QByteArray &path)
{
    throw uvError(static_cast<int>(error), std::string(operation) + ' ' + path.toStdString());
}

std::system_error errorOfStep(const std::string &whole, const std::system_error &error)
{
    const std::string why = ": " + error.code().message(); // which the new error says by itself
    std::string step = error.what();
    if (step.ends_with(why))
        step.resize(step.size() - why.size());
    return std::system_error(error.code(), whole + ": " + step);
}

BlockingFile::BlockingFile(const QByteArray &path, int flags, int mode) : m_path(path)
{
    Request request;
    m_descriptor = int(callBlocking(request.fs, "open", path, &uv_fs_open, path.constData(), flags, mode));
}

BlockingFile::~BlockingFile()
{
    Request request;
    if (m_descriptor >= 0)
        uv_fs_close(nullptr, &request.fs, m_descriptor, nullptr);
}

uv_stat_t BlockingFile::status() const
{
    Request request;
    callBlocking(request.fs, "stat", m_path, &uv_fs_fstat, m_descriptor);
    return request.fs.statbuf;
}

qsizetype BlockingFile::read(char *data, qsizetype size) const
{
    return qsizetype(transfer(&uv_fs_read, "read", *this, data, size));
}

qsizetype BlockingFile::write(const char *data, qsizetype size) const
{
    return qsizetype(transfer(&uv_fs_write, "write", *this, data, size));
}

void BlockingFile::sync() const
{
    Request request;
    callBlocking(request.fs, "fsync", m_path, &uv_fs_fsync, m_descriptor);
}

void BlockingFile::takeOver(const uv_stat_t &status) const
{
    Request owner;
    uv_fs_fchown(nullptr, &owner.fs, m_descriptor, uv_uid_t(status.st_uid), uv_gid_t(status.st_gid), nullptr);
    Request mode; // behind the owner, whose change takes the set-user-ID bits away
    callBlocking(mode.fs, "chmod", m_path, &uv_fs_fchmod, m_descriptor, int(status.st_mode & 07777));
}

void BlockingFile::close()
{
    Request request;
    callBlocking(request.fs, "close", m_path, &uv_fs_close, std::exchange(m_descriptor, -1));
}

void renameBlocking(const QByteArray &from, const QByteArray &to)
{
    Request request;
    callBlocking(request.fs, "rename", from + ' ' + to, &uv_fs_rename, from.constData(), to.constData());
}

void removeBlocking(const QByteArray &path) noexcept
{
    Request request;
    uv_fs_unlink(nullptr, &request.fs, path.constData(), nullptr);
}

std::optional<uv_stat_t> statusBlocking(const QByteArray &path)
{
    Request request;
    const int error = uv_fs_stat(nullptr, &request.fs, path.constData(), nullptr);
    if (error == UV_ENOENT)
        return std::nullopt;
    if (error)
        throwFsError(error, "stat", path);
    return request.fs.statbuf;
}

QByteArray followLinks(QByteArray path)
{
    for (;;) {
        Request real;
        const int error = uv_fs_realpath(nullptr, &real.fs, path.constData(), nullptr); // fails for links in a circle
        if (error == 0)
            return QByteArray(static_cast<const char *>(real.fs.ptr));
        if (error != UV_ENOENT)
            throwFsError(error, "realpath", path);
        Request link;
        if (uv_fs_readlink(nullptr, &link.fs, path.constData(), nullptr) != 0)
            return path;
        const QByteArray next(static_cast<const char *>(link.fs.ptr));
        path = next.startsWith('/') ? next : FilePath(path).sibling(next).bytes();
    }
}

void syncFolder(const QByteArray &path)
{
    const BlockingFile folder(path, O_RDONLY | O_DIRECTORY, 0);
    Request request;
    const int error = uv_fs_fsync(nullptr, &request.fs, folder.descriptor(), nullptr);
    if (error && error != UV_EINVAL)
        throwFsError(error, "fsync", path);
}

} // namespace interloop
