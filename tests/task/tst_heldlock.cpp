// SPDX-License-Identifier: MIT
#include <tests/task/circles.h>

#include <interloop/task/event.h>
#include <interloop/task/future.h>
#include <interloop/task/mutex.h>
#include <interloop/task/race.h>
#include <interloop/task/task.h>
#include <interloop/task/timeout.h>

#include <QObject>
#include <QTest>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

using namespace interloop;
using namespace interloop::test;

namespace {

// Locks both, one turn after the other, and gives them back after `time`.
Task<> lockBoth(Mutex &first, Mutex &second, std::chrono::nanoseconds time = 0s)
{
    const MutexGuard one = co_await first.lock();
    co_await yield();
    const MutexGuard two = co_await second.lock();
    co_await sleepFor(time);
}

Task<> lockOnce(Mutex &mutex)
{
    const MutexGuard guard = co_await mutex.lock();
}

Task<> lockAndAwait(Mutex &mutex, const TaskHandle<> &handle)
{
    const MutexGuard guard = co_await mutex.lock();
    co_await yield();
    co_await handle;
}

// The guard is the task's from its beginning.
Task<> keep(MutexGuard guard, std::chrono::nanoseconds time)
{
    co_await sleepFor(time);
    guard.unlock();
}

Task<> noteRefusal(std::string name, Task<> task)
{
    try {
        co_await std::move(task);
    } catch (const RunSyncError &e) {
        note(name + ' ' + withoutPlaces(e.what()));
    }
}

Task<> keepAndAwait(MutexGuard guard, const TaskHandle<> &handle)
{
    co_await yield();
    co_await handle;
    guard.unlock();
}

} // namespace

class TestHeldLock : public QObject
{
    Q_OBJECT

private slots:
    void init() { loop.emplace(); }
    void cleanup()
    {
        handles.clear();
        QCOMPARE(end(loop), QStringList());
    }

    void lockingTwiceIsRefused();
    void partsOfOneTaskLockForTheWhole();
    void twoInOppositeOrderAreRefused();
    void threeInACircleAreRefused();
    void lockOfWhoeverAwaitsTheWaiterIsRefused();
    void awaitingWhoeverWaitsForOnesLockIsRefused();
    void circleThroughGatherAndLocksIsFound();
    void raceNeedsAllLocksStuck();
    void raceWithOneFreeLockIsLegal();
    void timeoutDoesNotMakeItLegal();
    void guardThatMovesToAnotherTaskBelongsToThat();
    void guardGivenAsAnArgumentBelongsToItsTask_data();
    void guardGivenAsAnArgumentBelongsToItsTask();
    void guardGivenAsAnArgumentClosesCirclesOfItsTask();
    void guardInATaskThatHasNotBegunBelongsToNobody();
    void guardInTheResultOfAnEndedTaskBelongsToNobody();
    void guardThatPlainCodeKeepsBelongsToNobody();
    void lockThatWasHandedOverIsTheWaiters();
    void waitersBehindOneAnotherAreNoCircle();
    void lockGivenBackInTimeIsNoCircle();
    void cancelledWaiterIsOutOfTheCircle();
    void refusedLockTakesNothing();
    void destroyedMutexFreesItsCircle();
    void longLineOfLocksNeedsNoStack();
    void unnamedMutexIsNamedByItsHolder();

private:
    std::optional<VirtualScheduler> loop;
    Handles handles;
};

void TestHeldLock::lockingTwiceIsRefused()
{
    Mutex mutex("m");
    add(handles, "a", [&]() -> Task<> { co_await lockBoth(mutex, mutex); });
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"a Deadlock: task 'a' waits for mutex 'm' (task 'a')@0"});
    QVERIFY(!mutex.isLocked());
}

void TestHeldLock::partsOfOneTaskLockForTheWhole()
{
    Mutex mutex("m");
    add(handles, "a", [&]() -> Task<> {
        const MutexGuard guard = co_await mutex.lock();
        co_await lockOnce(mutex);
    });
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"a Deadlock: task 'a' waits for mutex 'm' (task 'a')@0"});
}

