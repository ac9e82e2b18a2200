// SPDX-License-Identifier: MIT
#include <tests/task/virtualscheduler.h>

#include <interloop/task/future.h>
#include <interloop/task/spawn.h>
#include <interloop/task/task.h>

#include <QObject>
#include <QTest>

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

using namespace interloop;
using namespace interloop::test;

static_assert(!std::is_aggregate_v<TaskHandle<>>);
static_assert(!std::is_aggregate_v<TaskHandle<int>>);
static_assert(!std::is_aggregate_v<HandleAwaiter<int, TakeResult::Copy>>);
static_assert(!std::is_aggregate_v<HandleAwaiter<int, TakeResult::Move>>);
static_assert(std::is_copy_constructible_v<TaskHandle<std::unique_ptr<int>>>);

namespace {

const QString emptyHandle = "an empty TaskHandle: default-constructed or moved from";

Task<int> giveInt(int n)
{
    note("inner");
    co_return n;
}

Task<std::unique_ptr<int>> giveMoveOnly(int n)
{
    co_return std::make_unique<int>(n);
}

Task<std::string> giveText()
{
    co_return "a text that is too long to be kept inside the string itself";
}

Task<> fail(std::string text)
{
    throw std::runtime_error(text);
    co_return;
}

Task<> waitFor(TaskHandle<> handle, std::string name)
{
    try {
        co_await handle;
        note(name + " value");
    } catch (const Cancelled &cancelled) {
        note(name + (cancelled.whom() == Cancelled::Whom::Self ? " cancelled itself" : " awaited a cancelled one"));
    } catch (const std::exception &e) {
        note(name + ' ' + e.what());
    }
}

// Notes the end of its own life.
class Witness
{
public:
    explicit Witness(std::string name) : m_name(std::move(name)) { }
    Witness(Witness &&other) noexcept : m_name(std::exchange(other.m_name, {})) { }
    Witness &operator=(Witness &&) = delete;
    ~Witness()
    {
        if (!m_name.empty())
            note("~" + m_name);
    }

private:
    std::string m_name;
};

Task<> holdWitness(Witness)
{
    note("body");
    co_await sleepFor(1s);
}

} // namespace

class TestSpawn : public QObject
{
    Q_OBJECT

private slots:
    void init() { loop.emplace(); }
    void cleanup() { QCOMPARE(end(loop), QStringList()); }

    void A14_spawnedTaskStartsWhenItsCallerHasYielded();
    void A17_twoTasksTakeTurns();
    void A18_fourTasksTakeTurns();
    void A24_awaitingWhatIsDoneDoesNotYield();
    void waitersGoOnInTheOrderOfWaiting();
    void copiesReferToTheSameTask();
    void awaitingAHandleCopiesTheResult();
    void moveOnlyResultIsTakenOnce();
    void takingMovesTheResultOut();
    void emptyHandleThrows();
    void emptyTaskCannotBeSpawned();
    void namesAreKept();
    void taskOutlivesItsHandles();
    void parametersDieWhenTheTaskEndsNotWithTheHandle();
    void everyWaiterGetsTheException();
    void Q09_unseenFailureIsReportedOnceWithTheName();
    void failureWithoutAnyHandleIsReported();
    void seenFailureIsNotReported();
    void cancelledTaskIsNotReported();
    void cancelOfAStartedTaskIsTrueOnceDoneFalse();
    void cancelBeforeTheStartNeverRunsTheBody();
    void cancelBeforeTheStartReachesTheWaiter();
    void cancelledWaiterCancelsTheTaskAndWaitsForItsUnwinding();
    void cancelledWaiterGetsTheValueOfATaskThatRefuses();
    void cancelledWaiterGetsTheErrorOfATaskThatFailsMeanwhile();
    void cancelOfTheTaskIsToldFromCancelOfTheWaiter();
    void taskThatCancelsItselfIsCancelledAtItsNextAwait();
    void taskThatSwallowsTheCancelEndsWithItsValue();
    void otherThreadIsRefused();
    void lastHandleDroppedOnAnotherThreadReportsAtHome();
    void handleOfAnEndedLoopIsRefused();
    void closedLoopRefusesNewTasks();

private:
    std::optional<VirtualScheduler> loop;
};

