// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>

#include <cstddef>

/*
 * Where coroutine frames come from: a free list for each size class and thread.
 *
 * Recycling halves the price of awaiting a child (bench: AwaitChild). A block may be freed on another thread than the
 * one it came from. Under AddressSanitizer each frame is an allocation of its own, so that use after free is seen.
 */

namespace interloop {

INTERLOOP_EXPORT void *allocateFrame(std::size_t size);
INTERLOOP_EXPORT void freeFrame(void *frame, std::size_t size) noexcept;

} // namespace interloop
