// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/waitoperation.h>

#include <cstddef>
#include <memory>

/*
 * Waiting for several spawned tasks at once: the untyped body of gather, gatherResults and race.
 */

namespace interloop {

class TaskState;

class INTERLOOP_EXPORT GroupWait final : public WaitOperation
{
public:
    enum class Until : unsigned char {
        AllEnded,
        AllSucceeded, // or the first one has failed
        FirstEnded,
        AllUnwound, // cancels them first
    };

    GroupWait(Until until, std::size_t count);
    ~GroupWait();

    // Before the await; in the order of the arguments. Keeps the task's state alive.
    void add(TaskState &task);

    // Throws Cancelled when the wait was cancelled; all the tasks have ended then.
    void await_resume() const { throwIfCancelled(); }

    // The task that ended the wait: the first failure, or the first to end; nullptr when all have succeeded.
    TaskState *decisive() const noexcept { return m_decisive; }

    // Cancels, in order, the tasks that have not ended.
    void cancelMembers(Outcome outcome, CancelMode mode);

    // Failures of all tasks but `winner` need no report.
    void markSeenExcept(const TaskState *winner);

    // Throws what the decisive task threw; does nothing when there is none or it has a value.
    void rethrowFailure() const;

    bool isOpen() const noexcept override { return false; }
    void collectNeeds(Needs &needs) const override;
    std::string describe() const override;

private:
    // One task's end.
    class Member final : public Operation
    {
    public:
        void run() override { }
        void wake() override { group->memberEnded(*task); }

        GroupWait *group = nullptr;
        TaskState *task = nullptr;
    };

    Begun begin() override;
    void unlinkMembers() noexcept;
    bool abandon(CancelMode mode) override;
    void skip() override;
    void letGoOfStuckMembers();
    void memberEnded(TaskState &task);
    bool note(TaskState &task);
    bool decides(const TaskState &task) const noexcept;
    bool isDecided() const noexcept { return m_decisive || m_pending == 0; }

    std::unique_ptr<Member[]> m_members; // [0, m_count) are in use
    std::size_t m_count = 0;
    TaskState *m_decisive = nullptr;
    std::size_t m_pending = 0; // tasks that have not ended
    Until m_until;
    bool m_isAbandoned = false; // cancelled: wait for all, whatever they end with
};

} // namespace interloop
