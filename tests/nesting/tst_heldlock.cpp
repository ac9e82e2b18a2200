// SPDX-License-Identifier: MIT
#include <tests/drivers.h>
#include <tests/cleanupcheck.h>
#include <tests/nesting/refused.h>
#include <tests/testmain.h>
#include <tests/timeline.h>

#include <interloop/interloop.h>

#include <QEventLoop>
#include <QRegularExpression>
#include <QTimer>

#include <functional>
#include <memory>
#include <optional>
#include <string>

/*
 * N12: a wait for a lock whose holder cannot go on before that wait has returned is refused; whoever holds it, be it a
 * task or plain code with the guard on its stack.
 */

using namespace interloop;
using namespace interloop::test;

class TestHeldLock : public QObject
{
    Q_OBJECT

signals:
    void clicked();

private slots:
    void init() { m_leaks.begin(); }
    void cleanup() { m_leaks.check(); }

    void N12_blockingForALockThatTheCallerHoldsIsRefused_data() { addDrivers(); }
    void N12_blockingForALockThatTheCallerHoldsIsRefused();
    void N12_theLockMayBeHeldAtAnyDepth_data();
    void N12_theLockMayBeHeldAtAnyDepth();
    void N12_aGuardThatATaskLeftOnTheStackIsTheCallers_data() { addDrivers(); }
    void N12_aGuardThatATaskLeftOnTheStackIsTheCallers();
    void N12_aGuardThatCodeAboveLeftOnTheStackIsTheCallers_data() { addDrivers(); }
    void N12_aGuardThatCodeAboveLeftOnTheStackIsTheCallers();
    void N12_aSlotOnTopOfTheHolderIsRefused_data() { addDrivers(); }
    void N12_aSlotOnTopOfTheHolderIsRefused();
    void N12_aConnectedSlotHoldsItsLocksToo();
    void N12_aTaskThatTheHolderAwaitsIsRefused_data() { addDrivers(); }
    void N12_aTaskThatTheHolderAwaitsIsRefused();
    void N12_aTaskBeneathThatHoldsTheLockIsNamed_data() { addDrivers(); }
    void N12_aTaskBeneathThatHoldsTheLockIsNamed();
    void N12_aLockThatAHeldBackWaitHasIsOutOfReach_data() { addDrivers(); }
    void N12_aLockThatAHeldBackWaitHasIsOutOfReach();
    void aGuardElsewhereMayBeLetGoByAnybody_data() { addDrivers(); }
    void aGuardElsewhereMayBeLetGoByAnybody();
    void aHolderOnTopGivesTheLockBack_data() { addDrivers(); }
    void aHolderOnTopGivesTheLockBack();
    void aSlotInADialogOfATaskIsPlainCode();
    void aGuardThatABlockingWaitWasGivenOutlivesIt();
    void waitersThatNobodyNeedsMayWaitForWhatLiesBeneath_data() { addDrivers(); }
    void waitersThatNobodyNeedsMayWaitForWhatLiesBeneath();

private:
    CleanupCheck m_leaks;
};

namespace {

Task<> locks(Mutex &mutex)
{
    const MutexGuard guard = co_await mutex.lock();
}

bool saysPlaces(const QString &text, int places)
{
    static const QRegularExpression place("tst_heldlock\\.cpp:\\d+");
    auto found = place.globalMatch(text);
    int count = 0;
    for (; found.hasNext(); found.next())
        ++count;
    return count >= places;
}

} // namespace

void TestHeldLock::N12_blockingForALockThatTheCallerHoldsIsRefused()
{
    Mutex mutex("m");
    Record ofTask, ofLock;
    Outcome outcome = Outcome::Value;
    drive([&] {
        MutexGuard guard = runSync(mutex.lock());
        ofTask.refusalOf([&] { runSync(locks(mutex)); });
        ofLock.refusalOf([&] { static_cast<void>(runSync(mutex.lock())); });
        outcome = tryRunSync(locks(mutex)).outcome();
        guard.unlock();
        runSync(locks(mutex)); // and now it can have it
    });
    VERIFY_DEADLOCK(ofTask, "mutex 'm'", "runSync at depth");
    VERIFY_DEADLOCK(ofLock, "mutex 'm'", "runSync at depth");
    QVERIFY2(saysPlaces(ofTask.refused->text, 2), qPrintable(ofTask.refused->text)); // of the await and of the call
    QCOMPARE(outcome, Outcome::Exception); // the task's own await was refused
}

void TestHeldLock::N12_theLockMayBeHeldAtAnyDepth_data()
{
    QTest::addColumn<Driver>("driver");
    QTest::addColumn<int>("depth");
    for (int depth = 2; depth <= 5; ++depth) {
        QTest::addRow("top %d", depth) << Driver::Top << depth;
        QTest::addRow("task %d", depth) << Driver::Task << depth;
        QTest::addRow("slot %d", depth) << Driver::Slot << depth;
    }
}

