// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>

#include <QCoreApplication>
#include <QTemporaryDir>
#include <QTextStream>

#include <hiredis/adapters/libuv.h>

/*
 * A C library that speaks libuv, on the bridge's loop: hiredis, with a redis-server of this program's own.
 */

using namespace interloop;
using Reply = Future<QByteArray>;

// hiredis calls this inside uv_run, where a Future may be settled: whoever awaits it goes on later.
void replied(redisAsyncContext *, void *reply, void *future)
{
    const std::unique_ptr<Reply> waiting(static_cast<Reply *>(future));
    const auto *value = static_cast<const redisReply *>(reply);
    if (!value || value->type == REDIS_REPLY_ERROR)
        waiting->setException(std::make_exception_ptr(std::runtime_error(value ? value->str : "no connection")));
    else
        waiting->setResult(value->str ? QByteArray(value->str) : QByteArray::number(value->integer));
}

struct Redis
{
    explicit Redis(const QString &path) : context(redisAsyncConnectUnix(QFile::encodeName(path).constData()))
    {
        context->data = this;
        redisAsyncSetDisconnectCallback(context, [](const redisAsyncContext *redis, int) {
            static_cast<Redis *>(redis->data)->context = nullptr; // hiredis frees it
        });
        if (context->err == 0)
            redisLibuvAttach(context, Bridge::current().uvLoop());
    }
    ~Redis()
    {
        if (context)
            redisAsyncFree(context);
    }

    Reply command(const char *text) // sends it at once; the reply may be awaited later
    {
        auto *waiting = new Reply; // replied() is called in any case, and deletes it
        const Reply reply = *waiting;
        if (!context || context->err != 0 || redisAsyncCommand(context, &replied, waiting, text) != REDIS_OK)
            replied(context, nullptr, waiting);
        return reply;
    }

    redisAsyncContext *context; // nullptr: the connection has ended
};

Task<> show(QString socket, QTextStream &out)
{
    ProcessOptions options(QStringLiteral("redis-server"), {"--port", "0", "--save", "", "--unixsocket", socket});
    Process server = Process::start(options.standardOutput(Stdio::pipe()).whenDropped(Abandoned::Killed));
    co_await server.standardOutput().readUntil("ready to accept connections");
    Redis redis(socket);
    std::vector<Reply> counts; // all are sent before the first reply is there
    for (int i = 0; i < 1000; ++i)
        counts.push_back(redis.command("INCR visits"));
    co_await gather(std::move(counts));
    out << "redis has counted to " << co_await redis.command("GET visits") << Qt::endl;
}

int main(int argc, char **argv)
{
    const QCoreApplication application(argc, argv);
    QTextStream out(stdout);
    const QTemporaryDir folder;
    const Result<> end = tryRunSync(show(folder.filePath(QStringLiteral("redis.sock")), out));
    if (!end)
        out << "no redis-server here: " << QString::fromStdString(end.errorString()) << Qt::endl;
    return 0;
}
