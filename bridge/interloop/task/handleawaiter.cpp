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
    if (const std::string circle = findDeadlock(chain(), *m_target); !circle.empty())
        throw RunSyncError(Refusal::Deadlock, circle);
    m_target->addWaiter(*this);
    return Begun::Waiting;
}

bool HandleWait::abandon(CancelMode mode)
{
    m_target->cancel(chain().pendingCancel(), mode);
    return false;
}

void HandleWait::skip()
{
    m_target->requireOwnThread("co_await");
    if (!m_target->isDone() && findDeadlock(chain(), *m_target).empty())
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
