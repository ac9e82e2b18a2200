// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

/*
 * What the compiler's tables for exceptions say about one place in the code: where the frame of a function ends that
 * has called from there, and where its caller's frame pointer is. For framerules.*, which keeps it.
 */

namespace interloop {

class UnwindRule
{
public:
    UnwindRule() noexcept = default;
    enum class Base : unsigned char { Unknown, StackPointer, FramePointer };

    std::int32_t size = 0; // from the base to the end of the frame, which is the caller's stack pointer
    std::int32_t framePointer = 0; // from the end of the frame to the saved one; 0: the function has left it alone
    Base base = Base::Unknown; // Unknown: there is no table, or it says something else than a rule can
};

// For a call that returns to `address`. About a microsecond.
UnwindRule readUnwindRule(std::uintptr_t address);

} // namespace interloop
