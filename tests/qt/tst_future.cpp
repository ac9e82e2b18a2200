// SPDX-License-Identifier: MIT
#include <tests/cleanupcheck.h>
#include <tests/drivers.h>
#include <tests/testmain.h>

#include <interloop/interloop.h>

#include <QException>
#include <QFuture>
#include <QFutureWatcher>
#include <QPromise>
#include <QThreadPool>
#include <QtConcurrent>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

/*
 * QFutures that tasks await: every way in which one can end, from wherever.
 */

using namespace interloop;
using namespace interloop::test;
using namespace std::chrono_literals;

static_assert(!std::is_aggregate_v<AwaitFuture<int>>);
static_assert(!std::is_aggregate_v<QFutureAwaiter<int>>);
static_assert(!std::is_aggregate_v<Delivery>);

class TestFuture : public QObject
{
    Q_OBJECT

private slots:
    void init() { m_leaks.begin(); }
    void cleanup()
    {
        QThreadPool::globalInstance()->waitForDone(); // its threads have descriptors
        m_leaks.check();
    }

    void aFinishedFutureIsNotWaitedFor();
    void resultsOfAllKinds_data() { addDrivers(); }
    void resultsOfAllKinds();
    void ofSeveralResultsTheFirstIsGiven();
    void copyableResultsStayInTheFuture();
    void whatCannotBeCopiedIsTakenOnce();
    void exceptionsArePassedOn_data() { addDrivers(); }
    void exceptionsArePassedOn();
    void anExceptionIsPassedOnBeforeTheFutureHasFinished();
    void Q04_aCancelledUnfinishedFutureGivesCancelled_data() { addDrivers(); }
    void Q04_aCancelledUnfinishedFutureGivesCancelled();
    void Q04_aDroppedPromiseIsAnError_data() { addDrivers(); }
    void Q04_aDroppedPromiseIsAnError();
    void Q04_control_aBareEventLoopWaitsForEver();
    void finishedWithoutAResultIsAnError();
    void whoCancelledTheFutureDoesNotCancelTheTask();
    void Q06_noCompletionFromAnotherThreadIsLost();
    void Q06_noCompletionFromFourThreadsIsLost();
    void Q06_control_aBareEventLoopLosesTheCompletion();
    void cancellingTheWaiterEndsTheWaitAndCancelsTheFuture();
    void aCancelledWaiterCancelsWhatItIsAboutToAwait();
    void aResultThatCameBeforeTheCancelWins();
    void aSuspendedFutureIsWaitedFor();
    void theContinuationIsLeftToOthers();
    void progressIsPassedOn();
    void aProgressListenerMayEndTheWait();
    void aShieldedWaitGetsItsResultAtTheBridgesEnd();

    void toFutureGivesResultErrorAndCancel();
    void toFutureStartsAsSpawnDoesAndRunsWithoutAFuture();
    void cancellingTheFutureCancelsTheTask_data() { addDrivers(); }
    void cancellingTheFutureCancelsTheTask();
    void cancelledBeforeItBeganATaskDoesNotRun();
    void anExceptionAfterTheCancelGoesToTheHook();
    void aResultInSpiteOfTheCancelIsDropped();
    void progressIsShownInTheFuture();
    void throughAFutureATaskIsAwaitedAsItself();
    void atTheBridgesEndFuturesFinish();
    void afterTheBridgesEndThereIsAnError();

private:
    CleanupCheck m_leaks;
};

namespace {

// What has been spawned has begun then, in whatever order.
void letBegin()
{
    const auto turns = []() -> Task<> {
        co_await yield();
        co_await yield();
    };
    runSync(turns());
}

// Counts the copies that are made of it.
class Counted
{
public:
    explicit Counted(int number) : number(number) { }
    Counted(const Counted &other) : number(other.number) { ++copies; }
    Counted(Counted &&other) noexcept : number(std::exchange(other.number, -1)) { }
    Counted &operator=(const Counted &) = delete;

    static inline std::atomic<int> copies = 0;
    int number;
};

class QtsError : public QException
{
public:
    void raise() const override { throw *this; }
    QtsError *clone() const override { return new QtsError(*this); }
    const char *what() const noexcept override { return "Qt's"; }
};

// A promise that has been started, and its future.
template<typename T>
class Started
{
public:
    Started()
    {
        promise.emplace();
        promise->start();
        future = promise->future();
    }

