// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/loop/idlewatch.h>
#include <interloop/loop/limits.h>
#include <interloop/loop/passes.h>
#include <interloop/loop/poolwork.h>
#include <interloop/loop/qtframes.h>
#include <interloop/loop/quitwatch.h>
#include <interloop/loop/stackbounds.h>
#include <interloop/loop/stackstate.h>
#include <interloop/loop/statistics.h>
#include <interloop/loop/stepwatch.h>
#include <interloop/loop/unwinding.h>
#include <interloop/loop/uvhandle.h>
#include <interloop/task/chain.h>
#include <interloop/task/scheduler.h>

#include <QEventLoop>
#include <QObject>
#include <QSocketNotifier>
#include <QThread>
#include <QTimer>
#include <uv.h>

#include <memory>

/*
 * The merged loop of one thread: libuv's loop behind one QSocketNotifier and one QTimer, and the tasks' ready queue.
 *
 * One turn has three steps: collect (`uv_run`, whose callbacks only record results and queue operations), resume (the
 * ready queue; user code runs here and may nest), arm (the notifier is always on; the timer when something is due).
 * Invariant: `uv_run` is never on the stack while user code runs, and is called in one place only.
 */

namespace interloop {

class Event;
class FiberPool;
class RunTarget;

class INTERLOOP_EXPORT Pump final : public Scheduler
{
public:
    // `adopted`: a loop somebody else owns, or nullptr to make one. REQUIRES: this thread has a Qt event dispatcher
    explicit Pump(uv_loop_t *adopted);
    ~Pump(); // REQUIRES: shut down

    uv_loop_t *uvLoop() const noexcept { return m_loop; }
    bool ownsLoop() const noexcept { return m_loop == &m_ownLoop; }

    // One pump, bounded in time: from the notifier and the timer.
    void pump() noexcept;

    // Pumps without visiting Qt, while something happens, for at most `limit`, until `target` is done.
    void pumpAhead(const Chain &target, TimePoint start, std::chrono::nanoseconds limit) noexcept;

    // Collects, then resumes everything that is ready, unbounded: for the end of the loop.
    void drain() noexcept;

    // Looks at libuv once, which may queue operations. Whether there is nothing to do now, for libuv's callbacks neither.
    bool isIdle() noexcept;

    // Makes Qt come back when something is due, and only then. Does nothing inside uv_run.
    void arm() noexcept;

    // A handle or request was started, outside or inside a turn: the loop has to look at it.
    void touch() noexcept;

    // uv_run is on the stack: a raw libuv callback is running.
    bool isInUvRun() const noexcept { return m_isInUvRun; }

    // A turn is on the stack.
    bool isPumping() const noexcept { return m_nesting > 0; }

    // Whether Qt had a turn in the last 4 ms, so that a wait may pump ahead of it.
    bool hadQtTurnLately(TimePoint present) noexcept;
    unsigned qtTurns() const noexcept { return m_qtTurns; }

    // The chain whose code is running; nullptr when a foreign event loop has been started on top of it since.
    Chain *callingChain() const override;

    // The event loop of the innermost wait that nests, while that executes it, or nullptr. What becomes ready outside a turn
    // makes it quit, for the wait to pump: half the price of another iteration of Qt's (bench: RunSyncWokenByEvent).
    class WaitLoop
    {
    public:
        WaitLoop() noexcept = default; // none
        WaitLoop(QEventLoop *loop, int level) noexcept : loop(loop), level(level) { }

        QEventLoop *loop = nullptr;
        int level = 0; // Qt's loop level while it is executed
    };
    bool isWaitLoopRunning() const { return m_waitLoop.loop && m_waitLoop.loop->isRunning(); }
    WaitLoop exchangeWaitLoop(WaitLoop loop) noexcept { return std::exchange(m_waitLoop, loop); }

    // Whether that is why the event loop has quit, or will as soon as it can. Each wait has its own, as its event loop has.
    bool exchangeLeaveRequest(bool isRequested) noexcept { return std::exchange(m_isLeaveRequested, isRequested); }

    // A wait has returned. An outer event loop may have been told to exit while that one had the dispatcher.
    void oweWakeUp() noexcept { m_owesWakeUp = true; }

    // How many of Qt's event loops are running on this thread.
    int loopLevel() const { return m_thread->loopLevel(); }

    // While it lives, code started here and now counts as running at Qt's present loop level.
    class LevelScope
    {
    public:
        explicit LevelScope(Pump &pump);
        ~LevelScope() { m_pump.m_here->level = m_previous; }
        LevelScope(const LevelScope &) = delete;
        LevelScope &operator=(const LevelScope &) = delete;

