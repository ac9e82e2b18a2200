// SPDX-License-Identifier: MIT
#include <tests/cleanupcheck.h>
#include <tests/test/failing.h>
#include <tests/testmain.h>

#include <interloop/interloop.h>
#include <interloop/test/runtest.h>
#include <interloop/test/verify.h>

#include <QObject>
#include <QString>
#include <QTest>

#include <stdexcept>

using namespace interloop;
using namespace interloop::test;

class TestVerify : public QObject
{
    Q_OBJECT

private slots:
    void init() { m_leaks.begin(); }
    void cleanup() { m_leaks.check(); }

    void whatHoldsGoesOn();
    void whatDoesNotHoldFailsWithTheValues_data();
    void whatDoesNotHoldFailsWithTheValues();
    void aSkippedTestIsSkipped();

private:
    CleanupCheck m_leaks;
};

namespace {

template<typename T>
Task<T> later(T value)
{
    co_await yield();
    co_return value;
}

template<typename Exception>
Task<int> throwLater(Exception exception)
{
    co_await yield();
    throw exception;
}

Task<> allHold(bool &isAtEnd)
{
    INTERLOOP_VERIFY(co_await later(true));
    INTERLOOP_VERIFY2(co_await later(1) == 1, "never read");
    INTERLOOP_COMPARE(co_await later(QString("text")), QString("text"));
    INTERLOOP_COMPARE(co_await later(QString("text")), "text");
    INTERLOOP_COMPARE(co_await later(1), 1);
    INTERLOOP_VERIFY_THROWS(std::invalid_argument, co_await throwLater(std::invalid_argument("x")));
    INTERLOOP_VERIFY_THROWS(std::exception, co_await throwLater(std::invalid_argument("x")));
    INTERLOOP_VERIFY_THROWS(Cancelled, co_await throwLater(Cancelled()));
    if (isAtEnd)
        INTERLOOP_FAIL("run twice");
    isAtEnd = true;
}

} // namespace

void TestVerify::whatHoldsGoesOn()
{
    bool isAtEnd = false;
    INTERLOOP_RUN(allHold(isAtEnd));
    QVERIFY(isAtEnd);
}

void TestVerify::whatDoesNotHoldFailsWithTheValues_data()
{
    QTest::addColumn<QStringList>("said");
    const QString here = "failing.cpp(";
    QTest::newRow("verify") << QStringList{"FAIL!", "'1 > 2' returned FALSE", here};
    QTest::newRow("verify2") << QStringList{"FAIL!", "'1 > 2' returned FALSE. (one is not greater)", here};
    QTest::newRow("compare") << QStringList{"FAIL!", "(co_await give(\"left\"))", "\"left\"", "\"right\"", here};
    QTest::newRow("outcomes") << QStringList{"FAIL!", ": Quit", ": Value", here};
    QTest::newRow("refusals") << QStringList{"FAIL!", ": Deadlock", ": TooDeep", here};
    QTest::newRow("fail") << QStringList{"FAIL!", "on purpose", here};
    QTest::newRow("throwsNothing") << QStringList{
            "FAIL!", "co_await yield() was to throw std::runtime_error, but threw: nothing", here};
    QTest::newRow("throwsSomethingElse") << QStringList{
            "FAIL!", "was to throw std::invalid_argument, but threw: the server is on fire", here};
}

void TestVerify::whatDoesNotHoldFailsWithTheValues()
{
    QFETCH(QStringList, said);
    const Failing run(QTest::currentDataTag());
    QCOMPARE(run.without(said), QString());
    QCOMPARE(run.failures(), 1);
    QVERIFY2(!run.output().contains("went on"), qPrintable(run.output()));
}

void TestVerify::aSkippedTestIsSkipped()
{
    const Failing run("skip");
    QCOMPARE(run.without({"SKIP", "not today", "failing.cpp(", "1 skipped"}), QString());
    QCOMPARE(run.failures(), 0);
    QVERIFY2(!run.output().contains("went on"), qPrintable(run.output()));
}

INTERLOOP_TEST_MAIN(TestVerify)
#include "tst_verify.moc"
