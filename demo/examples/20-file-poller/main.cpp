// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>

#include <QCoreApplication>
#include <QFile>
#include <QTemporaryDir>
#include <QTextStream>

/*
 * A file that is looked at every ten milliseconds: it is missing, comes, grows, and goes. A poller tells states, from
 * the one that it told last to the one that is now.
 */

using namespace interloop;
using namespace std::chrono_literals;

void append(const QString &path, const QByteArray &text)
{
    QFile file(path);
    if (file.open(QIODevice::WriteOnly | QIODevice::Append))
        file.write(text);
}

Task<> work(QString path)
{
    co_await sleepFor(50ms);
    append(path, "one");
    co_await sleepFor(50ms);
    append(path, ", two");
    append(path, ", three"); // between two looks: one change
    co_await sleepFor(50ms);
    QFile::remove(path);
}

Task<> poll(QString path, QTextStream &out)
{
    FilePoller poller(path, 10ms);
    const TaskHandle<> working = spawn(work(path));
    for (auto change = co_await poller.next(); change; change = co_await poller.next()) {
        if (change->exists())
            out << change->previous().size() << " -> " << change->current().size() << " bytes" << Qt::endl;
        else
            out << QString::fromStdString(change->error().message()) << Qt::endl;
        if (change->existed() && !change->exists())
            break;
    }
    co_await working;
}

int main(int argc, char *argv[])
{
    const QCoreApplication application(argc, argv);
    QTextStream out(stdout);
    const QTemporaryDir folder;
    runSync(poll(folder.filePath(QStringLiteral("list.txt")), out));
    Bridge::current().close();
    return 0;
}
