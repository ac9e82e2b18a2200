// SPDX-License-Identifier: MIT
#include <interloop/uv/directory.h>

#include <interloop/loop/bridge.h>
#include <interloop/task/errors.h>
#include <interloop/uv/fscall.h>
#include <interloop/uv/fscleanup.h>
#include <interloop/uv/opendirectory.h>

namespace interloop {

namespace {

class MakeTemporaryDirectoryJob final : public FsJob
{
public:
    MakeTemporaryDirectoryJob(Pump &pump, QByteArray pattern) : m_pump(pump), m_pattern(std::move(pattern)) { }
    ~MakeTemporaryDirectoryJob()
    {
        if (m_isMade)
            removeLater(m_pump, &uv_fs_rmdir, "rmdir", QByteArray(fs().path));
    }
    std::string name() const override { return "mkdtemp " + m_pattern.toStdString(); }

    FilePath take()
    {
        result();
        m_isMade = false;
        return FilePath(fs().path);
    }

private:
    int issue(uv_loop_t *loop, uv_fs_t *request, uv_fs_cb done) override
    {
        return uv_fs_mkdtemp(loop, request, m_pattern.constData(), done);
    }
    void arrived() noexcept override { m_isMade = status() >= 0; }

    Pump &m_pump;
    QByteArray m_pattern;
    bool m_isMade = false; // and nobody has it
};

Task<Directory> openDirectory(FilePath path)
{
    path.require("opendir");
    const auto job = std::make_shared<OpenDirectoryJob>(currentPump(), path.bytes());
    PoolJobWait wait(job);
    co_await inPlace(wait);
    co_return Directory(job->take());
}

Task<std::optional<DirectoryEntry>> nextEntry(std::shared_ptr<OpenDirectory> directory)
{
    if (!directory)
        throw uvError(UV_EBADF, "readdir (no directory)");
    directory->requireUsable("readdir");
    while (!directory->hasEntry() && !directory->isAtEnd()) {
        const std::shared_ptr<ReadDirectoryJob> job = OpenDirectory::reading(directory);
        PoolJobWait wait(job);
        co_await inPlace(wait);
        job->result();
    }
    co_return directory->take();
}

Task<FilePath> makeTemporary(FilePath pattern)
{
    pattern.require("mkdtemp");
    const auto job = std::make_shared<MakeTemporaryDirectoryJob>(currentPump(), pattern.bytes());
    PoolJobWait wait(job);
    co_await inPlace(wait);
    co_return job->take();
}

QList<DirectoryEntry> entriesOf(FsJob &job)
{
    QList<DirectoryEntry> entries;
    uv_dirent_t entry;
    while (uv_fs_scandir_next(&job.fs(), &entry) == 0)
        entries.append(DirectoryEntry(QByteArray(entry.name), entryType(entry.type)));
    return entries;
}

} // namespace

Directory::Directory() noexcept = default;
Directory::Directory(std::shared_ptr<OpenDirectory> directory) noexcept : m_directory(std::move(directory)) { }
Directory::Directory(Directory &&other) noexcept = default;

Directory &Directory::operator=(Directory &&other) noexcept
{
    std::swap(m_directory, other.m_directory);
    return *this;
}

Directory::~Directory()
{
    if (m_directory)
        m_directory->close();
}

Task<Directory> Directory::open(FilePath path)
{
    return openDirectory(std::move(path));
}

Task<std::optional<DirectoryEntry>> Directory::next() const
{
    return nextEntry(m_directory);
}

Task<> Directory::close()
{
    return FsResource::closeAndWait(std::exchange(m_directory, nullptr));
}

bool Directory::isOpen() const noexcept
{
    return m_directory && m_directory->isOpen();
}

FilePath Directory::path() const
{
    return m_directory ? FilePath(m_directory->path()) : FilePath();
}

Task<QList<DirectoryEntry>> listDirectory(FilePath path)
{
    return callFs("scandir", &entriesOf, &uv_fs_scandir, std::move(path), 0);
}

Task<> makeDirectory(FilePath path, int mode)
{
    return callFs("mkdir", &noResult, &uv_fs_mkdir, std::move(path), mode);
}

Task<> removeDirectory(FilePath path)
{
    return callFs("rmdir", &noResult, &uv_fs_rmdir, std::move(path));
}

Task<FilePath> makeTemporaryDirectory(FilePath pattern)
{
    return makeTemporary(std::move(pattern));
}

} // namespace interloop
