// SPDX-License-Identifier: MIT
#include <tests/task/virtualscheduler.h>

#include <interloop/task/future.h>
#include <interloop/task/gather.h>
#include <interloop/task/race.h>
#include <interloop/task/task.h>
#include <interloop/task/timeout.h>

#include <QObject>
#include <QRegularExpression>
#include <QTest>

#include <map>
#include <optional>
#include <string>
#include <vector>

using namespace interloop;
using namespace interloop::test;

namespace {

using Handles = std::map<std::string, TaskHandle<>>;

// Where somebody waits is told too: " (tst_deadlock.cpp:42)".
std::string withoutPlaces(const std::string &text)
{
    static const QRegularExpression place(" \\(tst_deadlock\\.cpp:\\d+\\)");
    return QString::fromStdString(text).remove(place).toStdString();
}

// Awaits what `wait` gives, and notes how that ended.
template<typename Wait>
Task<> noting(std::string name, Wait wait)
{
    co_await yield(); // so that all handles are there
    try {
        co_await wait();
        note(name + " value");
    } catch (const RunSyncError &e) {
        note(name + ' ' + withoutPlaces(e.what()));
    } catch (const Cancelled &) {
        note(name + " cancelled");
        throw;
    } catch (const std::exception &e) {
        note(name + " failed: " + e.what());
    }
}

template<typename Wait>
void add(Handles &handles, const std::string &name, Wait wait)
{
    handles[name] = spawn(noting(name, std::move(wait)), name);
}

Task<> awaitHandle(TaskHandle<> handle)
{
    co_await handle;
}

Task<> gatherBoth(TaskHandle<> a, TaskHandle<> b)
{
    co_await gather(a, b);
}

} // namespace

class TestDeadlock : public QObject
{
    Q_OBJECT

private slots:
    void init() { loop.emplace(); }
    void cleanup()
    {
        handles.clear();
        QCOMPARE(end(loop), QStringList());
    }

    void selfWaitIsRefused();
    void edgeThatClosesTheCircleIsRefused();
    void circleOfThreeNamesTheChain();
    void refusedWaitCancelsNothing();
    void gatherOverItselfIsRefused();
    void gatherWithOneStuckMemberIsRefused();
    void circleThroughAGatherIsFound();
    void raceWithAllBranchesStuckIsRefused();
    void raceWithOneFreeBranchIsLegal();
    void circleThroughARaceNeedsAllBranches();
    void timeoutDoesNotMakeItLegal();
    void whatAnybodyMayEndIsNoDeadlock();
    void manyMayWaitForOne();
    void longLineOfWaitersNeedsNoStack();
    void diamondsAreSearchedOnce();
    void legalCircleIsSearchedOnce();
    void cancelOfACircleWithAFreeBranchEnds();

private:
    std::optional<VirtualScheduler> loop;
    Handles handles;
};

void TestDeadlock::selfWaitIsRefused()
{
    add(handles, "a", [this]() -> Task<> { co_await handles["a"]; });
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"a Deadlock: task 'a' waits for task 'a'@0"});
    QCOMPARE(endOf(handles["a"]), "value");
}

void TestDeadlock::edgeThatClosesTheCircleIsRefused()
{
    add(handles, "a", [this]() -> Task<> { co_await handles["b"]; });
    add(handles, "b", [this]() -> Task<> { co_await handles["a"]; });
    loop->run();
    QCOMPARE(loop->takeNotes(),
             (QStringList{"b Deadlock: task 'b' waits for task 'a'; task 'a' waits for task 'b'@0", "a value@0"}));
}

void TestDeadlock::circleOfThreeNamesTheChain()
{
    add(handles, "a", [this]() -> Task<> { co_await handles["b"]; });
    add(handles, "b", [this]() -> Task<> { co_await awaitHandle(handles["c"]); });
    add(handles, "c", [this]() -> Task<> { co_await awaitHandle(handles["a"]); });
    loop->run();
    QCOMPARE(loop->takeNotes(),
             (QStringList{"c Deadlock: task 'c' waits for task 'a'; task 'a' waits for task 'b'; task 'b' waits for task 'c'@0",
                          "b value@0", "a value@0"}));
}

void TestDeadlock::refusedWaitCancelsNothing()
{
    add(handles, "sibling", []() -> Task<> { co_await sleepFor(2s); });
    add(handles, "a", [this]() -> Task<> {
        try {
            co_await gatherBoth(handles["sibling"], handles["a"]);
        } catch (const RunSyncError &) {
            note("refused");
        }
        co_await sleepFor(1s);
    });
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"refused@0", "a value@1", "sibling value@2"}));
}

