// SPDX-License-Identifier: MIT
#include <tests/drivers.h>
#include <tests/cleanupcheck.h>
#include <tests/messages.h>
#include <tests/nesting/refused.h>
#include <tests/testmain.h>
#include <tests/timeline.h>

#include <interloop/interloop.h>

#include <QTimer>

#include <chrono>
#include <string>
#include <vector>

/*
 * N12: waits that could only end after themselves are refused, at once and with the chain's names; what only looks
 * like one is not.
 */

using namespace interloop;
using namespace interloop::test;

class TestDeadlock : public QObject
{
    Q_OBJECT

private slots:
    void init() { m_leaks.begin(); }
    void cleanup() { m_leaks.check(); }

    void N12_aTaskThatBlocksForItselfIsRefused_data() { addDrivers(); }
    void N12_aTaskThatBlocksForItselfIsRefused();
    void N12_aTaskThatAwaitsItselfGetsAnError_data() { addDrivers(); }
    void N12_aTaskThatAwaitsItselfGetsAnError();
    void N12_blockingForABuriedCallerIsRefused_data() { addDrivers(); }
    void N12_blockingForABuriedCallerIsRefused();
    void N12_awaitingABuriedCallerInsideTheTargetGetsAnError_data() { addDrivers(); }
    void N12_awaitingABuriedCallerInsideTheTargetGetsAnError();
    void N12_theChainMayBeLong_data() { addDrivers(); }
    void N12_theChainMayBeLong();
    void N12_blockingForATaskThatWaitsForTheCallerIsRefused_data() { addDrivers(); }
    void N12_blockingForATaskThatWaitsForTheCallerIsRefused();
    void N12_aTimeoutDoesNotMakeItLegal_data() { addDrivers(); }
    void N12_aTimeoutDoesNotMakeItLegal();
    void N12_aRaceNeedsAllBranchesStuck_data() { addDrivers(); }
    void N12_aRaceNeedsAllBranchesStuck();
    void N12_aRaceWithOneFreeBranchEnds_data() { addDrivers(); }
    void N12_aRaceWithOneFreeBranchEnds();
    void N12_aRefusedWaitCancelsNothing_data() { addDrivers(); }
    void N12_aRefusedWaitCancelsNothing();
    void N12_aFutureMaySettleFromOutside_data() { addDrivers(); }
    void N12_aFutureMaySettleFromOutside();
    void N12_aFutureThatOnlyTheCallerCouldSettleShowsInTheWarning();

private:
    CleanupCheck m_leaks;
};

namespace {

Task<int> blocksForItself(Record &record, TaskHandle<int> &self)
{
    record.refusalOf([&] { runSync(self); });
    record.outcome = tryRunSync(self).outcome();
    co_await yield();
    co_return 5;
}

Task<int> awaitsItself(Record &record, TaskHandle<int> &self)
{
    try {
        co_await self;
    } catch (const RunSyncError &error) {
        const std::exception_ptr same = std::current_exception();
        record.refusalOf([same] { std::rethrow_exception(same); });
    }
    co_return 5;
}

} // namespace

void TestDeadlock::N12_aTaskThatBlocksForItselfIsRefused()
{
    Record record;
    drive([&] {
        TaskHandle<int> self;
        self = spawn(blocksForItself(record, self), "itself");
        QCOMPARE(runSync(self), 5); // it goes on, uncancelled
    });
    VERIFY_DEADLOCK(record, "itself");
    QCOMPARE(record.outcome, Outcome::Refused);
}

void TestDeadlock::N12_aTaskThatAwaitsItselfGetsAnError()
{
    Record record;
    drive([&] {
        TaskHandle<int> self;
        self = spawn(awaitsItself(record, self), "itself");
        QCOMPARE(runSync(self), 5);
    });
    VERIFY_DEADLOCK(record, "itself");
}

namespace {

// A blocks for B, and B blocks for A, whose frame lies beneath B's.
Task<int> blocksForCaller(Record &record, TaskHandle<int> &caller)
{
    co_await sleepFor(1ms);
    record.refusalOf([&] { runSync(caller); });
    record.outcome = tryRunSync(caller).outcome();
    co_return 2;
}

Task<int> awaitsCaller(Record &record, TaskHandle<int> &caller)
{
    co_await sleepFor(1ms);
    try {
        co_await caller;
    } catch (const RunSyncError &error) {
        const std::exception_ptr same = std::current_exception();
        record.refusalOf([same] { std::rethrow_exception(same); });
    }
    co_return 2;
}

Task<int> blocksFor(Task<int> target)
{
    const int inner = runSync(std::move(target));
    co_await yield();
    co_return 10 + inner;
}

Task<int> blocksForSpawned(Task<int> target, std::string name)
{
    const TaskHandle<int> handle = spawn(std::move(target), std::move(name));
    const int inner = runSync(handle);
    co_await yield();
    co_return 10 + inner;
}

Task<int> awaitsHandle(TaskHandle<int> &handle)
{
    const TaskHandle<int> target = handle;
    co_return 1 + co_await target;
}

} // namespace

