// SPDX-License-Identifier: MIT
#include <interloop/uv/terminalmode.h>

#include <interloop/uv/descriptor.h>

#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <mutex>
#include <vector>

namespace interloop {

namespace {

// One that somebody has in another mode than it was found in.
struct Terminal
{
    dev_t device;
    int descriptor; // of our own
    termios found;
    int holders; // how many want it so
};

int lastError() noexcept
{
    return uv_translate_sys_error(errno);
}

// Restores what is left when the process exits.
class Terminals
{
public:
    static Terminals &all()
    {
        static Terminals terminals;
        return terminals;
    }
    ~Terminals()
    {
        for (const Terminal &terminal : m_terminals)
            restore(terminal);
    }

    int change(int descriptor, TtyMode from, TtyMode to)
    {
        const std::scoped_lock lock(m_mutex);
        std::size_t index = 0;
        if (const int error = find(descriptor, index))
            return error;
        Terminal &terminal = m_terminals[index];
        const int error = to == TtyMode::Normal ? 0 : apply(descriptor, terminal.found, to);
        if (error == 0)
            terminal.holders += int(to != TtyMode::Normal) - int(from != TtyMode::Normal);
        if (terminal.holders == 0) {
            restore(terminal);
            ::close(terminal.descriptor);
            m_terminals.erase(m_terminals.begin() + static_cast<std::ptrdiff_t>(index));
        }
        return error;
    }

private:
    // The place of that terminal, a new one if need be; libuv's error code.
    int find(int descriptor, std::size_t &index)
    {
        struct stat status = {};
        if (fstat(descriptor, &status) != 0)
            return lastError();
        const auto isIt = [&](const Terminal &terminal) { return terminal.device == status.st_rdev; };
        const auto found = std::find_if(m_terminals.begin(), m_terminals.end(), isIt);
        index = static_cast<std::size_t>(found - m_terminals.begin());
        if (found != m_terminals.end())
            return 0;
        Terminal terminal = {status.st_rdev, -1, {}, 0};
        if (tcgetattr(descriptor, &terminal.found) != 0)
            return lastError();
        terminal.descriptor = duplicate(descriptor);
        if (terminal.descriptor < 0)
            return terminal.descriptor;
        m_terminals.push_back(terminal);
        return 0;
    }

    static int apply(int descriptor, const termios &found, TtyMode mode)
    {
        termios settings = found;
        cfmakeraw(&settings);
        if (mode == TtyMode::Raw)
            settings.c_oflag = found.c_oflag | OPOST | ONLCR;
        return tcsetattr(descriptor, TCSADRAIN, &settings) == 0 ? 0 : lastError();
    }

    // At once: what is still to be printed must not hold us up.
    static void restore(const Terminal &terminal) noexcept
    {
        const pid_t foreground = tcgetpgrp(terminal.descriptor);
        if (foreground < 0 || foreground == getpgrp()) // else we would be stopped for it
            tcsetattr(terminal.descriptor, TCSANOW, &terminal.found);
    }

    std::mutex m_mutex;
    std::vector<Terminal> m_terminals;
};

} // namespace

int changeTerminalMode(int descriptor, TtyMode from, TtyMode to)
{
    return from == to ? 0 : Terminals::all().change(descriptor, from, to);
}

} // namespace interloop
