// SPDX-License-Identifier: MIT
#include <tests/cleanupcheck.h>
#include <tests/testmain.h>
#include <tests/torture/cell.h>

#include <QWidget>

/*
 * Rows Q01a-Q01d: the application is told to end while it waits. Each cell is a process of its own, quitcell.cpp.
 */

using interloop::test::Cell;

namespace {

constexpr int hung = 86;

// In which form a cell's tasks and posted functions wait.
bool isParking()
{
    return interloop::Bridge::current().isParking();
}

bool hasWindows()
{
    return qobject_cast<QApplication *>(QCoreApplication::instance());
}

} // namespace

class TestQuit : public QObject
{
    Q_OBJECT

private slots:
    void Q01a_quitInsideExecEndsEachWait_data();
    void Q01a_quitInsideExecEndsEachWait();
    void Q01b_exitOutsideExecEndsTheWaitAndNoOther_data();
    void Q01b_exitOutsideExecEndsTheWaitAndNoOther();
    void Q01b_exitBeforeTheWaitIsForgotten_data();
    void Q01b_exitBeforeTheWaitIsForgotten();
    void Q01c_quitOutsideExecIsIgnored_data();
    void Q01c_quitOutsideExecIsIgnored();
    void Q01d_nextWindowShownAfterTheWaitIsTooLate();
    void waitBegunAfterQuitHasTheShutdownLimit_data();
    void waitBegunAfterQuitHasTheShutdownLimit();
    void quitInTheFirstStepOfAWaitIsNotBeforeIt_data();
    void quitInTheFirstStepOfAWaitIsNotBeforeIt();
    void cleanUpMayWaitWhileQuitUnwinds();
    void control_naiveWaitsDoNotEndSo_data();
    void control_naiveWaitsDoNotEndSo();
};

void TestQuit::Q01a_quitInsideExecEndsEachWait_data()
{
    QTest::addColumn<QString>("way");
    QTest::addColumn<int>("depth");
    QTest::addColumn<int>("code");
    for (const int depth : {0, 1, 5, 100}) {
        const auto add = [depth](const char *way, int code) {
            QTest::addRow("%s at depth %d", way, depth) << QString::fromLatin1(way) << depth << code;
        };
        add("quit", 0);
        add("exit", 7);
        add("otherthread", 0);
        add("postedquit", 0);
        add("sigterm", 0);
        if (hasWindows())
            add("windowclosed", 0);
    }
}

void TestQuit::Q01a_quitInsideExecEndsEachWait()
{
    QFETCH(QString, way);
    QFETCH(int, depth);
    QFETCH(int, code);

    const Cell cell({QStringLiteral("inside"), way, QString::number(depth)});

    QCOMPARE(cell.fault(code), QString());
    QStringList nested; // the innermost first
    QStringList parked; // in any order
    for (int floor = 1; floor <= depth; ++floor) {
        const bool isInPlainSlot = floor % 3 == 0;
        (isInPlainSlot || !isParking() ? nested : parked) += QStringLiteral("%1 Quit").arg(floor);
    }
    QStringList nestedOutcomes;
    QStringList parkedOutcomes;
    for (const QString &outcome : cell.values(QStringLiteral("outcome")))
        (parked.contains(outcome) ? parkedOutcomes : nestedOutcomes) += outcome;
    QCOMPARE(nestedOutcomes, nested);
    parked.sort();
    parkedOutcomes.sort();
    QCOMPARE(parkedOutcomes, parked);
}

void TestQuit::Q01b_exitOutsideExecEndsTheWaitAndNoOther_data()
{
    QTest::addColumn<QString>("place");
    QTest::addColumn<QString>("way");
    for (const char *place : {"aboutToQuit", "afterExec", "beforeExec"}) {
        for (const char *way : {"exit", "postedquit", "postedlater"})
            QTest::addRow("%s %s", place, way) << QString::fromLatin1(place) << QString::fromLatin1(way);
    }
}

