// SPDX-License-Identifier: MIT
#include <interloop/loop/passes.h>

#include <interloop/loop/fiber.h>
#include <interloop/loop/pump.h>
#include <interloop/task/syncframe.h>

/*
 * The second step of a turn: what is ready goes on, in passes, for as long as the turn has time.
 */

namespace interloop {

using namespace std::chrono_literals;

namespace {

constexpr int maximumPasses = 16; // over the ready queue, between two looks at libuv
constexpr std::uint64_t minimumResumes = 256; // passes so short that looking at libuv would be the greater work go on
constexpr unsigned quickStride = 16; // resumes between two looks at the clock
constexpr std::chrono::nanoseconds quickStrideTime = 20us; // slower ones: look at the clock after each

} // namespace

// False: the time is up. Inline: it comes after each step.
[[gnu::always_inline]] inline bool Pump::stepDone(Passes &passes) noexcept
{
    setDraining(true);
    if (passes.timedSteps > 0 && !goOnTiming(--passes.timedSteps))
        exchangeTimesSteps(false);
    return --passes.untilLook > 0 || lookAtClock(passes);
}

PassesResult Pump::passes(TimePoint start, TimePoint deadline) noexcept
{
    if (!hasReady())
        return isWaitOver() ? PassesResult::Leave : PassesResult::Nothing;
    armNow(); // whatever loop the resumed code starts, GTK's included, finds a pending event
    Passes passes(*this, start, deadline);
    passes.untilLook = quickStride;
    passes.timedSteps = m_stepWatch.begin();
    m_hasStepEnded = false;
    passes.enough = takenCount() + minimumResumes;
    exchangeTimesSteps(passes.timedSteps > 0);
    while (!passes.isOver) {
        if (!m_isParking || !runOnWorker(passes))
            runPasses(passes, nullptr);
        else if (!passes.isOver && !stepDone(passes)) // one that has parked the stack it was on
            passes.isOver = true;
    }
    return passes.result;
}

// `worker`: the stack that this runs on, which a step may park; nullptr: none may.
void Pump::runPasses(Passes &passes, const Fiber *worker) noexcept
{
    const unsigned parks = worker ? worker->parks() : 0;
    while (hasReady() && (passes.begun < maximumPasses || takenCount() < passes.enough)) {
        if (takenCount() >= passes.passEnd) {
            ++passes.begun;
            passes.passEnd = beginPass();
        }
        while (hasReady() && takenCount() < passes.passEnd) { // a nested pump may have taken our share
            if (isWaitOver()) {
                passes.result = PassesResult::Leave;
                passes.isOver = true;
                return;
            }
            runFirst();
            if (worker && worker->parks() != parks) [[unlikely]]
                return; // meanwhile others have gone on; what was drained here may be over long since
            if (!stepDone(passes)) {
                passes.isOver = true;
                return;
            }
        }
    }
    if (isWaitOver())
        passes.result = PassesResult::Leave;
    passes.isOver = true;
}

// False: the time is up.
bool Pump::lookAtClock(Passes &passes) noexcept
{
    const TimePoint look = realNow();
    if (passes.timedSteps == 0) {
        if (const auto tooLong = m_stepWatch.batchEnded(look); tooLong.count() > 0) [[unlikely]]
            reportSlowBatch(tooLong);
    }
    if (look >= passes.deadline) {
        if (isWaitOver())
            passes.result = PassesResult::Leave;
        return false;
    }
    passes.untilLook = look - passes.lastLook < quickStrideTime ? quickStride : 1;
    passes.lastLook = look;
    return true;
}

// A step has been timed, unless it ran a foreign event loop; what was no chain's is timed here. Whether the next one shall be.
bool Pump::goOnTiming(unsigned left) noexcept
{
    if (!timesSteps()) [[unlikely]] {
        m_stepWatch.restart();
        exchangeTimesSteps(true);
    } else if (!m_hasStepEnded) {
        callEnded();
    }
    m_hasStepEnded = false;
    return left > 0;
}

// The innermost wait's target is done: leave the queue to whoever comes next, so that the wait returns first. When it
// cannot return, as another event loop sits on top of it, that would stop everything: after a few times, go on.
bool Pump::isWaitOver() noexcept
{
    SyncFrame *frame = topFrame();
    return frame && frame->target()->isDone() && frame->askToReturn();
}

} // namespace interloop
