// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>

#include <QCoreApplication>
#include <QTextStream>
#include <QTime>

/*
 * A question over UDP, where datagrams get lost and nobody says so: it is asked again until an answer comes in time.
 * The server here is deaf to the first two.
 */

using namespace interloop;
using namespace std::chrono_literals;

Task<> serveTime(UdpSocket &server)
{
    for (int count = 1;; ++count) {
        const Datagram question = co_await server.receive();
        if (count > 2)
            co_await server.send(QTime::currentTime().toString().toUtf8(), question.sender());
    }
}

Task<QByteArray> ask(SocketAddress server, QByteArray question, QTextStream &out)
{
    UdpSocket socket = UdpSocket::open();
    socket.connect(server); // from now on it hears this server only
    for (int attempt = 1; attempt <= 5; ++attempt) {
        co_await socket.send(question);
        const Result<Datagram> answer = co_await tryAwait(withTimeout(50ms, socket.receive()));
        if (answer)
            co_return answer.value().data();
        out << "attempt " << attempt << ": " << QString::fromStdString(answer.errorString()) << Qt::endl;
    }
    throw TimeoutError("ask " + server.toString().toStdString() + ": no answer");
}

int main(int argc, char *argv[])
{
    const QCoreApplication application(argc, argv);
    QTextStream out(stdout);
    UdpSocket server = UdpSocket::bind(QStringLiteral("127.0.0.1"), 0);
    const TaskHandle<> serving = spawn(serveTime(server), "server");
    const QByteArray time = runSync(ask(server.localAddress(), "what time is it?", out));
    out << "it is " << time << Qt::endl;
    serving.cancel();
    Bridge::current().close();
    return 0;
}
