// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>

#include <tests/cleanupcheck.h>
#include <tests/messages.h>
#include <tests/testmain.h>
#include <tests/timeline.h>

#include <QFuture>
#include <QThread>

#include <atomic>
#include <thread>

using namespace interloop;
using namespace std::chrono_literals;

/*
 * Rows Q02 and Q12: the end of a bridge, in each of its four places. Each function has applications of its own.
 */

namespace {

enum class Place { Close, Application, Thread, StdThread };

class Alive
{
public:
    Alive() { ++begun; }
    ~Alive() { ++ended; }
    Alive(const Alive &) = delete;
    Alive &operator=(const Alive &) = delete;

    static void reset() { begun = ended = 0; }
    static QString counts() { return QStringLiteral("%1 begun, %2 ended").arg(begun).arg(ended); }

private:
    static inline std::atomic<int> begun = 0;
    static inline std::atomic<int> ended = 0;
};

// An application for one test function; the program was started without one.
class Application
{
public:
    Application() : m_application(test::makeApplication(m_argc, m_argv)) { }

private:
    int m_argc = 1;
    char m_name[8] = "tst_end";
    char *m_argv[2] = {m_name, nullptr};
    std::unique_ptr<QCoreApplication> m_application;
};

// Calls `setUp` on a bridge's thread and ends the bridge; how long the end took.
std::chrono::milliseconds endIn(Place place, const std::function<void()> &setUp)
{
    using Clock = std::chrono::steady_clock;
    Clock::time_point begin;
    const auto setUpAndNote = [&] {
        setUp();
        begin = Clock::now();
    };
    switch (place) {
    case Place::Close: {
        const Application application;
        setUpAndNote();
        Bridge::current().close();
        break;
    }
    case Place::Application: {
        const Application application;
        setUpAndNote();
        break;
    }
    case Place::Thread: {
        const Application application;
        QThread thread;
        thread.start();
        QObject worker;
        worker.moveToThread(&thread);
        QMetaObject::invokeMethod(&worker, [&] {
            setUpAndNote();
            worker.moveToThread(nullptr);
            thread.quit();
        });
        thread.wait();
        break;
    }
    case Place::StdThread: {
        const Application application;
        std::thread(setUpAndNote).join();
        break;
    }
    }
    return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin);
}

void addPlaces()
{
    QTest::addColumn<int>("place");
    QTest::newRow("close()") << int(Place::Close);
    QTest::newRow("the application is destroyed") << int(Place::Application);
    QTest::newRow("a QThread has finished") << int(Place::Thread);
    QTest::newRow("a std::thread ends") << int(Place::StdThread);
}

Task<> sleepAMinute()
{
    const Alive alive;
    co_await sleepFor(60s);
}

Task<> awaitIt(Future<> future)
{
    const Alive alive;
    co_await future;
}

// Two levels of tasks, each with something to do when it is left.
class Saver
{
public:
    explicit Saver(QStringList &saved) : m_saved(saved) { }
    ~Saver() { m_saved += QString::fromLatin1(nameOf(tryRunSync(sleepFor(5ms)).outcome())); }
    Saver(const Saver &) = delete;
    Saver &operator=(const Saver &) = delete;

private:
    QStringList &m_saved;
};

Task<> cleanUpSlowly(QStringList &saved)
{
    const Alive alive;
    const Saver saver(saved);
    bool isCancelled = false;
    try {
        co_await sleepAMinute();
    } catch (const Cancelled &) {
        isCancelled = true;
        saved += QString::fromLatin1(nameOf(tryRunSync(sleepFor(5ms)).outcome()));
    }
    if (isCancelled) {
        co_await shield(sleepFor(5ms));
        saved += QStringLiteral("shielded");
        co_await yield(); // throws Cancelled again
    }
}

