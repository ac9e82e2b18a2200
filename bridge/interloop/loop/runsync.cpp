// SPDX-License-Identifier: MIT
#include <interloop/loop/runsync.h>

#include <interloop/loop/bridge.h>
#include <interloop/loop/canceltimer.h>
#include <interloop/loop/owner.h>
#include <interloop/loop/qtwait.h>
#include <interloop/loop/runtarget.h>
#include <interloop/loop/waitlog.h>
#include <interloop/task/deadlock.h>
#include <interloop/task/instrument.h>

#include <string>

namespace interloop {

using namespace std::chrono_literals;

namespace {

// How long a wait pumps by itself before it enters Qt (bench: RunSyncYield, RunSyncTcpRoundTrip).
constexpr std::chrono::nanoseconds pumpAheadLimit = 50us;

// Out of line, so that the strings it makes take no room on the waiting stack.
[[noreturn, gnu::noinline, gnu::cold]] void refuse(Pump &pump, Refusal reason)
{
    std::string text = "runSync";
    if (reason == Refusal::InsideLibuvCallback)
        text += " in a raw libuv callback: libuv's loop is running beneath";
    else if (reason == Refusal::NoSuspend)
        text += ": a NoSuspend guard refuses waits here";
    else if (reason == Refusal::TooDeep && pump.depth() < pump.limits().maximumDepth)
        text += ": " + std::to_string(pump.parkedCount()) + " stacks are parked already";
    else if (reason == Refusal::TooDeep)
        text += ": " + std::to_string(pump.depth()) + " waits are on the stack already";
    else
        text += ": this thread's stack is nearly used up, at depth " + std::to_string(pump.depth());
    throw RunSyncError(reason, text);
}

bool allowsParking(const RunOptions &options) noexcept
{
    return options.wait() == Wait::Park && options.input() == Input::Allow;
}

void refuseWhenImpossible(Pump &pump, const RunOptions &options)
{
    if (pump.isInUvRun())
        refuse(pump, Refusal::InsideLibuvCallback);
    if (pump.depth() >= pump.limits().maximumDepth)
        refuse(pump, Refusal::TooDeep);
    if (pump.parkedCount() >= pump.limits().maximumParked && allowsParking(options) && pump.wouldPark()) [[unlikely]]
        refuse(pump, Refusal::TooDeep);
    if (__builtin_frame_address(0) < pump.here().bounds->lowestUseful())
        refuse(pump, Refusal::StackLow);
    if (pump.here().refuseGuards > 0)
        refuse(pump, Refusal::NoSuspend);
    if (pump.isClosing())
        pump.requireOpen();
}

// The chain whose cancellation reaches the new wait; nullptr for a plain callback and for clean-up. Throws what is
// pending.
Chain *callerOf(Pump &pump)
{
    Chain *caller = pump.callingChain();
    if (!caller || !caller->isCancelPending())
        return caller;
    if (pump.isUnwinding())
        return nullptr;
    throw Cancelled(caller->pendingCancel(), Cancelled::Whom::Self);
}

// Cancels a target when an object dies.
class ContextWatch final
{
public:
    ContextWatch(Pump &pump, Chain &target, QObject *context)
    {
        if (context) [[unlikely]]
            m_connection = QObject::connect(context, &QObject::destroyed, pump.context(),
                                            [&target] { target.cancel(Outcome::ContextDestroyed); });
    }
    ~ContextWatch()
    {
        if (m_connection) [[unlikely]]
            QObject::disconnect(m_connection);
    }
    ContextWatch(const ContextWatch &) = delete;
    ContextWatch &operator=(const ContextWatch &) = delete;

private:
    QMetaObject::Connection m_connection;
};

// Ends the caller's step for as long as it blocks.
class StepPause final
{
public:
    StepPause(Pump &pump, const Chain *caller) noexcept : m_pump(pump)
    {
        if (caller)
            pump.stepBlocks(*caller);
        m_timesSteps = pump.exchangeTimesSteps(false);
    }
    ~StepPause()
    {
        if (!m_timesSteps)
            return;
        m_pump.exchangeTimesSteps(true);
        m_pump.stepWatch().restart();
    }
    StepPause(const StepPause &) = delete;
    StepPause &operator=(const StepPause &) = delete;

private:
    Pump &m_pump;
    bool m_timesSteps = false;
};

// Waits in an event loop on top of this stack.
void nest(Pump &pump, SyncFrame &frame, RunTarget &target, const RunOptions &options)
{
    StackState &here = pump.here();
    ++here.nestedWaits;
    const TimePoint present = Pump::realNow();
    if (pump.hadQtTurnLately(present))
        pump.pumpAhead(target, present, pumpAheadLimit);
    if (!target.isDone())
        waitInQt(pump, frame, target, options);
    --here.nestedWaits;
}

// `caller`: whose cancellation reaches the wait; nullptr: nobody's.
RunEnd runFor(Pump &pump, Chain *caller, PromiseBase &task, std::coroutine_handle<> coroutine,
              const RunOptions &options, std::source_location location)
{
    RunEnd end;
    {
        RunTarget target(pump, location);
        SyncFrame frame(pump, caller, target);
        target.setFrame(frame);
        if (!allowsParking(options) || !pump.mayPark())
            frame.nest();
        const WaitLog log(frame);
        const ContextWatch contextWatch(pump, target, options.context()); // it may die before the wait enters Qt
        CancelTimer timeout(target, Outcome::TimedOut);
        if (options.hasTimeout())
            timeout.start(options.timeout());
        {
            const Pump::LevelScope level(pump);
            const bool timesSteps = pump.exchangeTimesSteps(false); // so far all is a part of the caller's step
            task.startRoot(coroutine, target);
            pump.exchangeTimesSteps(timesSteps);
        }
        if (target.isDone()) [[likely]] {
        } else {
            const StepPause pause(pump, caller);
            const bool nests = frame.nests();
            if (pump.instrument()) [[unlikely]]
                pump.instrument()->beforeBlockingWait(frame);
            if (nests)
                nest(pump, frame, target, options);
            else
                pump.park(target);
            if (pump.instrument()) [[unlikely]]
                pump.instrument()->afterBlockingWait(frame);
        }
        pump.setLastHeldBack(target.heldBack());
        end.cancelledAs = target.cancelledAs();
        if (caller && caller->isCancelPending())
            end.whom = Cancelled::Whom::Self;
    }
    if (existingPump() == &pump && pump.isClosing()) [[unlikely]] // a slot of waitReleased may have ended it
        closeIfIdle(pump);
    return end;
}

} // namespace

RunEnd runToEnd(PromiseBase &task, std::coroutine_handle<> coroutine, const RunOptions &options, std::source_location location)
{
    Pump &pump = currentPump();
    refuseWhenImpossible(pump, options);
    Chain *caller = callerOf(pump);
    if (caller)
        adviseToAwait(pump, *caller, location);
    return runFor(pump, caller, task, coroutine, options, location);
}

void Pump::runNested(PromiseBase &task, std::coroutine_handle<> coroutine)
{
    const RunOptions options;
    refuseWhenImpossible(*this, options);
    runFor(*this, nullptr, task, coroutine, options, std::source_location());
}

void requireRunnable(const TaskState &target, const RunOptions &options)
{
    Pump &pump = currentPump();
    target.requireOwnThread("runSync");
    if (pump.isInUvRun() || target.isDone())
        return;
    const bool parks = allowsParking(options) && pump.wouldPark();
    if (const std::string path = findBuried(target, parks ? BlockingForm::Parks : BlockingForm::Nests); !path.empty())
        throw RunSyncError(Refusal::Deadlock, path);
}

Outcome outcomeOfRun(const RunEnd &end, const std::exception_ptr &error) noexcept
{
    const Outcome outcome = outcomeOf(error);
    const bool isCancelled = outcome != Outcome::Exception && outcome != Outcome::TimedOut;
    return isCancelled && end.cancelledAs != Outcome::Value ? end.cancelledAs : outcome;
}

std::exception_ptr errorOfRun(const RunEnd &end, const std::exception_ptr &error)
{
    const Outcome outcome = outcomeOf(error);
    if (outcome == Outcome::Exception)
        return error;
    try {
        std::rethrow_exception(error);
    } catch (const Cancelled &) {
        if (end.cancelledAs == Outcome::TimedOut && end.whom == Cancelled::Whom::Awaited)
            return std::make_exception_ptr(TimeoutError("runSync timed out"));
        return std::make_exception_ptr(Cancelled(end.cancelledAs == Outcome::Value ? outcome : end.cancelledAs, end.whom));
    } catch (...) {
        return error;
    }
}

} // namespace interloop
