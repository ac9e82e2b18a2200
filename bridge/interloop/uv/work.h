// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/slot.h>
#include <interloop/task/task.h>
#include <interloop/uv/pooljob.h>

#include <functional>
#include <memory>
#include <tuple>
#include <type_traits>

/*
 * CPU work and blocking calls on libuv's thread pool, which file and name requests share (four threads unless
 * UV_THREADPOOL_SIZE says otherwise).
 */

namespace interloop {

template<typename T, typename Function, typename... Arguments>
class ThreadJob final : public PoolJob
{
public:
    explicit ThreadJob(Function function, Arguments... arguments)
        : m_function(std::move(function)), m_arguments(std::move(arguments)...)
    {
        m_request.data = this;
    }

    std::string name() const override { return "a toThread job"; }
    T take() { return m_result.take(); }

private:
    int start(uv_loop_t *loop) override
    {
        const auto work = [](uv_work_t *request) { static_cast<ThreadJob *>(request->data)->execute(); };
        const auto done = [](uv_work_t *request, int) { static_cast<ThreadJob *>(request->data)->finished(); };
        return uv_queue_work(loop, &m_request, work, done);
    }
    uv_req_t *request() noexcept override { return reinterpret_cast<uv_req_t *>(&m_request); }

    void execute() noexcept // on a thread of the pool
    {
        try {
            if constexpr (std::is_void_v<T>) {
                std::apply(std::move(m_function), std::move(m_arguments));
                m_result.setValue();
            } else {
                m_result.setValue(std::apply(std::move(m_function), std::move(m_arguments)));
            }
        } catch (...) {
            m_result.setException(std::current_exception());
        }
    }

    Function m_function;
    std::tuple<Arguments...> m_arguments;
    Slot<T> m_result;
    uv_work_t m_request;
};

// What a job gives: its result, by value unless that is an lvalue reference.
template<typename Function, typename... Arguments>
class ThreadResult
{
    using Given = std::invoke_result_t<Function, Arguments...>;

public:
    using Type = std::conditional_t<std::is_lvalue_reference_v<Given>, Given, std::remove_cvref_t<Given>>;
};

// Calls `function(arguments...)` on a thread of the pool, as std::invoke does, and returns its result, or throws what it
// threw. All may be move-only. Function and arguments are moved into the job and used once, as rvalues; they, and the
// result, are destroyed on the bridge's thread.
// Starts: when awaited. Resumes: from the ready queue, on the bridge's thread. Cancel: ends the wait at once; a job
// that has begun runs on. Buffers: what the job refers to must live until it has ended; the bridge's end waits for it.
template<typename Function, typename... Arguments>
Task<typename ThreadResult<Function, Arguments...>::Type> toThread(Function function, Arguments... arguments)
{
    using T = typename ThreadResult<Function, Arguments...>::Type;
    using Job = ThreadJob<T, Function, Arguments...>;
    const std::shared_ptr<Job> job = std::make_shared<Job>(std::move(function), std::move(arguments)...);
    PoolJobWait wait(job);
    co_await inPlace(wait);
    co_return job->take();
}

} // namespace interloop
