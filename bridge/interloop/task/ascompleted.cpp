// SPDX-License-Identifier: MIT
#include <interloop/task/ascompleted.h>

#include <interloop/task/deadlock.h>
#include <interloop/task/needs.h>
#include <interloop/task/taskstate.h>

#include <span>
#include <string>

namespace interloop {

CompletionQueue::CompletionQueue(std::size_t count) : m_members(new Member[count]) { }

CompletionQueue::~CompletionQueue()
{
    for (Member &member : std::span(m_members.get(), m_count)) {
        member.unlink();
        member.task->release();
    }
}

void CompletionQueue::add(TaskState &task)
{
    task.requireOwnThread("co_await");
    task.addReference();
    Member &member = m_members[m_count++];
    member.queue = this;
    member.task = &task;
    if (task.isDone()) {
        m_ended.append(member);
    } else {
        task.addWaiter(member);
        ++m_pending;
    }
}

void CompletionQueue::memberEnded(Member &member) noexcept
{
    m_ended.append(member);
    --m_pending;
    if (m_next)
        m_next->memberEnded();
}

// REQUIRES: there is one
const TaskState &CompletionQueue::firstPending() noexcept
{
    while (m_members[m_firstPending].task->isDone())
        ++m_firstPending;
    return *m_members[m_firstPending].task;
}

WaitOperation::Begun CompletionQueue::Next::begin()
{
    if (!m_queue.m_ended.isEmpty())
        return Begun::Ready;
    if (closesCircle(chain(), m_queue.firstPending())) // one that does not is enough, and 10,000 are not looked at
        refuseDeadlock(chain(), *this);
    m_queue.m_next = this;
    return Begun::Waiting;
}

std::size_t CompletionQueue::Next::await_resume()
{
    throwIfCancelled();
    ++m_queue.m_given;
    return std::size_t(static_cast<Member *>(&m_queue.m_ended.takeFirst()) - m_queue.m_members.get());
}

void CompletionQueue::Next::memberEnded() noexcept
{
    if (m_isAbandoned && m_queue.m_pending > 0)
        return;
    m_queue.m_next = nullptr;
    if (m_isAbandoned)
        completeCancelled();
    else
        complete();
}

// Waits for all of them then; for those that could only end after this wait it does not.
bool CompletionQueue::Next::abandon(CancelMode mode)
{
    m_isAbandoned = true;
    cancelMembers(mode);
    for (Member &member : std::span(m_queue.m_members.get(), m_queue.m_count)) {
        if (!member.task->isDone() && member.isLinked() && closesCircle(chain(), *member.task)) {
            member.unlink();
            --m_queue.m_pending;
        }
    }
    if (m_queue.m_pending > 0)
        return false;
    m_queue.m_next = nullptr;
    return true;
}

void CompletionQueue::Next::skip()
{
    cancelMembers(CancelMode::Polite);
}

void CompletionQueue::Next::cancelMembers(CancelMode mode)
{
    for (Member &member : std::span(m_queue.m_members.get(), m_queue.m_count)) {
        if (!member.task->isDone())
            member.task->cancel(chain().pendingCancel(), mode);
    }
}

void CompletionQueue::Next::collectNeeds(Needs &needs) const
{
    if (!m_isAbandoned)
        needs.setOf(Needs::Of::Any);
    for (const Member &member : std::span(m_queue.m_members.get(), m_queue.m_count)) {
        if (!member.task->isDone() && member.isLinked())
            needs.add(*member.task);
    }
}

std::string CompletionQueue::Next::describe() const
{
    for (const Member &member : std::span(m_queue.m_members.get(), m_queue.m_count)) {
        if (m_queue.m_pending == 1 && !member.task->isDone())
            return member.task->name();
    }
    return "the next of " + std::to_string(m_queue.m_pending) + " tasks";
}

} // namespace interloop
