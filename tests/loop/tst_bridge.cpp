// SPDX-License-Identifier: MIT
#include <tests/cleanupcheck.h>
#include <tests/drivers.h>
#include <tests/messages.h>
#include <tests/testmain.h>
#include <tests/ticks.h>
#include <tests/timeline.h>

#include <interloop/interloop.h>

#include <QCoreApplication>
#include <QEventLoop>
#include <QThread>
#include <QTimer>
#include <uv.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <functional>
#include <memory>
#include <stdexcept>
#include <thread>

/*
 * The bridge itself: which thread has one, on whose loop, what it says of itself, and its end.
 */

using namespace interloop;
using namespace interloop::test;

static_assert(!std::is_aggregate_v<LoopStatistics>);

class TestBridge : public QObject
{
    Q_OBJECT

private slots:
    void initTestCase()
    {
        struct sigaction action = {};
        sigaction(SIGPIPE, nullptr, &action);
        QVERIFY(action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN); // Qt Test's, which ends the process
        Bridge::current();
        sigaction(SIGPIPE, nullptr, &action);
        QVERIFY(action.sa_handler == SIG_IGN);
    }
    void init() { m_leaks.begin(); }
    void cleanup() { m_leaks.check(); }

    void existsFromFirstUseToItsEnd();
    void isOnePerThread();
    void tellsItsState_data() { addDrivers(); }
    void tellsItsState();
    void countsWhatItHasDone();
    void adoptsAForeignLoop();
    void aSecondBridgeInAThreadIsAnError();
    void brokenPipesAreIgnored();

    void worksInAThread_data();
    void worksInAThread();
    void aThreadsEndCancelsItsTasks_data() { worksInAThread_data(); }
    void aThreadsEndCancelsItsTasks();

    void postKeepsItsOrder_data() { addDrivers(); }
    void postKeepsItsOrder();
    void aPostThatThrowsGoesToTheHook();
    void withoutAHookAFailureIsLogged();

    void closeCancelsAndWaits();
    void afterCloseEverythingIsRefused();
    void closeInsideAWaitEndsItFirst();
    void closeWhenAHeldBackWaitReturns();
    void closeInsideATaskWaitsForIt();
    void closeInsideARawCallbackIsRefused();
    void whatIsLeftOpenOnTheLoopIsNamed();
    void theEndNamesWhatItWaitsFor();

private:
    CleanupCheck m_leaks;
};

namespace {

Task<int> givesAfter(std::chrono::nanoseconds delay, int number)
{
    co_await sleepFor(delay);
    co_return number;
}

Task<> untilCancelled(QStringList &notes, std::chrono::nanoseconds cleanUp = 0ns)
{
    try {
        co_await sleepFor(1h);
    } catch (const Cancelled &) {
        runSync(sleepFor(cleanUp));
        notes += "cleaned up";
        throw;
    }
}

template<typename Function>
QString refusalOf(Function function)
{
    try {
        function();
    } catch (const RunSyncError &error) {
        return nameOf(error.reason());
    }
    return QStringLiteral("not refused");
}

enum class ThreadKind { QThread, StdThread };

// Calls `body` in a thread of that kind, and waits for the thread's end.
void inThread(ThreadKind kind, const std::function<void()> &body)
{
    if (kind == ThreadKind::StdThread) {
        std::thread(body).join();
        return;
    }
    const std::unique_ptr<QThread> thread(QThread::create(body));
    thread->start();
    thread->wait();
}

} // namespace

Q_DECLARE_METATYPE(ThreadKind)

void TestBridge::existsFromFirstUseToItsEnd()
{
    QVERIFY(Bridge::exists());
    Bridge::current().close();
    QVERIFY(!Bridge::exists());
    Bridge::current();
    QVERIFY(Bridge::exists());

    bool beforeUse = true;
    bool afterUse = false;
    std::thread([&] {
        beforeUse = Bridge::exists();
        runSync(sleepFor(0s));
        afterUse = Bridge::exists();
    }).join();
    QVERIFY(!beforeUse);
    QVERIFY(afterUse);
}

