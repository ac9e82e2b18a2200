// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/waitoperation.h>

#include <memory>

/*
 * Waiting, in a test, until this thread's tasks have done all they can: every other task waits and nothing is ready.
 * Trio's wait_all_tasks_blocked.
 *
 *     const TaskHandle<> getter = spawn(get(queue));
 *     co_await waitUntilIdle(); // it waits for the queue now
 *
 * In a plain function: runSync(waitUntilIdle()).
 * Starts: nothing. Resumes: from the ready queue, when no task is ready, libuv has no callback to make, and Qt's posted
 * events have been delivered; all who wait for it together, and before a virtual clock jumps. What is in flight is not
 * waited for: a task that waits for a request, a job or a time waits. Cancel: at once.
 */

namespace interloop {

class Quiet;

class IdleAwaiter final : public WaitOperation
{
public:
    IdleAwaiter() noexcept = default;
    void await_resume() const { throwIfCancelled(); }
    void wake() override { complete(); }
    std::string describe() const override { return "everybody else to wait"; }

private:
    Begun begin() override;
    bool abandon(CancelMode mode) override;

    std::shared_ptr<Quiet> m_quiet; // null: not begun
};

class UntilIdle
{
public:
    using Value = void;
    using InterloopAwaitable = void;

    UntilIdle() noexcept = default; // declared: no aggregate (g++ 12 destroys temporaries of such types twice)
    IdleAwaiter operator co_await() const noexcept { return IdleAwaiter(); }
};

// Throws RunSyncError when this thread's bridge is about to end.
inline UntilIdle waitUntilIdle() noexcept
{
    return UntilIdle();
}

} // namespace interloop
