// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/loop/uvhandle.h>
#include <interloop/task/feed.h>
#include <interloop/uv/fsevent.h>

#include <QByteArray>

#include <uv.h>

#include <string>
#include <unordered_map>

struct inotify_event;

/*
 * This thread's inotify instance, polled by its libuv loop, and the watches on it. One for all, as the system allows a
 * user 128 of them only; it goes with the last watch.
 *
 * libuv's own watcher (uv_fs_event_t) reads the kernel's queue itself and leaves out two things that a user must know:
 * that the queue has run over, as that belongs to no watcher, and that the watched path has gone, as that looks like any
 * other event (src/unix/linux-inotify.c). So the queue is read here.
 */

namespace interloop {

class FileWatch;

class Inotify final : public UvHandle
{
public:
    // This thread's, made now if there is none. Throws std::system_error.
    static UvRef<Inotify> current(Pump &pump);

    // libuv's error code.
    int add(FileWatch &watch);
    void remove(FileWatch &watch) noexcept;

private:
    explicit Inotify(Pump &pump);
    static Inotify *&mine() noexcept;
    static void readable(uv_poll_t *poll, int status, int events);
    bool readQueue() noexcept; // true: there may be more
    void deliver(const inotify_event &event) noexcept;
    void endAll(int error, const char *why) noexcept;
    void closing() noexcept override;

    using Watches = std::unordered_map<int, List<FileWatch>>; // by the kernel's number, which a path has once
    void dropUnused(Watches::iterator place) noexcept;

    uv_poll_t m_poll;
    int m_descriptor;
    Watches m_watches;
};

// One watcher: what has happened to its path.
class FileWatch final : public ListNode, public Feed<FileEvent>
{
public:
    FileWatch(Pump &pump, QByteArray path, std::size_t capacity); // throws std::system_error
    ~FileWatch() { close(); }

    void close() noexcept;
    bool isOpen() const noexcept { return bool(m_inotify); }
    void requireOwnThread() const { m_inotify->requireOwnThread("next file event"); } // REQUIRES: isOpen()

    const QByteArray &path() const noexcept { return m_path; }
    std::string describe() const override { return "watch " + m_path.toStdString(); }

private:
    friend class Inotify;
    void receive(const inotify_event &event) noexcept;
    void keep(const inotify_event &event);
    void fail(int error, const std::string &why);

    QByteArray m_path;
    std::size_t m_capacity;
    UvRef<Inotify> m_inotify; // null: it has ended
    int m_number = -1; // the kernel's
};

} // namespace interloop
