// SPDX-License-Identifier: MIT
#pragma once

#include <QString>
#include <QThread>

#include <future>

/*
 * A small HTTP server on the loopback interface, in a thread and on a bridge of its own, so that the demo needs no
 * network. It serves from construction to destruction.
 */

class Server final : private QThread
{
public:
    Server(); // throws std::system_error when it cannot listen
    ~Server() override;

    QString url() const; // "http://127.0.0.1:40123"

private:
    void run() override;

    std::promise<int> m_listening;
    int m_port = 0;
};
