// SPDX-License-Identifier: MIT
#include <tests/cleanupcheck.h>
#include <tests/drivers.h>
#include <tests/messages.h>
#include <tests/testmain.h>
#include <tests/ticks.h>
#include <tests/timeline.h>

#include <interloop/interloop.h>

#include <QCryptographicHash>
#include <QFutureWatcher>
#include <QPromise>
#include <QThread>
#include <QTimer>

#include <chrono>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

/*
 * One loop, many tasks: the orders and values that asyncio's documents promise, from the three places that a wait can
 * begin at.
 */

using namespace interloop;
using namespace interloop::test;

class TestManyTasks : public QObject
{
    Q_OBJECT

private slots:
    void init() { m_leaks.begin(); }
    void cleanup() { m_leaks.check(); }

    void A01_helloThenWorld_data() { addDrivers(); }
    void A01_helloThenWorld();
    void A02_aFetchGivesItsValue_data() { addDrivers(); }
    void A02_aFetchGivesItsValue();
    void A03_aTickerGoesOnInsideANestedRun_data() { addDrivers(); }
    void A03_aTickerGoesOnInsideANestedRun();
    void A04_aBlockedSlotKeepsTimersTicking();
    void A07_aTestFunctionMayBlock();
    void A08_gatherInterleaves_data() { addDrivers(); }
    void A08_gatherInterleaves();
    void A09_gatherAgainstBlockingSleeps_data() { addDrivers(); }
    void A09_gatherAgainstBlockingSleeps();
    void A10_threeLevelsAddUp_data() { addDrivers(); }
    void A10_threeLevelsAddUp();
    void A11_aPlainFunctionInsideACoroutineBlocks_data() { addDrivers(); }
    void A11_aPlainFunctionInsideACoroutineBlocks();
    void A12_twoThreadsWaitIndependently();
    void A13_aLibraryFunctionBlocksWhereverItIsCalled();
    void A14_aSpawnedTaskStartsLaterAndIsJoined_data() { addDrivers(); }
    void A14_aSpawnedTaskStartsLaterAndIsJoined();
    void A15_gatherKeepsTheOrderOfItsArguments_data() { addDrivers(); }
    void A15_gatherKeepsTheOrderOfItsArguments();
    void A16_aTaskThatNobodyRunsWarns_data() { addDrivers(); }
    void A16_aTaskThatNobodyRunsWarns();
    void A17_twoTasksTakeTurns_data() { addDrivers(); }
    void A17_twoTasksTakeTurns();
    void A18_fourTasksTakeTurns_data() { addDrivers(); }
    void A18_fourTasksTakeTurns();
    void A19_resultsComeInTheOrderOfArguments_data() { addDrivers(); }
    void A19_resultsComeInTheOrderOfArguments();
    void A20_gatherThrowsTheFirstFailureAndTheOthersGoOn_data() { addDrivers(); }
    void A20_gatherThrowsTheFirstFailureAndTheOthersGoOn();
    void A21_gatherResultsWaitsForAll_data() { addDrivers(); }
    void A21_gatherResultsWaitsForAll();
    void A22_cancellingAGatherCancelsItsChildrenInOrder_data() { addDrivers(); }
    void A22_cancellingAGatherCancelsItsChildrenInOrder();
    void A23_noRunTouchesStrangersButTheEndDoes();
    void A24_awaitingWhatIsDoneDoesNotYield_data() { addDrivers(); }
    void A24_awaitingWhatIsDoneDoesNotYield();
    void A26_workInAThreadLetsTheTickerRun_data() { addDrivers(); }
    void A26_workInAThreadLetsTheTickerRun();
    void A27_equalDeadlinesAreFirstInFirstOut_data() { addDrivers(); }
    void A27_equalDeadlinesAreFirstInFirstOut();
    void A28_oneAfterTheOtherAgainstTogether_data() { addDrivers(); }
    void A28_oneAfterTheOtherAgainstTogether();
    void A29_aPlainThreadSubmitsATask_data() { addDrivers(); }
    void A29_aPlainThreadSubmitsATask();
    void A30_aRunningLoopRunsAnInnerTask_data() { addDrivers(); }
    void A30_aRunningLoopRunsAnInnerTask();

private:
    CleanupCheck m_leaks;
};

