// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/chainscope.h>
#include <interloop/task/scheduler.h>
#include <interloop/task/sourcelocation.h>

#include <coroutine>
#include <string>
#include <utility>

/*
 * One logical thread of control: a task and all the tasks it awaits directly, as one thing that runs, waits, is
 * cancelled and ends.
 *
 * A chain either runs (its code is on the stack), is ready, or waits for exactly one operation: `m_waiting`. That
 * pointer makes cancelling O(1). The stack stays flat: a coroutine that must go on after another one has suspended or
 * ended is left in `m_next`, and the base of the resume continues it.
 */

namespace interloop {

class ChainExtras;

class INTERLOOP_EXPORT Chain
{
public:
    Chain(const Chain &) = delete;
    Chain &operator=(const Chain &) = delete;

    Scheduler &scheduler() const noexcept { return *m_scheduler; }
    bool isDone() const noexcept { return m_isDone; }

    // What a chain is to its users.
    enum class Kind : unsigned char {
        Task, // spawned
        Wait, // what a blocking wait is for
        Slot, // plain code that waits and can be cancelled
    };
    virtual Kind kind() const noexcept = 0;

    // For messages: "task 'load'".
    virtual std::string name() const = 0;

    // Identity among the chains of this thread; of tasks, in the order in which they were spawned.
    std::uint32_t id() const noexcept { return m_id ? m_id : m_id = m_scheduler->nextTaskId(); }
    std::uint32_t parentId() const noexcept { return m_parentId; } // 0: begun by plain code

    // Where the chain awaits something, has last done so, or else where it was begun.
    const std::source_location &location() const noexcept { return m_location; }
    void setLocation(std::source_location location) noexcept { m_location = location; }

    // Made on first use.
    ChainExtras &extras() const { return m_extras ? *m_extras : makeExtras(); }
    bool hasExtras() const noexcept { return m_extras; }

    // Cancels everything the chain does, once: its outermost scope. Level-triggered: every further await throws.
    void cancel(Outcome outcome, CancelMode mode = CancelMode::Polite) { m_base.cancel(outcome, mode); }

    // How the chain was told to end, or Value when it was not.
    Outcome cancelledAs() const noexcept { return m_base.cancelledAs(); }

    // What the next await must throw, or Value when nothing is to be thrown (shields counted).
    Outcome pendingCancel() const noexcept { return m_pending; }
    bool isCancelPending() const noexcept { return m_pending != Outcome::Value; }

    // Runs `coroutine`, and whatever it hands over to, until the chain waits or ends.
    void resume(std::coroutine_handle<> coroutine)
    {
        if (m_scheduler->instrument()) [[unlikely]]
            return resumeWatched(coroutine);
        Run run(*this);
        runUntilItWaits(coroutine);
    }

    // What the chain waits for is over, and it is queued.
    void markScheduled() const noexcept
    {
        if (m_scheduler->instrument()) [[unlikely]]
            tellScheduled();
    }

    // `operation` is what the chain waits for from now on.
    void setWaiting(Operation *operation) noexcept { m_waiting = operation; }
    Operation *waiting() const noexcept { return m_waiting; }

    // The chain's code is on a stack, and where.
    bool isRunning() const noexcept { return m_isRunning; }
    StackPlace place() const noexcept { return StackPlace(m_runStack, m_runDepth); }

    // Whether somebody may wait for the chain: for its end, or for a lock it holds. A chain nobody waits for cannot close
    // a circle. REQUIRES: given locks are settled
    virtual bool isAwaited() const noexcept { return true; }

    // The chain's code on the stack, from construction to destruction: it is the scheduler's current chain.
    class Run
    {
    public:
        explicit Run(Chain &chain) noexcept : Run(chain, chain.m_scheduler->m_current) { }

        // `previous`: the current chain afterwards.
        Run(Chain &chain, Chain *previous) noexcept : m_chain(chain), m_previous(previous)
        {
            chain.m_scheduler->m_current = &chain;
            chain.m_runStack = &chain.m_scheduler->stack();
            chain.m_runDepth = chain.m_runStack->depth();
            chain.m_isRunning = true;
        }
        ~Run()
        {
            m_chain.m_isRunning = false;
            m_chain.m_scheduler->m_current = m_previous;
            if (m_chain.m_isDone) {
                m_chain.m_scheduler->givenLocks().settle(); // its coroutines may outlive it
                m_chain.ended(); // last: it may free the chain
            }
        }
        Run(const Run &) = delete;
        Run &operator=(const Run &) = delete;

    private:
        Chain &m_chain;
        Chain *m_previous;
    };

    // Tells who watches of a run: lives as long, but for its edges.
    class ToldStep
    {
    public:
        explicit ToldStep(Chain &chain) noexcept : m_chain(chain)
        {
            if (chain.m_scheduler->instrument()) [[unlikely]]
                chain.tellStepBegins();
        }
        ~ToldStep()
        {
            if (m_chain.m_scheduler->instrument()) [[unlikely]]
                m_chain.tellStepEnded();
        }
        ToldStep(const ToldStep &) = delete;
        ToldStep &operator=(const ToldStep &) = delete;

    private:
        Chain &m_chain;
    };

protected:
    explicit Chain(Scheduler &scheduler) : m_scheduler(&scheduler), m_base(*this)
    {
        if (scheduler.m_current || !scheduler.m_locals.isEmpty())
            inherit();
    }
    ~Chain()
    {
        if (m_extras) [[unlikely]]
            destroyExtras();
    }

    // The outermost coroutine has ended and the stack is back at the base of the resume. May destroy the chain.
    virtual void ended() noexcept { }

    void markDone() noexcept { m_isDone = true; }

    bool holdsWantedLocks() const noexcept;

    void tellExited() const noexcept; // REQUIRES: somebody watches

private:
    friend class BodyScopes;
    friend class ChainScope;
    friend class PromiseBase;

    void runUntilItWaits(std::coroutine_handle<> coroutine)
    {
        do {
            coroutine.resume();
            coroutine = std::exchange(m_next, {});
        } while (coroutine);
        if (m_scheduler->m_timesSteps)
            m_scheduler->stepEnded(*this);
    }

    void resumeWatched(std::coroutine_handle<> coroutine);
    void tellScheduled() const noexcept;
    void tellStepBegins() const noexcept;
    void tellStepEnded() noexcept;
    void inherit(); // from the running chain, or this thread's plain code
    ChainExtras &makeExtras() const;
    void destroyExtras() noexcept;

    Scheduler *m_scheduler;
    Operation *m_waiting = nullptr; // nullptr: running, ready, not started or done
    std::coroutine_handle<> m_next; // null: the base of the resume returns; other: it goes on with this one
    ChainScope *m_scope = &m_base; // the innermost scope
    mutable ChainExtras *m_extras = nullptr; // owned; nullptr: none
    std::source_location m_location;
    mutable std::uint32_t m_id = 0; // 0: nobody has asked
    std::uint32_t m_parentId = 0;
    const Stack *m_runStack = nullptr; // valid while m_isRunning, as m_runDepth
    int m_runDepth = 0;
    unsigned char m_inlineDepth = 0; // children started on top of each other in this resume
    bool m_isRunning = false;
    bool m_isDone = false;
    Outcome m_pending = Outcome::Value;
    ChainScope m_base;
};

} // namespace interloop
