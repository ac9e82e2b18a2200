// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>

#include <QCoreApplication>
#include <QTextStream>

/*
 * Somebody else's protocol on a TcpSocket: commands for the redis-server on this machine, a thousand of them sent
 * before the first answer is read, and messages that it pushes. Its protocol: redis.io, "Redis serialization protocol".
 */

using namespace interloop;
using namespace std::chrono_literals;

namespace {

// What redis answers; a list's elements are joined with spaces.
Task<QByteArray> readReply(TcpSocket &redis)
{
    const QByteArray line = (co_await redis.readLine()).trimmed();
    const QByteArray text = line.mid(1);
    if (line.startsWith('$') && text != "-1")
        co_return (co_await redis.readExactly(text.toInt() + 2)).chopped(2);
    if (!line.startsWith('*'))
        co_return text;
    QByteArrayList elements;
    for (int i = 0; i < text.toInt(); ++i)
        elements += co_await readReply(redis);
    co_return elements.join(' ');
}

Task<QByteArray> ask(TcpSocket &redis, QByteArray command)
{
    co_await redis.write(command + "\r\n");
    co_return co_await readReply(redis);
}

Task<> count(TcpSocket &redis, QTextStream &out)
{
    co_await redis.write(QByteArray("INCR interloop-example\r\n").repeated(1000));
    for (int i = 0; i < 999; ++i)
        co_await readReply(redis);
    out << "counted to " << co_await readReply(redis) << '\n';
    co_await ask(redis, "DEL interloop-example");
}

Task<> listen(TcpSocket &publisher, QTextStream &out)
{
    TcpSocket subscriber = co_await TcpSocket::connect(QStringLiteral("127.0.0.1"), 6379);
    out << co_await ask(subscriber, "SUBSCRIBE interloop-news") << '\n';
    out << "told " << co_await ask(publisher, "PUBLISH interloop-news hello") << '\n';
    out << co_await readReply(subscriber) << '\n';
}

Task<> show(QTextStream &out)
{
    Result<TcpSocket> redis = co_await tryAwait(TcpSocket::connect(QStringLiteral("127.0.0.1"), 6379));
    if (!redis) {
        out << "no redis-server here: " << QString::fromStdString(redis.errorString()) << '\n';
        co_return;
    }
    TcpSocket socket = std::move(redis).value();
    co_await count(socket, out);
    co_await listen(socket, out);
}

} // namespace

int main(int argc, char **argv)
{
    const QCoreApplication application(argc, argv);
    QTextStream out(stdout);
    const Result<> end = tryRunSync(show(out), RunOptions().timeout(1500ms)); // something else may listen there
    if (!end)
        out << "redis does not answer: " << QString::fromStdString(end.errorString()) << '\n';
    return 0;
}
