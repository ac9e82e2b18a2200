// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>

/*
 * What a session did, what was wrong about it, and whether its GUI thread is alive.
 *
 * The last actions lie in a ring of plain characters, so that they can be printed from a signal handler, from the
 * watchdog's thread and from a sanitizer's report.
 */

namespace interloop::monkey {

class Journal
{
public:
    static Journal &instance();

    // An action, for the ring. GUI thread.
    [[gnu::format(printf, 2, 3)]] void note(const char *format, ...);

    // Something that must not be. Any thread.
    void wrong(const std::string &what);
    int wrongs() const noexcept { return m_wrongs; }

    // Any thread.
    void count(const std::string &what, int by = 1);
    void atLeast(const std::string &what, int value);

    // "key value" lines on stdout.
    void printCounts();
    void printRing() const noexcept;

    // Crashes print the ring too.
    void install();

private:
    Journal() = default;

    static constexpr int lines = 50;
    static constexpr int width = 160;
    char m_ring[lines][width] = {};
    std::atomic<unsigned> m_next = 0;
    std::atomic<int> m_wrongs = 0;
    std::mutex m_mutex; // of the counts
    std::map<std::string, int> m_counts;
};

// Ends the process when the GUI thread's heart has not beaten for two seconds. They are counted in ticks of the
// watchdog's own, so that a machine which runs neither of the two threads is not taken for a hang.
class Watchdog
{
public:
    Watchdog();
    ~Watchdog();
    Watchdog(const Watchdog &) = delete;
    Watchdog &operator=(const Watchdog &) = delete;

    static void beat() noexcept { beats.fetch_add(1, std::memory_order_relaxed); }

    // Nothing is a hang any more: the process is about to end.
    static void rest() noexcept { isResting = true; }

    // The longest time between two beats, in ticks.
    int mostMissed() const noexcept { return m_mostMissed; }

    static constexpr std::chrono::milliseconds tick{50};
    static constexpr std::chrono::milliseconds limit{2000};

private:
    void watch(std::stop_token stop);

    static inline std::atomic<unsigned> beats = 0;
    static inline std::atomic<bool> isResting = false;
    std::atomic<int> m_mostMissed = 0;
    std::jthread m_thread;
};

// Random numbers that follow from a key, for code that must not disturb the monkey's own.
class Dice
{
public:
    explicit Dice(std::uint64_t key) noexcept : m_state(key) { }

    std::uint64_t next() noexcept; // splitmix64
    int below(int limit) noexcept { return int(next() % std::uint64_t(limit)); }
    bool oneIn(int count) noexcept { return below(count) == 0; }
    std::chrono::microseconds time() noexcept; // mostly some milliseconds

private:
    std::uint64_t m_state;
};

} // namespace interloop::monkey
