// SPDX-License-Identifier: MIT
#include <tests/cleanupcheck.h>
#include <tests/drivers.h>
#include <tests/testmain.h>

#include <interloop/interloop.h>
#include <interloop/test/verify.h>
#include <interloop/test/virtualclock.h>

#include <QAbstractEventDispatcher>
#include <QElapsedTimer>
#include <QEventLoop>
#include <QObject>
#include <QStringList>
#include <QTest>
#include <QThread>
#include <QTimer>
#include <uv.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <thread>

using namespace interloop;
using namespace interloop::test;
using namespace std::chrono_literals;

class TestVirtualClock : public QObject
{
    Q_OBJECT

private slots:
    void init() { m_leaks.begin(); }
    void cleanup() { m_leaks.check(); }

    void anHourTakesNoTime_data() { addDrivers(); }
    void anHourTakesNoTime();
    void everyDeadlineIsMetExactly_data() { addDrivers(); }
    void everyDeadlineIsMetExactly();
    void nestedWaitsLiveInTheSameTime_data() { addDrivers(); }
    void nestedWaitsLiveInTheSameTime();
    void limitsPassInIt_data() { addDrivers(); }
    void limitsPassInIt();
    void itStandsStillWhileATaskIsReady();
    void itStandsStillWhereNoLoopRuns();
    void itGoesOnInAnyEventLoop();
    void itGoesOnInAWorkerThread_data();
    void itGoesOnInAWorkerThread();

    void aJobOfThePoolHoldsIt();
    void aChildProcessHoldsIt();
    void postedEventsComeFirst_data();
    void postedEventsComeFirst();
    void timersOfZeroComeFirst();
    void aDeferredDeletionThatMustWaitDoesNotHoldIt();
    void aConnectionWithBothEndsHereIsSeen();
    void whatOnlyMightComeDoesNotHoldIt();
    void aSleepWithoutEndIsNoDeadline();

    void whatWaitsWhenItBeginsHasAsLongToGo();
    void whatWaitsWhenItEndsHasAsLongToGo();
    void thereIsOneAThread();
    void itEndsWithTheBridge();
    void qtKeepsItsTurns();
    void nothingPollsWhileItIsHeld();

private:
    CleanupCheck m_leaks;
};

namespace {

// Notes what happens, with the virtual time in hours.
class Log
{
public:
    void note(const QString &text) { m_notes += text + '@' + QString::number(m_clock.elapsed() / 1min / 60.0); }
    QString text() const { return m_notes.join(' '); }
    std::chrono::nanoseconds elapsed() const { return m_clock.elapsed(); }

private:
    VirtualClock m_clock;
    QStringList m_notes;
};

Task<> sleeper(Log &log, QString name, std::chrono::nanoseconds delay)
{
    co_await sleepFor(delay);
    log.note(name);
}

Task<> sleepOnStack(Log &log, QString name, std::chrono::nanoseconds begin, std::chrono::nanoseconds delay)
{
    co_await sleepFor(begin);
    log.note("start " + name);
    runSync(sleepFor(delay));
    log.note("end " + name);
}

// Settled `links` posted events later, each of which posts the next one.
class EventChain : public QObject
{
public:
    explicit EventChain(int links) : m_links(links) { post(); }
    Future<> end() const { return m_end; }

private:
    void post() { QMetaObject::invokeMethod(this, [this] { step(); }, Qt::QueuedConnection); }
    void step()
    {
        if (--m_links == 0)
            m_end.setResult();
        else
            post();
    }

    int m_links;
    Future<> m_end;
};

Task<> serveEcho(TcpServer &server)
{
    TcpSocket socket = co_await server.accept();
    for (;;) {
        const QByteArray data = co_await socket.read();
        if (data.isEmpty())
            break;
        co_await socket.write(data);
    }
}

Task<int> echo(int port, int rounds)
{
    TcpSocket socket = co_await TcpSocket::connect(QStringLiteral("127.0.0.1"), port);
    int right = 0;
    for (int i = 0; i < rounds; ++i) {
        const QByteArray sent = QByteArray::number(i);
        co_await socket.write(sent);
        const QByteArray received = co_await socket.read();
        right += received == sent;
    }
    co_return right;
}

} // namespace

