// SPDX-License-Identifier: MIT
#include <tests/bodynote.h>
#include <tests/parking/parkingcheck.h>
#include <tests/testmain.h>

#include <interloop/interloop.h>

#include <exception>
#include <memory>

/*
 * Overlap::Restart: a signal cancels the body that runs, and the next one starts when that has unwound, never on top of
 * it.
 */

using namespace interloop;
using namespace interloop::test;
using namespace std::chrono_literals;

class Source : public QObject
{
    Q_OBJECT

signals:
    void asked(int number);
};

class TestRestart : public QObject
{
    Q_OBJECT

private slots:
    void init() { m_parking.begin(); }
    void cleanup() { m_parking.check(); }

    void theNextStartsWhenTheFirstHasUnwound_data() { addForms(); }
    void theNextStartsWhenTheFirstHasUnwound();
    void cleanUpOfTheFirstMayWait_data() { addForms(); }
    void cleanUpOfTheFirstMayWait();
    void ofSeveralPendingTheNewestStarts_data() { addForms(); }
    void ofSeveralPendingTheNewestStarts();
    void noneStartsWhenTheContextHasDied_data() { addForms(); }
    void noneStartsWhenTheContextHasDied();
    void cancellingTheConnectionForgetsThePendingOne_data() { addForms(); }
    void cancellingTheConnectionForgetsThePendingOne();
    void aSignalBeforeThePendingOneStartsTakesItsPlace_data() { addForms(); }
    void aSignalBeforeThePendingOneStartsTakesItsPlace();
    void aBodyThatEndsInSpiteOfItIsFollowedToo_data() { addForms(); }
    void aBodyThatEndsInSpiteOfItIsFollowedToo();
    void withNobodyRunningABodyStartsAtOnce_data() { addForms(); }
    void withNobodyRunningABodyStartsAtOnce();
    void theArgumentsAreThePendingSignals();

private:
    enum class Form { Parked, Nested, Coroutine };

    void addForms()
    {
        QTest::addColumn<int>("form");
        QTest::newRow("parked") << int(Form::Parked);
        QTest::newRow("nested") << int(Form::Nested);
        QTest::newRow("coroutine") << int(Form::Coroutine);
    }

    // Connects a body that notes when it begins ("1+"), waits until `gate` opens, and notes its end ("1-cancelled").
    Connection connectBody(Source &source, QObject *context, QStringList &order, Future<> gate);

    // The signal, in an event of its own: a body may nest on top of whoever emits.
    static void emitLater(Source &source, int number)
    {
        QTimer::singleShot(0, &source, [&source, number] { emit source.asked(number); });
    }

    // When the body that is to follow has begun, again in an event of its own.
    static void openLater(Future<> gate, QStringList &order)
    {
        QTimer::singleShot(1, QCoreApplication::instance(), [gate, &order]() mutable {
            if (order.size() < 3) {
                openLater(gate, order);
                return;
            }
            order += QStringLiteral("opened");
            gate.setResult();
        });
    }

    ParkingCheck m_parking;
};

Connection TestRestart::connectBody(Source &source, QObject *context, QStringList &order, Future<> gate)
{
    QFETCH(int, form);
    if (Form(form) == Form::Coroutine) {
        const auto body = [&order, gate](int number) -> Task<> {
            const Note note(order, number);
            co_await gate;
        };
        return interloop::connect(&source, &Source::asked, context, body, Overlap::Restart);
    }
    const auto body = [&order, gate](int number) {
        const Note note(order, number);
        runSync(gate);
    };
    const Wait wait = Form(form) == Form::Parked ? Wait::Park : Wait::Nest;
    return interloop::connect(&source, &Source::asked, context, body, Overlap::Restart, wait);
}

void TestRestart::theNextStartsWhenTheFirstHasUnwound()
{
    Source source;
    QStringList order;
    Future<> gate;
    const Connection connection = connectBody(source, this, order, gate);

    emitLater(source, 1);
    emitLater(source, 2);
    openLater(gate, order);
    QTRY_COMPARE(order.join(' '), "1+ 1-cancelled 2+ opened 2-");
    QTRY_VERIFY(!connection.isRunning());
}

void TestRestart::cleanUpOfTheFirstMayWait()
{
    QFETCH(int, form);
    Source source;
    QStringList order;
    const auto cleanUp = [&order](int number) {
        runSync(sleepFor(5ms));
        order += QStringLiteral("%1 cleaned up").arg(number);
    };
    const auto plain = [&](int number) {
        const Note note(order, number);
        try {
            runSync(sleepFor(number == 1 ? 60s : 0s));
        } catch (const Cancelled &) {
            cleanUp(number);
            throw;
        }
    };
    const auto coroutine = [&](int number) -> Task<> {
        const Note note(order, number);
        try {
            co_await sleepFor(number == 1 ? 60s : 0s);
        } catch (const Cancelled &) {
            cleanUp(number);
            throw;
        }
    };
    if (Form(form) == Form::Coroutine)
        interloop::connect(&source, &Source::asked, this, coroutine, Overlap::Restart);
    else
        interloop::connect(&source, &Source::asked, this, plain, Overlap::Restart,
                           Form(form) == Form::Parked ? Wait::Park : Wait::Nest);

    emitLater(source, 1);
    emitLater(source, 2);
    QTRY_COMPARE(order.join(' '), "1+ 1 cleaned up 1-cancelled 2+ 2-");
}