void TestDeadlock::gatherOverItselfIsRefused()
{
    add(handles, "a", [this]() -> Task<> { co_await gather(handles["a"], sleepFor(1s)); });
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"a Deadlock: task 'a' waits for 2 tasks (task 'a')@0"});
    QCOMPARE(loop->time(), "1"); // the sibling has gone on, as after any failure
}

void TestDeadlock::gatherWithOneStuckMemberIsRefused()
{
    add(handles, "b", [this]() -> Task<> { co_await handles["a"]; });
    add(handles, "c", []() -> Task<> { co_await sleepFor(1s); });
    add(handles, "a", [this]() -> Task<> { co_await gatherResults(handles["c"], handles["b"]); });
    loop->run();
    QCOMPARE(loop->takeNotes(),
             (QStringList{"a Deadlock: task 'a' waits for 2 tasks (task 'b'); task 'b' waits for task 'a'@0", "b value@0",
                          "c value@1"}));
}

void TestDeadlock::circleThroughAGatherIsFound()
{
    add(handles, "a", [this]() -> Task<> { co_await gatherBoth(handles["c"], handles["b"]); });
    add(handles, "b", [this]() -> Task<> { co_await handles["a"]; });
    add(handles, "c", []() -> Task<> { co_await sleepFor(1s); });
    loop->run();
    QCOMPARE(loop->takeNotes(),
             (QStringList{"b Deadlock: task 'b' waits for task 'a'; task 'a' waits for 2 tasks (task 'b')@0", "c value@1",
                          "a value@1"}));
}

void TestDeadlock::raceWithAllBranchesStuckIsRefused()
{
    add(handles, "b", [this]() -> Task<> { co_await handles["a"]; });
    add(handles, "c", [this]() -> Task<> { co_await handles["a"]; });
    add(handles, "a", [this]() -> Task<> { co_await race(handles["b"], handles["c"], handles["a"]); });
    loop->run();
    QCOMPARE(loop->takeNotes(),
             (QStringList{"a Deadlock: task 'a' waits for the first of 3 tasks (task 'b'); task 'b' waits for task 'a'@0", "b value@0",
                          "c value@0"}));
}

void TestDeadlock::raceWithOneFreeBranchIsLegal()
{
    // given: "b" can only end after "a"; the other branch of the race will free "a"
    add(handles, "b", [this]() -> Task<> { co_await handles["a"]; });
    add(handles, "a", [this]() -> Task<> { co_await race(handles["b"], sleepFor(1s)); });
    loop->runUntil(500ms);
    QCOMPARE(loop->takeNotes(), QStringList()); // it waits
    loop->run();
    // then: the loser cannot be joined
    QCOMPARE(loop->takeNotes(),
             (QStringList{"a Deadlock: task 'a' waits for 2 tasks (task 'b'); task 'b' waits for task 'a'@1", "b value@1"}));
}

void TestDeadlock::circleThroughARaceNeedsAllBranches()
{
    // given: "a" races "b" against time; "b" waits for "a" only afterwards
    add(handles, "a", [this]() -> Task<> { co_await race(handles["b"], sleepFor(1s)); });
    add(handles, "b", [this]() -> Task<> {
        co_await sleepFor(500ms);
        note("b begins to wait");
        co_await handles["a"];
    });
    loop->runUntil(600ms);
    QCOMPARE(loop->takeNotes(), QStringList{"b begins to wait@0.5"});
    loop->run();
    loop->takeNotes();
}

void TestDeadlock::timeoutDoesNotMakeItLegal()
{
    add(handles, "a", [this]() -> Task<> { co_await withTimeout(1s, handles["b"]); });
    add(handles, "b", [this]() -> Task<> { co_await withTimeout(1s, handles["a"]); });
    loop->run();
    QCOMPARE(loop->takeNotes(),
             (QStringList{"b Deadlock: task 'b' waits for task 'a'; task 'a' waits for task 'b'@0", "a value@0"}));
}

void TestDeadlock::whatAnybodyMayEndIsNoDeadlock()
{
    // given: "a" waits for a future that only "b" will settle, and "b" waits for "a"
    Future<> future;
    add(handles, "a", [&future]() -> Task<> { co_await future; });
    add(handles, "b", [this]() -> Task<> { co_await handles["a"]; });
    loop->runUntil(1s);
    QCOMPARE(loop->takeNotes(), QStringList());
    future.setResult();
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"a value@1", "b value@1"}));
}