void TestSpawn::A14_spawnedTaskStartsWhenItsCallerHasYielded()
{
    const auto body = []() -> Task<int> {
        const TaskHandle<int> handle = spawn(giveInt(42));
        note("created");
        co_await sleepFor(1s);
        co_return co_await handle;
    };
    QCOMPARE(loop->runTask(body()), 42);
    QCOMPARE(loop->takeNotes(), (QStringList{"created@0", "inner@0"}));
    QCOMPARE(loop->time(), "1");
}

void TestSpawn::A17_twoTasksTakeTurns()
{
    const FifoOrder fifo;
    const auto body = [](std::string name) -> Task<> {
        note(name + " start");
        co_await yield();
        note(name + " first");
        co_await yield();
        note(name + " second");
    };
    spawn(body("1"));
    spawn(body("2"));
    loop->run();
    QCOMPARE(loop->takeNotes(),
             (QStringList{"1 start@0", "2 start@0", "1 first@0", "2 first@0", "1 second@0", "2 second@0"}));
}

void TestSpawn::A18_fourTasksTakeTurns()
{
    const FifoOrder fifo;
    const auto body = [](int task) -> Task<> {
        for (int round = 0; round < 3; ++round) {
            note(std::to_string(task) + '.' + std::to_string(round));
            co_await yield();
        }
    };
    for (int task = 0; task < 4; ++task)
        spawn(body(task));
    loop->run();
    QCOMPARE(loop->takeNotes(),
             (QStringList{"0.0@0", "1.0@0", "2.0@0", "3.0@0", "0.1@0", "1.1@0", "2.1@0", "3.1@0", "0.2@0", "1.2@0",
                          "2.2@0", "3.2@0"}));
}

void TestSpawn::A24_awaitingWhatIsDoneDoesNotYield()
{
    const auto body = []() -> Task<> {
        const TaskHandle<int> done = spawn(giveInt(1));
        while (!done.isDone())
            co_await yield();
        Future<int> settled;
        settled.setResult(2);
        const TaskHandle<> other = spawn(sleeper("other", 0s));
        for (int round = 0; round < 3; ++round) {
            const int first = co_await done;
            const int second = co_await settled;
            note(std::to_string(first) + std::to_string(second));
        }
        co_await other;
    };
    loop->runTask(body());
    QCOMPARE(loop->takeNotes(),
             (QStringList{"inner@0", "12@0", "12@0", "12@0", "Start other@0", "End other@0"}));
}

void TestSpawn::waitersGoOnInTheOrderOfWaiting()
{
    const FifoOrder fifo;
    const TaskHandle<> task = spawn(sleeper("task", 1s));
    QStringList expected{"Start task@0", "End task@1"};
    for (int waiter = 0; waiter < 20; ++waiter) {
        const std::string name = std::to_string(waiter);
        spawn(waitFor(task, name));
        expected += QString::fromStdString(name) + " value@1";
    }
    loop->run();
    QCOMPARE(loop->takeNotes(), expected);
}

void TestSpawn::copiesReferToTheSameTask()
{
    TaskHandle<int> first = spawn(valueAfter(1s, 5), "five");
    const TaskHandle<int> second = first;
    TaskHandle<int> third;
    third = second;
    first = TaskHandle<int>();
    QVERIFY(!first.isValid());
    QVERIFY(!second.isDone());
    loop->run();
    QVERIFY(second.isDone() && third.isDone());
    QCOMPARE(third.name(), std::string("five"));
    QCOMPARE(second.state().slot().get(), 5);
}

void TestSpawn::awaitingAHandleCopiesTheResult()
{
    const auto body = []() -> Task<int> {
        const TaskHandle<std::string> handle = spawn(giveText());
        const std::string first = co_await handle;
        const std::string second = co_await handle;
        co_return first == second ? int(second.size()) : -1;
    };
    QCOMPARE(loop->runTask(body()), 59);
}

void TestSpawn::moveOnlyResultIsTakenOnce()
{
    const auto body = []() -> Task<> {
        TaskHandle<std::unique_ptr<int>> handle = spawn(giveMoveOnly(3));
        TaskHandle<std::unique_ptr<int>> copy = handle;
        const std::unique_ptr<int> first = co_await std::move(handle);
        note(std::to_string(*first));
        try {
            const std::unique_ptr<int> second = co_await std::move(copy);
            note("a moved-from value");
        } catch (const std::logic_error &e) {
            note(e.what());
        }
    };
    loop->runTask(body());
    QCOMPARE(loop->takeNotes(), (QStringList{"3@0", "the result was already taken@0"}));
}