void TestRestart::ofSeveralPendingTheNewestStarts()
{
    Source source;
    QStringList order;
    Future<> gate;
    const Connection connection = connectBody(source, this, order, gate);

    emitLater(source, 1);
    QTimer::singleShot(0, &source, [&source] {
        for (const int number : {2, 3, 4})
            emit source.asked(number);
    });
    openLater(gate, order);
    QTRY_VERIFY(order.contains("4-"));
    QTRY_VERIFY(!connection.isRunning());
    QCOMPARE(order.join(' '), "1+ 1-cancelled 4+ opened 4-");
}

void TestRestart::noneStartsWhenTheContextHasDied()
{
    Source source;
    QStringList order;
    auto context = std::make_unique<QObject>();
    const Connection connection = connectBody(source, context.get(), order, Future<>());

    emitLater(source, 1);
    QTimer::singleShot(0, &source, [&] {
        emit source.asked(2);
        context.reset();
    });
    QTRY_COMPARE(order.join(' '), "1+ 1-cancelled");
    QTest::qWait(10);
    QCOMPARE(order.join(' '), "1+ 1-cancelled");
    QVERIFY(!connection.isRunning());
}

void TestRestart::cancellingTheConnectionForgetsThePendingOne()
{
    Source source;
    QStringList order;
    Connection connection = connectBody(source, this, order, Future<>());

    emitLater(source, 1);
    QTimer::singleShot(0, &source, [&] {
        emit source.asked(2);
        connection.cancel();
    });
    QTRY_COMPARE(order.join(' '), "1+ 1-cancelled");
    QTest::qWait(10);
    QCOMPARE(order.join(' '), "1+ 1-cancelled");
    QVERIFY(!connection.isRunning());

    emitLater(source, 3); // the connection is still there
    QTimer::singleShot(5ms, &source, [&connection] { connection.cancel(); });
    QTRY_COMPARE(order.last(), "3-cancelled");
}

void TestRestart::aSignalBeforeThePendingOneStartsTakesItsPlace()
{
    QFETCH(int, form);
    Source source;
    QStringList order;
    // given: a signal that comes when the first body has unwound and the pending one has not begun
    const auto emitThird = [&source](int number) {
        if (number == 1)
            Bridge::current().post([&source] { emit source.asked(3); });
    };
    const auto plain = [&](int number) {
        const Note note(order, number);
        try {
            runSync(sleepFor(number == 1 ? 60s : 0s));
        } catch (const Cancelled &) {
            emitThird(number);
            throw;
        }
    };
    const auto coroutine = [&](int number) -> Task<> {
        const Note note(order, number);
        try {
            co_await sleepFor(number == 1 ? 60s : 0s);
        } catch (const Cancelled &) {
            emitThird(number);
            throw;
        }
    };
    Connection connection;
    if (Form(form) == Form::Coroutine)
        connection = interloop::connect(&source, &Source::asked, this, coroutine, Overlap::Restart);
    else
        connection = interloop::connect(&source, &Source::asked, this, plain, Overlap::Restart,
                                        Form(form) == Form::Parked ? Wait::Park : Wait::Nest);

    emitLater(source, 1);
    emitLater(source, 2);
    QTRY_COMPARE(order.value(order.size() - 1), "3-");
    QTest::qWait(10);
    QCOMPARE(order.join(' '), "1+ 1-cancelled 3+ 3-");
    QVERIFY(!connection.isRunning());
}

void TestRestart::aBodyThatEndsInSpiteOfItIsFollowedToo()
{
    Source source;
    QStringList order;
    Future<> gate;
    const Connection connection = connectBody(source, this, order, gate);

    emitLater(source, 1);
    QTimer::singleShot(0, &source, [&] {
        gate.setResult(); // a result that came before the cancellation wins
        emit source.asked(2);
    });
    QTRY_COMPARE(order.join(' '), "1+ 1- 2+ 2-");
}

void TestRestart::withNobodyRunningABodyStartsAtOnce()
{
    Source source;
    QStringList order;
    Future<> gate;
    gate.setResult();
    const Connection connection = connectBody(source, this, order, gate);
    emit source.asked(1);
    order += "emitted";
    QTRY_VERIFY(!connection.isRunning());
    QCOMPARE(order.join(' '), "1+ 1- emitted");
}

void TestRestart::theArgumentsAreThePendingSignals()
{
    // given: arguments that are gone when the pending body starts
    Source source;
    QStringList heard;
    QObject sender;
    const auto body = [&heard](const QString &name) {
        heard += name;
        runSync(sleepFor(name == "first" ? 60s : 0s));
    };
    interloop::connect(&sender, &QObject::objectNameChanged, this, body, Overlap::Restart);

    sender.setObjectName(QString("first"));
    sender.setObjectName(QString("second"));
    sender.setObjectName(QString());
    sender.setObjectName(QString("third"));
    QTRY_COMPARE(heard, QStringList({"first", "third"}));
}

INTERLOOP_TEST_MAIN(TestRestart)
#include "tst_restart.moc"
