// SPDX-License-Identifier: MIT
#include <interloop/task/chain.h>

#include <interloop/task/chainextras.h>
#include <interloop/task/instrument.h>

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

void Chain::resumeWatched(std::coroutine_handle<> coroutine)
{
    Run run(*this);
    const ToldStep step(*this);
    runUntilItWaits(coroutine);
}

void Chain::tellStepBegins() const noexcept
{
    m_scheduler->instrument()->beforeTaskStep(*this);
}

void Chain::tellStepEnded() noexcept
{
    m_isRunning = false; // as it will be when the run has ended
    m_scheduler->instrument()->afterTaskStep(*this);
    const bool isBodyOver = kind() == Kind::Slot && !m_waiting;
    if (isBodyOver || (m_isDone && kind() == Kind::Wait))
        tellExited(); // a spawned task's result is still to be taken
}

void Chain::tellScheduled() const noexcept
{
    m_scheduler->instrument()->taskScheduled(*this);
}

void Chain::tellExited() const noexcept
{
    m_scheduler->instrument()->taskExited(*this);
}

bool Chain::holdsWantedLocks() const noexcept
{
    return m_extras && m_extras->isWanted();
}

} // namespace interloop
