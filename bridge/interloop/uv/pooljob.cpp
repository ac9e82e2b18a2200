// SPDX-License-Identifier: MIT
#include <interloop/uv/pooljob.h>

#include <interloop/loop/bridge.h>
#include <interloop/task/errors.h>

#include <stdexcept>

namespace interloop {

int PoolJob::begin(std::shared_ptr<PoolJob> self, Pump &pump)
{
    PoolJob &job = *self;
    const int error = job.start(pump.uvLoop());
    job.m_state = error ? State::Over : State::Running;
    if (error)
        return error;
    job.m_pump = &pump;
    job.m_self = std::move(self);
    pump.poolWork().append(job);
    pump.touch();
    return 0;
}

void PoolJob::finished() noexcept
{
    unlink();
    m_state = State::Over;
    std::shared_ptr<PoolJob> self = std::move(m_self);
    if (m_wait)
        std::exchange(m_wait, nullptr)->complete();
    else
        postCall(*m_pump, [self = std::move(self)] { }); // its destructors are the user's code: not inside uv_run
}

WaitOperation::Begun PoolJobWait::begin()
{
    if (m_job->m_wait)
        throw std::logic_error(m_job->name() + ": another task is waiting for it");
    if (m_job->m_state == PoolJob::State::New && m_start == Start::Here)
        m_error = PoolJob::begin(m_job, currentPump());
    if (m_job->m_state == PoolJob::State::Over)
        return Begun::Ready;
    m_job->m_wait = this;
    return Begun::Waiting;
}

bool PoolJobWait::abandon(CancelMode)
{
    m_job->m_wait = nullptr;
    if (uv_req_t *request = m_job->request(); request && m_job->m_state == PoolJob::State::Running)
        uv_cancel(request); // in vain when it has begun; its callback comes either way
    return true;
}

void PoolJobWait::await_resume() const
{
    throwIfCancelled();
    if (m_error)
        throw uvError(m_error, m_job->name());
}

} // namespace interloop
