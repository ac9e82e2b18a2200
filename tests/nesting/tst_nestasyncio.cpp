// SPDX-License-Identifier: MIT
#include <tests/cleanupcheck.h>
#include <tests/drivers.h>
#include <tests/messages.h>
#include <tests/testmain.h>

#include <interloop/interloop.h>

#include <chrono>
#include <string>
#include <tuple>
#include <vector>

/*
 * What nest_asyncio promises, as the six behaviours that its own suite (version 1.6.0) checks, each from three drivers.
 */

using namespace interloop;
using namespace interloop::test;
using namespace std::chrono_literals;

namespace {

Task<int> answerAfter(std::chrono::milliseconds delay)
{
    co_await sleepFor(delay);
    co_return 42;
}

Task<int> inner()
{
    co_return runSync(answerAfter(10ms));
}

Task<int> outer()
{
    co_return runSync(inner());
}

Task<int> runsASpawnedTask()
{
    const TaskHandle<int> handle = spawn(answerAfter(10ms));
    co_return runSync(handle);
}

Task<std::vector<int>> runsAWaitOnAList()
{
    std::vector<TaskHandle<int>> handles;
    for (int n = 0; n < 3; ++n)
        handles.push_back(spawn(answerAfter(n * 5ms)));
    auto all = gather(std::move(handles));
    co_return runSync(std::move(all));
}

Task<> runsWithALimit()
{
    runSync(withTimeout(10ms, answerAfter(100ms)));
    co_return;
}

Task<int> givesAfterARun(int number, std::chrono::milliseconds delay)
{
    runSync(sleepFor(delay));
    co_return number;
}

const TaskLocal<int> variable(0);

Task<> setVariable(int value)
{
    variable.set(value);
    co_return;
}

Task<int> setsItInASubCoroutine()
{
    co_await setVariable(42);
    co_await sleepFor(10ms);
    co_return variable.value();
}

Task<int> setsItInANestedRun()
{
    variable.set(1);
    const int inside = runSync(setsItInASubCoroutine());
    co_return 100 * inside + variable.value(); // the run had a copy
}

} // namespace

class TestNestAsyncio : public QObject
{
    Q_OBJECT

private slots:
    void init() { m_leaks.begin(); }
    void cleanup() { m_leaks.check(); }

    void runsNest_data() { addDrivers(); }
    void runsNest();
    void aSpawnedTaskIsRunInside_data() { addDrivers(); }
    void aSpawnedTaskIsRunInside();
    void aWaitOnAListIsRunInside_data() { addDrivers(); }
    void aWaitOnAListIsRunInside();
    void aNestedTimeoutIsRaised_data() { addDrivers(); }
    void aNestedTimeoutIsRaised();
    void twoRunsSideBySideUnderGather_data() { addDrivers(); }
    void twoRunsSideBySideUnderGather();
    void aTaskLocalSetInASubCoroutineIsSeenAfterASleep_data() { addDrivers(); }
    void aTaskLocalSetInASubCoroutineIsSeenAfterASleep();
    void aNestedRunHasACopyOfTheTaskLocals_data() { addDrivers(); }
    void aNestedRunHasACopyOfTheTaskLocals();

private:
    CleanupCheck m_leaks;
};

void TestNestAsyncio::runsNest()
{
    int result = 0;
    drive([&result] { result = runSync(outer()); });
    QCOMPARE(result, 42);
}

void TestNestAsyncio::aSpawnedTaskIsRunInside()
{
    int result = 0;
    drive([&result] { result = runSync(runsASpawnedTask()); });
    QCOMPARE(result, 42);
}

void TestNestAsyncio::aWaitOnAListIsRunInside()
{
    std::vector<int> results;
    drive([&results] { results = runSync(runsAWaitOnAList()); });
    QCOMPARE(results, (std::vector<int>{42, 42, 42}));
}

void TestNestAsyncio::aNestedTimeoutIsRaised()
{
    bool isRaised = false;
    drive([&isRaised] {
        try {
            runSync(runsWithALimit());
        } catch (const TimeoutError &) {
            isRaised = true;
        }
    });
    QVERIFY(isRaised);
}

void TestNestAsyncio::twoRunsSideBySideUnderGather()
{
    std::tuple<int, int> results;
    drive([&results] { results = runSync(gather(givesAfterARun(4, 20ms), givesAfterARun(2, 10ms))); });
    QCOMPARE(results, std::tuple(4, 2));
}

void TestNestAsyncio::aTaskLocalSetInASubCoroutineIsSeenAfterASleep()
{
    int result = 0;
    drive([&result] { result = runSync(setsItInASubCoroutine()); });
    QCOMPARE(result, 42);
    QCOMPARE(variable.value(), 0);
}

void TestNestAsyncio::aNestedRunHasACopyOfTheTaskLocals()
{
    int result = 0;
    drive([&result] { result = runSync(setsItInANestedRun()); });
    QCOMPARE(result, 4201);
    QCOMPARE(variable.value(), 0);
}

INTERLOOP_TEST_MAIN(TestNestAsyncio)
#include "tst_nestasyncio.moc"
