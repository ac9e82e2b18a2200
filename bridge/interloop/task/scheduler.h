// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/heldlock.h>
#include <interloop/task/localvalues.h>
#include <interloop/task/mailbox.h>
#include <interloop/task/operation.h>
#include <interloop/task/resumeorder.h>
#include <interloop/task/stack.h>
#include <interloop/task/timerqueue.h>

#include <coroutine>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

/*
 * What the tasks of one thread need from the loop that runs them: a ready queue, timers, a clock, somebody to tell.
 *
 * The loop above (or a test with a clock of its own) derives from it and decides when the queue is drained. Everything
 * here belongs to that loop's thread, except the mailbox.
 */

namespace interloop {

class Chain;
class Instrument;
class PromiseBase;
class SyncFrame;
class TaskRegistration;
class TaskState;

// What report() is about.
enum class Report : unsigned char {
    UnhandledError, // an exception that nobody is there to take
    HeldBack, // a wait that has ended and cannot return: another one sits on top
    NeverAwaited, // a task that was thrown away without having run
    NotJoined, // a group that was left while its tasks were running
    DestroyedPending, // a task that was destroyed while it waited
    SlowStep, // a task that kept everybody else waiting
    Advice, // something that could be done better; off unless asked for
    Shutdown, // what the end of the loop waits for, or found open
};

class INTERLOOP_EXPORT Scheduler
{
public:
    Scheduler(const Scheduler &) = delete;
    Scheduler &operator=(const Scheduler &) = delete;

    // Puts an operation at the end of the ready queue. Allowed inside a raw libuv callback: nothing runs here.
    void post(Operation &operation)
    {
        m_ready.append(operation);
        ++m_posted;
        if (!m_isDraining)
            wake();
    }

    // Puts it at the front instead: what it continues has its turn still.
    void postFirst(Operation &operation)
    {
        m_ready.prepend(operation);
        ++m_posted;
        if (!m_isDraining)
            wake();
    }

    bool hasReady() const noexcept { return !m_ready.isEmpty(); }

    // Takes the first operation out of the ready queue and runs it. REQUIRES: hasReady()
    void runFirst()
    {
        ++m_taken;
        m_ready.takeFirst().run();
    }

    // Begins a pass over what is ready, unless one is under way: what becomes ready from now on waits for the next one.
    // Returns the takenCount() at its end.
    std::uint64_t beginPass()
    {
        if (m_order.isRandom()) [[unlikely]]
            return beginRandomPass();
        return m_posted;
    }

    // The order in which passes take what is ready, from the next one on. Returns the order so far.
    bool isOrderRandom() const noexcept { return m_order.isRandom(); }
    ResumeOrder exchangeOrder(ResumeOrder order) noexcept { return std::exchange(m_order, order); }

    TimerQueue &timers() noexcept { return m_timers; }
    void startTimer(Timer &timer, TimePoint deadline)
    {
        m_timers.start(timer, deadline);
        if (!m_isDraining)
            wake();
    }
    void startTimer(Timer &timer, std::chrono::nanoseconds delay) { startTimer(timer, deadlineAfter(now(), delay)); }
    void stopTimer(Timer &timer) noexcept { m_timers.stop(timer); }

    // The monotonic clock that deadlines are measured on.
    virtual TimePoint now() const = 0;

    // Tells whoever is responsible. `error` may be null. Never throws.
    virtual void report(Report kind, const std::string &text, std::exception_ptr error) noexcept = 0;

    // Runs a task to its end on this stack, and meanwhile whatever else is ready; for clean-up. The running task's
    // cancellation does not reach it. Throws RunSyncError when that is refused; the task has then not begun.
    virtual void runNested(PromiseBase &task, std::coroutine_handle<> coroutine) = 0;

    // A task begins, has ended. To be looked at only.
    virtual void taskSpawned(const TaskState &) noexcept { }
    virtual void taskEnded(const TaskState &) noexcept { }

    // Throws RunSyncError when nothing new may begin here: the loop has ended or is about to.
    virtual void requireOpen() const { }

    // The chain whose code is running, or nullptr in a plain callback.
    Chain *currentChain() const noexcept { return m_current; }

    // As above, but nullptr too when a foreign event loop, of which the scheduler knows, has been started on top of it.
    virtual Chain *callingChain() const { return m_current; }

    // The innermost wait on this thread's active stacks, or nullptr; and how many there are.
    SyncFrame *topFrame() const noexcept { return m_topFrame; }
    int depth() const noexcept { return m_depth; }

    // The stack that runs.
    const Stack &stack() const noexcept { return *m_stack; }
    bool isOnOwnStack() const noexcept { return m_stack == &m_ownStack; }
    bool isActive(const Stack &stack) const noexcept { return stack.m_beneath || &stack == &m_ownStack; }

    // The stacks that are parked, in the order in which they were.
    const List<Stack> &parkedStacks() const noexcept { return m_parkedStacks; }
    int parkedCount() const noexcept { return m_parkedCount; }

    // Whether a wait that plain code begins here and now would be parked.
    virtual bool wouldPark() const { return false; }

