// SPDX-License-Identifier: MIT
#include <tests/cleanupcheck.h>
#include <tests/drivers.h>
#include <tests/testmain.h>
#include <tests/ticks.h>
#include <tests/timeline.h>
#include <tests/windows.h>

#include <interloop/interloop.h>

#include <QAbstractEventDispatcher>
#include <QByteArray>
#include <QCoreApplication>
#include <QEvent>
#include <QEventLoop>
#include <QMessageBox>
#include <QRegularExpression>
#include <QSocketNotifier>
#include <QTimer>
#include <uv.h>

#include <algorithm>
#include <chrono>
#include <functional>

/*
 * The merged loop and Qt's side by side: Qt's timers keep time while tasks are busy, tasks go on while somebody else's
 * event loop is on top, and nobody's quit is swallowed.
 */

using namespace interloop;
using namespace interloop::test;

class TestPump : public QObject
{
    Q_OBJECT

private slots:
    void initTestCase() { prepareWindows(); }
    void init() { m_leaks.begin(); }
    void cleanup() { m_leaks.check(); }

    void timersKeepTimeWhileAWaitMovesALotOfData();
    void timersKeepTimeWhileEverythingIsBusy();
    void aRawCallbackMaySpinAnEventLoop();
    void aRawCallbackThatSpinsStormsANaiveLoop();
    void tasksGoOnWhileTheirTimersSlotIsOnTheStack();
    void aLoopOpenedInTheMiddleOfATurnLetsTheRestGoOn();
    void aMessageBoxOpenedByATaskLetsTheRestGoOn();
    void aForeignLoopAboveAWaitThatIsDone_data();
    void aForeignLoopAboveAWaitThatIsDone();
    void aQuitInsideRawLoopsReachesTheOuterExec();
    void aQuitBeforeAWaitReachesTheOuterExec();
    void aNaiveNestedLoopSwallowsTheQuit();

private:
    CleanupCheck m_leaks;
};

namespace {

// How many of a hundred ticks came while a slot ran `measure`, which sets that: up to three times until they are enough, as
// a machine that is busy, or stands still, can only take some away.
template<typename Measure>
int bestOfThree(Measure measure)
{
    int best = 0;
    for (int round = 0; round < 3 && best < 95; ++round) {
        int percent = 0;
        drive(Driver::Slot, [&] { measure(percent); });
        qInfo("%d of 100 ticks", percent);
        best = std::max(best, percent);
    }
    return best;
}

constexpr qsizetype transferSize = 100'000'000;

Task<qsizetype> receiveAll(TcpServer &server)
{
    TcpSocket socket = co_await server.accept();
    qsizetype received = 0;
    for (;;) {
        const QByteArray part = co_await socket.read();
        if (part.isEmpty())
            co_return received;
        received += part.size();
    }
}

Task<qsizetype> moveData()
{
    TcpServer server = TcpServer::listen(QStringLiteral("127.0.0.1"), 0);
    const auto received = spawn(receiveAll(server));
    TcpSocket socket = co_await TcpSocket::connect(QStringLiteral("127.0.0.1"), server.port());
    const QByteArray part(1'000'000, 'x');
    for (qsizetype sent = 0; sent < transferSize; sent += part.size())
        co_await socket.write(part);
    co_await socket.shutdown();
    co_return co_await received;
}

} // namespace

void TestPump::timersKeepTimeWhileAWaitMovesALotOfData()
{
    const int percent = bestOfThree([](int &percent) {
        const Ticks ticks(10ms);
        do
            QCOMPARE(runSync(moveData()), transferSize);
        while (ticks.elapsed() < 1s);
        percent = ticks.percent();
    });
    QVERIFY2(percent >= 95, qPrintable(QString::number(percent)));
}

namespace {

Task<> yieldsUntil(const bool &isOver)
{
    while (!isOver)
        co_await yield();
}

Task<> pingPong(TcpSocket &socket, bool begins, const bool &isOver)
{
    const QByteArray ball("x");
    if (begins)
        co_await socket.write(ball);
    while (!isOver) {
        const QByteArray got = co_await socket.read();
        if (got.isEmpty())
            break;
        co_await socket.write(got);
    }
    socket.close();
}

Task<TcpSocket> acceptOne(TcpServer &server)
{
    co_return co_await server.accept();
}

} // namespace

