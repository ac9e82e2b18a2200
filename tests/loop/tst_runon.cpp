// SPDX-License-Identifier: MIT
#include <tests/cleanupcheck.h>
#include <tests/testmain.h>

#include <interloop/interloop.h>

#include <QFuture>
#include <QThread>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

/*
 * Tasks that run in other threads and are awaited here, and all that can end on either side. Runs under ThreadSanitizer too.
 */

using namespace interloop;
using namespace interloop::test;
using namespace std::chrono_literals;

static_assert(!std::is_aggregate_v<ErrandPlace>);
static_assert(!std::is_aggregate_v<ErrandWait>);
static_assert(!std::is_aggregate_v<TaskEnd<int>>);

class TestRunOn : public QObject
{
    Q_OBJECT

private slots:
    void init() { m_leaks.begin(); }
    void cleanup() { m_leaks.check(); }

    void theTaskRunsThereAndItsResultIsHere();
    void aQThreadGetsABridgeWhenItHasNone();
    void exceptionsAndCancellationsCross();
    void inItsOwnThreadItSimplyAwaits();
    void whatIsMadeHereIsDestroyedHere();
    void aCancelReachesTheTaskAndWaitsForItsEnd();
    void aCancelBeforeItBeginsEndsAtOnce();
    void aBridgeThatHasEndedIsAnError();
    void aBridgeThatEndsMeanwhileIsAnError();
    void aBridgeThatEndsBeforeTheTaskBeginsIsAnError();
    void aQThreadThatDoesNotRunIsAnError();
    void aQThreadThatEndsBeforeTheTaskBeginsIsAnError();
    void aQThreadMayEndAtAnyTime();
    void theAwaitingBridgesEndWaitsForTheTask();
    void theAwaitingBridgesEndGoesThroughShieldsThere();
    void twoThreadsMayWaitForEachOther();
    void manyErrandsInAllDirections();
    void cancelsRaceWithTheEnd();
    void aFuturesCancelFromAnotherThreadReachesTheTask();

private:
    CleanupCheck m_leaks;
};

namespace {

// A QThread that runs its event loop while this lives.
class RunningThread
{
public:
    RunningThread()
    {
        m_thread.start();
        std::promise<BridgeRemote> remote;
        m_inside.moveToThread(&m_thread);
        QMetaObject::invokeMethod(&m_inside, [&remote] { remote.set_value(Bridge::current().remote()); });
        m_remote = std::make_unique<BridgeRemote>(remote.get_future().get());
    }
    ~RunningThread() { end(); }
    void end()
    {
        m_thread.quit();
        m_thread.wait();
    }
    BridgeRemote bridge() const { return *m_remote; }
    QThread *thread() { return &m_thread; }

private:
    QThread m_thread;
    QObject m_inside;
    std::unique_ptr<BridgeRemote> m_remote;
};

Task<std::thread::id> whereItRuns()
{
    const std::thread::id before = std::this_thread::get_id();
    co_await sleepFor(1ms);
    if (before != std::this_thread::get_id())
        qFatal("it went on in another thread");
    co_return before;
}

Task<std::unique_ptr<int>> givesMoveOnly(int number)
{
    co_await yield();
    co_return std::make_unique<int>(number);
}

Task<int> fails()
{
    co_await yield();
    throw std::runtime_error("there");
}

Task<> cancelsItself()
{
    co_await yield();
    throw Cancelled(Outcome::Cancelled);
}

// Tells how far it has come, and takes its time to unwind.
Task<int> sleepsAndCleansUp(std::atomic<int> &stage)
{
    stage = 1;
    stage.notify_all();
    try {
        co_await sleepFor(1h);
    } catch (const Cancelled &) {
        stage = 2;
    }
    co_await shield(sleepFor(5ms));
    stage = 3;
    co_await yield(); // throws, as the task is still cancelled
    co_return 1;
}

// Ends when `stage` has been set elsewhere.
Task<> untilStage(const std::atomic<int> &stage, int wanted)
{
    while (stage < wanted)
        co_await sleepFor(1ms);
}

// Remembers where it was destroyed.
class Witness
{
public:
    explicit Witness(std::thread::id &diedOn) : m_diedOn(&diedOn) { }
    Witness(Witness &&other) noexcept : m_diedOn(std::exchange(other.m_diedOn, nullptr)) { }
    Witness &operator=(Witness &&) = delete;
    ~Witness()
    {
        if (m_diedOn)
            *m_diedOn = std::this_thread::get_id();
    }

private:
    std::thread::id *m_diedOn; // nullptr: moved from
};

template<typename T>
std::string errorOf(Task<T> task)
{
    return tryRunSync(std::move(task), RunOptions().timeout(10s)).errorString();
}

} // namespace

