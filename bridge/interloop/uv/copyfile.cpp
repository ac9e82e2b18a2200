// SPDX-License-Identifier: MIT
#include <interloop/uv/wholefile.h>

#include <interloop/loop/bridge.h>
#include <interloop/task/errors.h>
#include <interloop/task/progress.h>
#include <interloop/task/shield.h>
#include <interloop/task/tryawait.h>
#include <interloop/uv/blockingfile.h>
#include <interloop/uv/file.h>
#include <interloop/uv/filesystem.h>
#include <interloop/uv/fscleanup.h>
#include <interloop/uv/fsjob.h>
#include <interloop/uv/work.h>

#include <algorithm>
#include <exception>
#include <limits>
#include <string>

namespace interloop {

namespace {

constexpr qint64 chunkSize = 1024 * 1024; // between two reports of progress
constexpr qint64 unit = 1024; // of progress, bytes

int units(qint64 bytes)
{
    return int(std::min<qint64>((bytes + unit - 1) / unit, std::numeric_limits<int>::max()));
}

std::string nameOf(const FilePath &from, const FilePath &to)
{
    return "copy " + from.bytes().toStdString() + ' ' + to.bytes().toStdString();
}

// The file that `path` leads to.
Task<FilePath> replacedBy(const FilePath &from, const FileStatus &source, const FilePath &path)
{
    const QByteArray target = co_await toThread(&followLinks, path.bytes());
    const Result<FileStatus> found = co_await tryAwait(fileStatus(target));
    if (!found)
        co_return FilePath(target); // there is none; or making the new one fails for the same reason
    const FileStatus &old = found.value();
    if (old.isDirectory())
        throw uvError(UV_EISDIR, nameOf(from, path));
    if (!old.isFile())
        throw uvError(UV_EINVAL, nameOf(from, path) + " (no regular file)");
    if (old.inode() == source.inode() && old.device() == source.device())
        throw uvError(UV_EINVAL, nameOf(from, path) + " (the same file)");
    co_return FilePath(target);
}

Task<> copyContents(const File &source, const File &target, qint64 size)
{
    Progress progress = Progress::current();
    progress.setRange(0, units(size));
    qint64 copied = 0;
    for (qint64 count = 1; count > 0; copied += count) {
        count = co_await source.sendTo(target, copied, chunkSize);
        progress.setValue(units(copied + count));
    }
    // The kernel copies nothing of files that it makes up as they are read, as in /proc.
    for (QByteArray bytes = co_await source.readAt(copied, chunkSize); !bytes.isEmpty();
         bytes = co_await source.readAt(copied, chunkSize)) {
        copied += bytes.size();
        co_await target.write(std::move(bytes));
    }
}

Task<> untilOver(std::shared_ptr<PoolJob> job)
{
    PoolJobWait wait(std::move(job));
    co_await inPlace(wait);
}

// By a new file beside it.
Task<> replace(const FilePath &target, const File &source, const FileStatus &status)
{
    constexpr qsizetype longest = 200; // of 255 bytes that a name may have
    const QByteArray name = target.bytes().mid(target.bytes().lastIndexOf('/') + 1).left(longest);
    File copy = co_await shield(File::openTemporary(target.sibling('.' + name + ".XXXXXX")));
    const FilePath path = copy.path();
    std::exception_ptr failure;
    try {
        co_await copyContents(source, copy, status.size());
        co_await copy.setMode(status.mode());
        co_await copy.sync();
        co_await copy.close();
        co_await shield(renameFile(path, target));
    } catch (...) {
        failure = std::current_exception();
    }
    if (failure) {
        co_await shield(untilOver(removeLater(currentPump(), &uv_fs_unlink, "unlink", path.bytes())));
        std::rethrow_exception(failure);
    }
    co_await shield(toThread(&syncFolder, target.folder().bytes()));
}

} // namespace

Task<> copyFile(FilePath from, FilePath to)
{
    from.require("copy");
    to.require("copy");
    const File source = co_await File::open(from);
    const FileStatus status = co_await source.status();
    const FilePath target = co_await replacedBy(from, status, to);
    try {
        co_await replace(target, source, status);
    } catch (const std::system_error &error) {
        throw errorOfStep(nameOf(from, to), error); // which names the new file, of which the user knows nothing
    }
}

} // namespace interloop
