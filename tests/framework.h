// SPDX-License-Identifier: MIT
#pragma once

#include <tests/timeline.h>

#include <interloop/interloop.h>

#include <QByteArray>

#include <stdexcept>
#include <utility>

/*
 * A05's "web framework": a server on the bridge whose plain handlers block for an answer of the same server's.
 */

namespace interloop::test {

inline Task<QByteArray> readLine(TcpSocket &socket)
{
    QByteArray line;
    while (!line.endsWith('\n')) {
        const QByteArray bytes = co_await socket.read();
        if (bytes.isEmpty())
            throw std::runtime_error("the peer has closed the connection");
        line += bytes;
    }
    line.chop(1);
    co_return line;
}

inline Task<QByteArray> request(int port, QByteArray line)
{
    TcpSocket socket = co_await TcpSocket::connect("127.0.0.1", port);
    co_await socket.write(line + '\n');
    co_return co_await readLine(socket);
}

// "inner 4" answers after four units. "outer 4" is a plain function that asks the same server for "inner 4".
class Framework
{
public:
    // Where the plain functions are called.
    enum class Handlers { InTasks, Posted };

    explicit Framework(Handlers handlers = Handlers::InTasks)
        : m_handlers(handlers), m_server(TcpServer::listen("127.0.0.1", 0)), m_port(m_server.port())
    {
        m_serving = spawn(serve(), "server");
    }
    ~Framework()
    {
        m_serving.cancel();
        static_cast<void>(tryRunSync(m_serving));
    }

    int port() const { return m_port; }

private:
    Task<> serve()
    {
        for (;;)
            spawn(answer(co_await m_server.accept()), "connection");
    }

    Task<> answer(TcpSocket socket)
    {
        const QByteArray line = co_await readLine(socket);
        const QByteArray number = line.mid(line.indexOf(' ') + 1);
        QByteArray text;
        if (line.startsWith("inner"))
            co_await sleepFor(unit * number.toInt());
        else if (m_handlers == Handlers::InTasks)
            text = handle(number);
        else
            text = co_await handlePosted(number);
        co_await socket.write("done " + text + number + '\n');
    }

    QByteArray handle(const QByteArray &number) // no coroutine
    {
        return runSync(request(m_port, "inner " + number)) + ", ";
    }

    Future<QByteArray> handlePosted(QByteArray number)
    {
        Future<QByteArray> text;
        Bridge::current().post([this, text, number]() mutable { text.setResult(handle(number)); });
        return text;
    }

    Handlers m_handlers;
    TcpServer m_server;
    int m_port;
    TaskHandle<> m_serving;
};

// Notes the number that the framework answers to "outer NUMBER".
inline Task<> timedRequest(Timeline &log, int port, QByteArray number)
{
    const QByteArray answer = co_await request(port, "outer " + number);
    log.note(QString::fromLatin1(answer.mid(answer.lastIndexOf(' ') + 1)));
}

} // namespace interloop::test
