// SPDX-License-Identifier: MIT
#include <interloop/uv/filesystem.h>

#include <interloop/uv/fscall.h>

namespace interloop {

namespace {

FileStatus statusOf(FsJob &job)
{
    return FileStatus(job.fs().statbuf);
}

FileSystemStatus fileSystemOf(FsJob &job)
{
    return FileSystemStatus(*static_cast<const uv_statfs_t *>(job.fs().ptr));
}

FilePath pathOf(FsJob &job)
{
    return FilePath(static_cast<const char *>(job.fs().ptr));
}

} // namespace

Task<FileStatus> fileStatus(FilePath path)
{
    return callFs("stat", &statusOf, &uv_fs_stat, std::move(path));
}

Task<FileStatus> linkStatus(FilePath path)
{
    return callFs("lstat", &statusOf, &uv_fs_lstat, std::move(path));
}

Task<FileSystemStatus> fileSystemStatus(FilePath path)
{
    return callFs("statfs", &fileSystemOf, &uv_fs_statfs, std::move(path));
}

Task<> checkAccess(FilePath path, int mode)
{
    return callFs("access", &noResult, &uv_fs_access, std::move(path), mode);
}

Task<> renameFile(FilePath from, FilePath to)
{
    return callFs("rename", &noResult, &uv_fs_rename, std::move(from), std::move(to));
}

Task<> removeFile(FilePath path)
{
    return callFs("unlink", &noResult, &uv_fs_unlink, std::move(path));
}

Task<> linkFile(FilePath existing, FilePath path)
{
    return callFs("link", &noResult, &uv_fs_link, std::move(existing), std::move(path));
}

Task<> symlinkFile(FilePath target, FilePath path)
{
    return callFs("symlink", &noResult, &uv_fs_symlink, std::move(target), std::move(path), 0);
}

Task<FilePath> readLink(FilePath path)
{
    return callFs("readlink", &pathOf, &uv_fs_readlink, std::move(path));
}

Task<FilePath> realPath(FilePath path)
{
    return callFs("realpath", &pathOf, &uv_fs_realpath, std::move(path));
}

Task<> setFileMode(FilePath path, int mode)
{
    return callFs("chmod", &noResult, &uv_fs_chmod, std::move(path), mode);
}

Task<> setFileOwner(FilePath path, uv_uid_t owner, uv_gid_t group)
{
    return callFs("chown", &noResult, &uv_fs_chown, std::move(path), owner, group);
}

Task<> setLinkOwner(FilePath path, uv_uid_t owner, uv_gid_t group)
{
    return callFs("lchown", &noResult, &uv_fs_lchown, std::move(path), owner, group);
}

Task<> setFileTimes(FilePath path, FileTime accessed, FileTime modified)
{
    return callFs("utime", &noResult, &uv_fs_utime, std::move(path), secondsOf(accessed), secondsOf(modified));
}

Task<> setLinkTimes(FilePath path, FileTime accessed, FileTime modified)
{
    return callFs("lutime", &noResult, &uv_fs_lutime, std::move(path), secondsOf(accessed), secondsOf(modified));
}

} // namespace interloop
