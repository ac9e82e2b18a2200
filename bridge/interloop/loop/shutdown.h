// SPDX-License-Identifier: MIT
#pragma once

/*
 * The orderly end of a bridge: cancel, unwind, close, wait.
 */

namespace interloop {

class Pump;

// Cancels every task and every wait. Nothing new may begin from now on, except clean-up.
void beginShutdown(Pump &pump);

// Begins the end if nobody has, runs the tasks until all have unwound, closes every handle, waits for running pool
// jobs, closes the loop if it is the bridge's own, and forgets the bridge. Does nothing a second time.
// Past the shutdown limit, shields no longer hold; after a second, what is waited for is reported by name.
// REQUIRES: no wait and no turn of the pump's is on the stack
void shutDown(Pump &pump);

} // namespace interloop