void TestRunOn::theTaskRunsThereAndItsResultIsHere()
{
    RunningThread other;
    const auto here = std::this_thread::get_id();
    const auto there = runSync(runOn(other.bridge(), whereItRuns()));
    QVERIFY(there != here);
    QVERIFY(runSync(runOn(other.thread(), whereItRuns())) == there);
    QCOMPARE(*runSync(runOn(other.bridge(), givesMoveOnly(5))), 5);

    // from there back to here, through the Bridge itself
    Bridge &bridge = Bridge::current();
    const auto backAgain = [](Bridge &bridge) -> Task<std::thread::id> { co_return co_await runOn(bridge, whereItRuns()); };
    QVERIFY(runSync(runOn(other.bridge(), backAgain(bridge))) == here);
}

void TestRunOn::aQThreadGetsABridgeWhenItHasNone()
{
    QThread thread;
    thread.start();
    QVERIFY(runSync(runOn(&thread, whereItRuns())) != std::this_thread::get_id());
    QCOMPARE(*runSync(runOn(&thread, givesMoveOnly(6))), 6);
    thread.quit();
    QVERIFY(thread.wait(5000));
}

void TestRunOn::exceptionsAndCancellationsCross()
{
    RunningThread other;
    QCOMPARE(errorOf(runOn(other.bridge(), fails())), std::string("there"));
    const auto whom = [](BridgeRemote bridge) -> Task<Cancelled::Whom> {
        try {
            co_await runOn(bridge, cancelsItself());
        } catch (const Cancelled &cancelled) {
            co_return cancelled.whom();
        }
        throw std::logic_error("it was not cancelled");
    };
    QVERIFY(runSync(whom(other.bridge())) == Cancelled::Whom::Awaited);
    QVERIFY_THROWS_EXCEPTION(std::logic_error, runSync(runOn(other.bridge(), Task<int>())));
}

void TestRunOn::inItsOwnThreadItSimplyAwaits()
{
    std::string order;
    const auto others = spawn([](std::string *order) -> Task<> {
        *order += "other ";
        co_return;
    }(&order));
    const auto marks = [](std::string *order) -> Task<> {
        *order += "inner ";
        co_return;
    };
    const auto awaits = [marks](std::string *order) -> Task<> {
        co_await runOn(Bridge::current(), marks(order));
        co_await runOn(QThread::currentThread(), marks(order));
        *order += "outer ";
    };
    runSync(awaits(&order));
    runSync(others);
    QCOMPARE(order, std::string("inner inner outer other "));
}

void TestRunOn::whatIsMadeHereIsDestroyedHere()
{
    RunningThread other;
    std::thread::id parameterDiedOn;
    std::thread::id localDiedOn;
    std::thread::id resultDiedOn;
    const auto works = [](Witness, std::thread::id &localDiedOn, std::thread::id &resultDiedOn) -> Task<std::unique_ptr<Witness>> {
        const Witness local(localDiedOn);
        co_await yield();
        co_return std::make_unique<Witness>(resultDiedOn);
    };
    runSync(runOn(other.bridge(), works(Witness(parameterDiedOn), localDiedOn, resultDiedOn))).reset();
    QVERIFY(parameterDiedOn == std::this_thread::get_id());
    QVERIFY(resultDiedOn == std::this_thread::get_id());
    QVERIFY(localDiedOn != std::thread::id() && localDiedOn != std::this_thread::get_id());
}

void TestRunOn::aCancelReachesTheTaskAndWaitsForItsEnd()
{
    RunningThread other;
    std::atomic<int> stage = 0;
    const auto running = spawn(runOn(other.bridge(), sleepsAndCleansUp(stage)));
    runSync(untilStage(stage, 1));
    running.cancel();
    const auto result = tryRunSync(running, RunOptions().timeout(10s));
    QCOMPARE(result.outcome(), Outcome::Cancelled);
    QCOMPARE(stage.load(), 3);

    stage = 0;
    QCOMPARE(tryRunSync(runOn(other.thread(), sleepsAndCleansUp(stage)), RunOptions().timeout(20ms)).outcome(),
             Outcome::TimedOut);
    QVERIFY(stage == 3 || stage == 0); // 0: a slow machine, and it had not begun
}

