// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/chain.h>

#include <string>

/*
 * Refuses waits that could only end after themselves.
 *
 * The graph: a wait needs tasks, or locks and thereby their holders; a task whose code is on the stack needs the targets
 * of all the blocking waits on top of it, as those return first. A wait that an outsider may end - a socket, a timer, a
 * callback, whoever may settle a Future or set an Event - is free, and so is everything that needs nothing else. What is
 * not free when the new wait is counted in would wait for ever. A time limit does not make a wait free, nor does it that
 * somebody might cancel it.
 */

namespace interloop {

// Throws RunSyncError (Deadlock), whose message names the chain of waits, when `wait`, begun by `waiting`, would close a circle.
INTERLOOP_EXPORT void refuseDeadlock(const Chain &waiting, const Operation &wait);

// Whether it would close a circle if `waiting` waited for the end of `target`.
INTERLOOP_EXPORT bool closesCircle(const Chain &waiting, const Chain &target);

// The chain of waits by which `target` needs code that is on the stack, and which a blocking wait on top of that stack
// would keep from going on; empty when there is none.
INTERLOOP_EXPORT std::string findBuried(const Chain &target);

} // namespace interloop