    private:
        Pump &m_pump;
        int m_previous;
    };

    Limits &limits() noexcept { return m_limits; }
    List<UvHandle> &handles() noexcept { return m_handles; }
    List<PoolWork> &poolWork() noexcept { return m_poolWork; }
    QuitWatch *quitWatch() noexcept { return m_quitWatch.get(); } // nullptr: not the application's thread
    QObject *context() noexcept { return &m_context; } // lives in this thread; dies with the pump

    bool isClosing() const noexcept { return m_isClosing; }
    void setClosing() noexcept;
    void stopListening() noexcept; // closes what the pump itself has on the loop; Qt no longer calls it
    bool isListening() const noexcept { return bool(m_notifier); }
    int closingHandles = 0; // handles of ours whose close callback is still to come

    // How long the wait that returned last was held back by waits on top of it.
    std::chrono::nanoseconds lastHeldBack() const noexcept { return m_lastHeldBack; }
    void setLastHeldBack(std::chrono::nanoseconds time) noexcept { m_lastHeldBack = time; }

    // What is known about the stack that runs.
    StackState &here() noexcept { return *m_here; }

    // Whether something is being thrown or handled that was not beneath the innermost wait.
    bool isUnwinding() const noexcept { return ExceptionState::isUnwindingSince(m_here->exceptionsBeneath); }

    StackAddress stackAddress(const void *object) const noexcept override;

    using Entry = void (*)(void *argument);

    // Runs entry(argument), which must not throw, on a stack of its own, until it waits there or has ended. False: not now,
    // nothing has run.
    bool startOnFiber(Entry entry, void *argument);

    // The current chain for code that begins now: none at the bottom of a stack, where the starter's is known until then.
    Chain *leaveStarter() noexcept
    {
        if (std::exchange(m_here->hasStarter, false))
            exchangeCurrent(nullptr);
        return currentChain();
    }

    // A stack that was parked goes on, until it waits again or its code has ended.
    void resumeFiber(Fiber &fiber);

    // Parks the stack that runs until `target` is done. REQUIRES: its frame does not nest
    void park(RunTarget &target);

    // Ends the waits of all parked stacks. Queues only.
    void cancelParked(Outcome outcome, CancelMode mode = CancelMode::Polite);

    // Whether stacks can be parked.
    bool isParking() const noexcept { return m_isParking; }
    void setParking(bool on) noexcept;
    FiberPool &fibers() noexcept { return *m_fibers; }

    // Whether a wait that is begun here and now may park, unless frames of Qt's are in the way. To be asked then: what its
    // target does first, on top of it, may nest or be guarded and is over when it waits.
    bool mayPark() const;

    // How a wait that is begun here and now, for plain code, would wait.
    bool wouldPark() const override;
    bool shallPark(const SyncFrame &frame) const override;

    // The application ends, and the parked stacks with it.
    bool isEndingParked() const noexcept { return m_isQuitting; }

    // The application has been told to quit, and what waits from now on does so for clean-up.
    bool isQuitting() const noexcept { return m_isQuitting || isQuitSeen(); }
    void watchForQuit(); // from now on isQuitSeen() tells; what came before is over
    bool isQuitSeen() const noexcept { return quitsSeen() != m_pastQuits; }
    unsigned quitsSeen() const noexcept { return m_quitWatch ? m_quitWatch->seen() : 0; }
    void forgetQuit() noexcept; // it did not come to that

    // Until when waits begun after a quit may go on; min(): no quit is in force.
    TimePoint quitDeadline() const noexcept { return m_quitDeadline; }
    void setQuitDeadline(TimePoint deadline) noexcept { m_quitDeadline = deadline; }

    // The time that tasks live in. The pump itself and Qt live in the real one.
    TimePoint now() const override { return m_virtualNow == TimePoint::min() ? realNow() : m_virtualNow; }
    static TimePoint realNow() noexcept { return std::chrono::steady_clock::now(); }

    // A test's own time for tasks: it stands still at `time`. What is due by then expires.
    void setVirtualNow(TimePoint time);
    bool isTimeVirtual() const noexcept { return m_virtualNow != TimePoint::min(); }
    void leaveVirtualTime() noexcept; // back to the real one: everything has as long to go as before

    using Scheduler::takenCount;
    LoopStatistics statistics() const noexcept;

    // Who is to be told when there is nothing to do, or nullptr. Not owned; detached when the loop's end begins.
    IdleWatch *idleWatch() const noexcept { return m_idleWatch; }
    void setIdleWatch(IdleWatch *watch) noexcept { m_idleWatch = watch; }

