// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>

#include <QCoreApplication>
#include <QTextStream>

#include <algorithm>

/*
 * TCP: a server on two addresses that answers line by line, and clients that talk to it, all in one thread.
 */

using namespace interloop;
using namespace std::chrono_literals;

namespace {

// Turns each line round, until the client has said all it wants to.
Task<> answer(TcpSocket socket)
{
    for (;;) {
        QByteArray line = co_await socket.readLine(1000);
        if (line.isEmpty())
            break;
        line.chop(1);
        std::reverse(line.begin(), line.end());
        co_await socket.write(line + '\n');
    }
    co_await socket.shutdown();
}

Task<> serve(TcpServer &server, TaskGroup &clients)
{
    for (;;) {
        TcpSocket socket = co_await server.accept();
        socket.setNoDelay(true);
        clients.spawn(answer(std::move(socket)), "client");
    }
}

Task<QByteArray> ask(SocketAddress address)
{
    TcpSocket socket = co_await TcpSocket::connect(address);
    co_await socket.write("pool\nloop\n");
    co_await socket.shutdown(); // no more questions; the answers still come
    co_return co_await socket.readAll();
}

Task<> talk()
{
    QTextStream out(stdout);
    QList<SocketAddress> addresses;
    addresses << SocketAddress::fromNumeric("127.0.0.1", 0) << SocketAddress::fromNumeric("127.0.0.2", 0);
    TcpServer server = TcpServer::listen(addresses);
    TaskGroup group;
    group.spawn(serve(server, group), "server");
    for (const SocketAddress &address : server.addresses()) {
        const QByteArray answers = co_await ask(address);
        out << address.toString() << " answers: " << answers.simplified() << Qt::endl;
    }

    const int port = server.port();
    group.cancel();
    co_await group.join();
    server.close();
    // A routine failure as a value.
    const Result<TcpSocket> refused = co_await tryAwait(TcpSocket::connect("127.0.0.1", port));
    out << (refused ? "somebody else is there" : "nobody is there any more") << Qt::endl;
}

} // namespace

int main(int argc, char **argv)
{
    const QCoreApplication application(argc, argv);
    runSync(talk(), RunOptions().timeout(5s));
    Bridge::current().close();
    return 0;
}
