// SPDX-License-Identifier: MIT
#include <tests/drivers.h>
#include <tests/parking/parkingcheck.h>
#include <tests/testmain.h>
#include <tests/timeline.h>

#include <interloop/interloop.h>
#include <interloop/test/randomorder.h>

#include <QFile>

#include <chrono>
#include <functional>
#include <vector>

/*
 * Many stacks parked at once: how they are counted, limited, cancelled and resumed.
 */

using namespace interloop;
using namespace interloop::test;

class Source : public QObject
{
    Q_OBJECT

signals:
    void fired();
};

class TestManyParked : public QObject
{
    Q_OBJECT

private slots:
    void init()
    {
        m_parking.begin();
        Bridge::current().setMaximumParked(10'000);
    }
    void cleanup() { m_parking.check(); }

    void depthCountsWaitsOnTopOfEachOtherAndParkedTheOthers();
    void fiveThousandSlotsParkAtOnce();
    void fiveThousandTasksParkAtOnce();
    void stacksAreUsedAgain();
    void oneMoreThanTheMaximumIsRefusedBeforeItsTaskBegins();
    void theMaximumDoesNotCountNestedWaits();
    void cancellingAConnectionReachesItsParkedSlotsAtOnce();
    void cancellingATaskReachesItsParkedWaitAtOnce();

private:
    ParkingCheck m_parking;
};

namespace {

// "depth 1, parked 0, blocking"
QString counts()
{
    const Bridge &bridge = Bridge::current();
    const QString text = QStringLiteral("depth %1, parked %2").arg(bridge.depth()).arg(bridge.parked());
    return bridge.isBlocking() ? text + QStringLiteral(", blocking") : text;
}

Task<> waitsFor(Future<> gate)
{
    co_await gate;
}

// Of this process, in bytes. proc(5), "/proc/pid/statm".
double residentMemory()
{
    QFile statistics(QStringLiteral("/proc/self/statm"));
    if (!statistics.open(QIODevice::ReadOnly))
        return 0;
    return statistics.readAll().split(' ').value(1).toDouble() * double(sysconf(_SC_PAGESIZE));
}

constexpr int many = isSanitized ? 500 : 5'000;

void sayMemory(const char *what, double before)
{
    const double each = (residentMemory() - before) / many / 1024;
    qInfo("%d %s parked: %.1f KiB each", many, what, each);
}

} // namespace

void TestManyParked::depthCountsWaitsOnTopOfEachOtherAndParkedTheOthers()
{
    Source source;
    QStringList found;
    Future<> gate;
    interloop::connect(&source, &Source::fired, this, [&] {
        found += "body: " + counts();
        runSync(gate);
        found += "body resumed: " + counts();
    });

    found += "before: " + counts();
    emit source.fired();
    found += "emitted: " + counts();
    QTimer::singleShot(0, this, [&] {
        found += "slot in a nested wait: " + counts();
        gate.setResult();
    });
    runSync(waitsFor(gate));
    QTRY_COMPARE(Bridge::current().parked(), 0);
    found += "after: " + counts();

    QCOMPARE(found, QStringList({"before: depth 0, parked 0", "body: depth 0, parked 0", "emitted: depth 0, parked 1",
                                 "slot in a nested wait: depth 1, parked 1, blocking",
                                 "body resumed: depth 1, parked 0, blocking", "after: depth 0, parked 0"}));
}

void TestManyParked::fiveThousandSlotsParkAtOnce()
{
    Source source;
    Future<> gate;
    int ended = 0;
    const auto slot = [&] {
        runSync(gate);
        ++ended;
    };
    interloop::connect(&source, &Source::fired, this, slot, Overlap::Parallel);

    const double before = residentMemory();
    for (int n = 0; n < many; ++n)
        emit source.fired();
    sayMemory("slots", before);
    QCOMPARE(Bridge::current().parked(), many);
    QCOMPARE(ended, 0);

    gate.setResult();
    QTRY_COMPARE(ended, many);
    QCOMPARE(Bridge::current().parked(), 0);
}

namespace {

Task<> blocksFor(Future<> gate, int &ended)
{
    runSync(gate);
    ++ended;
    co_return;
}

} // namespace

void TestManyParked::fiveThousandTasksParkAtOnce()
{
    Future<> gate;
    int ended = 0;
    const double before = residentMemory();
    for (int n = 0; n < many; ++n)
        spawn(blocksFor(gate, ended), "blocks");
    QTRY_COMPARE(Bridge::current().parked(), many);
    sayMemory("tasks", before);
    QCOMPARE(ended, 0);

    gate.setResult();
    QTRY_COMPARE(ended, many);
}

void TestManyParked::stacksAreUsedAgain()
{
    Source source;
    Future<> gate;
    const auto slot = [&] { runSync(gate); };
    interloop::connect(&source, &Source::fired, this, slot, Overlap::Parallel);
    double afterTheFirst = 0;
    for (int round = 0; round < 20; ++round) {
        gate = Future<>();
        for (int n = 0; n < 100; ++n)
            emit source.fired();
        QCOMPARE(Bridge::current().parked(), 100);
        gate.setResult();
        QTRY_COMPARE(Bridge::current().parked(), 0);
        if (round == 0)
            afterTheFirst = residentMemory();
    }
    // 1,900 more stacks would be at least 7 MiB
    const double grown = (residentMemory() - afterTheFirst) / 1024 / 1024;
    QVERIFY2(isSanitized || grown < 2, qPrintable(QStringLiteral("%1 MiB").arg(grown)));
}

namespace {

Task<> countsAndWaits(int &begun, Future<> gate)
{
    ++begun;
    co_await gate;
}

} // namespace

void TestManyParked::oneMoreThanTheMaximumIsRefusedBeforeItsTaskBegins()
{
    Bridge::current().setMaximumParked(3);
    Source source;
    Future<> gate;
    int begun = 0;
    QStringList ends;
    const auto slot = [&] {
        const Result<> result = tryRunSync(countsAndWaits(begun, gate));
        ends += result ? QStringLiteral("Value") : QString::fromStdString(result.errorString()).section(':', 0, 0);
    };
    interloop::connect(&source, &Source::fired, this, slot, Overlap::Parallel);

    for (int n = 0; n < 4; ++n)
        emit source.fired();
    QCOMPARE(Bridge::current().parked(), 3);
    QCOMPARE(begun, 3);
    QCOMPARE(ends, QStringList({"TooDeep"}));

    gate.setResult();
    QTRY_COMPARE(ends, QStringList({"TooDeep", "Value", "Value", "Value"}));
    gate = Future<>();
    emit source.fired(); // and there is room again
    QCOMPARE(Bridge::current().parked(), 1);
    gate.setResult();
    QTRY_COMPARE(ends.size(), 5);
}

void TestManyParked::theMaximumDoesNotCountNestedWaits()
{
    Bridge::current().setMaximumParked(1);
    Source source;
    interloop::connect(&source, &Source::fired, this, [] { runSync(sleepFor(5ms)); });
    emit source.fired();
    QCOMPARE(Bridge::current().parked(), 1);
    runSync(sleepFor(10ms)); // of the thread's own stack
    QTRY_COMPARE(Bridge::current().parked(), 0);
}

namespace {

// What the loop does behind a cancellation that comes from a slot of Qt's: a hundred callbacks of 1 ms are queued
// behind it. When the cancelled wait returned, among them.
class Cancellation
{
public:
    void carryOut(const std::function<void()> &cancel)
    {
        QTimer::singleShot(0, QCoreApplication::instance(), [this, cancel] {
            m_begin = std::chrono::steady_clock::now();
            cancel();
            for (int n = 0; n < 100; ++n) {
                Bridge::current().post([this] {
                    ++m_callbacks;
                    QTest::qSleep(1);
                });
            }
        });
    }

