// SPDX-License-Identifier: MIT
#include <interloop/task/cancelscope.h>

#include <interloop/task/chain.h>

namespace interloop {

CancelScope::CancelScope(Chain &chain, Shield shield)
    : m_chain(chain), m_outer(chain.m_scope), m_shield(shield)
{
    chain.m_scope = this;
    chain.m_pending = effective(this);
}

CancelScope::~CancelScope()
{
    if (isBase())
        return;
    m_chain.m_scope = m_outer;
    m_chain.m_pending = effective(m_outer);
}

void CancelScope::cancel(Outcome outcome, CancelMode mode)
{
    if (m_outcome != Outcome::Value && (mode == m_mode || mode == CancelMode::Polite))
        return; // again: also how tasks that wait for each other stop cancelling each other
    if (m_outcome == Outcome::Value)
        m_outcome = outcome;
    if (mode == CancelMode::Forced)
        m_mode = mode;
    m_chain.m_pending = effective(m_chain.m_scope);
    if (m_chain.isCancelPending() && m_chain.m_waiting)
        m_chain.m_scheduler->deliverCancel(*m_chain.m_waiting, m_mode);
}

bool CancelScope::isCancelledFromOutside() const noexcept
{
    return m_outer && effective(m_outer) != Outcome::Value;
}

// The outermost cancellation that reaches the innermost scope.
Outcome CancelScope::effective(const CancelScope *innermost) noexcept
{
    Outcome outcome = Outcome::Value;
    bool isShielded = false;
    for (const CancelScope *scope = innermost; scope; scope = scope->m_outer) {
        if (scope->m_outcome != Outcome::Value && (!isShielded || scope->m_mode == CancelMode::Forced))
            outcome = scope->m_outcome;
        isShielded |= scope->m_shield == Shield::Yes;
    }
    return outcome;
}

} // namespace interloop
