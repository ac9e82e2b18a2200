// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/loop/uvhandle.h>
#include <interloop/task/task.h>
#include <interloop/uv/filepath.h>
#include <interloop/uv/filestatus.h>

#include <QString>

#include <chrono>
#include <optional>
#include <system_error>

/*
 * The state of a file, looked at again and again: for where FileWatcher cannot tell, as on network file systems and in
 * /proc, and for a name, whatever file has it. libuv manual, "uv_fs_poll_t".
 *
 *     FilePoller poller("/mnt/share/list.txt", 2s);
 *     for (auto change = co_await poller.next(); change; change = co_await poller.next())
 *         use(change->current());
 *
 * It tells states, not events: what changes and changes back between two looks is not seen, and of several changes that
 * nobody has taken one is left, from what was told last to what is now. Each look is a job of libuv's thread pool.
 */

namespace interloop {

class FilePollHandle;

// From one state of a file to another.
class INTERLOOP_EXPORT FileStatusChange
{
public:
    FileStatusChange(const FileStatus &previous, const FileStatus &current, int error) noexcept
        : m_previous(previous), m_current(current), m_error(error)
    {
    }

    const FileStatus &previous() const noexcept { return m_previous; } // empty: there was none, or none was known
    const FileStatus &current() const noexcept { return m_current; } // empty: see error()

    bool existed() const noexcept { return m_previous.type() != FileType::Unknown; }
    bool exists() const noexcept { return m_error == 0; }

    // Why there is no current state: no_such_file_or_directory, permission_denied. None: there is one.
    std::error_code error() const noexcept;

private:
    FileStatus m_previous;
    FileStatus m_current;
    int m_error; // libuv's code
};

// Belongs to the thread that made it; movable.
class INTERLOOP_EXPORT FilePoller
{
public:
    FilePoller() noexcept; // closed

    // Looks at `path` now, and from then on every `interval`, at least 1 ms. What there is at first is not a change; that
    // there is nothing is one. Throws std::system_error that names the path: invalid_argument for one that cannot be a
    // path, and an interval of less than 1 ms or more than 49 days.
    FilePoller(const FilePath &path, std::chrono::milliseconds interval);
    FilePoller(FilePoller &&other) noexcept;
    FilePoller &operator=(FilePoller &&other) noexcept;
    ~FilePoller(); // as close()

    // The change since what was told last, or the next one; empty at the end, then and ever after. Of several tasks that
    // wait each gets a change of its own, first come, first served.
    // Starts: when awaited. Resumes: from the ready queue, at once when there is a change. Cancel: at once, unless a
    // change has been handed over already: that one is returned; nothing is lost.
    Task<std::optional<FileStatusChange>> next();

    // Looks no more. A change that nobody has taken still can be; then comes the end, also for those who wait.
    void close() noexcept;
    bool isOpen() const noexcept;

    QString path() const;

private:
    UvRef<FilePollHandle> m_handle; // null: none, or moved from
};

} // namespace interloop
