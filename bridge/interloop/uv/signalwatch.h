// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/loop/uvhandle.h>
#include <interloop/task/feed.h>

#include <QList>

#include <uv.h>

#include <csignal>
#include <string>
#include <vector>

/*
 * libuv's side of Unix signals: a handle for each number, and behind them one feed of numbers that have come. A number
 * is in the feed once at most; how often it has come is counted beside it.
 */

namespace interloop {

class UnixSignalWatch;

// Listens to one signal, and puts back what the program had installed for it.
class UnixSignalHandle final : public UvHandle
{
public:
    UnixSignalHandle(Pump &pump, UnixSignalWatch &watch, int number); // throws std::system_error

    // libuv's error code. Once.
    int start();

    void leaveWatch() noexcept { m_watch = nullptr; }

private:
    void closing() noexcept override;

    uv_signal_t m_signal;
    UnixSignalWatch *m_watch; // nullptr: nobody is interested any more
    int m_number;
    bool m_isStarted = false;
};

class UnixSignalWatch final : public Feed<int>
{
public:
    UnixSignalWatch(Pump &pump, const QList<int> &numbers); // throws std::system_error
    ~UnixSignalWatch() { close(); }

    void close() noexcept;
    bool isOpen() const noexcept { return !hasEnded(); }
    void requireOwnThread() const; // REQUIRES: isOpen()

    // How often a signal has come since this was last asked.
    unsigned takeCount(int number) noexcept { return std::exchange(m_counts[number], 0U); }

    std::string describe() const override;

private:
    friend class UnixSignalHandle;
    void came(int number) noexcept;

    QList<int> m_numbers;
    std::vector<UvRef<UnixSignalHandle>> m_handles;
    unsigned m_counts[NSIG] = {}; // not 0: the number is in the feed, or has been handed over
};

// "SIGHUP"
std::string unixSignalName(int number);

} // namespace interloop
