// SPDX-License-Identifier: MIT
#include <interloop/task/heldlock.h>

#include <interloop/task/chain.h>
#include <interloop/task/chainextras.h>
#include <interloop/task/framepool.h>
#include <interloop/task/needs.h>
#include <interloop/task/promise.h>
#include <interloop/task/syncframe.h>

#include <functional>

namespace interloop {

namespace {

// The code that an object lies in: how many of the blocking waits on its stack were begun before it.
StackPlace placeOf(const Scheduler &scheduler, Scheduler::StackAddress object)
{
    const SyncFrame *frame = object.stack->topFrame();
    while (frame && std::less<>()(scheduler.stackAddress(frame).address, object.address)) // stacks grow downwards
        frame = frame->belowOnStack();
    return StackPlace(object.stack, frame ? frame->index() : 0);
}

} // namespace

void HeldLock::hold() noexcept
{
    release();
    Scheduler *here = existingScheduler();
    if (!here)
        return;
    if (void *frame = newestFrameAround(this)) {
        m_argumentOf = std::coroutine_handle<>::from_address(frame);
        here->givenLocks().m_locks.append(*this);
    } else if (Chain *chain = here->callingChain()) {
        holdFor(*chain);
    }
}

void HeldLock::holdFor(Chain &chain) noexcept
{
    release();
    m_chain = &chain;
    chain.extras().locks.append(*this);
}

void HeldLock::collectNeeds(Needs &needs) const
{
    const Scheduler *here = existingScheduler();
    const auto address = here ? here->stackAddress(this) : Scheduler::StackAddress();
    if (address.stack) {
        const StackPlace place = placeOf(*here, address);
        if (m_chain && m_chain->isRunning() && m_chain->place() == place)
            needs.add(*m_chain);
        else
            needs.addCode(place);
    } else if (m_chain) {
        needs.add(*m_chain);
    } else {
        needs.open();
    }
}

GivenLocks::~GivenLocks()
{
    while (!m_locks.isEmpty())
        m_locks.first().release();
}

void GivenLocks::settleAll() noexcept
{
    HeldLock *next = m_locks.firstOrNull();
    while (HeldLock *lock = next) {
        next = m_locks.after(*lock);
        if (Chain *chain = PromiseBase::chainOf(lock->m_argumentOf))
            lock->holdFor(*chain);
    }
}

} // namespace interloop
