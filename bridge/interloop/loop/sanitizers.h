// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

/*
 * What sanitizers must be told about stacks. For sources of this folder, not for headers: what a header says must not
 * depend on how its user compiles. Without a sanitizer each function here does nothing. Valgrind is told whenever its header
 * was there: it needs no build of its own.
 */

#if defined(__SANITIZE_ADDRESS__)
#define INTERLOOP_HAS_ASAN
#elif defined(__SANITIZE_THREAD__)
#define INTERLOOP_HAS_TSAN
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define INTERLOOP_HAS_ASAN
#elif __has_feature(thread_sanitizer)
#define INTERLOOP_HAS_TSAN
#endif
#endif

#ifdef INTERLOOP_HAS_ASAN
#include <sanitizer/asan_interface.h>
#endif
#ifdef INTERLOOP_HAS_TSAN
#include <sanitizer/tsan_interface.h>
#endif
#if __has_include(<valgrind/valgrind.h>)
#define INTERLOOP_HAS_VALGRIND
#include <valgrind/valgrind.h>
#endif

namespace interloop::sanitizers {

// AddressSanitizer keeps locals in a fake stack, one for each real one, to see uses after return. That of the stack that
// runs now; nullptr: locals are where they belong.
inline void *fakeStack() noexcept
{
#ifdef INTERLOOP_HAS_ASAN
    return __asan_get_current_fake_stack();
#else
    return nullptr;
#endif
}

// Where on the real stack the function runs whose local `fakeStack` holds at `address`; else `address` itself.
inline const void *realAddress([[maybe_unused]] void *fakeStack, const void *address) noexcept
{
#ifdef INTERLOOP_HAS_ASAN
    if (const void *real = __asan_addr_is_in_fake_stack(fakeStack, const_cast<void *>(address), nullptr, nullptr))
        return real;
#endif
    return address;
}

// Before a switch to the stack at `lowest`. `*kept` holds the present fake stack until this stack runs again; without
// `kept` the fake stack ends, for this one never will.
inline void beginSwitch([[maybe_unused]] void **kept, [[maybe_unused]] const void *lowest,
                        [[maybe_unused]] std::size_t size) noexcept
{
#ifdef INTERLOOP_HAS_ASAN
    __sanitizer_start_switch_fiber(kept, lowest, size);
#endif
}

// First thing after a switch, on the stack that runs again. `lowest` and `size`, unless null, receive where the stack lies
// that ran before.
inline void endSwitch([[maybe_unused]] void *kept, [[maybe_unused]] const void **lowest,
                      [[maybe_unused]] std::size_t *size) noexcept
{
#ifdef INTERLOOP_HAS_ASAN
    __sanitizer_finish_switch_fiber(kept, lowest, size);
#endif
}

// A new stack. Returns what Valgrind calls it, which else takes a switch to a stack near by for a large frame.
inline unsigned announceStack([[maybe_unused]] const void *lowest, [[maybe_unused]] const void *highest) noexcept
{
#ifdef INTERLOOP_HAS_VALGRIND
    return VALGRIND_STACK_REGISTER(lowest, highest);
#else
    return 0;
#endif
}

// Before the memory of a stack is given back: what its last frames left would be held against the next owner.
inline void forgetStack([[maybe_unused]] const void *lowest, [[maybe_unused]] std::size_t size,
                        [[maybe_unused]] unsigned announced) noexcept
{
#ifdef INTERLOOP_HAS_VALGRIND
    VALGRIND_STACK_DEREGISTER(announced);
#endif
#ifdef INTERLOOP_HAS_ASAN
    __asan_unpoison_memory_region(lowest, size);
#endif
}

// ThreadSanitizer takes each stack for a thread that runs only while it is told so.
inline void *makeThread() noexcept
{
#ifdef INTERLOOP_HAS_TSAN
    return __tsan_create_fiber(0);
#else
    return nullptr;
#endif
}

inline void destroyThread([[maybe_unused]] void *thread) noexcept
{
#ifdef INTERLOOP_HAS_TSAN
    __tsan_destroy_fiber(thread);
#endif
}

inline void *currentThread() noexcept
{
#ifdef INTERLOOP_HAS_TSAN
    return __tsan_get_current_fiber();
#else
    return nullptr;
#endif
}

inline void switchThread([[maybe_unused]] void *thread) noexcept
{
#ifdef INTERLOOP_HAS_TSAN
    __tsan_switch_to_fiber(thread, 0);
#endif
}

} // namespace interloop::sanitizers
