// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/chain.h>

#include <string>
#include <vector>

/*
 * Finds waits that could only end after themselves.
 *
 * The graph: a chain that waits for a task needs that task; a chain whose code is on the stack can go on only after
 * every frame above it has returned, so it needs the targets of all those frames. Only waits that nobody outside can
 * end count; a socket, a timer, a Future may always come.
 */

namespace interloop {

class DeadlockSearch
{
public:
    // `goal`: nullptr stands for every chain whose code is on the stack.
    explicit DeadlockSearch(const Chain *goal) noexcept : m_goal(goal) { }

    // Whether `chain` can only go on after the goal has.
    bool isStuck(const Chain &chain);

    // The chains on the way to the goal, nearest first.
    const std::vector<const Chain *> &path() const noexcept { return m_path; }

private:
    bool follow(const Chain &first);
    bool isBuriedUnderStuckFrame(const Chain &chain);

    const Chain *m_goal;
    std::vector<const Chain *> m_path;
    std::vector<const Chain *> m_visited; // only chains with code on the stack can be met twice: few
};

// The circle that `waiting` would close by waiting for `target`, as "a -> b -> a"; empty when there is none.
std::string findDeadlock(const Chain &waiting, const Chain &target);

// The chain of waits by which `target` needs code that is on the stack, and which a wait on top of that stack would
// keep from going on; empty when there is none.
std::string findBuried(const Chain &target);

} // namespace interloop
