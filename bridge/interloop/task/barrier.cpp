// SPDX-License-Identifier: MIT
#include <interloop/task/barrier.h>

#include <stdexcept>

namespace interloop {

Barrier::Barrier(int parties) : m_parties(parties)
{
    if (parties < 1)
        throw std::invalid_argument("Barrier: " + std::to_string(parties) + " parties");
}

Barrier::~Barrier()
{
    failAll(m_waiters, "a barrier");
}

void Barrier::openUp() noexcept
{
    for (int index = 0; !m_waiters.isEmpty(); ++index) {
        BarrierAwaiter &waiter = m_waiters.takeFirst();
        waiter.m_index = index;
        waiter.wake();
    }
    m_waiting = 0;
}

WaitOperation::Begun BarrierAwaiter::begin()
{
    if (m_barrier.m_waiting + 1 == m_barrier.m_parties) {
        m_index = m_barrier.m_waiting;
        m_barrier.openUp();
        return Begun::Ready;
    }
    m_barrier.m_waiters.append(*this);
    ++m_barrier.m_waiting;
    return Begun::Waiting;
}

bool BarrierAwaiter::abandon(CancelMode mode)
{
    --m_barrier.m_waiting;
    return Waiter::abandon(mode);
}

int BarrierAwaiter::await_resume() const
{
    throwUnlessGranted();
    return m_index;
}

} // namespace interloop
