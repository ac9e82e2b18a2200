// SPDX-License-Identifier: MIT
#include <interloop/task/handleawaiter.h>

#include <interloop/task/deadlock.h>
#include <interloop/task/errors.h>

namespace interloop {

WaitOperation::Begun HandleWait::begin()
{
    m_target->requireOwnThread("co_await");
    if (m_target->isDone())
        return Begun::Ready;
    refuseDeadlock(chain(), *this);
    m_target->addWaiter(*this);
    return Begun::Waiting;
}

bool HandleWait::abandon(CancelMode mode)
{
    // Whoever waits for this task to unwind cannot end before it has.
    if (m_target->isRunning() && closesCircle(chain(), *m_target)) {
        unlink();
        return true;
    }
    m_target->cancel(chain().pendingCancel(), mode);
    return false;
}

void HandleWait::skip()
{
    m_target->requireOwnThread("co_await");
    if (!m_target->isDone() && !closesCircle(chain(), *m_target))
        m_target->cancel(chain().pendingCancel());
}

void HandleWait::throwUnlessValue()
{
    throwIfCancelled();
    if (m_target->isCancelled() && chain().isCancelPending())
        throw Cancelled(chain().pendingCancel(), Cancelled::Whom::Self);
    m_target->rethrowFailure();
}

} // namespace interloop