void TestSpawn::takingMovesTheResultOut()
{
    const auto body = []() -> Task<> {
        const TaskHandle<std::string> handle = spawn(giveText());
        const std::string text = co_await TaskHandle<std::string>(handle);
        note(std::to_string(text.size()));
        try {
            const std::string again = co_await handle;
            note(again);
        } catch (const std::logic_error &e) {
            note(e.what());
        }
    };
    loop->runTask(body());
    QCOMPARE(loop->takeNotes(), (QStringList{"59@0", "the result was already taken@0"}));
}

void TestSpawn::emptyHandleThrows()
{
    const auto awaitIt = [](TaskHandle<> handle) -> Task<> { co_await handle; };
    TaskHandle<> moved = spawn(sleeper("task", 0s));
    const TaskHandle<> target = std::move(moved);
    for (const TaskHandle<> &handle : {TaskHandle<>(), moved}) {
        QVERIFY(!handle.isValid());
        QCOMPARE(thrownBy([&] { static_cast<void>(handle.isDone()); }), emptyHandle);
        QCOMPARE(thrownBy([&] { static_cast<void>(handle.isCancelled()); }), emptyHandle);
        QCOMPARE(thrownBy([&] { static_cast<void>(handle.cancel()); }), emptyHandle);
        QCOMPARE(thrownBy([&] { static_cast<void>(handle.name()); }), emptyHandle);
        QCOMPARE(thrownBy([&] { loop->runTask(awaitIt(handle)); }), emptyHandle);
    }
    loop->run();
    QCOMPARE(endOf(target), "value");
}

void TestSpawn::emptyTaskCannotBeSpawned()
{
    QVERIFY_THROWS_EXCEPTION(std::logic_error, static_cast<void>(spawn(Task<int>())));
    QCOMPARE(loop->taskCount(), 0);
}

void TestSpawn::namesAreKept()
{
    const TaskHandle<> named = spawn(sleeper("a", 0s), "load the page");
    const TaskHandle<> unnamed = spawn(sleeper("b", 0s));
    loop->run();
    QCOMPARE(named.name(), std::string("load the page"));
    QCOMPARE(unnamed.name(), std::string());
    QCOMPARE(named.state().TaskState::name(), std::string("task 'load the page'"));
    QCOMPARE(unnamed.state().TaskState::name(), std::string("task #2 (interloop::test::sleeper)"));
}

void TestSpawn::taskOutlivesItsHandles()
{
    spawn(sleeper("orphan", 2s));
    QCOMPARE(loop->taskCount(), 1);
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"Start orphan@0", "End orphan@2"}));
}

void TestSpawn::parametersDieWhenTheTaskEndsNotWithTheHandle()
{
    const TaskHandle<> handle = spawn(holdWitness(Witness("parameter")));
    loop->run();
    note("handle still there");
    QCOMPARE(loop->takeNotes(), (QStringList{"body@0", "~parameter@1", "handle still there@1"}));
}

void TestSpawn::everyWaiterGetsTheException()
{
    const TaskHandle<> failing = spawn(failAfter(1s, "broken"));
    spawn(waitFor(failing, "1"));
    spawn(waitFor(failing, "2"));
    loop->run();
    spawn(waitFor(failing, "late"));
    loop->run();
    QCOMPARE(unordered(loop->takeNotes()), unordered({"1 broken@1", "2 broken@1", "late broken@1"}));
}

void TestSpawn::Q09_unseenFailureIsReportedOnceWithTheName()
{
    {
        const TaskHandle<> handle = spawn(fail("no route"), "load");
        const TaskHandle<> copy = handle;
        loop->run();
        QVERIFY(copy.isDone());
        QCOMPARE(loop->takeReports(), QStringList()); // somebody may still look
    }
    QCOMPARE(loop->takeReports(),
             QStringList{"unhandled: task 'load' failed and nobody looked at its result: no route"});
}

void TestSpawn::failureWithoutAnyHandleIsReported()
{
    spawn(failAfter(1s, "no route"));
    loop->runUntil(500ms);
    QCOMPARE(loop->takeReports(), QStringList());
    loop->run();
    QCOMPARE(loop->takeReports(),
             QStringList{"unhandled: task #1 (interloop::test::failAfter) failed and nobody looked at its result: no route"});
}

void TestSpawn::seenFailureIsNotReported()
{
    spawn(waitFor(spawn(fail("no route")), "waiter"));
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"waiter no route@0"});
    QCOMPARE(loop->takeReports(), QStringList());
}

