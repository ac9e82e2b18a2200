// SPDX-License-Identifier: MIT
#include <interloop/task/groupwait.h>

#include <interloop/task/deadlock.h>
#include <interloop/task/needs.h>
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
    m_pending = m_count;
    for (Member &member : members) {
        if (!member.task->isDone())
            member.task->addWaiter(member);
        else if (note(*member.task))
            return Begun::Ready;
    }
    if (m_until == Until::AllUnwound) {
        // A member may wait for this very task, and must not do so any longer: it has to see that this task waits for it.
        chain().setWaiting(this);
        cancelMembers(Outcome::Cancelled, CancelMode::Polite);
        chain().setWaiting(nullptr);
    }
    try {
        refuseDeadlock(chain(), *this);
    } catch (...) {
        unlinkMembers();
        throw;
    }
    return isDecided() ? Begun::Ready : Begun::Waiting;
}

void GroupWait::unlinkMembers() noexcept
{
    for (Member &member : std::span(m_members.get(), m_count))
        member.unlink();
}

void GroupWait::memberEnded(TaskState &task)
{
    note(task);
    if (!isDecided())
        return;
    // Abandoned: a gather that has all its values anyway still has a result; a race has no winner any more.
    const auto hasValue = [](const Member &member) { return member.task->outcome() == Outcome::Value; };
    const std::span members(m_members.get(), m_count);
    if (m_isAbandoned && (m_until == Until::FirstEnded || !std::all_of(members.begin(), members.end(), hasValue)))
        completeCancelled();
    else
        complete();
}

// Whether `task` has ended in a way that ends the whole wait.
bool GroupWait::decides(const TaskState &task) const noexcept
{
    if (!task.isDone() || m_until == Until::AllEnded || m_until == Until::AllUnwound)
        return false;
    return m_until == Until::FirstEnded || task.outcome() != Outcome::Value;
}

// One more task has ended. True when that decides the wait.
bool GroupWait::note(TaskState &task)
{
    --m_pending;
    if (!decides(task) || m_isAbandoned)
        return false;
    m_decisive = &task;
    unlinkMembers();
    return true;
}

bool GroupWait::abandon(CancelMode mode)
{
    m_isAbandoned = true;
    cancelMembers(chain().pendingCancel(), mode);
    if (m_until == Until::FirstEnded)
        letGoOfStuckMembers();
    return isDecided();
}

// A race may wait for tasks that wait for it, as long as another branch may win. Cancelled, it waits for all branches,
// and those could only end after it.
void GroupWait::letGoOfStuckMembers()
{
    for (Member &member : std::span(m_members.get(), m_count)) {
        if (member.isLinked() && closesCircle(chain(), *member.task)) {
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

void GroupWait::collectNeeds(Needs &needs) const
{
    if (m_until == Until::FirstEnded && !m_isAbandoned)
        needs.setOf(Needs::Of::Any);
    for (const Member &member : std::span(m_members.get(), m_count)) {
        if (member.isLinked()) // has not ended, and was not let go
            needs.add(*member.task);
    }
}

std::string GroupWait::describe() const
{
    if (m_count == 1)
        return m_members[0].task->name();
    return (m_until == Until::FirstEnded ? "the first of " : "") + std::to_string(m_count) + " tasks";
}

} // namespace interloop
