// SPDX-License-Identifier: MIT
#include <demo/server/server.h>

#include <interloop/interloop.h>

using interloop::Task;
using interloop::TcpServer;
using interloop::TcpSocket;

namespace {

Task<> answerClient(TcpSocket socket, const std::atomic<Misbehaviour> &misbehaviour)
{
    try {
        co_await answer(socket, misbehaviour);
    } catch (const std::system_error &) {
        // The client has gone: nobody is left to be told.
    }
}

Task<> serve(TcpServer server, const std::atomic<Misbehaviour> &misbehaviour)
{
    for (;;) {
        TcpSocket socket = co_await server.accept();
        interloop::spawn(answerClient(std::move(socket), misbehaviour), "answer");
    }
}

} // namespace

Server::Server()
{
    setObjectName(QStringLiteral("server"));
    std::future<int> port = m_listening.get_future();
    start();
    try {
        m_port = port.get();
    } catch (...) {
        wait();
        throw;
    }
}

Server::~Server()
{
    quit();
    wait();
}

QString Server::url() const
{
    return QStringLiteral("http://127.0.0.1:%1").arg(m_port);
}

void Server::run()
{
    try {
        TcpServer server = TcpServer::listen(QStringLiteral("127.0.0.1"), 0);
        const int port = server.port();
        interloop::spawn(serve(std::move(server), m_misbehaviour), "serve");
        m_listening.set_value(port);
    } catch (...) {
        m_listening.set_exception(std::current_exception());
        return;
    }
    exec();
    interloop::Bridge::current().close();
}