void TestRunOn::aCancelBeforeItBeginsEndsAtOnce()
{
    RunningThread other;
    std::binary_semaphore blocked(0);
    std::binary_semaphore goOn(0);
    other.bridge().postThreadSafe([&] {
        blocked.release();
        goOn.acquire();
    });
    blocked.acquire();
    std::atomic<int> stage = 0;
    QStringList messages;
    Bridge::current().setUnhandledErrorHandler([&messages](const QString &text, std::exception_ptr) { messages += text; });
    QCOMPARE(tryRunSync(runOn(other.bridge(), sleepsAndCleansUp(stage)), RunOptions().timeout(1ms)).outcome(),
             Outcome::TimedOut);
    QCOMPARE(tryRunSync(runOn(other.thread(), sleepsAndCleansUp(stage)), RunOptions().timeout(1ms)).outcome(),
             Outcome::TimedOut);
    Bridge::current().setUnhandledErrorHandler({});
    goOn.release();
    runSync(runOn(other.thread(), whereItRuns())); // behind the other two
    QCOMPARE(stage.load(), 0);
    QCOMPARE(messages, QStringList());
}

void TestRunOn::aBridgeThatHasEndedIsAnError()
{
    RunningThread other;
    const BridgeRemote bridge = other.bridge();
    other.end();
    const auto result = tryRunSync(runOn(bridge, whereItRuns()), RunOptions().timeout(10s));
    QVERIFY_THROWS_EXCEPTION(RunSyncError, result.value());
    QCOMPARE(result.errorString(), std::string("ShuttingDown: runOn(whereItRuns): the other bridge ended before the task "
                                               "began"));
}

void TestRunOn::aBridgeThatEndsMeanwhileIsAnError()
{
    RunningThread other;
    std::atomic<int> stage = 0;
    const auto running = spawn(runOn(other.bridge(), sleepsAndCleansUp(stage)));
    runSync(untilStage(stage, 1));
    other.end();
    const std::string text = tryRunSync(running, RunOptions().timeout(10s)).errorString();
    QVERIFY2(text.find("ended while the task ran there") != std::string::npos, text.c_str());
    QCOMPARE(stage.load(), 3);
}

void TestRunOn::aBridgeThatEndsBeforeTheTaskBeginsIsAnError()
{
    // the errand comes while the bridge ends
    RunningThread other;
    std::binary_semaphore blocked(0);
    std::binary_semaphore goOn(0);
    other.bridge().postThreadSafe([&] {
        blocked.release();
        goOn.acquire();
        Bridge::current().close();
    });
    blocked.acquire();
    const auto running = spawn(runOn(other.bridge(), whereItRuns()));
    runSync(yield());
    goOn.release();
    const std::string text = errorOf(asTask(running));
    QVERIFY2(text.find("ShuttingDown") == 0, text.c_str());
}

void TestRunOn::aQThreadThatDoesNotRunIsAnError()
{
    QThread thread;
    const std::string text = errorOf(runOn(&thread, whereItRuns()));
    QVERIFY2(text.find("the QThread is not running, or has ended") != std::string::npos, text.c_str());
    thread.start();
    thread.quit();
    thread.wait();
    QCOMPARE(errorOf(runOn(&thread, whereItRuns())), text);
    QCOMPARE(errorOf(runOn(static_cast<QThread *>(nullptr), whereItRuns())), std::string("runOn: no QThread"));
}

void TestRunOn::aQThreadThatEndsBeforeTheTaskBeginsIsAnError()
{
    std::binary_semaphore goOn(0);
    const std::unique_ptr<QThread> thread(QThread::create([&goOn] { goOn.acquire(); })); // no event loop
    thread->start();
    const auto running = spawn(runOn(thread.get(), whereItRuns()));
    const auto given = spawn(runOn(thread.get(), whereItRuns()));
    runSync(sleepFor(2ms));
    QVERIFY(!running.isDone());
    given.cancel();
    QCOMPARE(tryRunSync(given).outcome(), Outcome::Cancelled);
    goOn.release();
    const std::string text = errorOf(asTask(running));
    QVERIFY2(text.find("the QThread is not running, or has ended") != std::string::npos, text.c_str());
    thread->wait();
}

void TestRunOn::aQThreadMayEndAtAnyTime()
{
    int values = 0;
    int errors = 0;
    for (int round = 0; round < 200; ++round) {
        QThread thread;
        thread.start();
        std::jthread ends([&thread, round] {
            std::this_thread::sleep_for(round * 3us);
            thread.quit();
        });
        const auto running = spawn(runOn(&thread, givesMoveOnly(round)));
        const auto result = tryRunSync(std::move(running), RunOptions().timeout(10s));
        if (result)
            ++values;
        else if (result.errorString().find("ShuttingDown") == 0)
            ++errors;
        else
            QFAIL(result.errorString().c_str());
        thread.quit();
        thread.wait();
    }
    QCOMPARE(values + errors, 200);
}

