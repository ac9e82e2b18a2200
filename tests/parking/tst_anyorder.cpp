// SPDX-License-Identifier: MIT
#include <tests/drivers.h>
#include <tests/framework.h>
#include <tests/messages.h>
#include <tests/parking/parkingcheck.h>
#include <tests/testmain.h>
#include <tests/timeline.h>

#include <interloop/interloop.h>
#include <interloop/test/randomorder.h>
#include <interloop/test/virtualclock.h>

#include <QSignalSpy>

#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

/*
 * Waits that park end in any order: each returns when what it waits for has ended, whatever was begun after it.
 */

using namespace interloop;
using namespace interloop::test;

class Source : public QObject
{
    Q_OBJECT

signals:
    void asked(int units);
};

class TestAnyOrder : public QObject
{
    Q_OBJECT

private slots:
    void init() { m_parking.begin(); }
    void cleanup()
    {
        Bridge::current().setHeldBackThreshold(250ms);
        m_parking.check();
    }

    void N04_slotsReturnWhenTheirOwnWaitEnds_data() { addDrivers(); }
    void N04_slotsReturnWhenTheirOwnWaitEnds();
    void N04_control_nestedTheyReturnLastInFirstOut_data() { addDrivers(); }
    void N04_control_nestedTheyReturnLastInFirstOut();
    void N04_allOrdersUpToDepthEight_data();
    void N04_allOrdersUpToDepthEight();
    void N04_aParkedWaitIsNotHeldBack();
    void N05_aSlotThatWaitsLongerThanItsSignalsPeriodCompletes();
    void N12_aSlotMayWaitForATaskThatBlocks_data();
    void N12_aSlotMayWaitForATaskThatBlocks();
    void A05_plainHandlersAskTheirOwnServer_data();
    void A05_plainHandlersAskTheirOwnServer();
    void aTasksShorterWaitReturnsBeforeItsSiblingsLongerOne_data() { addDrivers(); }
    void aTasksShorterWaitReturnsBeforeItsSiblingsLongerOne();
    void postedFunctionsReturnWhenTheirOwnWaitEnds_data() { addDrivers(); }
    void postedFunctionsReturnWhenTheirOwnWaitEnds();

private:
    ParkingCheck m_parking;
};

namespace {

// Three slots begin one after the other, each in an event of its own, and wait for 1, 4 and 2 units.
void overlap(Timeline &log, Wait wait)
{
    Source source;
    const auto slot = [&log](int units) {
        runSync(sleepFor(units * unit));
        log.note(QString::number(units));
    };
    interloop::connect(&source, &Source::asked, &source, slot, Overlap::Parallel, wait);
    log.start();
    for (const int units : {1, 4, 2})
        QTimer::singleShot(0, &source, [&source, units] { emit source.asked(units); });
    runSync(sleepFor(5 * unit));
}

} // namespace

void TestAnyOrder::N04_slotsReturnWhenTheirOwnWaitEnds()
{
    Timeline log;
    drive([&log] { overlap(log, Wait::Park); });
    COMPARE_TIMELINE(log, "1@1, 2@2, 4@4");
}

void TestAnyOrder::N04_control_nestedTheyReturnLastInFirstOut()
{
    Timeline log;
    Bridge::current().setHeldBackThreshold(1s);
    drive([&log] { overlap(log, Wait::Nest); });
    COMPARE_TIMELINE(log, "2@2, 4@4, 1@4");
}

namespace {

using Waits = std::vector<int>;

// Begins all waits in one emission each and says how they returned, in virtual hours: "1@1 2@2".
QString returnsOf(const Waits &waits)
{
    const VirtualClock clock;
    Source source;
    QStringList returns;
    const auto slot = [&](int hours) {
        runSync(sleepFor(hours * 1h));
        returns += QStringLiteral("%1@%2").arg(hours).arg(double(clock.elapsed() / 1ns) / double(1h / 1ns));
    };
    interloop::connect(&source, &Source::asked, &source, slot, Overlap::Parallel);
    for (const int hours : waits)
        emit source.asked(hours);
    const int parked = Bridge::current().parked();
    runSync(sleepFor(24h));
    return parked == int(waits.size()) ? returns.join(' ') : QStringLiteral("%1 were parked").arg(parked);
}

} // namespace