    std::optional<QPromise<T>> promise;
    QFuture<T> future;
};

template<typename T>
Outcome outcomeOfWait(const QFuture<T> &future)
{
    return tryRunSync(awaitFuture(future), RunOptions().timeout(10s)).outcome();
}

// What comes out of the wait for `future`, as text.
template<typename T>
std::string errorOfWait(const QFuture<T> &future)
{
    return tryRunSync(awaitFuture(future), RunOptions().timeout(10s)).errorString();
}

} // namespace

void TestFuture::aFinishedFutureIsNotWaitedFor()
{
    std::string order;
    const auto others = spawn([](std::string *order) -> Task<> {
        *order += "other ";
        co_return;
    }(&order));
    const auto waiting = [](std::string *order) -> Task<int> {
        const int number = co_await awaitFuture(QtFuture::makeReadyFuture(4));
        co_await awaitFuture(QtFuture::makeReadyFuture());
        *order += "done ";
        co_return number;
    };
    QCOMPARE(runSync(waiting(&order)), 4);
    runSync(others);
    QCOMPARE(order, std::string("done other "));
}

void TestFuture::resultsOfAllKinds()
{
    QFETCH(Driver, driver);
    drive(driver, [] {
        const auto here = QThread::currentThread();
        QCOMPARE(runSync(awaitFuture(QtConcurrent::run([] { return 5; }))), 5);
        QThread *there = nullptr;
        runSync(awaitFuture(QtConcurrent::run([&there] { there = QThread::currentThread(); })));
        QVERIFY(there && there != here);
        const auto moveOnly = runSync(awaitFuture(QtConcurrent::run([] { return std::make_unique<int>(6); })));
        QCOMPARE(*moveOnly, 6);
        QCOMPARE(runSync(awaitFuture(QtConcurrent::run([] { return Counted(7); }))).number, 7);
    });
}

void TestFuture::ofSeveralResultsTheFirstIsGiven()
{
    QPromise<int> unstarted;
    unstarted.addResult(2);
    unstarted.addResult(3);
    unstarted.finish();
    QCOMPARE(runSync(awaitFuture(unstarted.future())), 2);

    const QList<int> numbers = {3, 4, 5};
    const QFuture<int> squares = QtConcurrent::mapped(numbers, [](int number) { return number * number; });
    QCOMPARE(runSync(awaitFuture(squares)), 9);
    QVERIFY(squares.isFinished());
    QCOMPARE(squares.results(), QList<int>({9, 16, 25}));
}

void TestFuture::copyableResultsStayInTheFuture()
{
    Started<Counted> started;
    const auto first = spawn(asTask(awaitFuture(started.future)));
    const auto second = spawn(asTask(awaitFuture(started.future)));
    letBegin();
    started.promise->addResult(Counted(8));
    started.promise->finish();
    runSync(first);
    runSync(second);
    QCOMPARE(started.future.result().number, 8);
}

void TestFuture::whatCannotBeCopiedIsTakenOnce()
{
    Started<std::unique_ptr<int>> started;
    const auto first = spawn(asTask(awaitFuture(started.future)));
    const auto second = spawn(asTask(awaitFuture(started.future)));
    letBegin();
    started.promise->addResult(std::make_unique<int>(9));
    started.promise->finish();
    const auto one = tryRunSync(std::move(first), RunOptions().timeout(5s));
    const auto other = tryRunSync(std::move(second), RunOptions().timeout(5s));
    QCOMPARE(int(bool(one)) + int(bool(other)), 1); // whichever comes first
    QCOMPARE(*(one ? one : other).value(), 9);
    QVERIFY_THROWS_EXCEPTION(std::logic_error, (one ? other : one).value());
    QVERIFY_THROWS_EXCEPTION(std::logic_error, runSync(awaitFuture(started.future), RunOptions().timeout(5s)));
}

