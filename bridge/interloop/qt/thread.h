// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/task.h>

/*
 * For a QThread that is there already. What it computes is better had by toThread() or spawnThreadSafe().
 */

class QThread;

namespace interloop {

// The end of a running thread; at once when it has finished. May be awaited in any other thread; it is not owned.
// Starts: when awaited. Resumes: from the ready queue. Cancel: at once; the thread goes on. Buffers: none.
// Throws std::runtime_error when the thread was never started or is this one, SenderDestroyed when the object dies.
INTERLOOP_EXPORT Task<> awaitFinished(QThread *thread);

} // namespace interloop