namespace {

Task<> hello(Timeline &log)
{
    log.note("Hello");
    co_await sleepFor(unit);
    log.note("World");
}

class Fetched
{
public:
    explicit Fetched(int number) : data(number) { }
    int data;
};

Task<Fetched> fetch()
{
    co_await sleepFor(unit / 2);
    co_return Fetched(123);
}

Task<int> sleepsAndGives(Timeline &log, QString name, std::chrono::nanoseconds duration, QString begin, QString end, int result)
{
    if (!begin.isEmpty())
        log.note(begin + name);
    co_await sleepFor(duration);
    log.note(end + name);
    co_return result;
}

Task<int> startEnd(Timeline &log, QString name, std::chrono::nanoseconds duration)
{
    return sleepsAndGives(log, std::move(name), duration, "Start ", "End ", 0);
}

Task<> fourSleepers(Timeline &log)
{
    co_await gather(startEnd(log, "1", 3 * unit), startEnd(log, "2", 2 * unit), startEnd(log, "3", 4 * unit),
                    startEnd(log, "4", unit));
    log.note("done");
}

// Ticks until it is cancelled, or `count` times.
Task<> ticker(Timeline &log, std::chrono::nanoseconds period, int count = std::numeric_limits<int>::max())
{
    const auto begin = std::chrono::steady_clock::now();
    for (int tick = 0; tick < count; ++tick) {
        log.note("tick " + QString::number(tick));
        co_await sleepUntil(begin + (tick + 1) * period); // one that is late does not make the next late
    }
}

// Ends a task that only ends when it is cancelled.
void stop(const TaskHandle<> &handle)
{
    handle.cancel();
    static_cast<void>(tryRunSync(handle));
}

Task<> steps(Timeline &log, QString name, QStringList texts)
{
    for (const QString &text : std::as_const(texts)) {
        log.note(name + text);
        co_await yield();
    }
}

Task<> startFirstSecond(Timeline &log, QString name)
{
    log.note(name + " start");
    co_await yield();
    log.note(name + " first");
    co_await yield();
    log.note(name + " second");
}

Task<std::string> named(Timeline &log, QString name, std::chrono::nanoseconds duration)
{
    co_await sleepFor(duration);
    log.note(name);
    co_return name.toStdString();
}

Task<std::string> failsAfter(std::chrono::nanoseconds duration, std::string what)
{
    co_await sleepFor(duration);
    throw std::runtime_error(what);
}

} // namespace

void TestManyTasks::A01_helloThenWorld()
{
    Timeline log;
    drive([&] {
        log.start();
        runSync(hello(log));
    });
    COMPARE_TIMELINE(log, "Hello@0, World@1");
}

void TestManyTasks::A02_aFetchGivesItsValue()
{
    Timeline log;
    int data = 0;
    drive([&] {
        log.start();
        data = runSync(fetch()).data;
        log.note("value");
    });
    QCOMPARE(data, 123);
    COMPARE_TIMELINE(log, "value@.5");
}

void TestManyTasks::A03_aTickerGoesOnInsideANestedRun()
{
    const FifoOrder fifo;
    Timeline log;
    drive([&] {
        log.start();
        const auto ticks = spawn(ticker(log, unit / 2 + 2ms, 9)); // so that tick 8 is after "End 3"
        runSync(fourSleepers(log));
        log.note("nested returned");
        runSync(sleepFor(unit / 4));
        stop(ticks);
    });
    QCOMPARE(log.order("tick"), "tick 0, tick 1, tick 2, tick 3, tick 4, tick 5, tick 6, tick 7, tick 8");
    const QString order = log.order();
    QVERIFY2(order.startsWith("tick 0, Start 1, Start 2, Start 3, Start 4, tick 1"), qPrintable(order));
    QVERIFY2(order.indexOf("tick 7") < order.indexOf("End 3"), qPrintable(order));
    QVERIFY2(order.indexOf("tick 8") > order.indexOf("End 3"), qPrintable(order));
    QVERIFY2(order.indexOf("nested returned") > order.indexOf("done"), qPrintable(order));
}

