// SPDX-License-Identifier: MIT
#include <interloop/task/groupwait.h>

#include <interloop/task/deadlock.h>
#include <interloop/task/errors.h>
#include <interloop/task/taskstate.h>

#include <algorithm>
#include <span>

namespace interloop {

GroupWait::GroupWait(Until until, std::size_t count) : m_members(new Member[count]), m_until(until) { }

GroupWait::~GroupWait()
{
    for (Member &member : std::span(m_members.get(), m_count))
        member.task->release();
}

void GroupWait::add(TaskState &task)
{
    task.requireOwnThread("co_await");
    task.addReference();
    Member &member = m_members[m_count++];
    member.group = this;
    member.task = &task;
}

WaitOperation::Begun GroupWait::begin()
{
    const std::span members(m_members.get(), m_count);
    const auto closesCircle = [this](const Member &member) { return !findDeadlock(chain(), *member.task).empty(); };
    const bool isStuck = m_until == Until::FirstEnded
            ? m_count > 0 && std::all_of(members.begin(), members.end(), closesCircle)
            : std::any_of(members.begin(), members.end(), closesCircle);
    if (isStuck) {
        const auto stuck = std::find_if(members.begin(), members.end(), closesCircle);
        throw RunSyncError(Refusal::Deadlock, findDeadlock(chain(), *stuck->task));
    }
    m_pending = m_count;
    for (Member &member : members) {
        if (!member.task->isDone())
            member.task->addWaiter(member);
        else if (note(*member.task))
            break;
    }
    return isOver() ? Begun::Ready : Begun::Waiting;
}

void GroupWait::memberEnded(TaskState &task)
{
    note(task);
    if (!isOver())
        return;
    // Abandoned: a gather that has all its values anyway still has a result; a race has no winner any more.
    const auto hasValue = [](const Member &member) { return member.task->outcome() == Outcome::Value; };
    const std::span members(m_members.get(), m_count);
    if (m_isAbandoned && (m_until == Until::FirstEnded || !std::all_of(members.begin(), members.end(), hasValue)))
        completeCancelled();
    else
        complete();
}

// One more task has ended. True when that decides the wait.
bool GroupWait::note(TaskState &task)
{
    --m_pending;
    const bool decides = m_until == Until::FirstEnded
            || (m_until == Until::AllSucceeded && task.outcome() != Outcome::Value);
    if (!decides || m_isAbandoned)
        return false;
    m_decisive = &task;
    for (Member &member : std::span(m_members.get(), m_count))
        member.unlink();
    return true;
}

bool GroupWait::abandon(CancelMode mode)
{
    m_isAbandoned = true;
    cancelMembers(chain().pendingCancel(), mode);
    if (m_until == Until::FirstEnded)
        letGoOfStuckMembers();
    return isOver();
}

// A race may wait for tasks that wait for it, as long as another branch may win. Cancelled, it waits for all branches,
// and those could only end after it.
void GroupWait::letGoOfStuckMembers()
{
    for (Member &member : std::span(m_members.get(), m_count)) {
        if (member.isLinked() && !findDeadlock(chain(), *member.task).empty()) {
            member.unlink();
            --m_pending;
        }
    }
}

void GroupWait::skip()
{
    cancelMembers(chain().pendingCancel(), CancelMode::Polite);
}

void GroupWait::cancelMembers(Outcome outcome, CancelMode mode)
{
    for (Member &member : std::span(m_members.get(), m_count)) {
        if (!member.task->isDone())
            member.task->cancel(outcome, mode);
    }
}

void GroupWait::markSeenExcept(const TaskState *winner)
{
    for (Member &member : std::span(m_members.get(), m_count)) {
        if (member.task != winner)
            member.task->markSeen();
    }
}

void GroupWait::rethrowFailure() const
{
    if (m_decisive)
        m_decisive->rethrowFailure();
}

bool GroupWait::isStuckOn(DeadlockSearch &search)
{
    if (isOver())
        return false;
    return search.once(chain(), [&] {
        const std::span members(m_members.get(), m_count);
        const auto isStuck = [&search](const Member &member) { return search.isStuck(*member.task); };
        if (m_until == Until::FirstEnded && !m_isAbandoned)
            return std::all_of(members.begin(), members.end(), isStuck);
        const auto isAwaitedAndStuck = [&](const Member &member) { return member.isLinked() && isStuck(member); };
        return std::any_of(members.begin(), members.end(), isAwaitedAndStuck);
    });
}

} // namespace interloop