void TestHeldLock::twoInOppositeOrderAreRefused()
{
    const FifoOrder fifo;
    Mutex m("m"), n("n");
    add(handles, "a", [&]() -> Task<> { co_await lockBoth(m, n); });
    add(handles, "b", [&]() -> Task<> { co_await lockBoth(n, m); });
    loop->run();
    QCOMPARE(loop->takeNotes(),
             (QStringList{"b Deadlock: task 'b' waits for mutex 'm' (task 'a'); task 'a' waits for mutex 'n' (task 'b')@0",
                          "a value@0"}));
}

void TestHeldLock::threeInACircleAreRefused()
{
    const FifoOrder fifo;
    Mutex m("m"), n("n"), o("o");
    add(handles, "a", [&]() -> Task<> { co_await lockBoth(m, n); });
    add(handles, "b", [&]() -> Task<> { co_await lockBoth(n, o); });
    add(handles, "c", [&]() -> Task<> { co_await lockBoth(o, m); });
    loop->run();
    QCOMPARE(loop->takeNotes(),
             (QStringList{"c Deadlock: task 'c' waits for mutex 'm' (task 'a'); task 'a' waits for mutex 'n' (task 'b'); "
                          "task 'b' waits for mutex 'o' (task 'c')@0",
                          "b value@0", "a value@0"}));
}

void TestHeldLock::lockOfWhoeverAwaitsTheWaiterIsRefused()
{
    Mutex mutex("m");
    add(handles, "a", [&]() -> Task<> { co_await lockAndAwait(mutex, handles["b"]); });
    add(handles, "b", [&]() -> Task<> {
        co_await sleepFor(1s);
        co_await lockOnce(mutex);
    });
    loop->run();
    QCOMPARE(loop->takeNotes(),
             (QStringList{"b Deadlock: task 'b' waits for mutex 'm' (task 'a'); task 'a' waits for task 'b'@1", "a value@1"}));
}

void TestHeldLock::awaitingWhoeverWaitsForOnesLockIsRefused()
{
    const FifoOrder fifo;
    Mutex mutex("m");
    add(handles, "a", [&]() -> Task<> { co_await lockAndAwait(mutex, handles["b"]); });
    add(handles, "b", [&]() -> Task<> { co_await lockOnce(mutex); });
    loop->run();
    QCOMPARE(loop->takeNotes(),
             (QStringList{"a Deadlock: task 'a' waits for task 'b'; task 'b' waits for mutex 'm' (task 'a')@0", "b value@0"}));
}

void TestHeldLock::circleThroughGatherAndLocksIsFound()
{
    const FifoOrder fifo;
    Mutex m("m"), n("n");
    add(handles, "a", [&]() -> Task<> {
        const MutexGuard guard = co_await m.lock();
        co_await gather(handles["sleeper"], handles["b"]);
    });
    add(handles, "b", [&]() -> Task<> { co_await lockOnce(n); });
    add(handles, "c", [&]() -> Task<> { co_await lockBoth(n, m); });
    add(handles, "sleeper", []() -> Task<> { co_await sleepFor(1s); });
    loop->run(); // "b" has the lock first: legal
    QCOMPARE(loop->takeNotes(), (QStringList{"b value@0", "sleeper value@1", "a value@1", "c value@1"}));

    // the same, but "c" has the lock before "b" wants it
    handles.clear();
    add(handles, "c", [&]() -> Task<> { co_await lockBoth(n, m); });
    add(handles, "a", [&]() -> Task<> {
        const MutexGuard guard = co_await m.lock();
        co_await gather(handles["sleeper"], handles["b"]);
    });
    add(handles, "b", [&]() -> Task<> { co_await lockOnce(n); });
    add(handles, "sleeper", []() -> Task<> { co_await sleepFor(1s); });
    loop->run();
    QCOMPARE(loop->takeNotes(),
             (QStringList{"c Deadlock: task 'c' waits for mutex 'm' (task 'a'); task 'a' waits for 2 tasks (task 'b'); "
                          "task 'b' waits for mutex 'n' (task 'c')@1",
                          "b value@1", "sleeper value@2", "a value@2"}));
}

