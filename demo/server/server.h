// SPDX-License-Identifier: MIT
#pragma once

#include <demo/server/answers.h>

#include <QString>
#include <QThread>

#include <atomic>
#include <future>

/*
 * A small HTTP server on the loopback interface, in a thread and on a bridge of its own, so that the demo needs no
 * network. It serves from construction to destruction, well unless it is told to misbehave.
 */

class Server final : private QThread
{
public:
    Server(); // throws std::system_error when it cannot listen
    ~Server() override;

    QString url() const; // "http://127.0.0.1:40123"

    // What it does to each request from now on, whichever page that asks for. From any thread.
    void setMisbehaviour(Misbehaviour misbehaviour) noexcept { m_misbehaviour = misbehaviour; }
    Misbehaviour misbehaviour() const noexcept { return m_misbehaviour; }

private:
    void run() override;

    std::promise<int> m_listening;
    std::atomic<Misbehaviour> m_misbehaviour = Misbehaviour::None;
    int m_port = 0;
};
