// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/uv/directory.h>
#include <interloop/uv/fsresource.h>

#include <array>
#include <memory>
#include <string>

/*
 * A directory's stream, what has been read of it and not been taken, and the calls on it.
 */

namespace interloop {

class CloseDirectoryJob;
class ReadDirectoryJob;

FileType entryType(uv_dirent_type_t type) noexcept;

class OpenDirectory final : public FsResource
{
public:
    OpenDirectory(Pump &pump, QByteArray path);
    ~OpenDirectory();

    // It is open from now on.
    void setStream(uv_dir_t *stream) noexcept;
    uv_dir_t *stream() const noexcept { return m_stream; }

    bool hasEntry() const noexcept { return m_taken < m_entries.size(); }
    bool isAtEnd() const noexcept { return m_isAtEnd; }
    std::optional<DirectoryEntry> take();

    // The call that reads more: the one that runs, also if it was abandoned, else a new one.
    static std::shared_ptr<ReadDirectoryJob> reading(const std::shared_ptr<OpenDirectory> &self);

    // Of the running call: it has read `count` entries, 0 at the end; negative: it has failed.
    void hasRead(ssize_t count);

private:
    OpenDirectory(Pump &pump, QByteArray path, std::shared_ptr<CloseDirectoryJob> closer);

    static constexpr std::size_t batch = 64;

    std::shared_ptr<CloseDirectoryJob> m_closer;
    std::shared_ptr<ReadDirectoryJob> m_reading; // null: none runs
    uv_dir_t *m_stream = nullptr; // owned by libuv, until closed
    std::array<uv_dirent_t, batch> m_raw = {};
    QList<DirectoryEntry> m_entries;
    qsizetype m_taken = 0; // of m_entries
    bool m_isAtEnd = false;
};

class ReadDirectoryJob final : public FsJob
{
public:
    explicit ReadDirectoryJob(std::shared_ptr<OpenDirectory> directory) noexcept : m_directory(std::move(directory)) { }
    std::string name() const override { return "readdir " + m_directory->path().toStdString(); }

private:
    int issue(uv_loop_t *loop, uv_fs_t *request, uv_fs_cb done) override
    {
        return uv_fs_readdir(loop, request, m_directory->stream(), done);
    }
    uv_req_t *request() noexcept override { return nullptr; } // what it reads is for the next one who asks
    void arrived() noexcept override
    {
        m_directory->hasRead(status());
        uv_fs_req_cleanup(&fs()); // which looks at the directory: not behind the end of its use
    }

    FsUse<OpenDirectory> m_directory;
};

class OpenDirectoryJob final : public FsJob
{
public:
    OpenDirectoryJob(Pump &pump, const QByteArray &path) : m_directory(std::make_shared<OpenDirectory>(pump, path)) { }
    std::string name() const override { return "opendir " + m_directory->path().toStdString(); }

    // Throws std::system_error when it could not be opened.
    std::shared_ptr<OpenDirectory> take()
    {
        result();
        return std::move(m_directory);
    }

private:
    int issue(uv_loop_t *loop, uv_fs_t *request, uv_fs_cb done) override
    {
        return uv_fs_opendir(loop, request, m_directory->path().constData(), done);
    }
    void arrived() noexcept override
    {
        if (status() >= 0)
            m_directory->setStream(static_cast<uv_dir_t *>(fs().ptr));
    }

    std::shared_ptr<OpenDirectory> m_directory; // null: taken
};

} // namespace interloop
