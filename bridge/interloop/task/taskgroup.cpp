// SPDX-License-Identifier: MIT
#include <interloop/task/taskgroup.h>

#include <interloop/task/chainscope.h>
#include <interloop/task/deadlock.h>
#include <interloop/task/errors.h>
#include <interloop/task/needs.h>
#include <interloop/task/syncframe.h>
#include <interloop/task/waitoperation.h>

#include <exception>

namespace interloop {

// One child: its place in the group, and in the list of those who wait for its end.
class GroupMember final : public ListNode
{
public:
    GroupMember(TaskGroup &group, TaskState &task) : task(task), m_end(group, *this)
    {
        task.addReference();
        task.addWaiter(m_end);
    }
    ~GroupMember()
    {
        unlink();
        m_end.unlink();
        task.release();
    }

    TaskState &task;

private:
    class End final : public Operation
    {
    public:
        End(TaskGroup &group, GroupMember &member) noexcept : m_group(group), m_member(member) { }
        void run() override { }
        void wake() override { m_group.memberEnded(m_member); }

    private:
        TaskGroup &m_group;
        GroupMember &m_member;
    };

    End m_end;
};

// One wait for the group's end. Once woken it no longer needs the group.
class TaskGroup::Join final : public WaitOperation
{
public:
    enum class Mode : unsigned char {
        Wait,
        Unwind, // cancels the children first
        Leave, // and lets go of those that could only end after the wait
    };

    explicit Join(TaskGroup &group) noexcept : m_group(group) { }
    Join(TaskGroup &group, Mode mode, Outcome outcome) noexcept : m_group(group), m_mode(mode), m_outcome(outcome) { }
    ~Join()
    {
        if (m_failed)
            m_failed->release();
    }

    void await_resume() const noexcept { }

    // Throws the first failure, else Cancelled when that is how the await ended.
    void rethrow() const
    {
        if (m_failed)
            m_failed->rethrowFailure();
        throwIfCancelled();
    }

    void wake() override
    {
        takeFailure();
        if (m_isAbandoned)
            completeCancelled();
        else
            complete();
    }

    bool isOpen() const noexcept override { return false; }
    void collectNeeds(Needs &needs) const override
    {
        m_group.forEachMember([&needs](const GroupMember &member) { needs.add(member.task); });
    }
    std::string describe() const override { return m_group.names(); }

private:
    Begun begin() override
    {
        if (m_mode != Mode::Wait)
            cancelChildren();
        if (m_group.m_count == 0) {
            takeFailure();
            return Begun::Ready;
        }
        if (m_mode != Mode::Leave)
            refuseDeadlock(chain(), *this);
        m_group.m_joins.append(*this);
        return Begun::Waiting;
    }

    // A child may wait for this very task, and must not do so any longer: it has to see that this task waits for it.
    void cancelChildren()
    {
        chain().setWaiting(this);
        m_group.cancelChildren(m_outcome, CancelMode::Polite);
        if (m_mode == Mode::Leave)
            m_group.letGoOfStuckMembers();
        chain().setWaiting(nullptr);
    }

    bool abandon(CancelMode mode) override
    {
        m_isAbandoned = true;
        m_group.cancelChildren(chain().pendingCancel(), mode);
        return false;
    }

    void skip() override { takeFailure(); }

    void takeFailure() noexcept
    {
        m_failed = m_group.m_failed;
        if (m_failed)
            m_failed->addReference();
    }

