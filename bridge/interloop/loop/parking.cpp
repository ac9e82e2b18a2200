// SPDX-License-Identifier: MIT
#include <interloop/loop/pump.h>

#include <interloop/loop/fences.h>
#include <interloop/loop/fiber.h>
#include <interloop/loop/quitwatch.h>
#include <interloop/loop/runsync.h>
#include <interloop/loop/runtarget.h>
#include <interloop/task/event.h>
#include <interloop/task/syncframe.h>

/*
 * Stacks of their own for code that may wait: when they are begun, parked, resumed and ended, and which waits can be
 * parked at all.
 */

namespace interloop {

namespace {

// Ends when no stack is parked.
Task<> whenNoneIsParked(Event &none)
{
    co_await none.wait();
}

} // namespace

void Pump::setParking(bool on) noexcept
{
    m_isParking = on && FiberContext::isBuilt();
}

bool Pump::mayPark() const
{
    return m_here->fiber && m_isParking && !m_isClosing && !isQuitting() && m_here->nestedWaits == 0
            && m_here->nestGuards == 0 && loopLevel() == m_here->entryLevel;
}

bool Pump::wouldPark() const
{
    return mayPark() && !m_qtFrames.areBetween(__builtin_frame_address(0), m_here->fiber->context().base());
}

bool Pump::shallPark(const SyncFrame &frame) const
{
    if (m_isClosing || isQuitting())
        return false;
    const auto &fiber = static_cast<const Fiber &>(frame.stack());
    const void *base = fiber.context().base();
    return m_here->fiber == &fiber ? !m_qtFrames.areBetween(frame.position(), base)
                                  : !m_qtFrames.mayBeBetween(frame.position(), base);
}

bool Pump::startOnFiber(FiberContext::Entry entry, void *argument)
{
    if (!isParking() || m_isInUvRun)
        return false;
    Fiber *fiber = m_fibers->take();
    if (!fiber)
        return false;
    watchForQuit();
    setCurrentOf(*fiber, callingChain());
    fiber->state().begin(true);
    runFiber(*fiber, entry, argument);
    return true;
}

void Pump::resumeFiber(Fiber &fiber)
{
    runFiber(fiber, nullptr, nullptr);
    if (timesSteps())
        m_stepWatch.restart(); // what ran was a step of another chain's
}

// `entry`: nullptr when it is resumed.
void Pump::runFiber(Fiber &fiber, FiberContext::Entry entry, void *argument)
{
    StackState *beneath = std::exchange(m_here, &fiber.state());
    const bool wereStepsTimed = timesSteps();
    m_here->entryLevel = loopLevel();
    enterStack(fiber);
    if (entry)
        fiber.context().start(entry, argument);
    else
        fiber.context().resume();
    const bool isParked = !fiber.context().isIdle();
    leaveStack(isParked);
    m_here = beneath;
    exchangeTimesSteps(wereStepsTimed);
    if (isParked)
        return;
    m_fibers->giveBack(fiber);
    if (m_noneParked && parkedCount() == 0) [[unlikely]]
        m_noneParked->set();
}

// Goes on with the passes on a stack that what they run may park. False: there is none.
bool Pump::runOnWorker(Passes &passes) noexcept
{
    const auto entry = [](void *argument) {
        Passes &passes = *static_cast<Passes *>(argument);
        passes.pump.runPasses(passes, passes.pump.m_here->fiber);
    };
    Fiber *worker = m_fibers->take();
    if (!worker)
        return false;
    setCurrentOf(*worker, nullptr);
    worker->state().begin(false);
    runFiber(*worker, entry, &passes);
    return true;
}

Scheduler::StackAddress Pump::stackAddress(const void *object) const noexcept
{
    if (const void *address = m_ownBounds.addressOf(object))
        return StackAddress(&ownStack(), address);
    const void *address = nullptr;
    const Fiber *fiber = m_fibers->around(object, address);
    return fiber ? StackAddress(fiber, address) : StackAddress();
}

template<typename Condition>
void Pump::cancelParkedIf(Condition condition, Outcome outcome, CancelMode mode)
{
    for (Stack *stack = parkedStacks().firstOrNull(); stack; stack = parkedStacks().after(*stack)) {
        if (!condition(static_cast<Fiber *>(stack)->state()))
            continue;
        for (SyncFrame *frame = stack->topFrame(); frame; frame = frame->belowOnStack())
            frame->target()->cancel(outcome, mode);
    }
}

void Pump::cancelParked(Outcome outcome, CancelMode mode)
{
    cancelParkedIf([](const StackState &) { return true; }, outcome, mode);
}

// A quit that comes before a wait is seen, so that it nests as clean-up.
void Pump::watchForQuit()
{
    if (m_isWatchingQuit || !m_quitWatch)
        return;
    m_isWatchingQuit = true;
    m_quitWatch->start();
    forgetQuit();
}

void Pump::forgetQuit() noexcept
{
    if (m_quitWatch)
        m_pastQuits = m_quitWatch->seen();
}

// The outermost event loop has returned: nobody will resume what is parked, unless it is done here.
void Pump::aboutToQuit() noexcept
{
    if (parkedCount() > 0 && !m_isInUvRun && !m_isClosing && !m_isQuitting) {
        Event none;
        m_noneParked = &none;
        m_isQuitting = true;
        // exit() cannot be seen. What was parked in the event loop's last turn may be clean-up that was begun after it. (The
        // dispatchers differ in when they say that a turn is over.)
        const bool mayBeCleanUp = !isQuitSeen();
        const auto isEarlier = [this](const StackState &state) { return m_qtTurns - state.parkedAt > 1; };
        if (mayBeCleanUp)
            cancelParkedIf(isEarlier, Outcome::Quit, CancelMode::Polite);
        else
            cancelParked(Outcome::Quit);
        if (m_quitWatch)
            m_quitWatch->deliverPostedQuit(); // the last window's, which quit() has closed: nothing new for the wait below
        auto end = tryRunSync(whenNoneIsParked(none), RunOptions().timeout(m_limits.shutdownLimit));
        if (!end && mayBeCleanUp) {
            cancelParked(Outcome::Quit);
            end = tryRunSync(whenNoneIsParked(none), RunOptions().timeout(m_limits.shutdownLimit));
        }
        m_isQuitting = false;
        m_noneParked = nullptr;
        if (!end)
            report(Report::Shutdown, std::to_string(parkedCount()) + " parked waits have not ended with the application", nullptr);
    }
    forgetQuit();
    m_quitDeadline = TimePoint::min();
}

void Pump::park(RunTarget &target)
{
    Fiber &fiber = *m_here->fiber;
    target.setFiber(&fiber);
    m_here->parkedAt = m_qtTurns;
    fiber.park();
    target.setFiber(nullptr);
}

} // namespace interloop
