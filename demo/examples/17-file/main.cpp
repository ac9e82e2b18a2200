// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>

#include <QCoreApplication>
#include <QTemporaryDir>
#include <QTextStream>

/*
 * Files, written as a whole and in pieces, read, and copied with progress. libuv's threads do it; this thread's loop
 * goes on meanwhile.
 */

using namespace interloop;

// Whoever reads the file meanwhile finds the old contents or the new ones, never half of them.
Task<> replace(QString path, QTextStream &out)
{
    co_await writeFile(path, "first line\n");
    co_await writeFile(path, "a better first line\n");
    const QByteArray contents = co_await readFile(path);
    out << "as a whole: " << contents;
}

Task<> readAndWrite(QString path, QTextStream &out)
{
    File file = co_await File::open(path, QIODevice::ReadWrite | QIODevice::Append);
    co_await file.write("second line\n");
    const FileStatus status = co_await file.status();
    const QByteArray word = co_await file.readAt(status.size() - 12, 6);
    out << "in pieces: " << status.size() << " bytes, the last line begins with '" << word << "'" << Qt::endl;
    co_await file.close(); // tells of errors that a destructor could only report
}

Task<> copy(QString from, QString to, QTextStream &out)
{
    co_await writeFile(from, QByteArray(4 * 1024 * 1024, 'x'));
    Progress progress;
    progress.setListener([&] {
        out << "copied " << progress.value() << " of " << progress.maximum() << " KiB" << Qt::endl;
    });
    co_await progress.follow(copyFile(from, to));
    progress.setListener({});
}

Task<> run(QString folder, QTextStream &out)
{
    const QString notes = folder + QStringLiteral("/notes.txt");
    co_await replace(notes, out);
    co_await readAndWrite(notes, out);
    co_await copy(folder + QStringLiteral("/large"), folder + QStringLiteral("/copy"), out);
    const Result<QByteArray> missing = co_await tryAwait(readFile("/no/such/file"));
    out << QString::fromStdString(missing.errorString()) << Qt::endl;
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
