// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/chain.h>

/*
 * Cancels a chain when a time has come.
 */

namespace interloop {

class CancelTimer final : private Timer
{
public:
    CancelTimer(Chain &chain, Outcome outcome) noexcept : m_chain(chain), m_outcome(outcome) { }
    ~CancelTimer()
    {
        if (isActive())
            m_chain.scheduler().stopTimer(*this);
    }

    // Zero or negative: now. Does nothing when it is running already.
    void start(std::chrono::nanoseconds delay)
    {
        if (delay.count() <= 0)
            m_chain.cancel(m_outcome);
        else if (!isActive())
            m_chain.scheduler().startTimer(*this, delay);
    }

private:
    void expire() override { m_chain.cancel(m_outcome); }

    Chain &m_chain;
    Outcome m_outcome;
};

} // namespace interloop
