// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/task.h>
#include <interloop/uv/filepath.h>
#include <interloop/uv/filestatus.h>

#include <QByteArray>
#include <QList>
#include <QString>

#include <memory>
#include <optional>
#include <utility>

/*
 * What a directory holds, one entry after the other, however many there are:
 *
 *     Directory directory = co_await Directory::open(path);
 *     for (auto entry = co_await directory.next(); entry; entry = co_await directory.next())
 *         use(entry->name());
 *
 * Entries are read in batches, as each job of the pool costs tens of microseconds. Thread, errors and cancelling are as
 * a File's.
 */

namespace interloop {

class OpenDirectory;

class INTERLOOP_EXPORT DirectoryEntry
{
public:
    DirectoryEntry() noexcept = default;
    DirectoryEntry(QByteArray name, FileType type) noexcept : m_name(std::move(name)), m_type(type) { }

    QString name() const { return FilePath(m_name).toString(); } // without the directory's
    const QByteArray &bytes() const noexcept { return m_name; } // the same as the kernel has it
    FileType type() const noexcept { return m_type; } // Unknown where the file system does not tell: ask fileStatus()

private:
    QByteArray m_name;
    FileType m_type = FileType::Unknown;
};

class INTERLOOP_EXPORT Directory
{
public:
    Directory() noexcept; // closed
    explicit Directory(std::shared_ptr<OpenDirectory> directory) noexcept;
    Directory(Directory &&other) noexcept;
    Directory &operator=(Directory &&other) noexcept;
    ~Directory(); // closes in the pool; what that fails with goes to the unhandled-error hook

    // Cancel: at once; what an abandoned call opens is closed.
    static Task<Directory> open(FilePath path);

    // The next entry, in the file system's order, without "." and ".."; empty at the end, then and ever after. What is
    // made or removed meanwhile may be seen or not. One task at a time; std::logic_error for a second one.
    // Starts: when awaited. Resumes: from the ready queue, at once for all but the first of a batch. Cancel: at once;
    // nothing is lost, the batch is for the next call.
    Task<std::optional<DirectoryEntry>> next() const;

    // Waits for a call in flight, then closes. Does nothing when closed. Cancel: at once; it is closed all the same.
    Task<> close();

    bool isOpen() const noexcept;
    FilePath path() const; // as it was opened; empty when closed

private:
    std::shared_ptr<OpenDirectory> m_directory; // null: never opened, closed, or moved from
};

// All entries at once, sorted by name as the locale says. For directories that are known to be small.
INTERLOOP_EXPORT Task<QList<DirectoryEntry>> listDirectory(FilePath path);

// `mode` has the permission bits, before the umask. Throws std::system_error (file_exists) when there is something.
INTERLOOP_EXPORT Task<> makeDirectory(FilePath path, int mode = 0777);
INTERLOOP_EXPORT Task<> removeDirectory(FilePath path); // which must be empty

// A new directory for its owner only, with a name of its own: `pattern` ends with XXXXXX, which is replaced. Cancel: at
// once; what an abandoned call makes is removed.
INTERLOOP_EXPORT Task<FilePath> makeTemporaryDirectory(FilePath pattern);

} // namespace interloop
