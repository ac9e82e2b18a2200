// SPDX-License-Identifier: MIT
#include <tests/cleanupcheck.h>
#include <tests/testmain.h>
#include <tests/timeline.h>

#include <interloop/interloop.h>

#include <QCoreApplication>
#include <QEventLoop>
#include <QSocketNotifier>
#include <QTimer>
#include <uv.h>

#include <chrono>
#include <functional>
#include <memory>
#include <thread>

/*
 * Raw libuv calls that somebody makes in a plain slot, a C library say, are noticed without anybody being told,
 * whichever of Qt's loops is running; and libuv's cached clock, which may be old, does no harm.
 */

using namespace interloop;
using namespace interloop::test;

class TestArming : public QObject
{
    Q_OBJECT

private slots:
    void init() { m_leaks.begin(); }
    void cleanup() { m_leaks.check(); }

    void rawCallsInASlotAreNoticed_data();
    void rawCallsInASlotAreNoticed();
    void withoutArmingTheyAreNot();
    void aRawTimerAfterALongPauseIsNotEarly();
    void aSleepAfterALongPauseIsNotEarly();
    void anEarlierRawTimerOvertakesALaterSleep();
    void aRepeatingRawTimerGoesOnInsideAWait();

private:
    CleanupCheck m_leaks;
};

namespace {

// A libuv request or handle made in a slot, by code that knows nothing of Qt.
class RawCall
{
public:
    explicit RawCall(uv_loop_t *loop) : m_loop(loop) { }
    virtual ~RawCall() = default;
    virtual void start() = 0;

    // Returns when libuv has given the memory back.
    void close()
    {
        closeHandles();
        while (m_openHandles > 0)
            QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents);
    }

    bool isDone = false;
    std::chrono::milliseconds notBefore = 0ms;
    std::function<void()> whenDone; // called by the raw callback

protected:
    virtual void closeHandles() { }
    void done()
    {
        isDone = true;
        if (whenDone)
            whenDone();
    }
    void closeHandle(void *handle)
    {
        ++m_openHandles;
        uv_close(static_cast<uv_handle_t *>(handle),
                 [](uv_handle_t *closed) { --static_cast<RawCall *>(closed->data)->m_openHandles; });
    }

    uv_loop_t *m_loop;

private:
    int m_openHandles = 0; // that are closing
};

class RawTimer final : public RawCall
{
public:
    explicit RawTimer(uv_loop_t *loop) : RawCall(loop) { notBefore = 20ms; }
    void start() override
    {
        uv_timer_init(m_loop, &m_timer);
        m_timer.data = this;
        uv_update_time(m_loop); // libuv manual, "uv_timer_start": the time counts from the loop's own clock
        uv_timer_start(&m_timer, [](uv_timer_t *timer) { static_cast<RawTimer *>(timer->data)->done(); },
                       std::uint64_t(notBefore.count()), 0);
    }
    void repeatEvery(std::chrono::milliseconds period) { uv_timer_set_repeat(&m_timer, std::uint64_t(period.count())); }
    void closeHandles() override { closeHandle(&m_timer); }

private:
    uv_timer_t m_timer;
};

class RawAsync final : public RawCall
{
public:
    using RawCall::RawCall;
    void start() override
    {
        uv_async_init(m_loop, &m_async, [](uv_async_t *async) { static_cast<RawAsync *>(async->data)->done(); });
        m_async.data = this;
        uv_async_send(&m_async);
    }
    void closeHandles() override { closeHandle(&m_async); }

private:
    uv_async_t m_async;
};

class RawWork final : public RawCall
{
public:
    using RawCall::RawCall;
    void start() override
    {
        m_work.data = this;
        uv_queue_work(m_loop, &m_work, [](uv_work_t *) {},
                      [](uv_work_t *work, int) { static_cast<RawWork *>(work->data)->done(); });
    }

private:
    uv_work_t m_work;
};

