// SPDX-License-Identifier: MIT
#include <interloop/task/chainscope.h>

#include <interloop/task/chain.h>

#include <utility>

namespace interloop {

ChainScope::ChainScope(Chain &chain, Shield shield)
    : m_chain(&chain), m_outer(chain.m_scope), m_shield(shield), m_where(Where::Chain)
{
    chain.m_scope = this;
    chain.m_pending = effective(this);
}

ChainScope::~ChainScope()
{
    if (m_where != Where::Base) {
        leave();
        return;
    }
    while (m_chain->m_scope != this) { // scopes that outlive the chain
        ChainScope &outlives = *m_chain->m_scope;
        m_chain->m_scope = outlives.m_outer;
        outlives.m_where = Where::Nowhere;
    }
}

void ChainScope::leave() noexcept
{
    if (m_where == Where::Chain) {
        ChainScope **link = &m_chain->m_scope;
        while (*link != this)
            link = &(*link)->m_outer;
        *link = m_outer;
        m_chain->m_pending = effective(m_chain->m_scope);
    } else if (m_where == Where::Body) {
        ChainScope *inner = this;
        while (inner->m_outer != this)
            inner = inner->m_outer;
        inner->m_outer = m_outer;
    }
    m_where = Where::Nowhere;
}

void ChainScope::cancel(Outcome outcome, CancelMode mode)
{
    if (m_outcome != Outcome::Value && (mode == m_mode || mode == CancelMode::Polite))
        return; // again: also how tasks that wait for each other stop cancelling each other
    if (m_outcome == Outcome::Value)
        m_outcome = outcome;
    if (mode == CancelMode::Forced)
        m_mode = mode;
    deliver();
}

void ChainScope::setShield(Shield shield)
{
    m_shield = shield;
    deliver();
}

// What the scope keeps out or brings about has changed.
void ChainScope::deliver()
{
    if (m_where != Where::Base && m_where != Where::Chain)
        return;
    m_chain->m_pending = effective(m_chain->m_scope);
    if (m_chain->isCancelPending() && m_chain->m_waiting)
        m_chain->m_scheduler->deliverCancel(*m_chain->m_waiting, m_mode);
}

bool ChainScope::isCancelledFromOutside() const noexcept
{
    return m_where == Where::Chain && effective(m_outer, m_shield == Shield::Yes) != Outcome::Value;
}

// The outermost cancellation that reaches the innermost scope, or what is inside a shield within it.
Outcome ChainScope::effective(const ChainScope *innermost, bool isShielded) noexcept
{
    Outcome outcome = Outcome::Value;
    for (const ChainScope *scope = innermost; scope; scope = scope->m_outer) {
        if (scope->m_outcome != Outcome::Value && (!isShielded || scope->m_mode == CancelMode::Forced))
            outcome = scope->m_outcome;
        isShielded |= scope->m_shield == Shield::Yes;
    }
    return outcome;
}

} // namespace interloop
