// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>

#include <tests/cleanupcheck.h>
#include <tests/messages.h>
#include <tests/testmain.h>

#include <QPushButton>
#include <QRegularExpression>

using namespace interloop;
using namespace std::chrono_literals;

/*
 * Rows Q07, N05 and Q10: what a slot that waits does to itself.
 */

class TestSlots : public QObject
{
    Q_OBJECT

private slots:
    void initTestCase();
    void init() { m_leaks.begin(); }
    void cleanup() { m_leaks.check(); }

    void Q07_tripleClick_data();
    void Q07_tripleClick();
    void Q07_control_plainConnectionGoesThreeDeep();
    void N05_periodicSlotThatTakesLongerThanItsPeriod();
    void N05_control_plainConnectionGoesDeeper();
    void Q10_deleteLaterBeforeTheWaitIsKeptUntilTheSlotReturns();
    void Q10_deleteLaterDuringTheWaitIsCarriedOutThere();

private:
    test::CleanupCheck m_leaks;
};

namespace {

// Three clicks of the mouse, as they come from the window system while the first one's slot waits.
void clickThrice(QPushButton &button)
{
    for (int i = 0; i < 3; ++i)
        QTimer::singleShot(0, &button, [&button] { QTest::mouseClick(&button, Qt::LeftButton); });
}

bool hasWindows()
{
    return qobject_cast<QApplication *>(QCoreApplication::instance());
}

enum class Form { Plain, Nested, Coroutine };

} // namespace

// The first window opens what the platform keeps.
void TestSlots::initTestCase()
{
    if (!hasWindows())
        return;
    QPushButton first;
    first.show();
    QVERIFY(QTest::qWaitForWindowExposed(&first));
    QTest::mouseClick(&first, Qt::LeftButton);
}

void TestSlots::Q07_tripleClick_data()
{
    QTest::addColumn<Overlap>("overlap");
    QTest::addColumn<Form>("form");
    QTest::addColumn<QString>("expected");
    QTest::addColumn<int>("depth");
    const auto add = [](const char *policy, Overlap overlap, const char *form, Form value, const QString &expected, int depth) {
        QTest::addRow("%s, %s", policy, form) << overlap << value << expected << depth;
    };
    const auto addForms = [&add](const char *policy, Overlap overlap, const QString &nested, int depth, const QString &parked) {
        const bool parks = Bridge::current().isParking(); // and does not nest
        add(policy, overlap, "plain", Form::Plain, parks ? parked : nested, parks ? 0 : depth);
        add(policy, overlap, "nested", Form::Nested, nested, depth);
        add(policy, overlap, "coroutine", Form::Coroutine, parked, 0);
    };
    const auto addBoth = [&addForms](const char *policy, Overlap overlap, const QString &order) {
        addForms(policy, overlap, order, 1, order);
    };
    addBoth("Drop", Overlap::Drop, "1\\+ 1-");
    addBoth("Restart", Overlap::Restart, "1\\+ 1x (2\\+ 2x )?3\\+ 3-|1\\+ 1x 2\\+ 2-"); // the last click's is the last body
    addBoth("Enqueue", Overlap::Enqueue, "1\\+ 1- 2\\+ 2- 3\\+ 3-");
    addBoth("KeepLatest", Overlap::KeepLatest, "1\\+ 1- 2\\+ 2-");
    addForms("Parallel", Overlap::Parallel, "1\\+ 2\\+ 3\\+ 3- 2- 1-", 3, "1\\+ 2\\+ 3\\+ 1- 2- 3-");
}

void TestSlots::Q07_tripleClick()
{
    if (!hasWindows())
        QSKIP("there are no windows without a platform");
    QFETCH(Overlap, overlap);
    QFETCH(Form, form);
    QFETCH(QString, expected);
    QFETCH(int, depth);
    const FifoOrder fifo; // in which parallel bodies go on
    QPushButton button;
    button.show();
    QStringList order;
    int bodies = 0;
    int deepest = 0;
    const auto end = [&order](int body, const char *how) { order += QString::number(body) + how; };
    Connection connection;
    if (form == Form::Coroutine) {
        const auto body = [&]() -> Task<> {
            const int number = ++bodies;
            end(number, "+");
            const char *how = "-";
            try {
                co_await sleepFor(30ms);
            } catch (const Cancelled &) {
                how = "x";
            }
            end(number, how);
        };
        connection = interloop::connect(&button, &QPushButton::clicked, &button, body, overlap);
    } else {
        const auto body = [&] {
            const int number = ++bodies;
            end(number, "+");
            QTimer::singleShot(0, &button, [&] { deepest = std::max(deepest, Bridge::current().depth()); });
            end(number, tryRunSync(sleepFor(30ms)) ? "-" : "x");
        };
        connection = interloop::connect(&button, &QPushButton::clicked, &button, body, overlap,
                                        form == Form::Plain ? Wait::Park : Wait::Nest);
    }
    QStringList texts; // of the button
    connection.onRunningChanged(&button, [&](bool isRunning) {
        button.setText(isRunning ? "busy" : "idle");
        texts += button.text();
    });

    int clicks = 0;
    QObject::connect(&button, &QPushButton::clicked, &button, [&clicks] { ++clicks; });
    clickThrice(button);
    QTRY_VERIFY(clicks == 3 && button.text() == "idle");

    QCOMPARE(texts.join(' '), "idle busy idle");
    const QString text = order.join(' ');
    QVERIFY2(QRegularExpression(QRegularExpression::anchoredPattern(expected)).match(text).hasMatch(), qPrintable(text));
    QCOMPARE(deepest, depth);

    QTest::mouseClick(&button, Qt::LeftButton); // and the button works again
    QTRY_COMPARE(order.last(), QString::number(bodies) + '-');
    QTRY_COMPARE(button.text(), "idle");
}

