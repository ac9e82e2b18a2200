// SPDX-License-Identifier: MIT
#pragma once

namespace interloop {

// What a pipe carries. With handles: descriptors may travel along with the bytes, and each that arrives is open in this
// process until somebody takes it or the pipe is closed. Without: the kernel drops them.
enum class PipeContent : unsigned char { Bytes, BytesAndHandles };

} // namespace interloop