Task<> cleanUpBehindAShield(QStringList &saved)
{
    const Alive alive;
    bool isCancelled = false;
    try {
        co_await sleepFor(60s);
    } catch (const Cancelled &) {
        isCancelled = true;
    }
    if (isCancelled) {
        co_await shield(sleepFor(5ms));
        saved += QStringLiteral("shielded");
        co_await yield(); // throws Cancelled again
    }
}

Task<> spawnInCleanUp(std::chrono::milliseconds time, QStringList &notes)
{
    const Alive alive;
    bool isCancelled = false;
    try {
        co_await sleepFor(60s);
    } catch (const Cancelled &) {
        isCancelled = true;
    }
    if (isCancelled) {
        const auto late = [](std::chrono::milliseconds time, QStringList &notes) -> Task<> {
            const Alive alive;
            notes += QStringLiteral("late begun");
            co_await sleepFor(time);
            notes += QStringLiteral("late done");
        };
        spawn(late(time, notes), "late");
        notes += QStringLiteral("spawned");
    }
}

Task<> hideBehindAShield()
{
    const Alive alive;
    co_await shield(sleepFor(60s));
}

// Everything that was said.
QString said(const test::LoggedMessages &log)
{
    return log.texts().join(QStringLiteral(" | "));
}

} // namespace

class TestEnd : public QObject
{
    Q_OBJECT

private slots:
    void initTestCase();
    void init();
    void cleanup();

    void Q02_endUnwindsEveryTask_data() { addPlaces(); }
    void Q02_endUnwindsEveryTask();
    void Q02_cleanUpWorksAtTheEnd_data() { addPlaces(); }
    void Q02_cleanUpWorksAtTheEnd();
    void Q02_shieldHoldsUntilTheShutdownLimit_data() { addPlaces(); }
    void Q02_shieldHoldsUntilTheShutdownLimit();
    void Q02_taskSpawnedInCleanUpMayEnd_data() { addPlaces(); }
    void Q02_taskSpawnedInCleanUpMayEnd();
    void Q02_taskSpawnedInCleanUpHasTheShutdownLimit_data() { addPlaces(); }
    void Q02_taskSpawnedInCleanUpHasTheShutdownLimit();
    void Q02_foreignHandlesAreReported_data() { addPlaces(); }
    void Q02_foreignHandlesAreReported();
    void Q02_adoptedLoopIsLeftClean();
    void Q12_endWaitsForJobsAndNamesThem_data() { addPlaces(); }
    void Q12_endWaitsForJobsAndNamesThem();
    void Q12_queuedJobsAreTakenBack();
    void Q12_timeoutLeavesTheJobRunning();
    void Q02_closeBeneathWaitsEndsThem_data();
    void Q02_closeBeneathWaitsEndsThem();
    void closeInsideARawCallbackIsRefused();
    void afterTheEndOnlyCurrentMakesANewBridge();
    void otherThreadsLearnOfTheEnd();
    void nextApplicationGetsABridgeOfItsOwn();
    void withoutAnApplicationWaitsAreRefused();

private:
    int m_descriptors = 0;
};

void TestEnd::initTestCase()
{
    endIn(Place::Application, [] { Bridge::current(); }); // what Qt opens on first use and keeps
}

void TestEnd::init()
{
    alarm(test::isSanitized ? 60 : 20); // a hang ends the process
    Alive::reset();
    m_descriptors = test::CleanupCheck::descriptorCount();
}

void TestEnd::cleanup()
{
    alarm(0);
    QCOMPARE(test::CleanupCheck::descriptorCount(), m_descriptors);
}

