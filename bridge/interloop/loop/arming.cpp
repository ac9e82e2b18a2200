// SPDX-License-Identifier: MIT
#include <interloop/loop/pump.h>

#include <interloop/loop/qtwait.h>
#include <interloop/task/syncframe.h>

#include <QAbstractEventDispatcher>
#include <QThread>

#include <algorithm>

/*
 * The third step of a turn: making Qt come back when something is due, and only then.
 */

namespace interloop {

using namespace std::chrono_literals;

void Pump::wake()
{
    if (!hasReady()) {
        arm();
        return;
    }
    armNow();
    if (m_waitLoop.loop && !m_isInUvRun && loopLevel() == m_waitLoop.level) {
        m_isLeaveRequested = true;
        leave(*m_waitLoop.loop);
    }
}

void Pump::touch() noexcept
{
    if (!m_isInUvRun && m_armedFor != TimePoint::min())
        armNow();
}

void Pump::arm() noexcept
{
    if (m_isInUvRun || !m_notifier)
        return;
    int uvTimeout = hasReady() ? 0 : uv_backend_timeout(m_loop);
    if (uvTimeout > 0) {
        uv_update_time(m_loop); // the timeout counts from libuv's cached clock, which may be old
        uvTimeout = uv_backend_timeout(m_loop);
    }
    if (uvTimeout == 0 || (m_idleWatch && m_idleWatch->isWaiting())) {
        armNow();
        return;
    }
    TimePoint deadline = timers().isEmpty() || isTimeVirtual() ? TimePoint::max() : timers().firstDeadline();
    if (uvTimeout > 0)
        deadline = std::min(deadline, realNow() + std::chrono::milliseconds(uvTimeout));
    armFor(deadline);
}

void Pump::armNow() noexcept
{
    if (m_armedFor == TimePoint::min() || m_isInUvRun || !m_notifier)
        return;
    m_armedFor = TimePoint::min();
    m_timer.start(0);
}

// An armed time in the future is kept when it is earlier than need be: one wake-up for nothing costs less than arming
// anew each time.
void Pump::armFor(TimePoint deadline) noexcept
{
    if (m_armedFor != TimePoint::min() && m_armedFor <= deadline)
        return;
    m_armedFor = deadline;
    if (deadline == TimePoint::max())
        m_timer.stop();
    else
        m_timer.start(std::clamp(std::chrono::ceil<std::chrono::milliseconds>(deadline - realNow()), 0ms,
                                 std::chrono::milliseconds(24h)));
}

// Qt's dispatcher begins or ends an iteration.
void Pump::qtTurn() noexcept
{
    ++m_qtTurns;
    m_stepWatch.restart();
    m_budgetEnd = TimePoint::min();
    if (isQuitSeen() && m_waitLoop.loop && m_waitLoop.loop->isRunning()) [[unlikely]]
        forgetQuit(); // somebody refused it: it would have ended this event loop
    arm();
}

void Pump::aboutToBlock() noexcept
{
    exchangeTimesSteps(false); // code that runs a foreign event loop keeps nobody waiting
    if (isQuitSeen() && !m_waitLoop.loop && m_quitDeadline == TimePoint::min()) [[unlikely]]
        forgetQuit(); // somebody refused it: what it ends does not block, but for clean-up
    qtTurn();
    // On the UNIX dispatcher a nested event loop swallows the interrupt that was to end an outer one: a foreign one told
    // to exit while a wait had the dispatcher, or the innermost wait's own. No second interrupt: if it is a raw loop of
    // somebody's that is about to block, that would keep it from ever looking at timers and sockets.
    const bool isOwed = m_owesWakeUp && !m_waitLoop.loop;
    if (isOwed)
        m_owesWakeUp = false;
    if (isOwed || isWaitToldToReturn())
        QAbstractEventDispatcher::instance()->wakeUp();
}

// The innermost wait's target is done, or its event loop was told to quit, as the application's quit does; and no other
// event loop is known to sit on top of it.
bool Pump::isWaitToldToReturn() const
{
    const SyncFrame *frame = topFrame();
    if (!frame || loopLevel() > frame->loopLevel() + 1)
        return false;
    return frame->target()->isDone() || (m_waitLoop.loop && !m_waitLoop.loop->isRunning());
}

bool Pump::hadQtTurnLately(TimePoint present) noexcept
{
    if (m_seenQtTurns != m_qtTurns) {
        m_seenQtTurns = m_qtTurns;
        m_lastQtTurn = present;
    }
    return present - m_lastQtTurn < 4ms;
}

// A raw libuv callback is spinning a Qt event loop. The loop's fd stays readable until uv_run has returned.
void Pump::suspendNotifier() noexcept
{
    m_isSuspended = true;
    m_notifier->setEnabled(false);
    m_timer.stop();
    m_armedFor = TimePoint::max();
}

void Pump::resumeNotifier() noexcept
{
    m_isSuspended = false;
    m_notifier->setEnabled(true);
}

Chain *Pump::callingChain() const
{
    Chain *chain = currentChain();
    return chain && loopLevel() - m_here->entryLevel == m_here->level ? chain : nullptr;
}

} // namespace interloop
