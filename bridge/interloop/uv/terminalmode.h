// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/uv/ttymode.h>

/*
 * Sets terminals' modes, and gives each terminal back the one it was found in. A mode is the terminal's, not the
 * process's: left raw, the shell that comes next is raw.
 *
 * libuv's uv_tty_set_mode is not used for it. uv_tty_reset_mode restores one terminal only, by a descriptor that may have
 * become somebody else's; and of two handles for the same terminal the second remembers the first one's mode.
 */

namespace interloop {

// Somebody who had the mode `from` now wants `to`. When nobody wants another one than Normal any more, or the process
// exits, the terminal gets back what it was in before the first. Returns libuv's error code; on failure nothing changes.
// Thread-safe. A process that runs in the background of its terminal leaves it alone when restoring.
int changeTerminalMode(int descriptor, TtyMode from, TtyMode to);

} // namespace interloop
