// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/chain.h>
#include <interloop/task/deadlock.h>
#include <interloop/task/needs.h>

#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

/*
 * The search behind task/deadlock.h: collects everything that a new wait needs, then takes away what is free until
 * nothing changes. If the new wait is left, it is stuck.
 */

namespace interloop {

class DeadlockSearch
{
public:
    explicit DeadlockSearch(const Scheduler &scheduler) noexcept : m_scheduler(scheduler) { }

    // One of the two, once: `waiting` begins a wait that needs `needs`; or plain code begins a blocking wait for `target`.
    void waitOf(const Chain &waiting, const Needs &needs);
    void blockingWaitFor(const Chain &target, BlockingForm form);

    bool isStuck();

    // From the new wait, which is for `what`, along what is stuck until the circle is closed. REQUIRES: isStuck()
    std::string describe(const std::string &what) const;

private:
    using Index = std::size_t;

    class Node
    {
    public:
        explicit Node(Needs::Item item) noexcept : item(item) { }

        Needs::Item item; // a chain; or plain code, by its place
        Needs::Of of = Needs::Of::All;
        std::vector<Index> needs; // empty: free
        std::vector<Index> neededBy;
        std::size_t missing = 0; // needs that are not known to be free
        bool isFree = false;
    };

    class Hash
    {
    public:
        std::size_t operator()(const Needs::Item &item) const noexcept
        {
            return std::hash<const void *>()(item.chain ? item.chain : static_cast<const void *>(item.place.stack))
                    ^ std::size_t(item.place.depth);
        }
    };

    Index nodeOf(Needs::Item item);
    void connect(Index node, const Needs &needs);
    void expand(Index node);
    void expandEnded(Index node, const Chain &chain);
    void expandCode(Index node, StackPlace place, const Operation *wait);
    StackPlace placeOfEnded(const Chain &chain) const;
    bool isKeptByNewWait(StackPlace place) const;
    void free(Index node);
    std::string describeEdge(const Node &from, const Node &to, const std::string &what) const;
    static std::string nameOf(const Node &node);

    const Scheduler &m_scheduler;
    const Chain *m_waiting = nullptr; // nullptr: plain code waits
    const Chain *m_blockedOn = nullptr; // what plain code is about to wait for on the stack that runs
    BlockingForm m_form = BlockingForm::Nests; // valid with m_blockedOn
    std::vector<Node> m_nodes; // [0] is the new wait
    std::unordered_map<Needs::Item, Index, Hash> m_index;
    std::vector<Index> m_newlyFree;
};

} // namespace interloop
