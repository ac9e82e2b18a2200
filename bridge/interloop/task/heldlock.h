// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/listnode.h>

#include <coroutine>

/*
 * Who holds a lock: the base of what a lock's owner has in hand. A lock belongs to its guard's holder, so that a wait
 * for it can be told from one that could only end after itself. That is
 *   - for a guard on the stack: the code that it lies in;
 *   - for a guard that was given to a task as an argument: that task, once it has begun;
 *   - else the task that acquired the guard or moved it last.
 *
 * A guard that plain code keeps anywhere but on its stack belongs to nobody in particular: anyone may let it go.
 */

namespace interloop {

class Chain;
class Needs;

class INTERLOOP_EXPORT HeldLock : public ListNode
{
public:
    // What must happen before it can be let go.
    void collectNeeds(Needs &needs) const;

    // Whether somebody waits for it.
    virtual bool isWanted() const noexcept = 0;

protected:
    HeldLock() noexcept = default;
    ~HeldLock() { release(); }

    // It belongs to the code that runs now.
    void hold() noexcept;

    // It belongs to `chain`, to whom it is handed over.
    void holdFor(Chain &chain) noexcept;

    // It belongs to nobody.
    void release() noexcept
    {
        unlink();
        m_chain = nullptr;
        m_argumentOf = {};
    }

private:
    friend class ChainExtras;
    friend class GivenLocks;

    Chain *m_chain = nullptr; // not nullptr: in its list of locks
    std::coroutine_handle<> m_argumentOf; // the coroutine that it lies in; null: not in the scheduler's list of given locks
};

// Locks that lie in a coroutine of which it was not known, when they came there, whose it would be: its arguments.
class INTERLOOP_EXPORT GivenLocks
{
public:
    GivenLocks() noexcept = default;
    ~GivenLocks();
    GivenLocks(const GivenLocks &) = delete;
    GivenLocks &operator=(const GivenLocks &) = delete;

    // Those whose coroutines have begun belong to their tasks from now on.
    void settle() noexcept
    {
        if (!m_locks.isEmpty()) [[unlikely]]
            settleAll();
    }

private:
    friend class HeldLock;

    void settleAll() noexcept;

    List<HeldLock> m_locks;
};

} // namespace interloop
