// SPDX-License-Identifier: MIT
//
// How late Qt's own work comes while echo connections keep libuv busy all the time, and what libuv gets done meanwhile.

#include "bareloop.h"
#include "pingpong.h"
#include "rawtcp.h"
#include "samples.h"
#include "settings.h"

#include <interloop/loop/runsync.h>
#include <interloop/task/spawn.h>

#include <QTimer>
#include <benchmark/benchmark.h>

#include <atomic>
#include <ctime>
#include <thread>

namespace interloop::bench {

using namespace std::chrono_literals;

namespace {

using Clock = std::chrono::steady_clock;

// How the loop is run under the load.
enum class Under : unsigned char { Qt, RunSync };

// Whose lateness is measured.
enum class Watch : unsigned char { Timer, PostedEvents };

// A 1 ms timer, as a progress bar or a game would have it, only more impatient.
class TimerWatch
{
public:
    explicit TimerWatch(Samples &samples) : m_samples(samples)
    {
        m_timer.setSingleShot(true);
        m_timer.setTimerType(Qt::PreciseTimer);
        QObject::connect(&m_timer, &QTimer::timeout, &m_timer, [this] {
            m_samples.add(Clock::now() - m_started - 1ms);
            start();
        });
        start();
    }

private:
    void start()
    {
        m_started = Clock::now();
        m_timer.start(1);
    }

    Samples &m_samples;
    QTimer m_timer;
    Clock::time_point m_started;
};

// A thread that posts an event every half millisecond, as a worker that reports progress does.
class PostedEventWatch
{
public:
    explicit PostedEventWatch(Samples &samples)
        : m_poster([this, &samples] {
              samples.add(Clock::now() - m_posted.load());
              m_isPending = false;
          }),
          m_thread([this] { run(); })
    {
    }
    ~PostedEventWatch()
    {
        m_isStopping = true;
        m_thread.join();
    }

private:
    void run()
    {
        while (!m_isStopping) {
            std::this_thread::sleep_for(500us);
            if (m_isPending.exchange(true))
                continue;
            m_posted = Clock::now();
            m_poster.post();
        }
    }

    std::atomic<bool> m_isPending = false;
    std::atomic<bool> m_isStopping = false;
    std::atomic<Clock::time_point> m_posted;
    Poster m_poster;
    std::thread m_thread;
};

double processorSeconds()
{
    timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return double(time.tv_sec) + double(time.tv_nsec) * 1e-9;
}

// Whether the load goes on, and how many messages came back until it did not.
class LoadClock
{
public:
    bool next()
    {
        if (m_count == 0) {
            m_begin = Clock::now();
            m_beginProcessor = processorSeconds();
        }
        const Clock::time_point now = Clock::now();
        if (now - m_begin >= loadTime()) {
            if (m_end == Clock::time_point()) {
                m_end = now;
                m_endProcessor = processorSeconds();
            }
            return false;
        }
        ++m_count;
        return true;
    }

    // Adds the counters per_second and per_cpu_second.
    void report(benchmark::State &state) const
    {
        state.counters["per_second"] = double(m_count) / std::chrono::duration<double>(m_end - m_begin).count();
        state.counters["per_cpu_second"] = double(m_count) / (m_endProcessor - m_beginProcessor);
    }

private:
    Clock::time_point m_begin;
    Clock::time_point m_end;
    double m_beginProcessor = 0;
    double m_endProcessor = 0;
    long m_count = 0;
};

Task<> thenQuit(Task<> task, QEventLoop &loop)
{
    co_await std::move(task);
    loop.quit();
}

void runLoad(Under under, Task<> load)
{
    if (under == Under::RunSync)
        return runSync(std::move(load));
    QEventLoop loop;
    spawn(thenQuit(std::move(load), loop));
    loop.exec();
}

void underLoad(benchmark::State &state, Watch watch, Under under)
{
    Bridge::current();
    TcpServer server = listenOnLoopback();
    const int port = server.port();
    spawn(echoServer(std::move(server)));
    Samples samples;
    LoadClock clock;
    const std::function<bool()> next = [&clock] { return clock.next(); };
    for (auto _ : state) {
        if (watch == Watch::Timer) {
            const TimerWatch timerWatch(samples);
            runLoad(under, pingPong(port, int(state.range(0)), next));
        } else {
            const PostedEventWatch eventWatch(samples);
            runLoad(under, pingPong(port, int(state.range(0)), next));
        }
    }
    samples.report(state);
    clock.report(state);
    endBridge();
}

void rawLoad(benchmark::State &state)
{
    endBridge();
    LoadClock clock;
    for (auto _ : state) {
        RawLoop loop;
        RawEchoServer server(&loop.loop);
        rawPingPong(&loop.loop, server.port(), int(state.range(0)), [&clock] { return clock.next(); });
        server.close();
        uv_run(&loop.loop, UV_RUN_DEFAULT);
    }
    clock.report(state);
}

// The same without a bridge and without a load: what the machine and Qt have by themselves.
void withoutLoad(benchmark::State &state, Watch watch)
{
    endBridge();
    Samples samples;
    for (auto _ : state) {
        QEventLoop loop;
        QTimer::singleShot(loadTime(), Qt::PreciseTimer, &loop, &QEventLoop::quit);
        if (watch == Watch::Timer) {
            const TimerWatch timerWatch(samples);
            loop.exec();
        } else {
            const PostedEventWatch eventWatch(samples);
            loop.exec();
        }
    }
    samples.report(state);
}

} // namespace

BENCHMARK_CAPTURE(underLoad, timer, Watch::Timer, Under::Qt)->Name("GuiLag/qt")->Arg(8)->Arg(64)->Iterations(1);
BENCHMARK_CAPTURE(underLoad, timerRunSync, Watch::Timer, Under::RunSync)->Name("GuiLag/runSync")->Arg(8)->Arg(64)->Iterations(1);
BENCHMARK(rawLoad)->Name("GuiLag/raw")->Arg(8)->Arg(64)->Iterations(1);
BENCHMARK_CAPTURE(withoutLoad, timer, Watch::Timer)->Name("GuiLag/noLoad")->Iterations(1);
BENCHMARK_CAPTURE(underLoad, posted, Watch::PostedEvents, Under::Qt)->Name("PostedEventLag/qt")->Arg(64)->Iterations(1);
BENCHMARK_CAPTURE(underLoad, postedRunSync, Watch::PostedEvents, Under::RunSync)->Name("PostedEventLag/runSync")->Arg(64)->Iterations(1);
BENCHMARK_CAPTURE(withoutLoad, posted, Watch::PostedEvents)->Name("PostedEventLag/noLoad")->Iterations(1);

} // namespace interloop::bench