// In one configuration really all, 46,232 of them; in the others 120 of those that begin with the same wait.
void TestAnyOrder::N04_allOrdersUpToDepthEight_data()
{
    QTest::addColumn<int>("depth");
    QTest::addColumn<int>("first");
    for (int depth = 2; depth <= 8; ++depth) {
        for (int first = 1; first <= depth; ++first)
            QTest::addRow("depth %d, %d first", depth, first) << depth << first;
    }
}

void TestAnyOrder::N04_allOrdersUpToDepthEight()
{
    QFETCH(int, depth);
    QFETCH(int, first);
    constexpr int sampled = 120;
    const bool isExhaustive = !isSanitized && !qEnvironmentVariableIsSet("QT_QPA_PLATFORM")
            && !qEnvironmentVariableIsSet("QT_NO_GLIB");
    Waits waits(std::size_t(depth), 0);
    std::iota(waits.begin(), waits.end(), 1);
    QStringList expected;
    for (const int hours : waits)
        expected += QStringLiteral("%1@%1").arg(hours);
    std::rotate(waits.begin(), waits.begin() + first - 1, waits.begin() + first);

    std::mt19937 random{unsigned(first)}; // always the same orders
    for (int n = 0; isExhaustive || n < sampled; ++n) {
        QVERIFY2(returnsOf(waits) == expected.join(' '), qPrintable(returnsOf(waits)));
        if (!isExhaustive && depth > 6)
            std::shuffle(waits.begin() + 1, waits.end(), random);
        else if (!std::next_permutation(waits.begin() + 1, waits.end()))
            break;
    }
}

void TestAnyOrder::N04_aParkedWaitIsNotHeldBack()
{
    const LoggedMessages messages;
    const QSignalSpy heldBack(&Bridge::current(), &Bridge::waitHeldBack);
    Bridge::current().setHeldBackThreshold(unit / 2);
    Source source;
    std::vector<std::chrono::nanoseconds> times;
    const auto slot = [&times](int units) {
        runSync(sleepFor(units * unit));
        times.push_back(Bridge::current().lastHeldBack());
    };
    interloop::connect(&source, &Source::asked, this, slot, Overlap::Parallel);

    emit source.asked(1);
    emit source.asked(3);
    QTRY_COMPARE(times.size(), std::size_t(2));

    QCOMPARE(times, std::vector<std::chrono::nanoseconds>(2, 0ns));
    QCOMPARE(heldBack.size(), 0);
    QCOMPARE(messages.texts(), QStringList());
}

