// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdlib>
#include <new>

/*
 * Counts what a test program takes from the heap and gives back. Include it in one source file of the program: it
 * replaces the global operators.
 */

namespace interloop::test {

inline std::atomic<long> allocations = 0;
inline std::atomic<long> frees = 0;

} // namespace interloop::test

void *operator new(std::size_t size)
{
    ++interloop::test::allocations;
    if (void *block = std::malloc(size ? size : 1))
        return block;
    throw std::bad_alloc();
}

void operator delete(void *block) noexcept
{
    if (block)
        ++interloop::test::frees;
    std::free(block);
}

void operator delete(void *block, std::size_t) noexcept
{
    ::operator delete(block);
}
