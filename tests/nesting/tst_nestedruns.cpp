// SPDX-License-Identifier: MIT
#include <tests/cleanupcheck.h>
#include <tests/drivers.h>
#include <tests/messages.h>
#include <tests/testmain.h>
#include <tests/ticks.h>
#include <tests/timeline.h>

#include <interloop/interloop.h>

#include <QEventLoop>
#include <QTimer>
#include <uv.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <functional>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

/*
 * Waits inside waits: what they return, what they let through, how they end.
 */

using namespace interloop;
using namespace interloop::test;

class TestNestedRuns : public QObject
{
    Q_OBJECT

signals:
    void ticked();

private slots:
    void init() { m_leaks.begin(); }
    void cleanup() { m_leaks.check(); }

    void N01_aBackgroundTaskGoesOn_data() { addDrivers(); }
    void N01_aBackgroundTaskGoesOn();
    void N02_theCurrentTaskIsRestored_data() { addDrivers(); }
    void N02_theCurrentTaskIsRestored();
    void N04_aWaitThatNeverEntersQtIsHeldBackToo();
    void N02_aPlainSlotInATasksOwnEventLoopIsNotTheTask_data() { addDrivers(); }
    void N02_aPlainSlotInATasksOwnEventLoopIsNotTheTask();
    void N03_anExceptionCrossesThreeLevels_data() { addDrivers(); }
    void N03_anExceptionCrossesThreeLevels();
    void N04_overlappingWaitsReturnWhenThoseAboveHave_data();
    void N04_overlappingWaitsReturnWhenThoseAboveHave();
    void N04_aWaitHeldBackForLongIsNamedWithTheOneAboveIt();
    void N05_aPeriodicPlainSlotReachesTheCap();
    void N05_aConnectionDropsWhatOverlaps();
    void N06_cancellingTheCallerReachesTheInnerTarget_data() { addDrivers(); }
    void N06_cancellingTheCallerReachesTheInnerTarget();
    void N07_cancellingTheInnerTargetLeavesTheCallerGoingOn_data() { addDrivers(); }
    void N07_cancellingTheInnerTargetLeavesTheCallerGoingOn();
    void N08_aPendingCancelIsThrownAtTheCall_data() { addDrivers(); }
    void N08_aPendingCancelIsThrownAtTheCall();
    void N09_aTimeoutAroundANestedRun_data() { addDrivers(); }
    void N09_aTimeoutAroundANestedRun();
    void N10_aTimeoutInsideANestedRun_data() { addDrivers(); }
    void N10_aTimeoutInsideANestedRun();
    void N13_aReadyTargetReturnsBeforeTheCallbacksBehindIt_data() { addDrivers(); }
    void N13_aReadyTargetReturnsBeforeTheCallbacksBehindIt();
    void N13_theSameInOneBatchOfTimers_data() { addDrivers(); }
    void N13_theSameInOneBatchOfTimers();
    void N14_aHandleThatIsDoneNeedsNoTurn_data() { addDrivers(); }
    void N14_aHandleThatIsDoneNeedsNoTurn();
    void N15_cleanUpMayWaitDuringCancellation_data() { addDrivers(); }
    void N15_cleanUpMayWaitDuringCancellation();
    void N15_cleanUpMayWaitAfterQuit();
    void N15_aCompletionCallbackMayWait_data() { addDrivers(); }
    void N15_aCompletionCallbackMayWait();
    void N16_aTaskSpawnedInsideOutlivesTheRun_data() { addDrivers(); }
    void N16_aTaskSpawnedInsideOutlivesTheRun();
    void N17_aStrangersFailureIsItsOwnAffair_data() { addDrivers(); }
    void N17_aStrangersFailureIsItsOwnAffair();
    void N18_postsFromAThreadRunInsideTheWait_data() { addDrivers(); }
    void N18_postsFromAThreadRunInsideTheWait();
    void N19_anotherThreadsHandleIsRefused();
    void N21_levelsTakeTurns_data() { addDrivers(); }
    void N21_levelsTakeTurns();
    void N22_libuvWorksInNestedRuns_data() { addDrivers(); }
    void N22_libuvWorksInNestedRuns();
    void N23_aDialogsLoopInACoroutineLetsTasksGoOn_data() { addDrivers(); }
    void N23_aDialogsLoopInACoroutineLetsTasksGoOn();
    void N24_insideARawCallbackAWaitIsRefused_data() { addDrivers(); }
    void N24_insideARawCallbackAWaitIsRefused();
    void aWaitThatBeginsAsTheOneBeneathIsWokenTakesNothingFromIt_data() { addDrivers(); }
    void aWaitThatBeginsAsTheOneBeneathIsWokenTakesNothingFromIt();

private:
    CleanupCheck m_leaks;
};

