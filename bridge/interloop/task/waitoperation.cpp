// SPDX-License-Identifier: MIT
#include <interloop/task/waitoperation.h>

#include <interloop/task/errors.h>

namespace interloop {

bool WaitOperation::suspend(std::coroutine_handle<> coroutine, Chain &chain)
{
    m_chain = &chain;
    m_coroutine = coroutine;
    if (chain.isCancelPending()) {
        skip();
        m_state = State::Cancelled;
        m_outcome = chain.pendingCancel();
        return false;
    }
    m_state = State::Waiting;
    if (begin() == Begun::Ready) {
        m_state = State::Completed;
        return false;
    }
    chain.setWaiting(this);
    return true;
}

void WaitOperation::run()
{
    m_chain->setWaiting(nullptr);
    m_chain->resume(m_coroutine);
}

void WaitOperation::cancel(CancelMode mode)
{
    if (m_state == State::Waiting && abandon(mode))
        completeCancelled();
}

void WaitOperation::complete() noexcept
{
    m_state = State::Completed;
    m_chain->markScheduled();
    m_chain->scheduler().post(*this);
}

void WaitOperation::completeCancelled() noexcept
{
    m_state = State::Cancelled;
    m_outcome = m_chain->pendingCancel();
    m_chain->markScheduled();
    m_chain->scheduler().post(*this);
}

void WaitOperation::throwCancelled() const
{
    throw Cancelled(m_outcome == Outcome::Value ? Outcome::Cancelled : m_outcome, Cancelled::Whom::Self);
}

} // namespace interloop
