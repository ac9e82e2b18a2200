// SPDX-License-Identifier: MIT
#include <tests/cleanupcheck.h>
#include <tests/messages.h>
#include <tests/nesting/refused.h>
#include <tests/parking/parkingcheck.h>
#include <tests/testmain.h>

#include <interloop/interloop.h>
#include <interloop/test/virtualclock.h>

#include <optional>
#include <string>
#include <vector>

/*
 * What belongs to a task or to a slot is the same on both sides of a parked wait: current task, task-locals, scopes,
 * locks; and what looks at waits sees the parked ones.
 */

using namespace interloop;
using namespace interloop::test;
using namespace std::chrono_literals;

class Source : public QObject
{
    Q_OBJECT

signals:
    void asked(int number);
    void fired();
};

class TestFences : public QObject
{
    Q_OBJECT

private slots:
    void init() { m_parking.begin(); }
    void cleanup()
    {
        Bridge::current().setSlowStepThreshold(100ms);
        m_parking.check();
    }

    void theCurrentTaskIsTheSameBehindAParkedWait();
    void taskLocalsAreTheTasksOwn();
    void aTimeoutAroundAParkedWait();
    void aTimeoutOfAParkedWait();
    void anOuterTimeoutIsACancellationToTheWaitsInside_data();
    void anOuterTimeoutIsACancellationToTheWaitsInside();
    void aScopesCancellationReachesAParkedWait();
    void aPendingCancelIsThrownAtTheCall();
    void N12_aTaskThatBlocksForItselfIsRefused();
    void N12_twoParkedTasksThatBlockForEachOtherAreRefused();
    void N12_aCircleOfParkedSlotsIsRefused();
    void N12_aMutexThatAParkedSlotHoldsIsWaitedFor();
    void N12_twoParkedSlotsThatWantEachOthersMutexAreRefused();
    void parkedWaitsAreListed();
    void aSlowStepIsNotBlamedOnAParkedSlot();
    void aSlowStepBehindAParkedWaitIsTheTasksOwn();

private:
    ParkingCheck m_parking;
};

namespace {

Task<> looksWhoItIs(int number, const TaskLocal<int> &local, std::vector<bool> &right)
{
    const TaskInfo self = currentTask();
    local.set(number);
    runSync(sleepFor((number * 7 % 5 + 1) * 1h));
    right.push_back(currentTask() == self && local.value() == number);
    co_await sleepFor(1h);
    runSync(sleepFor((number * 3 % 5 + 1) * 1h));
    right.push_back(currentTask() == self && local.value() == number);
}

} // namespace

void TestFences::theCurrentTaskIsTheSameBehindAParkedWait()
{
    // given: parked waits of a body and of a task
    Source source;
    Future<> gate;
    std::optional<TaskInfo> ofBody;
    interloop::connect(&source, &Source::fired, this, [&] {
        runSync(gate);
        ofBody = currentTask();
    });
    emit source.fired();
    std::vector<bool> right;
    const TaskLocal<int> local(0);
    const TaskHandle<> task = spawn(looksWhoItIs(1, local, right), "task");
    QTRY_COMPARE(Bridge::current().parked(), 2);

    // then: nobody's code runs meanwhile, and none in a body
    QVERIFY(!currentTask());
    QCOMPARE(local.value(), 0);
    gate.setResult();
    QTRY_VERIFY(ofBody.has_value());
    QVERIFY(!*ofBody);
    task.cancel();
    QTRY_VERIFY(task.isDone());
}

void TestFences::taskLocalsAreTheTasksOwn()
{
    const VirtualClock clock;
    const TaskLocal<int> local(0);
    std::vector<bool> right;
    std::vector<TaskHandle<>> tasks;
    for (int number = 1; number <= 20; ++number)
        tasks.push_back(spawn(looksWhoItIs(number, local, right)));
    for (const TaskHandle<> &task : tasks)
        runSync(task);
    QCOMPARE(right, std::vector<bool>(40, true));
    QCOMPARE(local.value(), 0);
}

