// SPDX-License-Identifier: MIT
#include <interloop/task/deadlock.h>

#include <interloop/task/syncframe.h>

namespace interloop {

bool DeadlockSearch::isStuck(const Chain &first)
{
    const std::size_t length = m_path.size();
    const bool found = follow(first);
    if (!found)
        m_path.resize(length);
    return found;
}

// A loop along waits for one chain each, so that a long queue of waiters needs no stack.
bool DeadlockSearch::follow(const Chain &first)
{
    for (const Chain *chain = &first; chain;) {
        m_path.push_back(chain);
        if (chain == m_goal)
            return true;
        if (chain->isDone())
            return false;
        if (chain->isRunning())
            return !m_goal || isBuriedUnderStuckFrame(*chain);
        Operation *waiting = chain->waiting();
        if (!waiting)
            return false;
        chain = waiting->awaitedChain();
        if (!chain)
            return waiting->isStuckOn(*this);
    }
    return false;
}

bool DeadlockSearch::isBuriedUnderStuckFrame(const Chain &chain)
{
    return once(chain, [&] {
        const SyncFrame *frame = chain.scheduler().topFrame();
        for (; frame && frame->depth() > chain.runDepth(); frame = frame->below()) {
            if (isStuck(*frame->target()))
                return true;
        }
        return false;
    });
}

namespace {

std::string describe(const std::vector<const Chain *> &path)
{
    std::string text;
    for (const Chain *chain : path)
        text += (text.empty() ? "" : ", which") + std::string(" waits for ") + chain->name();
    return text;
}

} // namespace

std::string findDeadlock(const Chain &waiting, const Chain &target)
{
    if (&waiting != &target && !waiting.isAwaited())
        return {};
    DeadlockSearch search(&waiting);
    return search.isStuck(target) ? waiting.name() + describe(search.path()) : std::string();
}

std::string findBuried(const Chain &target)
{
    DeadlockSearch search(nullptr);
    return search.isStuck(target) ? describe(search.path()) : std::string();
}

} // namespace interloop