    void report(Report kind, const std::string &text, std::exception_ptr error) noexcept override;
    void requireOpen() const override;
    void runNested(PromiseBase &task, std::coroutine_handle<> coroutine) override;
    void taskSpawned(const TaskState &task) noexcept override;
    void taskEnded(const TaskState &task) noexcept override;

    StepWatch &stepWatch() noexcept { return m_stepWatch; }
    using Scheduler::exchangeTimesSteps;

    // `chain` is about to block: what it has run until now was a step.
    void stepBlocks(const Chain &chain) noexcept
    {
        if (timesSteps())
            stepEnded(chain);
    }

private:
    class Turn;

    void wake() override;
    void collect() noexcept;
    void expireUntil(TimePoint time);
    PassesResult passes(TimePoint start, TimePoint deadline) noexcept;
    void timerShot();
    void runPasses(Passes &passes, const Fiber *worker) noexcept;
    bool runOnWorker(Passes &passes) noexcept;
    bool stepDone(Passes &passes) noexcept;
    bool lookAtClock(Passes &passes) noexcept;
    bool goOnTiming(unsigned left) noexcept;
    void runFiber(Fiber &fiber, Entry entry, void *argument);
    template<typename Condition>
    void cancelParkedIf(Condition condition, Outcome outcome, CancelMode mode);
    void aboutToQuit() noexcept;
    bool isWaitOver() noexcept;
    bool isWaitToldToReturn() const;
    void armNow() noexcept;
    void armFor(TimePoint deadline) noexcept;
    void qtTurn() noexcept;
    void aboutToBlock() noexcept;
    void suspendNotifier() noexcept;
    void resumeNotifier() noexcept;
    void openMail();
    void logTask(const TaskState &task, const char *event) noexcept;
    void stepEnded(const Chain &chain) noexcept override;
    void callEnded() noexcept;
    void reportSlowStep(const Chain &chain, std::chrono::nanoseconds time) noexcept;
    void reportSlowBatch(std::chrono::nanoseconds time) noexcept;

    QThread *m_thread; // what QThread::currentThread() is here
    uv_loop_t m_ownLoop;
    uv_loop_t *m_loop;
    uv_async_t m_async; // referenced: keeps libuv from calling the loop dead; and other threads' wake-up
    QObject m_context;
    std::unique_ptr<QSocketNotifier> m_notifier;
    QTimer m_timer;
    std::unique_ptr<QuitWatch> m_quitWatch;
    Limits m_limits;
    List<UvHandle> m_handles;
    List<PoolWork> m_poolWork;
    StepWatch m_stepWatch;
    IdleWatch *m_idleWatch = nullptr;
    TimePoint m_virtualNow = TimePoint::min(); // min(): tasks live in real time
    TimePoint m_armedFor = TimePoint::max(); // min(): at once; max(): not armed
    TimePoint m_budgetEnd = TimePoint::min(); // min(): this Qt turn's budget has not been begun
    StackBounds m_ownBounds;
    StackState m_ownState;
    StackState *m_here = &m_ownState; // of the stack that runs
    std::unique_ptr<FiberPool> m_fibers;
    mutable QtFrames m_qtFrames;
    Event *m_noneParked = nullptr; // nullptr: nobody waits for it
    unsigned m_pastQuits = 0; // of m_quitWatch: seen, and over
    TimePoint m_quitDeadline = TimePoint::min();
    std::chrono::nanoseconds m_lastHeldBack = {};
    TimePoint m_lastQtTurn = TimePoint::min();
    unsigned m_qtTurns = 0;
    unsigned m_seenQtTurns = 0; // m_qtTurns when m_lastQtTurn was taken
    std::uint64_t m_uvRuns = 0;
    std::uint64_t m_uvCompletions = 0;
    std::uint64_t m_timerCompletions = 0;
    int m_nesting = 0;
    WaitLoop m_waitLoop; // none: no wait nests, or the innermost one does not execute its event loop
    bool m_hasStepEnded = false; // a chain has run, and its step was timed, since the last look
    bool m_isLeaveRequested = false;
    bool m_owesWakeUp = false; // before an outer event loop blocks
    bool m_isInUvRun = false;
    bool m_isSuspended = false; // the notifier is off until uv_run has returned
    bool m_isClosing = false;
    bool m_isParking = false;
    bool m_isWatchingQuit = false;
    bool m_isQuitting = false; // aboutToQuit() is on the stack
};

} // namespace interloop