void TestFuture::exceptionsArePassedOn()
{
    QFETCH(Driver, driver);
    drive(driver, [] {
        QCOMPARE(errorOfWait(QtConcurrent::run([]() -> int { throw std::runtime_error("pool"); })), std::string("pool"));
        QCOMPARE(errorOfWait(QtConcurrent::run([] { throw QtsError(); })), std::string("Qt's"));
        QCOMPARE(outcomeOfWait(QtConcurrent::run([] { throw 5; })), Outcome::Exception);
        QCOMPARE(errorOfWait(QtFuture::makeExceptionalFuture<int>(QtsError())), std::string("Qt's"));
    });
}

void TestFuture::anExceptionIsPassedOnBeforeTheFutureHasFinished()
{
    Started<int> started;
    const auto waiting = spawn(asTask(awaitFuture(started.future)));
    letBegin();
    started.promise->setException(std::make_exception_ptr(std::runtime_error("half way")));
    QCOMPARE(tryRunSync(waiting, RunOptions().timeout(5s)).errorString(), std::string("half way"));
    QCOMPARE(errorOfWait(started.future), std::string("half way"));
    QVERIFY(!started.future.isFinished());
}

void TestFuture::Q04_aCancelledUnfinishedFutureGivesCancelled()
{
    QFETCH(Driver, driver);
    drive(driver, [] {
        // cancelled before the wait, and never finished
        Started<int> before;
        before.future.cancel();
        QCOMPARE(outcomeOfWait(before.future), Outcome::Cancelled);

        // during the wait
        Started<int> during;
        QTimer::singleShot(1, [&during] { during.future.cancel(); });
        QCOMPARE(outcomeOfWait(during.future), Outcome::Cancelled);
        QVERIFY(!during.future.isFinished());

        // by another thread, before it was started
        QPromise<void> promise;
        std::jthread other([future = promise.future()]() mutable { future.cancel(); });
        QCOMPARE(outcomeOfWait(promise.future()), Outcome::Cancelled);

        QCOMPARE(outcomeOfWait(QFuture<int>()), Outcome::Cancelled);
    });
}

void TestFuture::Q04_aDroppedPromiseIsAnError()
{
    QFETCH(Driver, driver);
    drive(driver, [] {
        Started<int> before;
        before.promise.reset();
        QCOMPARE(outcomeOfWait(before.future), Outcome::Cancelled);

        Started<std::unique_ptr<int>> during;
        QTimer::singleShot(1, [&during] { during.promise.reset(); });
        QCOMPARE(outcomeOfWait(during.future), Outcome::Cancelled);

        Started<void> elsewhere;
        std::jthread other([promise = std::move(*elsewhere.promise)] {});
        QCOMPARE(outcomeOfWait(elsewhere.future), Outcome::Cancelled);

        auto unstarted = std::make_unique<QPromise<int>>();
        const QFuture<int> future = unstarted->future();
        unstarted.reset();
        QCOMPARE(outcomeOfWait(future), Outcome::Cancelled);
    });
}

void TestFuture::Q04_control_aBareEventLoopWaitsForEver()
{
    Started<int> started;
    QEventLoop loop;
    QFutureWatcher<int> watcher;
    QObject::connect(&watcher, &QFutureWatcher<int>::finished, &loop, &QEventLoop::quit);
    watcher.setFuture(started.future);
    QTimer::singleShot(0, [&started] { started.future.cancel(); });
    bool isStuck = false;
    QTimer::singleShot(200ms, &loop, [&] {
        isStuck = true;
        loop.quit();
    });
    loop.exec();
    QVERIFY(isStuck);
}

void TestFuture::finishedWithoutAResultIsAnError()
{
    Started<int> before;
    before.promise->finish();
    QCOMPARE(errorOfWait(before.future), std::string("a QFuture finished without a result"));

    Started<std::unique_ptr<int>> during;
    QTimer::singleShot(1, [&during] { during.promise->finish(); });
    QCOMPARE(errorOfWait(during.future), std::string("a QFuture finished without a result"));

    const QList<int> numbers = {1, 2, 3};
    const QFuture<int> none = QtConcurrent::filtered(numbers, [](int) { return false; });
    QCOMPARE(errorOfWait(none), std::string("a QFuture finished without a result"));

    Started<int> second; // a result, but not the first one
    second.promise->addResult(2, 1);
    second.promise->finish();
    QCOMPARE(errorOfWait(second.future), std::string("a QFuture finished without a result"));
}

