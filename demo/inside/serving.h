// SPDX-License-Identifier: MIT
#pragma once

#include <demo/inside/httpserver.h>

#include <interloop/task/spawn.h>
#include <interloop/uv/tcp.h>

#include <QHash>

#include <vector>

/*
 * What an HttpServer and its tasks share, and the tasks. The server may end before they do.
 */

class HttpServer::State
{
public:
    void tell() const
    {
        if (changed)
            changed();
    }

    QHash<QString, Handler> handlers;
    ServerFigures figures;
    std::function<void()> changed; // empty: nobody listens, or the server is gone
    interloop::TaskHandle<> accepting;
    std::vector<interloop::TaskHandle<>> clients; // some may have ended
    QString url;
    bool isOver = false; // nobody is served any more
};

// Answers one client after the other, all at the same time. Cancel: closes the server; its clients have tasks of their
// own.
interloop::Task<> serveAll(interloop::TcpServer server, std::shared_ptr<HttpServer::State> state);
