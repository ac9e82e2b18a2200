// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/loop/unwindtable.h>

#include <cstdint>
#include <vector>

/*
 * From a frame on a stack to its caller's, in a few nanoseconds where the unwinder for exceptions takes a hundred: the
 * compiler's tables are read once for each place in the code, and what they say is kept.
 *
 * It never guesses. What is out of the ordinary (a frame pointer in another register, a signal's frame, code without
 * tables or made at run time, another processor than x86-64) is said to be unknown; the caller then asks the unwinder.
 */

namespace interloop {

// A function that has called another one, and the registers that tell where its own caller's frame is.
class Frame
{
public:
    Frame() noexcept = default;
    std::uintptr_t address = 0; // where it goes on
    std::uintptr_t stackPointer = 0; // when it does
    std::uintptr_t framePointer = 0;
};

// Of one thread.
class INTERLOOP_EXPORT FrameRules
{
public:
    // Makes `frame` the one that called it. Where that goes on is read from the word below its stack pointer, if that word
    // lies below `limit`; else it is 0, and the walk ends there. False: unknown, and `frame` is as it was.
    bool stepOut(Frame &frame, std::uintptr_t limit);

    // REQUIRES: called when a module has been loaded or unloaded
    void clear() noexcept { m_rules.clear(); }

private:
    class Kept
    {
    public:
        Kept() noexcept = default;
        std::uintptr_t address = 0; // 0: none, and the rule for it is unknown
        UnwindRule rule;
    };

    const UnwindRule &ruleFor(std::uintptr_t address);

    std::vector<Kept> m_rules; // by hash of the address; a new one replaces an old one. Empty until needed
};

} // namespace interloop
