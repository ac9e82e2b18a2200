// SPDX-License-Identifier: MIT
#include <tests/messages.h>
#include <tests/parking/parkingcheck.h>
#include <tests/testmain.h>

#include <interloop/interloop.h>

#include <QPointer>

#include <functional>
#include <memory>
#include <vector>

/*
 * Objects die and connections are cut while slots are parked: the bodies end with a name, and what they hold lives as
 * long as they do.
 */

using namespace interloop;
using namespace interloop::test;
using namespace std::chrono_literals;

namespace {

// A value whose every read and whose death are seen; reading a dead one says so, also without a sanitizer.
class Tracked
{
public:
    Tracked(QString text, int *alive) : m_text(std::move(text)), m_alive(alive) { ++*m_alive; }
    Tracked(const Tracked &other) : m_text(other.m_text), m_alive(other.m_alive) { ++*m_alive; }
    Tracked &operator=(const Tracked &) = delete;
    ~Tracked()
    {
        --*m_alive;
        m_text = QStringLiteral("dead");
    }

    const QString &text() const { return m_text; }

private:
    QString m_text;
    int *m_alive;
};

} // namespace

class Source : public QObject
{
    Q_OBJECT

signals:
    void fired();
    void gave(const Tracked &tracked);
};

class TestDeaths : public QObject
{
    Q_OBJECT

private slots:
    void init() { m_parking.begin(); }
    void cleanup() { m_parking.check(); }

    void Q02_theContextDiesUnderParkedSlots();
    void Q02_theSenderDiesUnderParkedSlots();
    void Q02_sendersOfSignalsWithinSignalsDieUnderParkedSlots();
    void Q02_theContextOfTheWaitDies();
    void Q11_theConnectionIsCutUnderParkedSlots();
    void aParkedBodyMayDestroyItsOwnSenderAndContext();
    void Q10_deleteLaterBeforeAParkedWaitIsCarriedOutDuringIt();
    void Q10_control_nestedItIsKeptUntilTheSlotReturns();
    void Q02_closingTheBridgeEndsParkedWaits();
    void closingTheBridgeInAParkedSlotUnwindsItToo();

private:
    ParkingCheck m_parking;
};

namespace {

QString named(Outcome outcome)
{
    return QString::fromLatin1(nameOf(outcome));
}

// Parks two bodies, each with a tracked capture and a tracked argument, for `gate`; both are looked at behind the wait.
class TwoBodies
{
public:
    Connection connect(Source &source, QObject *context)
    {
        const Tracked capture(QStringLiteral("capture"), &m_alive);
        const auto body = [this, capture](const Tracked &argument) {
            const Result<> result = tryRunSync(gate);
            m_ends += capture.text() + ' ' + argument.text() + ' ' + named(result.outcome());
        };
        return interloop::connect(&source, &Source::gave, context, body, Overlap::Parallel);
    }

    void begin(Source &source)
    {
        for (int n = 0; n < 2; ++n) {
            const Tracked argument(QStringLiteral("argument"), &m_alive);
            emit source.gave(argument);
        }
        QCOMPARE(Bridge::current().parked(), 2);
    }

    // Waits for the bodies' ends, and that nothing they had lives on.
    void checkEnds(const QString &outcome)
    {
        QTRY_COMPARE(m_ends, QStringList(2, QStringLiteral("capture argument ") + outcome));
        QTRY_COMPARE(m_alive, 0);
    }

    Future<> gate;

private:
    int m_alive = 0;
    QStringList m_ends;
};

} // namespace

void TestDeaths::Q02_theContextDiesUnderParkedSlots()
{
    Source source;
    TwoBodies bodies;
    auto context = std::make_unique<QObject>();
    const Connection connection = bodies.connect(source, context.get());
    bodies.begin(source);
    context.reset();
    bodies.checkEnds(QStringLiteral("ContextDestroyed"));
    QVERIFY(!connection.isRunning());
    QVERIFY(!connection);
}

void TestDeaths::Q02_theSenderDiesUnderParkedSlots()
{
    auto source = std::make_unique<Source>();
    TwoBodies bodies;
    const Connection connection = bodies.connect(*source, this);
    bodies.begin(*source);
    source.reset(); // the emission is over: no frame of Qt's points to it
    QVERIFY(connection.isRunning());
    bodies.gate.setResult();
    bodies.checkEnds(QStringLiteral("Value"));
}

