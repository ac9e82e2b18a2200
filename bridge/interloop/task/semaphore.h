// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/waiter.h>

/*
 * At most so many at a time: asyncio's Semaphore, with QSemaphore's words.
 *
 *     const SemaphoreGuard permit = co_await connections.acquireGuard();
 *
 * Belongs to one thread. A released permit goes straight to the longest waiter: while somebody waits, none is
 * available. With the guard no permit can get lost, in a race or a gather either; `acquire` and `release` are for
 * permits that are taken in one place and given back in another.
 */

namespace interloop {

class Semaphore;

// Holds one permit, or nothing; releases it when it is destroyed. A semaphore that is destroyed first takes it back.
class INTERLOOP_EXPORT [[nodiscard]] SemaphoreGuard : private ListNode
{
public:
    SemaphoreGuard() noexcept = default; // holds nothing
    SemaphoreGuard(SemaphoreGuard &&other) noexcept;
    SemaphoreGuard &operator=(SemaphoreGuard &&other) noexcept; // releases what it held
    ~SemaphoreGuard() { release(); }

    bool isValid() const noexcept { return m_semaphore; }

    // Ahead of the destructor. Does nothing when it holds nothing. Only queues: allowed inside a raw libuv callback.
    void release() noexcept;

private:
    friend class AcquireGuardAwaiter;
    friend class Semaphore;
    friend class List<SemaphoreGuard>;

    void hold(Semaphore &semaphore) noexcept; // the permit has been taken

    Semaphore *m_semaphore = nullptr; // not nullptr: this is in its list of guards
};

// A wait that ends with a permit.
class INTERLOOP_EXPORT PermitWaiter : public Waiter
{
public:
    std::string describe() const override { return "a semaphore"; }

protected:
    explicit PermitWaiter(Semaphore &semaphore) noexcept : m_semaphore(semaphore) { }
    ~PermitWaiter() = default;

    Begun begin() override;

    Semaphore &m_semaphore;
};

class INTERLOOP_EXPORT AcquireAwaiter final : public PermitWaiter
{
public:
    explicit AcquireAwaiter(Semaphore &semaphore) noexcept : PermitWaiter(semaphore) { }
    void await_resume() const { throwUnlessGranted(); }
};

class INTERLOOP_EXPORT AcquireGuardAwaiter final : public PermitWaiter
{
public:
    explicit AcquireGuardAwaiter(Semaphore &semaphore) noexcept : PermitWaiter(semaphore) { }
    SemaphoreGuard await_resume();
    void wake() override; // the permit goes into the guard

private:
    Begun begin() override;

    SemaphoreGuard m_guard;
};

class INTERLOOP_EXPORT Semaphore
{
public:
    // Throws std::invalid_argument when `permits` is negative.
    explicit Semaphore(int permits = 1);

    // Whoever still waits gets a std::runtime_error; guards hold nothing any more.
    ~Semaphore();
    Semaphore(const Semaphore &) = delete;
    Semaphore &operator=(const Semaphore &) = delete;

    // Permits that nobody has.
    int available() const noexcept { return m_available; }

    // Takes a permit; `acquireGuard` puts it into a guard.
    // Starts: at the await. Resumes: from the ready queue, in the order of waiting; at once when one is available.
    // Cancel: ends this wait at once, unless a permit has been handed over already.
    WaitFor<AcquireAwaiter, Semaphore> acquire() noexcept { return WaitFor<AcquireAwaiter, Semaphore>(*this); }
    WaitFor<AcquireGuardAwaiter, Semaphore> acquireGuard() noexcept
    {
        return WaitFor<AcquireGuardAwaiter, Semaphore>(*this);
    }

    // Takes a permit when one is available.
    bool tryAcquire() noexcept;

    // Gives permits back, or adds new ones. Only queues: allowed inside a raw libuv callback.
    void release(int permits = 1) noexcept;

private:
    friend class PermitWaiter;
    friend class SemaphoreGuard;

    List<PermitWaiter> m_waiters; // empty when permits are available
    List<SemaphoreGuard> m_guards;
    int m_available;
};

} // namespace interloop
