// SPDX-License-Identifier: MIT
#include <tests/task/virtualscheduler.h>

#include <interloop/task/chainscope.h>
#include <interloop/task/future.h>
#include <interloop/task/shield.h>
#include <interloop/task/task.h>
#include <interloop/task/timeout.h>

#include <QObject>
#include <QTest>

#include <optional>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

using namespace interloop;
using namespace interloop::test;

static_assert(!std::is_aggregate_v<ChainScope>);
static_assert(!std::is_base_of_v<std::exception, Cancelled>);

namespace {

using Shield = ChainScope::Shield;

Chain &currentChain()
{
    return *currentScheduler().currentChain();
}

Task<> sleepDeep(int levels)
{
    if (levels == 0)
        co_await sleepFor(10s);
    else
        co_await sleepDeep(levels - 1);
}

// Awaits `rounds` times, whatever happens, and notes what.
Task<> stubborn(int rounds)
{
    for (int round = 0; round < rounds; ++round) {
        try {
            co_await sleepFor(10s);
            note("slept");
        } catch (const Cancelled &cancelled) {
            note(nameOf(cancelled.outcome()));
        }
    }
}

Task<> waitForHandle(TaskHandle<> handle)
{
    co_await handle;
}

} // namespace

class TestChainScope : public QObject
{
    Q_OBJECT

private slots:
    void init() { loop.emplace(); }
    void cleanup() { QCOMPARE(end(loop), QStringList()); }

    void cancellationIsLevelTriggered();
    void firstOutcomeStays();
    void outcomeReachesTheTask_data();
    void outcomeReachesTheTask();
    void cancelledIsNotCaughtAsAnException();
    void cancelReachesADeepWaitInOneStep();
    void cancelUnwindsInnermostFirst();
    void resultThatCameFirstWins();
    void cancelThatCameFirstWins();
    void settledFutureIsNotLookedAtInACancelledScope();
    void innerScopeIsLeftByItsOwnCancellation();
    void outerCancellationIsSeenInTheInnerScope();
    void shieldedScopeKeepsTheOuterOneOut();
    void scopeInsideAShieldCanBeCancelled();
    void forcedCancellationGoesThroughShields();
    void forcedAfterPoliteGoesThroughShields();
    void pendingCancellationIsBackBehindTheShield();
    void cancelWhileTheChainIsReadyIsThrownByTheNextAwait();
    void longChainOfHandlesIsCancelledAsAWhole();
    void raceOfResultAndCancelHasExactlyOneOutcome();

private:
    std::optional<VirtualScheduler> loop;
};

void TestChainScope::cancellationIsLevelTriggered()
{
    const TaskHandle<> handle = spawn(stubborn(3));
    loop->runUntil(1s);
    handle.cancel();
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"Cancelled@1", "Cancelled@1", "Cancelled@1"}));
    QCOMPARE(endOf(handle), "value");
}

void TestChainScope::firstOutcomeStays()
{
    const TaskHandle<> handle = spawn(stubborn(2));
    loop->runReady();
    handle.state().requestCancel(Outcome::Quit);
    handle.state().requestCancel(Outcome::ContextDestroyed);
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"Quit@0", "Quit@0"}));
}

void TestChainScope::outcomeReachesTheTask_data()
{
    QTest::addColumn<int>("outcome");
    for (const Outcome outcome : {Outcome::Cancelled, Outcome::Quit, Outcome::ContextDestroyed, Outcome::TimedOut})
        QTest::newRow(nameOf(outcome)) << int(outcome);
}

void TestChainScope::outcomeReachesTheTask()
{
    QFETCH(int, outcome);
    const auto expected = static_cast<Outcome>(outcome);

    // when: cancelled while it waits, and before its start
    const TaskHandle<> waiting = spawn(sleepDeep(3));
    loop->runReady();
    const TaskHandle<> unstarted = spawn(sleepDeep(3));
    waiting.state().requestCancel(expected);
    unstarted.state().requestCancel(expected);
    loop->run();

    // then
    for (const TaskHandle<> &handle : {waiting, unstarted}) {
        QCOMPARE(nameOf(handle.state().outcome()), nameOf(expected));
        QVERIFY(handle.isCancelled());
    }
    const auto whoAwaits = [](TaskHandle<> handle) -> Task<> {
        try {
            co_await handle;
        } catch (const Cancelled &cancelled) {
            note(std::string(nameOf(cancelled.outcome()))
                 + (cancelled.whom() == Cancelled::Whom::Awaited ? " of the awaited" : " of its own"));
        }
    };
    loop->runTask(whoAwaits(waiting));
    QCOMPARE(loop->takeNotes(), QStringList{QString(nameOf(expected)) + " of the awaited@0"});
}

void TestChainScope::cancelledIsNotCaughtAsAnException()
{
    const auto body = []() -> Task<> {
        try {
            co_await sleepFor(1s);
        } catch (const std::exception &) {
            note("swallowed");
        }
    };
    const TaskHandle<> handle = spawn(body());
    loop->runReady();
    handle.cancel();
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList());
    QCOMPARE(endOf(handle), "cancelled");
}

