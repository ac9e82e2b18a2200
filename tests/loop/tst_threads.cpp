// SPDX-License-Identifier: MIT
#include <tests/cleanupcheck.h>
#include <tests/testmain.h>

#include <interloop/interloop.h>

#include <QFuture>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

/*
 * What other threads may do with a bridge. Runs under ThreadSanitizer too.
 */

using namespace interloop;
using namespace interloop::test;
using namespace std::chrono_literals;

class TestThreads : public QObject
{
    Q_OBJECT

private slots:
    void init() { m_leaks.begin(); }
    void cleanup() { m_leaks.check(); }

    void postsOfEachThreadStayInOrder();
    void Q06_noCompletionFromAnotherThreadIsLost();
    void spawnThreadSafeGivesResultErrorAndCancel();
    void spawnThreadSafeCarriesMoveOnlyAndVoid();
    void cancellingTheFutureCancelsTheTask();
    void postsMayRaceWithTheEnd();
    void remoteMayBeUsedAfterTheEnd();
    void handlesMayBeCopiedAndDroppedAnywhere();
    void aFailureDroppedInAnotherThreadIsReportedHere();

private:
    CleanupCheck m_leaks;
};

namespace {

constexpr int threadCount = 4;

Task<int> givesLater(int number)
{
    co_await yield();
    co_return number;
}

Task<int> fails()
{
    co_await yield();
    throw std::runtime_error("there");
}

Task<int> cancelsItself()
{
    co_await yield();
    throw Cancelled(Outcome::Cancelled);
}

Task<std::unique_ptr<int>> givesMoveOnly(int number)
{
    co_await yield();
    co_return std::make_unique<int>(number);
}

Task<> sleepsLong()
{
    co_await sleepFor(1h);
}

Task<> sleepsUntilCancelled(std::atomic<int> &begun, std::atomic<int> &unwound)
{
    begun = 1;
    begun.notify_one();
    try {
        co_await sleepFor(1h);
    } catch (const Cancelled &) {
        unwound = 1;
        throw;
    }
}

} // namespace

void TestThreads::postsOfEachThreadStayInOrder()
{
    constexpr int postsEach = isSanitized ? 5'000 : 25'000;
    // Not atomic: written on this thread only.
    std::array<int, threadCount> next = {};
    int outOfOrder = 0;
    int elsewhere = 0;
    int count = 0;
    Future<> all;
    std::vector<std::jthread> threads;
    const auto here = std::this_thread::get_id();
    for (int thread = 0; thread < threadCount; ++thread) {
        threads.emplace_back([&, thread, remote = Bridge::current().remote()] {
            for (int number = 0; number < postsEach; ++number) {
                static_cast<void>(remote.postThreadSafe([&, thread, number] {
                    outOfOrder += next[std::size_t(thread)]++ != number;
                    elsewhere += std::this_thread::get_id() != here;
                    if (++count == threadCount * postsEach)
                        all.setResult();
                }));
            }
        });
    }
    const auto result = tryRunSync(all, RunOptions().timeout(10s));
    QCOMPARE(result.outcome(), Outcome::Value);
    QCOMPARE(count, threadCount * postsEach);
    QCOMPARE(outOfOrder, 0);
    QCOMPARE(elsewhere, 0);
}

void TestThreads::Q06_noCompletionFromAnotherThreadIsLost()
{
    alarm(100); // each round takes two switches between threads, and others may come between
    // given: a thread that answers each question as soon as it sees it
    constexpr int rounds = isSanitized ? 10'000 : 100'000;
    std::atomic<int> question = 0;
    Future<> *answer = nullptr; // handed over with the question
    std::jthread other([&, remote = Bridge::current().remote()] {
        for (int round = 1; round <= rounds; ++round) {
            question.wait(round - 1);
            static_cast<void>(remote.postThreadSafe([future = answer] { future->setResult(); }));
        }
    });
    // when: each answer is waited for, in a wait of its own that has just begun or is about to
    int answered = 0;
    for (int round = 1; round <= rounds; ++round) {
        Future<> future;
        answer = &future;
        question = round;
        question.notify_one();
        if (!tryRunSync(future, RunOptions().timeout(5s)))
            break;
        ++answered;
    }
    if (answered < rounds)
        qFatal("lost after %d", answered); // the thread waits for ever
    QCOMPARE(answered, rounds);
}

void TestThreads::spawnThreadSafeGivesResultErrorAndCancel()
{
    QFuture<int> value;
    QFuture<int> error;
    QFuture<int> cancelled;
    QFuture<int> unmade;
    std::thread([&, remote = Bridge::current().remote()] {
        value = remote.spawnThreadSafe([] { return givesLater(5); });
        error = remote.spawnThreadSafe(&fails);
        cancelled = remote.spawnThreadSafe(&cancelsItself);
        unmade = remote.spawnThreadSafe([]() -> Task<int> { throw std::logic_error("no task"); });
    }).join();
    QTRY_VERIFY(value.isFinished() && error.isFinished() && cancelled.isFinished() && unmade.isFinished());
    QCOMPARE(value.result(), 5);
    QVERIFY_THROWS_EXCEPTION(std::runtime_error, error.waitForFinished());
    QVERIFY(cancelled.isCanceled());
    QVERIFY_THROWS_EXCEPTION(std::logic_error, unmade.waitForFinished());
}

