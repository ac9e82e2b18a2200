// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>

#include <QCoreApplication>
#include <QTemporaryDir>
#include <QTextStream>

/*
 * All files below a folder, found one after the other while the consumer works with them: a generator that walks
 * through the directories, however large they are.
 */

using namespace interloop;

AsyncGenerator<QString> filesBelow(QString root)
{
    QStringList folders(root);
    while (!folders.isEmpty()) {
        const QString folder = folders.takeLast();
        const Directory directory = co_await Directory::open(folder);
        for (auto entry = co_await directory.next(); entry; entry = co_await directory.next()) {
            QString path = folder + QLatin1Char('/') + entry->name();
            if (entry->type() == FileType::Directory)
                folders.append(path);
            else
                co_yield std::move(path);
        }
    }
}

Task<> makeFiles(QString root)
{
    for (const char *name : {"/a", "/a/b", "/c"}) {
        const QString folder = root + QLatin1String(name);
        co_await makeDirectory(folder);
        for (int i = 1; i <= 3; ++i)
            co_await writeFile(folder + QStringLiteral("/file-%1").arg(i), QByteArray(100 * i, 'x'));
    }
}

Task<> run(QString root, QTextStream &out)
{
    co_await makeFiles(root);
    qint64 sum = 0;
    const AsyncGenerator<QString> files = filesBelow(root);
    for (auto path = co_await files.next(); path; path = co_await files.next()) {
        const FileStatus status = co_await fileStatus(*path);
        out << path->mid(root.size()) << ": " << status.size() << " bytes" << Qt::endl;
        sum += status.size();
    }
    const FileSystemStatus disk = co_await fileSystemStatus(root);
    out << sum << " bytes in all, " << disk.available() / (1024 * 1024) << " MiB are left on the disk" << Qt::endl;
    const Result<> refused = co_await tryAwait(removeDirectory(root));
    out << QString::fromStdString(refused.errorString()).replace(root, QStringLiteral("...")) << Qt::endl;
}

int main(int argc, char *argv[])
{
    const QCoreApplication application(argc, argv);
    QTextStream out(stdout);
    const QTemporaryDir folder;
    runSync(run(folder.path(), out));
    Bridge::current().close();
    return 0;
}
