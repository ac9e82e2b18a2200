// SPDX-License-Identifier: MIT
//
// QCoro's waitFor, the peer of runSync, where QCoro is installed.

#ifdef INTERLOOP_BENCH_QCORO

#include "bareloop.h"

#include <QCoroTask>
#include <QCoroTimer>
#include <benchmark/benchmark.h>

#include <coroutine>

namespace interloop::bench {

using namespace std::chrono_literals;

namespace {

[[gnu::noinline]] QCoro::Task<int> readyTask(int value)
{
    co_return value;
}

// Resumes a coroutine from a posted event.
class Resumer
{
public:
    void resumeSoon(std::coroutine_handle<> coroutine)
    {
        m_coroutine = coroutine;
        m_poster.post();
    }

private:
    std::coroutine_handle<> m_coroutine;
    Poster m_poster{[this] { m_coroutine.resume(); }};
};

// QCoro has no yield: a posted event that resumes is the cheapest one.
class EventYield
{
public:
    explicit EventYield(Resumer &resumer) noexcept : m_resumer(&resumer) { }
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> coroutine) const { m_resumer->resumeSoon(coroutine); }
    void await_resume() const noexcept { }

private:
    Resumer *m_resumer;
};

[[gnu::noinline]] QCoro::Task<int> yieldOnce(Resumer &resumer, int value)
{
    co_await EventYield(resumer);
    co_return value;
}

[[gnu::noinline]] QCoro::Task<int> sleepZero(int value)
{
    co_await QCoro::sleepFor(0ms);
    co_return value;
}

void waitForReady(benchmark::State &state)
{
    endBridge();
    int value = 0;
    for (auto _ : state)
        benchmark::DoNotOptimize(value += QCoro::waitFor(readyTask(1)));
}

void waitForYield(benchmark::State &state)
{
    endBridge();
    Resumer resumer;
    int value = 0;
    for (auto _ : state)
        benchmark::DoNotOptimize(value += QCoro::waitFor(yieldOnce(resumer, 1)));
}

void waitForSleepZero(benchmark::State &state)
{
    endBridge();
    int value = 0;
    for (auto _ : state)
        benchmark::DoNotOptimize(value += QCoro::waitFor(sleepZero(1)));
}

} // namespace

BENCHMARK(waitForReady)->Name("RunSyncReady/qcoro");
BENCHMARK(waitForYield)->Name("RunSyncYield/qcoro");
BENCHMARK(waitForSleepZero)->Name("RunSyncSleepZero/qcoro");

} // namespace interloop::bench

#endif
