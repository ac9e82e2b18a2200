// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>

#include <QCoreApplication>
#include <QFile>
#include <QTemporaryDir>
#include <QTextStream>

/*
 * Two parts of a program, or two programs, over a Unix socket: one asks for a file by its name, and the other sends not
 * its content but the open file. So a part that may open files serves one that may not.
 */

using namespace interloop;

Task<> serveFiles(PipeServer &server, const QTemporaryDir &folder)
{
    PipeSocket client = co_await server.accept(PipeContent::BytesAndHandles);
    for (;;) {
        const QByteArray line = co_await client.readLine();
        if (line.isEmpty())
            break; // it has closed
        QFile file(folder.filePath(QString::fromUtf8(line.trimmed())));
        if (!file.open(QIODevice::ReadOnly))
            co_await client.write("error: " + file.errorString().toUtf8() + '\n');
        else
            co_await client.sendDescriptor(file.handle(), "ok\n");
    }
}

Task<QString> askFor(PipeSocket &server, QByteArray name)
{
    co_await server.write(name + '\n');
    const QByteArray answer = co_await server.readLine();
    if (answer != "ok\n")
        co_return QString::fromUtf8(answer.trimmed());
    ReceivedHandle handle = co_await server.receiveHandle(); // it is there: it came with the answer
    QFile file;
    if (!file.open(handle.takeDescriptor(), QIODevice::ReadOnly, QFileDevice::AutoCloseHandle))
        co_return file.errorString();
    co_return QString::fromUtf8(file.readAll());
}

Task<> talk(QString name, QTextStream &out)
{
    PipeSocket server = co_await PipeSocket::connect(name, PipeContent::BytesAndHandles);
    const QString poem = co_await askFor(server, "poem.txt");
    out << "poem.txt: " << poem << Qt::endl;
    const QString missing = co_await askFor(server, "missing.txt");
    out << "missing.txt: " << missing << Qt::endl;
}

int main(int argc, char *argv[])
{
    const QCoreApplication application(argc, argv);
    QTextStream out(stdout);
    const QTemporaryDir folder;
    QFile poem(folder.filePath(QStringLiteral("poem.txt")));
    if (!poem.open(QIODevice::WriteOnly) || poem.write("a line that crossed as a descriptor") < 0)
        return 1;
    poem.close();

    const QString name = folder.filePath(QStringLiteral("files.socket"));
    PipeServer server = PipeServer::listen(name);
    const TaskHandle<> serving = spawn(serveFiles(server, folder), "server");
    runSync(talk(name, out));
    runSync(serving);
    return 0;
}
