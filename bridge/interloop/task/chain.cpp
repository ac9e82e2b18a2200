// SPDX-License-Identifier: MIT
#include <interloop/task/chain.h>

#include <interloop/task/chainextras.h>

namespace interloop {

void Chain::inherit()
{
    if (const Chain *parent = m_scheduler->callingChain())
        m_parentId = parent->id();
    if (const LocalValues &locals = m_scheduler->localValues(); !locals.isEmpty())
        extras().locals = locals;
}

ChainExtras &Chain::makeExtras() const
{
    m_extras = new ChainExtras;
    return *m_extras;
}

void Chain::destroyExtras() noexcept
{
    delete m_extras;
}

bool Chain::holdsWantedLocks() const noexcept
{
    return m_extras && m_extras->isWanted();
}

} // namespace interloop
