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
 * request that has not begun (libuv manual, "uv_cancel"). Its result is then destroyed later, on the loop's thread,
 * unless somebody waits for it again. A job is started once, by its first wait or by begin().
 */

namespace interloop {

class PoolJobWait;

class INTERLOOP_EXPORT PoolJob : public PoolWork
{
public:
    // Starts `self`, with nobody waiting. libuv's error code; the job is then over. REQUIRES: not started
    static int begin(std::shared_ptr<PoolJob> self, Pump &pump);

protected:
    PoolJob() noexcept = default;
    ~PoolJob() = default;

    // Queues the request on `loop`; libuv's error code. When it is done, `finished` must be called.
    virtual int start(uv_loop_t *loop) = 0;

    // What is cancelled when nobody waits any more; nullptr: nothing, the job has to run.
    virtual uv_req_t *request() noexcept = 0;

    // From the completion callback. Last call: may destroy the job.
    void finished() noexcept;

private:
    friend class PoolJobWait;
    enum class State : unsigned char { New, Running, Over };

    std::shared_ptr<PoolJob> m_self; // while the pool has it
    Pump *m_pump = nullptr;
    PoolJobWait *m_wait = nullptr; // nullptr: nobody waits, or any more
    State m_state = State::New;
};

class INTERLOOP_EXPORT PoolJobWait final : public WaitOperation
{
public:
    // Who starts a job that has not been started.
    enum class Start : unsigned char { Here, Elsewhere };

    explicit PoolJobWait(std::shared_ptr<PoolJob> job, Start start = Start::Here) noexcept
        : m_job(std::move(job)), m_start(start)
    {
    }
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
    Start m_start;
};

} // namespace interloop
