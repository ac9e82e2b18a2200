// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/task.h>

#include <QList>
#include <QString>
#include <QStringList>

#include <chrono>
#include <functional>
#include <memory>

/*
 * Many requests at once, and what became of each. Its tasks share it: it may outlive who made it.
 */

class RequestLoad
{
public:
    enum class Fate : unsigned char { Waiting, Served, Failed };

    // One request for each of the addresses. `changed` is called when one has ended; it must neither throw nor wait.
    RequestLoad(QStringList addresses, std::function<void()> changed);

    // Sends them all, and returns when all have ended. Tells Progress::current() how many have.
    // Starts: when awaited. Resumes: from the ready queue. Cancel: closes the connections.
    static interloop::Task<> run(std::shared_ptr<RequestLoad> load);

    const QList<Fate> &fates() const noexcept { return m_fates; }
    int count(Fate fate) const { return int(m_fates.count(fate)); }
    const QString &firstFailure() const noexcept { return m_firstFailure; } // a sentence; empty: none has failed

    // So many percent of those that were served took no longer; 0 when none was.
    std::chrono::microseconds latency(int percent) const;

private:
    static interloop::Task<> fetch(std::shared_ptr<RequestLoad> load, int number);
    void end(int number, Fate fate);

    QStringList m_addresses;
    std::function<void()> m_changed;
    QList<Fate> m_fates;
    QList<std::chrono::microseconds> m_latencies; // of those that were served, in the order of their ends
    QString m_firstFailure;
};
