// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>

#include <QCoreApplication>
#include <QEventLoop>
#include <QFutureWatcher>
#include <QProcess>
#include <QTextStream>
#include <QtConcurrentRun>

/*
 * What programs have today, beside what it becomes: a nested QEventLoop, and QtConcurrent with a QFutureWatcher. What
 * QCoro's names become is in a table in demo/examples/README.md.
 */

using namespace interloop;

// Without the second connection this hangs when the program cannot be started. When the application quits the loop ends
// at once, and the exit code is one that no program gave.
int exitCodeByEventLoop(QProcess &process)
{
    QEventLoop loop;
    QObject::connect(&process, &QProcess::finished, &loop, &QEventLoop::quit);
    QObject::connect(&process, &QProcess::errorOccurred, &loop, &QEventLoop::quit);
    process.start();
    loop.exec();
    return process.exitCode();
}

// What the program returned, or why there is nothing: it was not started, it crashed, the object died, the application
// quits. runSync would throw it.
Result<int> exitCode(QProcess &process)
{
    process.start();
    return tryRunSync(awaitFinished(&process));
}

int square(int number) { return number * number; }

// A thread's result by a watcher: what comes next is a callback, and what comes after that one more.
void squareByWatcher(int number, std::function<void(int)> then)
{
    auto *watcher = new QFutureWatcher<int>;
    QObject::connect(watcher, &QFutureWatcherBase::finished, watcher, [watcher, then] {
        watcher->deleteLater();
        then(watcher->result());
    });
    watcher->setFuture(QtConcurrent::run(&square, number));
}

// What returns a QFuture can stay as it is. toThread is the same on libuv's threads.
Task<int> squareTwice(int number)
{
    const int once = co_await awaitFuture(QtConcurrent::run(&square, number));
    co_return co_await toThread(&square, once);
}

int main(int argc, char **argv)
{
    const QCoreApplication application(argc, argv);
    QTextStream out(stdout);
    QProcess program;
    program.setArguments({QStringLiteral("-c"), QStringLiteral("exit 3")});
    for (const char *name : {"sh", "/no/such/program"}) {
        program.setProgram(QString::fromLatin1(name));
        out << name << ", QEventLoop: " << exitCodeByEventLoop(program) << Qt::endl;
        const Result<int> code = exitCode(program);
        const QString text = code ? QString::number(code.value()) : QString::fromStdString(code.errorString());
        out << name << ", runSync: " << text << Qt::endl;
    }

    QEventLoop loop;
    squareByWatcher(3, [&loop](int once) { squareByWatcher(once, [&loop](int twice) { loop.exit(twice); }); });
    out << "QFutureWatcher: " << loop.exec() << Qt::endl;
    out << "awaitFuture and toThread: " << runSync(squareTwice(3)) << Qt::endl;
    Bridge::current().close();
    return 0;
}
