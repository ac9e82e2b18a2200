// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/listnode.h>

/*
 * A stack that code of this thread runs on: the thread's own, or one that a loop can park while the code on it waits, so
 * that the thread goes on with other code meanwhile.
 *
 * The active stacks lie on top of each other: each on the one whose code started or resumed it, which goes on when it
 * is left, because its code has ended or is parked. The one on top runs. Those that are parked lie nowhere.
 */

namespace interloop {

class Chain;
class SyncFrame;

class Stack : public ListNode
{
public:
    Stack() noexcept = default;

    // The stack that this one lies on; nullptr: the thread's own, or not active.
    const Stack *beneath() const noexcept { return m_beneath; }

    // The innermost of the blocking waits on it, or nullptr; and how many there are.
    SyncFrame *topFrame() const noexcept { return m_topFrame; }
    int depth() const noexcept { return m_depth; }

    // Its code waits, and nothing lies on top of it.
    bool isParked() const noexcept { return isLinked(); }

protected:
    ~Stack() = default;

private:
    friend class Scheduler;
    friend class SyncFrame;

    Stack *m_beneath = nullptr;
    SyncFrame *m_topFrame = nullptr;
    SyncFrame *m_bottomFrame = nullptr; // valid with m_topFrame
    Chain *m_current = nullptr; // whose code runs on it, while other stacks lie on top of it or it is parked
    int m_depth = 0;
};

// The thread's own.
class OwnStack final : public Stack
{
};

// Where code lies: on which stack, and how many of its blocking waits lie beneath the code.
class StackPlace
{
public:
    StackPlace() noexcept = default;
    StackPlace(const Stack *stack, int depth) noexcept : stack(stack), depth(depth) { }
    bool operator==(const StackPlace &) const noexcept = default;

    const Stack *stack = nullptr; // nullptr: nowhere
    int depth = 0;
};

} // namespace interloop
