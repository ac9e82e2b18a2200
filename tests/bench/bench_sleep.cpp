// SPDX-License-Identifier: MIT
//
// Beginning and giving up a timed wait while many others are pending.

#include "bareloop.h"

#include <interloop/loop/pump.h>
#include <interloop/loop/runsync.h>
#include <interloop/task/sleep.h>
#include <interloop/task/timeout.h>

#include <benchmark/benchmark.h>
#include <uv.h>

#include <memory>
#include <vector>

namespace interloop::bench {

using namespace std::chrono_literals;

namespace {

constexpr int pendingCount = 10'000;

// Deadlines in no order, the same for all: between one and two hours.
class Delays
{
public:
    std::chrono::milliseconds next() noexcept
    {
        m_state = m_state * 1664525 + 1013904223;
        return 1h + std::chrono::milliseconds(m_state >> 10);
    }

private:
    unsigned m_state = 1;
};

class IdleTimer final : public Timer
{
public:
    void expire() override { }
};

Task<> sleepLong(std::chrono::nanoseconds delay)
{
    co_await sleepFor(delay);
}

Task<> armAndCancel(benchmark::State &state)
{
    Scheduler &scheduler = currentScheduler();
    Delays delays;
    IdleTimer timer;
    for (auto _ : state) {
        scheduler.startTimer(timer, delays.next());
        scheduler.stopTimer(timer);
    }
    co_return;
}

Task<int> readyTask()
{
    co_return 1;
}

Task<> limitReadyTasks(benchmark::State &state)
{
    int value = 0;
    for (auto _ : state)
        value += co_await withTimeout(1h, readyTask());
    benchmark::DoNotOptimize(value);
}

using Body = Task<> (*)(benchmark::State &);

void withSleepersPending(benchmark::State &state, Body body)
{
    Bridge::current();
    Delays delays;
    std::vector<TaskHandle<>> sleepers;
    for (int i = 0; i < pendingCount; ++i)
        sleepers.push_back(spawn(sleepLong(delays.next())));
    runSync(yield()); // they begin to sleep
    runSync(body(state));
    for (TaskHandle<> &sleeper : sleepers)
        sleeper.cancel();
    endBridge();
}

// A uv_timer_t for each sleep, as a loop without a timer queue of its own would have it.
class UvTimers
{
public:
    UvTimers() : m_pending(pendingCount)
    {
        uv_loop_init(&loop);
        for (uv_timer_t &timer : m_pending) {
            uv_timer_init(&loop, &timer);
            uv_timer_start(&timer, [](uv_timer_t *) { }, delay(), 0);
        }
    }
    ~UvTimers()
    {
        for (uv_timer_t &timer : m_pending)
            uv_close(reinterpret_cast<uv_handle_t *>(&timer), nullptr);
        uv_run(&loop, UV_RUN_DEFAULT);
        uv_loop_close(&loop);
    }
    std::uint64_t delay() { return std::uint64_t(m_delays.next().count()); }

    uv_loop_t loop;

private:
    Delays m_delays;
    std::vector<uv_timer_t> m_pending;
};

void uvStartStop(benchmark::State &state)
{
    endBridge();
    UvTimers timers;
    uv_timer_t timer;
    uv_timer_init(&timers.loop, &timer);
    for (auto _ : state) {
        uv_timer_start(&timer, [](uv_timer_t *) { }, timers.delay(), 0);
        uv_timer_stop(&timer);
    }
    uv_close(reinterpret_cast<uv_handle_t *>(&timer), nullptr);
}

void uvInitClose(benchmark::State &state)
{
    endBridge();
    UvTimers timers;
    for (auto _ : state) {
        uv_timer_t timer;
        uv_timer_init(&timers.loop, &timer);
        uv_timer_start(&timer, [](uv_timer_t *) { }, timers.delay(), 0);
        uv_close(reinterpret_cast<uv_handle_t *>(&timer), nullptr);
        uv_run(&timers.loop, UV_RUN_NOWAIT); // the close callback frees it
    }
}

} // namespace

BENCHMARK_CAPTURE(withSleepersPending, timer, &armAndCancel)->Name("SleepArmCancel/interloop");
BENCHMARK(uvStartStop)->Name("SleepArmCancel/uvStartStop");
BENCHMARK(uvInitClose)->Name("SleepArmCancel/uvInitClose");
BENCHMARK_CAPTURE(withSleepersPending, withTimeout, &limitReadyTasks)->Name("WithTimeoutReady/interloop");

} // namespace interloop::bench
