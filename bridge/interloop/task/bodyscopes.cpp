// SPDX-License-Identifier: MIT
#include <interloop/task/bodyscopes.h>

#include <interloop/task/chain.h>

#include <utility>

namespace interloop {

void BodyScopes::enter(Chain &chain) noexcept
{
    m_around = chain.m_scope;
    if (m_suspended.m_outer == &m_suspended)
        return;
    ChainScope *scope = m_suspended.m_outer;
    chain.m_scope = scope;
    for (;; scope = scope->m_outer) {
        scope->m_chain = &chain;
        scope->m_where = ChainScope::Where::Chain;
        if (scope->m_outer == &m_suspended)
            break;
    }
    scope->m_outer = m_around;
    m_suspended.m_outer = &m_suspended;
    chain.m_pending = ChainScope::effective(chain.m_scope);
}

void BodyScopes::leave(Chain &chain) noexcept
{
    ChainScope *outermost = nullptr; // of the body's
    for (ChainScope *scope = chain.m_scope; scope != m_around; scope = scope->m_outer) {
        if (!scope->m_outer)
            return; // the consumer's own scope has gone meanwhile: which are the body's cannot be told any more
        outermost = scope;
    }
    if (!outermost)
        return;
    m_suspended.m_outer = std::exchange(chain.m_scope, m_around);
    outermost->m_outer = &m_suspended;
    for (ChainScope *scope = m_suspended.m_outer; scope != &m_suspended; scope = scope->m_outer)
        scope->m_where = ChainScope::Where::Body;
    chain.m_pending = ChainScope::effective(m_around);
}

} // namespace interloop