void TestSlots::Q07_control_plainConnectionGoesThreeDeep()
{
    if (!hasWindows())
        QSKIP("there are no windows without a platform");
    QPushButton button;
    button.show();
    int depth = 0;
    int ended = 0;
    QObject::connect(&button, &QPushButton::clicked, &button, [&] {
        QTimer::singleShot(0, &button, [&] { depth = std::max(depth, Bridge::current().depth()); });
        static_cast<void>(tryRunSync(sleepFor(30ms)));
        ++ended;
    });

    clickThrice(button);
    QTRY_COMPARE(ended, 3);

    QCOMPARE(depth, 3);
}

namespace {

constexpr auto period = 10ms;

// Ticks in each period. A repeating timer would pause while its own slot is on the stack.
class Metronome : public QTimer
{
public:
    Metronome()
    {
        setSingleShot(true);
        setTimerType(Qt::PreciseTimer);
        callOnTimeout(this, [this] { start(period); }); // the first of its slots
        start(period);
    }
};

} // namespace

void TestSlots::N05_periodicSlotThatTakesLongerThanItsPeriod()
{
    Metronome metronome;
    int ticks = 0;
    int ended = 0;
    int running = 0;
    int most = 0;
    int deepest = 0;
    QObject::connect(&metronome, &QTimer::timeout, this, [&] {
        ++ticks;
        deepest = std::max(deepest, Bridge::current().depth());
    });
    interloop::connect(&metronome, &QTimer::timeout, this, [&] {
        most = std::max(most, ++running);
        runSync(sleepFor(period * 3 / 2));
        --running;
        ++ended;
    });
    QTRY_VERIFY(ended >= 5);
    metronome.stop();
    QTRY_COMPARE(running, 0);
    QCOMPARE(most, 1);
    QVERIFY(deepest <= 1);
    QVERIFY2(ticks > ended, qPrintable(QStringLiteral("%1 ticks, %2 bodies").arg(ticks).arg(ended)));
}

void TestSlots::N05_control_plainConnectionGoesDeeper()
{
    Metronome metronome;
    int deepest = 0;
    int refused = 0;
    const int limit = 8;
    Bridge::current().setMaximumDepth(limit);
    QObject::connect(&metronome, &QTimer::timeout, this, [&] {
        if (refused > 0)
            return;
        const Result<> result = tryRunSync(sleepFor(period * 3 / 2));
        refused += result.outcome() == Outcome::Refused;
        deepest = std::max(deepest, Bridge::current().depth());
    });
    QTRY_VERIFY(refused > 0);
    metronome.stop();
    QTRY_COMPARE(Bridge::current().depth(), 0);
    Bridge::current().setMaximumDepth(64);
    QCOMPARE(deepest, limit);
}

namespace {

// In a slot, called by an event loop, as deleteLater() counts levels of those.
void inASlot(const std::function<void()> &body)
{
    bool isDone = false;
    QTimer::singleShot(0, QCoreApplication::instance(), [&] {
        body();
        isDone = true;
    });
    QTRY_VERIFY(isDone);
}

} // namespace

void TestSlots::Q10_deleteLaterBeforeTheWaitIsKeptUntilTheSlotReturns()
{
    QPointer<QObject> object = new QObject;
    bool wasAliveAfterTheWait = false;
    inASlot([&] {
        object->deleteLater();
        runSync(sleepFor(10ms), RunOptions().context(object));
        wasAliveAfterTheWait = object;
    });
    QVERIFY(wasAliveAfterTheWait);
    QTRY_VERIFY(!object);
}

void TestSlots::Q10_deleteLaterDuringTheWaitIsCarriedOutThere()
{
    QPointer<QObject> object = new QObject;
    Outcome outcome = Outcome::Value;
    inASlot([&] {
        QTimer::singleShot(0, object, &QObject::deleteLater);
        outcome = tryRunSync(sleepFor(10s), RunOptions().context(object)).outcome();
    });
    QCOMPARE(outcome, Outcome::ContextDestroyed);
    QVERIFY(!object);
}

INTERLOOP_TEST_MAIN(TestSlots)
#include "tst_slots.moc"
