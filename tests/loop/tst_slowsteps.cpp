// SPDX-License-Identifier: MIT
#include <tests/cleanupcheck.h>
#include <tests/drivers.h>
#include <tests/messages.h>
#include <tests/testmain.h>

#include <interloop/interloop.h>

#include <QEventLoop>
#include <QTimer>

#include <chrono>
#include <vector>

/*
 * A25: a task that keeps everybody else waiting is reported, with its name and place; time in which others had their
 * turns is not its own.
 */

using namespace interloop;
using namespace interloop::test;
using namespace std::chrono_literals;

namespace {

// Keeps the processor, as a computation would.
void compute(std::chrono::milliseconds time)
{
    const auto end = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < end) { }
}

Task<> computes(std::chrono::milliseconds time)
{
    co_await yield();
    compute(time);
    co_await yield();
}

const QString slow = QStringLiteral("has kept everything else on its thread waiting for");

} // namespace

class TestSlowSteps : public QObject
{
    Q_OBJECT

private slots:
    void init() { m_leaks.begin(); }
    void cleanup()
    {
        Bridge::current().setSlowStepThreshold(100ms);
        m_leaks.check();
    }

    void A25_aTaskThatNeverYieldsIsNamed_data() { addDrivers(); }
    void A25_aTaskThatNeverYieldsIsNamed();
    void A25_aBlockingWaitIsNotCounted_data() { addDrivers(); }
    void A25_aBlockingWaitIsNotCounted();
    void A25_aForeignEventLoopIsNotCounted();
    void A25_whatComesBeforeABlockingWaitIsCounted();
    void A25_whatComesBehindABlockingWaitIsCounted();
    void A25_aPostedFunctionIsNotTakenForTheNextTask_data() { addDrivers(); }
    void A25_aPostedFunctionIsNotTakenForTheNextTask();
    void A25_theThresholdIsWhatIsSet();
    void A25_zeroSwitchesItOff();
    void A25_behindManyOthersItIsNamedTheSecondTime();

private:
    CleanupCheck m_leaks;
};

void TestSlowSteps::A25_aTaskThatNeverYieldsIsNamed()
{
    const LoggedMessages log;
    drive([] {
        const TaskHandle<> hog = spawn(computes(150ms), "hog");
        const TaskHandle<> other = spawn(computes(0ms), "other");
        runSync(gather(hog, other));
    });
    const QStringList told = log.containing(slow);
    QVERIFY2(told.size() == 1, qPrintable(told.join('\n')));
    QVERIFY2(told.front().startsWith("task 'hog' "), qPrintable(told.front()));
    QVERIFY2(told.front().contains(" at tst_slowsteps.cpp:"), qPrintable(told.front()));
}

void TestSlowSteps::A25_aBlockingWaitIsNotCounted()
{
    const auto blocks = []() -> Task<> {
        co_await yield();
        runSync(sleepFor(150ms));
        co_await yield();
    };
    const LoggedMessages log;
    drive([&blocks] { runSync(spawn(blocks(), "blocks")); });
    QCOMPARE(log.containing(slow), QStringList());
}

void TestSlowSteps::A25_aForeignEventLoopIsNotCounted()
{
    const auto opensADialog = []() -> Task<> {
        co_await yield();
        QEventLoop dialog;
        QTimer::singleShot(150ms, &dialog, &QEventLoop::quit);
        dialog.exec();
        co_await yield();
    };
    const LoggedMessages log;
    runSync(spawn(opensADialog(), "opens"));
    QCOMPARE(log.containing(slow).join('\n'), QString());
}

void TestSlowSteps::A25_whatComesBeforeABlockingWaitIsCounted()
{
    const auto blocks = []() -> Task<> {
        co_await yield();
        compute(150ms);
        runSync(sleepFor(1ms));
        co_await yield();
    };
    const LoggedMessages log;
    runSync(spawn(blocks(), "blocks"));
    QCOMPARE(log.containing(slow).size(), 1);
    QVERIFY(log.containing(slow).front().startsWith("task 'blocks' "));
}

void TestSlowSteps::A25_whatComesBehindABlockingWaitIsCounted()
{
    const auto blocks = []() -> Task<> {
        co_await yield();
        runSync(sleepFor(1ms));
        compute(150ms);
        co_await yield();
    };
    const LoggedMessages log;
    runSync(spawn(blocks(), "blocks"));
    QCOMPARE(log.containing(slow).size(), 1);
    QVERIFY(log.containing(slow).front().startsWith("task 'blocks' "));
}

void TestSlowSteps::A25_aPostedFunctionIsNotTakenForTheNextTask()
{
    const LoggedMessages log;
    drive([] {
        Bridge::current().post([] { compute(150ms); });
        runSync(spawn(computes(0ms), "next"));
    });
    const QStringList told = log.containing(slow);
    QVERIFY2(told.size() == 1, qPrintable(told.join('\n')));
    QVERIFY2(told.front().startsWith("a posted function "), qPrintable(told.front()));
}

void TestSlowSteps::A25_theThresholdIsWhatIsSet()
{
    const LoggedMessages log;
    Bridge::current().setSlowStepThreshold(2000ms);
    runSync(spawn(computes(150ms), "within the limit"));
    QCOMPARE(log.containing(slow), QStringList());
    Bridge::current().setSlowStepThreshold(20ms);
    runSync(spawn(computes(40ms), "beyond it"));
    QCOMPARE(log.containing(slow).size(), 1);
    QVERIFY(log.containing(slow).front().startsWith("task 'beyond it' "));
}

void TestSlowSteps::A25_zeroSwitchesItOff()
{
    const auto switchesItOff = []() -> Task<> {
        co_await yield();
        compute(20ms);
        Bridge::current().setSlowStepThreshold(0ms);
    };
    const LoggedMessages log;
    runSync(spawn(switchesItOff(), "within the limit"));
    runSync(spawn(computes(150ms), "hog"));
    QCOMPARE(log.containing(slow), QStringList());
}

void TestSlowSteps::A25_behindManyOthersItIsNamedTheSecondTime()
{
    Bridge::current().close(); // one that has seen slow steps looks at all of them
    Bridge::current();
    const LoggedMessages log;
    std::vector<TaskHandle<>> tasks;
    for (int n = 0; n < 200; ++n)
        tasks.push_back(spawn(computes(n == 100 ? 150ms : 0ms), QString("n%1").arg(n).toStdString()));
    runSync(gather(tasks));
    QCOMPARE(log.containing(slow).size(), 1);
    // Under sanitizers a drain may have no more steps than those that are timed one by one.
    QVERIFY2(isSanitized || log.containing(slow).front().startsWith("a task "), qPrintable(log.containing(slow).front()));

    // when it happens again
    tasks.clear();
    for (int n = 0; n < 200; ++n)
        tasks.push_back(spawn(computes(n == 100 ? 150ms : 0ms), QString("n%1").arg(n).toStdString()));
    runSync(gather(tasks));
    QCOMPARE(log.containing(slow).size(), 2);
    QVERIFY2(log.containing(slow).back().startsWith("task 'n100' "), qPrintable(log.containing(slow).back()));
}

INTERLOOP_TEST_MAIN(TestSlowSteps)
#include "tst_slowsteps.moc"
