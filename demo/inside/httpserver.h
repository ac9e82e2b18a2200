// SPDX-License-Identifier: MIT
#pragma once

#include <demo/http/request.h>

#include <QByteArray>
#include <QString>

#include <functional>
#include <memory>

/*
 * A web framework in small, inside the program: HTTP/1.1 on the loopback interface, by this thread's own bridge.
 * Handlers are plain functions, which may block with runSync. Each request has a task of its own, in which the waits of
 * its handler park: any number of them wait at once, and end in any order.
 *
 * Who hangs up ends the waits of the handler that works for him, and so does the server's end; they throw Cancelled.
 */

class HttpAnswer
{
public:
    HttpAnswer(QByteArray page, int code = 200) : text(std::move(page)), status(code) { }

    QByteArray text;
    int status; // 200, 404, ...
};

// What a server has done since it began to count.
class ServerFigures
{
public:
    int open = 0; // handlers that have begun and not ended
    int mostAtOnce = 0; // of those
    int served = 0;
    int failed = 0; // answered with an error, or not at all
};

class HttpServer
{
public:
    using Handler = std::function<HttpAnswer(const Request &)>;

    HttpServer(); // listens at any free port. Throws std::system_error
    ~HttpServer(); // does not wait for handlers, which may be beneath on this stack: they end as soon as they can
    HttpServer(const HttpServer &) = delete;
    HttpServer &operator=(const HttpServer &) = delete;

    QString url() const; // "http://127.0.0.1:40123"

    // What answers requests for `path`. It may outlive the server: what it refers to must do so too; capture by value.
    // What it throws is answered with a 500 and the error's sentence.
    void handle(const QString &path, Handler handler);

    const ServerFigures &figures() const;
    void restartFigures(); // counts anew, but for what is open

    // `changed` is called after each change of the figures; it must neither throw nor wait.
    void setListener(std::function<void()> changed);

    class State;

private:
    std::shared_ptr<State> m_state; // with the tasks too
};