namespace {

// Calls `innermost` in a task that is blocked for, and so on, `depth` times.
Task<> nest(int depth, const std::function<void()> &innermost)
{
    co_await yield();
    if (depth == 1)
        innermost();
    else
        runSync(nest(depth - 1, innermost));
}

} // namespace

void TestHeldLock::N12_theLockMayBeHeldAtAnyDepth()
{
    QFETCH(int, depth);
    Mutex mutex("m");
    Record record;
    drive([&] {
        const MutexGuard guard = runSync(mutex.lock());
        runSync(nest(depth - 1, [&] { record.refusalOf([&] { runSync(locks(mutex)); }); }));
    });
    VERIFY_DEADLOCK(record, "mutex 'm'", "blocks in runSync at depth 1");
    QVERIFY2(saysPlaces(record.refused->text, 4), qPrintable(record.refused->text));
    QVERIFY(!mutex.isLocked());
}

namespace {

Task<> locksInto(Mutex &mutex, MutexGuard &guard)
{
    co_await yield();
    guard = co_await mutex.lock();
}

} // namespace

void TestHeldLock::N12_aGuardThatATaskLeftOnTheStackIsTheCallers()
{
    Mutex mutex("m");
    Record record, ofSpawned;
    drive([&] {
        MutexGuard guard;
        runSync(locksInto(mutex, guard));
        record.refusalOf([&] { runSync(locks(mutex)); });
    });
    drive([&] {
        MutexGuard guard;
        const TaskHandle<> handle = spawn(locksInto(mutex, guard)); // ended, and not forgotten
        runSync(handle);
        ofSpawned.refusalOf([&] { runSync(locks(mutex)); });
    });
    VERIFY_DEADLOCK(record, "mutex 'm'");
    VERIFY_DEADLOCK(ofSpawned, "mutex 'm'");
}

void TestHeldLock::N12_aGuardThatCodeAboveLeftOnTheStackIsTheCallers()
{
    Mutex mutex("m");
    Record record;
    drive([&] {
        MutexGuard guard;
        QTimer::singleShot(0, this, [&] { guard = runSync(mutex.lock()); });
        runSync(sleepFor(10ms));
        QVERIFY(guard.isValid());
        record.refusalOf([&] { runSync(locks(mutex)); });
    });
    VERIFY_DEADLOCK(record, "mutex 'm'");
}

void TestHeldLock::N12_aSlotOnTopOfTheHolderIsRefused()
{
    Mutex mutex("m");
    Record record;
    drive([&] {
        QTimer::singleShot(0, this, [&] { record.refusalOf([&] { runSync(locks(mutex)); }); });
        const MutexGuard guard = runSync(mutex.lock());
        runSync(sleepFor(10ms));
    });
    if (bodyParks()) { // the holder is not beneath, and has let it go
        QCOMPARE(record.refused->reason, "not refused");
        return;
    }
    VERIFY_DEADLOCK(record, "mutex 'm'", "runSync at depth 1", "runSync at depth 2");
}

void TestHeldLock::N12_aConnectedSlotHoldsItsLocksToo()
{
    Mutex mutex("m");
    Record record;
    interloop::connect(this, &TestHeldLock::clicked, this, [&] {
        const MutexGuard guard = runSync(mutex.lock());
        record.refusalOf([&] { runSync(locks(mutex)); });
    });
    emit clicked();
    disconnect(this, &TestHeldLock::clicked, this, nullptr);
    VERIFY_DEADLOCK(record, "mutex 'm'", "a slot of");
    QVERIFY(!mutex.isLocked());
}

namespace {

Task<> locksAndAwaits(Mutex &mutex, TaskHandle<> &other)
{
    const MutexGuard guard = co_await mutex.lock();
    co_await yield();
    co_await other;
}

Task<> blocksToLock(Record &record, Mutex &mutex)
{
    co_await sleepFor(1ms);
    record.refusalOf([&] { runSync(locks(mutex)); });
}

} // namespace

// "holder" has the lock and awaits "blocker", whose runSync needs the lock.
void TestHeldLock::N12_aTaskThatTheHolderAwaitsIsRefused()
{
    Mutex mutex("m");
    Record record;
    drive([&] {
        TaskHandle<> blocker;
        const TaskHandle<> holder = spawn(locksAndAwaits(mutex, blocker), "holder");
        blocker = spawn(blocksToLock(record, mutex), "blocker");
        runSync(holder);
    });
    VERIFY_DEADLOCK(record, "mutex 'm'", "task 'holder'", "task 'blocker'", "runSync at depth");
}

namespace {

Task<> locksAndBlocksFor(Mutex &mutex, Task<> other)
{
    const MutexGuard guard = co_await mutex.lock();
    runSync(std::move(other));
}

} // namespace

void TestHeldLock::N12_aTaskBeneathThatHoldsTheLockIsNamed()
{
    Mutex mutex("m");
    Record record;
    drive([&] { runSync(spawn(locksAndBlocksFor(mutex, blocksToLock(record, mutex)), "holder")); });
    VERIFY_DEADLOCK(record, "mutex 'm'", "task 'holder'", "runSync at depth");
    QVERIFY2(saysPlaces(record.refused->text, 3), qPrintable(record.refused->text));
}