namespace {

Task<int> givesAfter(std::chrono::nanoseconds delay, int number)
{
    co_await sleepFor(delay);
    co_return number;
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

void stop(const TaskHandle<> &handle)
{
    handle.cancel();
    static_cast<void>(tryRunSync(handle));
}

// Sleeps, and notes a cancellation.
Task<> longSleep(Timeline &log, std::chrono::nanoseconds delay)
{
    try {
        co_await sleepFor(delay);
        log.note("slept");
    } catch (const Cancelled &) {
        log.note("inner cancelled");
        throw;
    }
}

QString whomOf(const Cancelled &cancelled)
{
    return cancelled.whom() == Cancelled::Whom::Self ? QStringLiteral("self") : QStringLiteral("awaited");
}

Task<> cancelsAfter(std::chrono::nanoseconds delay, TaskHandle<> target)
{
    co_await sleepFor(delay);
    target.cancel();
}

} // namespace

void TestNestedRuns::N01_aBackgroundTaskGoesOn()
{
    Timeline log;
    drive([&] {
        log.start();
        const auto ticks = spawn(ticker(log, unit + 1ms, 4)); // so that tick 3 is after the end
        log.note(QString::number(runSync(givesAfter(3 * unit, 42))));
        stop(ticks);
    });
    // the fourth tick is due when the run ends: the run's return and that tick may come in this order only
    const QString expected = "tick 0@0, tick 1@1, tick 2@2, 42@3";
    const QString andOneTick = expected + ", tick 3@3";
    QVERIFY2(log.against(expected) == expected || log.against(andOneTick) == andOneTick, qPrintable(log.against(andOneTick)));
}

namespace {

Task<> seesItself(std::vector<TaskInfo> &seen)
{
    seen.push_back(currentTask());
    co_await yield();
    seen.push_back(currentTask());
}

Task<> looksAroundARun(std::vector<TaskInfo> &seen)
{
    seen.push_back(currentTask());
    runSync(seesItself(seen));
    seen.push_back(currentTask());
    co_return;
}

} // namespace

void TestNestedRuns::N02_theCurrentTaskIsRestored()
{
    std::vector<TaskInfo> seen;
    std::optional<TaskInfo> inPlainCallback;
    drive([&] {
        const TaskInfo before = currentTask();
        QTimer::singleShot(0, this, [&] { inPlainCallback = currentTask(); });
        runSync(looksAroundARun(seen));
        runSync(sleepFor(10ms)); // the timer's slot runs in here
        QCOMPARE(currentTask(), before);
    });
    QCOMPARE(seen.size(), std::size_t(4));
    QVERIFY(seen[0]);
    QCOMPARE(seen[3], seen[0]); // own before and after
    QVERIFY(seen[1] && !(seen[1] == seen[0])); // the inner one's inside
    QCOMPARE(seen[2], seen[1]);
    QVERIFY(inPlainCallback.has_value());
    QVERIFY(!*inPlainCallback); // none
}

namespace {

// Runs an event loop of its own, in which a plain slot is called.
Task<> opensADialog(const TaskLocal<int> &local, const std::function<void()> &slot)
{
    local.set(1);
    QEventLoop dialog;
    QTimer::singleShot(0, &dialog, [&] {
        slot();
        dialog.quit();
    });
    dialog.exec();
    co_await yield();
}

} // namespace

void TestNestedRuns::N02_aPlainSlotInATasksOwnEventLoopIsNotTheTask()
{
    const TaskLocal<int> local(0);
    TaskInfo current;
    TaskInfo child;
    int value = -1;
    drive([&] {
        const auto slot = [&] {
            current = currentTask();
            value = local.value();
            const TaskHandle<int> handle = spawn(givesAfter(1ms, 0), "spawned by plain code");
            child = allTasks().back();
        };
        runSync(opensADialog(local, slot));
        runSync(sleepFor(2ms));
    });
    QVERIFY(!current);
    QCOMPARE(value, 0);
    QCOMPARE(child.name(), std::string("spawned by plain code"));
    QCOMPARE(child.parentId(), 0u);
}

namespace {

Task<> yieldsOnce()
{
    co_await yield();
}

// In the way of everybody beneath: it nests.
Task<> blocksFor(std::chrono::milliseconds time)
{
    runSync(sleepFor(time), RunOptions().wait(Wait::Nest));
    co_return;
}

} // namespace

void TestNestedRuns::N04_aWaitThatNeverEntersQtIsHeldBackToo()
{
    runSync(sleepFor(1ms)); // Qt has had a turn: the next wait pumps by itself first
    const TaskHandle<> blocker = spawn(blocksFor(30ms), "blocker");
    runSync(yieldsOnce()); // the blocker goes first, and the rest of this one runs on top of it
    QVERIFY(Bridge::current().lastHeldBack() >= 25ms);
    runSync(yieldsOnce());
    QCOMPARE(Bridge::current().lastHeldBack(), 0ns);
}

namespace {

class OwnError : public std::runtime_error
{
public:
    explicit OwnError(int code) : std::runtime_error("own error"), code(code) { }
    int code;
};

Task<int> throwsBelow(int levels)
{
    co_await sleepFor(1ms);
    if (levels == 0)
        throw OwnError(17);
    co_return runSync(throwsBelow(levels - 1));
}

constexpr auto qtsComplaint = "Qt has caught an exception";

} // namespace

void TestNestedRuns::N03_anExceptionCrossesThreeLevels()
{
    int code = 0;
    QString what;
    const LoggedMessages messages;
    drive([&] {
        try {
            runSync(throwsBelow(3));
        } catch (const OwnError &error) {
            code = error.code;
            what = error.what();
        }
    });
    QCOMPARE(code, 17);
    QCOMPARE(what, "own error");
    QCOMPARE(messages.containing(qtsComplaint), QStringList());

    // The naive way: the exception leaves a nested QEventLoop by itself.
    QEventLoop loop;
    QMetaObject::invokeMethod(&loop, [] { throw OwnError(1); }, Qt::QueuedConnection);
    QVERIFY_THROWS_EXCEPTION(OwnError, loop.exec());
    QCOMPARE(messages.containing(qtsComplaint).size(), 1);
}

namespace {

using Waits = QVector<int>;

// Each wait is begun in a slot of its own, on top of the one before; the first one where run() is called, and it may be
// parked. What each found when it returned.
class OverlappingWaits
{
public:
    explicit OverlappingWaits(Waits units, std::chrono::milliseconds unitOfTime)
        : m_units(std::move(units)), m_unit(unitOfTime)
    {
    }

