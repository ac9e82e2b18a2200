// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/task.h>

/*
 * For a QTimer that is there already. Without one, sleepFor() is simpler.
 */

class QTimer;

namespace interloop {

// The timer's next timeout. The timer must live in this thread; it is not owned.
// Starts: when awaited. Resumes: from the ready queue. Cancel: at once; the timer goes on. Buffers: none.
// Throws std::runtime_error when the timer is not active, or is stopped; one that is started again meanwhile is waited
// for. SenderDestroyed when it dies.
INTERLOOP_EXPORT Task<> awaitTimeout(QTimer *timer);

} // namespace interloop
