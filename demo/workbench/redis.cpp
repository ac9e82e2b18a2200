// SPDX-License-Identifier: MIT
#include <demo/parts/waits.h>
#include <demo/workbench/actions.h>

#include <interloop/loop/runsync.h>
#include <interloop/task/timeout.h>
#include <interloop/uv/tcp.h>

#include <QElapsedTimer>
#include <QLocale>

#include <system_error>

using interloop::Progress;
using interloop::runSync;
using interloop::Task;
using interloop::TcpSocket;
using namespace std::chrono_literals;

namespace {

// Redis's protocol, as far as counting needs it: ":1" is a number, "-ERR …" an error.
Task<int> readNumber(TcpSocket &redis)
{
    const QByteArray line = (co_await redis.readLine()).trimmed();
    if (line.startsWith('-'))
        throw ActionError(Action::tr("Redis refuses: %1.").arg(QString::fromUtf8(line.mid(1))));
    if (!line.startsWith(':'))
        throw ActionError(line.isEmpty() ? Action::tr("Redis closed the connection.")
                                         : Action::tr("That is no redis-server: it answered \"%1\".")
                                                   .arg(QString::fromUtf8(line.left(60))));
    co_return line.mid(1).toInt();
}

Task<> count(TcpSocket &redis, int times)
{
    Progress progress = Progress::current();
    progress.setRange(0, times);
    co_await redis.write(QByteArray("INCR interloop-demo\r\n").repeated(times) + "DEL interloop-demo\r\n");
    for (int i = 1; i <= times; ++i) {
        co_await readNumber(redis);
        progress.setValue(i);
        progress.setText(Action::tr("%1 of %2 answers").arg(i).arg(times).toStdString());
    }
    co_await readNumber(redis);
}

} // namespace

//! [code]
Task<> talkToRedis(QString host, int port)
{
    TcpSocket redis = co_await TcpSocket::connect(host, port);
    co_await count(redis, 1000); // sends INCR a thousand times, then reads the answers
}

QString countInRedis(Wait &wait, const QString &host, int port)
{
    QElapsedTimer clock;
    clock.start();
    runSync(wait.watch(interloop::withTimeout(5s, talkToRedis(host, port))));
    return Action::tr("Redis has counted to 1,000 in %1 ms.").arg(clock.elapsed());
}
//! [code]
