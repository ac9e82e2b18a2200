// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/chain.h>
#include <interloop/task/promise.h>

#include <cstdlib>
#include <memory>

/*
 * The kernel without any loop: a ready queue that is drained by hand.
 */

namespace interloop::bench {

class BareScheduler final : public Scheduler
{
public:
    BareScheduler() : Scheduler(std::make_shared<Mailbox>([] { })) { }

    void drain()
    {
        setDraining(true);
        while (hasReady())
            runFirst();
        setDraining(false);
    }

    TimePoint now() const override { return std::chrono::steady_clock::now(); }
    void report(Report, const std::string &, std::exception_ptr) noexcept override { }
    void runNested(PromiseBase &, std::coroutine_handle<>) override { std::abort(); } // no benchmark leaves a group so

private:
    void wake() override { }
};

// Whom a task on the bare scheduler belongs to.
class BareChain final : public Chain
{
public:
    explicit BareChain(Scheduler &scheduler) noexcept : Chain(scheduler) { }
    Kind kind() const noexcept override { return Kind::Slot; }
    std::string name() const override { return "a benchmark"; }
};

// Runs `task` to its end. REQUIRES: nothing but the ready queue is needed for that
template<typename T>
void runBare(T task)
{
    BareScheduler scheduler;
    BareChain chain(scheduler);
    task.handle().promise().startRoot(task.handle(), chain);
    scheduler.drain();
}

} // namespace interloop::bench