void TestPump::timersKeepTimeWhileEverythingIsBusy()
{
    const int percent = bestOfThree([](int &percent) {
        // given: tasks that are always ready, sockets that are always readable, a posted event that posts the next
        bool isOver = false;
        std::vector<TaskHandle<>> busy;
        for (int i = 0; i < 10; ++i)
            busy.push_back(spawn(yieldsUntil(isOver)));
        TcpServer server = TcpServer::listen(QStringLiteral("127.0.0.1"), 0);
        const auto accepting = spawn(acceptOne(server));
        TcpSocket near = runSync(TcpSocket::connect(QStringLiteral("127.0.0.1"), server.port()));
        TcpSocket far = runSync(std::move(accepting));
        busy.push_back(spawn(pingPong(near, true, isOver)));
        busy.push_back(spawn(pingPong(far, false, isOver)));
        std::function<void()> again = [&] {
            if (!isOver)
                QTimer::singleShot(0, QCoreApplication::instance(), [&again] { again(); });
        };
        again();
        // when: a wait lasts a while
        const Ticks ticks(5ms);
        runSync(sleepFor(500ms));
        percent = ticks.percent();
        isOver = true;
        static_cast<void>(runSync(gather(std::move(busy))));
        runSync(sleepFor(1ms));
    });
    QVERIFY2(percent >= 95, qPrintable(QString::number(percent)));
}

namespace {

// Counts how often Qt tells socket notifiers that something is readable.
class Activations final : public QObject
{
public:
    Activations() { QCoreApplication::instance()->installEventFilter(this); }
    ~Activations() { QCoreApplication::instance()->removeEventFilter(this); }
    int count = 0;

private:
    bool eventFilter(QObject *, QEvent *event) override
    {
        if (event->type() == QEvent::SockAct)
            ++count;
        return false;
    }
};

void spinFor(std::chrono::milliseconds duration)
{
    QEventLoop loop;
    QTimer::singleShot(duration, Qt::PreciseTimer, &loop, &QEventLoop::quit);
    loop.exec();
}

// A raw timer whose callback opens an event loop, as a C library that shows a message box does.
class SpinningCallback
{
public:
    explicit SpinningCallback(uv_loop_t *loop) : m_loop(loop)
    {
        // Readable meanwhile, and nobody can read it: libuv is in its callback.
        uv_async_init(loop, &m_async, [](uv_async_t *) {});
        uv_timer_init(loop, &m_timer);
        m_async.data = m_timer.data = this;
        uv_update_time(loop);
        uv_timer_start(&m_timer, [](uv_timer_t *timer) { static_cast<SpinningCallback *>(timer->data)->spin(); }, 5, 0);
    }
    void close()
    {
        for (void *handle : {static_cast<void *>(&m_async), static_cast<void *>(&m_timer)})
            uv_close(static_cast<uv_handle_t *>(handle),
                     [](uv_handle_t *closed) { static_cast<SpinningCallback *>(closed->data)->m_loop = nullptr; });
    }
    bool isClosed() const { return !m_loop; }

    int activations = 0;
    bool hasSpun = false;
    QString refusal; // what a wait inside the spun loop got

private:
    void spin()
    {
        uv_async_send(&m_async);
        const Activations seen;
        QTimer::singleShot(50, [this] { refusal = QString::fromStdString(tryRunSync(sleepFor(1ms)).errorString()); });
        spinFor(100ms);
        activations = seen.count;
        hasSpun = true;
    }

    uv_loop_t *m_loop;
    uv_async_t m_async;
    uv_timer_t m_timer;
};

// Sleeps, and on until the callback has spun: under load the first sleep may be over before it came.
Task<> sleepsPast(const SpinningCallback &callback, Timeline &log)
{
    co_await sleepFor(20ms);
    while (!callback.hasSpun)
        co_await sleepFor(1ms);
    log.note("task");
}

Task<> ticker(Timeline &log, std::chrono::nanoseconds period)
{
    for (int tick = 0;; ++tick) {
        log.note("tick " + QString::number(tick));
        co_await sleepFor(period);
    }
}

void stop(const TaskHandle<> &handle)
{
    handle.cancel();
    static_cast<void>(tryRunSync(handle));
}

} // namespace

