// SPDX-License-Identifier: MIT
#include <tests/task/virtualscheduler.h>

#include <interloop/task/future.h>
#include <interloop/task/shield.h>
#include <interloop/task/task.h>
#include <interloop/task/timeout.h>

#include <QObject>
#include <QTest>

#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>

using namespace interloop;
using namespace interloop::test;

static_assert(!std::is_aggregate_v<TimeoutError>);

namespace {

Task<> noteEndOf(Task<> task, std::string name)
{
    try {
        co_await std::move(task);
        note(name + " value");
    } catch (const TimeoutError &) {
        note(name + " timed out");
    } catch (const Cancelled &) {
        note(name + " cancelled");
        throw;
    } catch (const std::exception &e) {
        note(name + ' ' + e.what());
    }
}

// Ends with a value in spite of everything.
Task<int> refuse()
{
    try {
        co_await sleepFor(10s);
    } catch (const Cancelled &) {
        note("refused");
    }
    co_return 7;
}

Task<> failInCleanup()
{
    try {
        co_await sleepFor(10s);
    } catch (const Cancelled &) {
        throw std::runtime_error("clean-up failed");
    }
}

Task<> cleanFor(std::chrono::nanoseconds time)
{
    bool wasCancelled = false;
    try {
        co_await sleepFor(10s);
    } catch (const Cancelled &) {
        wasCancelled = true;
    }
    if (wasCancelled)
        co_await shield(sleepFor(time));
    note("clean");
    co_await yield();
}

} // namespace

class TestTimeout : public QObject
{
    Q_OBJECT

private slots:
    void init() { loop.emplace(); }
    void cleanup() { QCOMPARE(end(loop), QStringList()); }

    void taskThatIsFasterGivesItsResult();
    void taskThatIsSlowerIsCancelledAndTimesOut();
    void limitEndsBeforeTheCleanUpTheErrorComesAfterIt();
    void limitIsCountedFromTheAwait();
    void taskAtTheLimitWinsWhenItsTimerWasFirst();
    void zeroAndNegativeEndAtTheFirstSuspension_data();
    void zeroAndNegativeEndAtTheFirstSuspension();
    void endlessLimitNeverFires();
    void messageNamesTheLimit_data();
    void messageNamesTheLimit();
    void resultInSpiteOfTheCancelIsReturned();
    void otherExceptionIsPassedOn();
    void ownTimeoutErrorIsPassedOn();
    void cancelFromOutsideIsNoTimeout();
    void cancelFromOutsideBeatsALimitThatHasPassed();
    void innerLimitFiresFirst();
    void outerLimitFiresFirst();
    void bothLimitsAtTheSameInstant();
    void outerLimitPassesWhileTheInnerOneUnwinds();
    void scopeIsUsableAfterATimeout();
    void timeoutOfAHandleCancelsTheTask();
    void timeoutOfAShieldedHandleLeavesTheTask();
    void awaitedTaskThatWasCancelledIsNoTimeout();
    void resultOfAHandleIsCopied();
    void emptyTaskThrows();

private:
    std::optional<VirtualScheduler> loop;
};

void TestTimeout::taskThatIsFasterGivesItsResult()
{
    QCOMPARE(loop->runTask(withTimeout(2s, valueAfter(1s, 5))), 5);
    QCOMPARE(loop->time(), "1"); // and no timer is left over
    auto pointer = loop->runTask(withTimeout(2s, valueAfter(1s, 6)));
    QCOMPARE(pointer, 6);
}

void TestTimeout::taskThatIsSlowerIsCancelledAndTimesOut()
{
    loop->runTask(noteEndOf(withTimeout(1s, sleeper("task", 2s)), "wait"));
    QCOMPARE(loop->takeNotes(), (QStringList{"Start task@0", "Cancelled task@1", "wait timed out@1"}));
}

void TestTimeout::limitEndsBeforeTheCleanUpTheErrorComesAfterIt()
{
    loop->runTask(noteEndOf(withTimeout(1s, cleanFor(3s)), "wait"));
    QCOMPARE(loop->takeNotes(), (QStringList{"clean@4", "wait timed out@4"}));
}

