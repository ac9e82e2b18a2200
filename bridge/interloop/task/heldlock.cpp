// SPDX-License-Identifier: MIT
#include <interloop/task/heldlock.h>

#include <interloop/task/chain.h>
#include <interloop/task/chainextras.h>
#include <interloop/task/needs.h>
#include <interloop/task/scheduler.h>

namespace interloop {

void HeldLock::hold() noexcept
{
    release();
    Scheduler *here = existingScheduler();
    if (!here)
        return;
    if (Chain *chain = here->currentChain())
        holdFor(*chain);
    else if (here->isOnStack(this))
        m_codeDepth = here->depth();
}

void HeldLock::holdFor(Chain &chain) noexcept
{
    release();
    m_chain = &chain;
    chain.extras().locks.append(*this);
}

void HeldLock::collectNeeds(Needs &needs) const
{
    if (m_chain)
        needs.add(*m_chain);
    else if (m_codeDepth != nobody)
        needs.addCode(m_codeDepth);
    else
        needs.open();
}

} // namespace interloop
