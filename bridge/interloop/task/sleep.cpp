// SPDX-License-Identifier: MIT
#include <interloop/task/sleep.h>

namespace interloop {

WaitOperation::Begun SleepAwaiter::begin()
{
    Scheduler &scheduler = chain().scheduler();
    const bool isRelative = m_deadline == TimePoint::min();
    if (isRelative ? m_delay.count() <= 0 : m_deadline <= scheduler.now())
        complete();
    else
        scheduler.startTimer(*this, isRelative ? deadlineAfter(scheduler.now(), m_delay) : m_deadline);
    return Begun::Waiting;
}

bool SleepAwaiter::abandon(CancelMode)
{
    chain().scheduler().stopTimer(*this);
    return true;
}

WaitOperation::Begun YieldAwaiter::begin()
{
    complete();
    return Begun::Waiting;
}

bool YieldAwaiter::abandon(CancelMode)
{
    return false;
}

} // namespace interloop