void TestQuit::Q01b_exitOutsideExecEndsTheWaitAndNoOther()
{
    QFETCH(QString, place);
    QFETCH(QString, way);

    const Cell cell({QStringLiteral("outside"), place, way});

    QCOMPARE(cell.fault(5), QString());
    QCOMPARE(cell.value(QStringLiteral("outside")), QStringLiteral("Quit"));
    QCOMPARE(cell.value(QStringLiteral("next")), QStringLiteral("Value"));
    QCOMPARE(cell.value(QStringLiteral("after-next")), QStringLiteral("Value"));
    QVERIFY2(cell.number(QStringLiteral("next-ms")) >= 300, qPrintable(cell.text()));
    QVERIFY2(cell.number(QStringLiteral("next-cpu-ms")) < 100, qPrintable(cell.text())); // it did not spin
    QVERIFY2(cell.number(QStringLiteral("exec-ms")) >= 50, qPrintable(cell.text())); // and exec() did run
}

void TestQuit::Q01b_exitBeforeTheWaitIsForgotten_data()
{
    QTest::addColumn<QString>("place");
    for (const char *place : {"aboutToQuit", "afterExec", "beforeExec"})
        QTest::newRow(place) << QString::fromLatin1(place);
}

void TestQuit::Q01b_exitBeforeTheWaitIsForgotten()
{
    QFETCH(QString, place);

    const Cell cell({QStringLiteral("outside"), place, QStringLiteral("leftoverexit")});

    QCOMPARE(cell.fault(5), QString());
    QCOMPARE(cell.value(QStringLiteral("next")), QStringLiteral("Value"));
    QCOMPARE(cell.value(QStringLiteral("after-next")), QStringLiteral("Value"));
    QVERIFY2(cell.number(QStringLiteral("next-cpu-ms")) < 100, qPrintable(cell.text()));
    QVERIFY2(cell.number(QStringLiteral("exec-ms")) >= 50, qPrintable(cell.text()));
}

void TestQuit::Q01c_quitOutsideExecIsIgnored_data()
{
    QTest::addColumn<QString>("place");
    QTest::addColumn<QString>("way");
    for (const char *place : {"aboutToQuit", "afterExec", "beforeExec"}) {
        QTest::addRow("%s quit", place) << QString::fromLatin1(place) << QStringLiteral("quit");
        if (hasWindows())
            QTest::addRow("%s windowclosed", place) << QString::fromLatin1(place) << QStringLiteral("windowclosed");
    }
}

void TestQuit::Q01c_quitOutsideExecIsIgnored()
{
    QFETCH(QString, place);
    QFETCH(QString, way);

    const Cell cell({QStringLiteral("outside"), place, way});

    QCOMPARE(cell.fault(5), QString());
    QCOMPARE(cell.value(QStringLiteral("outside")), QStringLiteral("Value"));
    QCOMPARE(cell.value(QStringLiteral("next")), QStringLiteral("Value"));
    QVERIFY2(cell.number(QStringLiteral("exec-ms")) >= 50, qPrintable(cell.text()));
}

void TestQuit::Q01d_nextWindowShownAfterTheWaitIsTooLate()
{
    if (!hasWindows())
        QSKIP("there are no windows without a platform");

    const Cell cell({QStringLiteral("nextwindow")});

    QCOMPARE(cell.fault(0), QString());
    QCOMPARE(cell.value(QStringLiteral("outcome")), QStringLiteral("Quit"));
    QCOMPARE(cell.value(QStringLiteral("main-visible")), QStringLiteral("1"));
}

void TestQuit::waitBegunAfterQuitHasTheShutdownLimit_data()
{
    QTest::addColumn<QString>("what");
    QTest::newRow("in a slot") << QStringLiteral("later");
    QTest::newRow("on top of a wait") << QStringLiteral("nested-later");
}

