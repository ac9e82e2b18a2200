// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>

#include <cstddef>

/*
 * Where coroutine frames and libuv's handles come from: a free list for each size class and thread.
 *
 * Recycling halves the price of awaiting a child (bench: AwaitChild). A block may be freed on another thread than the
 * one it came from. Under AddressSanitizer each block is an allocation of its own, so that use after free is seen.
 */

namespace interloop {

INTERLOOP_EXPORT void *allocateFrame(std::size_t size);
INTERLOOP_EXPORT void freeFrame(void *frame, std::size_t size) noexcept;

// Blocks that are no frames.
INTERLOOP_EXPORT void *allocateBlock(std::size_t size);
INTERLOOP_EXPORT void freeBlock(void *block, std::size_t size) noexcept;

// The frame that this thread has allocated last, if an object at `address` lies in it; else nullptr. While a coroutine is
// being made, and its arguments are moved into it, that is its frame.
INTERLOOP_EXPORT void *newestFrameAround(const void *address) noexcept;

} // namespace interloop
