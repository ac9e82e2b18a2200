// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <vector>

/*
 * How late an event loop has been: what a LagProbe writes down, and the figures that come of it.
 */

// Of a set of samples, in ms.
class LagFigures
{
public:
    LagFigures() = default;
    LagFigures(double p50, double p99, double maximum, std::uint64_t samples)
        : p50(p50), p99(p99), maximum(maximum), samples(samples)
    { }

    double p50 = 0;
    double p99 = 0;
    double maximum = 0;
    std::uint64_t samples = 0;
};

// The samples so far. From any thread; may outlive its probe.
class LagRecord
{
public:
    LagRecord();

    // Those of the last 10 s, and those since reset().
    LagFigures recent() const;
    LagFigures sinceReset() const;

    // The program's own.
    LagFigures ownRecent() const;
    LagFigures ownSinceReset() const;

    // Begins the second set anew. Moments that were due before belong to the old one, whenever they are looked at.
    void reset();

    // A moment that was due, how late the loop came to it, and how much of that was the program's own doing.
    void add(std::chrono::steady_clock::time_point due, std::chrono::nanoseconds lag, std::chrono::nanoseconds own);

private:
    // The last 1,000, and a histogram of any number with steps of 3 %.
    class Samples
    {
    public:
        Samples();
        void add(std::chrono::nanoseconds lag);
        void addRecent(std::chrono::nanoseconds lag);
        void reset();
        LagFigures recent() const;
        LagFigures sinceReset() const;

    private:
        std::vector<double> m_ring; // ms
        std::size_t m_next = 0;
        std::size_t m_filled = 0;
        std::vector<std::uint32_t> m_histogram;
        std::uint64_t m_count = 0;
        std::chrono::nanoseconds m_maximum{};
    };

    mutable std::mutex m_mutex;
    Samples m_all;
    Samples m_own;
    std::chrono::steady_clock::time_point m_resetAt;
};
