// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>

#include <cstddef>

/*
 * Where a stack lies: how much of it is left, and whether an object is on it. Stacks grow downwards.
 */

namespace interloop {

class INTERLOOP_EXPORT StackBounds
{
public:
    // This thread's own. REQUIRES: called on it, not on another one that the thread has switched to
    StackBounds();
    // One of `size` bytes, `lowest` being the address of the first.
    StackBounds(const void *lowest, std::size_t size);

    // For a stack that was made and runs for the first time, so that addressOf() knows its locals under AddressSanitizer.
    // REQUIRES: called on this stack
    void adoptFakeStack() noexcept;

    const void *lowest() const noexcept { return m_lowest; }
    const void *highest() const noexcept { return m_highest; } // behind the last byte

    std::size_t size() const noexcept { return static_cast<std::size_t>(m_highest - m_lowest); }

    // Below it the stack is nearly used up: what is left is room for Qt's and the user's own frames on top of a wait.
    const void *lowestUseful() const noexcept { return m_lowestUseful; }

    // Where on the stack `object` lies, or nullptr when it does not. Under AddressSanitizer, which moves locals to the heap
    // to see uses after return, that is the place of the function they belong to.
    // On whichever stack of the thread it is called.
    const void *addressOf(const void *object) const noexcept;

private:
    bool contains(const void *address) const noexcept;

    const char *m_lowest = nullptr; // nullptr, as m_highest: unknown, and nothing lies on it
    const char *m_highest = nullptr;
    const char *m_lowestUseful = nullptr;
    void *m_fakeStack = nullptr; // AddressSanitizer's
};

} // namespace interloop
