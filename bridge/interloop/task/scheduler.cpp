// SPDX-License-Identifier: MIT
#include <interloop/task/scheduler.h>

namespace interloop {

void Scheduler::deliverCancel(Operation &operation, CancelMode mode)
{
    constexpr int maximumDepth = 16;
    if (m_cancelDepth == maximumDepth) {
        m_undelivered.emplace_back(&operation, mode);
        return;
    }
    ++m_cancelDepth;
    operation.cancel(mode);
    if (m_cancelDepth == 1) {
        for (std::size_t next = 0; next < m_undelivered.size(); ++next) {
            const auto [undelivered, itsMode] = m_undelivered[next];
            undelivered->cancel(itsMode);
        }
        m_undelivered.clear();
    }
    --m_cancelDepth;
}

} // namespace interloop
