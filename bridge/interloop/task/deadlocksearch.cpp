// SPDX-License-Identifier: MIT
#include <interloop/task/deadlocksearch.h>

#include <interloop/task/syncframe.h>

#include <algorithm>

namespace interloop {

namespace {

// The place of no code on a stack: of that which is about to wait.
constexpr int topOfStack = -1;

// "task 'a' waits for mutex 'm' (task 'b') at main.cpp:3"
std::string describeWait(const Chain &chain, const std::string &what, const std::string &target)
{
    const std::string name = chain.name();
    const std::string location = toString(chain.location());
    const bool isTold = location.empty() || name.find(location) != name.npos; // a blocking wait is named after its place
    return name + " waits for " + (what == target ? what : what + " (" + target + ')') + (isTold ? "" : " at " + location);
}

} // namespace

void DeadlockSearch::waitOf(const Chain &waiting, const Needs &needs)
{
    m_waiting = &waiting;
    connect(nodeOf(Needs::Item(&waiting, StackPlace())), needs);
    for (Index node = 1; node < m_nodes.size(); ++node)
        expand(node);
}

void DeadlockSearch::blockingWaitFor(const Chain &target, BlockingForm form)
{
    m_blockedOn = &target;
    m_form = form;
    Needs needs;
    needs.add(target);
    connect(nodeOf(Needs::Item(nullptr, StackPlace(nullptr, topOfStack))), needs);
    for (Index node = 1; node < m_nodes.size(); ++node)
        expand(node);
}

DeadlockSearch::Index DeadlockSearch::nodeOf(Needs::Item item)
{
    const auto [found, isNew] = m_index.try_emplace(item, m_nodes.size());
    if (isNew)
        m_nodes.emplace_back(item);
    return found->second;
}

void DeadlockSearch::connect(Index node, const Needs &needs)
{
    if (needs.isOpen()) {
        m_newlyFree.push_back(node);
        return;
    }
    for (const Needs::Item &item : needs.items()) {
        const Index needed = nodeOf(item);
        m_nodes[node].needs.push_back(needed);
        m_nodes[needed].neededBy.push_back(node);
    }
    m_nodes[node].of = needs.of();
    m_nodes[node].missing = needs.items().size();
}

void DeadlockSearch::expand(Index node)
{
    const Needs::Item item = m_nodes[node].item;
    if (!item.chain) {
        expandCode(node, item.place, nullptr);
        return;
    }
    const Chain &chain = *item.chain;
    if (chain.isDone()) {
        expandEnded(node, chain);
    } else if (chain.isRunning()) {
        expandCode(node, chain.place(), chain.waiting());
    } else if (const Operation *wait = chain.waiting(); wait && !wait->isOver()) {
        Needs needs;
        wait->collectNeeds(needs);
        connect(node, needs);
    } else {
        m_newlyFree.push_back(node);
    }
}

// The wait that it is for may be held back, and what the task has returned is out of reach until that returns.
void DeadlockSearch::expandEnded(Index node, const Chain &chain)
{
    if (const StackPlace place = placeOfEnded(chain); place.stack)
        expandCode(node, place, nullptr);
    else
        m_newlyFree.push_back(node);
}

// Of the blocking wait that `chain` is the target of. None: there is none, or it returns at once as it was parked.
StackPlace DeadlockSearch::placeOfEnded(const Chain &chain) const
{
    if (chain.kind() != Chain::Kind::Wait)
        return StackPlace();
    const SyncFrame *frame = m_scheduler.topFrame();
    while (frame && frame->target() != &chain)
        frame = frame->below();
    return frame ? StackPlace(&frame->stack(), frame->index()) : StackPlace();
}

// Code goes on when every blocking wait on top of it has returned, and when what it begins to wait for has come.
void DeadlockSearch::expandCode(Index node, StackPlace place, const Operation *wait)
{
    Needs needs;
    if (wait && !wait->isOver())
        wait->collectNeeds(needs);
    forEachWaitOnTop(m_scheduler, place, [&needs](const SyncFrame &frame) { needs.add(*frame.target()); });
    if (m_blockedOn && isKeptByNewWait(place))
        needs.add(*m_blockedOn);
    connect(node, needs);
}

bool DeadlockSearch::isKeptByNewWait(StackPlace place) const
{
    return place.stack == &m_scheduler.stack() || (m_form == BlockingForm::Nests && m_scheduler.isActive(*place.stack));
}

bool DeadlockSearch::isStuck()
{
    while (!m_newlyFree.empty()) {
        const Index node = m_newlyFree.back();
        m_newlyFree.pop_back();
        free(node);
    }
    return !m_nodes.front().isFree;
}

void DeadlockSearch::free(Index node)
{
    if (m_nodes[node].isFree)
        return;
    m_nodes[node].isFree = true;
    for (const Index by : m_nodes[node].neededBy) {
        Node &needing = m_nodes[by];
        if (--needing.missing == 0 || needing.of == Needs::Of::Any)
            m_newlyFree.push_back(by);
    }
}

std::string DeadlockSearch::describe(const std::string &what) const
{
    std::vector<Index> path;
    std::vector<bool> isVisited(m_nodes.size());
    Index node = 0;
    while (!isVisited[node]) {
        isVisited[node] = true;
        path.push_back(node);
        const auto &needs = m_nodes[node].needs;
        node = *std::find_if(needs.begin(), needs.end(), [this](Index need) { return !m_nodes[need].isFree; });
    }
    path.push_back(node);

    constexpr std::size_t shown = 8; // at each end of a long line
    const std::size_t count = path.size() - 1;
    std::string text;
    for (std::size_t edge = 0; edge < count; ++edge) {
        if (count > 2 * shown && edge == shown) {
            text += "; " + std::to_string(count - 2 * shown) + " more";
            edge = count - shown;
        }
        text += (text.empty() ? "" : "; ") + describeEdge(m_nodes[path[edge]], m_nodes[path[edge + 1]], what);
    }
    return text;
}

// Besides waits: "task 'b' blocks in runSync at depth 1 (main.cpp:9)".
std::string DeadlockSearch::describeEdge(const Node &from, const Node &to, const std::string &what) const
{
    const std::string target = nameOf(to);
    const Chain *chain = from.item.chain;
    if (&from == &m_nodes.front())
        return m_waiting ? describeWait(*m_waiting, what, target) : "runSync waits for " + what;
    if (chain && !chain->isRunning() && !chain->isDone())
        return describeWait(*chain, chain->waiting()->describe(), target);
    const StackPlace place = !chain ? from.item.place : chain->isRunning() ? chain->place() : placeOfEnded(*chain);
    const SyncFrame *frame = nullptr; // directly on top of the code
    forEachWaitOnTop(m_scheduler, place, [&frame](const SyncFrame &wait) { frame = &wait; });
    if (!frame)
        return nameOf(from) + " is on the stack beneath that runSync";
    return nameOf(from) + (chain && chain->isDone() ? " has ended beneath " : " blocks in ") + frame->target()->name()
            + (frame->target() == to.item.chain ? "" : ", beneath " + target);
}

std::string DeadlockSearch::nameOf(const Node &node)
{
    return node.item.chain ? node.item.chain->name() : std::string("plain code");
}

} // namespace interloop
