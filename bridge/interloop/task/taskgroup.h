// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/spawn.h>
#include <interloop/task/task.h>

#include <source_location>
#include <string>
#include <utility>

/*
 * Tasks that end before the scope they were begun in does: asyncio's TaskGroup, Trio's nursery.
 *
 *     Store store;                      // children may use what was declared before the group
 *     TaskGroup group;
 *     group.spawn(fill(store), "fill");
 *     group.spawn(watch(store), "watch");
 *     co_await group.join();
 *
 * The first child that fails cancels its siblings, and `join` throws its exception when all have ended; later failures
 * go to the unhandled-error hook. A child that was cancelled has not failed, and leaves its siblings alone. Unlike
 * Trio's, the code between the first spawn and `join` is not cancelled by a failure: what waits long belongs into a
 * child.
 *
 * Leave a group by `join`. One that is left otherwise, by an exception or an early return, cancels its children and
 * waits for them on this stack, as runSync would, so that none of them touches what is gone; without an exception that
 * is warned about. A child that cannot end before the caller does - its own code is beneath this stack, or it waits for
 * the caller - is let go instead, and reported.
 */

namespace interloop {

class GroupMember;

// Belongs to one thread. May be made in plain code, too: `runSync(group.join())`.
class INTERLOOP_EXPORT TaskGroup
{
public:
    TaskGroup() noexcept;
    ~TaskGroup();
    TaskGroup(const TaskGroup &) = delete;
    TaskGroup &operator=(const TaskGroup &) = delete;

    // Spawns a child, like interloop::spawn; also while somebody waits in `join`, and after it. A group that is
    // cancelled cancels the child before it begins.
    template<typename T>
    TaskHandle<T> spawn(Task<T> task, std::string name = {},
                        std::source_location location = std::source_location::current())
    {
        TaskHandle<T> handle = interloop::spawn(std::move(task), std::move(name), location);
        add(handle.state());
        return handle;
    }

    // Waits until there is no child. Throws the first failure, again each time. May be awaited any number of times.
    // Starts: when awaited. Resumes: from the ready queue, when the last child has ended; at once when there is none.
    // Cancel: cancels the children, waits for all of them, and is thrown then, unless a child has failed; also when it
    // was pending already. Throws RunSyncError when a child could only end after the caller.
    Task<> join();

    // Cancels the children, and those that are spawned from now on. No failure: `join` waits, and returns.
    void cancel() { cancelChildren(Outcome::Cancelled, CancelMode::Polite); }

    // A child has failed, somebody was cancelled in `join`, or `cancel` was called.
    bool isCancelled() const noexcept { return m_cancelledAs != Outcome::Value; }

    // Children that have not ended.
    int taskCount() const noexcept { return m_count; }

private:
    friend class GroupMember;
    class Join;

    void add(TaskState &task);
    void memberEnded(GroupMember &member) noexcept;
    void remove(GroupMember &member) noexcept;
    void cancelChildren(Outcome outcome, CancelMode mode);
    Task<> unwind(Outcome outcome);
    void leave() noexcept;
    void letGoOfStuckMembers();
    void letGo(GroupMember &member, const std::exception_ptr &reason);
    std::string names() const;
    template<typename Function>
    void forEachMember(Function function) const;

    List<GroupMember> m_members; // in the order of their spawning
    List<Operation> m_joins; // awaits of `join`
    TaskState *m_failed = nullptr; // the first child that has failed, kept alive; nullptr: none has
    int m_count = 0;
    int m_exceptions; // in flight when the group was made, without those beneath the innermost wait on its stack
    Outcome m_cancelledAs = Outcome::Value; // Value: not cancelled
};

} // namespace interloop