void TestChainScope::cancelReachesADeepWaitInOneStep()
{
    const TaskHandle<> handle = spawn(sleepDeep(10'000));
    loop->runReady();
    handle.cancel();
    QVERIFY(loop->timers().isEmpty()); // the wait at the bottom has ended already
    QCOMPARE(loop->runReady(), 1); // one operation resumes the whole chain
    QCOMPARE(endOf(handle), "cancelled");
}

void TestChainScope::cancelUnwindsInnermostFirst()
{
    const auto inner = []() -> Task<> {
        try {
            co_await sleepFor(10s);
        } catch (const Cancelled &) {
            note("inner");
            throw;
        }
    };
    const auto outer = [](auto inner) -> Task<> {
        try {
            co_await inner();
        } catch (const Cancelled &) {
            note("outer");
            throw;
        }
    };
    const TaskHandle<> handle = spawn(outer(inner));
    loop->runReady();
    handle.cancel();
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"inner@0", "outer@0"}));
}

void TestChainScope::resultThatCameFirstWins()
{
    Future<int> future;
    const auto body = [](Future<int> future) -> Task<int> {
        const int number = co_await future;
        note("got " + std::to_string(number));
        co_return number;
    };
    const TaskHandle<int> handle = spawn(body(future));
    loop->runReady();
    future.setResult(5);
    QVERIFY(handle.cancel());
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"got 5@0"});
    QCOMPARE(endOf(handle), "value");
}

void TestChainScope::cancelThatCameFirstWins()
{
    Future<int> future;
    const auto body = [](Future<int> future) -> Task<int> { co_return co_await future; };
    const TaskHandle<int> handle = spawn(body(future));
    loop->runReady();
    QVERIFY(handle.cancel());
    QVERIFY(future.setResult(5));
    loop->run();
    QCOMPARE(endOf(handle), "cancelled");
}

void TestChainScope::settledFutureIsNotLookedAtInACancelledScope()
{
    Future<int> future;
    future.setResult(5);
    const auto body = [](Future<int> future) -> Task<int> {
        ChainScope scope(currentChain(), Shield::No);
        scope.cancel(Outcome::Cancelled);
        co_return co_await future;
    };
    QCOMPARE(thrownBy([&] { loop->runTask(body(future)); }), "cancelled (Cancelled)");
}

void TestChainScope::innerScopeIsLeftByItsOwnCancellation()
{
    const auto body = []() -> Task<> {
        {
            ChainScope scope(currentChain(), Shield::No);
            scope.cancel(Outcome::Cancelled);
            try {
                co_await sleepFor(1s);
            } catch (const Cancelled &) {
                note("inside");
            }
        }
        co_await sleepFor(1s);
        note("outside");
    };
    loop->runTask(body());
    QCOMPARE(loop->takeNotes(), (QStringList{"inside@0", "outside@1"}));
}

void TestChainScope::outerCancellationIsSeenInTheInnerScope()
{
    const auto body = []() -> Task<> {
        const ChainScope inner(currentChain(), Shield::No);
        try {
            co_await sleepFor(10s);
        } catch (const Cancelled &) {
            note(std::string("inner ") + nameOf(inner.cancelledAs()) + (inner.isCancelledFromOutside() ? ", outside too" : ""));
            throw;
        }
    };
    const TaskHandle<> handle = spawn(body());
    loop->runUntil(1s);
    handle.cancel();
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"inner Value, outside too@1"});
    QCOMPARE(endOf(handle), "cancelled");
}

void TestChainScope::shieldedScopeKeepsTheOuterOneOut()
{
    const auto body = []() -> Task<> {
        {
            const ChainScope shield(currentChain(), Shield::Yes);
            co_await sleepFor(3s);
            note("slept");
        }
        co_await sleepFor(3s);
        note("not reached");
    };
    const TaskHandle<> handle = spawn(body());
    loop->runUntil(1s);
    handle.cancel();
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"slept@3"});
    QCOMPARE(endOf(handle), "cancelled");
    QCOMPARE(loop->time(), "3");
}

void TestChainScope::scopeInsideAShieldCanBeCancelled()
{
    const auto body = []() -> Task<> {
        const ChainScope shield(currentChain(), Shield::Yes);
        try {
            co_await withTimeout(2s, sleepFor(10s));
        } catch (const TimeoutError &) {
            note("timed out");
        }
    };
    const TaskHandle<> handle = spawn(body());
    loop->runUntil(1s);
    handle.cancel();
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"timed out@2"});
}

void TestChainScope::forcedCancellationGoesThroughShields()
{
    const TaskHandle<> handle = spawn(shield(shield(sleeper("task", 10s))));
    loop->runUntil(1s);
    handle.state().requestCancel(Outcome::Quit, CancelMode::Forced);
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"Start task@0", "Cancelled task@1"}));
    QCOMPARE(nameOf(handle.state().outcome()), "Quit");
}

