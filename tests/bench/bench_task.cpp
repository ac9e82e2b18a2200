// SPDX-License-Identifier: MIT
//
// The kernel: awaiting children and letting others go first, on a queue alone and under the Qt loop.

#include "bareloop.h"
#include "barescheduler.h"

#include <interloop/task/sleep.h>
#include <interloop/task/spawn.h>
#include <interloop/task/task.h>
#include <interloop/task/tryawait.h>

#include <benchmark/benchmark.h>
#include <uv.h>

#include <stdexcept>

namespace interloop::bench {

namespace {

[[gnu::noinline]] Task<int> readyChild(int value)
{
    co_return value;
}

[[gnu::noinline]] Task<int> yieldingChild(int value)
{
    co_await yield();
    co_return value;
}

Task<> awaitReadyChildren(benchmark::State &state)
{
    int value = 0;
    for (auto _ : state)
        value += co_await readyChild(1);
    benchmark::DoNotOptimize(value);
}

Task<> awaitYieldingChildren(benchmark::State &state)
{
    int value = 0;
    for (auto _ : state)
        value += co_await yieldingChild(1);
    benchmark::DoNotOptimize(value);
}

Task<> yieldOften(benchmark::State &state)
{
    for (auto _ : state)
        co_await yield();
}

[[gnu::noinline]] Task<int> failingChild()
{
    co_await yield();
    throw std::runtime_error("refused");
}

Task<> catchFailures(benchmark::State &state)
{
    for (auto _ : state) {
        try {
            co_await failingChild();
        } catch (const std::exception &error) {
            benchmark::DoNotOptimize(error.what());
        }
    }
}

Task<> tryFailures(benchmark::State &state)
{
    for (auto _ : state) {
        const Result<int> result = co_await tryAwait(failingChild());
        benchmark::DoNotOptimize(bool(result));
    }
}

using Body = Task<> (*)(benchmark::State &);

Task<> thenQuit(Body body, benchmark::State &state, QEventLoop &loop)
{
    co_await body(state);
    loop.quit();
}

void runBareBody(benchmark::State &state, Body body)
{
    runBare(body(state));
}

void runUnderQt(benchmark::State &state, Body body)
{
    QEventLoop loop;
    Bridge::current();
    const TaskHandle<> handle = spawn(thenQuit(body, state, loop));
    loop.exec();
}

void uvRunEach(benchmark::State &state)
{
    endBridge();
    uv_loop_t loop;
    uv_loop_init(&loop);
    uv_async_t async; // without a handle uv_run would not even poll
    uv_async_init(&loop, &async, nullptr);
    for (auto _ : state)
        uv_run(&loop, UV_RUN_NOWAIT);
    uv_close(reinterpret_cast<uv_handle_t *>(&async), nullptr);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
}

} // namespace

BENCHMARK_CAPTURE(runBareBody, awaitChild, &awaitReadyChildren)->Name("AwaitChild/queue");
BENCHMARK_CAPTURE(runUnderQt, awaitChild, &awaitReadyChildren)->Name("AwaitChild/qt");
BENCHMARK_CAPTURE(runBareBody, yield, &yieldOften)->Name("Yield/queue");
BENCHMARK_CAPTURE(runUnderQt, yield, &yieldOften)->Name("Yield/qt");
BENCHMARK(uvRunEach)->Name("Yield/uvRun");
BENCHMARK_CAPTURE(runBareBody, awaitYielding, &awaitYieldingChildren)->Name("AwaitYieldingChild/queue");
BENCHMARK_CAPTURE(runUnderQt, awaitYielding, &awaitYieldingChildren)->Name("AwaitYieldingChild/qt");
BENCHMARK_CAPTURE(runBareBody, catchFailures, &catchFailures)->Name("FailedAwait/catch");
BENCHMARK_CAPTURE(runBareBody, tryFailures, &tryFailures)->Name("FailedAwait/tryAwait");

} // namespace interloop::bench
