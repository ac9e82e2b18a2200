// SPDX-License-Identifier: MIT
//
// Stacks of their own: what it costs to run code on one, to park it, and to have what is ready run on one.

#include "bareloop.h"
#include "settings.h"

#include <interloop/loop/fibercontext.h>
#include <interloop/loop/pump.h>
#include <interloop/loop/runsync.h>
#include <interloop/task/event.h>
#include <interloop/task/sleep.h>
#include <interloop/task/spawn.h>

#include <QFile>
#include <benchmark/benchmark.h>

#include <algorithm>
#include <ctime>
#include <utility>

namespace interloop::bench {

namespace {

// Processor time: other programs may be running beside this one.
double processorNanoseconds()
{
    timespec time = {};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return double(time.tv_sec) * 1e9 + double(time.tv_nsec);
}

// As a connected slot's body is run that does not wait.
void startAndFinish(benchmark::State &state)
{
    Bridge::current();
    Pump &pump = currentPump();
    int count = 0;
    for (auto _ : state) {
        if (!pump.startOnFiber([](void *argument) { ++*static_cast<int *>(argument); }, &count))
            state.SkipWithError("not built with parking");
    }
    benchmark::DoNotOptimize(count);
    endBridge();
}

void parkForEver(void *argument)
{
    auto [context, isOver] = *static_cast<std::pair<FiberContext *, bool *> *>(argument);
    while (!*isOver)
        context->park();
}

void switchPair(benchmark::State &state)
{
    bool isOver = false;
    FiberContext context(64 * 1024);
    std::pair<FiberContext *, bool *> argument(&context, &isOver);
    context.start(&parkForEver, &argument);
    for (auto _ : state)
        context.resume();
    isOver = true;
    context.resume();
}

[[gnu::noinline]] Task<int> yieldOnce(int value)
{
    co_await yield();
    co_return value;
}

Task<> blockOften(benchmark::State &state)
{
    int value = 0;
    for (auto _ : state)
        benchmark::DoNotOptimize(value += runSync(yieldOnce(1)));
    co_return;
}

void parkedYield(benchmark::State &state)
{
    Bridge::current();
    runSync(spawn(blockOften(state)));
    endBridge();
}

double nanosecondsPerPump(bool isParking)
{
    const int rounds = isSmoke() ? 100 : 100'000;
    Bridge::current().setParking(isParking);
    const double begin = processorNanoseconds();
    for (int i = 0; i < rounds; ++i)
        runSync(yieldOnce(1));
    return (processorNanoseconds() - begin) / rounds;
}

// A wait on the thread's own stack pumps; what that resumes runs on a worker's, or on its own.
void worker(benchmark::State &state)
{
    Bridge::current();
    double least = 1e9;
    for (auto _ : state) {
        for (int repetition = 0; repetition < 10; ++repetition) {
            nanosecondsPerPump(true);
            const double with = nanosecondsPerPump(true);
            nanosecondsPerPump(false);
            least = std::min(least, with - nanosecondsPerPump(false));
        }
        state.counters["ns"] = least;
    }
    endBridge();
}

// Of the whole process: resident pages.
double residentBytes()
{
    QFile file(QStringLiteral("/proc/self/statm"));
    if (!file.open(QFile::ReadOnly))
        return 0;
    constexpr double pageSize = 4096;
    return file.readAll().split(' ').at(1).toDouble() * pageSize;
}

Task<> block(Event &event)
{
    runSync(event.wait());
    co_return;
}

void parkedWaits(benchmark::State &state)
{
    Bridge::current().setMaximumParked(20'000);
    const int count = isSmoke() ? 100 : 10'000;
    for (auto _ : state) {
        Event event;
        const double before = residentBytes();
        for (int i = 0; i < count; ++i)
            spawn(block(event));
        runSync(yield());
        state.counters["bytes"] = (residentBytes() - before) / count;
        state.counters["parked"] = Bridge::current().parked();
        event.set();
        while (Bridge::current().parked() > 0)
            runSync(yield());
    }
    endBridge();
}

} // namespace

BENCHMARK(startAndFinish)->Name("Fiber/startAndFinish");
BENCHMARK(switchPair)->Name("Fiber/switchPair");
BENCHMARK(parkedYield)->Name("ParkedYield/interloop");
BENCHMARK(worker)->Name("Worker/perPump")->Iterations(1);
BENCHMARK(parkedWaits)->Name("ParkedWait/interloop")->Iterations(1);

} // namespace interloop::bench
