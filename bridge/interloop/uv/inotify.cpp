// SPDX-License-Identifier: MIT
#include <interloop/uv/inotify.h>

#include <interloop/loop/pump.h>
#include <interloop/task/errors.h>

#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace interloop {

namespace {

// What libuv watches for.
constexpr std::uint32_t watched = IN_ATTRIB | IN_CREATE | IN_MODIFY | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF
        | IN_MOVED_FROM | IN_MOVED_TO;

} // namespace

Inotify *&Inotify::mine() noexcept
{
    static thread_local Inotify *instance = nullptr; // nullptr: there is none, or it is closing
    return instance;
}

UvRef<Inotify> Inotify::current(Pump &pump)
{
    return UvRef<Inotify>(mine() ? mine() : new Inotify(pump));
}

Inotify::Inotify(Pump &pump) : UvHandle(pump, reinterpret_cast<uv_handle_t *>(&m_poll))
{
    m_descriptor = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    int error = m_descriptor < 0 ? uv_translate_sys_error(errno) : uv_poll_init(pump.uvLoop(), &m_poll, m_descriptor);
    if (error && m_descriptor >= 0)
        ::close(m_descriptor);
    if (error)
        throw uvError(error, "inotify");
    initialised();
    uv_poll_start(&m_poll, UV_READABLE, &Inotify::readable);
    pump.touch();
    mine() = this;
}

int Inotify::add(FileWatch &watch)
{
    while (readQueue()) { } // a path that is watched already may have events from before
    const int number = inotify_add_watch(m_descriptor, watch.path().constData(), watched);
    if (number < 0)
        return uv_translate_sys_error(errno);
    m_watches[number].append(watch);
    watch.m_number = number;
    return 0;
}

void Inotify::remove(FileWatch &watch) noexcept
{
    watch.unlink();
    const auto place = m_watches.find(watch.m_number);
    if (place != m_watches.end())
        dropUnused(place);
}

void Inotify::dropUnused(Watches::iterator place) noexcept
{
    if (!place->second.isEmpty())
        return;
    inotify_rm_watch(m_descriptor, place->first); // refused when the kernel has done that already
    m_watches.erase(place);
}

void Inotify::readable(uv_poll_t *poll, int, int)
{
    const UvRef<Inotify> self(from<Inotify>(poll)); // it may lose its last watch
    self->readQueue(); // others have a turn: the poll tells when there is more
}

bool Inotify::readQueue() noexcept
{
    constexpr int mostAtOnce = 16;
    alignas(inotify_event) char buffer[16384];
    for (int round = 0; round < mostAtOnce && isOpen(); ++round) {
        const ssize_t size = ::read(m_descriptor, buffer, sizeof(buffer));
        if (size <= 0)
            return false;
        for (const char *place = buffer; place < buffer + size && isOpen();) {
            const auto &event = *reinterpret_cast<const inotify_event *>(place);
            deliver(event);
            place += sizeof(inotify_event) + event.len;
        }
    }
    return isOpen();
}

void Inotify::deliver(const inotify_event &event) noexcept
{
    if (event.mask & IN_Q_OVERFLOW) {
        endAll(UV_ENOBUFS, ": the kernel's queue has run over and events are lost (fs.inotify.max_queued_events)");
        return;
    }
    const auto place = m_watches.find(event.wd);
    if (place == m_watches.end())
        return; // it came while the watch was being taken away
    List<FileWatch> &watches = place->second;
    List<FileWatch> over;
    for (FileWatch *next = watches.firstOrNull(); next;) {
        FileWatch &watch = *next;
        next = watches.after(watch);
        watch.receive(event);
        if (watch.hasEnded()) {
            watch.unlink();
            over.append(watch);
        }
    }
    dropUnused(place);
    while (!over.isEmpty())
        over.takeFirst().m_inotify = UvRef<Inotify>();
}

void Inotify::endAll(int error, const char *why) noexcept
{
    while (!m_watches.empty()) {
        const auto place = m_watches.begin();
        while (!place->second.isEmpty()) {
            FileWatch &watch = place->second.takeFirst();
            if (error)
                watch.fail(error, why);
            watch.end();
            watch.m_inotify = UvRef<Inotify>();
        }
        dropUnused(place);
    }
}

void Inotify::closing() noexcept
{
    mine() = nullptr;
    endAll(0, nullptr);
    uv_poll_stop(&m_poll);
    ::close(m_descriptor);
}

} // namespace interloop
