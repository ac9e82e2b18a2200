// SPDX-License-Identifier: MIT
#include <interloop/task/cancelscope.h>

#include <interloop/task/chain.h>

#include <stdexcept>

namespace interloop {

namespace {

Chain *runningChain() noexcept
{
    const Scheduler *scheduler = existingScheduler();
    return scheduler ? scheduler->currentChain() : nullptr;
}

Chain &requireRunningChain()
{
    if (Chain *chain = runningChain())
        return *chain;
    throw std::logic_error("a CancelScope outside a task");
}

} // namespace

CancelScope::CancelScope(Shield shield) : ChainScope(requireRunningChain(), shield) { }

CancelScope::CancelScope(std::chrono::nanoseconds timeout) : CancelScope()
{
    setTimeout(timeout);
}

CancelScope::~CancelScope()
{
    leave();
}

void CancelScope::setDeadline(TimePoint deadline)
{
    start(deadline, currentScheduler().now());
}

void CancelScope::setTimeout(std::chrono::nanoseconds timeout)
{
    const TimePoint now = currentScheduler().now();
    start(deadlineAfter(now, timeout), now);
}

void CancelScope::start(TimePoint deadline, TimePoint now)
{
    Scheduler &scheduler = currentScheduler();
    if (isActive())
        scheduler.stopTimer(*this);
    m_deadline = deadline;
    if (hasLeft() || isCancelled() || deadline == TimePoint::max())
        return;
    if (deadline <= now)
        expire();
    else
        scheduler.startTimer(*this, deadline);
}

void CancelScope::leave() noexcept
{
    if (isActive())
        currentScheduler().stopTimer(*this);
    ChainScope::leave();
}

CancelScope::Run::Run(CancelScope &scope) : m_scope(scope)
{
    if (scope.hasLeft())
        throw std::logic_error("a CancelScope that has ended already");
    if (!scope.isIn(*runningChain()))
        throw std::logic_error("a CancelScope in another task than its own");
}

} // namespace interloop