void TestVirtualClock::anHourTakesNoTime()
{
    drive([] {
        QElapsedTimer real;
        real.start();
        const VirtualClock clock;
        const TimePoint begin = clock.now();
        for (int i = 0; i < 1000; ++i)
            runSync(sleepFor(1h));
        QCOMPARE(clock.elapsed(), 1000h);
        QCOMPARE(clock.now() - begin, 1000h);
        runSync(sleepUntil(clock.now() + 24h));
        QCOMPARE(clock.elapsed(), 1024h);
        QVERIFY2(real.elapsed() < 10000, QByteArray::number(real.elapsed()));
    });
}

void TestVirtualClock::everyDeadlineIsMetExactly()
{
    drive([] {
        Log log;
        runSync(gather(sleeper(log, "1", 3h), sleeper(log, "2", 2h), sleeper(log, "3", 4h), sleeper(log, "4", 90min)));
        log.note("done");
        QCOMPARE(log.text(), QStringLiteral("4@1.5 2@2 1@3 3@4 done@4"));
    });
}

// N04: on one stack waits end last in, first out; parked, each in its own time.
void TestVirtualClock::nestedWaitsLiveInTheSameTime()
{
    drive([] {
        Log log;
        runSync(gather(sleepOnStack(log, "1", 1h, 1h), sleepOnStack(log, "2", 90min, 4h), sleepOnStack(log, "3", 100min, 2h)));
        log.note("done");
        const QString ends = Bridge::current().isParking() ? QStringLiteral("end 1@2 end 3@3.66667 end 2@5.5")
                                                           : QStringLiteral("end 3@3.66667 end 2@5.5 end 1@5.5");
        QCOMPARE(log.text(), QStringLiteral("start 1@1 start 2@1.5 start 3@1.66667 ") + ends + QStringLiteral(" done@5.5"));
    });
}

void TestVirtualClock::limitsPassInIt()
{
    drive([] {
        const VirtualClock clock;
        QVERIFY_THROWS_EXCEPTION(TimeoutError, runSync(withTimeout(1h, sleepFor(2h))));
        QCOMPARE(clock.elapsed(), 1h);
        QVERIFY_THROWS_EXCEPTION(TimeoutError, runSync(sleepFor(2h), RunOptions().timeout(1h)));
        QCOMPARE(clock.elapsed(), 2h);
        runSync(withTimeout(2h, sleepFor(1h)));
        QCOMPARE(clock.elapsed(), 3h);
    });
}


namespace {

Task<> yieldOften(const VirtualClock &clock, TaskHandle<> sleeping)
{
    for (int i = 0; i < 100000; ++i)
        co_await yield();
    INTERLOOP_COMPARE(clock.elapsed(), 0ns);
    INTERLOOP_VERIFY(!sleeping.isDone());
    co_await sleeping;
    INTERLOOP_COMPARE(clock.elapsed(), 1ns);
}

Task<> sleepThrough(std::chrono::nanoseconds delay)
{
    co_await sleepFor(delay);
}

} // namespace

void TestVirtualClock::itStandsStillWhileATaskIsReady()
{
    const VirtualClock clock;
    runSync(yieldOften(clock, spawn(sleepThrough(1ns))));
}

void TestVirtualClock::itStandsStillWhereNoLoopRuns()
{
    const VirtualClock clock;
    const TaskHandle<> sleeping = spawn(sleepThrough(1h));
    QThread::msleep(20);
    QCOMPARE(clock.elapsed(), 0ns);
    runSync(sleeping);
    QCOMPARE(clock.elapsed(), 1h);
}

void TestVirtualClock::itGoesOnInAnyEventLoop()
{
    const VirtualClock clock;
    const TaskHandle<> first = spawn(sleepThrough(1h));
    QTRY_VERIFY(first.isDone());

    const TaskHandle<> second = spawn(sleepThrough(1h));
    QElapsedTimer real;
    real.start();
    while (!second.isDone() && real.elapsed() < 5000)
        QCoreApplication::processEvents();
    QVERIFY(second.isDone());
    QCOMPARE(clock.elapsed(), 2h);
}

void TestVirtualClock::itGoesOnInAWorkerThread_data()
{
    QTest::addColumn<bool>("isQThread");
    QTest::newRow("QThread") << true;
    QTest::newRow("std::thread") << false;
}

