// SPDX-License-Identifier: MIT
#include <interloop/uv/stoppablework.h>

#include <interloop/loop/bridge.h>
#include <interloop/loop/pump.h>
#include <interloop/task/errors.h>

namespace interloop {

WaitOperation::Begun StoppableWork::begin()
{
    Pump &pump = currentPump();
    const auto work = [](uv_work_t *request) { static_cast<StoppableWork *>(request->data)->runInPool(); };
    const auto done = [](uv_work_t *request, int status) {
        static_cast<StoppableWork *>(request->data)->finished(status);
    };
    uv_queue_work(pump.uvLoop(), &m_request, work, done); // fails only without a function
    pump.touch();
    return Begun::Waiting;
}

bool StoppableWork::abandon(CancelMode)
{
    m_isCancelled = true;
    uv_cancel(reinterpret_cast<uv_req_t *>(&m_request)); // in vain when it has begun; its callback comes either way
    return false;
}

void StoppableWork::runInPool() noexcept
{
    try {
        execute();
    } catch (const Stopped &) {
        m_isStopped = true;
    } catch (...) {
        m_error = std::current_exception();
    }
}

void StoppableWork::finished(int status) noexcept
{
    if (m_isStopped || status == UV_ECANCELED)
        completeCancelled();
    else
        complete();
}

void StoppableWork::await_resume() const
{
    throwIfCancelled();
    if (m_error)
        std::rethrow_exception(m_error);
}

} // namespace interloop
