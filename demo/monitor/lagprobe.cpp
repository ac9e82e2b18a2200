// SPDX-License-Identifier: MIT
#include <demo/monitor/lagprobe.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

using namespace std::chrono_literals;

namespace {

constexpr std::chrono::microseconds early = 500us; // that a timer may fire

} // namespace

LagProbe::LagProbe() : m_schedstat(open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC))
{
    m_timer.setTimerType(Qt::PreciseTimer);
    m_timer.setInterval(interval);
    QObject::connect(&m_timer, &QTimer::timeout, &m_timer, [this] { sample(); });
    m_runDelay = runDelay();
    m_due = std::chrono::steady_clock::now() + interval;
    m_timer.start();
}

LagProbe::~LagProbe()
{
    if (m_schedstat >= 0)
        close(m_schedstat);
}

void LagProbe::sample()
{
    const auto now = std::chrono::steady_clock::now();
    const std::chrono::nanoseconds delay = runDelay();
    const std::chrono::nanoseconds delayed = delay - std::exchange(m_runDelay, delay);
    const bool wereMissed = now - m_due >= interval;
    for (; m_due <= now + early; m_due += interval) {
        const std::chrono::nanoseconds lag = std::max<std::chrono::nanoseconds>(now - m_due, 0ns);
        m_record->add(m_due, lag, std::max<std::chrono::nanoseconds>(lag - delayed, 0ns));
    }
    if (wereMissed) { // Qt counts from the time at which a late timer fires
        m_due = std::chrono::steady_clock::now() + interval;
        m_timer.start();
    }
}

std::chrono::nanoseconds LagProbe::runDelay() const
{
    char text[64]; // "time on a processor, time waiting for one, turns"
    const ssize_t size = m_schedstat >= 0 ? pread(m_schedstat, text, sizeof text, 0) : 0;
    const char *end = text + std::max<ssize_t>(size, 0);
    const char *space = std::find(static_cast<const char *>(text), end, ' ');
    std::int64_t delay = 0;
    if (space != end)
        std::from_chars(space + 1, end, delay);
    return std::chrono::nanoseconds(delay);
}