void TestVirtualClock::itGoesOnInAWorkerThread()
{
    QFETCH(bool, isQThread);
    std::chrono::nanoseconds there{};
    const auto body = [&there] {
        const VirtualClock clock;
        runSync(sleepFor(1h));
        there = clock.elapsed();
    };
    const VirtualClock here;
    if (isQThread) {
        const std::unique_ptr<QThread> thread(QThread::create(body));
        thread->start();
        QVERIFY(thread->wait(10000));
    } else {
        std::thread(body).join();
    }
    QCOMPARE(there, 1h);
    QCOMPARE(here.elapsed(), 0ns);
}

void TestVirtualClock::aJobOfThePoolHoldsIt()
{
    const VirtualClock clock;
    const auto work = [] {
        std::this_thread::sleep_for(50ms);
        return 42;
    };
    QCOMPARE(runSync(withTimeout(1ns, toThread(work))), 42);
    QCOMPARE(clock.elapsed(), 0ns);
}

void TestVirtualClock::aChildProcessHoldsIt()
{
    class Child
    {
    public:
        Child()
        {
            const char *arguments[] = {"sleep", "0.05", nullptr};
            uv_process_options_t options = {};
            options.file = arguments[0];
            options.args = const_cast<char **>(arguments);
            options.exit_cb = [](uv_process_t *process, int64_t status, int) {
                static_cast<Child *>(process->data)->exit.setResult(int(status));
            };
            m_process.data = this;
            started = uv_spawn(Bridge::current().uvLoop(), &m_process, &options);
        }
        ~Child()
        {
            uv_close(reinterpret_cast<uv_handle_t *>(&m_process), nullptr);
            static_cast<void>(QTest::qWaitFor([] { return CleanupCheck::handleCount() == 1; }));
        }

        int started;
        Future<int> exit;

    private:
        uv_process_t m_process;
    };

    const VirtualClock clock;
    Child child;
    QCOMPARE(child.started, 0);
    QCOMPARE(runSync(withTimeout(1ns, Future<int>(child.exit))), 0);
    QCOMPARE(clock.elapsed(), 0ns);
}

void TestVirtualClock::postedEventsComeFirst_data()
{
    QTest::addColumn<int>("links");
    for (const int links : {1, 2, 3, 100})
        QTest::addRow("%d", links) << links;
}

void TestVirtualClock::postedEventsComeFirst()
{
    QFETCH(int, links);
    const VirtualClock clock;
    {
        const EventChain chain(links);
        runSync(withTimeout(1ns, chain.end()));
    }
    // Also where no wait of this library's runs the event loop.
    const EventChain chain(links);
    const TaskHandle<> task = spawn(withTimeout(1ns, chain.end()));
    QTRY_VERIFY(task.isDone());
    runSync(task);
    QCOMPARE(clock.elapsed(), 0ns);
}

void TestVirtualClock::timersOfZeroComeFirst()
{
    const VirtualClock clock;
    Future<> shot;
    QTimer first;
    QTimer second;
    first.setSingleShot(true);
    second.setSingleShot(true);
    QObject::connect(&first, &QTimer::timeout, &second, [&second] { second.start(0); });
    QObject::connect(&second, &QTimer::timeout, &second, [&] {
        QMetaObject::invokeMethod(&second, [&shot] { shot.setResult(); }, Qt::QueuedConnection);
    });
    first.start(0);
    runSync(withTimeout(1ns, Future<>(shot)));
    QCOMPARE(clock.elapsed(), 0ns);
}

// An object is not deleted before the event loop that asked for it goes on; its event stays posted during the wait.
void TestVirtualClock::aDeferredDeletionThatMustWaitDoesNotHoldIt()
{
    drive(Driver::Slot, [] {
        const VirtualClock clock;
        auto *object = new QObject;
        bool isDeleted = false;
        QObject::connect(object, &QObject::destroyed, [&isDeleted] { isDeleted = true; });
        object->deleteLater();
        runSync(sleepFor(1h));
        QVERIFY(!isDeleted);
        QCOMPARE(clock.elapsed(), 1h);
        object->disconnect();
    });
}

void TestVirtualClock::aConnectionWithBothEndsHereIsSeen()
{
    const VirtualClock clock;
    TcpServer server = TcpServer::listen(QStringLiteral("127.0.0.1"), 0);
    const TaskHandle<> serving = spawn(serveEcho(server));
    QCOMPARE(runSync(withTimeout(1ns, echo(server.port(), 1000))), 1000);
    QCOMPARE(clock.elapsed(), 0ns);
    runSync(serving);
}