void TestTimeout::limitIsCountedFromTheAwait()
{
    const auto body = []() -> Task<> {
        auto task = noteEndOf(withTimeout(2s, sleepFor(1s)), "wait");
        co_await sleepFor(5s);
        co_await std::move(task);
    };
    loop->runTask(body());
    QCOMPARE(loop->takeNotes(), QStringList{"wait value@6"});
}

void TestTimeout::taskAtTheLimitWinsWhenItsTimerWasFirst()
{
    const TaskHandle<int> handle = spawn(valueAfter(1s, 5));
    loop->runReady();
    QCOMPARE(loop->runTask(withTimeout(1s, handle)), 5); // a result that came first wins
}

void TestTimeout::zeroAndNegativeEndAtTheFirstSuspension_data()
{
    QTest::addColumn<qint64>("limit");
    QTest::newRow("zero") << qint64(0);
    QTest::newRow("negative") << qint64(-1);
    QTest::newRow("most negative") << std::numeric_limits<qint64>::min();
}

void TestTimeout::zeroAndNegativeEndAtTheFirstSuspension()
{
    QFETCH(qint64, limit);
    const auto body = []() -> Task<> {
        note("runs up to its first suspension");
        co_await sleepFor(0s);
        note("not reached");
    };
    const auto immediate = []() -> Task<> {
        note("never suspends");
        co_return;
    };
    loop->runTask(noteEndOf(withTimeout(std::chrono::nanoseconds(limit), body()), "first"));
    loop->runTask(noteEndOf(withTimeout(std::chrono::nanoseconds(limit), immediate()), "second"));
    QCOMPARE(loop->takeNotes(),
             (QStringList{"runs up to its first suspension@0", "first timed out@0", "never suspends@0",
                          "second value@0"}));
}

void TestTimeout::endlessLimitNeverFires()
{
    QCOMPARE(loop->runTask(withTimeout(std::chrono::nanoseconds::max(), valueAfter(1'000'000s, 1))), 1);
    QCOMPARE(loop->runTask(withTimeout(std::chrono::nanoseconds::max(), valueAfter(1s, 2))), 2);
}

void TestTimeout::messageNamesTheLimit_data()
{
    QTest::addColumn<qint64>("limit");
    QTest::addColumn<QString>("message");
    QTest::newRow("whole") << qint64(250'000'000) << "timed out after 250 ms";
    QTest::newRow("fraction") << qint64(1'500'000) << "timed out after 1 ms";
    QTest::newRow("zero") << qint64(0) << "timed out after 0 ms";
    QTest::newRow("a little negative") << qint64(-1) << "timed out after 0 ms";
    QTest::newRow("long") << qint64(86'400'000'000'000) << "timed out after 86400000 ms";
}

void TestTimeout::messageNamesTheLimit()
{
    QFETCH(qint64, limit);
    QFETCH(QString, message);
    QCOMPARE(thrownBy([&] { loop->runTask(withTimeout(std::chrono::nanoseconds(limit), sleepFor(1000h))); }), message);
}

void TestTimeout::resultInSpiteOfTheCancelIsReturned()
{
    QCOMPARE(loop->runTask(withTimeout(1s, refuse())), 7);
    QCOMPARE(loop->takeNotes(), QStringList{"refused@1"});
}

void TestTimeout::otherExceptionIsPassedOn()
{
    loop->runTask(noteEndOf(withTimeout(1s, failInCleanup()), "wait"));
    loop->runTask(noteEndOf(withTimeout(3s, failAfter(1s, "broken")), "wait"));
    QCOMPARE(loop->takeNotes(), (QStringList{"wait clean-up failed@1", "wait broken@2"}));
}

void TestTimeout::ownTimeoutErrorIsPassedOn()
{
    const auto body = []() -> Task<> {
        co_await yield();
        throw TimeoutError("the server's own");
    };
    QCOMPARE(thrownBy([&] { loop->runTask(withTimeout(1s, body())); }), "the server's own");
}

void TestTimeout::cancelFromOutsideIsNoTimeout()
{
    const TaskHandle<> handle = spawn(noteEndOf(withTimeout(5s, sleepFor(10s)), "wait"));
    loop->runUntil(1s);
    handle.cancel();
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"wait cancelled@1"});
    QCOMPARE(endOf(handle), "cancelled");
}

