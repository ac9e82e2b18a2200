// SPDX-License-Identifier: MIT
#include <interloop/uv/pooljob.h>

#include <interloop/loop/bridge.h>
#include <interloop/task/errors.h>

namespace interloop {

void PoolJob::finished() noexcept
{
    unlink();
    std::shared_ptr<PoolJob> self = std::move(m_self);
    if (m_wait)
        std::exchange(m_wait, nullptr)->complete();
    else
        postCall(*m_pump, [self = std::move(self)] { }); // its destructors are the user's code: not inside uv_run
}

WaitOperation::Begun PoolJobWait::begin()
{
    Pump &pump = currentPump();
    m_error = m_job->start(pump.uvLoop());
    if (m_error)
        return Begun::Ready;
    m_job->m_pump = &pump;
    m_job->m_self = m_job;
    m_job->m_wait = this;
    pump.poolWork().append(*m_job);
    pump.touch();
    return Begun::Waiting;
}

bool PoolJobWait::abandon(CancelMode)
{
    m_job->m_wait = nullptr;
    uv_cancel(m_job->request()); // in vain when it has begun; its callback comes either way
    return true;
}

void PoolJobWait::await_resume() const
{
    throwIfCancelled();
    if (m_error)
        throw uvError(m_error, m_job->name());
}

} // namespace interloop
