// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/heldlock.h>
#include <interloop/task/waiter.h>

#include <string>

/*
 * One at a time, across awaits: asyncio's Lock under Qt's name. Not needed between two awaits: nothing else of the
 * thread runs there.
 *
 *     const MutexGuard guard = co_await mutex.lock();
 *
 * Belongs to one thread. A released lock goes straight to the longest waiter: between the two it is never free. So at
 * any time the lock has no guard, or exactly one, which may still lie in an awaiter that was woken and has not gone on.
 * Not recursive: a wait for a lock that the waiting task holds itself, or whose holder waits for it, is a deadlock and
 * refused. The holder is who acquired the guard or moved it last (task/heldlock.h).
 */

namespace interloop {

class Mutex;

// Holds a mutex, or nothing; unlocks when it is destroyed. A mutex that is destroyed first takes the lock back.
class INTERLOOP_EXPORT [[nodiscard]] MutexGuard final : private HeldLock
{
public:
    MutexGuard() noexcept = default; // holds nothing
    MutexGuard(MutexGuard &&other) noexcept;
    MutexGuard &operator=(MutexGuard &&other) noexcept; // unlocks what it held
    ~MutexGuard() { unlock(); }

    bool isValid() const noexcept { return m_mutex; }

    // What it holds, or nullptr.
    const Mutex *mutex() const noexcept { return m_mutex; }

    // Ahead of the destructor. Does nothing when it holds nothing. Only queues: allowed inside a raw libuv callback.
    void unlock() noexcept;

private:
    friend class Mutex;
    friend class MutexWaiter;

    bool isWanted() const noexcept override;

    Mutex *m_mutex = nullptr; // not nullptr: its m_holder is this
};

// A wait that ends with the lock in `target`.
class INTERLOOP_EXPORT MutexWaiter : public Waiter
{
public:
    std::string describe() const override;
    bool isOpen() const noexcept override { return isOver() || !m_mutex; }
    void collectNeeds(Needs &needs) const override;

protected:
    explicit MutexWaiter(MutexGuard &target) noexcept : m_target(target) { }
    ~MutexWaiter() = default;

    // Begins to wait for the lock. True: it is in the target already, and nobody will be woken.
    bool take(Mutex &mutex) noexcept;

    // Throws RunSyncError (Deadlock) when the lock could only be released after a wait for it.
    void refuseDeadlock(Mutex &mutex);

    // Throws Cancelled, or an error when the mutex has gone.
    void throwUnlessLocked() const;

    bool abandon(CancelMode mode) override;

    MutexGuard &m_target;

private:
    friend class Mutex;

    Mutex *m_mutex = nullptr; // nullptr: not in a mutex's list
};

class INTERLOOP_EXPORT LockAwaiter final : public MutexWaiter
{
public:
    explicit LockAwaiter(Mutex &mutex) noexcept : MutexWaiter(m_guard), m_wanted(mutex) { }
    MutexGuard await_resume();

private:
    Begun begin() override;

    Mutex &m_wanted;
    MutexGuard m_guard;
};

class INTERLOOP_EXPORT Mutex
{
public:
    explicit Mutex(std::string name = {}) noexcept : m_name(std::move(name)) { }

    // Whoever still waits gets a std::runtime_error; a guard that holds the mutex holds nothing any more.
    ~Mutex();
    Mutex(const Mutex &) = delete;
    Mutex &operator=(const Mutex &) = delete;

    bool isLocked() const noexcept { return m_holder; }
    const std::string &name() const noexcept { return m_name; }

    // For messages: "mutex 'cache'".
    std::string describe() const { return m_name.empty() ? std::string("a mutex") : "mutex '" + m_name + '\''; }

    // Gives the guard.
    // Starts: at the await. Resumes: from the ready queue, in the order of waiting; at once when the mutex is free.
    // Cancel: ends this wait at once, unless the lock has been handed over already.
    // Throws RunSyncError (Deadlock) when the lock could only be released after this wait.
    WaitFor<LockAwaiter, Mutex> lock() noexcept { return WaitFor<LockAwaiter, Mutex>(*this); }

    // A guard that is not valid when the mutex is locked.
    MutexGuard tryLock() noexcept;

private:
    friend class MutexGuard;
    friend class MutexWaiter;

    void giveTo(MutexGuard &guard, Chain *holder = nullptr) noexcept; // nullptr: the running code. REQUIRES: !isLocked()
    void moveTo(MutexGuard &guard) noexcept; // REQUIRES: isLocked()
    void letGo() noexcept; // REQUIRES: isLocked()
    void unlock() noexcept; // REQUIRES: isLocked()

    std::string m_name;
    List<MutexWaiter> m_waiters; // empty when nobody holds the lock
    MutexGuard *m_holder = nullptr; // nullptr: free
};

} // namespace interloop
