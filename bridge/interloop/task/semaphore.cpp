// SPDX-License-Identifier: MIT
#include <interloop/task/semaphore.h>

#include <stdexcept>

namespace interloop {

SemaphoreGuard::SemaphoreGuard(SemaphoreGuard &&other) noexcept
{
    *this = std::move(other);
}

SemaphoreGuard &SemaphoreGuard::operator=(SemaphoreGuard &&other) noexcept
{
    if (this == &other)
        return *this;
    release();
    if (other.m_semaphore) {
        other.unlink();
        hold(*std::exchange(other.m_semaphore, nullptr));
    }
    return *this;
}

void SemaphoreGuard::hold(Semaphore &semaphore) noexcept
{
    m_semaphore = &semaphore;
    semaphore.m_guards.append(*this);
}

void SemaphoreGuard::release() noexcept
{
    if (!m_semaphore)
        return;
    unlink();
    std::exchange(m_semaphore, nullptr)->release();
}

Semaphore::Semaphore(int permits) : m_available(permits)
{
    if (permits < 0)
        throw std::invalid_argument("Semaphore: " + std::to_string(permits) + " permits");
}

Semaphore::~Semaphore()
{
    failAll(m_waiters, "a semaphore");
    while (!m_guards.isEmpty())
        m_guards.takeFirst().m_semaphore = nullptr;
}

bool Semaphore::tryAcquire() noexcept
{
    if (m_available == 0)
        return false;
    --m_available;
    return true;
}

void Semaphore::release(int permits) noexcept
{
    for (; permits > 0 && !m_waiters.isEmpty(); --permits)
        m_waiters.takeFirst().wake();
    if (permits > 0)
        m_available += permits;
}

WaitOperation::Begun PermitWaiter::begin()
{
    if (m_semaphore.tryAcquire())
        return Begun::Ready;
    m_semaphore.m_waiters.append(*this);
    return Begun::Waiting;
}

WaitOperation::Begun AcquireGuardAwaiter::begin()
{
    const Begun begun = PermitWaiter::begin();
    if (begun == Begun::Ready)
        m_guard.hold(m_semaphore);
    return begun;
}

void AcquireGuardAwaiter::wake()
{
    m_guard.hold(m_semaphore);
    complete();
}

SemaphoreGuard AcquireGuardAwaiter::await_resume()
{
    throwUnlessGranted();
    if (!m_guard.isValid()) // it had been handed over, and then the semaphore was destroyed
        std::rethrow_exception(destroyedError("a semaphore"));
    return std::move(m_guard);
}

} // namespace interloop
