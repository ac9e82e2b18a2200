// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/chain.h>

#include <exception>

/*
 * One blocking wait on one of this thread's stacks: whom it waits for, who called it, how deep it is.
 *
 * The frames on the active stacks are a list from the innermost outwards; a frame is in it from construction to
 * destruction, except while its stack is parked. A frame waits in one of two forms: it nests, and keeps everything
 * beneath it from going on; or it parks its stack, and keeps only that stack's own code. To its caller, when that is a
 * chain, the frame is what the chain waits for: cancelling the caller reaches the target at once.
 */

namespace interloop {

class SyncFrame : public Operation
{
public:
    // `caller` may be nullptr: a plain callback, or a chain that must not cancel this frame.
    SyncFrame(Scheduler &scheduler, Chain *caller, Chain &target) noexcept
        : m_scheduler(scheduler), m_caller(caller), m_target(target),
          m_current(std::exchange(scheduler.m_current, nullptr)), m_below(scheduler.m_topFrame),
          m_stack(*scheduler.m_stack), m_index(++m_stack.m_depth),
          m_form(scheduler.isOnOwnStack() ? Form::Nests : Form::Undecided)
    {
        ++scheduler.m_depth;
        scheduler.m_topFrame = this;
        if (!m_stack.m_topFrame)
            m_stack.m_bottomFrame = this;
        m_stack.m_topFrame = this;
        if (caller)
            caller->setWaiting(this);
    }
    ~SyncFrame()
    {
        if (m_caller)
            m_caller->setWaiting(nullptr);
        --m_scheduler.m_depth;
        m_scheduler.m_topFrame = m_below;
        m_stack.m_topFrame = belowOnStack();
        --m_stack.m_depth;
        m_scheduler.m_current = m_current;
    }

    Chain *target() const noexcept { return &m_target; }
    const Chain *caller() const noexcept { return m_caller; } // nullptr: plain code, or clean-up of a cancelled chain
    SyncFrame *below() const noexcept { return m_below; }

    // How many frames lie on the active stacks up to this one, or on its own while that is parked.
    int depth() const noexcept
    {
        int depth = 0;
        for (const SyncFrame *frame = this; frame; frame = frame->m_below)
            ++depth;
        return depth;
    }

    const Stack &stack() const noexcept { return m_stack; }
    int index() const noexcept { return m_index; } // among the frames on its stack; 1: the outermost
    SyncFrame *belowOnStack() const noexcept { return m_index > 1 ? m_below : nullptr; }

    // Where on its stack it was begun.
    const void *position() const noexcept { return m_position; }

    // Exceptions that were in flight on its stack when it was begun: none of those of the code on top.
    int exceptionsBeneath() const noexcept { return m_exceptionsBeneath; }

    // How it waits. Settled once it has been asked.
    bool nests() const
    {
        if (m_form == Form::Undecided)
            m_form = m_scheduler.shallPark(*this) ? Form::Parks : Form::Nests;
        return m_form == Form::Nests;
    }
    void nest() noexcept { m_form = Form::Nests; } // asked for. REQUIRES: not settled otherwise

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
    friend class Scheduler;

    Scheduler &m_scheduler;
    Chain *m_caller;
    Chain &m_target;
    Chain *m_current; // the scheduler's current chain outside the frame
    SyncFrame *m_below;
    Stack &m_stack;
    const void *m_position = __builtin_frame_address(0);
    int m_index;
    int m_exceptionsBeneath = std::uncaught_exceptions();
    int m_asked = 0;
    int m_loopLevel = 0;
    enum class Form : unsigned char { Undecided, Nests, Parks };
    mutable Form m_form;
};

// Calls `function` for each of the waits that must return before the code at `place` goes on, the innermost first.
template<typename Function>
void forEachWaitOnTop(const Scheduler &scheduler, StackPlace place, Function function)
{
    if (scheduler.isActive(*place.stack)) {
        for (const Stack *stack = &scheduler.stack(); stack != place.stack; stack = stack->beneath()) {
            for (const SyncFrame *frame = stack->topFrame(); frame; frame = frame->belowOnStack()) {
                if (frame->nests())
                    function(*frame);
            }
        }
    }
    const SyncFrame *frame = place.stack->topFrame();
    for (; frame && frame->index() > place.depth; frame = frame->belowOnStack())
        function(*frame);
}

inline bool hasWaitOnTop(const Scheduler &scheduler, StackPlace place)
{
    bool has = false;
    forEachWaitOnTop(scheduler, place, [&has](const SyncFrame &) { has = true; });
    return has;
}

} // namespace interloop
