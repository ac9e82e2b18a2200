// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/task.h>
#include <interloop/uv/tcp.h>

#include <QUrl>

/*
 * A request to one of the demo's servers: its first line, which is all that counts here.
 */

class Request
{
public:
    Request() = default; // nothing: the client has gone without one
    explicit Request(const QByteArray &line); // "GET /slow?ms=3000 HTTP/1.1"
    static Request refused(int status); // one that has not been read, and why not

    // Whether it can be answered, as HTTP says it: 200; 400, it is no HTTP; 405, it is another method than GET; 408, it
    // was too slow; 431, its head is too long. 0: there is none.
    int status() const noexcept { return m_status; }
    bool isGet() const noexcept { return m_status == 200; }
    QString path() const { return m_url.path(); }

    // The query's number of that name, at least 0 and at most `maximum`; `otherwise` when there is none.
    qint64 number(const char *name, qint64 otherwise, qint64 maximum) const;

private:
    QUrl m_url;
    int m_status = 0;
};

// Reads up to the empty line that ends a request's head. Throws std::system_error when the client goes away.
interloop::Task<Request> readRequest(interloop::TcpSocket &socket);

// The first part of an answer of `length` bytes of plain text, after which the server closes the connection.
QByteArray responseHead(int status, qint64 length);
