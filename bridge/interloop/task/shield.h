// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/astask.h>
#include <interloop/task/chainscope.h>
#include <interloop/task/task.h>

/*
 * Keeps cancellations out, for clean-up that must be allowed to wait.
 *
 * Trio's meaning: the shielded task runs to its end, and the awaiting one goes on only then; a cancellation that came
 * meanwhile is thrown by the next await behind the shield. It works inside a scope that is cancelled already.
 */

namespace interloop {

// Starts: when awaited. Resumes: where the inner task ends. Cancel: waits outside; only the bridge's end, after its
// shutdown limit, goes through. A shielded handle's task is not cancelled with its awaiter.
template<Awaitable A>
Task<AwaitResult<A>> shield(A awaitable)
{
    const ChainScope scope(*currentScheduler().currentChain(), ChainScope::Shield::Yes);
    co_return co_await forAwait(awaitable);
}

} // namespace interloop
