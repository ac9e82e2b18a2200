// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>

/*
 * Where a thread's stack lies: how much of it is left, and whether an object is on it. Stacks grow downwards.
 */

namespace interloop {

class INTERLOOP_EXPORT StackBounds
{
public:
    // This thread's. REQUIRES, for all that follows: called on the same thread
    StackBounds();

    const void *lowest() const noexcept { return m_lowest; }
    const void *highest() const noexcept { return m_highest; } // behind the last byte

    // Below it the stack is nearly used up: what is left is room for Qt's and the user's own frames on top of a wait.
    const void *lowestUseful() const noexcept { return m_lowestUseful; }

    // Where on the stack `object` lies, or nullptr when it does not. Under AddressSanitizer, which moves locals to the heap
    // to see uses after return, that is the place of the function they belong to.
    const void *addressOf(const void *object) const noexcept;

private:
    bool contains(const void *address) const noexcept;

    const char *m_lowest = nullptr; // nullptr, as m_highest: unknown, and nothing lies on it
    const char *m_highest = nullptr;
    const char *m_lowestUseful = nullptr;
};

} // namespace interloop
