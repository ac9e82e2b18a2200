// SPDX-License-Identifier: MIT
#include <tests/task/circles.h>

#include <interloop/task/future.h>
#include <interloop/task/gather.h>
#include <interloop/task/race.h>
#include <interloop/task/shield.h>
#include <interloop/task/task.h>
#include <interloop/task/timeout.h>

#include <QObject>
#include <QTest>

#include <optional>
#include <string>
#include <vector>

using namespace interloop;
using namespace interloop::test;

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
    void raceWhoseBranchesAllWaitForTheRacerIsRefused();
    void branchesThatWaitForTheRacerOneAfterTheOtherAreRefused();
    void gatherInsideARaceNeedsOneStuckMember();
    void raceInsideAGatherNeedsAllBranchesStuck();
    void groupsInsideGroupsAreSearched();
    void waitThatIsOverIsNoCircle();
    void cancelledWaitThatHasNotUnwoundIsStillAWait();
    void cancelledTaskThatWillGoOnIsFree();
    void taskThatHasNotBegunIsFree();
    void shieldDoesNotMakeItLegal();
    void partsOfATaskWaitForTheWhole();
    void awaitingSomebodyWhoIsNotAwaitedIsNeverRefused();

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
    const FifoOrder fifo;
    add(handles, "a", [this]() -> Task<> { co_await handles["b"]; });
    add(handles, "b", [this]() -> Task<> { co_await handles["a"]; });
    loop->run();
    QCOMPARE(loop->takeNotes(),
             (QStringList{"b Deadlock: task 'b' waits for task 'a'; task 'a' waits for task 'b'@0", "a value@0"}));
}

void TestDeadlock::circleOfThreeNamesTheChain()
{
    const FifoOrder fifo;
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
    const FifoOrder fifo;
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
    const FifoOrder fifo;
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
    const FifoOrder fifo;
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
    // then: the loser no longer waits for whom it keeps, and does not cancel it either
    QCOMPARE(loop->takeNotes(), (QStringList{"b cancelled@1", "a value@1"}));
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
    const FifoOrder fifo;
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
    QVERIFY2(text.startsWith("Deadlock: task 'first' waits for task #100000 (interloop::test::awaitHandle); task #100000 (interloop::test::awaitHandle) waits for"),
             qPrintable(text));
    QVERIFY2(text.contains("; 99984 more; "), qPrintable(text));
    QVERIFY2(text.endsWith("; task #2 (interloop::test::awaitHandle) waits for task 'first'"), qPrintable(text));
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

// All branches are tasks of their own, which wait for the racer before it begins to wait.
void TestDeadlock::raceWhoseBranchesAllWaitForTheRacerIsRefused()
{
    const FifoOrder fifo;
    for (const char *name : {"b", "c", "d"})
        add(handles, name, [this]() -> Task<> { co_await awaitHandle(handles["a"]); });
    add(handles, "a", [this]() -> Task<> { co_await race(handles["b"], handles["c"], handles["d"]); });
    loop->run();
    QCOMPARE(loop->takeNotes(),
             (QStringList{"a Deadlock: task 'a' waits for the first of 3 tasks (task 'b'); task 'b' waits for task 'a'@0",
                          "b value@0", "c value@0", "d value@0"}));
}

// The last one closes the circle. It wins, with its refusal, and the others are let off.
void TestDeadlock::branchesThatWaitForTheRacerOneAfterTheOtherAreRefused()
{
    const auto waitLater = [](TaskHandle<> &handle, std::chrono::nanoseconds delay) -> Task<> {
        co_await sleepFor(delay);
        co_await handle;
    };
    add(handles, "a", [this, waitLater]() -> Task<> {
        co_await race(waitLater(handles["a"], 1s), waitLater(handles["a"], 2s), waitLater(handles["a"], 3s));
    });
    loop->runUntil(2500ms);
    QCOMPARE(loop->takeNotes(), QStringList());
    loop->run();
    const QStringList notes = loop->takeNotes();
    QCOMPARE(notes.size(), 1);
    QVERIFY2(notes[0].startsWith("a Deadlock: task #4 ") && notes[0].endsWith("@3"), qPrintable(notes[0]));
    QVERIFY2(notes[0].contains(" for the first of 3 tasks (task #2 "), qPrintable(notes[0]));
    QCOMPARE(loop->takeReports(), QStringList());
}

void TestDeadlock::gatherInsideARaceNeedsOneStuckMember()
{
    const FifoOrder fifo;
    // given: one branch gathers a sleeper and somebody who waits for the racer; the other is stuck too
    add(handles, "stuck", [this]() -> Task<> { co_await handles["a"]; });
    add(handles, "sleeper", []() -> Task<> { co_await sleepFor(1s); });
    add(handles, "both", [this]() -> Task<> { co_await gatherBoth(handles["sleeper"], handles["stuck"]); });
    add(handles, "a", [this]() -> Task<> { co_await race(handles["both"], handles["stuck"]); });
    loop->run();
    QCOMPARE(loop->takeNotes(),
             (QStringList{"a Deadlock: task 'a' waits for the first of 2 tasks (task 'both'); task 'both' waits for 2 tasks "
                          "(task 'stuck'); task 'stuck' waits for task 'a'@0",
                          "stuck value@0", "sleeper value@1", "both value@1"}));
}

void TestDeadlock::raceInsideAGatherNeedsAllBranchesStuck()
{
    add(handles, "stuck", [this]() -> Task<> { co_await handles["a"]; });
    add(handles, "sleeper", []() -> Task<> { co_await sleepFor(2s); });
    add(handles, "first", [this]() -> Task<> { co_await race(handles["stuck"], handles["sleeper"]); });
    add(handles, "a", [this]() -> Task<> { co_await gatherBoth(handles["first"], handles["sleeper"]); });
    loop->runUntil(1s);
    QCOMPARE(loop->takeNotes(), QStringList()); // the sleeper may win
    loop->run();
    QCOMPARE(loop->takeNotes(),
             (QStringList{"sleeper value@2",
                          "first Deadlock: task 'first' waits for 2 tasks (task 'stuck'); task 'stuck' waits for task 'a'; "
                          "task 'a' waits for 2 tasks (task 'first')@2", // the loser cannot be joined
                          "a value@2", "stuck value@2"}));
}

void TestDeadlock::groupsInsideGroupsAreSearched()
{
    const auto level = [](TaskHandle<> &below) -> Task<> {
        co_await yield();
        co_await gatherResults(race(gather(below, yield()), below), sleepFor(1s));
    };
    std::vector<TaskHandle<>> levels(20);
    for (std::size_t n = 1; n < levels.size(); ++n)
        levels[n] = spawn(level(levels[n - 1]));
    levels[0] = spawn(noting("lowest", [&levels]() -> Task<> {
        co_await sleepFor(500ms);
        co_await levels.back();
    }), "lowest");
    loop->run();
    const QStringList notes = loop->takeNotes();
    QCOMPARE(notes.size(), 1);
    QVERIFY2(notes[0].startsWith("lowest Deadlock: task 'lowest' waits for task #") && notes[0].endsWith("@0.5"),
             qPrintable(notes[0]));
    QCOMPARE(endOf(levels.back()), "value");
}

// Whom a task waited for has ended, and the task goes on in its turn.
void TestDeadlock::waitThatIsOverIsNoCircle()
{
    Future<> future;
    add(handles, "a", [this, &future]() -> Task<> {
        co_await future;
        co_await handles["end"];
    });
    add(handles, "end", []() -> Task<> {
        co_await sleepFor(1s);
        note("end");
    });
    add(handles, "b", [this]() -> Task<> { co_await handles["a"]; });
    add(handles, "c", [this]() -> Task<> {
        co_await handles["end"];
        co_await handles["b"]; // "a" has not gone on yet
    });
    add(handles, "d", [this]() -> Task<> { co_await handles["c"]; });
    loop->runReady();
    future.setResult();
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"end@1", "end value@1", "a value@1", "b value@1", "c value@1", "d value@1"}));
}