void TestPump::aRawCallbackMaySpinAnEventLoop()
{
    Timeline log;
    SpinningCallback callback(Bridge::current().uvLoop());
    const auto task = spawn(sleepsPast(callback, log));
    drive(Driver::Slot, [&] {
        // when: the callback comes during a wait, and spins past the end of a task's sleep
        runSync(task);
        log.note("returned");
    });
    callback.close();
    QTRY_COMPARE(CleanupCheck::handleCount(), 1);

    // then: no storm, a wait in it is refused, and everything goes on afterwards
    QVERIFY(callback.hasSpun);
    QVERIFY2(callback.activations <= 3, qPrintable(QString::number(callback.activations)));
    QVERIFY2(callback.refusal.startsWith("InsideLibuvCallback"), qPrintable(callback.refusal));
    QCOMPARE(log.order(), "task, returned");
    QCOMPARE(runSync(toThread([] { return 3; })), 3);
}

void TestPump::aRawCallbackThatSpinsStormsANaiveLoop()
{
    uv_loop_t loop;
    QCOMPARE(uv_loop_init(&loop), 0);
    bool isInside = false;
    QSocketNotifier notifier(uv_backend_fd(&loop), QSocketNotifier::Read);
    const std::function<void()> run = [&] {
        if (std::exchange(isInside, true))
            return;
        uv_run(&loop, UV_RUN_NOWAIT);
        isInside = false;
    };
    connect(&notifier, &QSocketNotifier::activated, this, run);
    SpinningCallback callback(&loop);
    run();
    QTimer::singleShot(10, this, run);
    QTRY_VERIFY(callback.hasSpun);
    callback.close();
    run();
    notifier.setEnabled(false);
    QCOMPARE(uv_loop_close(&loop), 0);
    QVERIFY2(callback.activations > 100, qPrintable(QString::number(callback.activations)));
}

void TestPump::tasksGoOnWhileTheirTimersSlotIsOnTheStack()
{
    // given: a task that the bridge's timer has resumed, and that opens an event loop there
    QEventLoop loop;
    const auto spins = [](QEventLoop &loop, int &ticks, int &ticksAtEnd) -> Task<> {
        co_await sleepFor(unit / 4);
        QTimer::singleShot(5s, &loop, &QEventLoop::quit); // wakes nobody before the test has failed
        loop.exec();
        ticksAtEnd = ticks;
    };
    const auto counts = [](QEventLoop &loop, int &ticks) -> Task<> {
        for (; ticks < 7; ++ticks)
            co_await sleepFor(unit / 2);
        loop.quit();
    };
    int ticks = 0;
    int ticksAtEnd = 0;
    const OwnTime time;
    const auto counting = spawn(counts(loop, ticks));
    const auto spinning = spawn(spins(loop, ticks, ticksAtEnd));
    runSync(spinning);
    runSync(counting);
    // then: the others' timers fire, again and again, and in time
    QCOMPARE(ticksAtEnd, 7);
    QVERIFY2(time.elapsed() < 7 * unit / 2 + 2 * lateness, qPrintable(QString::number(time.elapsed() / 1ms)));

    // The naive way: a repeating QTimer whose slot opens the event loop fires no more meanwhile.
    QTimer timer;
    int fired = 0;
    int firedMeanwhile = 0;
    connect(&timer, &QTimer::timeout, this, [&] {
        if (++fired > 1)
            return;
        spinFor(2 * unit);
        firedMeanwhile = fired;
    });
    timer.start(10);
    QTRY_VERIFY(firedMeanwhile > 0);
    QCOMPARE(firedMeanwhile, 1);
}

namespace {

constexpr int crowd = 2'000;

Task<> joinsTheCrowd(int &arrived, QEventLoop *&openLoop)
{
    ++arrived;
    if (arrived == crowd && openLoop)
        openLoop->quit();
    co_return;
}

Task<> opensALoop(int &arrived, QEventLoop *&openLoop, int &arrivedMeanwhile)
{
    QEventLoop loop;
    openLoop = &loop;
    QTimer::singleShot(2s, &loop, &QEventLoop::quit);
    loop.exec();
    openLoop = nullptr;
    arrivedMeanwhile = arrived;
    co_return;
}

} // namespace