void TestHeldLock::raceNeedsAllLocksStuck()
{
    Mutex m("m"), n("n");
    add(handles, "a", [&]() -> Task<> {
        const MutexGuard one = co_await m.lock();
        const MutexGuard two = co_await n.lock();
        co_await race(lockOnce(m), lockOnce(n));
    });
    loop->run();
    QCOMPARE(loop->takeNotes().size(), 1);
    QVERIFY(!m.isLocked() && !n.isLocked());
    QVERIFY(handles["a"].isDone());
}

void TestHeldLock::raceWithOneFreeLockIsLegal()
{
    const FifoOrder fifo;
    Mutex m("m"), n("n");
    add(handles, "holder", [&]() -> Task<> { co_await lockBoth(n, n); }); // refused, and gives it back
    add(handles, "b", [&]() -> Task<> {
        const MutexGuard guard = co_await n.lock();
        co_await sleepFor(2s);
    });
    add(handles, "a", [&]() -> Task<> {
        const MutexGuard guard = co_await m.lock();
        const auto winner = co_await race(m.lock(), n.lock());
        note("winner " + std::to_string(winner.index()));
    });
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"holder Deadlock: task 'holder' waits for mutex 'n' (task 'holder')@0",
                                             "b value@2", "winner 1@2", "a value@2"}));
}

void TestHeldLock::timeoutDoesNotMakeItLegal()
{
    const FifoOrder fifo;
    Mutex m("m"), n("n");
    add(handles, "a", [&]() -> Task<> { co_await withTimeout(1s, lockBoth(m, n)); });
    add(handles, "b", [&]() -> Task<> { co_await withTimeout(1s, lockBoth(n, m)); });
    loop->run();
    QCOMPARE(loop->takeNotes(),
             (QStringList{"b Deadlock: task 'b' waits for mutex 'm' (task 'a'); task 'a' waits for mutex 'n' (task 'b')@0",
                          "a value@0"}));
}

void TestHeldLock::guardThatMovesToAnotherTaskBelongsToThat()
{
    // given: "a" locks, "b" takes the guard
    Mutex mutex("m");
    std::optional<MutexGuard> given;
    add(handles, "a", [&]() -> Task<> {
        given = co_await mutex.lock();
        co_await sleepFor(2s);
        co_await handles["c"];
    });
    add(handles, "b", [&]() -> Task<> {
        co_await sleepFor(1s);
        const MutexGuard guard = std::move(*given);
        co_await sleepFor(2s);
    });

    // when "c" waits for the lock, and "a" for "c": "b" will free them
    add(handles, "c", [&]() -> Task<> {
        co_await sleepFor(2s);
        co_await lockOnce(mutex);
    });
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"b value@3", "c value@3", "a value@3"}));
}

void TestHeldLock::guardGivenAsAnArgumentBelongsToItsTask_data()
{
    QTest::addColumn<bool>("isWaiterFirst");
    QTest::newRow("the task begins before anybody waits for the lock") << false;
    QTest::newRow("somebody waits before the task has begun") << true;
}

void TestHeldLock::guardGivenAsAnArgumentBelongsToItsTask()
{
    QFETCH(bool, isWaiterFirst);
    Mutex mutex("m");
    add(handles, "a", [&]() -> Task<> {
        MutexGuard guard = co_await mutex.lock();
        auto kept = keep(std::move(guard), 1s);
        if (isWaiterFirst)
            co_await gather(lockOnce(mutex), withTimeout(5s, std::move(kept)));
        else
            co_await gather(std::move(kept), lockOnce(mutex));
    });
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"a value@1"});
}

void TestHeldLock::guardGivenAsAnArgumentClosesCirclesOfItsTask()
{
    // given: "a" locks, and gives the guard to "b", which then waits for "c"
    Mutex mutex("m");
    add(handles, "a", [&]() -> Task<> {
        MutexGuard guard = co_await mutex.lock();
        handles["b"] = spawn(noteRefusal("b", keepAndAwait(std::move(guard), handles["c"])), "b");
    });
    add(handles, "c", [&]() -> Task<> {
        co_await yield();
        co_await lockOnce(mutex);
    });
    loop->run();
    QCOMPARE(loop->takeNotes(),
             (QStringList{"a value@0", "b Deadlock: task 'b' waits for task 'c'; task 'c' waits for mutex 'm' (task 'b')@0",
                          "c value@0"}));
}

