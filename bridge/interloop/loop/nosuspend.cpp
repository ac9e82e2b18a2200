// SPDX-License-Identifier: MIT
#include <interloop/loop/nosuspend.h>

#include <interloop/loop/bridge.h>
#include <interloop/loop/pump.h>

namespace interloop {

NoSuspend::NoSuspend() noexcept : m_pump(existingPump())
{
    if (m_pump)
        ++m_pump->here().nestGuards;
}

namespace {

// nullptr: there can be none, and every wait is refused for that.
Pump *pumpOrNull() noexcept
{
    try {
        return &currentPump();
    } catch (...) {
        return nullptr;
    }
}

} // namespace

NoSuspend::NoSuspend(RefuseTag) noexcept : m_pump(pumpOrNull()), m_isRefusing(true)
{
    if (m_pump)
        ++m_pump->here().refuseGuards;
}

NoSuspend::~NoSuspend()
{
    if (!m_pump || m_pump != existingPump()) // the bridge may have ended
        return;
    StackState &here = m_pump->here();
    int &guards = m_isRefusing ? here.refuseGuards : here.nestGuards;
    if (guards > 0) // a coroutine's has been counted for the stack on which it was made
        --guards;
}

} // namespace interloop
