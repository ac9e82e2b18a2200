// SPDX-License-Identifier: MIT
#include <tests/cleanupcheck.h>
#include <tests/drivers.h>
#include <tests/testmain.h>

#include <interloop/interloop.h>
#include <interloop/test/virtualclock.h>
#include <interloop/test/waituntilidle.h>

#include <QObject>
#include <QStringList>
#include <QTest>

#include <chrono>
#include <optional>
#include <semaphore>
#include <type_traits>

using namespace interloop;
using namespace interloop::test;
using namespace std::chrono_literals;

static_assert(!std::is_aggregate_v<UntilIdle>);
static_assert(!std::is_aggregate_v<IdleAwaiter>);

class TestWaitUntilIdle : public QObject
{
    Q_OBJECT

private slots:
    void init() { m_leaks.begin(); }
    void cleanup() { m_leaks.check(); }

    void everyOtherTaskHasDoneAllItCan_data();
    void everyOtherTaskHasDoneAllItCan();
    void theClockDoesNotJumpMeanwhile();
    void allWhoWaitGoOnTogether();
    void postedEventsHaveBeenDelivered();
    void whatBothEndsOfAConnectionDoIsSeen();
    void whatIsInFlightIsNotWaitedFor();
    void itCanBeCancelled();
    void itEndsWithTheBridge();

private:
    CleanupCheck m_leaks;
};

namespace {

Task<> yieldThenWait(int yields, int &done, Future<> end)
{
    for (int i = 0; i < yields; ++i)
        co_await yield();
    ++done;
    co_await std::move(end);
}

Task<> awaitIdle(QStringList &log, QString name)
{
    co_await waitUntilIdle();
    log += name;
    co_await yield();
    log += name + " goes on";
}

Task<> pingPong(int rounds, int &done)
{
    TcpServer server = TcpServer::listen(QStringLiteral("127.0.0.1"), 0);
    TcpSocket client = co_await TcpSocket::connect(QStringLiteral("127.0.0.1"), server.port());
    TcpSocket peer = co_await server.accept();
    for (; done < rounds; ++done) {
        co_await client.write(QByteArray("x"));
        co_await peer.read();
        co_await peer.write(QByteArray("y"));
        co_await client.read();
    }
    co_await client.read(); // nothing comes
}

} // namespace

void TestWaitUntilIdle::everyOtherTaskHasDoneAllItCan_data()
{
    addDrivers();
}

void TestWaitUntilIdle::everyOtherTaskHasDoneAllItCan()
{
    drive([] {
        Future<> end;
        int done = 0;
        const TaskHandle<> first = spawn(yieldThenWait(10000, done, end));
        const TaskHandle<> second = spawn(yieldThenWait(1, done, end));
        runSync(waitUntilIdle());
        QCOMPARE(done, 2);
        QVERIFY(!first.isDone());
        end.setResult();
        runSync(waitUntilIdle());
        QVERIFY(first.isDone());
        QVERIFY(second.isDone());
    });
}

void TestWaitUntilIdle::theClockDoesNotJumpMeanwhile()
{
    const VirtualClock clock;
    const TaskHandle<> sleeping = spawn(asTask(sleepFor(1h)));
    for (int i = 0; i < 10; ++i)
        runSync(waitUntilIdle());
    QCOMPARE(clock.elapsed(), 0ns);
    QVERIFY(!sleeping.isDone());
    runSync(sleeping);
    runSync(waitUntilIdle());
    QCOMPARE(clock.elapsed(), 1h);
}

void TestWaitUntilIdle::allWhoWaitGoOnTogether()
{
    QStringList log;
    runSync(gather(awaitIdle(log, "1"), awaitIdle(log, "2"), awaitIdle(log, "3")));
    QStringList before = log.mid(0, 3);
    before.sort(); // in whatever order
    QCOMPARE(before, QStringList({"1", "2", "3"}));
}

void TestWaitUntilIdle::postedEventsHaveBeenDelivered()
{
    QObject receiver;
    int steps = 0;
    std::function<void()> step = [&] {
        if (++steps < 100)
            QMetaObject::invokeMethod(&receiver, step, Qt::QueuedConnection);
    };
    QMetaObject::invokeMethod(&receiver, step, Qt::QueuedConnection);
    runSync(waitUntilIdle());
    QCOMPARE(steps, 100);
}

void TestWaitUntilIdle::whatBothEndsOfAConnectionDoIsSeen()
{
    int done = 0;
    const TaskHandle<> task = spawn(pingPong(500, done));
    const auto connecting = [](const int &done) -> Task<> {
        while (done == 0)
            co_await sleepFor(1ms);
    };
    runSync(connecting(done)); // a name is resolved in another thread
    runSync(waitUntilIdle());
    QCOMPARE(done, 500);
    task.cancel();
    QVERIFY(!tryRunSync(task));
}

void TestWaitUntilIdle::whatIsInFlightIsNotWaitedFor()
{
    std::binary_semaphore mayEnd(0);
    const auto work = [&mayEnd] { mayEnd.acquire(); };
    const TaskHandle<> job = spawn(toThread(work));
    const TaskHandle<> sleeping = spawn(asTask(sleepFor(1h)));
    runSync(waitUntilIdle());
    QVERIFY(!job.isDone());
    mayEnd.release();
    runSync(job);
    sleeping.cancel();
    QVERIFY(!tryRunSync(sleeping));
}

void TestWaitUntilIdle::itCanBeCancelled()
{
    const TaskHandle<> waiting = spawn(asTask(waitUntilIdle()));
    const auto cancelAtOnce = [](TaskHandle<> waiting) -> Task<> {
        co_await yield(); // it waits now
        waiting.cancel();
    };
    runSync(cancelAtOnce(waiting));
    QCOMPARE(tryRunSync(waiting).outcome(), Outcome::Cancelled);
}

void TestWaitUntilIdle::itEndsWithTheBridge()
{
    bool hasBegun = false;
    std::optional<Outcome> outcome;
    const auto waitInScope = [](bool &hasBegun, std::optional<Outcome> &outcome) -> Task<> {
        hasBegun = true;
        try {
            co_await waitUntilIdle();
            outcome = Outcome::Value;
        } catch (const Cancelled &cancelled) {
            outcome = cancelled.outcome();
        }
    };
    spawn(waitInScope(hasBegun, outcome));
    while (!hasBegun)
        runSync(yield());
    QVERIFY(!outcome);
    Bridge::current().close();
    QVERIFY(outcome);
}

INTERLOOP_TEST_MAIN(TestWaitUntilIdle)
#include "tst_waituntilidle.moc"