void TestFuture::whoCancelledTheFutureDoesNotCancelTheTask()
{
    Started<int> started;
    const auto waiting = [](QFuture<int> future) -> Task<std::string> {
        std::string text;
        try {
            co_await awaitFuture(future);
        } catch (const Cancelled &cancelled) {
            text = cancelled.whom() == Cancelled::Whom::Awaited ? "the future" : "the task";
        }
        co_await yield();
        co_return text;
    };
    QTimer::singleShot(1, [&started] { started.future.cancel(); });
    QCOMPARE(runSync(waiting(started.future)), std::string("the future"));
}

namespace {

// A thread that gives to each promise, as soon as it sees it, the number of the round.
class Answerer
{
public:
    explicit Answerer(int rounds)
        : m_thread([this, rounds] {
              for (int round = 1; round <= rounds; ++round) {
                  m_question.wait(nullptr);
                  const std::unique_ptr<QPromise<int>> promise(m_question.exchange(nullptr));
                  promise->addResult(round);
                  promise->finish();
              }
          })
    {
    }

    QFuture<int> ask()
    {
        auto promise = std::make_unique<QPromise<int>>();
        promise->start();
        const QFuture<int> future = promise->future();
        m_question = promise.release();
        m_question.notify_one();
        return future;
    }

private:
    std::atomic<QPromise<int> *> m_question = nullptr;
    std::jthread m_thread;
};

constexpr int completions = isSanitized ? 10'000 : 100'000;

Task<int> asksManyTimes(Answerer &answerer, int rounds)
{
    int answered = 0;
    for (int round = 1; round <= rounds; ++round) {
        const int answer = co_await withTimeout(5s, awaitFuture(answerer.ask()));
        answered += answer == round;
    }
    co_return answered;
}

} // namespace

void TestFuture::Q06_noCompletionFromAnotherThreadIsLost()
{
    Answerer answerer(completions);
    int answered = 0;
    int waited = 0;
    QFuture<int> next = answerer.ask();
    for (int round = 1; round <= completions; ++round) {
        const QFuture<int> future = next;
        waited += !future.isFinished();
        const auto answer = tryRunSync(awaitFuture(future), RunOptions().timeout(5s));
        if (!answer)
            qFatal("lost after %d", answered); // the thread waits for ever
        answered += answer.value() == round;
        if (round < completions)
            next = answerer.ask();
    }
    QCOMPARE(answered, completions);
    QVERIFY2(waited > completions / 10, qPrintable(QString::number(waited)));
}

void TestFuture::Q06_noCompletionFromFourThreadsIsLost()
{
    constexpr int each = completions / 4;
    std::array<Answerer, 4> answerers = {Answerer(each), Answerer(each), Answerer(each), Answerer(each)};
    std::vector<Task<int>> tasks;
    for (Answerer &answerer : answerers)
        tasks.push_back(asksManyTimes(answerer, each));
    try {
        for (const int answered : runSync(gather(std::move(tasks))))
            QCOMPARE(answered, each);
    } catch (const TimeoutError &) {
        qFatal("one was lost");
    }
}

void TestFuture::Q06_control_aBareEventLoopLosesTheCompletion()
{
    Started<int> started;
    QEventLoop loop;
    started.future.then(QtFuture::Launch::Sync, [&loop](int) { loop.quit(); });
    bool isStuck = false;
    QTimer::singleShot(200ms, &loop, [&] {
        isStuck = true;
        loop.quit();
    });
    if (!started.future.isFinished()) {
        // just now, as it may happen
        std::thread([&started] {
            started.promise->addResult(1);
            started.promise->finish();
        }).join();
        loop.exec();
    }
    QVERIFY(isStuck);
}

void TestFuture::cancellingTheWaiterEndsTheWaitAndCancelsTheFuture()
{
    Started<int> started;
    const auto waiting = spawn(asTask(awaitFuture(started.future)));
    letBegin();
    QVERIFY(!started.future.isCanceled());
    waiting.cancel();
    QCOMPARE(tryRunSync(waiting).outcome(), Outcome::Cancelled);
    QVERIFY(started.future.isCanceled());
    QVERIFY(!started.future.isFinished()); // nobody has waited for that

    Started<int> slow;
    QCOMPARE(tryRunSync(awaitFuture(slow.future), RunOptions().timeout(1ms)).outcome(), Outcome::TimedOut);
    QVERIFY(slow.future.isCanceled());
}