void TestManyTasks::A04_aBlockedSlotKeepsTimersTicking()
{
    // The naive way: the slot sleeps.
    drive(Driver::Slot, [] {
        const Ticks ticks(10ms);
        std::this_thread::sleep_for(3 * unit);
        QCOMPARE(ticks.count(), 0);
    });

    Timeline log;
    drive(Driver::Slot, [&log] {
        const Ticks ticks(10ms);
        log.start();
        runSync(sleepFor(3 * unit));
        log.note("returned");
        QVERIFY2(ticks.count() > 0 && ticks.percent() >= 90,
                 qPrintable(QString("%1 ticks, %2 of 100").arg(ticks.count()).arg(ticks.percent())));
    });
    COMPARE_TIMELINE(log, "returned@3");
}

void TestManyTasks::A07_aTestFunctionMayBlock()
{
    Timeline log;
    QVERIFY(!Bridge::current().isRunning());
    runSync(hello(log));
    QVERIFY(!Bridge::current().isRunning());
    QCOMPARE(Bridge::current().taskCount(), 0);
    QCOMPARE(CleanupCheck::handleCount(), 1); // at once; the bridge's own
    COMPARE_TIMELINE(log, "Hello@0, World@1");
}

void TestManyTasks::A08_gatherInterleaves()
{
    const FifoOrder fifo;
    Timeline log;
    drive([&] {
        log.start();
        runSync(fourSleepers(log));
    });
    COMPARE_TIMELINE(log, "Start 1@0, Start 2@0, Start 3@0, Start 4@0, End 4@1, End 2@2, End 1@3, End 3@4, done@4");
}

namespace {

Task<> blockingSleep(Timeline &log, QString name)
{
    std::this_thread::sleep_for(2 * unit);
    log.note("End " + name);
    co_return;
}

} // namespace

void TestManyTasks::A09_gatherAgainstBlockingSleeps()
{
    const FifoOrder fifo;
    Timeline log;
    drive([&] {
        log.start();
        runSync(gather(sleepsAndGives(log, "1", 2 * unit, "", "End ", 0), sleepsAndGives(log, "2", 2 * unit, "", "End ", 0)));
    });
    COMPARE_TIMELINE(log, "End 1@2, End 2@2");

    drive([&] {
        log.start();
        const auto ticks = spawn(ticker(log, unit));
        runSync(gather(blockingSleep(log, "1"), blockingSleep(log, "2")));
        stop(ticks);
    });
    QCOMPARE(log.order("tick"), "tick 0");
    QCOMPARE(log.order("End"), "End 1, End 2");
}

namespace {

Task<int> levelC()
{
    co_await sleepFor(unit / 10);
    co_return 100;
}

Task<int> levelB(std::vector<bool> &isSame)
{
    const TaskInfo before = currentTask();
    const int inner = runSync(levelC());
    isSame.push_back(currentTask() == before);
    co_await yield();
    co_return 10 + inner;
}

Task<int> levelA(std::vector<bool> &isSame)
{
    co_await yield();
    const TaskInfo before = currentTask();
    const int inner = runSync(levelB(isSame));
    isSame.push_back(currentTask() == before);
    co_return 3 + inner;
}

} // namespace

void TestManyTasks::A10_threeLevelsAddUp()
{
    int sum = 0;
    std::vector<bool> isSame;
    drive([&] {
        const TaskInfo before = currentTask();
        sum = runSync(levelA(isSame));
        isSame.push_back(currentTask() == before);
        QCOMPARE(Bridge::current().depth(), 0);
    });
    QCOMPARE(sum, 113);
    QCOMPARE(isSame, std::vector<bool>({true, true, true}));
}

namespace {

Task<> sub(Timeline &log)
{
    co_await sleepFor(unit);
    log.note("sub done");
}

void plainFunction(Timeline &log)
{
    runSync(sub(log));
}

Task<> mainCoroutine(Timeline &log)
{
    plainFunction(log);
    log.note("main done");
    co_return;
}

} // namespace

