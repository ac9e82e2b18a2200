// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/task.h>
#include <interloop/uv/tcp.h>

#include <QUrl>

/*
 * A request to the demo's server: its first line, which is all that counts here.
 */

class Request
{
public:
    Request() = default; // nothing that can be answered
    explicit Request(const QByteArray &line); // "GET /slow?ms=3000 HTTP/1.1"

    bool isGet() const noexcept { return m_isGet; }
    QString path() const { return m_url.path(); }

    // The query's number of that name, at least 0 and at most `maximum`; `otherwise` when there is none.
    qint64 number(const char *name, qint64 otherwise, qint64 maximum) const;

private:
    QUrl m_url;
    bool m_isGet = false;
};

// Reads up to the empty line that ends a request's head.
interloop::Task<Request> readRequest(interloop::TcpSocket &socket);
