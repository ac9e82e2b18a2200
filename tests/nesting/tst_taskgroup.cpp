// SPDX-License-Identifier: MIT
#include <tests/cleanupcheck.h>
#include <tests/drivers.h>
#include <tests/messages.h>
#include <tests/testmain.h>
#include <tests/ticks.h>
#include <tests/timeline.h>

#include <interloop/interloop.h>

#include <QThread>
#include <QTimer>
#include <uv.h>

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

/*
 * Task groups on the merged loop: beside nested runs, and left without join, when they wait on the stack.
 */

using namespace interloop;
using namespace interloop::test;

class TestTaskGroup : public QObject
{
    Q_OBJECT

private slots:
    void init() { m_leaks.begin(); }
    void cleanup() { m_leaks.check(); }

    void N11_aFailureReachesASiblingInANestedRun_data() { addDrivers(); }
    void N11_aFailureReachesASiblingInANestedRun();
    void runSyncOfAJoin_data() { addDrivers(); }
    void runSyncOfAJoin();
    void leftWithoutJoinNothingTouchesWhatIsGone_data() { addDrivers(); }
    void leftWithoutJoinNothingTouchesWhatIsGone();
    void leftByAnExceptionItWaitsInSilence_data() { addDrivers(); }
    void leftByAnExceptionItWaitsInSilence();
    void leftByACancelItWaitsInSilence_data() { addDrivers(); }
    void leftByACancelItWaitsInSilence();
    void leftWhileAnotherExceptionPasses_data() { addDrivers(); }
    void leftWhileAnotherExceptionPasses();
    void leftInPlainCode_data() { addDrivers(); }
    void leftInPlainCode();
    void leftWhileTheApplicationIsToldToQuit();
    void leftAtTheEndOfABridge_data();
    void leftAtTheEndOfABridge();
    void childBeneathItsParentIsLetGo_data() { addDrivers(); }
    void childBeneathItsParentIsLetGo();
    void leftAtTheCapTheChildrenAreLetGo();
    void leftInARawCallbackTheChildrenAreLetGo();

private:
    CleanupCheck m_leaks;
};

namespace {

Task<> failAfter(std::chrono::nanoseconds delay)
{
    co_await sleepFor(delay);
    throw std::runtime_error("failure");
}

// What a scope's children must find whole until they have ended.
class Local
{
public:
    explicit Local(Timeline &log) : log(log) { }
    ~Local()
    {
        log.note("local gone (" + QString::number(users) + " users)");
        users = -1000;
    }

    Timeline &log;
    int users = 0;
    std::unique_ptr<int> memory = std::make_unique<int>(1);
};

// Uses `local` to its very end, which takes `cleanUp` from a cancellation on.
Task<> usesLocal(Local &local, std::chrono::nanoseconds cleanUp = {})
{
    class User
    {
    public:
        explicit User(Local &local) : m_local(local) { ++m_local.users; }
        ~User() { m_local.users -= *m_local.memory; }

    private:
        Local &m_local;
    };
    const User user(local);
    bool wasCancelled = false;
    try {
        co_await sleepFor(100 * unit);
    } catch (const Cancelled &) {
        wasCancelled = true;
    }
    if (wasCancelled)
        co_await shield(sleepFor(cleanUp));
    local.log.note("clean");
    co_await yield();
}

enum class Leave { Silently, ByException, WhenCancelled };

Task<> leavesGroup(Timeline &log, Leave how, std::chrono::nanoseconds cleanUp = {})
{
    Local local(log);
    TaskGroup group;
    group.spawn(usesLocal(local, cleanUp), "child");
    co_await sleepFor(how == Leave::WhenCancelled ? 100 * unit : unit);
    if (how == Leave::ByException)
        throw std::runtime_error("body failed");
}

} // namespace

void TestTaskGroup::N11_aFailureReachesASiblingInANestedRun()
{
    Timeline log;
    const auto nests = [](Timeline &log) -> Task<> {
        try {
            runSync(sleepFor(4 * unit));
            log.note("slept");
        } catch (const Cancelled &) {
            log.note("nested run cancelled");
            throw;
        }
        co_return;
    };
    const auto body = [](Task<> nesting) -> Task<> {
        TaskGroup group;
        group.spawn(std::move(nesting), "a");
        group.spawn(failAfter(unit), "b");
        co_await group.join();
    };
    drive([&] {
        log.start();
        try {
            runSync(body(nests(log)));
        } catch (const std::runtime_error &e) {
            log.note(e.what());
        }
        COMPARE_TIMELINE(log, "nested run cancelled@1, failure@1");
    });
}