void TestHeldLock::guardInATaskThatHasNotBegunBelongsToNobody()
{
    const FifoOrder fifo;
    Mutex mutex("m");
    Task<> kept;
    add(handles, "a", [&]() -> Task<> {
        MutexGuard guard = co_await mutex.lock();
        kept = keep(std::move(guard), 1s);
        co_await handles["b"];
    });
    add(handles, "b", [&]() -> Task<> { co_await lockOnce(mutex); });
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList()); // anybody may run it, or drop it
    kept.reset();
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"b value@0", "a value@0"}));
}

void TestHeldLock::guardInTheResultOfAnEndedTaskBelongsToNobody()
{
    Mutex mutex("m");
    const auto lockFor = [](Mutex &mutex) -> Task<MutexGuard> { co_return co_await mutex.lock(); };
    TaskHandle<MutexGuard> locked = spawn(lockFor(mutex), "locked");
    add(handles, "a", [&]() -> Task<> { co_await lockOnce(mutex); });
    add(handles, "b", [&]() -> Task<> { co_await handles["a"]; });
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList());
    locked = {};
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"a value@0", "b value@0"}));
}

void TestHeldLock::guardThatPlainCodeKeepsBelongsToNobody()
{
    Mutex mutex("m");
    auto guard = std::make_unique<MutexGuard>(mutex.tryLock());
    add(handles, "a", [&]() -> Task<> { co_await lockOnce(mutex); });
    add(handles, "b", [&]() -> Task<> { co_await handles["a"]; });
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList());
    guard.reset();
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"a value@0", "b value@0"}));
}

void TestHeldLock::lockThatWasHandedOverIsTheWaiters()
{
    const FifoOrder fifo;
    // given: "a" gives the lock back; "b" waits for it, and has not gone on yet
    Mutex mutex("m");
    add(handles, "a", [&]() -> Task<> {
        {
            const MutexGuard guard = co_await mutex.lock();
            co_await yield();
        }
        co_await handles["c"];
    });
    add(handles, "b", [&]() -> Task<> {
        const MutexGuard guard = co_await mutex.lock();
        co_await sleepFor(1s);
    });
    add(handles, "c", [&]() -> Task<> { co_await lockOnce(mutex); });

    // when: "a" waits for "c", which waits for the lock
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"b value@1", "c value@1", "a value@1"}));

    // the same, but "b" then waits for "a"
    handles.clear();
    add(handles, "a", [&]() -> Task<> {
        {
            const MutexGuard guard = co_await mutex.lock();
            co_await yield();
        }
        co_await handles["c"];
    });
    add(handles, "b", [&]() -> Task<> {
        const MutexGuard guard = co_await mutex.lock();
        co_await handles["a"];
    });
    add(handles, "c", [&]() -> Task<> { co_await lockOnce(mutex); });
    loop->run();
    QCOMPARE(loop->takeNotes(),
             (QStringList{"b Deadlock: task 'b' waits for task 'a'; task 'a' waits for task 'c'; "
                          "task 'c' waits for mutex 'm' (task 'b')@1",
                          "c value@1", "a value@1"}));
}

void TestHeldLock::waitersBehindOneAnotherAreNoCircle()
{
    const FifoOrder fifo;
    Mutex m("m"), n("n");
    for (const char *name : {"a", "b", "c", "d"})
        add(handles, name, [&]() -> Task<> { co_await lockBoth(m, n, 1s); });
    add(handles, "all", [&]() -> Task<> { co_await gather(handles["a"], handles["b"], handles["c"], handles["d"]); });
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"a value@1", "b value@2", "c value@3", "d value@4", "all value@4"}));
}