void TestAnyOrder::N05_aSlotThatWaitsLongerThanItsSignalsPeriodCompletes()
{
    constexpr int ticks = 20;
    QTimer timer;
    timer.setTimerType(Qt::PreciseTimer);
    int begun = 0, ended = 0, mostAtOnce = 0, endedAtTheEnd = -1;
    connect(&timer, &QTimer::timeout, this, [&] {
        if (begun < ticks)
            return;
        endedAtTheEnd = ended; // the last period is over
        timer.disconnect();
    });
    const auto slot = [&] {
        mostAtOnce = std::max(mostAtOnce, ++begun - ended);
        runSync(sleepFor(unit * 3 / 2));
        ++ended;
    };
    interloop::connect(&timer, &QTimer::timeout, this, slot, Overlap::Parallel);

    const auto takenBefore = timeTakenByOthers();
    timer.start(unit);
    QTRY_COMPARE_WITH_TIMEOUT(ended, ticks, 10'000);

    // a wait that is late by half a period may still be there when the next but one begins
    const int excused = int((timeTakenByOthers() - takenBefore) / (unit / 2));
    QVERIFY2(mostAtOnce >= 2 && mostAtOnce <= 2 + excused, qPrintable(QString::number(mostAtOnce)));
    QVERIFY2(endedAtTheEnd >= ticks - 1 - excused, qPrintable(QString::number(endedAtTheEnd)));
}

namespace {

Task<int> blocks(std::chrono::nanoseconds time, int number)
{
    runSync(sleepFor(time));
    co_return number;
}

// A slot, begun while `A` blocks, waits for that task. When it has its result, or how it was refused.
void waitsForABlockingTask(Timeline &log)
{
    Source source;
    log.start();
    const TaskHandle<int> a = spawn(blocks(unit, 5), "A");
    const auto slot = [&](int) {
        const Result<int> result = tryRunSync(a);
        log.note(result ? QString::number(result.value()) : QString::fromStdString(result.errorString()).left(8));
    };
    interloop::connect(&source, &Source::asked, &source, slot);
    QTimer::singleShot(unit / 5, Qt::PreciseTimer, &source, [&source] { emit source.asked(0); });
    runSync(sleepFor(2 * unit));
}

} // namespace

void TestAnyOrder::N12_aSlotMayWaitForATaskThatBlocks_data()
{
    QTest::addColumn<Driver>("driver");
    QTest::addColumn<bool>("isParking");
    QTest::addColumn<QString>("expected");
    const auto add = [](Driver driver, const char *name) {
        QTest::addRow("%s, parked", name) << driver << true << QStringLiteral("5@1");
        QTest::addRow("%s, nested", name) << driver << false << QStringLiteral("Deadlock@0.2");
    };
    add(Driver::Top, "top");
    add(Driver::Task, "task");
    add(Driver::Slot, "slot");
}

void TestAnyOrder::N12_aSlotMayWaitForATaskThatBlocks()
{
    QFETCH(bool, isParking);
    QFETCH(QString, expected);
    Bridge::current().setParking(isParking);
    Timeline log;
    drive([&log] { waitsForABlockingTask(log); });
    QCOMPARE(log.against(expected), expected);
}

void TestAnyOrder::A05_plainHandlersAskTheirOwnServer_data()
{
    QTest::addColumn<Driver>("driver");
    QTest::addColumn<bool>("isPosted");
    const auto add = [](Driver driver, const char *name) {
        QTest::addRow("%s, in tasks", name) << driver << false;
        QTest::addRow("%s, posted", name) << driver << true;
    };
    add(Driver::Top, "top");
    add(Driver::Task, "task");
    add(Driver::Slot, "slot");
}

void TestAnyOrder::A05_plainHandlersAskTheirOwnServer()
{
    QFETCH(bool, isPosted);
    const QSignalSpy heldBack(&Bridge::current(), &Bridge::waitHeldBack);
    Timeline log;
    drive([&] {
        const Framework framework(isPosted ? Framework::Handlers::Posted : Framework::Handlers::InTasks);
        const int port = framework.port();
        log.start();
        runSync(gather(timedRequest(log, port, "1"), timedRequest(log, port, "4"), timedRequest(log, port, "2")));
    });
    COMPARE_TIMELINE(log, "1@1, 2@2, 4@4");
    QCOMPARE(heldBack.size(), 0);
}

namespace {

Task<> blocksAndNotes(Timeline &log, int units)
{
    runSync(sleepFor(units * unit));
    log.note(QString::number(units));
    co_return;
}

} // namespace

void TestAnyOrder::aTasksShorterWaitReturnsBeforeItsSiblingsLongerOne()
{
    Timeline log;
    drive([&log] {
        log.start();
        std::vector<TaskHandle<>> tasks;
        for (const int units : {2, 1, 3})
            tasks.push_back(spawn(blocksAndNotes(log, units)));
        for (const TaskHandle<> &task : tasks)
            runSync(task);
        log.note("all");
    });
    COMPARE_TIMELINE(log, "1@1, 2@2, 3@3, all@3");
}

void TestAnyOrder::postedFunctionsReturnWhenTheirOwnWaitEnds()
{
    Timeline log;
    drive([&log] {
        log.start();
        for (const int units : {2, 1}) {
            Bridge::current().post([&log, units] {
                runSync(sleepFor(units * unit));
                log.note(QString::number(units));
            });
        }
        runSync(sleepFor(3 * unit));
    });
    COMPARE_TIMELINE(log, "1@1, 2@2");
}

INTERLOOP_TEST_MAIN(TestAnyOrder)
#include "tst_anyorder.moc"
