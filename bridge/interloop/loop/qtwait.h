// SPDX-License-Identifier: MIT
#pragma once

/*
 * How one stack waits: a Qt event loop nested on top of it, until the target is done.
 */

class QEventLoop;

namespace interloop {

class Pump;
class RunOptions;
class RunTarget;
class SyncFrame;

// Returns when `target` is done. What else ends it - the application's or the thread's quit, the context's death -
// cancels the target first. Exceptions of strangers that come out of Qt go to the unhandled-error hook.
void waitInQt(Pump &pump, SyncFrame &frame, RunTarget &target, const RunOptions &options);

// Makes a wait's own event loop return to it. What the application or the thread has told that before is not lost.
void leave(QEventLoop &loop);

} // namespace interloop
