// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/mutex.h>
#include <interloop/task/task.h>

#include <concepts>

/*
 * Waiting, with a mutex held, until somebody says that what it protects has changed: asyncio's Condition.
 *
 *     MutexGuard guard = co_await mutex.lock();
 *     co_await condition.wait(guard, [&] { return !jobs.empty(); });
 *
 * The wait gives the mutex back, and the guard holds it again when the wait has ended: with a notification, and with
 * Cancelled too. Notifying needs no lock: nothing else of the thread runs before the next await.
 *
 * Belongs to one thread, and to one mutex, which must outlive it.
 */

namespace interloop {

class Condition;

class INTERLOOP_EXPORT ConditionAwaiter final : public MutexWaiter
{
public:
    ConditionAwaiter(Condition &condition, MutexGuard &guard) noexcept : MutexWaiter(guard), m_condition(condition) { }
    void await_resume() const { throwUnlessLocked(); }
    void wake() override; // the lock has come
    std::string describe() const override;

private:
    friend class Condition;

    enum class State : unsigned char {
        Listening, // in the condition's list; the lock is given back
        Notified, // waits for the lock, or has it
        Cancelled, // likewise, and gets Cancelled with it
    };

    Begun begin() override; // throws std::logic_error
    bool abandon(CancelMode mode) override;
    void notify() noexcept; // taken out of the condition's list
    std::exception_ptr whyNever() noexcept; // the deadlock that a wait for the mutex would close, or null

    Condition &m_condition; // lives while m_state is Listening
    State m_state = State::Listening;
};

// What Condition::wait(guard) returns.
class ConditionWait
{
public:
    using Value = void;
    using InterloopAwaitable = void;

    ConditionWait(Condition &condition, MutexGuard &guard) noexcept : m_condition(&condition), m_guard(&guard) { }
    ConditionAwaiter operator co_await() const noexcept { return ConditionAwaiter(*m_condition, *m_guard); }

private:
    Condition *m_condition;
    MutexGuard *m_guard;
};

class INTERLOOP_EXPORT Condition
{
public:
    explicit Condition(Mutex &mutex) noexcept : m_mutex(mutex) { }

    // Whoever still waits gets a std::runtime_error, with the mutex held.
    ~Condition();
    Condition(const Condition &) = delete;
    Condition &operator=(const Condition &) = delete;

    // Waits for a notification. `guard` holds the mutex, else std::logic_error, and stays where it is until the end.
    // Starts: at the await, which gives the mutex back. Resumes: from the ready queue, notified and with the mutex.
    // Cancel: takes the mutex again first, so it may end later; a notification that came before it wins.
    // Where the mutex could never come, as its holder waits for this task, the wait ends at once and `guard` holds
    // nothing: with Cancelled, or, when notified, with RunSyncError (Deadlock). So it does at the bridge's end, past
    // its limit.
    ConditionWait wait(MutexGuard &guard) noexcept { return ConditionWait(*this, guard); }

    // Waits until `predicate()` is true; it is called with the mutex held, first at once. As above otherwise.
    // Buffers: `predicate` is kept. A closure that captures more than references and numbers: a named one, moved.
    template<std::predicate Predicate>
    Task<> wait(MutexGuard &guard, Predicate predicate)
    {
        for (;;) {
            const bool isTrue = predicate();
            if (isTrue)
                co_return;
            co_await wait(guard);
        }
    }

    // Wakes the `count` longest waiters, or all: they go on, one after the other, as they get the mutex.
    // Only queues: allowed inside a raw libuv callback.
    void notify(int count = 1) noexcept;
    void notifyAll() noexcept;

private:
    friend class ConditionAwaiter;

    Mutex &m_mutex;
    List<ConditionAwaiter> m_waiters;
};

} // namespace interloop
