// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/loop/stackbounds.h>
#include <interloop/loop/unwinding.h>

#include <cstddef>

/*
 * One stack and the switch to it and back: what a fiber is made of. It knows nothing of loops and tasks; code outside
 * fiber.* has no use for it. All calls come from the thread that made it.
 *
 * Either the stack is idle, or it runs, or it is suspended in park(). Whoever starts or resumes it runs on when it parks or
 * ends. Exceptions stay with their stack: one that is being thrown or handled where another stack is switched to is not
 * seen there, and is again after the switch back.
 */

namespace interloop {

class INTERLOOP_EXPORT FiberContext
{
public:
    using Entry = void (*)(void *argument); // must not throw

    // Whether there are stacks to switch to: false in a build without INTERLOOP_PARKING, where the constructor throws.
    static bool isBuilt() noexcept;

    // `stackSize` bytes are rounded up to whole pages, and to 16 KiB at least. Memory is taken as the stack is used: one page at
    // once. Below the stack lies a guard: to run over the end is a segmentation fault. Throws std::bad_alloc.
    explicit FiberContext(std::size_t stackSize);
    FiberContext(const FiberContext &) = delete;
    FiberContext &operator=(const FiberContext &) = delete;
    ~FiberContext(); // REQUIRES: isIdle(); a stack is never freed under live frames

    bool isIdle() const noexcept { return m_state == State::Idle; }

    void start(Entry entry, void *argument); // runs entry(argument) on this stack. REQUIRES: isIdle()
    void resume();                           // REQUIRES: suspended in park()
    void park();                             // returns when resumed. REQUIRES: called on this stack

    const StackBounds &bounds() const noexcept { return m_bounds; }

    // The outermost frame: everything that an entry runs lies below it, and nothing above it is of use to a backtrace.
    const void *base() const noexcept { return m_base; }

    // Where on this stack `object` lies, whether it runs or not; nullptr: it does not. See StackBounds::addressOf.
    const void *addressOf(const void *object) const noexcept { return m_bounds.addressOf(object); }

    // Bytes between the top of the stack and the lowest page of it that is in memory: what was ever used of it, except what
    // the system has swapped out.
    std::size_t highWaterMark() const noexcept;

private:
    enum class State { Idle, Running, Suspended };
    enum class Again { Yes, Never };
    class Outermost; // the first function on the stack

    void run(void *resumer);
    void enter();
    void leave(Again again);
    void arrive(void *resumer, void *fakeStack);

    State m_state = State::Idle;
    Entry m_entry = nullptr; // nullptr while idle and entered: the stack is made or given up
    void *m_argument = nullptr;
    void *m_suspended = nullptr; // this stack's registers while it does not run
    void *m_resumer = nullptr;   // those of the stack it was entered from while it does
    ExceptionState m_exceptions; // this stack's while it does not run

    StackBounds m_bounds = StackBounds(nullptr, 0);
    std::size_t m_guard = 0; // bytes below the bounds
    const void *m_base = nullptr;

    // What sanitizers want to know of the stack it was entered from; they alone use it.
    const void *m_resumerLowest = nullptr;
    std::size_t m_resumerSize = 0;
    void *m_resumerThread = nullptr;
    void *m_thread = nullptr; // what ThreadSanitizer calls this one
    unsigned m_announced = 0; // and Valgrind
};

} // namespace interloop
