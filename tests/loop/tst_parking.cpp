// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>

#include <tests/cleanupcheck.h>
#include <tests/testmain.h>
#include <tests/ticks.h>
#include <tests/timeline.h>

#include <QEventLoop>

#include <optional>

using namespace interloop;
using namespace interloop::test;
using namespace std::chrono_literals;

class Emitter : public QObject
{
    Q_OBJECT

signals:
    void fired();
    void inner();
    void numbered(int number);
};

/*
 * What a parked wait must not change: who may nest, what clean-up may do after a quit, when the bridge ends.
 */
class TestParking : public QObject
{
    Q_OBJECT

private slots:
    void initTestCase()
    {
        Bridge::current().setParking(true);
        if (!Bridge::current().isParking())
            QSKIP("nothing is parked in this build");
    }
    void init()
    {
        m_leaks.begin();
        Bridge::current().setParking(true);
    }
    void cleanup()
    {
        QCOMPARE(Bridge::current().parked(), 0);
        m_leaks.check();
    }

    void aTasksCleanUpGoesOnAfterQuit();
    void aParkedBodysCleanUpGoesOnWhenAQuitEndsANestedWait_data();
    void aParkedBodysCleanUpGoesOnWhenAQuitEndsANestedWait();
    void theNextBodyOfAConnectionThatNestsNests();
    void aSignalAfterTheFirstBodysEndWinsOverAnEarlierOne();
    void aWaitThatNestsIsNoneOfThoseThatAreParked();
    void aBridgeClosedByABodyThatNestsEndsAfterTheBody_data();
    void aBridgeClosedByABodyThatNestsEndsAfterTheBody();
    void aWaitThatIsAskedAboutFromAboveParksAllTheSame();
    void aWaitThatIsAskedAboutDuringAnotherOneParksAllTheSame();
    void aGuardBeneathIsSeenFromAbove();
    void aGuardInACoroutineLeavesNothingBehind();
    void aRefusedQuitIsForgotten();
    void aBodyThatYieldsLeavesTheOthersTheirTurns();

private:
    test::CleanupCheck m_leaks;
};

void TestParking::aTasksCleanUpGoesOnAfterQuit()
{
    std::optional<Outcome> outcome;
    const auto quits = [](std::optional<Outcome> &outcome) -> Task<> {
        QCoreApplication::quit();
        outcome = tryRunSync(sleepFor(50ms)).outcome();
        co_return;
    };
    QTimer::singleShot(0, this, [&] { spawn(quits(outcome)); });
    QCoreApplication::exec();
    QVERIFY(outcome.has_value());
    QVERIFY2(*outcome == Outcome::Value, nameOf(*outcome));
}

void TestParking::aParkedBodysCleanUpGoesOnWhenAQuitEndsANestedWait_data()
{
    QTest::addColumn<bool>("isExit");
    QTest::newRow("quit") << false;
    QTest::newRow("exit") << true;
}

void TestParking::aParkedBodysCleanUpGoesOnWhenAQuitEndsANestedWait()
{
    QFETCH(bool, isExit);
    Emitter emitter;
    std::optional<Outcome> body;
    std::optional<Outcome> cleanUp;
    interloop::connect(&emitter, &Emitter::fired, this, [&] {
        body = tryRunSync(sleepFor(60s)).outcome();
        cleanUp = tryRunSync(sleepFor(50ms)).outcome();
    });
    QTimer::singleShot(0, this, [&] {
        emit emitter.fired();
        runSync(sleepFor(10ms));
        QTimer::singleShot(10ms, this, [=] { isExit ? QCoreApplication::exit(3) : QCoreApplication::quit(); });
        static_cast<void>(tryRunSync(sleepFor(60s))); // nests
    });
    QCOMPARE(QCoreApplication::exec(), isExit ? 3 : 0);
    QVERIFY2(body.value() == Outcome::Quit, nameOf(body.value()));
    QVERIFY(cleanUp.has_value());
    QVERIFY2(*cleanUp == Outcome::Value, nameOf(*cleanUp));
}

