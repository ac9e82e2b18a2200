// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/task.h>
#include <interloop/uv/filepath.h>

#include <QByteArray>
#include <QString>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

/*
 * What happens to a file, or to the entries of a directory, as an asynchronous sequence that does not miss any of it:
 *
 *     FileWatcher watcher(folder);
 *     for (auto event = co_await watcher.next(); event; event = co_await watcher.next())
 *         use(event->name());
 *
 * It listens from the constructor on, and keeps what nobody has taken yet, up to its capacity. At one event more, when
 * the kernel has lost events, and when the watched path itself goes away, it ends with an error after what it kept: look
 * at the files, and watch anew. The kernel alone merges events, and only those that follow each other, are equal, and
 * are unread: ten writes in a row may be one `Changed`.
 *
 * Watched is what the path means now, not the name: a file that is replaced, as editors do when they save, is gone. To
 * follow a file by name watch its directory. Directories below a watched one are not watched.
 */

namespace interloop {

class FileWatch;

// Something that has happened.
class INTERLOOP_EXPORT FileEvent
{
public:
    enum class Kind : unsigned char {
        Created,
        Changed, // content
        AttributesChanged, // permissions, owner, times, number of links
        Deleted,
        MovedIn, // an entry has got this name: renamed, or moved here
        MovedOut, // an entry has lost this name
    };

    FileEvent(Kind kind, QByteArray encodedName, std::uint32_t renameId, bool isDirectory)
        : m_name(std::move(encodedName)), m_renameId(renameId), m_kind(kind), m_isDirectory(isDirectory)
    {
    }

    Kind kind() const noexcept { return m_kind; }

    // Of the entry in the watched directory; empty: what is watched itself.
    QString name() const { return FilePath(m_name).toString(); }
    const QByteArray &encodedName() const noexcept { return m_name; } // as the kernel has it, for names that are no text

    // The same for the MovedOut and the MovedIn of one renaming, also across two watched directories; else 0.
    std::uint32_t renameId() const noexcept { return m_renameId; }
    bool isDirectory() const noexcept { return m_isDirectory; }

private:
    QByteArray m_name;
    std::uint32_t m_renameId;
    Kind m_kind;
    bool m_isDirectory;
};

// Belongs to the thread that made it; movable.
class INTERLOOP_EXPORT FileWatcher
{
public:
    static constexpr std::size_t defaultCapacity = 10'000; // events

    FileWatcher() noexcept; // closed

    // Watches `path`, a file or a directory. Throws std::system_error that names it: no_such_file_or_directory;
    // no_space_on_device when the user watches too much (fs.inotify.max_user_watches); too_many_files_open
    // (fs.inotify.max_user_instances); invalid_argument for a path that cannot be one and a capacity of 0.
    explicit FileWatcher(const FilePath &path, std::size_t capacity = defaultCapacity);
    FileWatcher(FileWatcher &&other) noexcept;
    FileWatcher &operator=(FileWatcher &&other) noexcept;
    ~FileWatcher(); // as close()

    // The oldest event that is kept, or the next one; empty at the end, then and ever after. Several tasks may wait,
    // first come, first served.
    // Starts: when awaited. Resumes: from the ready queue, at once when an event is kept. Cancel: at once, unless an
    // event has been handed over already: that one is returned; nothing is lost.
    // Throws once, when nothing is kept any more: std::system_error with no_buffer_space when events were lost, by this
    // watcher's capacity or the kernel's; no_such_file_or_directory when what was watched has been deleted or moved.
    Task<std::optional<FileEvent>> next();

    // How many events are kept now.
    std::size_t size() const noexcept;

    // Stops watching. What is kept can still be taken; then comes the end, also for those who wait.
    void close() noexcept;
    bool isOpen() const noexcept; // false also after an error

    QString path() const;

private:
    std::shared_ptr<FileWatch> m_watch; // null: none, or moved from
};

} // namespace interloop