void TestFuture::aCancelledWaiterCancelsWhatItIsAboutToAwait()
{
    Started<int> started;
    const auto waiting = [](QFuture<int> future) -> Task<int> {
        CancelScope scope;
        scope.cancel();
        co_return co_await awaitFuture(future);
    };
    QCOMPARE(tryRunSync(waiting(started.future)).outcome(), Outcome::Cancelled);
    QVERIFY(started.future.isCanceled());
}

void TestFuture::aResultThatCameBeforeTheCancelWins()
{
    Started<int> started;
    const auto waiting = spawn(asTask(awaitFuture(started.future)));
    letBegin();
    started.promise->addResult(3);
    started.promise->finish(); // its event is on the way
    waiting.cancel();
    QCOMPARE(runSync(waiting), 3);
    QVERIFY(!started.future.isCanceled());
}

void TestFuture::aSuspendedFutureIsWaitedFor()
{
    std::atomic<bool> hasStarted = false;
    QFuture<int> future = QtConcurrent::run([&hasStarted](QPromise<int> &promise) {
        hasStarted = true;
        while (!promise.future().isSuspending())
            std::this_thread::yield();
        promise.suspendIfRequested();
        promise.addResult(1);
    });
    future.suspend();
    const auto waiting = spawn(asTask(awaitFuture(future)));
    QTRY_VERIFY(future.isSuspended());
    QVERIFY(!waiting.isDone());
    future.resume();
    QCOMPARE(runSync(waiting, RunOptions().timeout(5s)), 1);
    QVERIFY(hasStarted);
}

void TestFuture::theContinuationIsLeftToOthers()
{
    Started<int> started;
    int seen = 0;
    started.future.then(QtFuture::Launch::Sync, [&seen](int number) { seen = number; });
    const auto waiting = spawn(asTask(awaitFuture(started.future)));
    letBegin();
    started.promise->addResult(2);
    started.promise->finish();
    QCOMPARE(runSync(waiting), 2);
    QCOMPARE(seen, 2);
}

void TestFuture::progressIsPassedOn()
{
    Started<int> started;
    Progress progress;
    QStringList seen;
    progress.setListener([&seen, &progress] {
        seen += QStringLiteral("%1-%2 %3 %4").arg(progress.minimum()).arg(progress.maximum()).arg(progress.value())
                        .arg(QString::fromStdString(progress.text()));
    });
    const auto waiting = spawn(progress.follow(awaitFuture(started.future)));
    letBegin();
    started.promise->setProgressRange(0, 10);
    started.promise->setProgressValueAndText(4, QStringLiteral("unpacking"));
    QTRY_COMPARE(progress.value(), 4);
    QCOMPARE(progress.maximum(), 10);
    QCOMPARE(progress.text(), std::string("unpacking"));
    started.promise->setProgressValue(10);
    started.promise->addResult(1);
    started.promise->finish();
    QCOMPARE(runSync(waiting), 1);
    QCOMPARE(progress.value(), 10);
    progress.setListener({});
    QCOMPARE(seen.last(), QStringLiteral("0-10 10 "));
}

void TestFuture::aProgressListenerMayEndTheWait()
{
    Started<int> started;
    Progress progress;
    const auto waiting = spawn(progress.follow(awaitFuture(started.future)));
    bool isGone = false;
    progress.setListener([&waiting, &isGone] {
        waiting.cancel();
        QCoreApplication::processEvents(); // as QProgressDialog::setValue does
        isGone = waiting.isDone();
    });
    letBegin();
    started.promise->setProgressRange(0, 10);
    QCOMPARE(tryRunSync(waiting, RunOptions().timeout(5s)).outcome(), Outcome::Cancelled);
    QVERIFY(isGone);
    progress.setListener({});
}

void TestFuture::aShieldedWaitGetsItsResultAtTheBridgesEnd()
{
    Bridge::current().setShutdownLimit(100ms);
    QPromise<int> promise;
    promise.start();
    int saved = 0;
    const auto saves = [](QFuture<int> future, int *saved) -> Task<> { *saved = co_await shield(awaitFuture(future)); };
    spawn(saves(promise.future(), &saved));
    letBegin();
    std::jthread other([&promise] {
        promise.addResult(7);
        promise.finish();
    });
    Bridge::current().close();
    QCOMPARE(saved, 7);
}