// "b" was cancelled, and so was "a", for which it waits: it still waits for the end of that, and gets its value.
void TestDeadlock::cancelledWaitThatHasNotUnwoundIsStillAWait()
{
    const auto cleanUp = [](TaskHandle<> &last) -> Task<> {
        try {
            co_await sleepFor(10s);
        } catch (const Cancelled &) {
        }
        co_await shield(last);
    };
    add(handles, "a", [this, cleanUp]() -> Task<> { co_await cleanUp(handles["b"]); });
    add(handles, "b", [this]() -> Task<> { co_await handles["a"]; });
    loop->runUntil(1s);
    handles["b"].cancel();
    loop->run();
    QCOMPARE(loop->takeNotes(),
             (QStringList{"a Deadlock: task 'a' waits for task 'b'; task 'b' waits for task 'a'@1", "b value@1"}));
}

// "a" was cancelled while it slept, and has not gone on yet.
void TestDeadlock::cancelledTaskThatWillGoOnIsFree()
{
    add(handles, "a", []() -> Task<> { co_await sleepFor(10s); });
    add(handles, "b", [this]() -> Task<> {
        co_await sleepFor(1s);
        handles["a"].cancel();
        co_await gatherResults(handles["a"], sleepFor(1s));
    });
    add(handles, "c", [this]() -> Task<> { co_await handles["b"]; });
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"a cancelled@1", "b value@2", "c value@2"}));
}

void TestDeadlock::taskThatHasNotBegunIsFree()
{
    add(handles, "a", [this]() -> Task<> {
        handles["late"] = spawn(noting("late", []() -> Task<> { co_await yield(); }), "late");
        co_await handles["late"];
    });
    add(handles, "b", [this]() -> Task<> { co_await handles["a"]; });
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"late value@0", "a value@0", "b value@0"}));
}

void TestDeadlock::shieldDoesNotMakeItLegal()
{
    const FifoOrder fifo;
    add(handles, "a", [this]() -> Task<> { co_await shield(handles["b"]); });
    add(handles, "b", [this]() -> Task<> { co_await shield(handles["a"]); });
    loop->run();
    QCOMPARE(loop->takeNotes(),
             (QStringList{"b Deadlock: task 'b' waits for task 'a'; task 'a' waits for task 'b'@0", "a value@0"}));
}

// What a task awaits directly is a part of it; what it gathers is not.
void TestDeadlock::partsOfATaskWaitForTheWhole()
{
    const auto nested = [](TaskHandle<> &whole) -> Task<> { co_await awaitHandle(whole); };
    add(handles, "a", [this, nested]() -> Task<> { co_await nested(handles["a"]); });
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"a Deadlock: task 'a' waits for task 'a'@0"});
}

void TestDeadlock::awaitingSomebodyWhoIsNotAwaitedIsNeverRefused()
{
    // given: "a" waits for "b"; nobody waits for "a"
    add(handles, "a", [this]() -> Task<> { co_await handles["b"]; });
    add(handles, "b", []() -> Task<> { co_await sleepFor(1s); });
    for (const char *name : {"c", "d", "e"})
        add(handles, name, [this]() -> Task<> { co_await gatherBoth(handles["a"], handles["b"]); });
    loop->run();
    QCOMPARE(unordered(loop->takeNotes()),
             unordered({"b value@1", "a value@1", "c value@1", "d value@1", "e value@1"}));
}

QTEST_APPLESS_MAIN(TestDeadlock)
#include "tst_deadlock.moc"
