// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/chain.h>
#include <interloop/task/task.h>

#include <atomic>
#include <memory>
#include <string>

/*
 * A spawned task: its chain, its name, its result, those who wait for it. Shared by the handles and by the running
 * task itself; the count is atomic, all else belongs to the task's thread.
 *
 * The coroutine is destroyed as soon as it has ended, so that its parameters go then and not with the last handle.
 * A failure that nobody has seen by the time the state dies is reported, with the task's name.
 */

namespace interloop {

class TaskState;

// A spawned task's place among its scheduler's tasks.
class TaskRegistration : public ListNode
{
public:
    TaskState &task() noexcept;
    const TaskState &task() const noexcept;

protected:
    TaskRegistration() noexcept = default;
    ~TaskRegistration() = default;
};

class INTERLOOP_EXPORT TaskState : public Chain, public TaskRegistration, private Operation
{
public:
    // Puts the task at the end of the ready queue. Takes the first reference.
    void schedule() noexcept;

    // Starts the task here and now instead: for bodies whose caller is no task. Takes the first reference.
    void startNow() noexcept;

    // False when it has ended already. Queues only.
    bool requestCancel(Outcome outcome, CancelMode mode = CancelMode::Polite);

    Outcome outcome() const noexcept { return m_outcome; } // how it ended; valid when isDone()
    bool isCancelled() const noexcept { return m_isCancelled; } // ended with Cancelled, whatever its outcome says
    const std::string &label() const noexcept; // empty: unnamed
    Kind kind() const noexcept override { return Kind::Task; }
    std::string name() const override;
    bool isStarted() const noexcept { return m_isStarted; }

    // `waiter` is woken, from the list, when the task has ended. REQUIRES: !isDone()
    void addWaiter(Operation &waiter) noexcept { m_waiters.append(waiter); }
    bool isAwaited() const noexcept override { return !m_waiters.isEmpty() || holdsWantedLocks(); }

    // Throws what the task threw, or Cancelled of what was awaited; does nothing when it has a value. The failure has
    // then reached somebody and needs no report any more. REQUIRES: isDone()
    void rethrowFailure();

    // As above, without the throw.
    void markSeen() noexcept { m_isSeen = true; }

    // Throws RunSyncError unless this thread's scheduler is the task's: `operation` names what was tried.
    void requireOwnThread(const char *operation) const;

    void addReference() noexcept { m_references.fetch_add(1, std::memory_order_relaxed); }
    void release() noexcept;

    using Chain::cancel;

protected:
    TaskState(Scheduler &scheduler, std::string label, std::source_location location);
    virtual ~TaskState() = default;

    virtual void start() = 0; // runs the coroutine
    virtual std::source_location origin() const noexcept = 0; // the coroutine's function; unknown once it has ended
    virtual Outcome takeResult() noexcept = 0; // moves the result here and destroys the coroutine
    virtual void discard(Outcome outcome) noexcept = 0; // destroys the coroutine unstarted; the result is Cancelled
    virtual std::exception_ptr failure() const noexcept = 0;

private:
    void run() final; // the task's start, from the ready queue
    void registerTask() noexcept;
    void ended() noexcept final;
    void finish(Outcome outcome) noexcept;

    std::shared_ptr<Mailbox> m_mailbox; // whose thread this belongs to, also after the scheduler's end
    List<Operation> m_waiters;
    std::atomic<int> m_references = 1; // the running task's own
    Outcome m_outcome = Outcome::Value;
    bool m_isStarted = false;
    bool m_isSeen = false;
    bool m_isCancelled = false;
};

inline TaskState &TaskRegistration::task() noexcept
{
    return static_cast<TaskState &>(*this);
}

inline const TaskState &TaskRegistration::task() const noexcept
{
    return static_cast<const TaskState &>(*this);
}

template<typename T>
class SpawnedTask final : public TaskState
{
public:
    // `location`: where it is spawned. REQUIRES: task.isValid()
    // Throws RunSyncError when nothing may begin here any more.
    static SpawnedTask *make(Task<T> task, std::string label, std::source_location location)
    {
        try {
            currentScheduler().requireOpen();
        } catch (...) {
            task.reset();
            throw;
        }
        return new SpawnedTask(currentScheduler(), std::move(task), std::move(label), location);
    }

    const Slot<T> &slot() const noexcept { return m_slot; }
    Slot<T> &slot() noexcept { return m_slot; }

private:
    SpawnedTask(Scheduler &scheduler, Task<T> task, std::string label, std::source_location location)
        : TaskState(scheduler, std::move(label), location), m_task(std::move(task))
    {
    }

    std::source_location origin() const noexcept override
    {
        return m_task.isValid() ? m_task.handle().promise().origin() : std::source_location();
    }

    void start() override { m_task.handle().promise().startRoot(m_task.handle(), *this); }

    Outcome takeResult() noexcept override
    {
        m_slot.moveFrom(m_task.handle().promise().slot());
        m_task.reset();
        return m_slot.hasValue() ? Outcome::Value : outcomeOf(m_slot.exception());
    }

    void discard(Outcome outcome) noexcept override;

    std::exception_ptr failure() const noexcept override { return m_slot.exception(); }

    Task<T> m_task; // empty once it has ended
    Slot<T> m_slot; // settled once it has ended
};

// The exception for a task that was cancelled before it began.
INTERLOOP_EXPORT std::exception_ptr makeCancelled(Outcome outcome) noexcept;

template<typename T>
void SpawnedTask<T>::discard(Outcome outcome) noexcept
{
    m_slot.setException(makeCancelled(outcome));
    m_task.reset();
}

} // namespace interloop