    TaskGroup &m_group;
    TaskState *m_failed = nullptr; // kept alive; nullptr: no child has failed
    Mode m_mode = Mode::Wait;
    Outcome m_outcome = Outcome::Cancelled; // for the children, unless m_mode is Wait
    bool m_isAbandoned = false; // cancelled: wait for all, then throw
};

// In the order of their spawning. `function` may remove its own.
template<typename Function>
void TaskGroup::forEachMember(Function function) const
{
    GroupMember *member = m_members.firstOrNull();
    while (member) {
        GroupMember *next = m_members.after(*member);
        function(*member);
        member = next;
    }
}

namespace {

// Exceptions in flight above the innermost wait on the stack that runs. What passes beneath it has begun elsewhere, and a
// coroutine may go on where it does not.
int exceptionsHere() noexcept
{
    const Scheduler *scheduler = existingScheduler();
    const SyncFrame *frame = scheduler ? scheduler->stack().topFrame() : nullptr;
    return std::uncaught_exceptions() - (frame ? frame->exceptionsBeneath() : 0);
}

} // namespace

TaskGroup::TaskGroup() noexcept : m_exceptions(exceptionsHere()) { }

TaskGroup::~TaskGroup()
{
    if (m_count > 0)
        leave();
    if (m_failed)
        m_failed->release(); // and, if nobody has seen its failure, it is reported
}

void TaskGroup::add(TaskState &task)
{
    try {
        m_members.append(*new GroupMember(*this, task));
    } catch (...) {
        task.cancel(Outcome::Cancelled);
        throw;
    }
    ++m_count;
    if (isCancelled())
        task.cancel(m_cancelledAs);
}

void TaskGroup::memberEnded(GroupMember &member) noexcept
{
    TaskState &task = member.task;
    member.unlink();
    if (!m_failed && task.outcome() != Outcome::Value && !task.isCancelled()) {
        m_failed = &task;
        task.addReference();
        cancelChildren(Outcome::Cancelled, CancelMode::Polite);
    }
    remove(member);
}

void TaskGroup::remove(GroupMember &member) noexcept
{
    delete &member;
    if (--m_count > 0)
        return;
    while (!m_joins.isEmpty())
        m_joins.takeFirst().wake();
}

void TaskGroup::cancelChildren(Outcome outcome, CancelMode mode)
{
    if (!isCancelled())
        m_cancelledAs = outcome;
    forEachMember([outcome, mode](GroupMember &member) { member.task.cancel(outcome, mode); });
}

Task<> TaskGroup::join()
{
    Chain &chain = *currentScheduler().currentChain();
    if (chain.isCancelPending()) {
        const Outcome outcome = chain.pendingCancel();
        const ChainScope shield(chain, ChainScope::Shield::Yes);
        Join unwound(*this, Join::Mode::Unwind, outcome);
        co_await inPlace(unwound);
    }
    Join wait(*this);
    co_await inPlace(wait);
    wait.rethrow();
}

Task<> TaskGroup::unwind(Outcome outcome)
{
    Join unwound(*this, Join::Mode::Leave, outcome);
    co_await inPlace(unwound);
}

// The scope is left, and there are children.
void TaskGroup::leave() noexcept
{
    Scheduler &scheduler = m_members.first().task.scheduler();
    if (exceptionsHere() <= m_exceptions) {
        const std::string are = m_count > 1 ? " are" : " is";
        const std::string text = names() + are + " cancelled and waited for on the stack";
        scheduler.report(Report::NotJoined, "a TaskGroup was left without join: " + text, nullptr);
    }
    const Chain *chain = scheduler.currentChain();
    const Outcome outcome = chain && chain->isCancelPending() ? chain->pendingCancel() : Outcome::Cancelled;
    Task<> wait;
    try {
        wait = unwind(outcome);
        scheduler.runNested(wait.handle().promise(), wait.handle());
    } catch (...) {
        wait.reset();
        cancelChildren(outcome, CancelMode::Polite);
        while (!m_members.isEmpty())
            letGo(m_members.first(), std::current_exception());
    }
}

// They could only end after whoever is about to wait for them.
void TaskGroup::letGoOfStuckMembers()
{
    const BlockingForm form = currentScheduler().wouldPark() ? BlockingForm::Parks : BlockingForm::Nests;
    forEachMember([this, form](GroupMember &member) {
        const std::string path = findBuried(member.task, form);
        if (!path.empty())
            letGo(member, std::make_exception_ptr(RunSyncError(Refusal::Deadlock, path)));
    });
}

void TaskGroup::letGo(GroupMember &member, const std::exception_ptr &reason)
{
    TaskState &task = member.task;
    task.scheduler().report(Report::UnhandledError, task.name() + " outlives the TaskGroup that it belongs to", reason);
    remove(member);
}

// "task 'a', task 'b' and 3 more"
std::string TaskGroup::names() const
{
    constexpr int maximumNames = 5;
    std::string text;
    int count = 0;
    forEachMember([&text, &count](const GroupMember &member) {
        if (count < maximumNames)
            text += (count++ ? ", " : "") + member.task.name();
    });
    return m_count > count ? text + " and " + std::to_string(m_count - count) + " more" : text;
}

} // namespace interloop
