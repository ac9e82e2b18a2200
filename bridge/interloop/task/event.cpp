// SPDX-License-Identifier: MIT
#include <interloop/task/event.h>

namespace interloop {

Event::~Event()
{
    failAll(m_waiters, "an event");
}

void Event::set() noexcept
{
    m_isSet = true;
    while (!m_waiters.isEmpty())
        m_waiters.takeFirst().wake();
}

WaitOperation::Begun EventAwaiter::begin()
{
    if (m_event.isSet())
        return Begun::Ready;
    m_event.m_waiters.append(*this);
    return Begun::Waiting;
}

} // namespace interloop
