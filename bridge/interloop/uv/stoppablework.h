// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/waitoperation.h>

#include <uv.h>

#include <atomic>
#include <exception>

/*
 * Blocking steps on a thread of the pool that a cancellation stops between two of them. The wait ends when the work
 * has: whoever gets Cancelled knows that nothing more is done, and that what was done has been undone.
 */

namespace interloop {

class StoppableWork : public WaitOperation
{
public:
    // Throws Cancelled when the work was stopped, and what execute() threw otherwise.
    void await_resume() const;

protected:
    StoppableWork() noexcept { m_request.data = this; }
    ~StoppableWork() = default;

    // On a thread of the pool.
    virtual void execute() = 0;

    // Between two steps, in execute(): does not return when the wait was cancelled.
    void stopIfCancelled() const
    {
        if (m_isCancelled)
            throw Stopped();
    }

private:
    class Stopped
    {
    };

    Begun begin() final;
    bool abandon(CancelMode mode) final;
    void runInPool() noexcept;
    void finished(int status) noexcept;

    uv_work_t m_request;
    std::exception_ptr m_error;
    std::atomic<bool> m_isCancelled = false;
    bool m_isStopped = false; // for that reason it has ended early, or never begun
};

} // namespace interloop