void TestTimeout::cancelFromOutsideBeatsALimitThatHasPassed()
{
    const TaskHandle<> handle = spawn(noteEndOf(withTimeout(1s, cleanFor(3s)), "wait"));
    loop->runUntil(2s); // timed out, cleaning up
    handle.cancel();
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"clean@4", "wait cancelled@4"}));
}

void TestTimeout::innerLimitFiresFirst()
{
    loop->runTask(noteEndOf(withTimeout(3s, noteEndOf(withTimeout(1s, sleepFor(10s)), "inner")), "outer"));
    QCOMPARE(loop->takeNotes(), (QStringList{"inner timed out@1", "outer value@1"}));
}

void TestTimeout::outerLimitFiresFirst()
{
    loop->runTask(noteEndOf(withTimeout(1s, noteEndOf(withTimeout(3s, sleepFor(10s)), "inner")), "outer"));
    QCOMPARE(loop->takeNotes(), (QStringList{"inner cancelled@1", "outer timed out@1"}));
}

void TestTimeout::bothLimitsAtTheSameInstant()
{
    loop->runTask(noteEndOf(withTimeout(1s, noteEndOf(withTimeout(1s, sleepFor(10s)), "inner")), "outer"));
    QCOMPARE(loop->takeNotes(), (QStringList{"inner cancelled@1", "outer timed out@1"}));
}

void TestTimeout::outerLimitPassesWhileTheInnerOneUnwinds()
{
    loop->runTask(noteEndOf(withTimeout(2s, noteEndOf(withTimeout(1s, cleanFor(3s)), "inner")), "outer"));
    QCOMPARE(loop->takeNotes(), (QStringList{"clean@4", "inner cancelled@4", "outer timed out@4"}));
}

void TestTimeout::scopeIsUsableAfterATimeout()
{
    const auto body = []() -> Task<> {
        for (int round = 0; round < 3; ++round)
            co_await noteEndOf(withTimeout(1s, sleepFor(2s)), "wait");
        co_await sleepFor(1s);
        note("end");
    };
    loop->runTask(body());
    QCOMPARE(loop->takeNotes(), (QStringList{"wait timed out@1", "wait timed out@2", "wait timed out@3", "end@4"}));
}

void TestTimeout::timeoutOfAHandleCancelsTheTask()
{
    const auto wait = [](TaskHandle<> handle) -> Task<> { co_await withTimeout(1s, handle); };
    const TaskHandle<> handle = spawn(sleeper("task", 10s));
    loop->runTask(noteEndOf(wait(handle), "wait"));
    QCOMPARE(loop->takeNotes(), (QStringList{"Start task@0", "Cancelled task@1", "wait timed out@1"}));
    QVERIFY(handle.isCancelled());
}

void TestTimeout::timeoutOfAShieldedHandleLeavesTheTask()
{
    const TaskHandle<> handle = spawn(sleeper("task", 3s));
    loop->runTask(noteEndOf(withTimeout(1s, shield(handle)), "wait"));
    QCOMPARE(loop->takeNotes(), (QStringList{"Start task@0", "End task@3", "wait value@3"}));
}

void TestTimeout::awaitedTaskThatWasCancelledIsNoTimeout()
{
    const TaskHandle<> handle = spawn(sleeper("task", 10s));
    const auto body = [](TaskHandle<> handle) -> Task<> {
        try {
            co_await withTimeout(5s, handle);
        } catch (const Cancelled &cancelled) {
            note(cancelled.whom() == Cancelled::Whom::Awaited ? "the awaited one" : "itself");
        }
    };
    spawn(body(handle));
    loop->runUntil(1s);
    handle.cancel();
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"Start task@0", "Cancelled task@1", "the awaited one@1"}));
}

void TestTimeout::resultOfAHandleIsCopied()
{
    const TaskHandle<std::string> handle = spawn(valueAfter(1s, std::string("kept")));
    QCOMPARE(loop->runTask(withTimeout(2s, handle)), std::string("kept"));
    QCOMPARE(loop->runTask(withTimeout(2s, handle)), std::string("kept"));
}

void TestTimeout::emptyTaskThrows()
{
    QCOMPARE(thrownBy([&] { loop->runTask(withTimeout(1s, Task<>())); }),
             "an empty task: default-constructed, moved from, or awaited already");
    QVERIFY(loop->timers().isEmpty());
}

QTEST_APPLESS_MAIN(TestTimeout)
#include "tst_timeout.moc"
