// SPDX-License-Identifier: MIT
#include <tests/task/virtualscheduler.h>

#include <interloop/task/future.h>
#include <interloop/task/gather.h>
#include <interloop/task/shield.h>
#include <interloop/task/task.h>
#include <interloop/task/timeout.h>

#include <QObject>
#include <QTest>

#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

using namespace interloop;
using namespace interloop::test;

static_assert(!std::is_aggregate_v<GroupWait>);

namespace {

Task<std::string> named(std::string name, std::chrono::nanoseconds delay)
{
    co_await sleepFor(delay);
    note(name);
    co_return name;
}

Task<int> failing(std::string text, std::chrono::nanoseconds delay)
{
    co_await failAfter(delay, text);
    co_return 0;
}

Task<std::unique_ptr<int>> moveOnly(int n)
{
    co_await yield();
    co_return std::make_unique<int>(n);
}

int global = 1;

Task<int &> reference()
{
    co_return global;
}

Task<> noteFailureOf(Task<> task)
{
    try {
        co_await std::move(task);
        note("value");
    } catch (const Cancelled &cancelled) {
        note(cancelled.whom() == Cancelled::Whom::Self ? "cancelled itself" : "awaited a cancelled one");
        throw;
    } catch (const std::exception &e) {
        note(std::string("caught ") + e.what());
    }
}

template<typename... As>
Task<> gathering(As... awaitables)
{
    co_await gather(std::move(awaitables)...);
}

template<typename T>
QString describe(const Result<T> &result)
{
    const QString outcome = nameOf(result.outcome());
    return result ? outcome : outcome + ' ' + QString::fromStdString(result.errorString());
}

} // namespace

class TestGather : public QObject
{
    Q_OBJECT

private slots:
    void init() { loop.emplace(); }
    void cleanup() { QCOMPARE(end(loop), QStringList()); }

    void A08_gatherEndsInOrderOfSleeps();
    void A09_gatherTakesTheLongestNotTheSum();
    void A15_allStartBeforeAnyFinishes();
    void A19_resultsComeInTheOrderOfTheArguments();
    void A20_failureLeavesTheSiblingsRunning();
    void A21_gatherResultsWaitsForAll();
    void A22_cancelFromOutsideCancelsTheChildrenInOrder();
    void nothingStartsBeforeTheAwait();
    void everyKindOfAwaitableIsAccepted();
    void emptyGatherEndsAtOnce();
    void doneHandlesDoNotYield();
    void resultsOfHandlesAreCopied();
    void moveOnlyResultsAreMovedOut();
    void vectorOfMoveOnlyResults();
    void sameHandleTwice();
    void emptyTaskAmongThemThrows();
    void laterFailureIsReportedOnceWithItsName();
    void firstFailureIsThrownNotReported();
    void failedHandleAmongThemFailsAtOnce();
    void cancelledChildCancelsTheGather();
    void cancelWaitsForTheUnwindingOfAll();
    void cancelThatAllChildrenIgnoreGivesTheirValues();
    void cancelledBeforeTheStartRunsNoBody();
    void failureDuringCancellationIsReported();
    void timeoutOfAGatherReportsNothing();
    void gatherResultsNamesEachWayOut();
    void gatherResultsKeepsTheResultsOfHandles();
    void hundredThousandTasks();
    void hundredThousandTasksAreCancelled();

private:
    std::optional<VirtualScheduler> loop;
};

void TestGather::A08_gatherEndsInOrderOfSleeps()
{
    const auto body = []() -> Task<> {
        co_await gather(sleeper("1", 3s), sleeper("2", 2s), sleeper("3", 4s), sleeper("4", 1s));
        note("done");
    };
    loop->runTask(body());
    QCOMPARE(unordered(loop->takeNotes()),
             unordered({"Start 1@0", "Start 2@0", "Start 3@0", "Start 4@0", "End 4@1", "End 2@2",
                        "End 1@3", "End 3@4", "done@4"}));
}