namespace {

Task<int> givesLater(int number)
{
    co_await yield();
    co_return number;
}

Task<std::unique_ptr<int>> givesMoveOnly(int number)
{
    co_await yield();
    co_return std::make_unique<int>(number);
}

Task<Counted> givesCounted(int number)
{
    co_await yield();
    co_return Counted(number);
}

Task<int> fails(std::string text)
{
    co_await yield();
    throw std::runtime_error(text);
}

Task<> cancelsItself()
{
    co_await yield();
    throw Cancelled(Outcome::Cancelled);
}

Task<int> sleepsAndCleansUp(std::string &log, QFuture<int> &future)
{
    log += "begun ";
    try {
        co_await sleepFor(1h);
    } catch (const Cancelled &) {
        log += "cancelled ";
    }
    co_await shield(sleepFor(2ms));
    log += future.isFinished() ? "finished already" : "unwound";
    co_await yield(); // throws, as the task is still cancelled
    co_return 1;
}

Task<> marks(bool &hasRun)
{
    hasRun = true;
    co_return;
}

} // namespace

void TestFuture::toFutureGivesResultErrorAndCancel()
{
    QCOMPARE(runSync(awaitFuture(toFuture(givesLater(5)))), 5);
    QCOMPARE(*runSync(awaitFuture(toFuture(givesMoveOnly(6)))), 6);
    Counted::copies = 0;
    const QFuture<Counted> counted = toFuture(givesCounted(7));
    QTRY_VERIFY(counted.isFinished());
    QCOMPARE(counted.begin()->number, 7);
    QCOMPARE(Counted::copies.load(), 0);

    QFuture<int> failed = toFuture(fails("in the task"));
    QTRY_VERIFY(failed.isFinished());
    QVERIFY_THROWS_EXCEPTION(std::runtime_error, failed.waitForFinished());

    const QFuture<void> cancelled = toFuture(cancelsItself());
    QTRY_VERIFY(cancelled.isFinished());
    QVERIFY(cancelled.isCanceled());

    QVERIFY_THROWS_EXCEPTION(std::logic_error, toFuture(Task<int>()));
}

void TestFuture::toFutureStartsAsSpawnDoesAndRunsWithoutAFuture()
{
    bool hasRun = false;
    toFuture(marks(hasRun));
    QVERIFY(!hasRun);
    letBegin();
    QVERIFY(hasRun);
}

void TestFuture::cancellingTheFutureCancelsTheTask()
{
    QFETCH(Driver, driver);
    drive(driver, [] {
        for (const bool fromAnotherThread : {false, true}) {
            std::string log;
            QFuture<int> future;
            future = toFuture(sleepsAndCleansUp(log, future));
            letBegin();
            if (fromAnotherThread)
                std::thread([&future] { future.cancel(); }).join();
            else
                future.cancel();
            QVERIFY(future.isCanceled() && !future.isFinished());
            const auto finished = [](const QFuture<int> &future) -> Task<> {
                while (!future.isFinished())
                    co_await sleepFor(1ms);
            };
            runSync(finished(future), RunOptions().timeout(5s));
            QCOMPARE(log, std::string("begun cancelled unwound"));
        }
    });
}

void TestFuture::cancelledBeforeItBeganATaskDoesNotRun()
{
    QStringList messages;
    Bridge::current().setUnhandledErrorHandler([&messages](const QString &text, std::exception_ptr) { messages += text; });
    bool hasRun = false;
    QFuture<void> future = toFuture(marks(hasRun));
    future.cancel();
    QTRY_VERIFY(future.isFinished());
    Bridge::current().setUnhandledErrorHandler({});
    QVERIFY(!hasRun);
    QCOMPARE(messages, QStringList());
}

