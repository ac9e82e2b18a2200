// SPDX-License-Identifier: MIT
#include <interloop/uv/fsevent.h>

#include <interloop/loop/bridge.h>
#include <interloop/task/errors.h>
#include <interloop/uv/inotify.h>

#include <sys/inotify.h>

#include <utility>

namespace interloop {

namespace {

std::optional<FileEvent::Kind> kindOf(std::uint32_t mask) noexcept
{
    using Kind = FileEvent::Kind;
    if (mask & IN_CREATE)
        return Kind::Created;
    if (mask & IN_MODIFY)
        return Kind::Changed;
    if (mask & IN_ATTRIB)
        return Kind::AttributesChanged;
    if (mask & IN_DELETE)
        return Kind::Deleted;
    if (mask & IN_MOVED_TO)
        return Kind::MovedIn;
    if (mask & IN_MOVED_FROM)
        return Kind::MovedOut;
    return std::nullopt;
}

Task<std::optional<FileEvent>> nextOf(std::shared_ptr<FileWatch> watch)
{
    if (!watch)
        throw uvError(UV_EBADF, "next file event (of no watcher)");
    if (watch->isOpen())
        watch->requireOwnThread();
    FeedNext<FileEvent> next(*watch);
    std::optional<FileEvent> event = co_await inPlace(next);
    co_return event;
}

} // namespace

FileWatch::FileWatch(Pump &pump, QByteArray path, std::size_t capacity)
    : Feed(capacity), m_path(std::move(path)), m_capacity(capacity)
{
    FilePath(m_path).require("watch");
    if (capacity == 0)
        throw uvError(UV_EINVAL, describe() + " with a capacity of 0");
    m_inotify = Inotify::current(pump);
    const int error = m_inotify->add(*this);
    if (error == UV_ENOSPC)
        throw uvError(error, describe() + " (fs.inotify.max_user_watches)");
    if (error)
        throw uvError(error, describe());
}

void FileWatch::close() noexcept
{
    if (m_inotify)
        m_inotify->remove(*this);
    m_inotify = UvRef<Inotify>();
    end();
}

void FileWatch::fail(int error, const std::string &why)
{
    end(std::make_exception_ptr(uvError(error, describe() + why)));
}

void FileWatch::receive(const inotify_event &event) noexcept
{
    try {
        keep(event);
    } catch (...) {
        end(std::current_exception());
    }
}

void FileWatch::keep(const inotify_event &event)
{
    if (event.mask & IN_MOVE_SELF)
        fail(UV_ENOENT, ", which has been moved away");
    else if (event.mask & IN_IGNORED)
        fail(UV_ENOENT, ", which has been deleted or unmounted");
    const std::optional<FileEvent::Kind> kind = kindOf(event.mask);
    if (!kind || hasEnded())
        return;
    QByteArray name(event.len ? event.name : "");
    if (!offer(FileEvent(*kind, std::move(name), event.cookie, event.mask & IN_ISDIR)))
        fail(UV_ENOBUFS, ": more than " + std::to_string(m_capacity) + " events that nobody has taken");
}

FileWatcher::FileWatcher() noexcept = default;
FileWatcher::FileWatcher(FileWatcher &&other) noexcept = default;

FileWatcher::FileWatcher(const FilePath &path, std::size_t capacity)
    : m_watch(std::make_shared<FileWatch>(currentPump(), path.bytes(), capacity))
{
}

FileWatcher &FileWatcher::operator=(FileWatcher &&other) noexcept
{
    std::swap(m_watch, other.m_watch);
    return *this;
}

FileWatcher::~FileWatcher()
{
    close();
}

Task<std::optional<FileEvent>> FileWatcher::next()
{
    return nextOf(m_watch);
}

std::size_t FileWatcher::size() const noexcept
{
    return m_watch ? m_watch->size() : 0;
}

void FileWatcher::close() noexcept
{
    if (m_watch)
        m_watch->close();
}

bool FileWatcher::isOpen() const noexcept
{
    return m_watch && m_watch->isOpen();
}

QString FileWatcher::path() const
{
    return m_watch ? FilePath(m_watch->path()).toString() : QString();
}

} // namespace interloop
