// SPDX-License-Identifier: MIT
#pragma once

/*
 * Whether code runs as clean-up: in a catch block, or in a destructor during unwinding.
 *
 * C++ has no co_await in a handler, so a wait in a clean-up is a runSync; it must work although its scope is cancelled.
 * Each stack has its own exceptions in flight; who switches stacks exchanges them.
 */

namespace interloop {

// The exceptions that are being thrown or handled on this thread's stack.
class ExceptionState
{
public:
    ExceptionState() noexcept = default; // none
    static ExceptionState current() noexcept;

    // Makes this the thread's, for a stack that is about to run; returns what was, of the stack that is left.
    ExceptionState exchange() const noexcept;

    // Whether an exception is being thrown or handled now that was not at `base`, further down the same stack.
    static bool isUnwindingSince(const ExceptionState &base) noexcept;

private:
    void read(const char *globals) noexcept; // the thread's, as the C++ library keeps them

    const void *m_caught = nullptr; // the innermost exception being handled; nullptr: none
    unsigned m_uncaught = 0;
};

} // namespace interloop