void TestVirtualClock::whatOnlyMightComeDoesNotHoldIt()
{
    const VirtualClock clock;
    TcpServer server = TcpServer::listen(QStringLiteral("127.0.0.1"), 0);
    QVERIFY_THROWS_EXCEPTION(TimeoutError, runSync(withTimeout(1h, server.accept())));
    QTimer tick; // Qt's time is real
    int ticks = 0;
    QObject::connect(&tick, &QTimer::timeout, &tick, [&ticks] { ++ticks; });
    tick.start(10s);
    runSync(sleepFor(1h));
    QCOMPARE(ticks, 0);
    QCOMPARE(clock.elapsed(), 2h);
}

void TestVirtualClock::aSleepWithoutEndIsNoDeadline()
{
    const VirtualClock clock;
    const TaskHandle<> endless = spawn(sleepThrough(std::chrono::nanoseconds::max()));
    runSync(sleepFor(1h));
    QTest::qWait(20);
    QCOMPARE(clock.elapsed(), 1h);
    endless.cancel();
    QVERIFY(!tryRunSync(endless));
}

void TestVirtualClock::whatWaitsWhenItBeginsHasAsLongToGo()
{
    const TaskHandle<> sleeping = spawn(sleepThrough(1h));
    runSync(yield()); // it sleeps
    const VirtualClock clock;
    runSync(sleeping);
    QVERIFY2(clock.elapsed() <= 1h && clock.elapsed() > 1h - 10s, QByteArray::number(qint64(clock.elapsed().count())));
}

void TestVirtualClock::whatWaitsWhenItEndsHasAsLongToGo()
{
    std::unique_ptr<VirtualClock> clock = std::make_unique<VirtualClock>();
    const TaskHandle<> longer = spawn(sleepThrough(2h));
    const TaskHandle<> shorter = spawn(sleepThrough(1h + 50ms));
    runSync(sleepFor(1h));
    QElapsedTimer real;
    real.start();
    clock.reset();
    runSync(shorter);
    QVERIFY2(real.elapsed() >= 50 && real.elapsed() < 5000, QByteArray::number(real.elapsed()));
    QVERIFY(!longer.isDone());
    longer.cancel();
    QVERIFY(!tryRunSync(longer));
}

void TestVirtualClock::thereIsOneAThread()
{
    const VirtualClock clock;
    QVERIFY_THROWS_EXCEPTION(std::logic_error, VirtualClock());
    runSync(sleepFor(1h));
    QCOMPARE(clock.elapsed(), 1h);
}

void TestVirtualClock::itEndsWithTheBridge()
{
    VirtualClock clock;
    runSync(sleepFor(1h));
    Bridge::current().close();
    QCOMPARE(clock.elapsed(), 1h);
    Bridge::current();
    QElapsedTimer real;
    real.start();
    runSync(sleepFor(20ms));
    QVERIFY(real.elapsed() >= 20);
    QCOMPARE(clock.elapsed(), 1h);
    const VirtualClock second;
    runSync(sleepFor(1h));
    QCOMPARE(second.elapsed(), 1h);
}

// The pump's budget is real time: a task that never waits for anything leaves Qt its turns.
void TestVirtualClock::qtKeepsItsTurns()
{
    const VirtualClock clock;
    bool isEnough = false;
    QTimer::singleShot(20ms, Qt::PreciseTimer, QCoreApplication::instance(), [&isEnough] { isEnough = true; });
    const auto untilEnough = [](bool &isEnough) -> Task<> {
        while (!isEnough)
            co_await yield();
    };
    runSync(untilEnough(isEnough));
    QCOMPARE(clock.elapsed(), 0ns);
}

void TestVirtualClock::nothingPollsWhileItIsHeld()
{
    const VirtualClock clock;
    const TaskHandle<> sleeping = spawn(sleepThrough(1h));
    int turns = 0;
    const QMetaObject::Connection counting = QObject::connect(QAbstractEventDispatcher::instance(),
                                                              &QAbstractEventDispatcher::awake, [&turns] { ++turns; });
    const auto work = [] { std::this_thread::sleep_for(200ms); };
    runSync(toThread(work));
    QObject::disconnect(counting);
    QVERIFY2(turns < 50, QByteArray::number(turns));
    QVERIFY(!sleeping.isDone());
    runSync(sleeping);
    QCOMPARE(clock.elapsed(), 1h);
}

INTERLOOP_TEST_MAIN(TestVirtualClock)
#include "tst_virtualclock.moc"