    void run()
    {
        m_takenAtBegin = timeTakenByOthers();
        m_begin = Timeline::Clock::now();
        begin(0);
    }

    // "" when all waits returned in the right order, when the last one above had, having been held back as they say.
    QString complaint(bool isFirstParked = false) const
    {
        const auto lastAbove = [&](int i) {
            return isFirstParked && i == 0 ? m_units[0] : *std::max_element(m_units.begin() + i, m_units.end());
        };
        Waits expectedOrder;
        for (int i = int(m_units.size()); i-- > 0;)
            expectedOrder += i;
        std::stable_sort(expectedOrder.begin(), expectedOrder.end(), [&](int a, int b) { return lastAbove(a) < lastAbove(b); });
        if (m_returned != expectedOrder)
            return "the waits did not return each as soon as it could, last in, first out";
        for (int i = 0; i < m_units.size(); ++i) {
            const int last = lastAbove(i);
            const QString wait = QString("wait %1 of %2").arg(i).arg(m_units.size());
            if (m_times[i] < last * m_unit)
                return wait + " returned early";
            const auto margin = lateness + m_taken[i];
            if (m_times[i] > last * m_unit + margin)
                return wait + QString(" returned %1 ms late").arg((m_times[i] - last * m_unit) / 1ms);
            const auto held = (last - m_units[i]) * m_unit;
            if (m_heldBack[i] > held + margin || m_heldBack[i] < held - margin)
                return wait + QString(" says it was held back for %1 ms, not %2").arg(m_heldBack[i] / 1ms).arg(held / 1ms);
            if (held == 0ms && i == m_units.size() - 1 && m_heldBack[i] != 0ns)
                return wait + " says it was held back, and nothing is above it";
        }
        return {};
    }

private:
    void begin(int index)
    {
        if (index + 1 < m_units.size())
            QTimer::singleShot(0, QCoreApplication::instance(), [this, index] { begin(index + 1); });
        // Deadlines count from the first wait's beginning.
        m_maximumDepth = std::max(m_maximumDepth, Bridge::current().depth());
        runSync(sleepUntil(m_begin + m_units[index] * m_unit));
        m_times[index] = Timeline::Clock::now() - m_begin;
        m_taken[index] = timeTakenByOthers() - m_takenAtBegin;
        m_heldBack[index] = Bridge::current().lastHeldBack();
        m_returned += index;
    }

