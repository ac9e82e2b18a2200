// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>

#include <QCoreApplication>
#include <QScopeGuard>
#include <QTextStream>

#include <memory>

/*
 * A chat over TCP: a server that tells each line to everybody, and two guests, all in one thread, without a callback.
 */

using namespace interloop;
using namespace std::chrono_literals;

namespace {

using Guest = std::shared_ptr<TcpSocket>; // the server's, and of each line that is on its way

Task<> tell(Guest guest, QByteArray line)
{
    const Result<> told = co_await tryAwait(guest->write(line));
    if (!told)
        guest->close(); // it has gone
}

Task<> attend(Guest guest, QList<Guest> &guests)
{
    guests.append(guest);
    const auto leave = qScopeGuard([&guest, &guests] { guests.removeOne(guest); });
    for (auto line = co_await guest->readLine(); !line.isEmpty(); line = co_await guest->readLine()) {
        for (const Guest &other : guests)
            spawn(tell(other, line)); // who reads slowly holds nobody up; each gets the lines in their order
    }
}

Task<> serve(TcpServer &server, QList<Guest> &guests)
{
    for (;;) {
        TcpSocket socket = co_await server.accept();
        spawn(attend(std::make_shared<TcpSocket>(std::move(socket)), guests));
    }
}

Task<> listen(QByteArray name, TcpSocket &socket, QTextStream &out)
{
    for (auto line = co_await socket.readLine(); !line.isEmpty(); line = co_await socket.readLine())
        out << name << " hears " << line << Qt::flush;
}

Task<> visit(QByteArray name, int port, std::chrono::milliseconds pause, QTextStream &out)
{
    TcpSocket socket = co_await TcpSocket::connect(QStringLiteral("127.0.0.1"), port);
    TaskGroup group;
    group.spawn(listen(name, socket, out)); // both at once
    for (const char *words : {"hello", "fine day", "bye"}) {
        co_await sleepFor(pause); // somebody types
        co_await socket.write(name + ": " + words + '\n');
    }
    co_await socket.shutdown(); // the server closes its side then, and that ends the listening
    co_await group.join();
}

} // namespace

int main(int argc, char **argv)
{
    const QCoreApplication application(argc, argv);
    QTextStream out(stdout);
    QList<Guest> guests;
    TcpServer server = TcpServer::listen(QStringLiteral("127.0.0.1"), 0);
    spawn(serve(server, guests), "server");
    runSync(gather(visit("Anna", server.port(), 50ms, out), visit("Bert", server.port(), 80ms, out)));
    Bridge::current().close();
    return 0;
}