void TestBridge::isOnePerThread()
{
    Bridge &here = Bridge::current();
    QCOMPARE(&Bridge::current(), &here);
    const Bridge *there = nullptr;
    const uv_loop_t *loopThere = nullptr;
    std::thread([&] {
        there = &Bridge::current();
        loopThere = Bridge::current().uvLoop();
    }).join();
    QVERIFY(there && there != &here);
    QVERIFY(loopThere != here.uvLoop());
}

void TestBridge::tellsItsState()
{
    Bridge &bridge = Bridge::current();
    QFETCH(Driver, driver);
    drive([&] {
        QCOMPARE(bridge.depth(), 0);
        QVERIFY(!bridge.isBlocking());
        QCOMPARE(bridge.isRunning(), driver != Driver::Top);
        int inside = 0;
        int parked = 0;
        bool isBlocking = false;
        bool isRunning = false;
        QTimer::singleShot(0, this, [&] {
            inside = bridge.depth();
            parked = bridge.parked();
            isBlocking = bridge.isBlocking();
            isRunning = bridge.isRunning();
        });
        const int before = bridge.taskCount();
        const auto task = spawn(givesAfter(5ms, 1));
        QCOMPARE(bridge.taskCount(), before + 1);
        runSync(task);
        runSync(sleepFor(5ms));
        QCOMPARE(bridge.taskCount(), before);
        QCOMPARE(inside, bodyParks(driver) ? 0 : 1); // a parked wait is on no stack that runs
        QCOMPARE(parked, bodyParks(driver) ? 1 : 0);
        QCOMPARE(isBlocking, !bodyParks(driver));
        QVERIFY(isRunning);
        QCOMPARE(bridge.depth(), 0);
        QCOMPARE(bridge.parked(), 0);
    });
}

void TestBridge::countsWhatItHasDone()
{
    Bridge &bridge = Bridge::current();
    const LoopStatistics before = bridge.statistics();
    runSync(sleepFor(1ms));
    const LoopStatistics slept = bridge.statistics();
    runSync(toThread([] { return 1; }));
    const LoopStatistics worked = bridge.statistics();

    QVERIFY(slept.uvRuns() > before.uvRuns());
    QCOMPARE(slept.timerCompletions() - before.timerCompletions(), 1u);
    QCOMPARE(slept.uvCompletions() - before.uvCompletions(), 0u);
    QVERIFY(slept.resumptions() > before.resumptions());
    QCOMPARE(worked.timerCompletions() - slept.timerCompletions(), 0u);
    QCOMPARE(worked.uvCompletions() - slept.uvCompletions(), 1u);
}

void TestBridge::adoptsAForeignLoop()
{
    // given: somebody else's loop, with a timer of theirs, in a thread of its own
    bool isUsed = false;
    bool hasFired = false;
    int result = 0;
    int inPool = 0;
    int handlesAfterwards = -1;
    int closed = -1;
    std::thread([&] {
        uv_loop_t loop;
        uv_loop_init(&loop);
        uv_timer_t timer;
        uv_timer_init(&loop, &timer);
        timer.data = &hasFired;
        uv_timer_start(&timer, [](uv_timer_t *fired) { *static_cast<bool *>(fired->data) = true; }, 5, 0);
        {
            // when: a bridge adopts it
            const Bridge bridge(&loop);
            isUsed = &Bridge::current() == &bridge && bridge.uvLoop() == &loop && Bridge::exists();
            result = runSync(givesAfter(20ms, 42));
            inPool = runSync(toThread([] { return 7; }));
        }
        // then: it is theirs again, with what was on it
        handlesAfterwards = 0;
        uv_walk(&loop, [](uv_handle_t *, void *count) { ++*static_cast<int *>(count); }, &handlesAfterwards);
        uv_close(reinterpret_cast<uv_handle_t *>(&timer), nullptr);
        uv_run(&loop, UV_RUN_DEFAULT);
        closed = uv_loop_close(&loop);
    }).join();
    QVERIFY(isUsed);
    QVERIFY(hasFired);
    QCOMPARE(result, 42);
    QCOMPARE(inPool, 7);
    QCOMPARE(handlesAfterwards, 1); // the timer
    QCOMPARE(closed, 0);
}

