// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/listnode.h>

/*
 * Who holds a lock: the base of what a lock's owner has in hand. A lock belongs to its guard's holder: to the task that
 * acquired the guard or moved it last, or to the plain code on whose stack the guard lies. So a wait for it can be told
 * from one that could only end after itself.
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
        m_codeDepth = nobody;
    }

private:
    friend class ChainExtras;

    static constexpr int nobody = -1;

    Chain *m_chain = nullptr; // nullptr: m_codeDepth tells
    int m_codeDepth = nobody; // blocking waits beneath the plain code on whose stack it lies
};

} // namespace interloop
