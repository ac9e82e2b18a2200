// SPDX-License-Identifier: MIT
//
// How long another thread's call takes to reach a sleeping loop.

#include "bareloop.h"
#include "samples.h"
#include "settings.h"

#include <interloop/loop/bridge.h>
#include <interloop/loop/runsync.h>
#include <interloop/task/future.h>
#include <interloop/task/sleep.h>

#include <QEventLoop>
#include <benchmark/benchmark.h>

#include <thread>

namespace interloop::bench {

using namespace std::chrono_literals;

namespace {

using Clock = std::chrono::steady_clock;

// Calls `wake`, which makes this thread's `loop` call `arrived`, from another thread, again and again with pauses long
// enough for the loop to fall asleep.
template<typename Wake>
void measureWakes(Samples &samples, Wake wake)
{
    QEventLoop loop;
    std::thread thread([&] {
        for (int i = 0; i < sampleCount(); ++i) {
            std::this_thread::sleep_for(200us);
            wake([&samples, sent = Clock::now()] { samples.add(Clock::now() - sent); });
        }
        wake([&loop] { loop.quit(); });
    });
    loop.exec();
    thread.join();
}

void postThreadSafe(benchmark::State &state)
{
    const BridgeRemote remote = Bridge::current().remote();
    Samples samples;
    for (auto _ : state)
        measureWakes(samples, [&remote](auto function) { remote.postThreadSafe(std::move(function)); });
    samples.report(state);
}

Task<> waitNested(Future<> end)
{
    co_await yield();
    runSync(end);
}

void postIntoNestedRun(benchmark::State &state)
{
    const BridgeRemote remote = Bridge::current().remote();
    Samples samples;
    for (auto _ : state) {
        Future<> end;
        std::thread thread([&samples, remote, end] {
            for (int i = 0; i < sampleCount(); ++i) {
                std::this_thread::sleep_for(200us);
                remote.postThreadSafe([&samples, sent = Clock::now()] { samples.add(Clock::now() - sent); });
            }
            remote.postThreadSafe([end]() mutable { end.setResult(); });
        });
        runSync(waitNested(end));
        thread.join();
    }
    samples.report(state);
}

void invokeMethod(benchmark::State &state)
{
    endBridge();
    QObject receiver;
    Samples samples;
    for (auto _ : state) {
        measureWakes(samples, [&receiver](auto function) {
            QMetaObject::invokeMethod(&receiver, std::move(function), Qt::QueuedConnection);
        });
    }
    samples.report(state);
}

} // namespace

BENCHMARK(postThreadSafe)->Name("CrossThreadWake/interloop")->Iterations(1);
BENCHMARK(postIntoNestedRun)->Name("CrossThreadWake/nested")->Iterations(1);
BENCHMARK(invokeMethod)->Name("CrossThreadWake/invokeMethod")->Iterations(1);

} // namespace interloop::bench