void TestTaskGroup::runSyncOfAJoin()
{
    Timeline log;
    drive([&] {
        log.start();
        TaskGroup group;
        group.spawn(withTimeout(9 * unit, sleepFor(2 * unit)));
        group.spawn(failAfter(unit));
        try {
            runSync(group.join());
        } catch (const std::runtime_error &e) {
            log.note(e.what());
        }
        COMPARE_TIMELINE(log, "failure@1");
    });
}

void TestTaskGroup::leftWithoutJoinNothingTouchesWhatIsGone()
{
    drive([&] {
        const LoggedMessages messages;
        const Ticks ticks(10ms);
        Timeline log;
        log.start();
        runSync(leavesGroup(log, Leave::Silently, 2 * unit));
        COMPARE_TIMELINE(log, "clean@3, local gone (0 users)@3");
        QCOMPARE(messages.texts(), QStringList{"a TaskGroup was left without join: task 'child' is cancelled and waited for "
                                               "on the stack"});
        QVERIFY2(ticks.percent() >= 90, qPrintable(QString::number(ticks.percent()))); // the loop went on meanwhile
    });
}

void TestTaskGroup::leftByAnExceptionItWaitsInSilence()
{
    drive([&] {
        const LoggedMessages messages;
        Timeline log;
        log.start();
        try {
            runSync(leavesGroup(log, Leave::ByException, unit));
        } catch (const std::runtime_error &e) {
            log.note(e.what());
        }
        COMPARE_TIMELINE(log, "clean@2, local gone (0 users)@2, body failed@2");
        QCOMPARE(messages.texts(), QStringList());
    });
}

void TestTaskGroup::leftByACancelItWaitsInSilence()
{
    drive([&] {
        const LoggedMessages messages;
        Timeline log;
        log.start();
        const Result<> result = tryRunSync(leavesGroup(log, Leave::WhenCancelled, unit), RunOptions().timeout(unit));
        log.note(nameOf(result.outcome()));
        COMPARE_TIMELINE(log, "clean@2, local gone (0 users)@2, TimedOut@2");
        QCOMPARE(messages.texts(), QStringList());
    });
}

namespace {

// Runs `function` in its destructor while an exception passes.
template<typename Function>
void runWhileUnwinding(Function function)
{
    class Unwinds
    {
    public:
        explicit Unwinds(Function &function) : m_function(function) { }
        ~Unwinds() { m_function(); }

    private:
        Function &m_function;
    };
    try {
        const Unwinds unwinds(function);
        throw std::logic_error("passes");
    } catch (const std::logic_error &) {
    }
}

} // namespace

// A group knows by which way its own scope is left, whatever passes beneath the stack that it is made or left on.
void TestTaskGroup::leftWhileAnotherExceptionPasses()
{
    Timeline log;
    const LoggedMessages messages;
    drive([&] {
        log.start();
        // by an exception: in a task that a destructor waits for, and in one that has merely begun in that wait
        runWhileUnwinding([&log] { static_cast<void>(tryRunSync(leavesGroup(log, Leave::ByException))); });
        const TaskHandle<> begins = spawn(leavesGroup(log, Leave::ByException), "begins");
        runWhileUnwinding([] { runSync(yield()); });
        static_cast<void>(tryRunSync(begins));
        QCOMPARE(messages.texts(), QStringList());

        // by a return: the same, and in one that merely ends in the wait
        runWhileUnwinding([&log] { runSync(leavesGroup(log, Leave::Silently)); });
        QCOMPARE(messages.containing("a TaskGroup was left without join").size(), 1);
        const TaskHandle<> ends = spawn(leavesGroup(log, Leave::Silently), "ends");
        runSync(yield());
        runWhileUnwinding([&ends] { runSync(ends); });
        QCOMPARE(messages.containing("a TaskGroup was left without join").size(), 2);
        QCOMPARE(log.order("clean").count("clean"), 4);
    });
}

void TestTaskGroup::leftInPlainCode()
{
    drive([&] {
        const LoggedMessages messages;
        Timeline log;
        log.start();
        {
            Local local(log);
            TaskGroup group;
            group.spawn(usesLocal(local, unit), "child");
            runSync(sleepFor(unit));
        }
        COMPARE_TIMELINE(log, "clean@2, local gone (0 users)@2");
        QCOMPARE(messages.containing("left without join").size(), 1);
    });
}

void TestTaskGroup::leftWhileTheApplicationIsToldToQuit()
{
    const LoggedMessages messages;
    Timeline log;
    log.start();
    const TaskHandle<> handle = spawn(leavesGroup(log, Leave::ByException, 2 * unit), "body");
    QTimer::singleShot(2 * unit, QCoreApplication::instance(), [] { QCoreApplication::exit(7); });
    QCOMPARE(QCoreApplication::exec(), 7);
    QCOMPARE(log.order(), "clean, local gone (0 users)");
    QCOMPARE(tryRunSync(handle).errorString(), std::string("body failed"));
    QCOMPARE(messages.texts(), QStringList());
}

