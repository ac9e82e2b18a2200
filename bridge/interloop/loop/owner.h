// SPDX-License-Identifier: MIT
#pragma once

/*
 * Which bridge a thread has, and when one that nobody closes ends.
 *
 * Each place of the end is the last one in its kind of thread where Qt's dispatcher still works: a post routine of the
 * QCoreApplication, QThread::finished, the destructor of a thread_local in any other thread.
 */

namespace interloop {

class Bridge;
class Pump;

// This thread's bridge is now `bridge`, an object of somebody else's.
void adoptBridge(Bridge &bridge, Pump &pump) noexcept;

// The bridge with `pump` has been shut down.
void forgetBridge(Pump &pump) noexcept;

// closeIfIdle() from the event loop, once what is on the stack now has returned.
void closeSoon();

// Finishes a close() that has begun, unless code of the bridge's is on the stack: then whoever leaves that stack calls
// this again. Destroys the bridge if it is the thread's own.
void closeIfIdle(Pump &pump);

} // namespace interloop