void TestManyTasks::A11_aPlainFunctionInsideACoroutineBlocks()
{
    Timeline log;
    drive([&] {
        log.start();
        runSync(mainCoroutine(log));
    });
    COMPARE_TIMELINE(log, "sub done@1, main done@1");
}

void TestManyTasks::A12_twoThreadsWaitIndependently()
{
    // given: a bridge here and one in another thread, each with a wait inside a wait
    Timeline here;
    Timeline there;
    std::thread::id threadThere;
    std::thread::id landedIn;
    std::unique_ptr<QThread> thread(QThread::create([&] {
        threadThere = std::this_thread::get_id();
        there.start();
        runSync(sub(there));
        BridgeRemote remote = Bridge::current().remote();
        Future<> isDelivered;
        static_cast<void>(remote.postThreadSafe([&landedIn, isDelivered]() mutable {
            landedIn = std::this_thread::get_id();
            isDelivered.setResult();
        }));
        runSync(isDelivered);
        there.note("returned");
    }));
    BridgeRemote mine = Bridge::current().remote();
    std::thread::id mailFromThere;
    connect(thread.get(), &QThread::finished, thread.get(), [&] {
        static_cast<void>(mine.postThreadSafe([&mailFromThere] { mailFromThere = std::this_thread::get_id(); }));
    }, Qt::DirectConnection);

    // when
    here.start();
    thread->start();
    drive(Driver::Slot, [&] {
        runSync(sleepsAndGives(here, "", 3 * unit, "", "sub done", 0));
        here.note("returned");
    });
    QVERIFY(thread->wait(5000));

    // then
    COMPARE_TIMELINE(there, "sub done@1, returned@1");
    COMPARE_TIMELINE(here, "sub done@3, returned@3");
    QCOMPARE(landedIn, threadThere);
    QCOMPARE(mailFromThere, std::this_thread::get_id());
}

namespace {

// As a library would: nobody outside sees that it waits.
int libraryFunction()
{
    return runSync(levelC());
}

Task<int> callsTheLibrary()
{
    co_await yield();
    co_return libraryFunction();
}

Task<int> acceptAndCallTheLibrary(TcpServer &server)
{
    TcpSocket socket = co_await server.accept();
    const QByteArray request = co_await socket.read();
    co_return libraryFunction() + int(request.size());
}

Task<> ask(int port)
{
    TcpSocket socket = co_await TcpSocket::connect(QStringLiteral("127.0.0.1"), port);
    co_await socket.write(QByteArrayLiteral("12"));
    static_cast<void>(co_await socket.read());
}

} // namespace

void TestManyTasks::A13_aLibraryFunctionBlocksWhereverItIsCalled()
{
    QCOMPARE(runSync(callsTheLibrary()), 100);

    TcpServer server = TcpServer::listen(QStringLiteral("127.0.0.1"), 0);
    const auto client = spawn(ask(server.port()));
    QCOMPARE(runSync(acceptAndCallTheLibrary(server)), 102);
    runSync(client);

    int inSignal = 0;
    connect(this, &QObject::objectNameChanged, this, [&inSignal] { inSignal = libraryFunction(); });
    setObjectName(QStringLiteral("a signal"));
    disconnect(this, &QObject::objectNameChanged, this, nullptr);
    setObjectName(QString());
    QCOMPARE(inSignal, 100);
}

namespace {

Task<int> inner(Timeline &log)
{
    log.note("inner");
    co_await sleepFor(unit);
    co_return 42;
}

Task<int> spawnsAndJoins(Timeline &log)
{
    const TaskHandle<int> handle = spawn(inner(log));
    log.note("created");
    co_await sleepFor(unit / 2);
    const int result = co_await handle;
    log.note(QString::number(result));
    co_return result;
}

} // namespace

void TestManyTasks::A14_aSpawnedTaskStartsLaterAndIsJoined()
{
    Timeline log;
    int result = 0;
    drive([&] {
        log.start();
        result = runSync(spawnsAndJoins(log));
    });
    QCOMPARE(result, 42);
    COMPARE_TIMELINE(log, "created@0, inner@0, 42@1");
}

