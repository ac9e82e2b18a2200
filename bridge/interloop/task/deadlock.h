// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/chain.h>

#include <string>

/*
 * Refuses waits that could only end after themselves.
 *
 * The graph: a wait needs tasks, or locks and thereby their holders; a task whose code is on a stack needs the targets
 * of all the blocking waits on top of it, as those return first: of those on its own stack, and of those that nest on
 * stacks that lie on top of it. A wait that an outsider may end - a socket, a timer, a
 * callback, whoever may settle a Future or set an Event - is free, and so is everything that needs nothing else. What is
 * not free when the new wait is counted in would wait for ever. A time limit does not make a wait free, nor does it that
 * somebody might cancel it.
 */

namespace interloop {

// Throws RunSyncError (Deadlock), whose message names the chain of waits, when `wait`, begun by `waiting`, would close a circle.
INTERLOOP_EXPORT void refuseDeadlock(const Chain &waiting, const Operation &wait);

// Whether it would close a circle if `waiting` waited for the end of `target`.
INTERLOOP_EXPORT bool closesCircle(const Chain &waiting, const Chain &target);

// What a blocking wait that is about to begin keeps from going on.
enum class BlockingForm : unsigned char {
    Parks, // the code on its own stack
    Nests, // the code on all active stacks
};

// The chain of waits by which `target` needs code that a blocking wait for it, begun here in this form, would keep from
// going on; empty when there is none.
INTERLOOP_EXPORT std::string findBuried(const Chain &target, BlockingForm form);

} // namespace interloop