// A loopback connection, made by libuv's own calls: a watcher that was not there before.
class RawConnect final : public RawCall
{
public:
    using RawCall::RawCall;
    void start() override
    {
        sockaddr_in address;
        uv_ip4_addr("127.0.0.1", 0, &address);
        uv_tcp_init(m_loop, &m_server);
        uv_tcp_bind(&m_server, reinterpret_cast<sockaddr *>(&address), 0);
        m_server.data = this;
        uv_listen(reinterpret_cast<uv_stream_t *>(&m_server), 1,
                  [](uv_stream_t *server, int) { static_cast<RawConnect *>(server->data)->done(); });
        int length = sizeof(address);
        uv_tcp_getsockname(&m_server, reinterpret_cast<sockaddr *>(&address), &length);
        uv_tcp_init(m_loop, &m_client);
        m_client.data = this;
        uv_tcp_connect(&m_request, &m_client, reinterpret_cast<sockaddr *>(&address), [](uv_connect_t *, int) {});
    }
    void closeHandles() override
    {
        closeHandle(&m_server);
        closeHandle(&m_client);
    }

private:
    uv_tcp_t m_server;
    uv_tcp_t m_client;
    uv_connect_t m_request;
};

using MakeCall = std::function<std::unique_ptr<RawCall>(uv_loop_t *)>;

template<typename Kind>
MakeCall makerOf()
{
    return [](uv_loop_t *loop) { return std::make_unique<Kind>(loop); };
}

// Which of Qt's loops the application sits in when the slot is called.
enum class QtLoop { Exec, NestedExec, Wait, ProcessEvents };

// Runs Qt until `call` is done or 2 s have passed.
void runQt(QtLoop kind, RawCall &call)
{
    switch (kind) {
    case QtLoop::Exec:
    case QtLoop::NestedExec: {
        QEventLoop loop;
        call.whenDone = [&loop] { loop.quit(); };
        QTimer::singleShot(2s, &loop, &QEventLoop::quit);
        if (kind == QtLoop::Exec) {
            loop.exec();
        } else {
            QEventLoop outer;
            QTimer::singleShot(0, &outer, [&] {
                loop.exec();
                outer.quit();
            });
            outer.exec();
        }
        call.whenDone = nullptr;
        break;
    }
    case QtLoop::Wait:
        static_cast<void>(QTest::qWaitFor([&call] { return call.isDone; }, 2000));
        break;
    case QtLoop::ProcessEvents: {
        QTimer limit;
        limit.setSingleShot(true);
        limit.start(2s);
        while (!call.isDone && limit.isActive())
            QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents);
        break;
    }
    }
}

} // namespace

Q_DECLARE_METATYPE(MakeCall)
Q_DECLARE_METATYPE(QtLoop)

void TestArming::rawCallsInASlotAreNoticed_data()
{
    QTest::addColumn<MakeCall>("makeCall");
    QTest::addColumn<QtLoop>("qtLoop");
    const std::pair<const char *, MakeCall> calls[] = {
            {"timer", makerOf<RawTimer>()},
            {"async", makerOf<RawAsync>()},
            {"work", makerOf<RawWork>()},
            {"connect", makerOf<RawConnect>()},
    };
    const std::pair<const char *, QtLoop> loops[] = {
            {"exec", QtLoop::Exec},
            {"nested exec", QtLoop::NestedExec},
            {"qWait", QtLoop::Wait},
            {"processEvents", QtLoop::ProcessEvents},
    };
    for (const auto &[callName, makeCall] : calls) {
        for (const auto &[loopName, qtLoop] : loops)
            QTest::addRow("%s under %s", callName, loopName) << makeCall << qtLoop;
    }
}

void TestArming::rawCallsInASlotAreNoticed()
{
    QFETCH(MakeCall, makeCall);
    QFETCH(QtLoop, qtLoop);
    // given: a bridge with nothing to do
    const std::unique_ptr<RawCall> call = makeCall(Bridge::current().uvLoop());
    std::chrono::steady_clock::time_point begin;
    // when: a plain slot calls libuv
    QTimer::singleShot(10, this, [&] {
        begin = std::chrono::steady_clock::now();
        call->start();
    });
    runQt(qtLoop, *call);
    // then: libuv's callback comes, and in time
    const auto elapsed = std::chrono::steady_clock::now() - begin;
    call->close();
    QVERIFY(call->isDone);
    QVERIFY2(elapsed < call->notBefore + 10 * lateness, qPrintable(QString::number(elapsed / 1ms)));
}