    Waits m_units;
    std::chrono::milliseconds m_unit;
    Timeline::Clock::time_point m_begin;
    std::chrono::nanoseconds m_takenAtBegin = 0ns;
    int m_maximumDepth = 0;
    Waits m_returned;
    std::array<std::chrono::nanoseconds, 8> m_times = {};
    std::array<std::chrono::nanoseconds, 8> m_taken = {}; // of it, by others
    std::array<std::chrono::nanoseconds, 8> m_heldBack = {};
};

} // namespace

Q_DECLARE_METATYPE(std::chrono::milliseconds)

void TestNestedRuns::N04_overlappingWaitsReturnWhenThoseAboveHave_data()
{
    QTest::addColumn<Driver>("driver");
    QTest::addColumn<Waits>("waits");
    const auto add = [](Driver driver, const char *place, const Waits &waits) {
        QString name = place;
        for (const int wait : waits)
            name += ' ' + QString::number(wait);
        QTest::newRow(qPrintable(name)) << driver << waits;
    };
    Waits waits = {1, 2, 4};
    do {
        add(Driver::Top, "top", waits);
        add(Driver::Task, "task", waits);
        add(Driver::Slot, "slot", waits);
    } while (std::next_permutation(waits.begin(), waits.end()));
    for (int depth = 2; depth <= 8; ++depth) {
        Waits rising;
        for (int i = 1; i <= depth; ++i)
            rising += i;
        Waits falling(rising.rbegin(), rising.rend());
        Waits mixed;
        for (int i = 0; i < depth; ++i)
            mixed += i * 3 % depth + 1;
        add(Driver::Slot, "slot", rising);
        add(Driver::Slot, "slot", falling);
        if (depth > 3)
            add(Driver::Slot, "slot", mixed);
    }
}

void TestNestedRuns::N04_overlappingWaitsReturnWhenThoseAboveHave()
{
    QFETCH(Waits, waits);
    OverlappingWaits overlapping(waits, unit / 2);
    drive([&] { overlapping.run(); });
    QCOMPARE(overlapping.complaint(bodyParks()), QString());
}

void TestNestedRuns::N04_aWaitHeldBackForLongIsNamedWithTheOneAboveIt()
{
    const LoggedMessages messages;
    Bridge::current().setHeldBackThreshold(unit);

    // held back for less: silence
    OverlappingWaits brief({2, 1}, unit / 4);
    drive(Driver::Slot, [&] { brief.run(); });
    OverlappingWaits shorter({1, 2}, unit / 4);
    drive(Driver::Slot, [&] { shorter.run(); });
    QCOMPARE(messages.texts(), QStringList());

    // held back for longer: one warning for the wait, with both names
    OverlappingWaits longer({1, 3}, unit);
    drive(Driver::Slot, [&] { longer.run(); });
    Bridge::current().setHeldBackThreshold(250ms);
    QCOMPARE(messages.texts().size(), 1);
    QVERIFY2(messages.texts().first().contains("depth 1") && messages.texts().first().contains("depth 2"),
             qPrintable(messages.texts().first()));
}

void TestNestedRuns::N05_aPeriodicPlainSlotReachesTheCap()
{
    // given: a plain slot that waits longer than its period, again and again
    Bridge::current().setMaximumDepth(5);
    QStringList refusals;
    int deepest = 0;
    std::function<void()> slot = [&] {
        if (!refusals.isEmpty())
            return;
        QTimer::singleShot(1ms, this, [&slot] { slot(); });
        deepest = std::max(deepest, Bridge::current().depth());
        const auto result = tryRunSync(sleepFor(unit));
        if (result.outcome() == Outcome::Refused)
            refusals += QString::fromStdString(result.errorString());
    };

    // when
    drive(Driver::Slot, [&] { slot(); });
    Bridge::current().setMaximumDepth(64);

    // then: the one past the cap is refused, all others end
    QCOMPARE(deepest, 5);
    QCOMPARE(refusals.size(), 1);
    QVERIFY2(refusals.first().startsWith("TooDeep"), qPrintable(refusals.first()));
}

void TestNestedRuns::N05_aConnectionDropsWhatOverlaps()
{
    // given: a slot that waits for 1.5 units and a signal that comes each unit, from a slot of its own each time
    Timeline log;
    int left = 5;
    interloop::connect(this, &TestNestedRuns::ticked, this, [&] {
        log.note("depth " + QString::number(Bridge::current().depth()));
        runSync(sleepFor(unit + unit / 2));
    });
    std::function<void()> tick = [&] {
        if (--left > 0)
            QTimer::singleShot(unit, Qt::PreciseTimer, this, [&tick] { tick(); });
        emit ticked();
        if (left == 0)
            QCoreApplication::quit();
    };

    // when
    log.start();
    QTimer::singleShot(0, this, [&tick] { tick(); });
    QCoreApplication::exec();
    disconnect(this, &TestNestedRuns::ticked, this, nullptr);

    // then: what comes during a wait is dropped
    COMPARE_TIMELINE(log, "depth 0@0, depth 0@2, depth 0@4");
}

namespace {

Task<> blocksInside(Timeline &log, std::chrono::nanoseconds delay)
{
    try {
        runSync(longSleep(log, delay));
    } catch (const Cancelled &cancelled) {
        log.note("caller: " + whomOf(cancelled));
        throw;
    }
    co_return;
}

} // namespace

void TestNestedRuns::N06_cancellingTheCallerReachesTheInnerTarget()
{
    Timeline log;
    Outcome outcome = Outcome::Value;
    drive([&] {
        log.start();
        const auto caller = spawn(blocksInside(log, 4 * unit));
        const auto canceller = spawn(cancelsAfter(unit, caller));
        outcome = tryRunSync(caller).outcome();
        log.note("over");
        runSync(canceller);
    });
    COMPARE_TIMELINE(log, "inner cancelled@1, caller: self@1, over@1");
    QCOMPARE(outcome, Outcome::Cancelled);
}

namespace {

Task<int> waitsForHandle(Timeline &log, TaskHandle<> target)
{
    try {
        runSync(target);
    } catch (const Cancelled &cancelled) {
        log.note("caller: " + whomOf(cancelled));
    }
    co_await sleepFor(unit);
    log.note("caller went on");
    co_return 7;
}

} // namespace

void TestNestedRuns::N07_cancellingTheInnerTargetLeavesTheCallerGoingOn()
{
    Timeline log;
    int result = 0;
    drive([&] {
        log.start();
        const auto target = spawn(longSleep(log, 4 * unit));
        const auto caller = spawn(waitsForHandle(log, target));
        const auto canceller = spawn(cancelsAfter(unit, target));
        result = runSync(caller);
        runSync(canceller);
    });
    COMPARE_TIMELINE(log, "inner cancelled@1, caller: awaited@1, caller went on@2");
    QCOMPARE(result, 7);
}

namespace {

Task<> notesItsStart(Timeline &log)
{
    log.note("target started");
    co_return;
}

Task<> cancelsItselfAndWaits(Timeline &log, TaskHandle<> &self)
{
    self.cancel();
    try {
        runSync(notesItsStart(log));
        log.note("went on");
    } catch (const Cancelled &cancelled) {
        log.note("thrown at the call: " + whomOf(cancelled));
        throw;
    }
    co_return;
}

} // namespace

void TestNestedRuns::N08_aPendingCancelIsThrownAtTheCall()
{
    Timeline log;
    Outcome outcome = Outcome::Value;
    drive([&] {
        TaskHandle<> self;
        self = spawn(cancelsItselfAndWaits(log, self));
        outcome = tryRunSync(self).outcome();
    });
    QCOMPARE(log.order(), "thrown at the call: self");
    QCOMPARE(outcome, Outcome::Cancelled);
}

namespace {

Task<> nests(Timeline &log, std::chrono::nanoseconds delay)
{
    co_await yield();
    runSync(longSleep(log, delay));
}

Task<> timesOutAround(Timeline &log)
{
    try {
        co_await withTimeout(unit, nests(log, 5 * unit));
    } catch (const TimeoutError &) {
        log.note("TimeoutError");
    }
}

} // namespace

void TestNestedRuns::N09_aTimeoutAroundANestedRun()
{
    Timeline log;
    drive([&] {
        log.start();
        runSync(timesOutAround(log));
    });
    COMPARE_TIMELINE(log, "inner cancelled@1, TimeoutError@1");
}

void TestNestedRuns::N10_aTimeoutInsideANestedRun()
{
    Timeline log;
    drive([&] {
        log.start();
        try {
            runSync(withTimeout(unit, longSleep(log, 5 * unit)));
        } catch (const TimeoutError &) {
            log.note("TimeoutError");
        }
    });
    COMPARE_TIMELINE(log, "inner cancelled@1, TimeoutError@1");
}

namespace {

void keepBusyFor(std::chrono::nanoseconds duration)
{
    const auto end = std::chrono::steady_clock::now() + duration;
    while (std::chrono::steady_clock::now() < end) { }
}

Task<> busyTaskAt(TimePoint deadline, int &callbacks)
{
    co_await sleepUntil(deadline);
    keepBusyFor(1ms);
    ++callbacks;
}

} // namespace

void TestNestedRuns::N13_aReadyTargetReturnsBeforeTheCallbacksBehindIt()
{
    const FifoOrder fifo;
    int callbacks = 0;
    int callbacksAtReturn = -1;
    drive([&] {
        // given: one turn makes the target ready and queues a hundred callbacks behind it
        Future<> ready;
        auto settleAndQueue = [&callbacks, ready]() mutable {
            ready.setResult();
            for (int i = 0; i < 100; ++i) {
                Bridge::current().post([&callbacks] {
                    keepBusyFor(1ms);
                    ++callbacks;
                });
            }
        };
        QTimer::singleShot(20, this, [&settleAndQueue] { settleAndQueue(); });
        // when
        runSync(ready);
        callbacksAtReturn = callbacks;
        // then: they run later, not in the wait
        runSync(sleepFor(5ms));
    });
    QVERIFY(QTest::qWaitFor([&] { return callbacks == 100; }, 5000));
    QCOMPARE(callbacksAtReturn, 0);
}

void TestNestedRuns::N13_theSameInOneBatchOfTimers()
{
    const FifoOrder fifo;
    int callbacks = 0;
    int callbacksAtReturn = -1;
    drive([&] {
        const TimePoint deadline = std::chrono::steady_clock::now() + unit / 2;
        Bridge::current().post([&] {
            for (int i = 0; i < 100; ++i)
                spawn(busyTaskAt(deadline, callbacks));
        });
        runSync(sleepUntil(deadline));
        callbacksAtReturn = callbacks;
    });
    QVERIFY(QTest::qWaitFor([&] { return callbacks == 100; }, 5000));
    QCOMPARE(callbacksAtReturn, 0);
}

namespace {

Task<int> givesAtOnce(int number)
{
    co_return number;
}

} // namespace

void TestNestedRuns::N14_aHandleThatIsDoneNeedsNoTurn()
{
    const FifoOrder fifo;
    drive([&] {
        // given: a handle that is done, one that was cancelled, and a callback in the queue
        Timeline log;
        const auto done = spawn(givesAtOnce(5));
        const auto cancelled = spawn(longSleep(log, 100 * unit));
        runSync(sleepFor(1ms));
        stop(cancelled);
        bool hasTurned = false;
        Bridge::current().post([&hasTurned] { hasTurned = true; });
        // then: neither wait lets it run
        QCOMPARE(runSync(done), 5);
        QVERIFY(!hasTurned);
        const auto result = tryRunSync(cancelled);
        QCOMPARE(result.outcome(), Outcome::Cancelled);
        QVERIFY(!hasTurned);
        runSync(sleepFor(0s));
        QVERIFY(hasTurned);
    });
}

namespace {

// A wait in a handler and one in a destructor, both while a cancellation is being delivered.
class WaitsInItsDestructor
{
public:
    explicit WaitsInItsDestructor(Timeline &log) : m_log(log) { }
    ~WaitsInItsDestructor() { m_log.note("destructor: " + QString::number(tryRunSync(givesAfter(unit, 1)).value())); }

private:
    Timeline &m_log;
};

Task<> cleansUpByWaiting(Timeline &log)
{
    const WaitsInItsDestructor guard(log);
    try {
        co_await sleepFor(100 * unit);
    } catch (const Cancelled &) {
        log.note("handler: " + QString::number(runSync(givesAfter(unit, 2))));
        throw;
    }
}

} // namespace

void TestNestedRuns::N15_cleanUpMayWaitDuringCancellation()
{
    Timeline log;
    Outcome outcome = Outcome::Value;
    drive([&] {
        log.start();
        const auto task = spawn(cleansUpByWaiting(log));
        const auto canceller = spawn(cancelsAfter(unit, task));
        outcome = tryRunSync(task).outcome();
        runSync(canceller);
    });
    COMPARE_TIMELINE(log, "handler: 2@2, destructor: 1@3");
    QCOMPARE(outcome, Outcome::Cancelled);
}

void TestNestedRuns::N15_cleanUpMayWaitAfterQuit()
{
    Timeline log;
    Outcome outcome = Outcome::Value;
    QTimer::singleShot(0, this, [&] {
        log.start();
        QTimer::singleShot(unit, this, &QCoreApplication::quit);
        outcome = tryRunSync(cleansUpByWaiting(log)).outcome();
        log.note("unwound");
    });
    QCoreApplication::exec();
    COMPARE_TIMELINE(log, "handler: 2@2, destructor: 1@3, unwound@3");
    QCOMPARE(outcome, Outcome::Quit);
}

void TestNestedRuns::N15_aCompletionCallbackMayWait()
{
    Timeline log;
    drive([&] {
        log.start();
        Future<> isOver; // the application must not quit before
        Bridge::current().post([&log, isOver]() mutable {
            log.note("callback: " + QString::number(runSync(givesAfter(unit, 3))));
            isOver.setResult();
        });
        runSync(sleepFor(unit / 2));
        runSync(isOver);
    });
    COMPARE_TIMELINE(log, "callback: 3@1");
}

namespace {

Task<> spawnsAndReturns(Timeline &log, TaskHandle<> &spawned)
{
    spawned = spawn(longSleep(log, 2 * unit));
    co_await sleepFor(unit);
    log.note("run over");
}

} // namespace

void TestNestedRuns::N16_aTaskSpawnedInsideOutlivesTheRun()
{
    Timeline log;
    drive([&] {
        log.start();
        TaskHandle<> spawned;
        runSync(spawnsAndReturns(log, spawned));
        QVERIFY(!spawned.isDone());
        runSync(spawned);
    });
    COMPARE_TIMELINE(log, "run over@1, slept@2");
}

namespace {

Task<> failsAfter(std::chrono::nanoseconds delay)
{
    co_await sleepFor(delay);
    throw std::runtime_error("a stranger's");
}

} // namespace

void TestNestedRuns::N17_aStrangersFailureIsItsOwnAffair()
{
    const UnhandledErrors errors;
    Timeline log;
    drive([&] {
        log.start();
        spawn(failsAfter(unit / 2), "stranger");
        Bridge::current().post([] { throw std::runtime_error("a post's"); });
        log.note(QString::number(runSync(givesAfter(unit, 42))));
    });
    COMPARE_TIMELINE(log, "42@1");
    QCOMPARE(errors.texts().size(), 2);
    QVERIFY2(errors.texts().at(0).contains("a post's"), qPrintable(errors.texts().at(0)));
    QVERIFY2(errors.texts().at(1).contains("task 'stranger'") && errors.texts().at(1).contains("a stranger's"),
             qPrintable(errors.texts().at(1)));
}

void TestNestedRuns::N18_postsFromAThreadRunInsideTheWait()
{
    int inside = 0;
    drive([&] {
        const BridgeRemote remote = Bridge::current().remote();
        Future<> all;
        std::jthread thread([&inside, remote, all] {
            for (int i = 0; i < 20; ++i) {
                static_cast<void>(remote.postThreadSafe([&inside, all]() mutable {
                    if (++inside == 20)
                        all.setResult();
                }));
                std::this_thread::yield();
            }
        });
        runSync(all, RunOptions().timeout(5s));
        QCOMPARE(inside, 20);
        thread.join();
    });
}

void TestNestedRuns::N19_anotherThreadsHandleIsRefused()
{
    // given: a task of this thread's
    Timeline log;
    const auto handle = spawn(longSleep(log, unit));
    // when: another thread waits for it, cancels it, awaits it
    QStringList answers;
    const auto awaits = [](TaskHandle<> foreign) -> Task<> { co_await foreign; };
    std::thread([&] {
        const auto note = [&answers](std::string text) { answers += QString::fromStdString(text.substr(0, text.find(':'))); };
        note(tryRunSync(handle).errorString());
        try {
            runSync(handle);
        } catch (const RunSyncError &error) {
            answers += nameOf(error.reason());
        }
        note(tryRunSync(awaits(handle)).errorString());
        try {
            handle.cancel();
        } catch (const RunSyncError &error) {
            answers += nameOf(error.reason());
        }
        answers += nameOf(tryRunSync(handle).outcome());
    }).join();
    // then: named errors, and the task is untouched
    QCOMPARE(answers, QStringList({"WrongThread", "WrongThread", "WrongThread", "WrongThread", "Refused"}));
    runSync(handle);
    QCOMPARE(log.order(), "slept");
}

namespace {

Task<> countsSteps(Timeline &log, QString name)
{
    for (int step = 0; step < 3; ++step) {
        log.note(name + '.' + QString::number(step));
        co_await yield();
    }
}

Task<> nestsCountedSteps(Timeline &log)
{
    runSync(countsSteps(log, "in"));
    co_return;
}

Task<> fourCounters(Timeline &log)
{
    co_await gather(countsSteps(log, "0"), countsSteps(log, "1"), countsSteps(log, "2"), nestsCountedSteps(log));
}

} // namespace

void TestNestedRuns::N21_levelsTakeTurns()
{
    const FifoOrder fifo;
    Timeline log;
    drive([&] { runSync(fourCounters(log)); });
    QCOMPARE(log.order(), "0.0, 1.0, 2.0, in.0, 0.1, 1.1, 2.1, in.1, 0.2, 1.2, 2.2, in.2");
}

namespace {

Task<> echo(TcpSocket socket)
{
    for (;;) {
        const QByteArray line = co_await socket.readLine();
        if (line.isEmpty())
            break;
        co_await sleepFor(unit / 10);
        co_await socket.write(line);
    }
}

Task<> echoServer(TcpServer server)
{
    for (;;) {
        TcpSocket socket = co_await server.accept();
        spawn(echo(std::move(socket)), "echo");
    }
}

Task<QByteArray> exchange(TcpSocket &socket, QByteArray line)
{
    co_await socket.write(line);
    co_return co_await socket.readLine();
}

Task<TcpSocket> connectLocally(int port)
{
    return TcpSocket::connect(QStringLiteral("127.0.0.1"), port);
}

// What plain functions wait for, one inside the other: each level talks to the server before and after the next one.
Task<QString> echoLevel(int port, int level)
{
    TcpSocket socket = runSync(connectLocally(port));
    QByteArray lines;
    for (int i = 0; i < 3; ++i)
        lines += runSync(exchange(socket, QByteArray::number(level) + '\n'));
    QString text = QString::fromLatin1(lines.replace('\n', ""));
    if (level < 3)
        text += ' ' + runSync(echoLevel(port, level + 1));
    text += ' ' + QString::fromLatin1(runSync(exchange(socket, "end\n")).trimmed());
    co_return text;
}

Task<int> exitStatusOf(QString script)
{
    Process process = Process::start(ProcessOptions(QStringLiteral("bash"), {QStringLiteral("-c"), script}));
    const ProcessExit exit = co_await process.wait();
    co_return exit.exitStatus();
}

Task<> raiseSoon(int signal)
{
    co_await sleepFor(unit);
    ::raise(signal);
}

Task<> awaitRaised(int signal)
{
    co_await gather(waitForUnixSignal(signal), raiseSoon(signal));
}

// How many bytes have come from a thread that writes them one by one.
Task<int> readFromThread()
{
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC) != 0)
        throw std::runtime_error("no pipe");
    std::jthread thread([end = ends[1]] {
        for (int i = 0; i < 10; ++i) {
            std::this_thread::sleep_for(unit / 10);
            static_cast<void>(!::write(end, "x", 1));
        }
        ::close(end);
    });
    PollHandle poll(ends[0]);
    int count = 0;
    char byte = 0;
    for (;;) {
        runSync(poll.waitReadable());
        if (::read(ends[0], &byte, 1) != 1)
            break;
        ++count;
    }
    poll.close();
    ::close(ends[0]);
    co_return count;
}

