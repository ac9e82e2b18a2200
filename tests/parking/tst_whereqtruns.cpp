// SPDX-License-Identifier: MIT
#include <tests/parking/parkingcheck.h>
#include <tests/testmain.h>

#include <interloop/interloop.h>
#include <interloop/loop/stackbounds.h>

#include <QEventLoop>

#include <memory>
#include <vector>

/*
 * Which stack Qt's event loop runs on: the thread's own, whatever is parked, unless code on another stack runs an event
 * loop of its own.
 */

using namespace interloop;
using namespace interloop::test;
using namespace std::chrono_literals;

class Source : public QObject
{
    Q_OBJECT

signals:
    void fired();
    void queued();
};

namespace {

// Looks at every event that is delivered while it lives.
class DeliveryWatch : public QObject
{
public:
    DeliveryWatch() { QCoreApplication::instance()->installEventFilter(this); }

    int onTheThreadsStack() const { return m_onTheThreadsStack; }
    int elsewhere() const { return m_elsewhere; }

    static bool isOnTheThreadsStack()
    {
        static const StackBounds bounds;
        const void *here = __builtin_frame_address(0);
        return here >= bounds.lowest() && here < bounds.highest();
    }

private:
    bool eventFilter(QObject *, QEvent *) override
    {
        ++(isOnTheThreadsStack() ? m_onTheThreadsStack : m_elsewhere);
        return false;
    }

    int m_onTheThreadsStack = 0;
    int m_elsewhere = 0;
};

} // namespace

class TestWhereQtRuns : public QObject
{
    Q_OBJECT

private slots:
    void init() { m_parking.begin(); }
    void cleanup() { m_parking.check(); }

    void bodiesAndTasksRunOnStacksOfTheirOwn();
    void eventsAreDeliveredOnTheThreadsStack();
    void control_aBodysOwnEventLoopDeliversOnItsStack();

private:
    ParkingCheck m_parking;
};

namespace {

Task<> notesStack(bool &isThreads)
{
    isThreads = DeliveryWatch::isOnTheThreadsStack();
    co_return;
}

} // namespace

void TestWhereQtRuns::bodiesAndTasksRunOnStacksOfTheirOwn()
{
    bool ofBody = true, ofTask = true, ofPosted = true, ofPlainSlot = false;
    Source source;
    interloop::connect(&source, &Source::fired, this, [&] { ofBody = DeliveryWatch::isOnTheThreadsStack(); });
    emit source.fired();
    spawn(notesStack(ofTask));
    Bridge::current().post([&] { ofPosted = DeliveryWatch::isOnTheThreadsStack(); });
    QTimer::singleShot(0, this, [&] { ofPlainSlot = DeliveryWatch::isOnTheThreadsStack(); });
    QTRY_COMPARE(Bridge::current().taskCount(), 0);
    QTRY_VERIFY(ofPlainSlot);
    QVERIFY(!ofBody);
    QVERIFY(!ofTask);
    QVERIFY(!ofPosted);
}

namespace {

// Makes events of all kinds, and waits in between.
Task<> makesEvents(Source &source, int rounds)
{
    for (int n = 0; n < rounds; ++n) {
        emit source.queued();
        emit source.fired();
        co_await sleepFor(1ms);
        QTimer::singleShot(0, &source, [] { });
        runSync(sleepFor(1ms));
        (new QObject)->deleteLater();
        co_await yield();
    }
}

} // namespace

void TestWhereQtRuns::eventsAreDeliveredOnTheThreadsStack()
{
    Source source;
    int queued = 0, ended = 0;
    connect(&source, &Source::queued, this, [&] { ++queued; }, Qt::QueuedConnection);
    const auto slot = [&] {
        runSync(sleepFor(2ms));
        emit source.queued();
        runSync(yield());
        ++ended;
    };
    interloop::connect(&source, &Source::fired, this, slot, Overlap::Parallel);

    const DeliveryWatch watch;
    for (int n = 0; n < 10; ++n)
        spawn(makesEvents(source, 10));
    QTRY_COMPARE(ended, 100);
    QTRY_COMPARE(queued, 200);
    QTRY_COMPARE(Bridge::current().taskCount(), 0);

    QCOMPARE(watch.elsewhere(), 0);
    QVERIFY2(watch.onTheThreadsStack() > 400, qPrintable(QString::number(watch.onTheThreadsStack())));
}

void TestWhereQtRuns::control_aBodysOwnEventLoopDeliversOnItsStack()
{
    Source source;
    bool hasEnded = false;
    interloop::connect(&source, &Source::fired, this, [&] {
        QEventLoop loop;
        QTimer::singleShot(0, &loop, &QEventLoop::quit);
        loop.exec();
        hasEnded = true;
    });
    const DeliveryWatch watch;
    emit source.fired();
    QTRY_VERIFY(hasEnded);
    QVERIFY(watch.elsewhere() > 0);
}

INTERLOOP_TEST_MAIN(TestWhereQtRuns)
#include "tst_whereqtruns.moc"
