// SPDX-License-Identifier: MIT
#include <demo/server/answers.h>

#include <demo/http/request.h>

#include <interloop/task/sleep.h>

#include <algorithm>

using interloop::Task;
using interloop::TcpSocket;
using namespace std::chrono_literals;

namespace {

constexpr qint64 longestDelay = 60 * 1000;
constexpr qint64 largestPage = 1024 * 1024 * 1024;

Task<> sendPage(TcpSocket &socket, int status, QByteArray page)
{
    co_await socket.write(responseHead(status, page.size()) + page);
    co_await socket.shutdown();
}

QByteArray indexPage()
{
    return "This page comes from the demo's own server, which runs in a thread and on a bridge of its own.\n\n"
           "/slow?ms=3000    a page that takes 3 s to come, line by line\n"
           "/big?bytes=1000  so many bytes\n"
           "/stall           nothing, ever\n"
           "/cut             half a page, then the end of the connection\n"
           "/reset           a connection reset\n";
}

Task<> sendSlowly(TcpSocket &socket, std::chrono::milliseconds duration)
{
    constexpr int lines = 40;
    const auto line = [](int number) {
        return QByteArray("line ") + QByteArray::number(number).rightJustified(2)
                + " of 40 came while a slot was blocked and the window was alive\n";
    };
    co_await socket.write(responseHead(200, lines * line(1).size()));
    for (int number = 1; number <= lines; ++number) {
        co_await interloop::sleepFor(duration / lines);
        co_await socket.write(line(number));
    }
    co_await socket.shutdown();
}

QByteArray blockOfDigits()
{
    return QByteArray("0123456789abcdef\n", 17).repeated(4096);
}

Task<> sendMany(TcpSocket &socket, qint64 count)
{
    const QByteArray block = blockOfDigits();
    co_await socket.write(responseHead(200, count));
    for (qint64 left = count; left > 0; left -= block.size())
        co_await socket.write(block.left(std::min<qint64>(left, block.size())));
    co_await socket.shutdown();
}

// Until the client has had enough. Each block is written when the one before has gone, so that they pile up nowhere.
Task<> flood(TcpSocket &socket)
{
    const QByteArray block = blockOfDigits();
    co_await socket.write("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n");
    for (;;)
        co_await socket.write(block);
}

Task<> sendHalf(TcpSocket &socket)
{
    const QByteArray page = indexPage();
    co_await socket.write(responseHead(200, page.size()) + page.left(page.size() / 2));
    co_await socket.shutdown();
}

// Until the client gives up.
Task<> stall(TcpSocket &socket)
{
    for (;;) {
        const QByteArray ignored = co_await socket.read();
        if (ignored.isEmpty())
            co_return;
    }
}

Task<> misbehave(TcpSocket &socket, Misbehaviour misbehaviour)
{
    switch (misbehaviour) {
    case Misbehaviour::None:
        break;
    case Misbehaviour::Stall:
        co_await stall(socket);
        break;
    case Misbehaviour::Reset:
        socket.reset();
        break;
    case Misbehaviour::Flood:
        co_await flood(socket);
        break;
    }
}

Task<> sendWhatIsAskedFor(TcpSocket &socket, Request request)
{
    const QString path = request.path();
    if (!request.isGet())
        co_await sendPage(socket, 400, "This server understands GET requests only.\n");
    else if (path == QLatin1String("/"))
        co_await sendPage(socket, 200, indexPage());
    else if (path == QLatin1String("/slow"))
        co_await sendSlowly(socket, std::chrono::milliseconds(request.number("ms", 3000, longestDelay)));
    else if (path == QLatin1String("/big"))
        co_await sendMany(socket, request.number("bytes", 1000000, largestPage));
    else if (path == QLatin1String("/stall"))
        co_await stall(socket);
    else if (path == QLatin1String("/cut"))
        co_await sendHalf(socket);
    else if (path == QLatin1String("/reset"))
        socket.reset();
    else
        co_await sendPage(socket, 404, "There is no such page. / lists those that exist.\n");
}

} // namespace

Task<> answer(TcpSocket &socket, const std::atomic<Misbehaviour> &misbehaviour)
{
    Request request = co_await readRequest(socket);
    const Misbehaviour now = misbehaviour;
    if (now == Misbehaviour::None)
        co_await sendWhatIsAskedFor(socket, std::move(request));
    else
        co_await misbehave(socket, now);
}