Task<QString> allKindsAtOnce(int port)
{
    const auto result = co_await gather(echoLevel(port, 1), exitStatusOf(QStringLiteral("sleep 0.2; exit 7")),
                                        awaitRaised(SIGUSR1), readFromThread());
    co_return QStringLiteral("%1; exit %2; %3 bytes").arg(std::get<0>(result)).arg(std::get<1>(result)).arg(std::get<3>(result));
}

Task<QString> nested(Task<QString> task)
{
    co_await yield();
    co_return runSync(std::move(task));
}

} // namespace

void TestNestedRuns::N22_libuvWorksInNestedRuns()
{
    QString result;
    drive([&result] {
        TcpServer server = TcpServer::listen(QStringLiteral("127.0.0.1"), 0);
        const int port = server.port();
        const TaskHandle<> serving = spawn(echoServer(std::move(server)), "server");
        // uv_spawn blocks until the child has replaced itself, and under load the child has to wait: the best of five.
        // Under a sanitizer a child takes longer to start.
        constexpr int wanted = test::isSanitized ? 50 : 95;
        int percent = 0;
        for (int round = 0; round < 5 && percent < wanted; ++round) {
            const Ticks ticks(10ms);
            result = runSync(nested(allKindsAtOnce(port)), RunOptions().timeout(10s));
            percent = ticks.percent();
            QVERIFY(ticks.count() > 0);
        }
        serving.cancel();
        static_cast<void>(tryRunSync(serving));
        QVERIFY2(percent >= wanted, qPrintable(QStringLiteral("%1 %").arg(percent)));
    });
    QCOMPARE(result, "111 222 333 end end end; exit 7; 10 bytes");
}