void TestParking::theNextBodyOfAConnectionThatNestsNests()
{
    Emitter emitter;
    QList<int> parked;
    const auto connection = interloop::connect(&emitter, &Emitter::fired, this, [&] {
        QTimer::singleShot(1ms, &emitter, [&] { parked += Bridge::current().parked(); });
        static_cast<void>(tryRunSync(sleepFor(20ms)));
    }, Overlap::Restart, Wait::Nest);
    QTimer::singleShot(0, &emitter, [&] { emit emitter.fired(); });
    QTimer::singleShot(10, &emitter, [&] { emit emitter.fired(); });
    QTRY_COMPARE(parked.size(), 2);
    QTRY_VERIFY(!connection.isRunning());
    QCOMPARE(parked, (QList<int>{0, 0}));
}

void TestParking::aSignalAfterTheFirstBodysEndWinsOverAnEarlierOne()
{
    Emitter emitter;
    QList<int> begun;
    const auto connection = interloop::connect(&emitter, &Emitter::numbered, this, [&](int number) {
        begun += number;
        static_cast<void>(tryRunSync(sleepFor(1h)));
        if (number == 1)
            Bridge::current().post([&] { emit emitter.numbered(3); });
    }, Overlap::Restart);
    emit emitter.numbered(1);
    emit emitter.numbered(2);
    QTRY_VERIFY(begun.contains(3));
    QTest::qWait(20);
    QCOMPARE(begun.last(), 3);
    auto mine = connection;
    mine.cancel();
    QTRY_VERIFY(!mine.isRunning());
}