void TestGather::A09_gatherTakesTheLongestNotTheSum()
{
    loop->runTask(gathering(sleeper("1", 2s), sleeper("2", 2s)));
    QCOMPARE(unordered(loop->takeNotes()), unordered({"Start 1@0", "Start 2@0", "End 1@2", "End 2@2"}));
}

void TestGather::A15_allStartBeforeAnyFinishes()
{
    const auto cook = [](std::string dish) -> Task<std::string> {
        note("Started " + dish);
        co_await sleepFor(2s);
        note("Finished " + dish);
        co_return dish + " is ready";
    };
    const auto results = loop->runTask(gather(cook("Pasta"), cook("Pizza"), cook("Salad")));
    QCOMPARE(unordered(loop->takeNotes()),
             unordered({"Started Pasta@0", "Started Pizza@0", "Started Salad@0", "Finished Pasta@2",
                        "Finished Pizza@2", "Finished Salad@2"}));
    QCOMPARE(results, std::make_tuple(std::string("Pasta is ready"), std::string("Pizza is ready"),
                                      std::string("Salad is ready")));
}

void TestGather::A19_resultsComeInTheOrderOfTheArguments()
{
    std::vector<Task<std::string>> tasks;
    tasks.push_back(named("1", 2s));
    tasks.push_back(named("2", 1s));
    tasks.push_back(named("3", 3s));
    const std::vector<std::string> results = loop->runTask(gather(std::move(tasks)));
    QCOMPARE(loop->takeNotes(), (QStringList{"2@1", "1@2", "3@3"}));
    QCOMPARE(results, (std::vector<std::string>{"1", "2", "3"}));
}

void TestGather::A20_failureLeavesTheSiblingsRunning()
{
    const auto body = []() -> Task<> {
        try {
            co_await gather(named("g1", 2s), failing("bad", 1s), named("g2", 3s));
            note("not reached");
        } catch (const std::runtime_error &e) {
            note(std::string("caught ") + e.what());
        }
        co_await sleepFor(3s);
        note("main ends");
    };
    loop->runTask(body());
    QCOMPARE(loop->takeNotes(), (QStringList{"caught bad@1", "g1@2", "g2@3", "main ends@4"}));
}

void TestGather::A21_gatherResultsWaitsForAll()
{
    const auto results = loop->runTask(gatherResults(named("g1", 2s), failing("bad", 1s), named("g2", 3s)));
    QCOMPARE(loop->takeNotes(), (QStringList{"g1@2", "g2@3"}));
    QCOMPARE(loop->time(), "3");
    QCOMPARE((QStringList{describe(std::get<0>(results)), describe(std::get<1>(results)), describe(std::get<2>(results))}),
             (QStringList{"Value", "Exception bad", "Value"}));
    QCOMPARE(std::get<2>(results).value(), std::string("g2"));
}

void TestGather::A22_cancelFromOutsideCancelsTheChildrenInOrder()
{
    const FifoOrder fifo;
    const TaskHandle<> main = spawn(noteFailureOf(gathering(sleeper("1", 3s), sleeper("2", 1s), sleeper("3", 2s))));
    loop->runUntil(500ms);
    loop->takeNotes();
    main.cancel();
    loop->run();
    QCOMPARE(loop->takeNotes(),
             (QStringList{"Cancelled 1@0.5", "Cancelled 2@0.5", "Cancelled 3@0.5", "cancelled itself@0.5"}));
    QCOMPARE(endOf(main), "cancelled");
}

void TestGather::nothingStartsBeforeTheAwait()
{
    const auto body = []() -> Task<> {
        auto all = gather(sleeper("1", 1s), sleeper("2", 1s));
        co_await sleepFor(1s);
        note("awaiting");
        co_await std::move(all);
    };
    loop->runTask(body());
    QCOMPARE(unordered(loop->takeNotes()), unordered({"awaiting@1", "Start 1@1", "Start 2@1", "End 1@2", "End 2@2"}));
}