namespace {

Task<> blocks(std::chrono::nanoseconds time)
{
    runSync(sleepFor(time));
    co_return;
}

// How `awaitable` ended, and when: "TimeoutError@1".
template<typename A>
Task<> notesEnd(QStringList &ends, const VirtualClock &clock, A awaitable)
{
    QString end = QStringLiteral("Value");
    try {
        co_await std::move(awaitable);
    } catch (const TimeoutError &) {
        end = QStringLiteral("TimeoutError");
    } catch (const Cancelled &cancelled) {
        end = QString::fromLatin1(nameOf(cancelled.outcome()));
    }
    ends += end + QStringLiteral("@%1").arg(clock.elapsed() / 1h);
}

} // namespace

void TestFences::aTimeoutAroundAParkedWait()
{
    const VirtualClock clock;
    QStringList ends;
    spawn(notesEnd(ends, clock, withTimeout(3h, blocks(5h))));
    spawn(notesEnd(ends, clock, withTimeout(1h, blocks(5h))));
    spawn(notesEnd(ends, clock, withTimeout(4h, blocks(2h))));
    runSync(sleepFor(6h));
    QCOMPARE(ends.join(' '), "TimeoutError@1 Value@2 TimeoutError@3");
}

void TestFences::aTimeoutOfAParkedWait()
{
    const VirtualClock clock;
    Source source;
    QStringList ends;
    const auto slot = [&](int hours) {
        const Result<> result = tryRunSync(sleepFor(5h), RunOptions().timeout(hours * 1h));
        ends += QStringLiteral("%1@%2").arg(nameOf(result.outcome())).arg(clock.elapsed() / 1h);
    };
    interloop::connect(&source, &Source::asked, this, slot, Overlap::Parallel);
    for (const int hours : {3, 1, 6})
        emit source.asked(hours);
    runSync(sleepFor(7h));
    QCOMPARE(ends.join(' '), "TimedOut@1 TimedOut@3 Value@5");
}

namespace {

Task<> notesHowItsWaitEnds(RunOptions options, QString &end)
{
    try {
        runSync(sleepFor(5h), options);
    } catch (const Cancelled &cancelled) {
        end = QStringLiteral("Cancelled: ") + nameOf(cancelled.outcome());
        throw;
    } catch (const TimeoutError &) {
        end = QStringLiteral("TimeoutError");
    }
    co_return;
}

} // namespace

void TestFences::anOuterTimeoutIsACancellationToTheWaitsInside_data()
{
    QTest::addColumn<bool>("isParking");
    QTest::newRow("parked") << true;
    QTest::newRow("nested") << false;
}

void TestFences::anOuterTimeoutIsACancellationToTheWaitsInside()
{
    QFETCH(bool, isParking);
    Bridge::current().setParking(isParking);
    const VirtualClock clock;
    QString end;
    // nobody has asked this wait for a limit
    const Result<> outer = tryRunSync(notesHowItsWaitEnds(RunOptions(), end), RunOptions().timeout(1h));
    QCOMPARE(end, "Cancelled: TimedOut");
    QCOMPARE(outer.outcome(), Outcome::TimedOut);
    const Result<> inner = tryRunSync(notesHowItsWaitEnds(RunOptions().timeout(1h), end), RunOptions().timeout(2h));
    QCOMPARE(end, "TimeoutError");
    QCOMPARE(inner.outcome(), Outcome::Value);
}

namespace {

Task<> blocksInAScope(CancelScope *&scope, QString &end)
{
    CancelScope own;
    scope = &own;
    end = QString::fromLatin1(nameOf(tryRunSync(sleepFor(60s)).outcome()));
    scope = nullptr;
    co_return;
}

} // namespace

