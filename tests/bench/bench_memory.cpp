// SPDX-License-Identifier: MIT
//
// Stack, heap and the size of a sleeping task. Counts and bytes, no times.

#include "bareloop.h"
#include "heap.h"
#include "pingpong.h"
#include "settings.h"

#include <interloop/loop/runsync.h>
#include <interloop/task/future.h>
#include <interloop/task/sleep.h>
#include <interloop/task/spawn.h>

#include <QTimer>
#include <benchmark/benchmark.h>

#include <cstddef>
#include <memory>
#include <type_traits>
#include <vector>

namespace interloop::bench {

using namespace std::chrono_literals;

namespace {

constexpr int levels = 20;

// Nested waits, each begun in a posted event that the one beneath delivers.
class Nest
{
public:
    Nest()
    {
        for (int level = 0; level < levels; ++level) {
            m_posters.push_back(std::make_unique<Poster>([this, level] {
                if (level == levels - 1)
                    finish(level);
                else
                    enter();
            }));
        }
    }
    virtual ~Nest() = default;
    void run() { enter(); }
    double bytesPerLevel() const { return double(m_first - m_last) / (levels - 1); }

protected:
    virtual void wait() = 0; // until finish() of the same level
    virtual void finish(int level) = 0;

private:
    [[gnu::noinline]] void enter()
    {
        const char mark = 0;
        const char *here = &mark;
        benchmark::DoNotOptimize(here);
        if (m_level == 0)
            m_first = here;
        m_last = here;
        const int level = m_level++;
        m_posters[std::size_t(level)]->post();
        wait();
        if (level > 0)
            finish(level - 1);
    }

    // Made beforehand: nothing but the wait itself shall lie between two levels.
    std::vector<std::unique_ptr<Poster>> m_posters;
    const char *m_first = nullptr;
    const char *m_last = nullptr;
    int m_level = 0;
};

Task<> awaitFuture(Future<> future)
{
    co_await std::move(future);
}

class RunSyncNest final : public Nest
{
    void wait() override { runSync(awaitFuture(m_futures.emplace_back())); }
    void finish(int level) override { m_futures[std::size_t(level)].setResult(); }
    std::vector<Future<>> m_futures;
};

class EventLoopNest final : public Nest
{
    void wait() override
    {
        QEventLoop loop;
        m_loops.push_back(&loop);
        loop.exec();
    }
    void finish(int level) override { m_loops[std::size_t(level)]->quit(); }
    std::vector<QEventLoop *> m_loops;
};

template<typename SomeNest>
void stackPerLevel(benchmark::State &state)
{
    if (std::is_same_v<SomeNest, EventLoopNest>)
        endBridge();
    else
        Bridge::current();
    for (auto _ : state) {
        SomeNest nest;
        nest.run();
        state.counters["bytes"] = nest.bytesPerLevel();
    }
}

// Allocations a round, after as many rounds that warmed everything up.
template<typename Round>
double allocationsPerRound(Round round)
{
    const int rounds = isSmoke() ? 10 : 200;
    for (int i = 0; i < rounds; ++i)
        round();
    const long before = allocationCount();
    for (int i = 0; i < rounds; ++i)
        round();
    return double(allocationCount() - before) / rounds;
}

Task<int> readyTask()
{
    co_return 1;
}

Task<> awaitReady()
{
    co_await readyTask();
}

Task<> yieldOnce()
{
    co_await yield();
}

Task<> sleepShortly()
{
    co_await sleepFor(1ms);
}

using MakeTask = Task<> (*)();

void allocationsOf(benchmark::State &state, MakeTask makeTask)
{
    Bridge::current();
    for (auto _ : state)
        state.counters["allocations"] = allocationsPerRound([makeTask] { runSync(makeTask()); });
}

void allocationsOfReadAndWrite(benchmark::State &state)
{
    Bridge::current();
    TcpServer server = listenOnLoopback();
    const int port = server.port();
    spawn(echoServer(std::move(server)));
    {
        TcpSocket socket = runSync(connectLoopback(port));
        for (auto _ : state)
            state.counters["allocations"] = allocationsPerRound([&socket] { runSync(roundTrip(socket)); });
    }
    endBridge();
}

// What Qt itself allocates for a nested event loop and a timer.
void allocationsOfEventLoop(benchmark::State &state)
{
    endBridge();
    QTimer timer;
    timer.setSingleShot(true);
    QEventLoop *current = nullptr;
    QObject::connect(&timer, &QTimer::timeout, &timer, [&current] { current->quit(); });
    for (auto _ : state) {
        state.counters["allocations"] = allocationsPerRound([&timer, &current] {
            QEventLoop loop;
            current = &loop;
            timer.start(1);
            loop.exec();
        });
    }
}

Task<> sleepLong()
{
    co_await sleepFor(1h);
}

// What a task costs once it is spawned and asleep, beyond the coroutine's frame itself.
void sleepingTask(benchmark::State &state)
{
    Bridge::current();
    const std::size_t count = isSmoke() ? 100 : 20'000;
    for (auto _ : state) {
        std::vector<Task<>> tasks;
        std::vector<TaskHandle<>> handles;
        tasks.reserve(count);
        handles.reserve(count);
        const long before = bytesInUse();
        for (std::size_t i = 0; i < count; ++i)
            tasks.push_back(sleepLong());
        const long frames = bytesInUse() - before;
        for (Task<> &task : tasks)
            handles.push_back(spawn(std::move(task)));
        runSync(yield());
        state.counters["bytes"] = double(bytesInUse() - before - frames) / double(count);
        state.counters["frame"] = double(frames) / double(count);
        for (TaskHandle<> &handle : handles)
            handle.cancel();
    }
    endBridge();
}

} // namespace

BENCHMARK_TEMPLATE(stackPerLevel, RunSyncNest)->Name("StackPerLevel/interloop")->Iterations(1);
BENCHMARK_TEMPLATE(stackPerLevel, EventLoopNest)->Name("StackPerLevel/eventLoop")->Iterations(1);
BENCHMARK_CAPTURE(allocationsOf, await, &awaitReady)->Name("Allocations/await")->Iterations(1);
BENCHMARK_CAPTURE(allocationsOf, yield, &yieldOnce)->Name("Allocations/yield")->Iterations(1);
BENCHMARK_CAPTURE(allocationsOf, sleep, &sleepShortly)->Name("Allocations/sleep")->Iterations(1);
BENCHMARK(allocationsOfReadAndWrite)->Name("Allocations/tcp")->Iterations(1);
BENCHMARK(allocationsOfEventLoop)->Name("Allocations/eventLoop")->Iterations(1);
BENCHMARK(sleepingTask)->Name("SleepingTask/interloop")->Iterations(1);

} // namespace interloop::bench
