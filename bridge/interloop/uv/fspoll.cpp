// SPDX-License-Identifier: MIT
#include <interloop/uv/fspoll.h>

#include <interloop/loop/bridge.h>
#include <interloop/loop/pump.h>
#include <interloop/task/errors.h>
#include <interloop/uv/filepollhandle.h>

#include <limits>
#include <utility>

namespace interloop {

namespace {

Task<std::optional<FileStatusChange>> nextOf(UvRef<FilePollHandle> handle)
{
    if (!handle)
        throw uvError(UV_EBADF, "next change of a file (of no poller)");
    if (handle->isOpen())
        handle->requireOwnThread("next change of a file");
    FeedNext<std::monostate> next(*handle);
    const std::optional<std::monostate> item = co_await inPlace(next);
    std::optional<FileStatusChange> change;
    if (item)
        change = handle->takeChange();
    co_return change;
}

} // namespace

FilePollHandle::FilePollHandle(Pump &pump, const FilePath &path)
    : UvHandle(pump, reinterpret_cast<uv_handle_t *>(&m_poll)), Feed(1), m_path(path)
{
    uv_fs_poll_init(pump.uvLoop(), &m_poll);
    initialised();
}

int FilePollHandle::start(std::chrono::milliseconds interval)
{
    const auto changed = [](uv_fs_poll_t *poll, int status, const uv_stat_t *before, const uv_stat_t *now) {
        from<FilePollHandle>(poll)->changed(status, *before, *now);
    };
    uv_update_time(pump().uvLoop()); // the interval begins now
    const auto period = static_cast<unsigned>(interval.count());
    const int error = uv_fs_poll_start(&m_poll, changed, m_path.bytes().constData(), period);
    pump().touch();
    return error;
}

void FilePollHandle::changed(int status, const uv_stat_t &before, const uv_stat_t &now) noexcept
{
    if (!std::exchange(m_hasTold, true))
        m_told = FileStatus(before);
    m_current = status < 0 ? FileStatus() : FileStatus(now);
    m_error = status;
    if (!std::exchange(m_hasChange, true))
        offer(std::monostate());
}

FileStatusChange FilePollHandle::takeChange() noexcept
{
    m_hasChange = false;
    return FileStatusChange(std::exchange(m_told, m_current), m_current, m_error);
}

std::error_code FileStatusChange::error() const noexcept
{
    return m_error ? std::error_code(m_error, uvCategory()) : std::error_code();
}

FilePoller::FilePoller() noexcept = default;
FilePoller::FilePoller(FilePoller &&other) noexcept = default;

FilePoller::FilePoller(const FilePath &path, std::chrono::milliseconds interval)
{
    path.require("poll");
    const std::string what = "poll " + path.bytes().toStdString();
    if (interval.count() < 1 || interval.count() > std::numeric_limits<unsigned>::max())
        throw uvError(UV_EINVAL, what + " every " + std::to_string(interval.count()) + " ms");
    m_handle = UvRef<FilePollHandle>(new FilePollHandle(currentPump(), path));
    if (const int error = m_handle->start(interval))
        throw uvError(error, what);
}

FilePoller &FilePoller::operator=(FilePoller &&other) noexcept
{
    std::swap(m_handle, other.m_handle);
    return *this;
}

FilePoller::~FilePoller()
{
    close();
}

Task<std::optional<FileStatusChange>> FilePoller::next()
{
    return nextOf(m_handle);
}

void FilePoller::close() noexcept
{
    if (m_handle)
        m_handle->close();
}

bool FilePoller::isOpen() const noexcept
{
    return m_handle && m_handle->isOpen();
}

QString FilePoller::path() const
{
    return m_handle ? m_handle->path().toString() : QString();
}

} // namespace interloop
