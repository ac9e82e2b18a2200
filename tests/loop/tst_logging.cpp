// SPDX-License-Identifier: MIT
#include <tests/cleanupcheck.h>
#include <tests/drivers.h>
#include <tests/messages.h>
#include <tests/testmain.h>

#include <interloop/interloop.h>

#include <QLoggingCategory>

#include <chrono>

/*
 * What the log says, and when: nothing by itself, and what was asked for by category.
 */

using namespace interloop;
using namespace interloop::test;
using namespace std::chrono_literals;

namespace {

class FilterRules
{
public:
    explicit FilterRules(const QString &rules) { QLoggingCategory::setFilterRules(rules); }
    ~FilterRules() { QLoggingCategory::setFilterRules({}); }
};

Task<int> answer()
{
    co_await yield();
    co_return 42;
}

int answerSync()
{
    return runSync(answer());
}

Task<int> blocksOften(int times)
{
    int sum = 0;
    for (int n = 0; n < times; ++n)
        sum += runSync(answer());
    co_return sum;
}

Task<int> callsAFunctionThatBlocks()
{
    co_return answerSync();
}

const QString advice = QStringLiteral("co_await would do");

} // namespace

class TestLogging : public QObject
{
    Q_OBJECT

private slots:
    void init() { m_leaks.begin(); }
    void cleanup() { m_leaks.check(); }

    void nothingIsSaidUnlessAskedFor_data() { addDrivers(); }
    void nothingIsSaidUnlessAskedFor();
    void A31_adviceIsGivenOnceForEachCallSite();
    void A31_plainCodeGetsNoAdvice();
    void waitsSayWhenTheyBeginAndReturn();
    void tasksSayWhenTheyAreSpawnedAndHaveEnded();
    void bridgesSayWhenTheyBeginAndHaveEnded();

private:
    CleanupCheck m_leaks;
};

void TestLogging::nothingIsSaidUnlessAskedFor()
{
    const LoggedMessages log;
    drive([] { QCOMPARE(runSync(spawn(blocksOften(2), "blocks")), 84); });
    QCOMPARE(log.texts(), QStringList());
}

void TestLogging::A31_adviceIsGivenOnceForEachCallSite()
{
    const FilterRules rules("interloop.wait.info=true");
    const LoggedMessages log;
    QCOMPARE(runSync(spawn(blocksOften(3), "blocks")), 126); // it works all the same
    QCOMPARE(runSync(spawn(blocksOften(3), "again")), 126);
    QCOMPARE(log.containing(advice).size(), 1);
    QVERIFY2(log.containing(advice).front().startsWith("runSync at tst_logging.cpp:"), qPrintable(log.texts().join('\n')));
    QVERIFY(log.containing(advice).front().contains("inside task 'blocks'"));

    // another call site
    QCOMPARE(runSync(spawn(callsAFunctionThatBlocks(), "calls")), 42);
    QCOMPARE(log.containing(advice).size(), 2);
}

void TestLogging::A31_plainCodeGetsNoAdvice()
{
    const FilterRules rules("interloop.wait.info=true");
    const LoggedMessages log;
    QCOMPARE(runSync(answer()), 42);
    QTimer::singleShot(0, this, [] { runSync(answer()); });
    runSync(sleepFor(10ms));
    QObject sender;
    const auto connection = interloop::connect(&sender, &QObject::objectNameChanged, this, [] { runSync(answer()); });
    sender.setObjectName("changed");
    QObject::disconnect(connection);
    QCOMPARE(log.containing(advice), QStringList());
}

void TestLogging::waitsSayWhenTheyBeginAndReturn()
{
    const FilterRules rules("interloop.wait.debug=true");
    const LoggedMessages log;
    runSync(answer());
    QCOMPARE(log.texts().size(), 2);
    QVERIFY2(log.texts().front().startsWith("runSync at depth 1 (tst_logging.cpp:"), qPrintable(log.texts().front()));
    QVERIFY2(log.texts().front().endsWith(") begins"), qPrintable(log.texts().front()));
    QVERIFY2(log.texts().back().contains(") returns after "), qPrintable(log.texts().back()));
}

void TestLogging::tasksSayWhenTheyAreSpawnedAndHaveEnded()
{
    const FilterRules rules("interloop.task.debug=true");
    const LoggedMessages log;
    runSync(spawn(answer(), "answer"));
    QCOMPARE(log.containing("task 'answer'").size(), 2);
    QVERIFY2(log.texts().front().endsWith(": spawned"), qPrintable(log.texts().front()));
    QVERIFY2(log.texts().back().endsWith(": Value"), qPrintable(log.texts().back()));
}

void TestLogging::bridgesSayWhenTheyBeginAndHaveEnded()
{
    const FilterRules rules("interloop.loop.debug=true");
    const LoggedMessages log;
    Bridge::current().close();
    Bridge::current();
    QCOMPARE(log.texts(), QStringList({"the bridge has ended", "a bridge begins"}));
}

INTERLOOP_TEST_MAIN(TestLogging)
#include "tst_logging.moc"
