// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/listnode.h>
#include <interloop/task/result.h>

#include <coroutine>
#include <string>

/*
 * The one thing a coroutine is waiting for: ready-queue node, waiter-list node and cancel target in one base.
 *
 * An operation lives where its coroutine lives and is never copied or freed while something may still complete it. It
 * goes through its life once: begun, then completed (by `complete` or by `cancel`), then run from the ready queue,
 * which resumes its chain. Completing only queues, so it is allowed inside a raw libuv callback.
 */

namespace interloop {

class Chain;
class Needs;

// How a cancellation treats `shield`.
enum class CancelMode : unsigned char {
    Polite, // stops at a shield
    Forced, // goes through shields: the bridge ends and its time is up
};

class INTERLOOP_EXPORT Operation : public ListNode
{
public:
    // Continues what waited. Called once, from the ready queue, already taken out of it.
    virtual void run() = 0;

    // Those that say yes run in the order in which they became ready, whatever order tests ask for.
    virtual bool keepsOrder() const noexcept { return false; }

    // What this waited for, in somebody's list of waiters, has come; already taken out of that list.
    virtual void wake() { }

    // Asks the wait to end early. It may end at once or later, with `Cancelled` or with a result that came first.
    virtual void cancel(CancelMode) { }

    // What is waited for, behind the words "waits for": "a timer", "mutex 'cache'".
    virtual std::string describe() const { return "an operation"; }

    // The wait is over, and its chain is about to go on.
    virtual bool isOver() const noexcept { return false; }

    // The one chain whose end this waits for, or nullptr.
    virtual const Chain *awaitedChain() const noexcept { return nullptr; }

    // Plainly, an outsider may end it. False: collectNeeds() tells.
    virtual bool isOpen() const noexcept { return !awaitedChain(); }

    // What must happen before the wait can end. Unless told: awaitedChain(), else an outsider may end it.
    virtual void collectNeeds(Needs &needs) const;

protected:
    Operation() noexcept = default;
    ~Operation() = default;
};

} // namespace interloop
