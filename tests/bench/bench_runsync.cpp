// SPDX-License-Identifier: MIT
//
// Blocking for a task: what needs no waiting, what the pump alone can do, and what has to enter Qt.

#include "bareloop.h"
#include "barescheduler.h"

#include <interloop/loop/runsync.h>
#include <interloop/task/sleep.h>
#include <interloop/task/task.h>
#include <interloop/task/waitoperation.h>

#include <QTimer>
#include <benchmark/benchmark.h>

namespace interloop::bench {

using namespace std::chrono_literals;

namespace {

[[gnu::noinline]] Task<int> readyTask(int value)
{
    co_return value;
}

[[gnu::noinline]] Task<int> yieldOnce(int value)
{
    co_await yield();
    co_return value;
}

[[gnu::noinline]] Task<int> sleepZero(int value)
{
    co_await sleepFor(0ns);
    co_return value;
}

void runSyncReady(benchmark::State &state)
{
    Bridge::current();
    int value = 0;
    for (auto _ : state)
        benchmark::DoNotOptimize(value += runSync(readyTask(1)));
}

// The same coroutine, made, run, read and destroyed by hand.
void bareCall(benchmark::State &state)
{
    BareScheduler scheduler;
    int value = 0;
    for (auto _ : state) {
        BareChain chain(scheduler);
        Task<int> task = readyTask(1);
        task.handle().promise().startRoot(task.handle(), chain);
        benchmark::DoNotOptimize(value += task.handle().promise().slot().take());
    }
}

void runSyncYield(benchmark::State &state)
{
    Bridge::current();
    int value = 0;
    for (auto _ : state)
        benchmark::DoNotOptimize(value += runSync(yieldOnce(1)));
}

void runSyncSleepZero(benchmark::State &state)
{
    Bridge::current();
    int value = 0;
    for (auto _ : state)
        benchmark::DoNotOptimize(value += runSync(sleepZero(1)));
}

// The least a callback can complete: no memory, no result.
class Signal final : public WaitOperation
{
public:
    void fire() { complete(); }
    void await_resume() const { throwIfCancelled(); }

private:
    Begun begin() override { return Begun::Waiting; }
    bool abandon(CancelMode) override { return true; }
};

Task<> awaitSignal(Signal *&pending)
{
    Signal signal;
    pending = &signal;
    co_await inPlace(signal);
}

// The result comes from a posted event, so Qt has to be entered.
void runSyncWokenByEvent(benchmark::State &state)
{
    Bridge::current();
    Signal *pending = nullptr;
    Poster poster([&pending] { pending->fire(); });
    for (auto _ : state) {
        poster.post();
        runSync(awaitSignal(pending));
    }
}

void runSyncWokenByTimer(benchmark::State &state)
{
    Bridge::current();
    Signal *pending = nullptr;
    QTimer timer;
    timer.setSingleShot(true);
    QObject::connect(&timer, &QTimer::timeout, &timer, [&pending] { pending->fire(); });
    for (auto _ : state) {
        timer.start(0);
        runSync(awaitSignal(pending));
    }
}

void eventLoopQuitByEvent(benchmark::State &state)
{
    endBridge();
    QEventLoop *current = nullptr;
    Poster poster([&current] { current->quit(); });
    for (auto _ : state) {
        QEventLoop loop;
        current = &loop;
        poster.post();
        loop.exec();
    }
}

void eventLoopQuitByTimer(benchmark::State &state)
{
    endBridge();
    QEventLoop *current = nullptr;
    QTimer timer;
    timer.setSingleShot(true);
    QObject::connect(&timer, &QTimer::timeout, &timer, [&current] { current->quit(); });
    for (auto _ : state) {
        QEventLoop loop;
        current = &loop;
        timer.start(0);
        loop.exec();
    }
}

} // namespace

BENCHMARK(runSyncReady)->Name("RunSyncReady/interloop");
BENCHMARK(bareCall)->Name("RunSyncReady/bareCall");
BENCHMARK(runSyncYield)->Name("RunSyncYield/interloop");
BENCHMARK(runSyncSleepZero)->Name("RunSyncSleepZero/interloop");
BENCHMARK(runSyncWokenByEvent)->Name("RunSyncWokenByEvent/interloop");
BENCHMARK(eventLoopQuitByEvent)->Name("RunSyncWokenByEvent/eventLoop");
BENCHMARK(runSyncWokenByTimer)->Name("RunSyncWokenByTimer/interloop");
BENCHMARK(eventLoopQuitByTimer)->Name("RunSyncWokenByTimer/eventLoop");

} // namespace interloop::bench
