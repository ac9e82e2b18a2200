// SPDX-License-Identifier: MIT
#include <interloop/task/introspection.h>

#include <interloop/task/syncframe.h>
#include <interloop/task/taskstate.h>

#include <unordered_map>

namespace interloop {

namespace {

TaskStatus statusOf(const Chain &chain)
{
    if (chain.isRunning())
        return TaskStatus::Running;
    if (const Operation *wait = chain.waiting())
        return wait->isOver() ? TaskStatus::Ready : TaskStatus::Waiting;
    if (chain.kind() == Chain::Kind::Task && !static_cast<const TaskState &>(chain).isStarted())
        return TaskStatus::Created;
    return TaskStatus::Ready;
}

} // namespace

const char *nameOf(TaskStatus status) noexcept
{
    switch (status) {
    case TaskStatus::Created:
        return "not started";
    case TaskStatus::Ready:
        return "ready";
    case TaskStatus::Running:
        return "running";
    case TaskStatus::Waiting:
        return "waiting";
    }
    return "unknown";
}

TaskInfo::TaskInfo(const Chain &chain)
    : m_id(chain.id()), m_parentId(chain.parentId()), m_description(chain.name()), m_location(chain.location()),
      m_status(statusOf(chain)), m_isCancelled(chain.cancelledAs() != Outcome::Value)
{
    if (chain.kind() == Chain::Kind::Task)
        m_name = static_cast<const TaskState &>(chain).label();
    if (const Operation *wait = chain.waiting(); wait && m_status != TaskStatus::Ready)
        m_awaiting = wait->describe();
}

std::string TaskInfo::toString() const
{
    if (m_id == 0)
        return "no task";
    std::string text = m_description + ": ";
    if (m_status == TaskStatus::Waiting)
        text += "waits for " + m_awaiting;
    else if (m_status == TaskStatus::Running && !m_awaiting.empty())
        text += "blocks in " + m_awaiting;
    else
        text += interloop::nameOf(m_status);
    return text + atLocation(m_location) + (m_isCancelled ? ", being cancelled" : "");
}

TaskInfo currentTask()
{
    const Scheduler *here = existingScheduler();
    const Chain *chain = here ? here->callingChain() : nullptr;
    return chain && chain->kind() != Chain::Kind::Slot ? TaskInfo(*chain) : TaskInfo();
}

std::vector<TaskInfo> allTasks()
{
    std::vector<TaskInfo> all;
    const Scheduler *here = existingScheduler();
    if (!here)
        return all;
    for (const SyncFrame *frame = here->topFrame(); frame; frame = frame->below())
        all.insert(all.begin(), TaskInfo(*frame->target()));
    for (const Stack *stack = here->parkedStacks().firstOrNull(); stack; stack = here->parkedStacks().after(*stack)) {
        const auto first = std::ptrdiff_t(all.size());
        for (const SyncFrame *frame = stack->topFrame(); frame; frame = frame->belowOnStack())
            all.insert(all.begin() + first, TaskInfo(*frame->target()));
    }
    for (const TaskRegistration *task = here->tasks().firstOrNull(); task; task = here->tasks().after(*task))
        all.emplace_back(task->task());
    return all;
}

std::string dumpTasks()
{
    const std::vector<TaskInfo> all = allTasks();
    std::unordered_map<std::uint32_t, std::vector<const TaskInfo *>> children;
    std::unordered_map<std::uint32_t, bool> isListed;
    for (const TaskInfo &task : all)
        isListed[task.id()] = true;
    for (const TaskInfo &task : all)
        children[isListed.contains(task.parentId()) ? task.parentId() : 0].push_back(&task);

    // Depth first by hand: a line of tasks that spawned each other may be long.
    std::string text = std::to_string(all.size()) + (all.size() == 1 ? " task\n" : " tasks\n");
    std::vector<std::pair<const TaskInfo *, std::size_t>> stack; // with its depth in the tree
    const auto push = [&](std::uint32_t parent, std::size_t depth) {
        const auto &tasks = children[parent];
        for (auto task = tasks.rbegin(); task != tasks.rend(); ++task)
            stack.emplace_back(*task, depth);
    };
    push(0, 0);
    while (!stack.empty()) {
        const auto [task, depth] = stack.back();
        stack.pop_back();
        text += std::string(2 * depth, ' ') + "- " + task->toString() + '\n';
        push(task->id(), depth + 1);
    }
    return text;
}

} // namespace interloop