void TestFuture::anExceptionAfterTheCancelGoesToTheHook()
{
    QStringList reported;
    Bridge::current().setUnhandledErrorHandler([&reported](const QString &text, std::exception_ptr error) {
        reported += text + QLatin1Char(':') + QString::fromStdString(errorText(error));
    });
    const auto failsCleaningUp = []() -> Task<> {
        try {
            co_await sleepFor(1h);
        } catch (const Cancelled &) {
            throw std::runtime_error("disk full");
        }
    };
    QFuture<void> future = toFuture(failsCleaningUp(), "saver");
    letBegin();
    future.cancel();
    QTRY_VERIFY(future.isFinished());
    QTRY_COMPARE(reported.size(), 1);
    Bridge::current().setUnhandledErrorHandler({});
    QVERIFY2(reported.first().contains(QStringLiteral("saver")) && reported.first().contains(QStringLiteral("disk full")),
             qPrintable(reported.first()));
}

void TestFuture::aResultInSpiteOfTheCancelIsDropped()
{
    const auto stubborn = []() -> Task<int> {
        co_await shield(sleepFor(3ms));
        co_return 1;
    };
    QFuture<int> future = toFuture(stubborn());
    letBegin();
    future.cancel();
    QTRY_VERIFY(future.isFinished());
    QCOMPARE(outcomeOfWait(future), Outcome::Cancelled);
    QCOMPARE(future.resultCount(), 0);
}

void TestFuture::progressIsShownInTheFuture()
{
    const auto works = [](Future<> &next) -> Task<> {
        Progress progress = Progress::current();
        progress.setText("connecting"); // nobody knows yet how much there is to do
        co_await next;
        next = Future<>();
        progress.setRange(0, 100);
        progress.setText("loading");
        co_await next;
        next = Future<>();
        progress.setValue(60);
        co_await next;
        next = Future<>();
        progress.setText("checking");
        co_await next;
        next = Future<>();
        progress.setValue(20); // again
        co_await next;
        next = Future<>();
        progress.setRange(10, 20);
        co_await next;
    };
    Future<> next;
    const QFuture<void> future = toFuture(works(next));
    const auto shown = [&future] {
        return QStringLiteral("%1-%2 %3 %4").arg(future.progressMinimum()).arg(future.progressMaximum())
                .arg(future.progressValue()).arg(future.progressText());
    };
    for (const char *expected : {"0-0 0 connecting", "0-100 0 loading", "0-100 60 loading", "0-100 60 checking",
                                 "0-100 20 checking", "10-20 20 checking"}) {
        QTRY_COMPARE(shown(), QLatin1String(expected));
        next.setResult();
    }
    QTRY_VERIFY(future.isFinished());
}

void TestFuture::throughAFutureATaskIsAwaitedAsItself()
{
    // cancel, from the outside in
    std::string log;
    QFuture<int> inner;
    inner = toFuture(sleepsAndCleansUp(log, inner));
    const auto outer = spawn(asTask(awaitFuture(inner)));
    letBegin();
    outer.cancel();
    QCOMPARE(tryRunSync(outer).outcome(), Outcome::Cancelled);
    QTRY_COMPARE(log, std::string("begun cancelled unwound"));

    // progress, from the inside out
    const auto tells = []() -> Task<int> {
        Progress::current().setRange(0, 3);
        Progress::current().setValue(2);
        co_await sleepFor(5ms);
        co_return 3;
    };
    Progress progress;
    QCOMPARE(runSync(progress.follow(awaitFuture(toFuture(tells())))), 3);
    QCOMPARE(progress.maximum(), 3);
    QCOMPARE(progress.value(), 2);
}

void TestFuture::atTheBridgesEndFuturesFinish()
{
    std::string log;
    QFuture<int> running;
    running = toFuture(sleepsAndCleansUp(log, running));
    letBegin();
    bool hasRun = false;
    const QFuture<void> unbegun = toFuture(marks(hasRun));
    Bridge::current().close();
    QVERIFY(running.isFinished() && running.isCanceled());
    QCOMPARE(log, std::string("begun cancelled unwound"));
    QVERIFY(unbegun.isFinished() && unbegun.isCanceled() && !hasRun);
}

void TestFuture::afterTheBridgesEndThereIsAnError()
{
    Bridge::current().close();
    QFuture<int> future = toFuture(givesLater(1));
    QVERIFY(future.isFinished());
    try {
        future.waitForFinished();
        QFAIL("no error");
    } catch (const RunSyncError &error) {
        QCOMPARE(error.reason(), Refusal::ShuttingDown);
    }
}

INTERLOOP_TEST_MAIN(TestFuture)
#include "tst_future.moc"