void TestSpawn::cancelledTaskIsNotReported()
{
    const TaskHandle<> started = spawn(sleeper("started", 1s));
    loop->runReady();
    const TaskHandle<> unstarted = spawn(sleeper("unstarted", 1s));
    QVERIFY(started.cancel());
    QVERIFY(unstarted.cancel());
    loop->run();
    QCOMPARE((QStringList{endOf(started), endOf(unstarted)}), (QStringList{"cancelled", "cancelled"}));
    QCOMPARE(loop->takeReports(), QStringList());
}

void TestSpawn::cancelOfAStartedTaskIsTrueOnceDoneFalse()
{
    const TaskHandle<> handle = spawn(sleeper("task", 1s));
    loop->runReady();
    QVERIFY(!handle.isCancelled());
    QVERIFY(handle.cancel());
    QVERIFY(!handle.isDone()); // cancelling only queues
    QVERIFY(!handle.isCancelled());
    QVERIFY(handle.cancel());
    loop->run();
    QVERIFY(handle.isDone());
    QVERIFY(handle.isCancelled());
    QVERIFY(!handle.cancel());
    QCOMPARE(loop->takeNotes(), (QStringList{"Start task@0", "Cancelled task@0"}));
}

void TestSpawn::cancelBeforeTheStartNeverRunsTheBody()
{
    const TaskHandle<> handle = spawn(holdWitness(Witness("parameter")));
    QVERIFY(handle.cancel());
    loop->run();
    QCOMPARE(endOf(handle), "cancelled");
    QCOMPARE(loop->takeNotes(), QStringList{"~parameter@0"});
    QCOMPARE(loop->takeReports(), QStringList());
}

void TestSpawn::cancelBeforeTheStartReachesTheWaiter()
{
    spawn(waitFor(TaskHandle<>(), "control")); // an empty handle: the waiter notes that
    const TaskHandle<> handle = spawn(sleeper("task", 1s));
    spawn(waitFor(handle, "waiter"));
    handle.cancel();
    loop->run();
    QCOMPARE(unordered(loop->takeNotes()),
             unordered({"control " + emptyHandle + "@0", "waiter awaited a cancelled one@0"}));
}

void TestSpawn::cancelledWaiterCancelsTheTaskAndWaitsForItsUnwinding()
{
    // given: a task whose clean-up takes 3 s, behind a shield of its own
    const auto cleaning = []() -> Task<> {
        const ChainScope base(*currentScheduler().currentChain(), ChainScope::Shield::No);
        bool wasCancelled = false;
        try {
            co_await sleepFor(10s);
        } catch (const Cancelled &) {
            wasCancelled = true;
        }
        if (wasCancelled) {
            note("cleaning");
            const ChainScope shield(*currentScheduler().currentChain(), ChainScope::Shield::Yes);
            co_await sleepFor(3s);
            note("clean");
        }
        co_await yield(); // throws: the cancellation is still there
        note("not reached");
    };
    const TaskHandle<> task = spawn(cleaning());
    const TaskHandle<> waiter = spawn(waitFor(task, "waiter"));
    loop->runUntil(1s);

    // when
    waiter.cancel();
    loop->run();

    // then
    QCOMPARE(loop->takeNotes(), (QStringList{"cleaning@1", "clean@4", "waiter cancelled itself@4"}));
    QCOMPARE(endOf(task), "cancelled");
    QCOMPARE(endOf(waiter), "value");
}

void TestSpawn::cancelledWaiterGetsTheValueOfATaskThatRefuses()
{
    const auto refusing = []() -> Task<int> {
        try {
            co_await sleepFor(10s);
        } catch (const Cancelled &) {
        }
        co_return 7;
    };
    const auto waiting = [](TaskHandle<int> task) -> Task<> {
        const int seven = co_await task;
        note("got " + std::to_string(seven));
        try {
            co_await yield();
        } catch (const Cancelled &) {
            note("cancelled at the next await");
            throw;
        }
    };
    const TaskHandle<> waiter = spawn(waiting(spawn(refusing())));
    loop->runUntil(1s);
    waiter.cancel();
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"got 7@1", "cancelled at the next await@1"}));
    QCOMPARE(endOf(waiter), "cancelled");
}