void TestThreads::spawnThreadSafeCarriesMoveOnlyAndVoid()
{
    QFuture<std::unique_ptr<int>> moveOnly;
    QFuture<void> nothing;
    std::thread([&, remote = Bridge::current().remote()] {
        moveOnly = remote.spawnThreadSafe([] { return givesMoveOnly(6); });
        nothing = remote.spawnThreadSafe([]() -> Task<> { co_await yield(); });
    }).join();
    QTRY_VERIFY(moveOnly.isFinished() && nothing.isFinished());
    QCOMPARE(*moveOnly.takeResult(), 6);
    QVERIFY(!nothing.isCanceled());
}

void TestThreads::cancellingTheFutureCancelsTheTask()
{
    // before it has begun
    QFuture<int> future;
    bool wasMade = false;
    std::thread([&, remote = Bridge::current().remote()] {
        future = remote.spawnThreadSafe([&wasMade] {
            wasMade = true;
            return givesLater(5);
        });
        future.cancel();
    }).join();
    QTRY_VERIFY(future.isFinished());
    QVERIFY(!wasMade);

    // while it runs, and while it begins: the future finishes when the task has unwound
    for (int round = 0; round < 50; ++round) {
        std::atomic<int> begun = 0;
        std::atomic<int> unwound = 0;
        std::jthread other([&, remote = Bridge::current().remote(), round] {
            QFuture<void> future = remote.spawnThreadSafe([&] { return sleepsUntilCancelled(begun, unwound); });
            if (round % 2)
                begun.wait(0);
            future.cancel();
            while (!future.isFinished())
                std::this_thread::sleep_for(100us);
            if (begun != unwound)
                qFatal("finished before the task had unwound");
            remote.postThreadSafe([&unwound] { unwound = 2; });
        });
        while (unwound != 2)
            runSync(sleepFor(100us));
    }
}

void TestThreads::postsMayRaceWithTheEnd()
{
    for (int round = 0; round < 50; ++round) {
        std::atomic<int> accepted = 0;
        int carriedOut = 0;
        std::atomic<bool> hasBegun = false;
        {
            std::vector<std::jthread> threads;
            for (int thread = 0; thread < threadCount; ++thread) {
                threads.emplace_back([&, remote = Bridge::current().remote()] {
                    while (remote.postThreadSafe([&carriedOut] { ++carriedOut; })) {
                        ++accepted;
                        hasBegun = true;
                    }
                });
            }
            while (!hasBegun)
                std::this_thread::yield();
            Bridge::current().close();
        }
        QVERIFY(accepted > 0);
        QCOMPARE(carriedOut, accepted.load()); // what was accepted before the end is carried out
        Bridge::current();
    }
}

void TestThreads::remoteMayBeUsedAfterTheEnd()
{
    const BridgeRemote remote = Bridge::current().remote();
    Bridge::current().close();
    bool isAccepted = true;
    Refusal reason = Refusal::Deadlock;
    auto token = std::make_shared<int>();
    const std::weak_ptr<int> alive = token;
    std::thread([&] {
        isAccepted = remote.postThreadSafe([token = std::move(token)] {});
        QFuture<int> future = remote.spawnThreadSafe([] { return givesLater(1); });
        try {
            future.waitForFinished();
        } catch (const RunSyncError &error) {
            reason = error.reason();
        }
    }).join();
    QVERIFY(!isAccepted);
    QVERIFY(alive.expired());
    QCOMPARE(reason, Refusal::ShuttingDown);
}

void TestThreads::handlesMayBeCopiedAndDroppedAnywhere()
{
    const auto task = spawn(sleepsLong());
    {
        std::vector<std::jthread> threads;
        for (int thread = 0; thread < threadCount; ++thread) {
            threads.emplace_back([handle = task] {
                for (int i = 0; i < 10'000; ++i) {
                    TaskHandle<> copy = handle;
                    TaskHandle<> moved = std::move(copy);
                    if (!moved.isValid())
                        qFatal("lost");
                }
            });
        }
        for (int i = 0; i < 100; ++i)
            runSync(yield());
    }
    task.cancel();
    static_cast<void>(tryRunSync(task));

    // the last one may go anywhere too, with the task running or ended
    for (int i = 0; i < 200; ++i) {
        auto handle = std::make_unique<TaskHandle<int>>(spawn(givesLater(i)));
        std::jthread other([&handle] { handle.reset(); });
        runSync(yield());
        runSync(yield());
    }
}

void TestThreads::aFailureDroppedInAnotherThreadIsReportedHere()
{
    QStringList reported;
    std::thread::id reportedIn;
    Bridge::current().setUnhandledErrorHandler([&](const QString &text, std::exception_ptr) {
        reported += text;
        reportedIn = std::this_thread::get_id();
    });
    auto handle = std::make_unique<TaskHandle<int>>(spawn(fails(), "unlucky"));
    runSync(sleepFor(2ms));
    std::thread([&handle] { handle.reset(); }).join();
    runSync(sleepFor(2ms));
    Bridge::current().setUnhandledErrorHandler({});
    QCOMPARE(reported.size(), 1);
    QVERIFY2(reported.first().contains("unlucky"), qPrintable(reported.first()));
    QCOMPARE(reportedIn, std::this_thread::get_id());
}

INTERLOOP_TEST_MAIN(TestThreads)
#include "tst_threads.moc"