    void returned()
    {
        const auto time = std::chrono::steady_clock::now() - m_begin;
        m_returns += QString::number(m_callbacks);
        qInfo("the wait returned %.0f us after the cancellation", double(time / 1ns) / 1000);
    }

    const QStringList &returns() const { return m_returns; }
    bool isOver() const { return m_callbacks == 100; }

private:
    std::chrono::steady_clock::time_point m_begin;
    int m_callbacks = 0;
    QStringList m_returns; // how many callbacks were before each
};

} // namespace

void TestManyParked::cancellingAConnectionReachesItsParkedSlotsAtOnce()
{
    const FifoOrder fifo;
    Source source;
    Cancellation cancellation;
    std::vector<Outcome> outcomes;
    const auto slot = [&] {
        outcomes.push_back(tryRunSync(sleepFor(60s)).outcome());
        cancellation.returned();
    };
    Connection connection = interloop::connect(&source, &Source::fired, this, slot, Overlap::Parallel);
    emit source.fired();
    emit source.fired();
    QCOMPARE(Bridge::current().parked(), 2);

    cancellation.carryOut([&connection] { connection.cancel(); });
    QTRY_VERIFY(cancellation.isOver());

    QCOMPARE(cancellation.returns(), QStringList({"0", "0"}));
    QCOMPARE(outcomes, std::vector<Outcome>(2, Outcome::Cancelled));
    QVERIFY(!connection.isRunning());
}

namespace {

Task<> blocksForLong(Cancellation &cancellation, Outcome &outcome)
{
    outcome = tryRunSync(sleepFor(60s)).outcome();
    cancellation.returned();
    co_return;
}

} // namespace

void TestManyParked::cancellingATaskReachesItsParkedWaitAtOnce()
{
    const FifoOrder fifo;
    Cancellation cancellation;
    Outcome outcome = Outcome::Value;
    const TaskHandle<> task = spawn(blocksForLong(cancellation, outcome), "blocks");
    QTRY_COMPARE(Bridge::current().parked(), 1);

    cancellation.carryOut([&task] { task.cancel(); });
    QTRY_VERIFY(cancellation.isOver());

    QCOMPARE(cancellation.returns(), QStringList({"0"}));
    QCOMPARE(outcome, Outcome::Cancelled);
}

INTERLOOP_TEST_MAIN(TestManyParked)
#include "tst_manyparked.moc"