void TestBridge::aSecondBridgeInAThreadIsAnError()
{
    uv_loop_t loop;
    QCOMPARE(uv_loop_init(&loop), 0);
    QVERIFY_THROWS_EXCEPTION(std::logic_error, Bridge bridge(&loop));
    QCOMPARE(runSync(givesAfter(1ms, 5)), 5); // the first is unharmed
    QCOMPARE(uv_loop_close(&loop), 0);
}

void TestBridge::brokenPipesAreIgnored()
{
    struct sigaction before = {};
    sigaction(SIGPIPE, nullptr, &before);
    const auto handlerOfANewBridge = [](void (*handler)(int), int flags) {
        Bridge::current().close();
        struct sigaction action = {};
        action.sa_handler = handler;
        action.sa_flags = flags;
        sigaction(SIGPIPE, &action, nullptr);
        Bridge::current();
        sigaction(SIGPIPE, nullptr, &action);
        return action.sa_handler;
    };
    const auto own = [](int) {};
    const auto instead = handlerOfANewBridge(SIG_DFL, 0);
    const auto insteadOfAReport = handlerOfANewBridge(own, SA_RESETHAND);
    const auto kept = handlerOfANewBridge(own, 0);
    sigaction(SIGPIPE, &before, nullptr);
    QVERIFY(instead == SIG_IGN);
    QVERIFY(insteadOfAReport == SIG_IGN);
    QVERIFY(kept == own); // a program's own handler stays
}

void TestBridge::worksInAThread_data()
{
    QTest::addColumn<ThreadKind>("kind");
    QTest::newRow("QThread") << ThreadKind::QThread;
    QTest::newRow("std::thread") << ThreadKind::StdThread;
}

namespace {

Task<QByteArray> echoOnce(TcpServer &server)
{
    TcpSocket socket = co_await server.accept();
    const QByteArray data = co_await socket.read();
    co_await socket.write(data);
    co_return data;
}

Task<QByteArray> ask(int port)
{
    TcpSocket socket = co_await TcpSocket::connect(QStringLiteral("127.0.0.1"), port);
    co_await socket.write(QByteArrayLiteral("hello"));
    co_return co_await socket.read();
}

Task<QByteArray> talk()
{
    TcpServer server = TcpServer::listen(QStringLiteral("127.0.0.1"), 0);
    const auto echo = spawn(echoOnce(server));
    const QByteArray answer = co_await ask(server.port());
    static_cast<void>(co_await echo);
    co_return answer;
}

Task<QByteArray> talkNested()
{
    co_await yield();
    co_return runSync(talk());
}

} // namespace

void TestBridge::worksInAThread()
{
    QFETCH(ThreadKind, kind);
    const int descriptors = CleanupCheck::descriptorCount();
    QByteArray answer;
    Timeline log;
    int shots = 0;
    int percent = 0;
    inThread(kind, [&] {
        Bridge::current(); // in a std::thread Qt's timers need the event dispatcher that comes with it
        const Ticks ticks(10ms);
        log.start();
        answer = runSync(talkNested());
        runSync(sleepFor(unit));
        log.note("slept");
        shots = ticks.count();
        percent = ticks.percent();
    });
    QCOMPARE(answer, "hello");
    COMPARE_TIMELINE(log, "slept@1");
    QVERIFY2(shots > 0 && percent >= 50, qPrintable(QStringLiteral("%1 ticks, %2 %").arg(shots).arg(percent)));
    QCOMPARE(CleanupCheck::descriptorCount(), descriptors);
}

void TestBridge::aThreadsEndCancelsItsTasks()
{
    QFETCH(ThreadKind, kind);
    const int descriptors = CleanupCheck::descriptorCount();
    QStringList notes;
    TaskHandle<> handle;
    BridgeRemote remote = Bridge::current().remote();
    inThread(kind, [&] {
        handle = spawn(untilCancelled(notes, 10ms));
        remote = Bridge::current().remote();
        runSync(sleepFor(1ms));
    });
    QCOMPARE(notes, QStringList("cleaned up"));
    QVERIFY(!remote.postThreadSafe([] {}));
    QCOMPARE(refusalOf([&handle] { handle.cancel(); }), "ShuttingDown");
    QCOMPARE(refusalOf([&handle] { runSync(handle); }), "ShuttingDown");
    QCOMPARE(CleanupCheck::descriptorCount(), descriptors);
}

