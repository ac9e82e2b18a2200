// SPDX-License-Identifier: MIT
#include <interloop/uv/signalwatch.h>

#include <interloop/loop/bridge.h>
#include <interloop/loop/pump.h>
#include <interloop/task/errors.h>

#include <algorithm>
#include <cstring>
#include <mutex>
#include <utility>

namespace interloop {

namespace {

using Action = struct sigaction;

bool isSameHandler(const Action &one, const Action &other) noexcept
{
    return one.sa_handler == other.sa_handler; // a union with sa_sigaction: the same for both kinds
}

// What the program had installed for each signal before libuv's handler came, for all loops of the process: libuv
// replaces it, and leaves the default action behind.
class ProgramActions
{
public:
    // libuv's error code.
    int start(uv_signal_t &signal, uv_signal_cb callback, int number)
    {
        const std::scoped_lock lock(m_mutex);
        Action before = {};
        sigaction(number, nullptr, &before);
        if (const int error = uv_signal_start(&signal, callback, number))
            return error;
        if (m_users[number]++ > 0)
            return 0;
        Action now = {};
        sigaction(number, nullptr, &now);
        if (isSameHandler(before, now)) // another user of libuv's listens; that one leaves the default behind
            before.sa_handler = SIG_DFL;
        m_before[number] = before;
        return 0;
    }

    void stop(uv_signal_t &signal, int number) noexcept
    {
        const std::scoped_lock lock(m_mutex);
        sigset_t all;
        sigset_t previous;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &previous);
        uv_signal_stop(&signal);
        Action now = {};
        sigaction(number, nullptr, &now);
        if (--m_users[number] == 0 && now.sa_handler == SIG_DFL)
            sigaction(number, &m_before[number], nullptr);
        pthread_sigmask(SIG_SETMASK, &previous, nullptr);
    }

private:
    std::mutex m_mutex;
    Action m_before[NSIG] = {}; // valid while there are users
    int m_users[NSIG] = {}; // handles of ours, on any thread
};

ProgramActions &programActions()
{
    static ProgramActions actions;
    return actions;
}

void requireSignal(int number)
{
    constexpr int refused[] = {SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL, 32, 33};
    const bool isRefused = std::find(std::begin(refused), std::end(refused), number) != std::end(refused);
    if (number < 1 || number >= NSIG || isRefused)
        throw uvError(UV_EINVAL, "wait for " + unixSignalName(number));
}

} // namespace

std::string unixSignalName(int number)
{
    const char *name = number > 0 && number < NSIG ? sigabbrev_np(number) : nullptr;
    return name ? std::string("SIG") + name : "signal " + std::to_string(number);
}

UnixSignalHandle::UnixSignalHandle(Pump &pump, UnixSignalWatch &watch, int number)
    : UvHandle(pump, reinterpret_cast<uv_handle_t *>(&m_signal)), m_watch(&watch), m_number(number)
{
    if (const int error = uv_signal_init(pump.uvLoop(), &m_signal))
        throw uvError(error, "wait for " + unixSignalName(number));
    initialised();
}

int UnixSignalHandle::start()
{
    const auto came = [](uv_signal_t *signal, int number) {
        if (UnixSignalWatch *watch = from<UnixSignalHandle>(signal)->m_watch)
            watch->came(number);
    };
    const int error = programActions().start(m_signal, came, m_number);
    m_isStarted = error == 0;
    pump().touch();
    return error;
}

void UnixSignalHandle::closing() noexcept
{
    if (m_isStarted)
        programActions().stop(m_signal, m_number);
    if (m_watch)
        m_watch->end(); // the loop has ended
}

UnixSignalWatch::UnixSignalWatch(Pump &pump, const QList<int> &numbers) : Feed(QueueBase::unbounded)
{
    if (numbers.isEmpty())
        throw uvError(UV_EINVAL, "wait for no signal");
    for (const int number : numbers) {
        requireSignal(number);
        if (!m_numbers.contains(number)) // two handles would count it twice
            m_numbers.append(number);
    }
    for (const int number : std::as_const(m_numbers)) {
        m_handles.emplace_back(new UnixSignalHandle(pump, *this, number));
        if (const int error = m_handles.back()->start()) {
            close(); // those before it
            throw uvError(error, "wait for " + unixSignalName(number));
        }
    }
}

void UnixSignalWatch::close() noexcept
{
    for (const UvRef<UnixSignalHandle> &handle : m_handles) {
        handle->leaveWatch();
        handle->close();
    }
    m_handles.clear();
    end();
}

void UnixSignalWatch::requireOwnThread() const
{
    m_handles.front()->requireOwnThread("next signal");
}

void UnixSignalWatch::came(int number) noexcept
{
    if (m_counts[number]++ == 0)
        offer(int(number));
}

std::string UnixSignalWatch::describe() const
{
    std::string names;
    for (const int number : m_numbers)
        names += (names.empty() ? "" : ", ") + unixSignalName(number);
    return names;
}

} // namespace interloop