void TestFences::aScopesCancellationReachesAParkedWait()
{
    CancelScope *scope = nullptr;
    QString end;
    const TaskHandle<> task = spawn(blocksInAScope(scope, end));
    QTRY_COMPARE(Bridge::current().parked(), 1);
    scope->cancel();
    runSync(task);
    QCOMPARE(end, "Cancelled");
    QVERIFY(!task.isCancelled());
}

void TestFences::aPendingCancelIsThrownAtTheCall()
{
    Source source;
    QStringList order;
    Connection connection;
    connection = interloop::connect(&source, &Source::fired, this, [&] {
        connection.cancel();
        try {
            runSync(sleepFor(60s));
        } catch (const Cancelled &cancelled) {
            order += QString::fromLatin1(nameOf(cancelled.outcome()));
        }
    });
    emit source.fired();
    order += "emitted";
    QCOMPARE(order.join(' '), "Cancelled emitted");
}

namespace {

Task<int> blocksForHandle(Record &record, TaskHandle<int> &target, int number)
{
    co_await sleepFor(number * 1ms);
    record.refusalOf([&] { runSync(target); });
    co_return number;
}

Task<int> blocksForHandlePlainly(TaskHandle<int> &target)
{
    co_return runSync(target) + 10;
}

} // namespace

void TestFences::N12_aTaskThatBlocksForItselfIsRefused()
{
    Record record;
    TaskHandle<int> self;
    self = spawn(blocksForHandle(record, self, 1), "self");
    QCOMPARE(runSync(self), 1);
    VERIFY_DEADLOCK(record, "self");
}

void TestFences::N12_twoParkedTasksThatBlockForEachOtherAreRefused()
{
    Record record;
    TaskHandle<int> first, second;
    second = spawn(blocksForHandle(record, first, 5), "second");
    first = spawn(blocksForHandlePlainly(second), "first");
    QTRY_COMPARE(Bridge::current().parked(), 1);
    QCOMPARE(runSync(first), 15);
    VERIFY_DEADLOCK(record, "first", "second");
}

void TestFences::N12_aCircleOfParkedSlotsIsRefused()
{
    // given: two parked slots in line; the first blocks for a task that wants what the second blocks for
    Source first, second;
    Record record;
    TaskHandle<int> a, b;
    QStringList order;
    interloop::connect(&first, &Source::fired, this, [&] { order += QStringLiteral("first %1").arg(runSync(a)); });
    interloop::connect(&second, &Source::fired, this, [&] { order += QStringLiteral("second %1").arg(runSync(b)); });
    a = spawn(blocksForHandlePlainly(b), "a");
    b = spawn(blocksForHandle(record, a, 5), "b");
    emit first.fired();
    emit second.fired();

    QTRY_COMPARE(order.size(), 2);
    order.sort();
    QCOMPARE(order.join(' '), "first 15 second 5");
    VERIFY_DEADLOCK(record, "a", "b");
}

void TestFences::N12_aMutexThatAParkedSlotHoldsIsWaitedFor()
{
    // given: a parked slot with a mutex on its stack
    Mutex mutex("m");
    Source holder, wanter;
    Future<> gate;
    QStringList order;
    interloop::connect(&holder, &Source::fired, this, [&] {
        const MutexGuard guard = mutex.tryLock();
        runSync(gate);
        order += "holder";
    });
    interloop::connect(&wanter, &Source::fired, this, [&] {
        const MutexGuard guard = runSync(mutex.lock());
        order += "wanter";
        runSync(sleepFor(1ms));
    });
    emit holder.fired();
    emit wanter.fired();
    QCOMPARE(Bridge::current().parked(), 2);

    // then: the slot waits for it, and so may plain code on the thread's stack
    QTimer::singleShot(5ms, this, [&] { gate.setResult(); });
    {
        const MutexGuard guard = runSync(mutex.lock());
        order += "main";
    }
    QCOMPARE(order.join(' '), "holder wanter main");
    QTRY_COMPARE(Bridge::current().parked(), 0);
}