void TestBridge::postKeepsItsOrder()
{
    QStringList order;
    drive([&] {
        for (int i = 0; i < 5; ++i)
            Bridge::current().post([&order, i] { order += QString::number(i); });
        QVERIFY(order.isEmpty()); // it only queues
        runSync(sleepFor(1ms));
    });
    QCOMPARE(order, QStringList({"0", "1", "2", "3", "4"}));
}

void TestBridge::aPostThatThrowsGoesToTheHook()
{
    const UnhandledErrors errors;
    bool hasRunNext = false;
    Bridge::current().post([] { throw std::runtime_error("out of a post"); });
    Bridge::current().post([&hasRunNext] { hasRunNext = true; });
    runSync(sleepFor(1ms));
    QVERIFY(hasRunNext);
    QCOMPARE(errors.texts().size(), 1);
    QVERIFY2(errors.texts().first().contains("out of a post"), qPrintable(errors.texts().first()));
}

void TestBridge::withoutAHookAFailureIsLogged()
{
    const LoggedMessages messages;
    Bridge::current().post([] { throw std::runtime_error("out of a post"); });
    runSync(sleepFor(1ms));
    // a handler that throws itself does no harm either
    Bridge::current().setUnhandledErrorHandler([](const QString &, std::exception_ptr error) { std::rethrow_exception(error); });
    Bridge::current().post([] { throw std::runtime_error("for a bad handler"); });
    runSync(sleepFor(1ms));
    Bridge::current().setUnhandledErrorHandler({});
    QCOMPARE(messages.containing("out of a post").size(), 1);
    QVERIFY(!messages.containing("for a bad handler").isEmpty());
}

void TestBridge::closeCancelsAndWaits()
{
    QStringList notes;
    const auto first = spawn(untilCancelled(notes));
    const auto second = spawn(untilCancelled(notes, 20ms));
    runSync(sleepFor(1ms));
    Bridge::current().close();
    QCOMPARE(notes, QStringList({"cleaned up", "cleaned up"}));
    QVERIFY(first.isDone() && second.isDone());
    QVERIFY(first.isCancelled() && second.isCancelled());
}

void TestBridge::afterCloseEverythingIsRefused()
{
    const auto handle = spawn(givesAfter(1ms, 1));
    const BridgeRemote remote = Bridge::current().remote();
    Bridge::current().close();

    QVERIFY(!Bridge::exists());
    QCOMPARE(refusalOf([] { runSync(givesAfter(1ms, 1)); }), "ShuttingDown");
    QCOMPARE(refusalOf([] { spawn(givesAfter(1ms, 1)); }), "ShuttingDown");
    QCOMPARE(tryRunSync(givesAfter(1ms, 1)).outcome(), Outcome::Refused);
    QCOMPARE(refusalOf([&handle] { runSync(handle); }), "ShuttingDown");
    QCOMPARE(refusalOf([&handle] { handle.cancel(); }), "ShuttingDown");
    QVERIFY(!remote.postThreadSafe([] {}));
    QFuture<int> future = remote.spawnThreadSafe([] { return givesAfter(1ms, 1); });
    QCOMPARE(refusalOf([&future] { future.waitForFinished(); }), "ShuttingDown");

    // only who asks for a new one gets it
    Bridge::current();
    QCOMPARE(runSync(givesAfter(1ms, 6)), 6);
}

void TestBridge::closeInsideAWaitEndsItFirst()
{
    QStringList notes;
    const auto stranger = spawn(untilCancelled(notes));
    Outcome inner = Outcome::Value;
    Outcome outer = Outcome::Value;
    QString begunAfterwards;
    bool existsInside = false;
    drive(Driver::Slot, [&] {
        QTimer::singleShot(10, this, [&] {
            QTimer::singleShot(10, this, [&] {
                Bridge::current().close(); // two waits are on the stack
                existsInside = Bridge::exists();
                begunAfterwards = refusalOf([] { runSync(givesAfter(1ms, 1)); });
            });
            inner = tryRunSync(sleepFor(1h)).outcome();
        });
        outer = tryRunSync(sleepFor(1h)).outcome();
    });
    QCOMPARE(inner, Outcome::Cancelled);
    QCOMPARE(outer, Outcome::Cancelled);
    QVERIFY(existsInside);
    QCOMPARE(begunAfterwards, "ShuttingDown");
    QVERIFY(!Bridge::exists());
    QCOMPARE(notes, QStringList("cleaned up"));
    QVERIFY(stranger.isDone());
}

