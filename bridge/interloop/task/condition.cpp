// SPDX-License-Identifier: MIT
#include <interloop/task/condition.h>

#include <stdexcept>

namespace interloop {

Condition::~Condition()
{
    while (!m_waiters.isEmpty()) {
        ConditionAwaiter &waiter = m_waiters.takeFirst();
        waiter.setError(destroyedError("a condition"));
        waiter.notify();
    }
}

void Condition::notify(int count) noexcept
{
    for (; count > 0 && !m_waiters.isEmpty(); --count)
        m_waiters.takeFirst().notify();
}

void Condition::notifyAll() noexcept
{
    while (!m_waiters.isEmpty())
        m_waiters.takeFirst().notify();
}

WaitOperation::Begun ConditionAwaiter::begin()
{
    if (m_target.mutex() != &m_condition.m_mutex)
        throw std::logic_error("Condition::wait: the guard does not hold " + m_condition.m_mutex.describe());
    m_target.unlock();
    m_condition.m_waiters.append(*this);
    return Begun::Waiting;
}

void ConditionAwaiter::notify() noexcept
{
    m_state = State::Notified;
    if (const std::exception_ptr deadlock = whyNever())
        fail(deadlock);
    else if (take(m_condition.m_mutex))
        complete();
}

std::exception_ptr ConditionAwaiter::whyNever() noexcept
{
    try {
        refuseDeadlock(m_condition.m_mutex);
        return nullptr;
    } catch (...) {
        return std::current_exception();
    }
}

void ConditionAwaiter::wake()
{
    if (m_state == State::Cancelled)
        completeCancelled();
    else
        complete();
}

bool ConditionAwaiter::abandon(CancelMode mode)
{
    if (m_state == State::Listening) {
        unlink();
        m_state = State::Cancelled;
        if (whyNever() || take(m_condition.m_mutex))
            return true;
    }
    return mode == CancelMode::Forced && MutexWaiter::abandon(mode);
}

std::string ConditionAwaiter::describe() const
{
    return m_state == State::Listening ? "a condition" : MutexWaiter::describe();
}

} // namespace interloop
