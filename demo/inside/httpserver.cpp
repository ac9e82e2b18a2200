// SPDX-License-Identifier: MIT
#include <demo/inside/httpserver.h>

#include <demo/inside/serving.h>

#include <interloop/task/spawn.h>

using interloop::TaskHandle;
using interloop::TcpServer;

HttpServer::HttpServer() : m_state(std::make_shared<State>())
{
    TcpServer server = TcpServer::listen(QStringLiteral("127.0.0.1"), 0);
    m_state->url = QStringLiteral("http://127.0.0.1:%1").arg(server.port());
    m_state->accepting = interloop::spawn(serveAll(std::move(server), m_state), "HTTP server");
}

HttpServer::~HttpServer()
{
    m_state->isOver = true;
    m_state->changed = nullptr;
    std::vector<TaskHandle<>> tasks = std::move(m_state->clients);
    tasks.push_back(m_state->accepting);
    for (const TaskHandle<> &task : tasks) {
        if (!task.isDone())
            task.cancel();
    }
    m_state->accepting = TaskHandle<>();
}

QString HttpServer::url() const
{
    return m_state->url;
}

void HttpServer::handle(const QString &path, Handler handler)
{
    m_state->handlers.insert(path, std::move(handler));
}

const ServerFigures &HttpServer::figures() const
{
    return m_state->figures;
}

void HttpServer::restartFigures()
{
    const int open = m_state->figures.open;
    m_state->figures = ServerFigures();
    m_state->figures.open = m_state->figures.mostAtOnce = open;
    m_state->tell();
}

void HttpServer::setListener(std::function<void()> changed)
{
    m_state->changed = std::move(changed);
}
