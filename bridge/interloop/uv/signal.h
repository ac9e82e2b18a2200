// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/task.h>

#include <QList>

#include <memory>
#include <optional>
#include <string>

/*
 * Unix signals as something to wait for, in the order of the loop and not in the middle of anything: SIGHUP to read the
 * settings again, SIGTERM to end. libuv manual, "uv_signal_t".
 *
 *     UnixSignals heard({SIGHUP, SIGTERM});
 *     for (auto signal = co_await heard.next(); signal; signal = co_await heard.next()) ...
 *
 * While anybody waits for a signal, on any thread, the process does not take it in any other way: neither the default
 * action nor a handler of the program's own. Afterwards that is as it was before; for the moment of the change, which
 * is about a microsecond, the default action holds. SIGKILL and SIGSTOP cannot be caught, and the signals of a crash
 * (SIGSEGV, SIGBUS, SIGFPE, SIGILL) and the C library's own (32, 33) are refused. QProcess and SIGCHLD get along.
 *
 * Signals coalesce, in the kernel and here: one that has come several times before it was taken is one item, with a
 * count. What no program can ask libuv for: of more than about 4,000 signals that come while a thread does not look at
 * its loop at all, the further ones are dropped, whichever they are.
 */

namespace interloop {

class UnixSignalWatch;

// A signal that has come.
class INTERLOOP_EXPORT UnixSignal
{
public:
    UnixSignal(int number, unsigned count) noexcept : m_number(number), m_count(count) { }

    int number() const noexcept { return m_number; }
    std::string name() const; // "SIGHUP"

    // How often it has come since it was last taken; the kernel has merged what came in quick succession.
    unsigned count() const noexcept { return m_count; }

private:
    int m_number;
    unsigned m_count;
};

// Belongs to the thread that made it; movable.
class INTERLOOP_EXPORT UnixSignals
{
public:
    UnixSignals() noexcept; // closed

    // Listens from now on. Throws std::system_error that names the signal: invalid_argument for one that cannot be
    // waited for, and for no signal at all.
    explicit UnixSignals(const QList<int> &numbers);
    UnixSignals(UnixSignals &&other) noexcept;
    UnixSignals &operator=(UnixSignals &&other) noexcept;
    ~UnixSignals(); // as close()

    // The signal that came first of those that nobody has taken, or the next one; empty at the end, then and ever after.
    // Several tasks may wait, first come, first served.
    // Starts: when awaited. Resumes: from the ready queue, at once when a signal is kept. Cancel: at once, unless a
    // signal has been handed over already: that one is returned.
    Task<std::optional<UnixSignal>> next();

    // Stops listening. What is kept can still be taken; then comes the end, also for those who wait.
    void close() noexcept;
    bool isOpen() const noexcept;

private:
    std::shared_ptr<UnixSignalWatch> m_watch; // null: none, or moved from
};

// Waits for one signal that comes from now on. Throws as UnixSignals does.
// Starts: listens when awaited, and no longer when it resumes; a sequence misses nothing in between. Resumes: from the
// ready queue. Cancel: at once.
INTERLOOP_EXPORT Task<> waitForUnixSignal(int number);

} // namespace interloop
