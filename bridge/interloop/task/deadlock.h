// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/chain.h>

#include <string>
#include <unordered_map>
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

    // What `search` says about `chain`, asked once: many ways may lead to a chain, and a legal circle back to it. While
    // it is being asked the answer is no.
    template<typename Function>
    bool once(const Chain &chain, Function search)
    {
        const auto [known, isNew] = m_answers.try_emplace(&chain, false);
        if (!isNew)
            return known->second;
        const bool answer = search();
        m_answers[&chain] = answer;
        return answer;
    }

    // The chains on the way to the goal, nearest first.
    const std::vector<const Chain *> &path() const noexcept { return m_path; }

private:
    bool follow(const Chain &first);
    bool isBuriedUnderStuckFrame(const Chain &chain);

    const Chain *m_goal;
    std::vector<const Chain *> m_path;
    std::unordered_map<const Chain *, bool> m_answers; // of chains that need several others
};

// The circle that `waiting` would close by waiting for `target`, as "a -> b -> a"; empty when there is none.
std::string findDeadlock(const Chain &waiting, const Chain &target);

// The chain of waits by which `target` needs code that is on the stack, and which a wait on top of that stack would
// keep from going on; empty when there is none.
std::string findBuried(const Chain &target);

} // namespace interloop
