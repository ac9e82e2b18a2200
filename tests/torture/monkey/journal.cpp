// SPDX-License-Identifier: MIT
#include <tests/torture/monkey/journal.h>

#include <tests/cleanupcheck.h>

#include <algorithm>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <unistd.h>

namespace interloop::monkey {

Journal &Journal::instance()
{
    static Journal journal;
    return journal;
}

void Journal::note(const char *format, ...)
{
    char *line = m_ring[m_next % lines];
    std::va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(line, width, format, arguments);
    va_end(arguments);
    ++m_next;
}

void Journal::wrong(const std::string &what)
{
    if (m_wrongs++ < 10) {
        std::printf("wrong %s\n", what.c_str());
        if (m_wrongs == 1)
            printRing();
        std::fflush(stdout);
    }
}

void Journal::count(const std::string &what, int by)
{
    const std::lock_guard lock(m_mutex);
    m_counts[what] += by;
}

void Journal::atLeast(const std::string &what, int value)
{
    const std::lock_guard lock(m_mutex);
    int &count = m_counts[what];
    count = std::max(count, value);
}

void Journal::printCounts()
{
    const std::lock_guard lock(m_mutex);
    for (const auto &[what, count] : m_counts)
        std::printf("count %s %d\n", what.c_str(), count);
    std::fflush(stdout);
}

void Journal::printRing() const noexcept
{
    const auto print = [](const char *text) { static_cast<void>(!write(STDOUT_FILENO, text, strlen(text))); };
    print("last actions\n");
    const unsigned next = m_next;
    for (unsigned n = next < lines ? 0 : next - lines; n != next; ++n) {
        print("    ");
        print(m_ring[n % lines]);
        print("\n");
    }
}

void Journal::install()
{
    const auto crash = [](int signal) {
        constexpr char text[] = "crash\n";
        static_cast<void>(!write(STDOUT_FILENO, text, sizeof(text) - 1));
        instance().printRing();
        std::signal(signal, SIG_DFL);
        raise(signal);
    };
    std::signal(SIGABRT, crash);
    if (test::isSanitized)
        return; // the sanitizer's handlers call __asan_on_error
    for (const int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE})
        std::signal(signal, crash);
}

Watchdog::Watchdog() : m_thread([this](std::stop_token stop) { watch(stop); })
{
}

Watchdog::~Watchdog() = default;

void Watchdog::watch(std::stop_token stop)
{
    unsigned last = beats;
    int missed = 0;
    while (!stop.stop_requested()) {
        std::this_thread::sleep_for(tick);
        const unsigned now = beats;
        missed = now == last ? missed + 1 : 0;
        last = now;
        m_mostMissed = std::max(m_mostMissed.load(), missed);
        if (missed < limit / tick || isResting)
            continue;
        constexpr char text[] = "hang\n";
        static_cast<void>(!write(STDOUT_FILENO, text, sizeof(text) - 1));
        Journal::instance().printRing();
        if (std::getenv("INTERLOOP_MONKEY_STAY")) // for a debugger
            pause();
        _exit(86);
    }
}

std::uint64_t Dice::next() noexcept
{
    m_state += 0x9e3779b97f4a7c15;
    std::uint64_t z = m_state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

std::chrono::microseconds Dice::time() noexcept
{
    static constexpr int limits[] = {1, 2'000, 10'000, 40'000, 150'000};
    return std::chrono::microseconds(below(limits[below(5)]));
}

} // namespace interloop::monkey

// Called for each of AddressSanitizer's reports, which may take longer to write than the watchdog waits.
extern "C" [[gnu::visibility("default")]] void __asan_on_error();
extern "C" void __asan_on_error()
{
    interloop::monkey::Watchdog::rest();
    interloop::monkey::Journal::instance().printRing();
}