namespace {

Task<> quitsAfter(QEventLoop &loop, std::chrono::nanoseconds delay)
{
    co_await sleepFor(delay);
    loop.quit();
}

// A task closes it: under load a timer of Qt's might overtake the ticks.
void openDialogLoop(Timeline &log)
{
    QEventLoop loop;
    const auto closing = spawn(quitsAfter(loop, 3 * unit + unit / 2));
    loop.exec();
    log.note("closed");
}

Task<> opensADialog(Timeline &log)
{
    co_await yield();
    openDialogLoop(log);
}

} // namespace

void TestNestedRuns::N23_aDialogsLoopInACoroutineLetsTasksGoOn()
{
    Timeline log;
    drive([&] { // in a coroutine
        log.start();
        const auto ticks = spawn(ticker(log, unit, 4));
        runSync(opensADialog(log));
        stop(ticks);
    });
    COMPARE_TIMELINE(log, "tick 0@0, tick 1@1, tick 2@2, tick 3@3, closed@3.5");
    drive([&] { // in a slot, during a wait
        log.start();
        const auto ticks = spawn(ticker(log, unit, 4));
        Future<> isClosed;
        QTimer::singleShot(0, this, [&log, isClosed]() mutable {
            openDialogLoop(log);
            isClosed.setResult();
        });
        runSync(sleepFor(unit / 2));
        runSync(isClosed); // for what is not beneath the slot
        stop(ticks);
    });
    COMPARE_TIMELINE(log, "tick 0@0, tick 1@1, tick 2@2, tick 3@3, closed@3.5");
}

