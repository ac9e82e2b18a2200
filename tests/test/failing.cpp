// SPDX-License-Identifier: MIT
//
// Test functions that must fail. Its own tests start it, one function at a time, and read what it prints.

#include <interloop/interloop.h>
#include <interloop/test/test.h>

#include <QCoreApplication>
#include <QObject>
#include <QTest>

#include <chrono>
#include <stdexcept>

using namespace interloop;
using namespace std::chrono_literals;

class Failing : public QObject
{
    Q_OBJECT

private slots:
    void init() { m_leaks.begin(); }
    void cleanup();

    void verify() { INTERLOOP_RUN(verifyTask()); }
    void verify2() { INTERLOOP_RUN(verify2Task()); }
    void compare() { INTERLOOP_RUN(compareTask()); }
    void outcomes() { QCOMPARE(Outcome::Quit, Outcome::Value); }
    void refusals() { QCOMPARE(Refusal::Deadlock, Refusal::TooDeep); }
    void fail() { INTERLOOP_RUN(failTask()); }
    void skip() { INTERLOOP_RUN(skipTask()); }
    void throwsNothing() { INTERLOOP_RUN(throwsNothingTask()); }
    void throwsSomethingElse() { INTERLOOP_RUN(throwsSomethingElseTask()); }

    void exception() { INTERLOOP_RUN(exceptionTask()); }
    void hang_data();
    void hang();
    void hangForGood() { INTERLOOP_RUN(shield(sleepTask(1h)), 20ms); }
    void hangInVirtualTime();
    void leavesTheTestFunction();

    void tasks();
    void handles();

    void order();
    void orderFromEnvironment();

private:
    Task<> verifyTask();
    Task<> verify2Task();
    Task<> compareTask();
    Task<> failTask();
    Task<> skipTask();
    Task<> throwsNothingTask();
    Task<> throwsSomethingElseTask();
    Task<> exceptionTask();
    Task<> hangTask();
    Task<> sleepTask(std::chrono::nanoseconds delay);

    LeakCheck m_leaks;
    TaskHandle<> m_left;
    uv_timer_t m_timer;
};

void Failing::cleanup()
{
    m_leaks.check(20ms);
    if (m_left.isValid())
        m_left.cancel();
}

Task<> Failing::verifyTask()
{
    INTERLOOP_VERIFY(true);
    co_await yield();
    INTERLOOP_VERIFY(1 > 2);
    qInfo("went on");
}

Task<> Failing::verify2Task()
{
    INTERLOOP_VERIFY2(true, "not this");
    co_await yield();
    INTERLOOP_VERIFY2(1 > 2, "one is not greater");
    qInfo("went on");
}

Task<> Failing::compareTask()
{
    const auto give = [](QString text) -> Task<QString> {
        co_await yield();
        co_return text;
    };
    INTERLOOP_COMPARE(co_await give("left"), QString("left"));
    INTERLOOP_COMPARE(co_await give("left"), QString("right"));
    qInfo("went on");
}

Task<> Failing::failTask()
{
    co_await yield();
    INTERLOOP_FAIL("on purpose");
    qInfo("went on");
}

Task<> Failing::skipTask()
{
    co_await yield();
    INTERLOOP_SKIP("not today");
    qInfo("went on");
}

Task<> Failing::throwsNothingTask()
{
    INTERLOOP_VERIFY_THROWS(std::runtime_error, co_await yield());
    qInfo("went on");
}

Task<> Failing::throwsSomethingElseTask()
{
    INTERLOOP_VERIFY_THROWS(std::invalid_argument, co_await exceptionTask());
    qInfo("went on");
}

Task<> Failing::exceptionTask()
{
    co_await yield();
    throw std::runtime_error("the server is on fire");
}

Task<> Failing::sleepTask(std::chrono::nanoseconds delay)
{
    co_await sleepFor(delay);
}

Task<> Failing::hangTask()
{
    const TaskHandle<> load = spawn(sleepTask(1h), "load");
    co_await load;
}

void Failing::hang_data()
{
    QTest::addColumn<int>("number");
    QTest::newRow("row") << 1;
}

void Failing::hang()
{
    INTERLOOP_RUN(hangTask(), 20ms);
}

// Nothing will come, and the clock has nothing to jump to.
void Failing::hangInVirtualTime()
{
    const VirtualClock clock;
    const Future<> nothing;
    INTERLOOP_RUN(asTask(nothing), 20ms);
}

void Failing::leavesTheTestFunction()
{
    INTERLOOP_RUN(failTask());
    qInfo("went on");
}

void Failing::tasks()
{
    m_left = spawn(sleepTask(1h), "load");
    runSync(waitUntilIdle());
}

void Failing::handles()
{
    uv_timer_init(Bridge::current().uvLoop(), &m_timer);
}

void Failing::order()
{
    const RandomOrder order(7);
    QFAIL("on purpose");
}

void Failing::orderFromEnvironment()
{
    INTERLOOP_RUN(failTask());
}

int main(int argc, char **argv)
{
    QCoreApplication application(argc, argv);
    Failing test;
    return QTest::qExec(&test, argc, argv);
}

#include "failing.moc"
