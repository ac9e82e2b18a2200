// SPDX-License-Identifier: MIT
//
// What it costs that waits and tasks can be named, watched and logged, when nobody looks; and the locks.

#include "bareloop.h"
#include "barescheduler.h"

#include <interloop/loop/runsync.h>
#include <interloop/task/event.h>
#include <interloop/task/gather.h>
#include <interloop/task/mutex.h>
#include <interloop/task/sleep.h>
#include <interloop/task/spawn.h>

#include <QLoggingCategory>
#include <benchmark/benchmark.h>

namespace interloop::bench {

namespace {

using namespace std::chrono_literals;

Q_LOGGING_CATEGORY(ownLog, "interloop.bench", QtWarningMsg)

Task<> yieldOften(benchmark::State &state)
{
    for (auto _ : state)
        co_await yield();
}

// Every step is a resume of the pump's.
void steps(benchmark::State &state, std::chrono::milliseconds threshold)
{
    Bridge::current().setSlowStepThreshold(threshold);
    runSync(spawn(yieldOften(state)));
    endBridge();
}

Task<> nothing()
{
    co_return;
}

Task<> spawnOften(benchmark::State &state)
{
    for (auto _ : state)
        co_await spawn(nothing());
}

void dropMessage(QtMsgType, const QMessageLogContext &, const QString &) { }

void spawning(benchmark::State &state, const char *rules)
{
    Bridge::current();
    QLoggingCategory::setFilterRules(QLatin1String(rules));
    const QtMessageHandler handler = qInstallMessageHandler(&dropMessage);
    runSync(spawnOften(state));
    qInstallMessageHandler(handler);
    QLoggingCategory::setFilterRules({});
    endBridge();
}

// What every spawn and every end looks at.
void lookAtACategory(benchmark::State &state)
{
    for (auto _ : state)
        benchmark::DoNotOptimize(ownLog().isDebugEnabled());
}

Task<> lockOften(benchmark::State &state)
{
    Mutex mutex;
    for (auto _ : state)
        const MutexGuard guard = co_await mutex.lock();
}

Task<> lockBeside(benchmark::State &state, Mutex &mutex, bool &isOver)
{
    while (!isOver) {
        const MutexGuard guard = co_await mutex.lock();
        co_await yield();
        if (!isOver)
            isOver = !state.KeepRunning();
    }
}

// Two tasks hand it to each other: each lock is waited for, and looked through for a deadlock.
void lockByTurns(benchmark::State &state)
{
    Bridge::current();
    Mutex mutex;
    bool isOver = false;
    runSync(gather(lockBeside(state, mutex, isOver), lockBeside(state, mutex, isOver)));
    endBridge();
}

Task<> waitOften(Event &event, Event &answer)
{
    for (;;) {
        co_await event.wait();
        event.clear();
        answer.set();
    }
}

Task<> setOften(benchmark::State &state)
{
    Event event;
    Event answer;
    const TaskHandle<> waiter = spawn(waitOften(event, answer));
    for (auto _ : state) {
        event.set();
        co_await answer.wait();
        answer.clear();
    }
    waiter.cancel();
    co_await gatherResults(waiter);
}

void runBody(benchmark::State &state, Task<> (*body)(benchmark::State &))
{
    Bridge::current();
    runSync(body(state));
    endBridge();
}

} // namespace

BENCHMARK_CAPTURE(steps, on, 100ms)->Name("SlowSteps/watched");
BENCHMARK_CAPTURE(steps, off, 0ms)->Name("SlowSteps/off");
BENCHMARK_CAPTURE(spawning, off, "")->Name("Logging/off");
BENCHMARK_CAPTURE(spawning, on, "interloop.task.debug=true")->Name("Logging/on");
BENCHMARK(lookAtACategory)->Name("Logging/look");
BENCHMARK_CAPTURE(runBody, lock, &lockOften)->Name("Mutex/free");
BENCHMARK(lockByTurns)->Name("Mutex/byTurns");
BENCHMARK_CAPTURE(runBody, event, &setOften)->Name("Event/roundTrip");

} // namespace interloop::bench