void TestEnd::Q02_endUnwindsEveryTask()
{
    QFETCH(int, place);
    const test::LoggedMessages log;
    std::optional<TcpSocket> socket;
    std::optional<TcpServer> server;
    TaskHandle<> kept;
    Future<> never;
    QStringList saved;

    const auto took = endIn(Place{place}, [&] {
        Future<> done;
        spawn(sleepAMinute(), "waiting");
        spawn(awaitIt(done), "ready");
        kept = spawn(awaitIt(never), "waits for ever");
        const TaskHandle<> cancelling = spawn(cleanUpBehindAShield(saved), "cancelling");
        runSync(yield());
        cancelling.cancel(); // its clean-up begins, and waits
        runSync(yield());
        done.setResult();
        server = TcpServer::listen(QStringLiteral("127.0.0.1"), 0);
        socket = runSync(TcpSocket::connect(QStringLiteral("127.0.0.1"), server->port()));
        spawn(sleepAMinute(), "not started");
    });

    QCOMPARE(Alive::counts(), QStringLiteral("4 begun, 4 ended"));
    QCOMPARE(saved, QStringList(QStringLiteral("shielded")));
    QVERIFY2(took < 500ms, QByteArray::number(took.count()));
    QVERIFY(!socket->isOpen());
    QVERIFY(!server->isOpen());
    QCOMPARE(said(log), QString()); // uv_loop_close() had nothing to say either
}

void TestEnd::Q02_cleanUpWorksAtTheEnd()
{
    QFETCH(int, place);
    const test::LoggedMessages log;
    QStringList saved;

    endIn(Place{place}, [&saved] {
        spawn(cleanUpSlowly(saved), "slow");
        runSync(yield());
    });

    QCOMPARE(saved.join(' '), QStringLiteral("Value shielded Value"));
    QCOMPARE(Alive::counts(), QStringLiteral("2 begun, 2 ended"));
    QCOMPARE(said(log), QString());
}

void TestEnd::Q02_shieldHoldsUntilTheShutdownLimit()
{
    QFETCH(int, place);
    const test::LoggedMessages log;

    const auto took = endIn(Place{place}, [] {
        Bridge::current().setShutdownLimit(150ms);
        spawn(hideBehindAShield(), "shielded");
        runSync(yield());
    });

    QCOMPARE(Alive::counts(), QStringLiteral("1 begun, 1 ended"));
    QVERIFY2(took >= 150ms && took < 600ms, QByteArray::number(took.count()));
    QCOMPARE(said(log), QString());
}

void TestEnd::Q02_taskSpawnedInCleanUpMayEnd()
{
    QFETCH(int, place);
    QStringList notes;
    endIn(Place{place}, [&notes] {
        spawn(spawnInCleanUp(20ms, notes), "spawner");
        runSync(yield());
    });
    QCOMPARE(notes,
             QStringList({QStringLiteral("spawned"), QStringLiteral("late begun"), QStringLiteral("late done")}));
    QCOMPARE(Alive::counts(), QStringLiteral("2 begun, 2 ended"));
}

void TestEnd::Q02_taskSpawnedInCleanUpHasTheShutdownLimit()
{
    QFETCH(int, place);
    QStringList notes;
    const auto took = endIn(Place{place}, [&notes] {
        Bridge::current().setShutdownLimit(100ms);
        spawn(spawnInCleanUp(60s, notes), "spawner");
        runSync(yield());
    });
    QCOMPARE(notes, QStringList({QStringLiteral("spawned"), QStringLiteral("late begun")}));
    QCOMPARE(Alive::counts(), QStringLiteral("2 begun, 2 ended"));
    QVERIFY2(took >= 100ms && took < 500ms, QByteArray::number(took.count()));
}

