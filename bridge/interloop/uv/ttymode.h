// SPDX-License-Identifier: MIT
#pragma once

namespace interloop {

// What a terminal makes of keys and of output.
enum class TtyMode : unsigned char {
    Normal, // what it was found in: most often whole lines, echoed, and Ctrl-C is a signal
    Raw, // each key at once, without echo; Ctrl-C is the byte 3; '\n' still goes to the beginning of a line
    Binary, // bytes in, bytes out, nothing is translated
};

} // namespace interloop