namespace {

Task<> closesTheBridge(QStringList &notes)
{
    co_await yield();
    Bridge::current().close();
    notes += "called close";
    try {
        co_await sleepFor(1h);
    } catch (const Cancelled &) {
        notes += "cancelled";
        throw;
    }
}

} // namespace

void TestBridge::closeWhenAHeldBackWaitReturns()
{
    // given: a wait that ends beneath another one, and a slot that ends the bridge when it returns
    Bridge::current().close();
    Bridge &bridge = Bridge::current();
    bridge.setHeldBackThreshold(1ms);
    Event ended;
    Event told;
    bool existsInSlot = true;
    connect(&bridge, &Bridge::waitHeldBack, this, [&told] { told.set(); });
    connect(&bridge, &Bridge::waitReleased, this, [&existsInSlot] {
        Bridge::current().close(); // no wait is on the stack any more
        existsInSlot = Bridge::exists();
    });
    QTimer::singleShot(0, this, [&] {
        ended.set();
        runSync(told.wait());
    });
    // when
    runSync(ended.wait());
    // then
    QVERIFY(!existsInSlot);
    QVERIFY(!Bridge::exists());
    Bridge::current(); // a new one for the next test
}

void TestBridge::closeInsideATaskWaitsForIt()
{
    QStringList notes;
    const auto task = spawn(closesTheBridge(notes));
    QTRY_VERIFY(!Bridge::exists());
    QCOMPARE(notes, QStringList({"called close", "cancelled"}));
    QVERIFY(task.isCancelled());
}

void TestBridge::closeInsideARawCallbackIsRefused()
{
    QString refusal;
    uv_timer_t timer;
    uv_timer_init(Bridge::current().uvLoop(), &timer);
    timer.data = &refusal;
    uv_timer_start(&timer, [](uv_timer_t *fired) {
        *static_cast<QString *>(fired->data) = refusalOf([] { Bridge::current().close(); });
    }, 0, 0);
    runSync(sleepFor(10ms));
    uv_close(reinterpret_cast<uv_handle_t *>(&timer), nullptr);
    QTRY_COMPARE(CleanupCheck::handleCount(), 1);
    QCOMPARE(refusal, "InsideLibuvCallback");
    QCOMPARE(runSync(givesAfter(1ms, 8)), 8);
}

void TestBridge::whatIsLeftOpenOnTheLoopIsNamed()
{
    const LoggedMessages messages;
    uv_timer_t timer;
    uv_timer_init(Bridge::current().uvLoop(), &timer);
    Bridge::current().close();
    QCOMPARE(messages.texts().size(), 1);
    QVERIFY2(messages.texts().first().contains("timer"), qPrintable(messages.texts().first()));
}

namespace {

void sleepInThread(std::atomic<bool> *hasBegun, std::chrono::milliseconds duration)
{
    *hasBegun = true;
    std::this_thread::sleep_for(duration);
}

} // namespace

void TestBridge::theEndNamesWhatItWaitsFor()
{
    // given: a job that is running in the pool
    const LoggedMessages messages;
    const auto begin = std::chrono::steady_clock::now();
    std::atomic<bool> hasBegun = false;
    const auto job = spawn(toThread(&sleepInThread, &hasBegun, 1300ms), "long job");
    QTRY_VERIFY(hasBegun);
    // when: the bridge ends
    Bridge::current().close();
    const auto elapsed = std::chrono::steady_clock::now() - begin;
    // then: its task is over at once, the end waits for the job, and names it after a second
    QVERIFY(job.isCancelled());
    QVERIFY2(elapsed >= 1300ms, qPrintable(QString::number(elapsed / 1ms)));
    QCOMPARE(messages.texts().size(), 1);
    QVERIFY2(messages.texts().first().contains("toThread"), qPrintable(messages.texts().first()));
}

INTERLOOP_TEST_MAIN(TestBridge)
#include "tst_bridge.moc"
