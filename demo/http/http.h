// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/task.h>

#include <QByteArray>
#include <QString>

#include <chrono>
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

// Gets `address`, http or https; redirections are not followed. Gives up when nothing has come for `timeout`.
// Throws HttpError. Tells Progress::current() the bytes that have come.
// Starts: when awaited. Resumes: from the ready queue. Cancel: at once; aborts the transfer and closes its socket.
interloop::Task<HttpReply> httpGet(QString address, std::chrono::milliseconds timeout);
