// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/framepool.h>

#include <cstddef>
#include <memory>
#include <utility>

/*
 * Objects in the recycled blocks that coroutine frames come from: for requests that may outlive the coroutine which
 * made them, and are made again and again.
 */

namespace interloop {

template<typename T>
class RecycledAllocator
{
public:
    using value_type = T;

    RecycledAllocator() noexcept = default;
    template<typename U>
    explicit(false) RecycledAllocator(const RecycledAllocator<U> &) noexcept
    {
    }

    T *allocate(std::size_t count)
    {
        static_assert(alignof(T) <= alignof(std::max_align_t), "the blocks have no room for an over-aligned object");
        return static_cast<T *>(allocateBlock(count * sizeof(T)));
    }
    void deallocate(T *block, std::size_t count) noexcept { freeBlock(block, count * sizeof(T)); }

    friend bool operator==(const RecycledAllocator &, const RecycledAllocator &) noexcept { return true; }
};

template<typename T, typename... Arguments>
std::shared_ptr<T> makeRecycled(Arguments &&...arguments)
{
    return std::allocate_shared<T>(RecycledAllocator<T>(), std::forward<Arguments>(arguments)...);
}

} // namespace interloop