void TestGather::everyKindOfAwaitableIsAccepted()
{
    Future<int> future;
    future.setResult(4);
    TaskHandle<std::string> handle = spawn(named("handle", 1s));
    auto results = loop->runTask(
            gather(named("task", 2s), handle, future, sleepFor(1s), yield(), reference(), moveOnly(5)));
    QCOMPARE(std::get<0>(results), std::string("task"));
    QCOMPARE(std::get<1>(results), std::string("handle"));
    QCOMPARE(std::get<2>(results), 4);
    static_assert(std::is_same_v<std::tuple_element_t<3, decltype(results)>, std::monostate>);
    static_assert(std::is_same_v<std::tuple_element_t<4, decltype(results)>, std::monostate>);
    QCOMPARE(&std::get<5>(results), &global);
    QCOMPARE(*std::get<6>(results), 5);
    QCOMPARE(loop->takeNotes(), (QStringList{"handle@1", "task@2"}));
}

void TestGather::emptyGatherEndsAtOnce()
{
    const auto body = []() -> Task<std::size_t> {
        const TaskHandle<> other = spawn(sleeper("other", 0s));
        co_await gather();
        co_await gatherResults();
        const std::vector<int> none = co_await gather(std::vector<Task<int>>());
        const std::vector<std::monostate> nothing = co_await gather(std::vector<TaskHandle<>>());
        note("gathered");
        co_await other;
        co_return none.size() + nothing.size();
    };
    QCOMPARE(loop->runTask(body()), 0u);
    QCOMPARE(loop->takeNotes(), (QStringList{"gathered@0", "Start other@0", "End other@0"}));
}

void TestGather::doneHandlesDoNotYield()
{
    const auto body = []() -> Task<> {
        const TaskHandle<std::string> a = spawn(named("a", 0s));
        const TaskHandle<std::string> b = spawn(named("b", 500ms));
        co_await sleepFor(1s);
        const TaskHandle<> other = spawn(sleeper("other", 0s));
        co_await gather(a, b);
        note("gathered");
        co_await other;
    };
    loop->runTask(body());
    QCOMPARE(loop->takeNotes(), (QStringList{"a@0", "b@0.5", "gathered@1", "Start other@1", "End other@1"}));
}

void TestGather::resultsOfHandlesAreCopied()
{
    const TaskHandle<std::string> handle = spawn(named("a text that is too long for the string itself", 1s));
    const auto first = loop->runTask(gather(handle));
    const auto second = loop->runTask(gather(handle));
    const auto third = loop->runTask(gatherResults(handle));
    QCOMPARE(std::get<0>(first), std::get<0>(second));
    QCOMPARE(std::get<0>(first), std::get<0>(third).value());
    QCOMPARE(std::get<0>(first).size(), 45u);
    loop->takeNotes();
}

void TestGather::moveOnlyResultsAreMovedOut()
{
    const TaskHandle<std::unique_ptr<int>> handle = spawn(moveOnly(1));
    auto results = loop->runTask(gather(handle, moveOnly(2)));
    QCOMPARE(*std::get<0>(results) + *std::get<1>(results), 3);
    QCOMPARE(thrownBy([&] { loop->runTask(gather(handle)); }), "the result was already taken");

    const TaskHandle<std::unique_ptr<int>> other = spawn(moveOnly(3));
    auto more = loop->runTask(gatherResults(other, moveOnly(4)));
    const std::unique_ptr<int> three = std::get<0>(std::move(more)).value();
    QCOMPARE(*three, 3);
    QCOMPARE(*std::get<1>(more).value(), 4);
}

void TestGather::vectorOfMoveOnlyResults()
{
    std::vector<Task<std::unique_ptr<int>>> tasks;
    for (int n = 0; n < 3; ++n)
        tasks.push_back(moveOnly(n));
    const auto results = loop->runTask(gather(std::move(tasks)));
    QCOMPARE((std::vector{*results[0], *results[1], *results[2]}), (std::vector{0, 1, 2}));
}

