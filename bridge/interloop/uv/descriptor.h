// SPDX-License-Identifier: MIT
#pragma once

namespace interloop {

// Another descriptor for the same open file, closed on exec and none of the three standard ones, which libuv never
// closes. Negative: libuv's error code.
int duplicate(int descriptor) noexcept;

} // namespace interloop