void TestPump::aLoopOpenedInTheMiddleOfATurnLetsTheRestGoOn()
{
    for (const Driver driver : {Driver::Top, Driver::Task, Driver::Slot}) {
        int arrived = 0;
        int arrivedMeanwhile = -1;
        QEventLoop *openLoop = nullptr;
        drive(driver, [&] {
            // given: a task that opens an event loop, and many ready behind it
            const auto opener = spawn(opensALoop(arrived, openLoop, arrivedMeanwhile));
            for (int i = 0; i < crowd; ++i)
                spawn(joinsTheCrowd(arrived, openLoop));
            runSync(opener);
        });
        QCOMPARE(arrivedMeanwhile, crowd);
    }
}

namespace {

Task<> opensAMessageBox(int &arrived, int &arrivedMeanwhile)
{
    QMessageBox box(QMessageBox::Information, QStringLiteral("title"), QStringLiteral("text"), QMessageBox::Ok);
    QTimer look;
    QObject::connect(&look, &QTimer::timeout, &box, [&] {
        if (arrived == crowd)
            box.accept();
    });
    QTimer::singleShot(2s, &box, &QDialog::accept);
    look.start(10);
    box.exec();
    arrivedMeanwhile = arrived;
    co_return;
}

} // namespace

void TestPump::aMessageBoxOpenedByATaskLetsTheRestGoOn()
{
    if (!hasWindows())
        QSKIP("needs windows");
    int arrived = 0;
    int arrivedMeanwhile = -1;
    QEventLoop *none = nullptr;
    drive(Driver::Slot, [&] {
        const auto opener = spawn(opensAMessageBox(arrived, arrivedMeanwhile));
        for (int i = 0; i < crowd; ++i)
            spawn(joinsTheCrowd(arrived, none));
        runSync(opener);
    });
    QCOMPARE(arrivedMeanwhile, crowd);
}

namespace {

enum class ForeignLoop { Exec, ProcessEvents, ProcessEventsWaiting, NestedExecs };

void runForeignLoop(ForeignLoop kind, std::chrono::milliseconds duration)
{
    const auto end = std::chrono::steady_clock::now() + duration;
    QTimer wake; // so that waiting has an end
    wake.setSingleShot(true);
    wake.setTimerType(Qt::PreciseTimer);
    wake.start(duration);
    switch (kind) {
    case ForeignLoop::Exec:
        spinFor(duration);
        break;
    case ForeignLoop::ProcessEvents:
        while (std::chrono::steady_clock::now() < end)
            QCoreApplication::processEvents();
        break;
    case ForeignLoop::ProcessEventsWaiting:
        while (std::chrono::steady_clock::now() < end)
            QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents);
        break;
    case ForeignLoop::NestedExecs: {
        QEventLoop outer;
        QTimer::singleShot(0, &outer, [&] {
            spinFor(duration);
            outer.quit();
        });
        outer.exec();
        break;
    }
    }
}

} // namespace

Q_DECLARE_METATYPE(ForeignLoop)

void TestPump::aForeignLoopAboveAWaitThatIsDone_data()
{
    QTest::addColumn<Driver>("driver");
    QTest::addColumn<ForeignLoop>("kind");
    const std::pair<const char *, ForeignLoop> kinds[] = {
            {"exec", ForeignLoop::Exec},
            {"processEvents", ForeignLoop::ProcessEvents},
            {"processEvents, waiting", ForeignLoop::ProcessEventsWaiting},
            {"two execs", ForeignLoop::NestedExecs},
    };
    for (const auto &[name, kind] : kinds) {
        QTest::addRow("top, %s", name) << Driver::Top << kind;
        QTest::addRow("task, %s", name) << Driver::Task << kind;
        QTest::addRow("slot, %s", name) << Driver::Slot << kind;
    }
}