void TestGather::sameHandleTwice()
{
    const TaskHandle<std::string> handle = spawn(named("one", 1s));
    const auto results = loop->runTask(gather(handle, handle));
    QCOMPARE(results, std::make_tuple(std::string("one"), std::string("one")));
    QCOMPARE(loop->takeNotes(), QStringList{"one@1"});
}

void TestGather::emptyTaskAmongThemThrows()
{
    QCOMPARE(thrownBy([&] { loop->runTask(gather(Task<int>())); }),
             "an empty task: default-constructed, moved from, or awaited already");
    QCOMPARE(thrownBy([&] { loop->runTask(gather(TaskHandle<int>())); }),
             "an empty TaskHandle: default-constructed or moved from");
    QCOMPARE(loop->taskCount(), 0);
}

void TestGather::laterFailureIsReportedOnceWithItsName()
{
    const TaskHandle<> main = spawn(noteFailureOf(
            gathering(spawn(failing("first", 1s), "a"), spawn(failing("second", 2s), "b"), failing("third", 3s))));
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"caught first@1"});
    QCOMPARE(loop->takeReports(),
             (QStringList{"unhandled: task 'b' failed and nobody looked at its result: second",
                          "unhandled: task #4 (failing) failed and nobody looked at its result: third"}));
}

void TestGather::firstFailureIsThrownNotReported()
{
    QCOMPARE(thrownBy([&] { loop->runTask(gather(failing("only", 1s))); }), "only");
    QCOMPARE(thrownBy([&] { loop->runTask(gatherResults(failing("only", 1s))); }), "nothing");
    QCOMPARE(loop->takeReports(), QStringList());
}

void TestGather::failedHandleAmongThemFailsAtOnce()
{
    const TaskHandle<int> failed = spawn(failing("done for", 0s));
    loop->run();
    const TaskHandle<> main = spawn(noteFailureOf(gathering(sleeper("sibling", 1s), failed)));
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"caught done for@0", "Start sibling@0", "End sibling@1"}));
}

void TestGather::cancelledChildCancelsTheGather()
{
    const TaskHandle<> child = spawn(sleeper("child", 10s));
    const TaskHandle<> main = spawn(noteFailureOf(gathering(child, sleeper("sibling", 2s))));
    loop->runUntil(1s);
    child.cancel();
    loop->run();
    QCOMPARE(loop->takeNotes(),
             (QStringList{"Start child@0", "Start sibling@0", "Cancelled child@1", "awaited a cancelled one@1",
                          "End sibling@2"}));
}

void TestGather::cancelWaitsForTheUnwindingOfAll()
{
    const auto cleaning = [](std::string name, std::chrono::nanoseconds time) -> Task<> {
        bool wasCancelled = false;
        try {
            co_await sleepFor(10s);
        } catch (const Cancelled &) {
            wasCancelled = true;
        }
        if (wasCancelled)
            co_await shield(sleepFor(time));
        note("clean " + name);
        co_await yield();
    };
    const TaskHandle<> main = spawn(noteFailureOf(gathering(cleaning("1", 3s), cleaning("2", 1s))));
    loop->runUntil(1s);
    main.cancel();
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"clean 2@2", "clean 1@4", "cancelled itself@4"}));
    QCOMPARE(endOf(main), "cancelled");
}

void TestGather::cancelThatAllChildrenIgnoreGivesTheirValues()
{
    const TaskHandle<> main = spawn(noteFailureOf(gathering(shield(valueAfter(2s, 1)), shield(valueAfter(3s, 2)))));
    loop->runUntil(1s);
    main.cancel();
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"value@3"});
    QCOMPARE(endOf(main), "value");
}

void TestGather::cancelledBeforeTheStartRunsNoBody()
{
    const auto body = []() -> Task<> {
        ChainScope scope(*currentScheduler().currentChain(), ChainScope::Shield::No);
        scope.cancel(Outcome::Cancelled);
        co_await gather(sleeper("1", 1s), sleeper("2", 1s));
    };
    QCOMPARE(thrownBy([&] { loop->runTask(body()); }), "cancelled (Cancelled)");
    QCOMPARE(loop->takeNotes(), QStringList());
    QCOMPARE(loop->takeReports(), QStringList());
}