void TestDeaths::Q02_sendersOfSignalsWithinSignalsDieUnderParkedSlots()
{
    // given: a body emits, whose body emits, whose body waits; all three and a plain slot in between know a sender()
    std::vector<std::unique_ptr<Source>> sources;
    for (int n = 0; n < 4; ++n)
        sources.push_back(std::make_unique<Source>());
    QObject context;
    QStringList order;
    const auto emits = [&](Source *next, const char *text) {
        return [&order, next, text] {
            emit next->fired();
            runSync(sleepFor(5ms));
            order += text;
        };
    };
    interloop::connect(sources[0].get(), &Source::fired, &context, emits(sources[1].get(), "outermost"));
    connect(sources[1].get(), &Source::fired, sources[2].get(), &Source::fired);
    interloop::connect(sources[2].get(), &Source::fired, &context, emits(sources[3].get(), "middle"));
    interloop::connect(sources[3].get(), &Source::fired, &context, [&order] {
        runSync(sleepFor(10ms));
        order += "innermost";
    });
    emit sources[0]->fired();
    QCOMPARE(Bridge::current().parked(), 3);

    // when they die, then nobody misses them
    sources.clear();
    QTRY_COMPARE(order.size(), 3);
    QCOMPARE(order.last(), "innermost");
}

void TestDeaths::Q02_theContextOfTheWaitDies()
{
    Source source;
    auto context = std::make_unique<QObject>();
    QString how;
    interloop::connect(&source, &Source::fired, this, [&] {
        how = named(tryRunSync(sleepFor(60s), RunOptions().context(context.get())).outcome());
    });
    emit source.fired();
    QCOMPARE(Bridge::current().parked(), 1);
    context.reset();
    QTRY_COMPARE(how, "ContextDestroyed");
}

void TestDeaths::Q11_theConnectionIsCutUnderParkedSlots()
{
    Source source;
    TwoBodies bodies;
    const Connection connection = bodies.connect(source, this);
    bodies.begin(source);
    QVERIFY(QObject::disconnect(connection));
    bodies.gate.setResult();
    bodies.checkEnds(QStringLiteral("Value")); // what has begun goes on
}

void TestDeaths::aParkedBodyMayDestroyItsOwnSenderAndContext()
{
    auto source = std::make_unique<Source>();
    auto context = std::make_unique<QObject>();
    QStringList order;
    interloop::connect(source.get(), &Source::fired, context.get(), [&] {
        runSync(sleepFor(1ms));
        source.reset(); // its signal has returned long ago
        order += named(tryRunSync(sleepFor(1ms)).outcome());
        context.reset();
        order += named(tryRunSync(sleepFor(60s)).outcome());
    });
    emit source->fired();
    QTRY_COMPARE(order, QStringList({"Value", "ContextDestroyed"}));
}

namespace {

// A slot that an event loop has called deletes an object later and waits. Whether the object was alive behind the wait.
bool isAliveBehindTheWait(Wait wait)
{
    QPointer<QObject> object = new QObject;
    bool isAlive = wait == Wait::Park;
    bool hasEnded = false;
    Source source;
    const auto slot = [&] {
        object->deleteLater();
        runSync(sleepFor(10ms));
        isAlive = object;
        hasEnded = true;
    };
    interloop::connect(&source, &Source::fired, &source, slot, Overlap::Drop, wait);
    QTimer::singleShot(0, &source, &Source::fired);
    static_cast<void>(QTest::qWaitFor([&hasEnded] { return hasEnded; }));
    static_cast<void>(QTest::qWaitFor([&object] { return !object; }));
    return isAlive;
}

} // namespace

void TestDeaths::Q10_deleteLaterBeforeAParkedWaitIsCarriedOutDuringIt()
{
    QVERIFY(!isAliveBehindTheWait(Wait::Park));
}

void TestDeaths::Q10_control_nestedItIsKeptUntilTheSlotReturns()
{
    QVERIFY(isAliveBehindTheWait(Wait::Nest));
}

void TestDeaths::Q02_closingTheBridgeEndsParkedWaits()
{
    Source source;
    TwoBodies bodies;
    QString inTask;
    const auto blocks = [](QString &how) -> Task<> {
        how = named(tryRunSync(sleepFor(60s)).outcome());
        co_return;
    };
    const Connection connection = bodies.connect(source, this);
    bodies.begin(source);
    spawn(blocks(inTask), "blocks");
    QTRY_COMPARE(Bridge::current().parked(), 3);

    Bridge::current().close();

    QCOMPARE(inTask, "Cancelled"); // when close() returned, all had unwound
    QVERIFY(!connection.isRunning());
    QObject::disconnect(connection);
    bodies.checkEnds(QStringLiteral("Cancelled"));
}

void TestDeaths::closingTheBridgeInAParkedSlotUnwindsItToo()
{
    Source source;
    QStringList order;
    interloop::connect(&source, &Source::fired, this, [&] {
        runSync(sleepFor(1ms));
        order += "closes";
        Bridge::current().close();
        order += named(tryRunSync(sleepFor(60s)).outcome());
    });
    Source other;
    interloop::connect(&other, &Source::fired, this, [&] { order += named(tryRunSync(sleepFor(60s)).outcome()); });
    emit source.fired();
    emit other.fired();
    QCOMPARE(Bridge::current().parked(), 2);
    QTRY_VERIFY(!Bridge::exists());
    order.sort();
    QCOMPARE(order, QStringList({"Cancelled", "Cancelled", "closes"}));
}

INTERLOOP_TEST_MAIN(TestDeaths)
#include "tst_deaths.moc"
