// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>

#include <QCoreApplication>
#include <QFile>
#include <QProcess>
#include <QTemporaryDir>
#include <QTextStream>

/*
 * What happens in a folder while a shell works there. A burst of files is complete: nothing is missing and nothing is
 * merged away. When too much happens at once, that is an error and not a gap.
 */

using namespace interloop;

const char *nameOf(FileEvent::Kind kind)
{
    const char *const names[] = {"created", "changed", "attributes changed", "deleted", "moved in", "moved out"};
    return names[static_cast<int>(kind)];
}

Task<> watch(FileWatcher &watcher, QTextStream &out)
{
    int burst = 0;
    for (auto event = co_await watcher.next(); event; event = co_await watcher.next()) {
        if (event->name().startsWith(QStringLiteral("burst")))
            burst += event->kind() == FileEvent::Kind::Created;
        else
            out << event->name() << ": " << nameOf(event->kind()) << Qt::endl;
        if (event->name() == QStringLiteral("last"))
            break;
    }
    out << "and a burst of " << burst << " files" << Qt::endl;
}

Task<> watchTooLittle(QString folder, QTextStream &out)
{
    FileWatcher watcher(folder, 3); // keeps three events
    for (int i = 0; i < 5; ++i) {
        QFile file(folder + QStringLiteral("/crowd%1").arg(i));
        file.open(QIODevice::WriteOnly);
    }
    try {
        for (auto event = co_await watcher.next(); event; event = co_await watcher.next())
            out << event->name() << Qt::endl;
    } catch (const std::system_error &error) {
        out << error.what() << Qt::endl;
    }
}

int main(int argc, char *argv[])
{
    const QCoreApplication application(argc, argv);
    QTextStream out(stdout);
    const QTemporaryDir folder;
    FileWatcher watcher(folder.path());
    QProcess shell;
    shell.setWorkingDirectory(folder.path());
    const auto script = QStringLiteral("echo x > a; mv a b; rm b; for i in $(seq 100); do : > burst$i; done; : > last");
    shell.start(QStringLiteral("sh"), {QStringLiteral("-c"), script});
    runSync(watch(watcher, out));
    shell.waitForFinished();
    watcher.close();
    runSync(watchTooLittle(folder.path(), out));
    Bridge::current().close();
    return 0;
}