void TestEnd::Q02_foreignHandlesAreReported()
{
    QFETCH(int, place);
    const test::LoggedMessages log;
    auto timer = std::make_unique<uv_timer_t>(); // its memory stays its owner's
    endIn(Place{place}, [&timer] {
        uv_timer_init(Bridge::current().uvLoop(), timer.get());
        uv_timer_start(
                timer.get(), [](uv_timer_t *) { }, 60'000, 0);
    });
    timer.reset();
    QCOMPARE(said(log), QStringLiteral("a libuv timer handle was still open at the bridge's end"));
}

void TestEnd::Q02_adoptedLoopIsLeftClean()
{
    const Application application;
    uv_loop_t loop;
    QCOMPARE(uv_loop_init(&loop), 0);
    uv_timer_t timer;
    uv_timer_init(&loop, &timer);
    {
        Bridge bridge(&loop);
        QCOMPARE(Bridge::current().uvLoop(), &loop);
        QVERIFY_THROWS_EXCEPTION(std::logic_error, Bridge{&loop});
        spawn(sleepAMinute(), "waiting");
        QCOMPARE(tryRunSync(sleepFor(5ms)).outcome(), Outcome::Value);
        TcpServer server = TcpServer::listen(QStringLiteral("127.0.0.1"), 0);
    }
    QCOMPARE(Alive::counts(), QStringLiteral("1 begun, 1 ended"));
    QVERIFY(!Bridge::exists());

    QVERIFY(!uv_is_closing(reinterpret_cast<uv_handle_t *>(&timer))); // its owner's
    uv_close(reinterpret_cast<uv_handle_t *>(&timer), nullptr);
    uv_run(&loop, UV_RUN_DEFAULT);
    QCOMPARE(uv_loop_close(&loop), 0);
}

namespace {

// Blocks a thread of the pool.
QByteArray slowly(std::chrono::milliseconds time, std::atomic<bool> *hasBegun)
{
    *hasBegun = true;
    std::this_thread::sleep_for(time);
    return QByteArray("slow");
}

Task<> untilSet(std::atomic<bool> &flag)
{
    while (!flag)
        co_await sleepFor(1ms);
}

} // namespace

void TestEnd::Q12_endWaitsForJobsAndNamesThem()
{
    QFETCH(int, place);
    const test::LoggedMessages log;
    std::atomic<bool> hasBegun = false;
    TaskHandle<QByteArray> job;

    const auto took = endIn(Place{place}, [&] {
        job = spawn(toThread(&slowly, 1300ms, &hasBegun), "slow");
        runSync(untilSet(hasBegun));
    });

    QVERIFY2(took >= 1200ms && took < 3000ms, QByteArray::number(took.count()));
    QCOMPARE(said(log), QStringLiteral("the bridge's end is waiting for a toThread job"));
    QVERIFY(job.isCancelled());
}

void TestEnd::Q12_queuedJobsAreTakenBack()
{
    constexpr int poolSize = 4;
    std::array<std::atomic<bool>, poolSize> hasBegun = {};
    std::atomic<bool> hasQueuedBegun = false;
    const auto took = endIn(Place::Close, [&] {
        for (auto &flag : hasBegun) {
            spawn(toThread(&slowly, 200ms, &flag), "slow");
            runSync(untilSet(flag));
        }
        spawn(toThread(&slowly, 60'000ms, &hasQueuedBegun), "queued");
        runSync(yield());
    });
    QVERIFY2(took < 1000ms, QByteArray::number(took.count()));
    QVERIFY(!hasQueuedBegun);
}

namespace {

// Counts its objects that hold something.
class Result4
{
public:
    explicit Result4(std::atomic<int> *alive) : m_alive(alive) { ++*m_alive; }
    Result4(Result4 &&other) noexcept : m_alive(std::exchange(other.m_alive, nullptr)) { }
    Result4 &operator=(Result4 &&) = delete;
    ~Result4()
    {
        if (m_alive)
            --*m_alive;
    }

private:
    std::atomic<int> *m_alive;
};

} // namespace

void TestEnd::Q12_timeoutLeavesTheJobRunning()
{
    const Application application;
    std::atomic<bool> hasReturned = false;
    std::atomic<int> alive = 0;
    const auto slow = [](std::atomic<bool> *hasReturned, std::atomic<int> *alive) {
        std::this_thread::sleep_for(400ms);
        Result4 result(alive);
        *hasReturned = true;
        return result;
    };
    QElapsedTimer clock;
    clock.start();
    const test::OwnTime ownTime;

    QVERIFY_THROWS_EXCEPTION(TimeoutError, runSync(withTimeout(100ms, toThread(slow, &hasReturned, &alive))));

    QVERIFY2(clock.elapsed() >= 100 && ownTime.elapsed() < 250ms, QByteArray::number(clock.elapsed()));
    QVERIFY(!hasReturned);
    runSync(untilSet(hasReturned), RunOptions().timeout(5s));
    QTRY_COMPARE(alive.load(), 0); // destroyed, later
    Bridge::current().close();
}

void TestEnd::Q02_closeBeneathWaitsEndsThem_data()
{
    QTest::addColumn<QString>("place");
    QTest::addColumn<int>("depth");
    for (const char *place : {"slot", "task", "post", "connect"}) {
        for (const int depth : {1, 3})
            QTest::addRow("%s, depth %d", place, depth) << QString::fromLatin1(place) << depth;
    }
}

namespace {

class Emitter : public QObject
{
    Q_OBJECT

signals:
    void fired();
};

Task<> callInTask(std::function<void()> function)
{
    const Alive alive;
    function();
    co_return;
}

} // namespace

void TestEnd::Q02_closeBeneathWaitsEndsThem()
{
    QFETCH(QString, place);
    QFETCH(int, depth);
    const test::LoggedMessages log;
    const Application application;
    QStringList outcomes;
    Emitter emitter;
    bool existedAfterClose = false;
    bool wasRefused = false;
    spawn(sleepAMinute(), "background");
    const auto close = [&] {
        Bridge::current().close();
        existedAfterClose = Bridge::exists(); // the stack is not free
        try {
            spawn(sleepAMinute(), "too late");
        } catch (const RunSyncError &error) {
            wasRefused = error.reason() == Refusal::ShuttingDown;
        }
    };
    std::function<void()> grow = [&] {
        const int floor = depth--;
        QTimer::singleShot(0, QCoreApplication::instance(), [&, floor] {
            if (floor > 1) {
                grow();
                return;
            }
            if (place == QStringLiteral("slot"))
                close();
            else if (place == QStringLiteral("task"))
                spawn(callInTask(close), "closer");
            else if (place == QStringLiteral("post"))
                Bridge::current().post(close);
            else
                emit emitter.fired();
        });
        const Result<> result = tryRunSync(sleepAMinute(), RunOptions().timeout(10s));
        outcomes += QStringLiteral("%1 %2").arg(floor).arg(QLatin1String(nameOf(result.outcome())));
    };
    interloop::connect(&emitter, &Emitter::fired, &emitter, close);
    QStringList expected;
    for (int floor = 1; floor <= depth; ++floor)
        expected += QStringLiteral("%1 Cancelled").arg(floor);
    grow();

    QCOMPARE(outcomes, expected);
    QVERIFY(existedAfterClose);
    QCOMPARE(wasRefused, place != QStringLiteral("task") && place != QStringLiteral("connect")); // those are clean-up
    QTRY_VERIFY(!Bridge::exists());
    QCOMPARE(Alive::counts().section(' ', 0, 0), Alive::counts().section(' ', 2, 2));
    QCOMPARE(said(log), QString());

    Bridge::current();
    QCOMPARE(tryRunSync(sleepFor(1ms)).outcome(), Outcome::Value);
}

void TestEnd::closeInsideARawCallbackIsRefused()
{
    const Application application;
    static uv_timer_t timer; // outlives its close callback
    static std::optional<Refusal> refusal;
    refusal.reset();
    uv_timer_init(Bridge::current().uvLoop(), &timer);
    const auto fired = [](uv_timer_t *timer) {
        try {
            Bridge::current().close();
        } catch (const RunSyncError &error) {
            refusal = error.reason();
        }
        uv_close(reinterpret_cast<uv_handle_t *>(timer), nullptr);
    };
    uv_timer_start(&timer, fired, 1, 0);
    QTRY_VERIFY(refusal.has_value());
    QCOMPARE(*refusal, Refusal::InsideLibuvCallback);
    QCOMPARE(tryRunSync(sleepFor(1ms)).outcome(), Outcome::Value); // unharmed
}

void TestEnd::afterTheEndOnlyCurrentMakesANewBridge()
{
    const Application application;
    const TaskHandle<> old = spawn(sleepAMinute(), "old");
    Bridge::current().close();
    Bridge::current().close(); // a new one

    QVERIFY(!Bridge::exists());
    const Result<> refused = tryRunSync(sleepFor(1ms));
    QCOMPARE(refused.outcome(), Outcome::Refused);
    QVERIFY2(refused.errorString().starts_with("ShuttingDown"), refused.errorString().c_str());
    QVERIFY_THROWS_EXCEPTION(RunSyncError, spawn(sleepAMinute()));

    Bridge::current();
    QCOMPARE(tryRunSync(sleepFor(1ms)).outcome(), Outcome::Value);
    const Result<> ofTheOld = tryRunSync(old);
    QCOMPARE(ofTheOld.outcome(), Outcome::Refused);
    QVERIFY2(ofTheOld.errorString().find("'old' belongs to a bridge that has ended") != std::string::npos,
             ofTheOld.errorString().c_str());
}

void TestEnd::otherThreadsLearnOfTheEnd()
{
    const Application application;
    const BridgeRemote remote = Bridge::current().remote();
    std::atomic<bool> isDelivered = false;
    std::thread([&] { QVERIFY(remote.postThreadSafe([&] { isDelivered = true; })); }).join();
    QTRY_VERIFY(isDelivered);
    QFuture<int> cancelled;
    std::thread([&] {
        cancelled = remote.spawnThreadSafe([]() -> Task<int> {
            co_await sleepFor(60s);
            co_return 1;
        });
    }).join();
    runSync(sleepFor(5ms));

    Bridge::current().close();

    QVERIFY(cancelled.isFinished());
    QVERIFY(cancelled.isCanceled());
    QVERIFY(!remote.postThreadSafe([] { }));
    QFuture<int> late = remote.spawnThreadSafe([]() -> Task<int> { co_return 1; });
    QVERIFY(late.isFinished());
    QVERIFY_THROWS_EXCEPTION(RunSyncError, late.waitForFinished());
}

void TestEnd::nextApplicationGetsABridgeOfItsOwn()
{
    const test::LoggedMessages log;
    for (int i = 0; i < 3; ++i) {
        const Application application;
        spawn(sleepAMinute(), "background");
        QCOMPARE(tryRunSync(sleepFor(2ms)).outcome(), Outcome::Value);
        QTimer::singleShot(0, QCoreApplication::instance(), [] {
            runSync(sleepFor(2ms));
            QCoreApplication::exit(3);
        });
        QCOMPARE(QCoreApplication::exec(), 3);
        if (i == 1)
            Bridge::current().close();
    }
    QCOMPARE(Alive::counts(), QStringLiteral("3 begun, 3 ended"));
    QCOMPARE(said(log), QString());
}

void TestEnd::withoutAnApplicationWaitsAreRefused()
{
    QVERIFY_THROWS_EXCEPTION(RunSyncError, Bridge::current());
    QVERIFY(!Bridge::exists());
    try {
        runSync(sleepFor(1ms));
        QFAIL("it waited");
    } catch (const RunSyncError &error) {
        QCOMPARE(error.reason(), Refusal::NoApplication);
    }
    QCOMPARE(tryRunSync(sleepFor(1ms)).outcome(), Outcome::Refused);
}

QTEST_APPLESS_MAIN(TestEnd)
#include "tst_end.moc"
