// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/loop/pump.h>
#include <interloop/task/waitoperation.h>

#include <uv.h>

#include <memory>

/*
 * A request that libuv's thread pool runs, and the wait for it.
 *
 * The job owns all the pool touches, so a cancelled wait ends at once while the job runs on: libuv can only cancel a
 * request that has not begun (libuv manual, "uv_cancel"). Its result is then destroyed later, on the loop's thread.
 */

namespace interloop {

class PoolJobWait;

class INTERLOOP_EXPORT PoolJob : public PoolWork
{
protected:
    PoolJob() noexcept = default;
    ~PoolJob() = default;

    // Queues the request on `loop`; libuv's error code. When it is done, `finished` must be called.
    virtual int start(uv_loop_t *loop) = 0;
    virtual uv_req_t *request() noexcept = 0;

    // From the completion callback. Last call: may destroy the job.
    void finished() noexcept;

private:
    friend class PoolJobWait;

    std::shared_ptr<PoolJob> m_self; // while the pool has it
    Pump *m_pump = nullptr;
    PoolJobWait *m_wait = nullptr; // nullptr: nobody waits any more
};

class INTERLOOP_EXPORT PoolJobWait final : public WaitOperation
{
public:
    explicit PoolJobWait(std::shared_ptr<PoolJob> job) noexcept : m_job(std::move(job)) { }
    ~PoolJobWait() = default;

    // Throws std::system_error when the pool did not take the job.
    void await_resume() const;
    std::string describe() const override { return m_job->name(); }

private:
    friend class PoolJob;
    Begun begin() override;
    bool abandon(CancelMode mode) override;

    std::shared_ptr<PoolJob> m_job;
    int m_error = 0;
};

} // namespace interloop
