// SPDX-License-Identifier: MIT
#include <demo/monitor/lagrecord.h>

#include <demo/monitor/lagprobe.h>

#include <algorithm>
#include <bit>

using namespace std::chrono_literals;

namespace {

constexpr std::size_t recentCount = std::chrono::milliseconds(10s) / LagProbe::interval;
constexpr int stepBits = 5; // 32 steps for each doubling
constexpr std::size_t bucketCount = (64 - stepBits) << stepBits;

double toMilliseconds(std::chrono::nanoseconds time)
{
    return std::chrono::duration<double, std::milli>(time).count();
}

// Steps of a microsecond up to 32, then of 1/32 of the power of two beneath.
std::size_t bucketOf(std::chrono::nanoseconds lag)
{
    const auto value = std::uint64_t(lag / 1us);
    const int excess = std::max(0, int(std::bit_width(value)) - stepBits - 1);
    return (std::size_t(excess) << stepBits) + std::size_t(value >> excess);
}

std::chrono::nanoseconds middleOf(std::size_t bucket)
{
    if (bucket < (std::size_t(2) << stepBits))
        return std::chrono::microseconds(bucket);
    const std::size_t excess = (bucket >> stepBits) - 1;
    const std::uint64_t first = std::uint64_t(bucket - (excess << stepBits)) << excess;
    return std::chrono::microseconds(first + (std::uint64_t(1) << excess) / 2);
}

} // namespace

LagRecord::Samples::Samples() : m_ring(recentCount), m_histogram(bucketCount) { }

void LagRecord::Samples::addRecent(std::chrono::nanoseconds lag)
{
    m_ring[m_next] = toMilliseconds(lag);
    m_next = (m_next + 1) % m_ring.size();
    m_filled = std::min(m_filled + 1, m_ring.size());
}

void LagRecord::Samples::add(std::chrono::nanoseconds lag)
{
    ++m_histogram[std::min(bucketOf(lag), bucketCount - 1)];
    ++m_count;
    m_maximum = std::max(m_maximum, lag);
}

void LagRecord::Samples::reset()
{
    std::fill(m_histogram.begin(), m_histogram.end(), 0);
    m_count = 0;
    m_maximum = 0ns;
}

LagFigures LagRecord::Samples::recent() const
{
    if (m_filled == 0)
        return LagFigures();
    std::vector<double> sorted(m_ring.begin(), m_ring.begin() + std::ptrdiff_t(m_filled));
    std::sort(sorted.begin(), sorted.end());
    const auto at = [&sorted](double share) { return sorted[std::size_t(share * double(sorted.size() - 1) + 0.5)]; };
    return LagFigures(at(0.5), at(0.99), sorted.back(), m_filled);
}

LagFigures LagRecord::Samples::sinceReset() const
{
    if (m_count == 0)
        return LagFigures();
    const auto at = [this](double share) {
        const auto rank = std::uint64_t(share * double(m_count - 1) + 0.5);
        std::uint64_t passed = 0;
        std::size_t bucket = 0;
        while (passed + m_histogram[bucket] <= rank)
            passed += m_histogram[bucket++];
        return toMilliseconds(std::min(middleOf(bucket), m_maximum));
    };
    return LagFigures(at(0.5), at(0.99), toMilliseconds(m_maximum), m_count);
}

LagRecord::LagRecord() : m_resetAt(std::chrono::steady_clock::now()) { }

void LagRecord::add(std::chrono::steady_clock::time_point due, std::chrono::nanoseconds lag,
                    std::chrono::nanoseconds own)
{
    const std::lock_guard lock(m_mutex);
    m_all.addRecent(lag);
    m_own.addRecent(own);
    if (due < m_resetAt)
        return;
    m_all.add(lag);
    m_own.add(own);
}

LagFigures LagRecord::recent() const
{
    const std::lock_guard lock(m_mutex);
    return m_all.recent();
}

LagFigures LagRecord::sinceReset() const
{
    const std::lock_guard lock(m_mutex);
    return m_all.sinceReset();
}

LagFigures LagRecord::ownRecent() const
{
    const std::lock_guard lock(m_mutex);
    return m_own.recent();
}

LagFigures LagRecord::ownSinceReset() const
{
    const std::lock_guard lock(m_mutex);
    return m_own.sinceReset();
}

void LagRecord::reset()
{
    const std::lock_guard lock(m_mutex);
    m_all.reset();
    m_own.reset();
    m_resetAt = std::chrono::steady_clock::now();
}
