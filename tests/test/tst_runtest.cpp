// SPDX-License-Identifier: MIT
#include <tests/cleanupcheck.h>
#include <tests/test/failing.h>
#include <tests/testmain.h>

#include <interloop/interloop.h>
#include <interloop/test/randomorder.h>
#include <interloop/test/runtest.h>
#include <interloop/test/verify.h>
#include <interloop/test/virtualclock.h>

#include <QObject>
#include <QTest>

#include <chrono>

using namespace interloop;
using namespace interloop::test;
using namespace std::chrono_literals;

class TestRunTest : public QObject
{
    Q_OBJECT

private slots:
    void init() { m_leaks.begin(); }
    void cleanup() { m_leaks.check(); }

    void theLimitIsRealTime();
    void anExceptionFailsTheTest();
    void aHangSaysWhichTestAndWhatWaits();
    void aHangInVirtualTimeEndsToo();
    void whatCannotBeCancelledEndsTheProcess();
    void aFailureLeavesTheTestFunction();

private:
    CleanupCheck m_leaks;
};

namespace {

Task<> sleepLong(const VirtualClock &clock)
{
    co_await sleepFor(1h);
    INTERLOOP_COMPARE(clock.elapsed(), 1h);
}

} // namespace

void TestRunTest::theLimitIsRealTime()
{
    const VirtualClock clock;
    INTERLOOP_RUN(sleepLong(clock), 5s);
    QCOMPARE(clock.elapsed(), 1h);
}

void TestRunTest::anExceptionFailsTheTest()
{
    const Failing run("exception");
    QCOMPARE(run.without({"FAIL!", "Failing::exception()", "the test threw: the server is on fire", "failing.cpp("}), QString());
    QCOMPARE(run.failures(), 1);
}

void TestRunTest::aHangSaysWhichTestAndWhatWaits()
{
    const Failing run("hang");
    QCOMPARE(run.without({"FAIL!", "hang(row) has not ended within 20 ms", "task 'hang(row)': waits for task 'load'", "failing.cpp:",
                          "task 'load': waits for", "failing.cpp:", "failing.cpp("}),
             QString());
    QVERIFY2(!run.output().contains("left behind"), qPrintable(run.output())); // it was cancelled
    QCOMPARE(run.failures(), 1);
}

void TestRunTest::aHangInVirtualTimeEndsToo()
{
    const Failing run("hangInVirtualTime");
    QCOMPARE(run.without({"FAIL!", "hangInVirtualTime has not ended within 20 ms", "failing.cpp("}), QString());
    QCOMPARE(run.failures(), 1);
}

void TestRunTest::whatCannotBeCancelledEndsTheProcess()
{
    const Failing run("hangForGood");
    QCOMPARE(run.without({"hangForGood has not ended within 20 ms", "and could not be cancelled. Now there are:",
                          "task 'hangForGood': waits for"}),
             QString());
    QCOMPARE(run.failures(), -1);
}

void TestRunTest::aFailureLeavesTheTestFunction()
{
    const Failing run("leavesTheTestFunction");
    QCOMPARE(run.failures(), 1);
    QVERIFY2(!run.output().contains("went on"), qPrintable(run.output()));
}

INTERLOOP_TEST_MAIN(TestRunTest)
#include "tst_runtest.moc"
