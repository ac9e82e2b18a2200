// SPDX-License-Identifier: MIT
#include <interloop/task/future.h>

namespace interloop {

void FutureState::settle() noexcept
{
    m_isSettled = true;
    while (!m_waiters.isEmpty())
        m_waiters.takeFirst().wake();
}

} // namespace interloop
