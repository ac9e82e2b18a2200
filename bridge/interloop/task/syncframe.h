// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/chain.h>

/*
 * One blocking wait on this thread's stack: whom it waits for, who called it, how deep it is.
 *
 * The frames of a thread are a list from the innermost outwards; a frame is in it from construction to destruction.
 * To its caller, when that is a chain, the frame is what the chain waits for: cancelling the caller reaches the target
 * at once.
 */

namespace interloop {

class SyncFrame : public Operation
{
public:
    // `caller` may be nullptr: a plain callback, or a chain that must not cancel this frame.
    SyncFrame(Scheduler &scheduler, Chain *caller, Chain &target) noexcept
        : m_scheduler(scheduler), m_caller(caller), m_target(target),
          m_current(std::exchange(scheduler.m_current, nullptr)), m_below(scheduler.m_topFrame),
          m_depth(++scheduler.m_depth)
    {
        scheduler.m_topFrame = this;
        if (caller)
            caller->setWaiting(this);
    }
    ~SyncFrame()
    {
        if (m_caller)
            m_caller->setWaiting(nullptr);
        --m_scheduler.m_depth;
        m_scheduler.m_topFrame = m_below;
        m_scheduler.m_current = m_current;
    }

    Chain *target() const noexcept { return &m_target; }
    const Chain *caller() const noexcept { return m_caller; } // nullptr: plain code, or clean-up of a cancelled chain
    SyncFrame *below() const noexcept { return m_below; }
    int depth() const noexcept { return m_depth; } // 1: the outermost

    // The target is done and the loop would like this frame to return first. False when it has asked often enough.
    bool askToReturn() noexcept { return ++m_asked <= 3; }

    // The loop's own measure of how deep its event loops were nested when the frame began.
    int loopLevel() const noexcept { return m_loopLevel; }
    void setLoopLevel(int level) noexcept { m_loopLevel = level; }

    void run() final { } // never queued: a frame returns by itself
    const Chain *awaitedChain() const noexcept final { return &m_target; }
    std::string describe() const final { return m_target.name(); }
    void cancel(CancelMode mode) final { m_target.cancel(m_caller->pendingCancel(), mode); }

private:
    Scheduler &m_scheduler;
    Chain *m_caller;
    Chain &m_target;
    Chain *m_current; // the scheduler's current chain outside the frame
    SyncFrame *m_below;
    int m_depth;
    int m_asked = 0;
    int m_loopLevel = 0;
};

} // namespace interloop