void TestFences::N12_twoParkedSlotsThatWantEachOthersMutexAreRefused()
{
    Mutex one("one"), two("two");
    Source first, second;
    Record record;
    QStringList order;
    interloop::connect(&first, &Source::fired, this, [&] {
        const MutexGuard guard = one.tryLock();
        runSync(sleepFor(1ms));
        const MutexGuard other = runSync(two.lock());
        order += "first";
    });
    interloop::connect(&second, &Source::fired, this, [&] {
        const MutexGuard guard = two.tryLock();
        runSync(sleepFor(5ms));
        record.refusalOf([&] { static_cast<void>(runSync(one.lock())); });
        order += "second";
    });
    emit first.fired();
    emit second.fired();
    QTRY_COMPARE(order.join(' '), "second first");
    VERIFY_DEADLOCK(record, "mutex 'one'", "mutex 'two'");
}

void TestFences::parkedWaitsAreListed()
{
    Source source;
    Future<> gate;
    const auto slot = [&gate](int) { runSync(gate); };
    interloop::connect(&source, &Source::asked, this, slot, Overlap::Parallel);
    emit source.asked(1);
    emit source.asked(2);
    const TaskHandle<> task = spawn(blocks(60s), "the task");
    QTRY_COMPARE(Bridge::current().parked(), 3);

    int waits = 0, waiting = 0;
    for (const TaskInfo &info : allTasks()) {
        waits += info.description().find("tst_fences.cpp") != std::string::npos;
        waiting += info.status() == TaskStatus::Waiting && !info.awaiting().empty();
    }
    QVERIFY2(waits == 3, dumpTasks().c_str());
    QVERIFY2(waiting == 3, dumpTasks().c_str()); // for two gates and a timer
    const QString dump = QString::fromStdString(dumpTasks());
    QVERIFY2(dump.contains("the task") && dump.contains("a Future") && dump.contains("a timer"), qPrintable(dump));

    gate.setResult();
    task.cancel();
    QTRY_COMPARE(Bridge::current().parked(), 0);
    QCOMPARE(allTasks().size(), std::size_t(0));
}

namespace {

const QString slow = QStringLiteral("has kept everything else on its thread waiting for");

void compute(std::chrono::milliseconds time)
{
    const auto end = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < end) { }
}

Task<> computesBehindAWait(std::chrono::milliseconds wait, std::chrono::milliseconds computation)
{
    co_await yield();
    runSync(sleepFor(wait));
    compute(computation);
    co_await yield();
}

} // namespace

void TestFences::aSlowStepIsNotBlamedOnAParkedSlot()
{
    const LoggedMessages log;
    Bridge::current().setSlowStepThreshold(50ms);
    Source source;
    const Connection connection = interloop::connect(&source, &Source::fired, this, [] { runSync(sleepFor(150ms)); });
    emit source.fired();
    const TaskHandle<> task = spawn(computesBehindAWait(150ms, 0ms), "blocks");
    QTRY_VERIFY(task.isDone() && !connection.isRunning());
    QCOMPARE(log.containing(slow), QStringList());
}

void TestFences::aSlowStepBehindAParkedWaitIsTheTasksOwn()
{
    const LoggedMessages log;
    Bridge::current().setSlowStepThreshold(50ms);
    const TaskHandle<> innocent = spawn(computesBehindAWait(200ms, 0ms), "innocent");
    const TaskHandle<> guilty = spawn(computesBehindAWait(1ms, 100ms), "guilty");
    QTRY_VERIFY(innocent.isDone() && guilty.isDone());
    QCOMPARE(log.containing(slow).size(), 1);
    QVERIFY2(log.containing(slow).front().startsWith("task 'guilty' "), qPrintable(log.containing(slow).front()));
}

INTERLOOP_TEST_MAIN(TestFences)
#include "tst_fences.moc"