namespace {

Task<> locksFor(std::chrono::nanoseconds time, Mutex &mutex)
{
    const MutexGuard guard = co_await mutex.lock();
    co_await sleepFor(time);
}

} // namespace

// The lock has been handed to a wait that has ended, but cannot return before the one on top of it.
void TestHeldLock::N12_aLockThatAHeldBackWaitHasIsOutOfReach()
{
    Mutex mutex("m");
    Record record;
    drive([&] {
        const TaskHandle<> first = spawn(locksFor(5ms, mutex));
        runSync(yield()); // it has the lock
        QTimer::singleShot(0, this, [&record, &mutex, first] {
            runSync(first);
            runSync(yield()); // the one beneath has the lock now
            record.refusalOf([&] { runSync(locks(mutex)); });
        });
        const MutexGuard second = runSync(mutex.lock());
        QVERIFY(second.isValid());
    });
    if (bodyParks()) { // it was not held back
        QCOMPARE(record.refused->reason, "not refused");
        return;
    }
    VERIFY_DEADLOCK(record, "mutex 'm'", "runSync at depth 1", "has ended beneath runSync at depth 2");
}

void TestHeldLock::aGuardElsewhereMayBeLetGoByAnybody()
{
    Mutex mutex("m");
    Timeline log;
    drive([&] {
        log.start();
        auto guard = std::make_unique<MutexGuard>();
        QTimer::singleShot(0, this, [&] { *guard = mutex.tryLock(); });
        QTimer::singleShot(unit, Qt::PreciseTimer, this, [&guard] { guard.reset(); });
        runSync(sleepFor(10ms));
        QVERIFY(mutex.isLocked());
        runSync(locks(mutex));
        log.note("locked");
    });
    COMPARE_TIMELINE(log, "locked@1");
}

void TestHeldLock::aHolderOnTopGivesTheLockBack()
{
    Mutex mutex("m");
    Timeline log;
    drive([&] {
        log.start();
        QTimer::singleShot(0, this, [&] {
            const MutexGuard guard = runSync(mutex.lock());
            runSync(sleepFor(unit));
            log.note("slot");
        });
        const auto sleepAndLock = [](Mutex &mutex) -> Task<> {
            co_await sleepFor(unit / 2);
            co_await locks(mutex);
        };
        runSync(sleepAndLock(mutex));
        log.note("locked");
    });
    COMPARE_TIMELINE(log, "slot@1, locked@1");
}

namespace {

// Opens an event loop of its own, as a dialog does, then needs the lock.
Task<> opensADialog(QEventLoop &dialog, TaskHandle<> &needed)
{
    co_await yield();
    dialog.exec();
    co_await needed;
}

} // namespace

// A guard that it keeps is not the task's: the task cannot know of it.
void TestHeldLock::aSlotInADialogOfATaskIsPlainCode()
{
    Mutex mutex("m");
    QEventLoop dialog;
    TaskHandle<> needed;
    auto guard = std::make_unique<MutexGuard>();
    QTimer::singleShot(0, &dialog, [&] {
        *guard = runSync(mutex.lock());
        needed = spawn(locks(mutex), "needed");
        QTimer::singleShot(10ms, this, [&guard] { guard.reset(); });
        dialog.quit();
    });
    runSync(spawn(opensADialog(dialog, needed), "task"));
    QVERIFY(!mutex.isLocked());
}

void TestHeldLock::waitersThatNobodyNeedsMayWaitForWhatLiesBeneath()
{
    Mutex mutex("m");
    TaskHandle<> waiter;
    drive([&] {
        const MutexGuard guard = runSync(mutex.lock());
        waiter = spawn(locks(mutex), "waiter");
        runSync(sleepFor(1ms));
        QVERIFY(!waiter.isDone());
    });
    runSync(waiter);
}

namespace {

Task<> closesTheBridge(MutexGuard)
{
    Bridge::current().close();
    co_return;
}

Task<> locksAfterASleep(Mutex &mutex)
{
    co_await sleepFor(1ms);
    co_await locks(mutex);
}

} // namespace

// The arguments of a blocking wait's task live a little longer than the wait.
void TestHeldLock::aGuardThatABlockingWaitWasGivenOutlivesIt()
{
    Mutex given("given"), other("other");
    Bridge::current().setShutdownLimit(20ms);
    const MutexGuard guard = other.tryLock();
    const TaskHandle<> cleanUp = spawn(shield(locksAfterASleep(other)), "clean-up");
    runSync(yield());
    // when: the bridge ends with the wait, and in its end somebody begins to wait for a lock
    runSync(closesTheBridge(given.tryLock()));
    // then
    QVERIFY(cleanUp.isDone());
    QVERIFY(!given.isLocked());
    Bridge::current(); // a new one for the next test
}

INTERLOOP_TEST_MAIN(TestHeldLock)
#include "tst_heldlock.moc"