void TestManyTasks::A15_gatherKeepsTheOrderOfItsArguments()
{
    const FifoOrder fifo;
    Timeline log;
    std::vector<int> results;
    drive([&] {
        log.start();
        std::vector<Task<int>> orders;
        int number = 0;
        for (const char *dish : {"Pasta", "Pizza", "Salad"})
            orders.push_back(sleepsAndGives(log, dish, 2 * unit, "Started ", "Finished ", ++number));
        results = runSync(gather(std::move(orders)));
    });
    COMPARE_TIMELINE(log, "Started Pasta@0, Started Pizza@0, Started Salad@0, "
                          "Finished Pasta@2, Finished Pizza@2, Finished Salad@2");
    QCOMPARE(results, std::vector<int>({1, 2, 3}));
}

void TestManyTasks::A16_aTaskThatNobodyRunsWarns()
{
    Timeline log;
    QStringList warnings;
    drive([&] {
        const LoggedMessages messages;
        {
            const Task<> forgotten = hello(log);
        }
        QCoreApplication::processEvents();
        warnings = messages.texts();
    });
    QCOMPARE(log.order(), QString());
    QCOMPARE(warnings.size(), 1);
    QVERIFY2(warnings.first().contains("without having been awaited"), qPrintable(warnings.first()));
}

void TestManyTasks::A17_twoTasksTakeTurns()
{
    const FifoOrder fifo;
    Timeline log;
    drive([&] { runSync(gather(startFirstSecond(log, "1"), startFirstSecond(log, "2"))); });
    QCOMPARE(log.order(), "1 start, 2 start, 1 first, 2 first, 1 second, 2 second");
}

void TestManyTasks::A18_fourTasksTakeTurns()
{
    const FifoOrder fifo;
    Timeline log;
    drive([&] {
        std::vector<Task<>> tasks;
        for (int task = 0; task < 4; ++task)
            tasks.push_back(steps(log, QString::number(task), {".0", ".1", ".2"}));
        runSync(gather(std::move(tasks)));
    });
    QCOMPARE(log.order(), "0.0, 1.0, 2.0, 3.0, 0.1, 1.1, 2.1, 3.1, 0.2, 1.2, 2.2, 3.2");
}

void TestManyTasks::A19_resultsComeInTheOrderOfArguments()
{
    Timeline log;
    std::tuple<int, int, int> results;
    drive([&] {
        log.start();
        results = runSync(gather(sleepsAndGives(log, "1", 2 * unit, "", "completed ", 1),
                                 sleepsAndGives(log, "2", unit, "", "completed ", 2),
                                 sleepsAndGives(log, "3", 3 * unit, "", "completed ", 3)));
    });
    COMPARE_TIMELINE(log, "completed 2@1, completed 1@2, completed 3@3");
    QCOMPARE(results, std::make_tuple(1, 2, 3));
}

namespace {

Task<> gathersAndCatches(Timeline &log)
{
    try {
        co_await gather(named(log, "g1", 2 * unit), failsAfter(unit, "bad"), named(log, "g2", 3 * unit));
    } catch (const std::runtime_error &error) {
        log.note("caught " + QString::fromUtf8(error.what()));
    }
    co_await sleepFor(3 * unit);
    log.note("main");
}

} // namespace

void TestManyTasks::A20_gatherThrowsTheFirstFailureAndTheOthersGoOn()
{
    Timeline log;
    drive([&] {
        log.start();
        runSync(gathersAndCatches(log));
    });
    COMPARE_TIMELINE(log, "caught bad@1, g1@2, g2@3, main@4");
}

void TestManyTasks::A21_gatherResultsWaitsForAll()
{
    Timeline log;
    QString texts;
    drive([&] {
        log.start();
        const auto results = runSync(
                gatherResults(named(log, "g1", 2 * unit), failsAfter(unit, "bad"), named(log, "g2", 3 * unit)));
        log.note("main");
        texts = QString::fromStdString(std::get<0>(results).value() + ' ' + std::get<1>(results).errorString() + ' '
                                       + std::get<2>(results).value());
        QCOMPARE(std::get<1>(results).outcome(), Outcome::Exception);
    });
    QCOMPARE(texts, "g1 bad g2");
    COMPARE_TIMELINE(log, "g1@2, g2@3, main@3");
}