void TestHeldLock::lockGivenBackInTimeIsNoCircle()
{
    Mutex mutex("m");
    add(handles, "a", [&]() -> Task<> {
        MutexGuard guard = co_await mutex.lock();
        co_await yield();
        guard.unlock();
        co_await handles["b"];
    });
    add(handles, "b", [&]() -> Task<> { co_await lockOnce(mutex); });
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"b value@0", "a value@0"}));
}

void TestHeldLock::cancelledWaiterIsOutOfTheCircle()
{
    const FifoOrder fifo;
    // given: "b" waits for the lock of "a"
    Mutex mutex("m");
    add(handles, "a", [&]() -> Task<> {
        const MutexGuard guard = co_await mutex.lock();
        co_await sleepFor(1s);
        handles["b"].cancel();
        co_await gatherResults(handles["b"]); // its wait is over, but it has not gone on yet
    });
    add(handles, "b", [&]() -> Task<> { co_await lockOnce(mutex); });
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"b cancelled@1", "a value@1"}));
}

void TestHeldLock::refusedLockTakesNothing()
{
    const FifoOrder fifo;
    Mutex m("m"), n("n");
    add(handles, "a", [&]() -> Task<> {
        const MutexGuard one = co_await m.lock();
        const MutexGuard two = co_await n.lock();
        try {
            co_await lockOnce(m);
        } catch (const RunSyncError &e) {
            note(nameOf(e.reason()));
        }
        co_await sleepFor(1s); // it goes on, and has both
        note(m.isLocked() && n.isLocked() ? "both" : "not both");
    });
    add(handles, "b", [&]() -> Task<> { co_await lockOnce(m); });
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"Deadlock@0", "both@1", "a value@1", "b value@1"}));
}

void TestHeldLock::destroyedMutexFreesItsCircle()
{
    const FifoOrder fifo;
    std::optional<Mutex> mutex("m");
    add(handles, "a", [&]() -> Task<> {
        const MutexGuard guard = co_await mutex->lock();
        co_await sleepFor(1s);
        mutex.reset();
        co_await handles["b"];
    });
    add(handles, "b", [&]() -> Task<> { co_await lockOnce(*mutex); });
    loop->run();
    QCOMPARE(loop->takeNotes(),
             (QStringList{"b failed: mutex 'm' was destroyed while a task waited for it@1", "a value@1"}));
}

void TestHeldLock::longLineOfLocksNeedsNoStack()
{
    // given: each task holds a lock and waits for the next one's
    constexpr int length = 100'000;
    std::deque<Mutex> mutexes(length);
    std::vector<TaskHandle<>> line;
    const auto lockNext = [](Mutex &own, Mutex &next, std::chrono::nanoseconds delay) -> Task<> {
        const MutexGuard guard = co_await own.lock();
        co_await sleepFor(delay);
        co_await lockOnce(next);
    };
    for (int n = 0; n + 1 < length; ++n)
        line.push_back(spawn(lockNext(mutexes[n], mutexes[n + 1], 1ns * (length - n)), std::to_string(n)));

    // when the last one waits for the first one's
    line.push_back(spawn(lockNext(mutexes.back(), mutexes.front(), 1s), "last"));
    loop->run();
    const QString text = QString::fromStdString(withoutPlaces(endOf(line.back()).toStdString()));
    QVERIFY2(text.startsWith("Deadlock: task 'last' waits for a mutex (task '0'); task '0' waits for a mutex (task '1'); "),
             qPrintable(text));
    QVERIFY2(text.contains("; 99984 more; "), qPrintable(text));
    QVERIFY2(text.endsWith("; task '99998' waits for a mutex (task 'last')"), qPrintable(text));
    QCOMPARE(endOf(line.front()), "value");
}

void TestHeldLock::unnamedMutexIsNamedByItsHolder()
{
    Mutex mutex;
    add(handles, "a", [&]() -> Task<> { co_await lockBoth(mutex, mutex); });
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"a Deadlock: task 'a' waits for a mutex (task 'a')@0"});
}

QTEST_APPLESS_MAIN(TestHeldLock)
#include "tst_heldlock.moc"
