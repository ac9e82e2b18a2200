// SPDX-License-Identifier: MIT
#include <interloop/task/timeout.h>

#include <string>

namespace interloop {

TimeoutScope::TimeoutScope(std::chrono::nanoseconds limit)
    : m_limit(limit), m_scope(*currentScheduler().currentChain(), CancelScope::Shield::No)
{
    if (limit.count() <= 0)
        m_scope.cancel(Outcome::TimedOut);
    else
        currentScheduler().startTimer(*this, limit);
}

TimeoutScope::~TimeoutScope()
{
    if (isActive())
        currentScheduler().stopTimer(*this);
}

void TimeoutScope::rethrow() const
{
    if (m_scope.cancelledAs() != Outcome::TimedOut || m_scope.isCancelledFromOutside())
        throw;
    const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(m_limit).count();
    throw TimeoutError("timed out after " + std::to_string(milliseconds) + " ms");
}

} // namespace interloop