void TestSpawn::cancelledWaiterGetsTheErrorOfATaskThatFailsMeanwhile()
{
    const auto failing = []() -> Task<> {
        try {
            co_await sleepFor(10s);
        } catch (const Cancelled &) {
        }
        throw std::runtime_error("clean-up failed");
    };
    const TaskHandle<> waiter = spawn(waitFor(spawn(failing()), "waiter"));
    loop->runUntil(1s);
    waiter.cancel();
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"waiter clean-up failed@1"});
}

void TestSpawn::cancelOfTheTaskIsToldFromCancelOfTheWaiter()
{
    const TaskHandle<> first = spawn(sleeper("1", 10s));
    const TaskHandle<> second = spawn(sleeper("2", 10s));
    spawn(waitFor(first, "a"));
    const TaskHandle<> waiter = spawn(waitFor(second, "b"));
    loop->runUntil(1s);
    first.cancel();
    waiter.cancel();
    loop->run();
    QCOMPARE(unordered(loop->takeNotes()),
             unordered({"Start 1@0", "Start 2@0", "Cancelled 1@1", "Cancelled 2@1",
                        "a awaited a cancelled one@1", "b cancelled itself@1"}));
}

void TestSpawn::taskThatCancelsItselfIsCancelledAtItsNextAwait()
{
    TaskHandle<> self;
    const auto body = [](TaskHandle<> &self) -> Task<> {
        self.cancel();
        note("still running");
        co_await sleepFor(1s);
        note("not reached");
    };
    self = spawn(body(self));
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"still running@0"});
    QCOMPARE(endOf(self), "cancelled");
    QCOMPARE(loop->time(), "0");
}

void TestSpawn::taskThatSwallowsTheCancelEndsWithItsValue()
{
    const auto body = []() -> Task<int> {
        try {
            co_await sleepFor(10s);
        } catch (const Cancelled &) {
        }
        co_return 1;
    };
    const TaskHandle<int> handle = spawn(body());
    loop->runReady();
    QVERIFY(handle.cancel());
    loop->run();
    QCOMPARE(endOf(handle), "value");
    QVERIFY(!handle.isCancelled());
}

void TestSpawn::otherThreadIsRefused()
{
    const TaskHandle<> handle = spawn(sleeper("home", 1s), "home");
    QString cancelHere, awaitHere;
    bool isDone = true;
    std::thread([&] {
        VirtualScheduler away;
        const auto waiting = [](TaskHandle<> handle) -> Task<> { co_await handle; };
        cancelHere = thrownBy([&] { handle.cancel(); });
        awaitHere = thrownBy([&] { away.runTask(waiting(handle)); });
        isDone = handle.state().isDone();
    }).join();
    QCOMPARE(cancelHere, "WrongThread: cancel: task 'home' belongs to another thread");
    QCOMPARE(awaitHere, "WrongThread: co_await: task 'home' belongs to another thread");
    QVERIFY(!isDone);
    loop->run();
    QCOMPARE(endOf(handle), "value");
}

void TestSpawn::lastHandleDroppedOnAnotherThreadReportsAtHome()
{
    TaskHandle<> handle = spawn(fail("no route"), "load");
    loop->run();
    std::thread([mine = std::move(handle)]() mutable { mine = TaskHandle<>(); }).join();
    QCOMPARE(loop->takeReports(), QStringList());
    loop->run();
    QCOMPARE(loop->takeReports(),
             QStringList{"unhandled: task 'load' failed and nobody looked at its result: no route"});
}

void TestSpawn::handleOfAnEndedLoopIsRefused()
{
    const TaskHandle<int> handle = spawn(valueAfter(0s, 4), "four");
    loop->run();
    loop.reset();
    loop.emplace();
    QCOMPARE(thrownBy([&] { handle.cancel(); }), "ShuttingDown: cancel: task 'four' belongs to a bridge that has ended");
    const auto waiting = [](TaskHandle<int> handle) -> Task<int> { co_return co_await handle; };
    QCOMPARE(thrownBy([&] { loop->runTask(waiting(handle)); }),
             "ShuttingDown: co_await: task 'four' belongs to a bridge that has ended");
    QVERIFY(handle.isDone());
}

void TestSpawn::closedLoopRefusesNewTasks()
{
    loop->refuseNewTasks();
    QCOMPARE(thrownBy([] { spawn(sleeper("late", 0s)); }), "ShuttingDown: the virtual loop accepts no new task");
    QCOMPARE(loop->taskCount(), 0);
    QCOMPARE(loop->takeReports(), QStringList()); // the exception has said it
}

QTEST_APPLESS_MAIN(TestSpawn)
#include "tst_spawn.moc"