void TestRunOn::theAwaitingBridgesEndWaitsForTheTask()
{
    std::atomic<int> stage = 0;
    std::atomic<int> stageAtTheEnd = 0;
    std::jthread awaiting([&stage, &stageAtTheEnd, there = Bridge::current().remote()] {
        const auto running = spawn(runOn(there, sleepsAndCleansUp(stage)));
        runSync(untilStage(stage, 1));
        Bridge::current().close();
        stageAtTheEnd = stage.load();
        if (!running.isDone())
            qFatal("left behind");
    });
    runSync(untilStage(stageAtTheEnd, 1), RunOptions().timeout(10s));
    QCOMPARE(stageAtTheEnd.load(), 3);
}

void TestRunOn::theAwaitingBridgesEndGoesThroughShieldsThere()
{
    std::atomic<int> stage = 0;
    const auto stubborn = [](std::atomic<int> &stage) -> Task<> {
        stage = 1;
        try {
            co_await shield(sleepFor(1h));
        } catch (const Cancelled &) {
            stage = 2;
            throw;
        }
    };
    std::atomic<int> hasEnded = 0;
    std::jthread awaiting([&, there = Bridge::current().remote()] {
        Bridge::current().setShutdownLimit(20ms);
        spawn(runOn(there, stubborn(stage)));
        runSync(untilStage(stage, 1));
        Bridge::current().close();
        hasEnded = 1;
    });
    runSync(untilStage(hasEnded, 1), RunOptions().timeout(10s));
    QCOMPARE(stage.load(), 2);
}

void TestRunOn::twoThreadsMayWaitForEachOther()
{
    RunningThread other;
    const auto answers = [](int number) -> Task<int> {
        co_await yield();
        co_return number;
    };
    const auto asksBack = [answers](BridgeRemote asker) -> Task<int> {
        const int first = co_await runOn(asker, answers(1)); // the asker blocks in its runSync
        co_return first + runSync(runOn(asker, answers(2)));
    };
    QCOMPARE(runSync(runOn(other.bridge(), asksBack(Bridge::current().remote())), RunOptions().timeout(10s)), 3);
}

void TestRunOn::manyErrandsInAllDirections()
{
    constexpr int threads = 4;
    constexpr int each = isSanitized ? 200 : 1'000;
    std::vector<std::unique_ptr<RunningThread>> others;
    for (int i = 0; i < threads; ++i)
        others.push_back(std::make_unique<RunningThread>());
    const auto twice = [](int number) -> Task<int> { co_return 2 * number; };
    const auto thereAndOn = [twice](BridgeRemote next, int number) -> Task<int> {
        co_return co_await runOn(next, twice(number));
    };
    std::vector<Task<int>> tasks;
    for (int i = 0; i < threads * each; ++i) {
        const std::size_t first = std::size_t(i % threads);
        const std::size_t second = std::size_t(i / threads % threads); // often the same
        tasks.push_back(runOn(others[first]->bridge(), thereAndOn(others[second]->bridge(), i)));
    }
    const std::vector<int> results = runSync(gather(std::move(tasks)), RunOptions().timeout(20s));
    for (int i = 0; i < threads * each; ++i)
        QCOMPARE(results[std::size_t(i)], 2 * i);
}

void TestRunOn::cancelsRaceWithTheEnd()
{
    RunningThread other;
    int values = 0;
    int cancels = 0;
    for (int round = 0; round < 500; ++round) {
        const auto running = spawn(runOn(other.bridge(), givesMoveOnly(round)));
        for (int i = 0; i < round % 7; ++i)
            runSync(yield());
        running.cancel();
        const auto result = tryRunSync(std::move(running), RunOptions().timeout(10s));
        values += bool(result);
        cancels += result.outcome() == Outcome::Cancelled;
    }
    QCOMPARE(values + cancels, 500);
}

void TestRunOn::aFuturesCancelFromAnotherThreadReachesTheTask()
{
    for (int round = 0; round < 50; ++round) {
        std::atomic<int> stage = 0;
        std::atomic<int> isFinished = 0;
        std::jthread other([&, future = toFuture(sleepsAndCleansUp(stage))]() mutable {
            if (round % 2)
                stage.wait(0);
            future.cancel();
            while (!future.isFinished())
                std::this_thread::sleep_for(100us);
            if (stage != 0 && stage != 3)
                qFatal("finished before the task had unwound");
            isFinished = 1;
        });
        runSync(untilStage(isFinished, 1), RunOptions().timeout(10s));
    }
}

INTERLOOP_TEST_MAIN(TestRunOn)
#include "tst_runon.moc"
