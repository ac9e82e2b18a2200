// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>

#include <tests/cleanupcheck.h>
#include <tests/messages.h>
#include <tests/testmain.h>

#include <QPushButton>

using namespace interloop;
using namespace std::chrono_literals;

/*
 * Rows Q07 and Q10: what a button's slot that waits does to itself.
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
    QTest::addColumn<bool>("isParallel");
    QTest::addColumn<bool>("isCoroutine");
    QTest::addColumn<QString>("expected");
    const bool parks = Bridge::current().isParking(); // and does not nest
    QTest::newRow("Drop, plain") << false << false << QStringLiteral("1+ 1- depth %1").arg(parks ? 0 : 1);
    QTest::newRow("Parallel, plain") << true << false
                                     << (parks ? QStringLiteral("1+ 2+ 3+ 1- 2- 3- depth 0")
                                               : QStringLiteral("1+ 2+ 3+ 3- 2- 1- depth 3"));
    QTest::newRow("Drop, coroutine") << false << true << QStringLiteral("1+ 1- depth 0");
    QTest::newRow("Parallel, coroutine") << true << true << QStringLiteral("1+ 2+ 3+ 1- 2- 3- depth 0");
}

void TestSlots::Q07_tripleClick()
{
    if (!hasWindows())
        QSKIP("there are no windows without a platform");
    QFETCH(bool, isParallel);
    QFETCH(bool, isCoroutine);
    QFETCH(QString, expected);
    QPushButton button;
    button.show();
    QStringList order;
    int clicks = 0;
    int ended = 0;
    int depth = 0;
    const Overlap overlap = isParallel ? Overlap::Parallel : Overlap::Drop;
    if (isCoroutine) {
        interloop::connect(
                &button, &QPushButton::clicked, &button,
                [&]() -> Task<> {
                    const int click = ++clicks;
                    order += QString::number(click) + '+';
                    co_await sleepFor(30ms);
                    order += QString::number(click) + '-';
                    ++ended;
                },
                overlap);
    } else {
        interloop::connect(
                &button, &QPushButton::clicked, &button,
                [&] {
                    const int click = ++clicks;
                    order += QString::number(click) + '+';
                    QTimer::singleShot(0, &button, [&] { depth = std::max(depth, Bridge::current().depth()); });
                    runSync(sleepFor(30ms));
                    order += QString::number(click) + '-';
                    ++ended;
                },
                overlap);
    }

    clickThrice(button);
    QTRY_COMPARE(ended, isParallel ? 3 : 1);
    QTest::qWait(5); // a fourth, if anybody kept one

    order += QStringLiteral("depth %1").arg(depth);
    QCOMPARE(order.join(' '), expected);

    QTest::mouseClick(&button, Qt::LeftButton); // and the button works again
    QTRY_COMPARE(ended, isParallel ? 4 : 2);
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
