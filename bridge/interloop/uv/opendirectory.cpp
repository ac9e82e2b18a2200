// SPDX-License-Identifier: MIT
#include <interloop/uv/opendirectory.h>

namespace interloop {

class CloseDirectoryJob final : public CloseJob
{
public:
    uv_dir_t *stream = nullptr;

private:
    int issue(uv_loop_t *loop, uv_fs_t *request, uv_fs_cb done) override
    {
        return uv_fs_closedir(loop, request, stream, done);
    }
};

FileType entryType(uv_dirent_type_t type) noexcept
{
    switch (type) {
    case UV_DIRENT_FILE:
        return FileType::File;
    case UV_DIRENT_DIR:
        return FileType::Directory;
    case UV_DIRENT_LINK:
        return FileType::SymbolicLink;
    case UV_DIRENT_FIFO:
        return FileType::Pipe;
    case UV_DIRENT_SOCKET:
        return FileType::Socket;
    case UV_DIRENT_CHAR:
        return FileType::CharacterDevice;
    case UV_DIRENT_BLOCK:
        return FileType::BlockDevice;
    case UV_DIRENT_UNKNOWN:
        break;
    }
    return FileType::Unknown;
}

OpenDirectory::OpenDirectory(Pump &pump, QByteArray path)
    : OpenDirectory(pump, std::move(path), std::make_shared<CloseDirectoryJob>())
{
}

OpenDirectory::OpenDirectory(Pump &pump, QByteArray path, std::shared_ptr<CloseDirectoryJob> closer)
    : FsResource(pump, std::move(path), closer), m_closer(std::move(closer))
{
}

OpenDirectory::~OpenDirectory() = default;

void OpenDirectory::setStream(uv_dir_t *stream) noexcept
{
    m_stream = stream;
    m_stream->dirents = m_raw.data();
    m_stream->nentries = batch;
    m_closer->stream = stream;
    markOpen();
}

std::optional<DirectoryEntry> OpenDirectory::take()
{
    if (!hasEntry())
        return std::nullopt;
    return std::move(m_entries[m_taken++]);
}

std::shared_ptr<ReadDirectoryJob> OpenDirectory::reading(const std::shared_ptr<OpenDirectory> &self)
{
    if (!self->m_reading)
        self->m_reading = std::make_shared<ReadDirectoryJob>(self);
    return self->m_reading;
}

void OpenDirectory::hasRead(ssize_t count)
{
    m_reading.reset();
    m_isAtEnd = count == 0;
    m_entries.clear();
    m_taken = 0;
    for (ssize_t i = 0; i < count; ++i) {
        const uv_dirent_t &entry = m_raw[static_cast<std::size_t>(i)];
        m_entries.append(DirectoryEntry(QByteArray(entry.name), entryType(entry.type)));
    }
}

} // namespace interloop
