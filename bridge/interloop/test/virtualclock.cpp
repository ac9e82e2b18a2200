// SPDX-License-Identifier: MIT
#include <interloop/test/virtualclock.h>

#include <interloop/test/quiet.h>

namespace interloop {

VirtualClock::VirtualClock() : m_quiet(Quiet::ofThread())
{
    m_quiet->startClock();
    m_start = m_quiet->now();
}

VirtualClock::~VirtualClock()
{
    m_quiet->stopClock();
}

TimePoint VirtualClock::now() const noexcept
{
    return m_quiet->now();
}

} // namespace interloop