void TestArming::withoutArmingTheyAreNot()
{
    // The naive merge: a notifier on libuv's descriptor, and nothing else.
    uv_loop_t loop;
    QCOMPARE(uv_loop_init(&loop), 0);
    QSocketNotifier notifier(uv_backend_fd(&loop), QSocketNotifier::Read);
    connect(&notifier, &QSocketNotifier::activated, this, [&loop] { uv_run(&loop, UV_RUN_NOWAIT); });
    RawTimer timer(&loop);
    timer.start();
    QTest::qWait(200);
    const bool hasFired = timer.isDone;
    uv_run(&loop, UV_RUN_DEFAULT);
    notifier.setEnabled(false);
    uv_walk(&loop, [](uv_handle_t *handle, void *) { uv_close(handle, nullptr); }, nullptr);
    uv_run(&loop, UV_RUN_DEFAULT);
    QCOMPARE(uv_loop_close(&loop), 0);
    QVERIFY(!hasFired);
    QVERIFY(timer.isDone); // nobody had looked
}

void TestArming::aRawTimerAfterALongPauseIsNotEarly()
{
    RawTimer timer(Bridge::current().uvLoop());
    std::chrono::nanoseconds elapsed = 0ns;
    std::chrono::nanoseconds own = 0ns;
    QTimer::singleShot(0, this, [&] {
        std::this_thread::sleep_for(2 * unit); // libuv's clock stands still
        const OwnTime ownTime;
        const auto begin = std::chrono::steady_clock::now();
        timer.start();
        runQt(QtLoop::ProcessEvents, timer);
        elapsed = std::chrono::steady_clock::now() - begin;
        own = ownTime.elapsed();
    });
    QTRY_VERIFY(elapsed > 0ns);
    timer.close();
    QVERIFY(timer.isDone);
    QVERIFY2(elapsed >= 19ms, qPrintable(QString::number(elapsed / 1us))); // libuv's own timers count whole milliseconds
    QVERIFY2(own <= 20ms + lateness, qPrintable(QString::number(own / 1us)));
}

void TestArming::aSleepAfterALongPauseIsNotEarly()
{
    Timeline log;
    std::this_thread::sleep_for(2 * unit);
    log.start();
    runSync(sleepFor(unit / 2));
    log.note("slept");
    COMPARE_TIMELINE(log, "slept@.5");
    for (int i = 0; i < 100; ++i) {
        const auto begin = std::chrono::steady_clock::now();
        runSync(sleepFor(1500us));
        QVERIFY(std::chrono::steady_clock::now() - begin >= 1500us);
    }
}

namespace {

Task<> notesAfter(Timeline &log, QString name, std::chrono::nanoseconds delay)
{
    co_await sleepFor(delay);
    log.note(name);
}

} // namespace

void TestArming::anEarlierRawTimerOvertakesALaterSleep()
{
    Timeline log;
    log.start();
    const auto late = spawn(notesAfter(log, "late", 3 * unit));
    const auto early = spawn(notesAfter(log, "early", 2 * unit));
    RawTimer timer(Bridge::current().uvLoop());
    QTimer::singleShot(10, this, [&timer] { timer.start(); });
    runQt(QtLoop::Exec, timer);
    log.note("raw");
    runSync(late);
    timer.close();
    QCOMPARE(log.order(), "raw, early, late");
    QVERIFY(early.isDone());
}

void TestArming::aRepeatingRawTimerGoesOnInsideAWait()
{
    RawTimer timer(Bridge::current().uvLoop());
    int ticks = 0;
    timer.whenDone = [&ticks] { ++ticks; };
    timer.start();
    timer.repeatEvery(10ms);
    const auto takenBefore = timeTakenByOthers();
    QTimer::singleShot(0, this, [] {
        runSync(sleepFor(5 * unit));
        QCoreApplication::quit();
    });
    QCoreApplication::exec();
    timer.close();
    const int excused = int((timeTakenByOthers() - takenBefore) / 10ms);
    QVERIFY2(ticks >= 45 - excused && ticks <= 50, qPrintable(QString::number(ticks)));
}

INTERLOOP_TEST_MAIN(TestArming)
#include "tst_arming.moc"
