// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/errors.h>
#include <interloop/task/scheduler.h>

#include <exception>
#include <utility>

/*
 * A plain function in the ready queue. What it throws goes to the unhandled-error hook, except Cancelled: a wait of its
 * that was ended.
 */

namespace interloop {

template<typename Function>
class PostedCall final : public Operation
{
public:
    PostedCall(Scheduler &scheduler, Function function) : m_scheduler(scheduler), m_function(std::move(function)) { }

    bool keepsOrder() const noexcept override { return true; }

    void run() override
    {
        try {
            m_function();
        } catch (const Cancelled &) {
        } catch (...) {
            m_scheduler.report(Report::UnhandledError, "a posted function threw", std::current_exception());
        }
        delete this;
    }

private:
    Scheduler &m_scheduler;
    Function m_function;
};

// Queues `function()`, allowed inside a raw libuv callback.
template<typename Function>
void postCall(Scheduler &scheduler, Function function)
{
    scheduler.post(*new PostedCall<Function>(scheduler, std::move(function)));
}

} // namespace interloop
