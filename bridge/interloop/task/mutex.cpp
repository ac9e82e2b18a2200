// SPDX-License-Identifier: MIT
#include <interloop/task/mutex.h>

#include <interloop/task/deadlock.h>
#include <interloop/task/needs.h>

namespace interloop {

MutexGuard::MutexGuard(MutexGuard &&other) noexcept
{
    if (other.m_mutex)
        other.m_mutex->moveTo(*this);
}

MutexGuard &MutexGuard::operator=(MutexGuard &&other) noexcept
{
    if (this == &other)
        return *this;
    unlock();
    if (other.m_mutex)
        other.m_mutex->moveTo(*this);
    return *this;
}

void MutexGuard::unlock() noexcept
{
    if (m_mutex)
        m_mutex->unlock();
}

bool MutexGuard::isWanted() const noexcept
{
    return m_mutex && !m_mutex->m_waiters.isEmpty();
}

Mutex::~Mutex()
{
    while (!m_waiters.isEmpty()) {
        MutexWaiter &waiter = m_waiters.takeFirst();
        waiter.m_mutex = nullptr;
        waiter.fail(destroyedError(describe()));
    }
    if (m_holder)
        letGo();
}

MutexGuard Mutex::tryLock() noexcept
{
    MutexGuard guard;
    if (!isLocked())
        giveTo(guard);
    return guard;
}

void Mutex::giveTo(MutexGuard &guard, Chain *holder) noexcept
{
    m_holder = &guard;
    guard.m_mutex = this;
    if (holder)
        guard.holdFor(*holder);
    else
        guard.hold();
}

void Mutex::letGo() noexcept
{
    m_holder->m_mutex = nullptr;
    m_holder->release();
    m_holder = nullptr;
}

void Mutex::moveTo(MutexGuard &guard) noexcept
{
    letGo();
    giveTo(guard);
}

void Mutex::unlock() noexcept
{
    letGo();
    if (m_waiters.isEmpty())
        return;
    MutexWaiter &next = m_waiters.takeFirst();
    next.m_mutex = nullptr;
    giveTo(next.m_target, &next.chain());
    next.wake();
}

bool MutexWaiter::take(Mutex &mutex) noexcept
{
    if (!mutex.isLocked()) {
        mutex.giveTo(m_target, &chain());
        return true;
    }
    m_mutex = &mutex;
    mutex.m_waiters.append(*this);
    return false;
}

void MutexWaiter::refuseDeadlock(Mutex &mutex)
{
    if (!mutex.isLocked())
        return;
    m_mutex = &mutex;
    try {
        interloop::refuseDeadlock(chain(), *this);
    } catch (...) {
        m_mutex = nullptr;
        throw;
    }
}

void MutexWaiter::collectNeeds(Needs &needs) const
{
    if (isOpen())
        needs.open();
    else
        m_mutex->m_holder->collectNeeds(needs);
}

bool MutexWaiter::abandon(CancelMode mode)
{
    m_mutex = nullptr;
    return Waiter::abandon(mode);
}

void MutexWaiter::throwUnlessLocked() const
{
    throwUnlessGranted();
    if (!m_target.isValid()) // it had been handed over, and then the mutex was destroyed
        std::rethrow_exception(destroyedError("a mutex"));
}

std::string MutexWaiter::describe() const
{
    const Mutex *mutex = m_mutex ? m_mutex : m_target.mutex();
    return mutex ? mutex->describe() : "a mutex that was destroyed";
}

WaitOperation::Begun LockAwaiter::begin()
{
    refuseDeadlock(m_wanted);
    return take(m_wanted) ? Begun::Ready : Begun::Waiting;
}

MutexGuard LockAwaiter::await_resume()
{
    throwUnlessLocked();
    return std::move(m_guard);
}

} // namespace interloop
