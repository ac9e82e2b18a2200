// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>

#include <QCoreApplication>
#include <QTextStream>
#include <QThread>

/*
 * Two threads with a bridge each, and one without: run a task over there and await it here, post a function, and have a
 * thread that may block ask for a task's result.
 */

using namespace interloop;
using namespace std::chrono_literals;

namespace {

QString threadName()
{
    return QThread::currentThread()->objectName();
}

// Belongs to the thread that it runs in, and so does all that it awaits there.
Task<QString> work()
{
    co_await sleepFor(20ms);
    co_return QStringLiteral("worked in the ") + threadName();
}

// Posts its progress to the bridge that it is given. A BridgeRemote is a copy for others, and outlives the bridge.
Task<QString> workAndTell(BridgeRemote other, QTextStream &out)
{
    for (const int percent : {50, 100}) {
        co_await sleepFor(20ms);
        const QString text = QStringLiteral("  %1 % done in the %2, told to the ").arg(percent).arg(threadName());
        other.postThreadSafe([&out, text] { out << text << threadName() << Qt::endl; });
    }
    co_return QStringLiteral("told from the ") + threadName();
}

// A function for a thread without an event loop, which may block, as the pool's may.
QString ask(BridgeRemote bridge)
{
    QFuture<QString> answer = bridge.spawnThreadSafe(&work);
    return answer.result();
}

} // namespace

int main(int argc, char **argv)
{
    const QCoreApplication application(argc, argv);
    QTextStream out(stdout);
    QThread worker;
    worker.setObjectName(QStringLiteral("worker thread"));
    QThread::currentThread()->setObjectName(QStringLiteral("main thread"));
    worker.start(); // its bridge is made with its first task

    out << "runOn: " << runSync(runOn(&worker, work())) << Qt::endl;

    const BridgeRemote here = Bridge::current().remote();
    const QString told = runSync(runOn(&worker, workAndTell(here, out)));
    out << "postThreadSafe: " << told << Qt::endl;

    out << "spawnThreadSafe: " << runSync(toThread(&ask, here)) << Qt::endl;

    worker.quit();
    runSync(awaitFinished(&worker)); // or worker.wait(), which would serve nobody meanwhile
    Bridge::current().close();
    return 0;
}