namespace {

Task<> notesItsCancellation(Timeline &log, QString name)
{
    try {
        co_await sleepFor(100 * unit);
    } catch (const Cancelled &) {
        log.note(name + " cancelled");
        throw;
    }
}

Task<> gathersThree(Timeline &log)
{
    co_await gather(notesItsCancellation(log, "1"), notesItsCancellation(log, "2"), notesItsCancellation(log, "3"));
}

Task<> cancelsAfter(std::chrono::nanoseconds delay, TaskHandle<> target)
{
    co_await sleepFor(delay);
    target.cancel();
}

} // namespace

void TestManyTasks::A22_cancellingAGatherCancelsItsChildrenInOrder()
{
    const FifoOrder fifo;
    Timeline log;
    drive([&] {
        log.start();
        const auto gathering = spawn(gathersThree(log));
        const auto canceller = spawn(cancelsAfter(unit, gathering));
        const auto result = tryRunSync(gathering);
        log.note(nameOf(result.outcome()));
        runSync(canceller);
    });
    COMPARE_TIMELINE(log, "1 cancelled@1, 2 cancelled@1, 3 cancelled@1, Cancelled@1");
}

void TestManyTasks::A23_noRunTouchesStrangersButTheEndDoes()
{
    // given: a background task
    Timeline log;
    const auto background = spawn(notesItsCancellation(log, "background"));

    // when: a run, a nested run and the application's own come and go
    runSync(sleepFor(1ms));
    drive(Driver::Slot, [] { runSync(callsTheLibrary()); });
    drive(Driver::Task, [] { runSync(callsTheLibrary()); });

    // then: it goes on; only the bridge's end cancels it, and waits for its clean-up
    QVERIFY(!background.isDone());
    QCOMPARE(log.order(), QString());
    Bridge::current().close();
    QCOMPARE(log.order(), "background cancelled");
    QVERIFY(background.isDone());
    QVERIFY(background.isCancelled());
}

namespace {

Task<int> givesAtOnce(int number)
{
    co_return number;
}

Task<> awaitsThreeTimes(Timeline &log)
{
    const TaskHandle<int> done = spawn(givesAtOnce(7));
    static_cast<void>(co_await done);
    const auto other = spawn(steps(log, "other", {""}));
    for (int i = 0; i < 3; ++i) {
        const int number = co_await done;
        log.note(QString::number(number));
    }
    co_await other;
}

} // namespace

void TestManyTasks::A24_awaitingWhatIsDoneDoesNotYield()
{
    Timeline log;
    drive([&] { runSync(awaitsThreeTimes(log)); });
    QCOMPARE(log.order(), "7, 7, 7, other");
}

namespace {

// Keeps a processor busy.
int computes(std::chrono::milliseconds duration)
{
    const auto end = std::chrono::steady_clock::now() + duration;
    QByteArray bytes(1000, 'x');
    while (std::chrono::steady_clock::now() < end)
        bytes.replace(0, 20, QCryptographicHash::hash(bytes, QCryptographicHash::Sha1));
    return int(bytes.size());
}

Task<int> nestsTheWork()
{
    co_await yield();
    co_return runSync(toThread(&computes, 3 * unit));
}

} // namespace

void TestManyTasks::A26_workInAThreadLetsTheTickerRun()
{
    Timeline log;
    int result = 0;
    drive([&] {
        int percent = 0;
        for (int round = 0; round < 3 && percent < 95; ++round) { // a round has few ticks, and a machine others to serve
            log.start();
            const auto ticks = spawn(ticker(log, unit));
            const Ticks timer(10ms);
            result = runSync(nestsTheWork());
            stop(ticks);
            percent = timer.percent();
            QVERIFY(timer.count() > 0);
        }
        QVERIFY2(percent >= 95, qPrintable(QStringLiteral("%1 %").arg(percent)));
    });
    QCOMPARE(result, 1000);
    QVERIFY2(log.order().startsWith("tick 0, tick 1, tick 2"), qPrintable(log.order()));
}

namespace {

Task<> sleepsUntil(Timeline &log, QString name, TimePoint deadline)
{
    co_await sleepUntil(deadline);
    log.note(name);
}

} // namespace

