// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/loop/pump.h>
#include <interloop/task/syncframe.h>

#include <QEventLoop>

#include <memory>

/*
 * The task that a blocking wait is for, as a chain of its own, and what happens between its end and the wait's return:
 * the event loop that waits is told, and if other waits sit on top of it, the time until it can return is measured.
 */

namespace interloop {

class Fiber;
class HeldBackWarning;

class RunTarget final : public Chain
{
public:
    // `location`: where runSync is called.
    RunTarget(Pump &pump, std::source_location location);
    ~RunTarget();

    Kind kind() const noexcept override { return Kind::Wait; }
    std::string name() const override;

    // The wait on the stack that is for this target. REQUIRES: called before the target starts
    void setFrame(SyncFrame &frame) noexcept { m_frame = &frame; }

    // `loop` has control, and is told to quit when the target ends; nullptr: no event loop of the wait's has.
    void setEventLoop(QEventLoop *loop) noexcept { m_loop = loop; }

    // No event loop can be run any more, and the wait has run none: whether it began before the quit that this comes from, as
    // far as that can be told. exit() leaves nothing to see, unless another wait's event loop ran beneath then.
    bool isOlderThanQuit() const noexcept;

    // `fiber` is parked until the target ends; nullptr: none is.
    void setFiber(Fiber *fiber) noexcept { m_fiber = fiber; }

    // How long ago it ended beneath other waits; zero when it did not.
    std::chrono::nanoseconds heldBack() const;

private:
    void ended() noexcept override;

    Pump &m_pump;
    std::source_location m_calledAt;
    SyncFrame *m_frame = nullptr; // set before the target starts
    QEventLoop *m_loop = nullptr; // nullptr: the wait itself looks at isDone() next
    Fiber *m_fiber = nullptr; // nullptr: the stack of the wait is not parked
    unsigned m_quitsBefore; // Quit events
    bool m_isBegunAfterQuit;
    bool m_isBegunBeforeQuit; // neither: it cannot be told
    std::unique_ptr<HeldBackWarning> m_warning; // null: not held back
};

} // namespace interloop