void TestDeadlock::manyMayWaitForOne()
{
    add(handles, "end", []() -> Task<> { co_await sleepFor(1s); });
    add(handles, "a", [this]() -> Task<> { co_await gatherBoth(handles["end"], handles["b"]); });
    add(handles, "b", [this]() -> Task<> { co_await gatherBoth(handles["c"], handles["end"]); });
    add(handles, "c", [this]() -> Task<> { co_await race(handles["end"], handles["end"]); });
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"end value@1", "c value@1", "b value@1", "a value@1"}));
}

void TestDeadlock::longLineOfWaitersNeedsNoStack()
{
    constexpr int length = 100'000;
    std::vector<TaskHandle<>> line;
    TaskHandle<> first;
    const auto closing = [](TaskHandle<> &last) -> Task<> {
        co_await sleepFor(1s);
        co_await last;
    };
    TaskHandle<> last;
    line.push_back(spawn(closing(last), "first"));
    for (int n = 1; n < length; ++n)
        line.push_back(spawn(awaitHandle(line.back())));
    last = line.back();
    loop->run();
    const QString text = QString::fromStdString(withoutPlaces(endOf(line.front()).toStdString()));
    for (const TaskHandle<> &handle : line)
        handle.state().markSeen();
    QVERIFY2(text.startsWith("Deadlock: task 'first' waits for task #100000 (awaitHandle); task #100000 (awaitHandle) waits for"),
             qPrintable(text));
    QVERIFY2(text.contains("; 99984 more; "), qPrintable(text));
    QVERIFY2(text.endsWith("; task #2 (awaitHandle) waits for task 'first'"), qPrintable(text));
}

void TestDeadlock::diamondsAreSearchedOnce()
{
    // given: 64 layers of two tasks, each of which waits for both of the layer below: 2^64 ways down
    Future<> bottom;
    const auto waitForFuture = [](Future<> &future) -> Task<> { co_await future; };
    const auto topmost = [](TaskHandle<> a, TaskHandle<> b) -> Task<> {
        co_await sleepFor(1s);
        co_await gather(a, b);
    };
    TaskHandle<> left = spawn(waitForFuture(bottom));
    TaskHandle<> right = spawn(waitForFuture(bottom));
    for (int layer = 0; layer < 64; ++layer) {
        const TaskHandle<> nextLeft = spawn(gatherBoth(left, right));
        const TaskHandle<> nextRight = spawn(gatherBoth(left, right));
        left = nextLeft;
        right = nextRight;
    }

    // when somebody who is waited for joins them
    const TaskHandle<> top = spawn(topmost(left, right));
    const TaskHandle<> waiting = spawn(awaitHandle(top));
    loop->runUntil(2s);
    bottom.setResult();
    loop->run();
    QCOMPARE(endOf(waiting), "value");
}

void TestDeadlock::legalCircleIsSearchedOnce()
{
    // given: "a" and "b" wait for each other, and time will free "a"
    add(handles, "a", [this]() -> Task<> { co_await race(handles["b"], sleepFor(10s)); });
    add(handles, "b", [this]() -> Task<> { co_await handles["a"]; });
    loop->runUntil(1s);

    // when "c", for which "d" waits, waits for them
    add(handles, "c", [this]() -> Task<> {
        co_await yield();
        co_await handles["b"];
    });
    add(handles, "d", [this]() -> Task<> { co_await handles["c"]; });
    loop->runUntil(2s);

    // then it waits too
    QCOMPARE(loop->takeNotes(), QStringList());
    handles["a"].cancel();
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"a cancelled@2", "b cancelled@2", "c cancelled@2", "d cancelled@2"}));
}

void TestDeadlock::cancelOfACircleWithAFreeBranchEnds()
{
    add(handles, "a", [this]() -> Task<> { co_await race(handles["b"], sleepFor(10s)); });
    add(handles, "b", [this]() -> Task<> { co_await handles["a"]; });
    loop->runUntil(1s);
    handles["b"].cancel();
    loop->run();
    QCOMPARE((QStringList{endOf(handles["a"]), endOf(handles["b"])}), (QStringList{"cancelled", "cancelled"}));
    QCOMPARE(loop->time(), "1");
    loop->takeNotes();
}

QTEST_APPLESS_MAIN(TestDeadlock)
#include "tst_deadlock.moc"