namespace {

// What a raw libuv callback found when it tried to wait.
class RawCallback
{
public:
    RawCallback()
    {
        uv_timer_init(Bridge::current().uvLoop(), &m_timer);
        m_timer.data = this;
        uv_timer_start(&m_timer, [](uv_timer_t *timer) { static_cast<RawCallback *>(timer->data)->fire(); }, 1, 0);
    }
    void close()
    {
        uv_close(reinterpret_cast<uv_handle_t *>(&m_timer), nullptr);
        // Its memory may go when its close callback's turn has passed.
        static_cast<void>(QTest::qWaitFor([] { return CleanupCheck::handleCount() == 1; }));
    }

    QString error; // empty: has not fired
    bool hasTurnedInside = false; // something else ran inside the refused call

private:
    void fire()
    {
        Bridge::current().post([this] { m_hasTurned = true; });
        error = QString::fromStdString(tryRunSync(givesAtOnce(1)).errorString());
        hasTurnedInside = m_hasTurned;
    }

    uv_timer_t m_timer;
    bool m_hasTurned = false;
};

} // namespace

void TestNestedRuns::N24_insideARawCallbackAWaitIsRefused()
{
    drive([&] {
        RawCallback raw;
        Timeline log;
        log.start();
        const auto stranger = spawn(longSleep(log, unit / 2));
        runSync(sleepFor(unit / 4));
        QVERIFY2(raw.error.startsWith("InsideLibuvCallback"), qPrintable(raw.error));
        QVERIFY(!raw.hasTurnedInside);
        // the loop is unharmed: timers, the pool, the network
        QCOMPARE(runSync(givesAfter(1ms, 9)), 9);
        QCOMPARE(runSync(toThread([] { return 8; })), 8);
        runSync(stranger);
        QCOMPARE(log.order(), "slept");
        raw.close();
    });
}

namespace {

Task<> waitsFor(Event &event)
{
    co_await event.wait();
}

} // namespace

void TestNestedRuns::aWaitThatBeginsAsTheOneBeneathIsWokenTakesNothingFromIt()
{
    // given: a wait in Qt; two slots in one batch: the first makes a task ready, for which that wait's event loop is left,
    // and the second blocks before it can be
    Event event;
    Outcome beneath = Outcome::Refused;
    Outcome above = Outcome::Refused;
    drive([&] {
        const auto waiter = spawn(waitsFor(event));
        QTimer::singleShot(0, this, [&] {
            QMetaObject::invokeMethod(this, [&] { event.set(); }, Qt::QueuedConnection);
            QMetaObject::invokeMethod(this, [&] { above = tryRunSync(sleepFor(5ms)).outcome(); }, Qt::QueuedConnection);
        });
        beneath = tryRunSync(sleepFor(20ms)).outcome();
        QVERIFY(waiter.isDone());
    });

    // then: nobody takes that for the application's quit
    QCOMPARE(above, Outcome::Value);
    QCOMPARE(beneath, Outcome::Value);
}

INTERLOOP_TEST_MAIN(TestNestedRuns)
#include "tst_nestedruns.moc"