void TestParking::aWaitThatNestsIsNoneOfThoseThatAreParked()
{
    Bridge::current().setMaximumParked(0);
    Emitter emitter;
    std::optional<Outcome> nests;
    std::optional<Outcome> parks;
    interloop::connect(&emitter, &Emitter::fired, this, [&] {
        nests = tryRunSync(sleepFor(1ms), RunOptions().wait(Wait::Nest)).outcome();
        parks = tryRunSync(sleepFor(1ms)).outcome();
    });
    emit emitter.fired();
    Bridge::current().setMaximumParked(10'000);
    QVERIFY2(nests.value() == Outcome::Value, nameOf(nests.value()));
    QVERIFY2(parks.value() == Outcome::Refused, nameOf(parks.value()));
}

void TestParking::aBridgeClosedByABodyThatNestsEndsAfterTheBody_data()
{
    QTest::addColumn<bool>("isParking");
    QTest::addColumn<bool>("isWaiting");
    QTest::newRow("on a stack of its own, in a wait") << true << true;
    QTest::newRow("on the thread's, in a wait") << false << true;
    QTest::newRow("on a stack of its own") << true << false;
    QTest::newRow("on the thread's") << false << false;
}

void TestParking::aBridgeClosedByABodyThatNestsEndsAfterTheBody()
{
    QFETCH(bool, isParking);
    QFETCH(bool, isWaiting);
    Bridge::current().setParking(isParking);
    Emitter emitter;
    std::optional<Outcome> outcome;
    interloop::connect(&emitter, &Emitter::fired, this, [&] {
        if (!isWaiting) {
            Bridge::current().close();
            return;
        }
        QTimer::singleShot(5ms, &emitter, [] { Bridge::current().close(); });
        outcome = tryRunSync(sleepFor(60s), RunOptions().wait(Wait::Nest)).outcome();
    });
    QEventLoop loop;
    QTimer::singleShot(0, &emitter, [&] { emit emitter.fired(); });
    QTimer::singleShot(500ms, &loop, &QEventLoop::quit);
    loop.exec();
    QVERIFY(!isWaiting || outcome == Outcome::Cancelled);
    QVERIFY(!Bridge::exists());
    Bridge::current();
}

// `task` emits on a worker; the body on top of it begins to wait, for what emits in turn; whose body waits for `task`.
void TestParking::aWaitThatIsAskedAboutFromAboveParksAllTheSame()
{
    Emitter emitter;
    TaskHandle<int> task;
    QStringList order;
    std::optional<Outcome> inner;
    const auto emits = [](Emitter &emitter, QStringList &order) -> Task<int> {
        emit emitter.fired();
        order += QStringLiteral("task");
        co_return 5;
    };
    const auto emitsInner = [](Emitter &emitter, QStringList &order) -> Task<> {
        emit emitter.inner();
        co_await sleepFor(10ms);
        order += QStringLiteral("outer target");
    };
    interloop::connect(&emitter, &Emitter::fired, this, [&] {
        runSync(emitsInner(emitter, order));
        order += QStringLiteral("outer");
    });
    interloop::connect(&emitter, &Emitter::inner, this, [&] {
        inner = tryRunSync(task).outcome();
        order += QStringLiteral("inner");
    });
    QEventLoop loop;
    QTimer::singleShot(0, &emitter, [&] { task = spawn(emits(emitter, order)); });
    QTimer::singleShot(100ms, &loop, &QEventLoop::quit);
    loop.exec();
    QVERIFY(inner.has_value());
    QVERIFY2(*inner == Outcome::Value, nameOf(*inner));
    QCOMPARE(order, (QStringList{"task", "inner", "outer target", "outer"}));
}

// Before the outer wait waits, its target nests another, during which somebody asks how the outer one will.
void TestParking::aWaitThatIsAskedAboutDuringAnotherOneParksAllTheSame()
{
    Emitter emitter;
    TaskHandle<int> task;
    std::optional<Outcome> outer;
    std::optional<Outcome> inner;
    const auto emits = [](Emitter &emitter) -> Task<int> {
        emit emitter.fired();
        co_return 5;
    };
    const auto nestsFirst = [](TaskHandle<int> &task) -> Task<> {
        runSync(sleepFor(20ms), RunOptions().wait(Wait::Nest));
        co_await task;
    };
    interloop::connect(&emitter, &Emitter::fired, this, [&] { outer = tryRunSync(nestsFirst(task)).outcome(); });
    interloop::connect(&emitter, &Emitter::inner, this, [&] { inner = tryRunSync(task).outcome(); });
    QTimer::singleShot(0, &emitter, [&] { task = spawn(emits(emitter)); });
    QTimer::singleShot(10ms, &emitter, [&] { emit emitter.inner(); });
    QTRY_VERIFY(outer.has_value() && inner.has_value());
    QVERIFY2(*inner == Outcome::Value, nameOf(*inner));
    QVERIFY2(*outer == Outcome::Value, nameOf(*outer));
}

void TestParking::aGuardBeneathIsSeenFromAbove()
{
    Emitter emitter;
    TaskHandle<int> task;
    std::optional<Outcome> inner;
    QList<int> parked;
    const auto emits = [](Emitter &emitter) -> Task<int> {
        emit emitter.fired();
        co_return 5;
    };
    const auto emitsInner = [](Emitter &emitter) -> Task<> {
        emit emitter.inner();
        co_await sleepFor(10ms);
    };
    interloop::connect(&emitter, &Emitter::fired, this, [&] {
        const NoSuspend guard;
        QTimer::singleShot(1ms, &emitter, [&] { parked += Bridge::current().parked(); });
        runSync(emitsInner(emitter));
    });
    interloop::connect(&emitter, &Emitter::inner, this, [&] { inner = tryRunSync(task).outcome(); });
    QTimer::singleShot(0, &emitter, [&] { task = spawn(emits(emitter)); });
    QTRY_COMPARE(parked.size(), 1);
    QTRY_VERIFY(inner.has_value() && task.isDone());
    QVERIFY(parked.first() <= 1);
    QTRY_COMPARE(Bridge::current().depth(), 0);
}

// It lies on no stack there; the next code on any must not find what is left of it.
void TestParking::aGuardInACoroutineLeavesNothingBehind()
{
    Emitter emitter;
    const auto guards = [](Emitter &emitter) -> Task<> {
        const NoSuspend guard(NoSuspend::Refuse);
        emit emitter.inner();
        co_await sleepFor(1ms);
    };
    interloop::connect(&emitter, &Emitter::inner, this, [&] { runSync(sleepFor(5ms)); });
    QList<Outcome> outcomes;
    QTimer::singleShot(0, &emitter, [&] { spawn(guards(emitter)); });
    QTest::qWait(30);
    for (int i = 0; i < 4; ++i)
        interloop::connect(&emitter, &Emitter::fired, this, [&] { outcomes += tryRunSync(sleepFor(1ms)).outcome(); });
    emit emitter.fired();
    QTRY_COMPARE(outcomes.size(), 4);
    QVERIFY(outcomes == QList<Outcome>(4, Outcome::Value));
}

namespace {

// As a window does that refuses to be closed.
class Refuses : public QObject
{
public:
    bool eventFilter(QObject *object, QEvent *event) override
    {
        return object == QCoreApplication::instance() && event->type() == QEvent::Quit;
    }
};

} // namespace

void TestParking::aRefusedQuitIsForgotten()
{
    Refuses refuses;
    QCoreApplication::instance()->installEventFilter(&refuses);
    Bridge::current().close();
    Bridge::current().setParking(true); // a new one, which sees events before the other does
    Emitter emitter;
    interloop::connect(&emitter, &Emitter::fired, this, [] { runSync(sleepFor(100ms)); }, Overlap::Parallel);
    QList<int> parked;
    QTimer::singleShot(0, &emitter, [&] {
        emit emitter.fired(); // parks
        QCoreApplication::postEvent(QCoreApplication::instance(), new QEvent(QEvent::Quit));
    });
    QTimer::singleShot(10ms, &emitter, [&] { emit emitter.fired(); }); // nests: who knows
    QTimer::singleShot(20ms, &emitter, [&] { emit emitter.fired(); }); // parks: it did not come to that
    QTimer::singleShot(40ms, &emitter, [&] { parked += Bridge::current().parked(); });
    QTRY_COMPARE(parked.size(), 1);
    QTRY_COMPARE(Bridge::current().parked(), 0);
    QCOMPARE(parked.first(), 2);
}

void TestParking::aBodyThatYieldsLeavesTheOthersTheirTurns()
{
    Emitter emitter;
    bool isOver = false;
    int yields = 0;
    int ticks = 0;
    const auto busy = [](bool &isOver, int &ticks) -> Task<> {
        while (!isOver) {
            ++ticks;
            co_await yield();
        }
    };
    interloop::connect(&emitter, &Emitter::fired, this, [&] {
        while (!isOver) {
            ++yields;
            runSync(yield());
        }
    }, Overlap::Parallel);
    emit emitter.fired();
    emit emitter.fired();
    const auto handle = spawn(busy(isOver, ticks));
    const Ticks qtTicks(5ms);
    const OwnTime time;
    QEventLoop loop;
    QTimer::singleShot(200ms, &loop, &QEventLoop::quit);
    loop.exec();
    const int shots = qtTicks.count();
    const auto due = time.elapsed() / 5ms;
    isOver = true;
    runSync(handle);
    QTRY_COMPARE(Bridge::current().parked(), 0);
    QVERIFY(ticks * 3 > yields);
    QVERIFY2(shots > due / 4, qPrintable(QStringLiteral("%1 of %2").arg(shots).arg(qint64(due))));
}

INTERLOOP_TEST_MAIN(TestParking)
#include "tst_parking.moc"