void TestChainScope::forcedAfterPoliteGoesThroughShields()
{
    const TaskHandle<> handle = spawn(shield(waitForHandle(spawn(shield(sleeper("task", 10s))))));
    loop->runUntil(1s);
    handle.cancel();
    loop->runUntil(2s);
    QCOMPARE(loop->takeNotes(), QStringList{"Start task@0"});
    handle.state().requestCancel(Outcome::Quit, CancelMode::Forced);
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"Cancelled task@2"});
    QCOMPARE(nameOf(handle.state().outcome()), "Cancelled"); // as it was cancelled first
}

void TestChainScope::pendingCancellationIsBackBehindTheShield()
{
    const auto body = []() -> Task<> {
        ChainScope outer(currentChain(), Shield::No);
        outer.cancel(Outcome::Quit);
        {
            const ChainScope shield(currentChain(), Shield::Yes);
            note(nameOf(currentChain().pendingCancel()));
            {
                ChainScope inner(currentChain(), Shield::No);
                inner.cancel(Outcome::Cancelled);
                note(nameOf(currentChain().pendingCancel()));
            }
            note(nameOf(currentChain().pendingCancel()));
        }
        note(nameOf(currentChain().pendingCancel()));
        co_return;
    };
    loop->runTask(body());
    QCOMPARE(loop->takeNotes(), (QStringList{"Value@0", "Cancelled@0", "Value@0", "Quit@0"}));
}

void TestChainScope::cancelWhileTheChainIsReadyIsThrownByTheNextAwait()
{
    const auto body = []() -> Task<> {
        co_await yield();
        note("first");
        co_await yield();
        note("second");
    };
    const TaskHandle<> handle = spawn(body());
    loop->step(); // started, and ready again
    handle.cancel();
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"first@0"});
    QCOMPARE(endOf(handle), "cancelled");
}

void TestChainScope::longChainOfHandlesIsCancelledAsAWhole()
{
    constexpr int length = 100'000;
    std::vector<TaskHandle<>> handles;
    handles.push_back(spawn(sleepDeep(0)));
    while (handles.size() < length)
        handles.push_back(spawn(waitForHandle(handles.back())));
    loop->runReady();
    handles.back().cancel();
    loop->run();
    int cancelled = 0;
    for (const TaskHandle<> &handle : handles)
        cancelled += handle.isCancelled();
    QCOMPARE(cancelled, length);
    QCOMPARE(loop->time(), "0");
}

void TestChainScope::raceOfResultAndCancelHasExactlyOneOutcome()
{
    // given: waits of five kinds, each with a result and a cancellation that come in the order of the dice
    std::mt19937 random(20260102);
    int values = 0, cancels = 0;
    const auto child = [](Future<int> future) -> Task<int> { co_return co_await future; };
    const auto wait = [](unsigned kind, Future<int> future, auto child, int &begun, int &outcomes) -> Task<int> {
        ++begun;
        try {
            int number = 0;
            if (kind == 0)
                number = co_await future;
            else if (kind == 1)
                number = co_await child(future);
            else if (kind == 2)
                number = co_await spawn(child(future));
            else if (kind == 3)
                number = co_await withTimeout(100s, future);
            else
                number = co_await withTimeout(100s, spawn(child(future)));
            ++outcomes;
            co_return number;
        } catch (const Cancelled &) {
            ++outcomes;
            throw;
        }
    };
    for (int round = 0; round < 10'000; ++round) {
        Future<int> future;
        int begun = 0, outcomes = 0;
        const TaskHandle<int> handle = spawn(wait(random() % 5, future, child, begun, outcomes));
        const unsigned lead = random() % 6;
        for (unsigned step = 0; step < lead && loop->hasReady(); ++step)
            loop->step();

        // when: each in its own step, some operations apart
        const bool isResultFirst = random() % 2 == 0;
        const unsigned between = random() % 4;
        for (const bool isResult : {isResultFirst, !isResultFirst}) {
            if (isResult)
                QVERIFY(future.setResult(round));
            else
                handle.cancel();
            for (unsigned step = 0; step < between && loop->hasReady(); ++step)
                loop->step();
        }
        while (loop->hasReady())
            loop->step();

        // then
        QVERIFY(handle.isDone());
        QVERIFY(loop->timers().isEmpty());
        QCOMPARE(outcomes, begun);
        QVERIFY(begun == 1 || handle.isCancelled());
        if (handle.isCancelled()) {
            ++cancels;
        } else {
            ++values;
            QCOMPARE(handle.state().slot().get(), round);
        }
        if (lead >= 2) // everybody waited when the first of the two came: it wins
            QCOMPARE(handle.isCancelled(), !isResultFirst);
    }
    QCOMPARE(values + cancels, 10'000);
    QVERIFY2(values > 2'000 && cancels > 2'000, qPrintable(QString("%1 values, %2 cancels").arg(values).arg(cancels)));
}

QTEST_APPLESS_MAIN(TestChainScope)
#include "tst_chainscope.moc"
