// SPDX-License-Identifier: MIT
#include <tests/task/virtualscheduler.h>

#include <interloop/task/sleep.h>
#include <interloop/task/task.h>

#include <QObject>
#include <QTest>

#include <optional>
#include <string>
#include <type_traits>

using namespace interloop;
using namespace interloop::test;

static_assert(!std::is_aggregate_v<Sleep<std::chrono::nanoseconds>>);
static_assert(!std::is_aggregate_v<Sleep<TimePoint>>);
static_assert(!std::is_aggregate_v<SleepAwaiter>);
static_assert(!std::is_aggregate_v<Yield>);
static_assert(!std::is_aggregate_v<YieldAwaiter>);

namespace {

template<typename Wait>
Task<> noteAround(std::string name, Wait wait)
{
    note(name);
    co_await wait;
    note(name + " after");
}

} // namespace

class TestSleep : public QObject
{
    Q_OBJECT

private slots:
    void init() { loop.emplace(); }
    void cleanup() { QCOMPARE(end(loop), QStringList()); }

    void sleepIsCountedFromTheAwait();
    void sleepsEndInTheOrderOfTheirDeadlines();
    void A27_equalDeadlinesEndInTheOrderOfTheirStarts();
    void sleepUntilEndsAtItsDeadline();
    void oneSleepCanBeAwaitedSeveralTimes();
    void zeroAndNegativeAreAYield_data();
    void zeroAndNegativeAreAYield();
    void yieldLetsEverythingReadyGoFirst();
    void endlessSleepCanBeCancelled();
    void cancelledSleepLeavesNoTimer();
    void deadlineThatHasPassedWinsOverACancel();
    void loopedYieldsNeedNoStack();

private:
    std::optional<VirtualScheduler> loop;
};

void TestSleep::sleepIsCountedFromTheAwait()
{
    const auto body = []() -> Task<> {
        const auto second = sleepFor(1s);
        co_await sleepFor(2500ms);
        note("made earlier");
        co_await second;
        note("awaited");
    };
    loop->runTask(body());
    QCOMPARE(loop->takeNotes(), (QStringList{"made earlier@2.5", "awaited@3.5"}));
}

void TestSleep::sleepsEndInTheOrderOfTheirDeadlines()
{
    spawn(sleeper("3", 3s));
    spawn(sleeper("1", 1s));
    spawn(sleeper("2", 2s));
    loop->run();
    QCOMPARE(unordered(loop->takeNotes()),
             unordered({"Start 3@0", "Start 1@0", "Start 2@0", "End 1@1", "End 2@2", "End 3@3"}));
}

void TestSleep::A27_equalDeadlinesEndInTheOrderOfTheirStarts()
{
    const FifoOrder fifo;
    QStringList expected;
    for (int n = 0; n < 50; ++n) {
        spawn(noteAround(std::to_string(n), sleepFor(1s)));
        expected += QString("%1 after@1").arg(n);
    }
    loop->runReady();
    loop->takeNotes();
    loop->run();
    QCOMPARE(loop->takeNotes(), expected);
}

void TestSleep::sleepUntilEndsAtItsDeadline()
{
    loop->runUntil(1s);
    spawn(noteAround("until", sleepUntil(TimePoint(3s))));
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"until@1", "until after@3"}));
}

void TestSleep::oneSleepCanBeAwaitedSeveralTimes()
{
    const auto body = []() -> Task<> {
        const auto second = sleepFor(1s);
        for (int round = 0; round < 3; ++round) {
            co_await second;
            note("slept");
        }
    };
    loop->runTask(body());
    QCOMPARE(loop->takeNotes(), (QStringList{"slept@1", "slept@2", "slept@3"}));
}

void TestSleep::zeroAndNegativeAreAYield_data()
{
    QTest::addColumn<qint64>("nanoseconds");
    QTest::addColumn<bool>("isDeadline");
    QTest::newRow("zero") << qint64(0) << false;
    QTest::newRow("negative") << qint64(-1) << false;
    QTest::newRow("most negative") << std::numeric_limits<qint64>::min() << false;
    QTest::newRow("deadline now") << qint64(5'000'000'000) << true;
    QTest::newRow("deadline passed") << qint64(1) << true;
    QTest::newRow("first deadline of all") << std::numeric_limits<qint64>::min() << true;
}

void TestSleep::zeroAndNegativeAreAYield()
{
    QFETCH(qint64, nanoseconds);
    QFETCH(bool, isDeadline);
    const std::chrono::nanoseconds time(nanoseconds);
    loop->runUntil(5s);

    if (isDeadline)
        spawn(noteAround("sleep", sleepUntil(TimePoint(time))));
    else
        spawn(noteAround("sleep", sleepFor(time)));
    spawn(noteAround("other", yield()));
    loop->run();
    QCOMPARE(unordered(loop->takeNotes()), unordered({"sleep@5", "other@5", "sleep after@5", "other after@5"}));
}

void TestSleep::yieldLetsEverythingReadyGoFirst()
{
    const FifoOrder fifo;
    const auto body = []() -> Task<> {
        for (int n = 0; n < 3; ++n)
            spawn(noteAround(std::to_string(n), sleepFor(1s)));
        co_await yield();
        note("yielded");
    };
    loop->runTask(body());
    QCOMPARE(loop->takeNotes(), (QStringList{"0@0", "1@0", "2@0", "yielded@0", "0 after@1", "1 after@1", "2 after@1"}));
}

void TestSleep::endlessSleepCanBeCancelled()
{
    const TaskHandle<> handle = spawn(sleeper("endless", std::chrono::nanoseconds::max()));
    loop->runUntil(1s);
    handle.cancel();
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"Start endless@0", "Cancelled endless@1"}));
}

void TestSleep::cancelledSleepLeavesNoTimer()
{
    const TaskHandle<> handle = spawn(sleeper("task", 10s));
    loop->runReady();
    QVERIFY(!loop->timers().isEmpty());
    handle.cancel();
    QVERIFY(loop->timers().isEmpty());
    loop->run();
    QCOMPARE(loop->time(), "0");
    loop->takeNotes();
}

void TestSleep::deadlineThatHasPassedWinsOverACancel()
{
    const TaskHandle<> handle = spawn(sleeper("task", 1s));
    loop->runReady();
    loop->step(); // the clock jumps: the task is ready, and has not run
    QVERIFY(loop->hasReady());
    QVERIFY(handle.cancel());
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"Start task@0", "End task@1"}));
    QCOMPARE(endOf(handle), "value");
}

void TestSleep::loopedYieldsNeedNoStack()
{
    const auto body = []() -> Task<std::size_t> {
        const char *base = static_cast<const char *>(__builtin_frame_address(0));
        std::size_t used = 0;
        for (int round = 0; round < 300'000; ++round) {
            co_await yield();
            const char *here = static_cast<const char *>(__builtin_frame_address(0));
            used = std::max(used, std::size_t(here > base ? here - base : base - here));
        }
        co_return used;
    };
    const std::size_t used = loop->runTask(body());
    QVERIFY2(used < 16 * 1024, qPrintable(QString("%1 bytes").arg(used)));
    QVERIFY(loop->takenCount() > 300'000);
}

QTEST_APPLESS_MAIN(TestSleep)
#include "tst_sleep.moc"