void TestGather::failureDuringCancellationIsReported()
{
    const auto failsInCleanup = []() -> Task<> {
        try {
            co_await sleepFor(10s);
        } catch (const Cancelled &) {
            throw std::runtime_error("clean-up failed");
        }
    };
    const TaskHandle<> main = spawn(noteFailureOf(gathering(failsInCleanup(), sleeper("2", 10s))));
    loop->runUntil(1s);
    main.cancel();
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"Start 2@0", "Cancelled 2@1", "cancelled itself@1"}));
    QCOMPARE(loop->takeReports(),
             QStringList{"unhandled: task #2 (a lambda in TestGather::failureDuringCancellationIsReported) failed and nobody looked at "
                         "its result: clean-up failed"});
}

void TestGather::timeoutOfAGatherReportsNothing()
{
    QCOMPARE(thrownBy([&] { loop->runTask(withTimeout(1s, gathering(sleeper("1", 3s), sleeper("2", 2s)))); }),
             "timed out after 1000 ms");
    QCOMPARE(unordered(loop->takeNotes()), unordered({"Start 1@0", "Start 2@0", "Cancelled 1@1", "Cancelled 2@1"}));
    QCOMPARE(loop->takeReports(), QStringList());
}

void TestGather::gatherResultsNamesEachWayOut()
{
    const TaskHandle<> cancelled = spawn(sleeper("cancelled", 10s));
    const auto cancelIt = [](TaskHandle<> victim) -> Task<> {
        co_await sleepFor(1s);
        victim.cancel();
    };
    spawn(cancelIt(cancelled));
    const auto results = loop->runTask(
            gatherResults(valueAfter(1s, 1), failing("bad", 1s), cancelled, withTimeout(1s, sleepFor(2s))));
    QCOMPARE((QStringList{describe(std::get<0>(results)), describe(std::get<1>(results)),
                          describe(std::get<2>(results)), describe(std::get<3>(results))}),
             (QStringList{"Value", "Exception bad", "Cancelled cancelled (Cancelled)",
                          "TimedOut timed out after 1000 ms"}));
    QCOMPARE(loop->takeReports(), QStringList());
    loop->takeNotes();
}

void TestGather::gatherResultsKeepsTheResultsOfHandles()
{
    const TaskHandle<std::string> handle = spawn(named("kept", 0s));
    const auto results = loop->runTask(gatherResults(handle));
    QCOMPARE(std::get<0>(results).value(), std::string("kept"));
    QCOMPARE(handle.state().slot().get(), std::string("kept"));
    loop->takeNotes();
}

void TestGather::hundredThousandTasks()
{
    constexpr int count = 100'000;
    std::vector<Task<int>> tasks;
    for (int n = 0; n < count; ++n)
        tasks.push_back(valueAfter(std::chrono::milliseconds(n % 100), n));
    const std::vector<int> results = loop->runTask(gather(std::move(tasks)));
    qint64 sum = 0;
    for (const int n : results)
        sum += n;
    QCOMPARE(sum, qint64(count) * (count - 1) / 2);
    QCOMPARE(loop->time(), "0.099");
}

void TestGather::hundredThousandTasksAreCancelled()
{
    std::vector<TaskHandle<int>> handles;
    for (int n = 0; n < 100'000; ++n)
        handles.push_back(spawn(valueAfter(10s, n)));
    const auto all = [](std::vector<TaskHandle<int>> handles) -> Task<> { co_await gather(std::move(handles)); };
    const TaskHandle<> main = spawn(noteFailureOf(all(handles)));
    loop->runUntil(1s);
    main.cancel();
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"cancelled itself@1"});
    int cancelled = 0;
    for (const TaskHandle<int> &handle : handles)
        cancelled += handle.isCancelled();
    QCOMPARE(cancelled, 100'000);
}

QTEST_APPLESS_MAIN(TestGather)
#include "tst_gather.moc"
