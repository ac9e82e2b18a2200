// SPDX-License-Identifier: MIT
#pragma once

/*
 * What this thread has asked the heap for: the program's malloc counts, so Qt's and libuv's own calls are seen too.
 */

namespace interloop::bench {

long allocationCount() noexcept;

// Bytes in use: as the heap rounds them, without its own bookkeeping.
long bytesInUse() noexcept;

} // namespace interloop::bench
