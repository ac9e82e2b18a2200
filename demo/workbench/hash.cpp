// SPDX-License-Identifier: MIT
#include <demo/parts/waits.h>
#include <demo/workbench/actions.h>

#include <interloop/loop/runsync.h>
#include <interloop/task/tryawait.h>
#include <interloop/uv/directory.h>
#include <interloop/uv/filesystem.h>
#include <interloop/uv/work.h>

#include <QCryptographicHash>
#include <QFile>
#include <QLocale>

#include <algorithm>
#include <memory>
#include <system_error>

using interloop::FileType;
using interloop::Progress;
using interloop::Result;
using interloop::runSync;
using interloop::Task;
using interloop::toThread;

namespace {

// The digest of a folder: of the names and the contents of all files beneath it, in the order of their names. Symbolic
// links are not followed, and what is no file is left out.
class FolderHash
{
public:
    explicit FolderHash(const QString &folder) : m_folder(folder) { }

    Task<QStringList> files();
    Task<> add(QString file); // relative to the folder
    QString sentence() const;

private:
    class Contents;
    Task<> list(QString folder, QStringList &folders, QStringList &files);
    void tell() const;

    QString m_folder; // as the user wrote it
    QCryptographicHash m_hash{QCryptographicHash::Sha256};
    QStringList m_unreadable; // "open /etc/shadow: permission denied"
    qint64 m_bytes = 0;
    int m_count = 0;
};

// One file, hashed in the pool piece by piece: a piece that has begun cannot be cancelled.
class FolderHash::Contents
{
public:
    explicit Contents(const QString &path) : m_file(path) { }

    // Hashes the next piece; false: there was none. In a thread of the pool.
    static bool hashPiece(const std::shared_ptr<Contents> &contents)
    {
        QFile &file = contents->m_file;
        if (!file.isOpen() && !file.open(QIODevice::ReadOnly | QIODevice::Unbuffered))
            contents->fail();
        if (file.pos() >= file.size())
            return false;
        const QByteArray piece = file.read(1024 * 1024);
        if (piece.isEmpty() && file.error() != QFileDevice::NoError)
            contents->fail();
        contents->m_hash.addData(piece);
        return !piece.isEmpty();
    }

    QByteArray digest() const { return m_hash.result(); }
    qint64 size() const { return m_file.pos(); }

private:
    void fail() const
    {
        throw std::runtime_error(QStringLiteral("%1: %2").arg(m_file.fileName(), m_file.errorString()).toStdString());
    }

    QFile m_file;
    QCryptographicHash m_hash{QCryptographicHash::Sha256};
};

Task<> FolderHash::list(QString folder, QStringList &folders, QStringList &files)
{
    const QString path = m_folder + '/' + folder; // which is empty or ends with a slash
    const QList<interloop::DirectoryEntry> entries = co_await interloop::listDirectory(path);
    for (const interloop::DirectoryEntry &entry : entries) {
        FileType type = entry.type();
        if (type == FileType::Unknown)
            type = (co_await interloop::linkStatus(path + entry.name())).type();
        if (type == FileType::Directory)
            folders << folder + entry.name() + '/';
        else if (type == FileType::File)
            files << folder + entry.name();
    }
}

Task<QStringList> FolderHash::files()
{
    try {
        QStringList folders;
        QStringList files;
        co_await list(QString(), folders, files);
        while (!folders.isEmpty()) {
            const Result<> listed = co_await interloop::tryAwait(list(folders.takeLast(), folders, files));
            if (!listed)
                m_unreadable << QString::fromStdString(listed.errorString());
        }
        files.sort();
        Progress::current().setRange(0, int(files.size()));
        co_return files;
    } catch (const std::system_error &error) {
        throw ActionError(Action::tr("The folder %1 cannot be read: %2.").arg(m_folder, reasonOf(error)));
    }
}

Task<> FolderHash::add(QString file)
{
    const auto contents = std::make_shared<Contents>(m_folder + '/' + file);
    tell();
    bool goesOn = true;
    while (goesOn) {
        const Result<bool> hashed = co_await interloop::tryAwait(toThread(&Contents::hashPiece, contents));
        goesOn = hashed && hashed.value();
        if (!hashed) {
            m_unreadable << QString::fromStdString(hashed.errorString());
            co_return;
        }
    }
    m_hash.addData(file.toUtf8() + '\0' + contents->digest());
    m_bytes += contents->size();
    ++m_count;
}

void FolderHash::tell() const
{
    Progress progress = Progress::current();
    progress.setValue(m_count + int(m_unreadable.size()));
    progress.setText(Action::tr("%1 of %2 files").arg(progress.value()).arg(progress.maximum()).toStdString());
}

QString FolderHash::sentence() const
{
    const QLocale locale;
    QString text = Action::tr("%1: %2 files, %3 bytes, SHA-256 %4.")
                           .arg(m_folder, locale.toString(m_count), locale.toString(m_bytes),
                                QString::fromLatin1(m_hash.result().toHex().left(16)));
    if (!m_unreadable.isEmpty()) {
        text.chop(1);
        text += Action::tr("; %1 could not be read.").arg(locale.toString(m_unreadable.size())) + QStringLiteral("\n\n")
                + m_unreadable.mid(0, 1000).join('\n');
    }
    return text;
}

} // namespace

//! [code]
QString hashFolder(Wait &wait, const QString &folder)
{
    return runSync(wait.watch(hashFiles(folder)));
}

Task<QString> hashFiles(QString folder)
{
    FolderHash hash(folder);
    const QStringList files = co_await hash.files();
    for (const QString &file : files)
        co_await hash.add(file); // in a thread of the pool; tells the progress
    co_return hash.sentence();
}
//! [code]