void TestQuit::waitBegunAfterQuitHasTheShutdownLimit()
{
    QFETCH(QString, what);

    const Cell cell({what});

    QCOMPARE(cell.fault(7), QString());
    QCOMPARE(cell.value(QStringLiteral("quick")), QStringLiteral("Value"));
    QCOMPARE(cell.value(QStringLiteral("slow")), QStringLiteral("Quit"));
    const int limit = cell.number(QStringLiteral("slow-ms")); // the cell sets 300
    QVERIFY2(limit >= 300 && limit < 600, qPrintable(cell.text()));
    if (what == QStringLiteral("nested-later"))
        QCOMPARE(cell.value(QStringLiteral("beneath")), QStringLiteral("Quit"));
}

void TestQuit::quitInTheFirstStepOfAWaitIsNotBeforeIt_data()
{
    QTest::addColumn<QString>("way");
    QTest::addColumn<QString>("place");
    QTest::addColumn<int>("code");
    QTest::newRow("quit, in a slot") << QStringLiteral("quit") << QStringLiteral("slot") << 0;
    QTest::newRow("quit, in a posted function") << QStringLiteral("quit") << QStringLiteral("postedfunction") << 0;
    QTest::newRow("quit, on top of a wait") << QStringLiteral("quit") << QStringLiteral("ontop") << 0;
    QTest::newRow("exit, on top of a wait") << QStringLiteral("exit") << QStringLiteral("ontop") << 7;
}

void TestQuit::quitInTheFirstStepOfAWaitIsNotBeforeIt()
{
    QFETCH(QString, way);
    QFETCH(QString, place);
    QFETCH(int, code);

    const Cell cell({QStringLiteral("firststep"), way, place});

    QCOMPARE(cell.fault(code), QString()); // it has ended at once
    QCOMPARE(cell.value(QStringLiteral("outcome")), QStringLiteral("Quit"));
    if (place == QStringLiteral("ontop"))
        QCOMPARE(cell.value(QStringLiteral("beneath")), QStringLiteral("Quit"));
}

void TestQuit::cleanUpMayWaitWhileQuitUnwinds()
{
    const Cell cell({QStringLiteral("cleanup")});

    QCOMPARE(cell.fault(7), QString());
    QCOMPARE(cell.value(QStringLiteral("in-task-catch")), QStringLiteral("42"));
    QCOMPARE(cell.value(QStringLiteral("in-task-destructor")), QStringLiteral("Value"));
    QCOMPARE(cell.value(QStringLiteral("caught")), QStringLiteral("Quit"));
    QCOMPARE(cell.value(QStringLiteral("in-slot-catch")), QStringLiteral("42"));
    QCOMPARE(cell.value(QStringLiteral("in-slot-destructor")), QStringLiteral("Value"));
}

void TestQuit::control_naiveWaitsDoNotEndSo_data()
{
    QTest::addColumn<QString>("way");
    QTest::addColumn<QString>("waiter");
    QTest::addColumn<QString>("outcome");
    QTest::addColumn<bool>("hangs");
    const auto add = [](const char *waiter) {
        const QString name = QString::fromLatin1(waiter);
        QTest::addRow("%s quit", waiter) << QStringLiteral("quit") << name << QStringLiteral("1 valueless") << false;
        QTest::addRow("%s exit", waiter) << QStringLiteral("exit") << name << QStringLiteral("1 valueless") << false;
        QTest::addRow("%s posted Quit", waiter)
                << QStringLiteral("postedquit") << name << QStringLiteral("1 Value") << true;
    };
    add("qeventloop");
#ifdef INTERLOOP_TEST_QCORO
    add("qcoro");
#endif
}

void TestQuit::control_naiveWaitsDoNotEndSo()
{
    QFETCH(QString, way);
    QFETCH(QString, waiter);
    QFETCH(QString, outcome);
    QFETCH(bool, hangs);

    const Cell cell({QStringLiteral("inside"), way, QStringLiteral("1"), waiter});

    // Either the wait comes back without what it waited for, or the application never ends.
    QCOMPARE(cell.value(QStringLiteral("outcome")), outcome);
    QCOMPARE(cell.code() == hung, hangs);
}

INTERLOOP_TEST_MAIN(TestQuit)
#include "tst_quit.moc"