void TestPump::aForeignLoopAboveAWaitThatIsDone()
{
    QFETCH(ForeignLoop, kind);
    constexpr auto period = unit / 2 + 1ms;
    Timeline log;
    Timeline times;
    int inWindow = 0;
    int missed = 0; // while others had the processor
    drive([&] {
        const auto ticks = spawn(ticker(log, period));
        Future<> isOpen;
        Future<> isClosed;
        const auto endsUnderTheSlot = [](Future<> isOpen) -> Task<> {
            co_await isOpen;
            co_await sleepFor(unit);
        };
        // given: a slot that runs during the wait opens a loop of its own; the wait's target ends under it
        QTimer::singleShot(10, this, [&] {
            isOpen.setResult();
            log.start();
            times.start();
            const auto takenBefore = timeTakenByOthers();
            runForeignLoop(kind, 5 * unit);
            missed = int((timeTakenByOthers() - takenBefore) / period);
            inWindow = int(log.order("tick").split(", ").size());
            log.note("closed");
            isClosed.setResult();
        });
        runSync(endsUnderTheSlot(isOpen));
        times.note("returned");
        log.note("returned");
        runSync(isClosed); // for what is not beneath the slot
        stop(ticks);
    });
    // then: everybody else goes on, and the wait returns as soon as it can: at once when it is parked
    QVERIFY2(inWindow + missed >= 8, qPrintable(log.order()));
    if (bodyParks()) {
        COMPARE_TIMELINE(times, "returned@1");
        return;
    }
    COMPARE_TIMELINE(times, "returned@5");
    QVERIFY2(log.order().contains("closed, returned") || log.order().contains(QRegularExpression("closed, tick \\d+, returned")),
             qPrintable(log.order()));
}

namespace {

bool isOnGlib()
{
    return QByteArray(QAbstractEventDispatcher::instance()->metaObject()->className()).contains("lib");
}

// Runs the application until it is told to quit. How long that took, with `slot` called from a posted event.
std::chrono::milliseconds timeToQuit(const std::function<void()> &slot)
{
    const OwnTime time;
    QTimer rescue; // wakes an exec() that sleeps although it was told to end
    rescue.setSingleShot(true);
    rescue.start(1s);
    QMetaObject::invokeMethod(QCoreApplication::instance(), slot, Qt::QueuedConnection);
    QCoreApplication::exec();
    return std::chrono::duration_cast<std::chrono::milliseconds>(time.elapsed());
}

} // namespace

void TestPump::aQuitInsideRawLoopsReachesTheOuterExec()
{
    Outcome outcome = Outcome::Value;
    const auto time = timeToQuit([&] {
        QMetaObject::invokeMethod(QCoreApplication::instance(), [] {
            QCoreApplication::quit();
            for (int i = 0; i < 3; ++i)
                QCoreApplication::processEvents();
        }, Qt::QueuedConnection);
        outcome = tryRunSync(sleepFor(100 * unit)).outcome();
    });
    QCOMPARE(outcome, Outcome::Quit);
    QVERIFY2(time < 500ms, qPrintable(QString::number(time.count())));
}

void TestPump::aQuitBeforeAWaitReachesTheOuterExec()
{
    Outcome outcome = Outcome::Quit;
    const auto time = timeToQuit([&] {
        QCoreApplication::quit();
        outcome = tryRunSync(sleepFor(10ms)).outcome(); // clean-up
    });
    QCOMPARE(outcome, Outcome::Value);
    QVERIFY2(time < 500ms, qPrintable(QString::number(time.count())));
}

void TestPump::aNaiveNestedLoopSwallowsTheQuit()
{
    if (isOnGlib())
        QSKIP("Qt's GLib dispatcher does not");
    if (hasWindows())
        QSKIP("the window system may wake it up");
    QEventLoop settles; // what an earlier wait still owed to outer event loops is paid when this one blocks
    QTimer::singleShot(10ms, &settles, &QEventLoop::quit);
    settles.exec();
    const auto time = timeToQuit([] {
        QCoreApplication::quit();
        QCoreApplication::processEvents();
    });
    QVERIFY2(time > 500ms, qPrintable(QString::number(time.count())));
}

INTERLOOP_TEST_MAIN(TestPump)
#include "tst_pump.moc"