void TestDeadlock::N12_blockingForABuriedCallerIsRefused()
{
    Record record;
    drive([&] {
        TaskHandle<int> caller;
        caller = spawn(blocksFor(blocksForCaller(record, caller)), "caller");
        QCOMPARE(runSync(caller), 12);
    });
    VERIFY_DEADLOCK(record, "caller");
    QCOMPARE(record.outcome, Outcome::Refused);

    Record spawned;
    drive([&] {
        TaskHandle<int> caller;
        caller = spawn(blocksForSpawned(blocksForCaller(spawned, caller), "callee"), "caller");
        QCOMPARE(runSync(caller), 12);
    });
    VERIFY_DEADLOCK(spawned, "caller");
    QCOMPARE(spawned.outcome, Outcome::Refused);
}

void TestDeadlock::N12_awaitingABuriedCallerInsideTheTargetGetsAnError()
{
    Record record;
    drive([&] {
        TaskHandle<int> caller;
        caller = spawn(blocksFor(awaitsCaller(record, caller)), "caller");
        QCOMPARE(runSync(caller), 12);
    });
    VERIFY_DEADLOCK(record, "caller", Bridge::current().isParking() ? "parked runSync" : "runSync at depth");

    Record spawned;
    drive([&] {
        TaskHandle<int> caller;
        caller = spawn(blocksForSpawned(awaitsCaller(spawned, caller), "callee"), "caller");
        QCOMPARE(runSync(caller), 12);
    });
    VERIFY_DEADLOCK(spawned, "caller", "callee");
}

void TestDeadlock::N12_theChainMayBeLong()
{
    // caller blocks for the last of a line, each of which awaits the one before it; the first awaits the caller
    Record record;
    drive([&] {
        std::vector<TaskHandle<int>> line(20);
        TaskHandle<int> caller;
        line[0] = spawn(awaitsCaller(record, caller), "link 0");
        for (std::size_t i = 1; i < line.size(); ++i)
            line[i] = spawn(awaitsHandle(line[i - 1]), "link " + std::to_string(i));
        caller = spawn(blocksFor(awaitsHandle(line.back())), "caller");
        QCOMPARE(runSync(caller), 10 + 1 + 19 + 2);
    });
    VERIFY_DEADLOCK(record, "caller", "link 0", "link 1", "link 19");
}

namespace {

Task<int> sleepsThenBlocksFor(Record &record, TaskHandle<int> &target)
{
    co_await sleepFor(5ms); // the target has begun to wait for this task
    record.refusalOf([&] { runSync(target); });
    record.outcome = tryRunSync(target).outcome();
    co_return 4;
}

} // namespace

void TestDeadlock::N12_blockingForATaskThatWaitsForTheCallerIsRefused()
{
    Record record;
    drive([&] {
        TaskHandle<int> first;
        TaskHandle<int> second;
        first = spawn(sleepsThenBlocksFor(record, second), "first");
        second = spawn(awaitsHandle(first), "second");
        QCOMPARE(runSync(second), 5);
    });
    VERIFY_DEADLOCK(record, "first", "second");
    QCOMPARE(record.outcome, Outcome::Refused);
}

namespace {

Task<int> awaitsCallerWithTimeout(Record &record, TaskHandle<int> &caller)
{
    try {
        co_await withTimeout(unit, caller);
    } catch (const RunSyncError &error) {
        const std::exception_ptr same = std::current_exception();
        record.refusalOf([same] { std::rethrow_exception(same); });
    } catch (const TimeoutError &) {
        record.note = "TimeoutError";
    }
    co_return 2;
}

Task<int> sleepsAndGives(std::chrono::nanoseconds delay, int number)
{
    co_await sleepFor(delay);
    co_return number;
}

// Both branches are the buried caller's.
Task<int> racesCallerAgainstCaller(Record &record, TaskHandle<int> &caller)
{
    try {
        static_cast<void>(co_await race(caller, caller));
    } catch (const RunSyncError &error) {
        const std::exception_ptr same = std::current_exception();
        record.refusalOf([same] { std::rethrow_exception(same); });
    }
    co_return 2;
}

Task<int> awaitsQuietly(TaskHandle<int> handle)
{
    co_return co_await handle;
}

// Races a task that waits for the buried caller against a sleep, which is enough to end it.
Task<int> racesAgainstSleep(TaskHandle<int> waiter)
{
    static_cast<void>(co_await race(waiter, sleepsAndGives(unit, 0)));
    co_return 2;
}

// Blocks for a race beneath which its own frame lies.
Task<int> blocksForARace(TaskHandle<int> &self)
{
    const TaskHandle<int> waiter = spawn(awaitsQuietly(self), "waiter");
    co_await yield();
    co_return 10 + runSync(racesAgainstSleep(waiter));
}

} // namespace