    // Whether `frame`, which lies on a stack that can be parked, will wait by being parked. Asked once, when it matters first.
    virtual bool shallPark(const SyncFrame &) const { return false; }

    // Spawned tasks that have not ended, oldest first.
    const List<TaskRegistration> &tasks() const noexcept { return m_tasks; }
    int taskCount() const noexcept { return m_taskCount; }

    // Who is told what tasks do, or nullptr. Not owned.
    Instrument *instrument() const noexcept { return m_instrument; }
    Instrument *exchangeInstrument(Instrument *instrument) noexcept { return std::exchange(m_instrument, instrument); }

    // A number for the next task that wants one; they begin at 1.
    std::uint32_t nextTaskId() noexcept { return ++m_lastTaskId; }

    // The values of task-locals: the running task's, or those of this thread's plain code.
    const LocalValues &localValues() const noexcept;
    LocalValues &ownLocalValues(); // as above, to be changed

    // On which of this thread's stacks, and where there, an object lies. No stack: elsewhere, or the scheduler cannot know.
    class StackAddress
    {
    public:
        StackAddress() noexcept = default;
        StackAddress(const Stack *stack, const void *address) noexcept : stack(stack), address(address) { }

        const Stack *stack = nullptr;
        const void *address = nullptr;
    };
    virtual StackAddress stackAddress(const void *object) const noexcept;

    GivenLocks &givenLocks() noexcept { return m_givenLocks; }

    // Identity and door for other threads.
    const std::shared_ptr<Mailbox> &mailbox() const noexcept { return m_mailbox; }

protected:
    explicit Scheduler(std::shared_ptr<Mailbox> mailbox) : m_mailbox(std::move(mailbox)) { }
    ~Scheduler() = default;

    // Something became ready, or a deadline was added, while the queue was not being drained.
    virtual void wake() = 0;

    bool isDraining() const noexcept { return m_isDraining; }
    // How many operations were ever put into the ready queue, and taken out of it.
    std::uint64_t postedCount() const noexcept { return m_posted; }
    std::uint64_t takenCount() const noexcept { return m_taken; }

    Chain *exchangeCurrent(Chain *chain) noexcept { return std::exchange(m_current, chain); }

    void setDraining(bool draining) noexcept { m_isDraining = draining; }

    // Code on `stack` begins or goes on, on top of what runs. REQUIRES: not active
    void enterStack(Stack &stack) noexcept;

    // The code on top has ended, or waits: the stack beneath goes on.
    void leaveStack(bool isParked) noexcept;

    const Stack &ownStack() const noexcept { return m_ownStack; }

    // The chain that code which begins on `stack` descends from.
    static void setCurrentOf(Stack &stack, Chain *chain) noexcept { stack.m_current = chain; }

    // Whether stepEnded() is called when a chain has run and now waits or has ended.
    bool timesSteps() const noexcept { return m_timesSteps; }
    bool exchangeTimesSteps(bool times) noexcept { return std::exchange(m_timesSteps, times); }
    virtual void stepEnded(const Chain &) noexcept { }

private:
    friend class Chain;
    friend class ChainScope;
    friend class SyncFrame;
    friend class TaskState;

    // Cancels what a chain waits for, which may cancel what another chain waits for, and so on: the stack stays flat.
    void deliverCancel(Operation &operation, CancelMode mode);

    std::uint64_t beginRandomPass();

    List<Operation> m_ready;
    std::uint64_t m_posted = 0;
    std::uint64_t m_taken = 0;
    std::uint64_t m_randomPassEnd = 0; // of m_taken: until then a random pass is under way
    ResumeOrder m_order = ResumeOrder::initial();
    std::vector<Operation *> m_batch; // of a random pass that begins; otherwise empty
    List<Operation> m_ordered; // those of them that keep their order
    Chain *m_current = nullptr;
    Instrument *m_instrument = nullptr; // nullptr: nobody watches
    OwnStack m_ownStack;
    Stack *m_stack = &m_ownStack;
    List<Stack> m_parkedStacks;
    int m_parkedCount = 0;
    SyncFrame *m_topFrame = nullptr; // of all active stacks
    int m_depth = 0;
    int m_taskCount = 0;
    std::uint32_t m_lastTaskId = 0;
    bool m_timesSteps = false;
    bool m_isDraining = false; // whoever drains looks at the queue and the timers again before it leaves
    int m_cancelDepth = 0; // cancellations delivered on top of each other
    std::vector<std::pair<Operation *, CancelMode>> m_undelivered; // those too deep for that
    TimerQueue m_timers;
    List<TaskRegistration> m_tasks;
    LocalValues m_locals; // of plain code
    GivenLocks m_givenLocks;
    std::shared_ptr<Mailbox> m_mailbox;
};

// This thread's scheduler, made on first use. Defined by the loop above; the kernel's own tests define theirs.
// Throws RunSyncError when there can be none.
INTERLOOP_EXPORT Scheduler &currentScheduler();

// This thread's scheduler, or nullptr when there is none (yet, or any more). Defined beside currentScheduler().
INTERLOOP_EXPORT Scheduler *existingScheduler() noexcept;

} // namespace interloop
