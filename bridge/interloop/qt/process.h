// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/task.h>

/*
 * For a QProcess that is there already. Its output is awaited as any device's: see iodevice.h.
 */

class QProcess;

namespace interloop {

// Both: the process must live in this thread, and start() was called before; it is not owned.
// Starts: when awaited. Resumes: from the ready queue. Cancel: at once; the process goes on. Buffers: none.
// Throws std::runtime_error when the process could not be started, or never was; SenderDestroyed when the object dies.

// At once when it runs already, or has ended.
INTERLOOP_EXPORT Task<> awaitStarted(QProcess *process);

// Its exit code; at once when it has ended and was not closed since. Throws std::runtime_error when it has crashed or was
// killed: there is no exit code then. (A QProcess that is destroyed while its process runs kills that first.)
INTERLOOP_EXPORT Task<int> awaitFinished(QProcess *process);

} // namespace interloop
