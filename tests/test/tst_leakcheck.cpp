// SPDX-License-Identifier: MIT
#include <tests/test/failing.h>
#include <tests/testmain.h>

#include <interloop/interloop.h>
#include <interloop/test/leakcheck.h>
#include <interloop/test/waituntilidle.h>

#include <QObject>
#include <QStringList>
#include <QTest>
#include <uv.h>

#include <chrono>

using namespace interloop;
using namespace interloop::test;
using namespace std::chrono_literals;

class TestLeakCheck : public QObject
{
    Q_OBJECT

private slots:
    void init() { m_leaks.begin(); }
    void cleanup() { m_leaks.check(); }

    void whatIsLeftHasAName();
    void whatWasThereBeforeMayStay();
    void whatIsAboutToEndMayEnd();
    void aBridgeMadeSinceIsNoLeak();
    void aLeakFailsTheTestFunction_data();
    void aLeakFailsTheTestFunction();

private:
    interloop::LeakCheck m_leaks;
};

void TestLeakCheck::whatIsLeftHasAName()
{
    Leftovers left;
    left.begin();
    QCOMPARE(left.list(), QStringList());
    const TaskHandle<> load = spawn(asTask(sleepFor(1h)), "load");
    const TaskHandle<> wait = spawn(asTask(TaskHandle<>(load)), "wait");
    runSync(waitUntilIdle());
    TcpServer server = TcpServer::listen(QStringLiteral("127.0.0.1"), 0);
    QStringList list = left.list();
    QCOMPARE(list.size(), 3);
    QVERIFY2(list[0].startsWith("task 'load': waits for "), qPrintable(list[0]));
    QVERIFY2(list[1].startsWith("task 'wait': waits for task 'load'"), qPrintable(list[1]));
    QCOMPARE(list[2], QString("a libuv tcp handle"));
    server.close();
    QCOMPARE(left.list()[2], QString("a libuv tcp handle (closing)"));
    wait.cancel();
    QTRY_COMPARE(left.list(), QStringList());
}

void TestLeakCheck::whatWasThereBeforeMayStay()
{
    const TaskHandle<> load = spawn(asTask(sleepFor(1h)), "load");
    TcpServer server = TcpServer::listen(QStringLiteral("127.0.0.1"), 0);
    Leftovers left;
    left.begin();
    const TaskHandle<> second = spawn(asTask(sleepFor(1h)), "load");
    QCOMPARE(left.list().size(), 1);
    QVERIFY2(left.list()[0].startsWith("task 'load': not started"), qPrintable(left.list()[0]));
    second.cancel();
    QTRY_COMPARE(left.list(), QStringList());
    load.cancel();
    server.close();
    QTRY_COMPARE(left.list(), QStringList());
}

void TestLeakCheck::whatIsAboutToEndMayEnd()
{
    TcpServer server = TcpServer::listen(QStringLiteral("127.0.0.1"), 0);
    spawn(asTask(sleepFor(20ms)));
} // check() has something to wait for

void TestLeakCheck::aBridgeMadeSinceIsNoLeak()
{
    Bridge::current().close();
    Leftovers left;
    left.begin();
    QCOMPARE(left.list(), QStringList());
    Bridge::current();
    QCOMPARE(left.list(), QStringList());
    TcpServer server = TcpServer::listen(QStringLiteral("127.0.0.1"), 0);
    QCOMPARE(left.list(), QStringList("a libuv tcp handle"));
}

void TestLeakCheck::aLeakFailsTheTestFunction_data()
{
    QTest::addColumn<QString>("said");
    QTest::newRow("tasks") << "left behind: task 'load': waits for";
    QTest::newRow("handles") << "left behind: a libuv timer handle\n";
}

void TestLeakCheck::aLeakFailsTheTestFunction()
{
    QFETCH(QString, said);
    const Failing run(QTest::currentDataTag());
    QCOMPARE(run.without({"FAIL!", QString("Failing::%1()").arg(QTest::currentDataTag()), said, "failing.cpp("}), QString());
    QCOMPARE(run.failures(), 1);
}

INTERLOOP_TEST_MAIN(TestLeakCheck)
#include "tst_leakcheck.moc"