void TestManyTasks::A27_equalDeadlinesAreFirstInFirstOut()
{
    const FifoOrder fifo;
    Timeline log;
    drive([&] {
        log.start();
        const TimePoint deadline = std::chrono::steady_clock::now() + unit;
        std::vector<Task<>> tasks;
        for (const char *name : {"a", "b", "c", "d", "e"})
            tasks.push_back(sleepsUntil(log, name, deadline));
        runSync(gather(std::move(tasks)));
    });
    COMPARE_TIMELINE(log, "a@1, b@1, c@1, d@1, e@1");
}

namespace {

Task<> oneAfterTheOther()
{
    co_await sleepFor(unit);
    co_await sleepFor(2 * unit);
}

Task<> together()
{
    co_await gather(sleepFor(unit), sleepFor(2 * unit));
}

} // namespace

void TestManyTasks::A28_oneAfterTheOtherAgainstTogether()
{
    Timeline log;
    drive([&] {
        runSync(startFirstSecond(log, "1"));
        runSync(startFirstSecond(log, "2"));
    });
    QCOMPARE(log.order(), "1 start, 1 first, 1 second, 2 start, 2 first, 2 second");

    drive([&] {
        log.start();
        runSync(oneAfterTheOther());
        log.note("one after the other");
    });
    COMPARE_TIMELINE(log, "one after the other@3");
    drive([&] {
        log.start();
        runSync(together());
        log.note("together");
    });
    COMPARE_TIMELINE(log, "together@2");
}

namespace {

Task<int> givesLater(int number)
{
    co_await sleepFor(unit / 10);
    co_return number;
}

Task<int> failsLater()
{
    co_await sleepFor(unit / 10);
    throw std::runtime_error("from the bridge's thread");
}

Task<int> cancelsItself()
{
    co_await sleepFor(unit / 10);
    throw Cancelled(Outcome::Cancelled);
}

} // namespace

void TestManyTasks::A29_aPlainThreadSubmitsATask()
{
    // when: a plain thread submits three tasks and waits for their ends
    int result = 0;
    QString error;
    bool isCancelled = false;
    std::thread::id ranIn;
    drive([&] {
        const BridgeRemote remote = Bridge::current().remote();
        Future<> isOver;
        std::jthread thread([&, remote] {
            result = remote.spawnThreadSafe([&ranIn] {
                ranIn = std::this_thread::get_id();
                return givesLater(42);
            }).result();
            QFuture<int> failing = remote.spawnThreadSafe(&failsLater);
            try {
                failing.waitForFinished();
            } catch (const std::runtime_error &failure) {
                error = QString::fromUtf8(failure.what());
            }
            QFuture<int> cancelled = remote.spawnThreadSafe(&cancelsItself);
            cancelled.waitForFinished();
            isCancelled = cancelled.isCanceled();
            static_cast<void>(remote.postThreadSafe([isOver]() mutable { isOver.setResult(); }));
        });
        runSync(isOver);
    });

    // then: each came back as what it was, and ran here
    QCOMPARE(result, 42);
    QCOMPARE(error, "from the bridge's thread");
    QVERIFY(isCancelled);
    QCOMPARE(ranIn, std::this_thread::get_id());
}

namespace {

Task<> innerLines(Timeline &log)
{
    log.note("Inner started");
    co_await sleepFor(unit);
    log.note("Inner finished");
}

Task<> outerLines(Timeline &log, bool &isRunning)
{
    co_await yield();
    isRunning = Bridge::current().isRunning();
    log.note("Outer started");
    runSync(innerLines(log));
    log.note("Outer finished");
}

} // namespace

void TestManyTasks::A30_aRunningLoopRunsAnInnerTask()
{
    Timeline log;
    bool isRunning = false;
    drive([&] {
        log.start();
        runSync(outerLines(log, isRunning));
    });
    QVERIFY(isRunning);
    COMPARE_TIMELINE(log, "Outer started@0, Inner started@0, Inner finished@1, Outer finished@1");
}

INTERLOOP_TEST_MAIN(TestManyTasks)
#include "tst_manytasks.moc"