void TestTaskGroup::leftAtTheEndOfABridge_data()
{
    QTest::addColumn<bool>("isQThread");
    QTest::newRow("a QThread has finished") << true;
    QTest::newRow("a std::thread ends") << false;
}

void TestTaskGroup::leftAtTheEndOfABridge()
{
    // given: a thread that ends while tasks of its bridge are in their groups
    QFETCH(bool, isQThread);
    const LoggedMessages messages;
    Timeline log;
    const auto begin = [&log] {
        log.start();
        spawn(leavesGroup(log, Leave::WhenCancelled, unit), "body");
        runSync(sleepFor(unit));
    };

    // when
    if (isQThread) {
        const std::unique_ptr<QThread> thread(QThread::create(begin));
        thread->start();
        thread->wait();
    } else {
        std::thread(begin).join();
    }

    // then
    QCOMPARE(log.order(), "clean, local gone (0 users)");
    QCOMPARE(messages.texts(), QStringList());
}

void TestTaskGroup::childBeneathItsParentIsLetGo()
{
    Timeline log;
    const auto nests = [](Timeline &log) -> Task<> {
        try {
            runSync(sleepFor(4 * unit));
        } catch (const Cancelled &) {
            log.note("child cancelled");
            throw;
        }
        co_return;
    };
    const auto body = [](Task<> nesting) -> Task<> {
        TaskGroup group;
        group.spawn(std::move(nesting), "child");
        co_await sleepFor(unit);
        throw std::runtime_error("body failed");
    };
    drive([&] {
        const UnhandledErrors errors;
        log.start();
        const TaskHandle<> handle = spawn(body(nests(log)), "body");
        log.note(QString::fromStdString(tryRunSync(handle).errorString()));
        COMPARE_TIMELINE(log, "child cancelled@1, body failed@1");
        if (Bridge::current().isParking()) { // the child is not beneath: it can end before its parent goes on
            QCOMPARE(errors.texts(), QStringList());
            return;
        }
        QCOMPARE(errors.texts().size(), 1);
        QVERIFY2(errors.texts().first().startsWith("task 'child' outlives the TaskGroup that it belongs to: Deadlock: "),
                 qPrintable(errors.texts().first()));
    });
}

void TestTaskGroup::leftAtTheCapTheChildrenAreLetGo()
{
    const UnhandledErrors errors;
    Timeline log;
    log.start();
    std::optional<Local> outlives(log);
    const auto body = [](Local &local) -> Task<> {
        TaskGroup group;
        group.spawn(usesLocal(local), "child");
        co_await sleepFor(unit);
        throw std::runtime_error("body failed");
    };
    Bridge::current().setMaximumDepth(1);
    log.note(QString::fromStdString(tryRunSync(body(*outlives)).errorString()));
    Bridge::current().setMaximumDepth(64);
    runSync(sleepFor(unit));
    outlives.reset();
    QCOMPARE(log.order(), "body failed, clean, local gone (0 users)");
    QCOMPARE(errors.texts(), QStringList{"task 'child' outlives the TaskGroup that it belongs to: TooDeep: runSync: 1 waits "
                                         "are on the stack already"});
}

void TestTaskGroup::leftInARawCallbackTheChildrenAreLetGo()
{
    const UnhandledErrors errors;
    const LoggedMessages messages;
    Timeline log;
    log.start();
    Local local(log);
    auto group = std::make_unique<TaskGroup>();
    group->spawn(usesLocal(local), "child");
    runSync(sleepFor(unit / 4));

    uv_timer_t timer;
    uv_timer_init(Bridge::current().uvLoop(), &timer);
    timer.data = &group;
    uv_timer_start(&timer, [](uv_timer_t *timer) { static_cast<std::unique_ptr<TaskGroup> *>(timer->data)->reset(); }, 1, 0);
    runSync(sleepFor(unit / 4));
    uv_close(reinterpret_cast<uv_handle_t *>(&timer), nullptr);
    runSync(sleepFor(unit / 4));

    QVERIFY(!group);
    QCOMPARE(log.order(), "clean");
    QCOMPARE(errors.texts().size(), 1);
    QVERIFY2(errors.texts().first().startsWith("task 'child' outlives the TaskGroup that it belongs to: InsideLibuvCallback"),
             qPrintable(errors.texts().first()));
}

INTERLOOP_TEST_MAIN(TestTaskGroup)
#include "tst_taskgroup.moc"
