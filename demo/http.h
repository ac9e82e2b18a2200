// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/task.h>

#include <QByteArray>
#include <QString>

#include <chrono>
#include <functional>
#include <stdexcept>

/*
 * HTTP for whoever waits with co_await or runSync: libcurl, unmodified, on the thread's bridge.
 */

class HttpReply
{
public:
    HttpReply() = default;

    bool isSuccess() const noexcept { return status >= 200 && status < 300; }

    int status = 0; // 200
    QString reason; // "OK"
    QString contentType; // as the server says it, or empty
    QByteArray body;
    std::chrono::milliseconds duration = {};
};

// A fetch that gave no reply. what() is a sentence for a person (UTF-8): it names the server and what happened.
class HttpError : public std::runtime_error
{
public:
    explicit HttpError(const QString &sentence) : std::runtime_error(sentence.toStdString()) { }
    QString sentence() const { return QString::fromUtf8(what()); }
};

// Bytes received, and bytes expected or -1 when the server did not say.
using HttpProgress = std::function<void(qint64 received, qint64 expected)>;

// Gets `address`, http or https; redirections are not followed. Gives up when nothing has come for `timeout`.
// Throws HttpError. `progress` is called inside the task, for every piece that has come; it may wait itself.
// Starts: when awaited. Resumes: from the ready queue. Cancel: at once; aborts the transfer and closes its socket.
interloop::Task<HttpReply> httpGet(QString address, std::chrono::milliseconds timeout, HttpProgress progress = {});