void TestDeadlock::N12_aTimeoutDoesNotMakeItLegal()
{
    Record record;
    drive([&] {
        TaskHandle<int> caller;
        caller = spawn(blocksFor(awaitsCallerWithTimeout(record, caller)), "caller");
        QCOMPARE(runSync(caller), 12);
    });
    QCOMPARE(record.note, QString());
    VERIFY_DEADLOCK(record, "caller");
}

void TestDeadlock::N12_aRaceNeedsAllBranchesStuck()
{
    Record record;
    drive([&] {
        TaskHandle<int> caller;
        caller = spawn(blocksFor(racesCallerAgainstCaller(record, caller)), "caller");
        QCOMPARE(runSync(caller), 12);
        QVERIFY(!caller.isCancelled());
    });
    VERIFY_DEADLOCK(record, "caller");
}

namespace {

// Wants its caller, is refused, and reports what that did to the caller's other wait.
Task<int> blocksForCallersCompanion(Record &record, TaskHandle<int> &caller, TaskHandle<int> companion)
{
    co_await sleepFor(1ms);
    record.refusalOf([&] { runSync(caller); });
    record.note = companion.isDone() ? "companion ended" : "companion goes on";
    co_return 2;
}

Task<int> cancelledWhileRefused(Record &record, TaskHandle<int> &self, TaskHandle<int> companion)
{
    const int inner = runSync(blocksForCallersCompanion(record, self, companion));
    co_return inner + co_await companion;
}

} // namespace

void TestDeadlock::N12_aRaceWithOneFreeBranchEnds()
{
    Timeline log;
    drive([&] {
        log.start();
        TaskHandle<int> caller;
        caller = spawn(blocksForARace(caller), "caller");
        // The race is legal and won; its loser waits for what lies beneath, and is let off that.
        log.note(QString::number(runSync(caller)));
        QVERIFY(!caller.isCancelled());
    });
    COMPARE_TIMELINE(log, "12@1");
}

void TestDeadlock::N12_aRefusedWaitCancelsNothing()
{
    Record record;
    drive([&] {
        const TaskHandle<int> companion = spawn(sleepsAndGives(unit / 2, 30), "companion");
        TaskHandle<int> caller;
        caller = spawn(cancelledWhileRefused(record, caller, companion), "caller");
        QCOMPARE(runSync(caller), 32);
        QVERIFY(!caller.isCancelled());
        QVERIFY(!companion.isCancelled());
    });
    VERIFY_DEADLOCK(record, "caller");
    QCOMPARE(record.note, "companion goes on");
}

namespace {

Task<> awaitsFuture(Future<> future)
{
    co_await std::move(future);
}

} // namespace

void TestDeadlock::N12_aFutureMaySettleFromOutside()
{
    // The same shape, but anybody may settle a future: a timer does.
    Timeline log;
    drive([&] {
        log.start();
        Future<> future;
        QTimer::singleShot(unit, Qt::PreciseTimer, this, [future]() mutable { future.setResult(); });
        runSync(awaitsFuture(future));
        log.note("returned");
    });
    COMPARE_TIMELINE(log, "returned@1");
}

void TestDeadlock::N12_aFutureThatOnlyTheCallerCouldSettleShowsInTheWarning()
{
    // given: a wait that has ended, beneath one for a future which only the first's caller would settle
    const LoggedMessages messages;
    Bridge::current().setHeldBackThreshold(unit / 2);
    Future<> future;
    Outcome above = Outcome::Value;
    drive(Driver::Slot, [&] {
        QTimer::singleShot(0, this, [&] { above = tryRunSync(awaitsFuture(future), RunOptions().timeout(2 * unit)).outcome(); });
        runSync(sleepFor(10ms));
        future.setResult(); // too late: the wait above has to go first
    });
    Bridge::current().setHeldBackThreshold(250ms);
    QCOMPARE(above, Outcome::TimedOut);
    QCOMPARE(messages.texts().size(), 1);
    QVERIFY2(messages.texts().first().contains("depth 1") && messages.texts().first().contains("depth 2"),
             qPrintable(messages.texts().first()));
}

INTERLOOP_TEST_MAIN(TestDeadlock)
#include "tst_deadlock.moc"
