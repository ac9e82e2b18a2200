// SPDX-License-Identifier: MIT
#include <tests/task/virtualscheduler.h>

#include <interloop/task/future.h>
#include <interloop/task/race.h>
#include <interloop/task/shield.h>
#include <interloop/task/task.h>
#include <interloop/task/timeout.h>

#include <QObject>
#include <QTest>

#include <memory>
#include <optional>
#include <string>
#include <variant>

using namespace interloop;
using namespace interloop::test;

namespace {

Task<std::unique_ptr<int>> moveOnlyAfter(std::chrono::nanoseconds delay, int n)
{
    co_await sleepFor(delay);
    co_return std::make_unique<int>(n);
}

Task<int> failing(std::string text, std::chrono::nanoseconds delay)
{
    co_await failAfter(delay, text);
    co_return 0;
}

// Cleans up for `time` when it is cancelled, then ends as cancelled.
Task<> cleaning(std::string name, std::chrono::nanoseconds time)
{
    bool wasCancelled = false;
    try {
        co_await sleepFor(100s);
    } catch (const Cancelled &) {
        wasCancelled = true;
    }
    if (wasCancelled)
        co_await shield(sleepFor(time));
    note("clean " + name);
    co_await yield();
}

template<typename... As>
Task<> racing(As... awaitables)
{
    try {
        const auto winner = co_await race(std::move(awaitables)...);
        note("winner " + std::to_string(winner.index()));
    } catch (const Cancelled &cancelled) {
        note(cancelled.whom() == Cancelled::Whom::Self ? "race cancelled" : "winner was cancelled");
        throw;
    } catch (const std::exception &e) {
        note(std::string("race failed: ") + e.what());
    }
}

} // namespace

class TestRace : public QObject
{
    Q_OBJECT

private slots:
    void init() { loop.emplace(); }
    void cleanup() { QCOMPARE(end(loop), QStringList()); }

    void firstToEndWinsAndTheOthersAreCancelled();
    void losersAreJoinedBeforeItReturns();
    void winnersValueAndIndexArrive();
    void raceOfOneIsThatOne();
    void firstOfEqualDeadlinesWins();
    void handleThatIsDoneWins();
    void moveOnlyWinnerIsMovedOut();
    void sameHandleTwiceIsWonByTheFirst();
    void handleThatWinsKeepsItsResult();
    void losingHandleIsCancelled();
    void failureWinsToo();
    void cancelledBranchWinsAsCancelled();
    void failureOfALoserIsDropped();
    void loserThatEndsAtTheSameInstantLoses();
    void cancelFromOutsideCancelsAllInOrder();
    void cancelWaitsForAllBranches();
    void cancelThatAllBranchesIgnoreEndsTheRaceCancelled();
    void cancelWhileLosersUnwindLetsThemFinish();
    void timeoutOfARace();
    void nestedRaces();

private:
    std::optional<VirtualScheduler> loop;
};

void TestRace::firstToEndWinsAndTheOthersAreCancelled()
{
    loop->runTask(racing(sleeper("1", 3s), sleeper("2", 1s), sleeper("3", 2s)));
    QCOMPARE(unordered(loop->takeNotes()),
             unordered({"Start 1@0", "Start 2@0", "Start 3@0", "End 2@1", "Cancelled 1@1", "Cancelled 3@1",
                        "winner 1@1"}));
}

void TestRace::losersAreJoinedBeforeItReturns()
{
    loop->runTask(racing(sleeper("1", 1s), cleaning("2", 4s), cleaning("3", 2s)));
    QCOMPARE(loop->takeNotes(), (QStringList{"Start 1@0", "End 1@1", "clean 3@3", "clean 2@5", "winner 0@5"}));
}

void TestRace::winnersValueAndIndexArrive()
{
    const auto winner = loop->runTask(race(valueAfter(2s, 1), valueAfter(1s, std::string("text")), sleepFor(3s)));
    static_assert(std::is_same_v<decltype(winner), const std::variant<int, std::string, std::monostate>>);
    QCOMPARE(winner.index(), 1u);
    QCOMPARE(std::get<1>(winner), std::string("text"));
    QCOMPARE(loop->time(), "1");

    const auto other = loop->runTask(race(valueAfter(2s, 1), valueAfter(2s, 2), sleepFor(1s)));
    QCOMPARE(other.index(), 2u);
}

void TestRace::raceOfOneIsThatOne()
{
    QCOMPARE(std::get<0>(loop->runTask(race(valueAfter(1s, 4)))), 4);
    QCOMPARE(thrownBy([&] { loop->runTask(race(failing("alone", 1s))); }), "alone");
}

void TestRace::firstOfEqualDeadlinesWins()
{
    const FifoOrder fifo;
    loop->runTask(racing(sleepFor(1s), sleepFor(1s)));
    QCOMPARE(loop->takeNotes(), QStringList{"winner 0@1"});
}

void TestRace::handleThatIsDoneWins()
{
    const TaskHandle<int> done = spawn(valueAfter(0s, 3));
    loop->run();
    loop->runTask(racing(sleeper("1", 1s), done));
    QCOMPARE(loop->takeNotes(), QStringList{"winner 1@0"}); // the other one is cancelled before it starts
}

void TestRace::moveOnlyWinnerIsMovedOut()
{
    auto winner = loop->runTask(race(moveOnlyAfter(2s, 1), moveOnlyAfter(1s, 2)));
    QCOMPARE(winner.index(), 1u);
    QCOMPARE(*std::get<1>(winner), 2);
}

void TestRace::sameHandleTwiceIsWonByTheFirst()
{
    const TaskHandle<std::unique_ptr<int>> handle = spawn(moveOnlyAfter(1s, 2));
    const auto winner = loop->runTask(race(handle, handle));
    QCOMPARE(winner.index(), 0u);
    QCOMPARE(*std::get<0>(winner), 2);
}

void TestRace::handleThatWinsKeepsItsResult()
{
    const TaskHandle<std::string> handle = spawn(valueAfter(1s, std::string("kept")));
    const auto winner = loop->runTask(race(handle, sleepFor(2s)));
    QCOMPARE(std::get<0>(winner), std::string("kept"));
    QCOMPARE(handle.state().slot().get(), std::string("kept"));
}

void TestRace::losingHandleIsCancelled()
{
    const TaskHandle<> loser = spawn(sleeper("loser", 10s));
    loop->runTask(racing(loser, sleepFor(1s)));
    QCOMPARE(loop->takeNotes(), (QStringList{"Start loser@0", "Cancelled loser@1", "winner 1@1"}));
    QCOMPARE(endOf(loser), "cancelled");
}

void TestRace::failureWinsToo()
{
    loop->runTask(racing(cleaning("1", 2s), failing("broken", 1s)));
    QCOMPARE(loop->takeNotes(), (QStringList{"clean 1@3", "race failed: broken@3"}));
}

void TestRace::cancelledBranchWinsAsCancelled()
{
    const TaskHandle<> branch = spawn(sleeper("branch", 10s));
    const TaskHandle<> main = spawn(racing(branch, sleeper("other", 10s)));
    loop->runUntil(1s);
    branch.cancel();
    loop->run();
    QCOMPARE(loop->takeNotes(),
             (QStringList{"Start branch@0", "Start other@0", "Cancelled branch@1", "Cancelled other@1",
                          "winner was cancelled@1"}));
}

void TestRace::failureOfALoserIsDropped()
{
    const FifoOrder fifo;
    const auto failsInCleanup = []() -> Task<> {
        try {
            co_await sleepFor(10s);
        } catch (const Cancelled &) {
            throw std::runtime_error("clean-up failed");
        }
    };
    loop->runTask(racing(sleepFor(1s), failsInCleanup(), failing("same instant", 1s)));
    QCOMPARE(loop->takeNotes(), QStringList{"winner 0@1"});
    QCOMPARE(loop->takeReports(), QStringList());
}

void TestRace::loserThatEndsAtTheSameInstantLoses()
{
    const FifoOrder fifo;
    loop->runTask(racing(sleeper("1", 1s), sleeper("2", 1s)));
    QCOMPARE(loop->takeNotes(), (QStringList{"Start 1@0", "Start 2@0", "End 1@1", "End 2@1", "winner 0@1"}));
}

void TestRace::cancelFromOutsideCancelsAllInOrder()
{
    const FifoOrder fifo;
    const TaskHandle<> main = spawn(racing(sleeper("1", 3s), sleeper("2", 2s), sleeper("3", 4s)));
    loop->runUntil(1s);
    main.cancel();
    loop->run();
    QCOMPARE(loop->takeNotes().mid(3),
             (QStringList{"Cancelled 1@1", "Cancelled 2@1", "Cancelled 3@1", "race cancelled@1"}));
    QCOMPARE(endOf(main), "cancelled");
    QCOMPARE(loop->takeReports(), QStringList());
}

void TestRace::cancelWaitsForAllBranches()
{
    const TaskHandle<> main = spawn(racing(cleaning("1", 1s), cleaning("2", 3s)));
    loop->runUntil(1s);
    main.cancel();
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"clean 1@2", "clean 2@4", "race cancelled@4"}));
}

void TestRace::cancelThatAllBranchesIgnoreEndsTheRaceCancelled()
{
    const TaskHandle<> main = spawn(racing(shield(valueAfter(3s, 1)), shield(valueAfter(2s, 2))));
    loop->runUntil(1s);
    main.cancel();
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"race cancelled@3"});
    QCOMPARE(endOf(main), "cancelled");
}

void TestRace::cancelWhileLosersUnwindLetsThemFinish()
{
    const TaskHandle<> main = spawn(racing(sleepFor(1s), cleaning("2", 4s)));
    loop->runUntil(2s);
    main.cancel();
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"clean 2@5", "winner 0@5"}));
}

void TestRace::timeoutOfARace()
{
    QCOMPARE(thrownBy([&] { loop->runTask(withTimeout(1s, racing(cleaning("1", 1s), sleeper("2", 9s)))); }),
             "timed out after 1000 ms");
    QCOMPARE(loop->takeNotes(), (QStringList{"Start 2@0", "Cancelled 2@1", "clean 1@2", "race cancelled@2"}));
    QCOMPARE(loop->takeReports(), QStringList());
}

void TestRace::nestedRaces()
{
    loop->runTask(racing(racing(sleeper("a", 3s), sleeper("b", 4s)), racing(sleeper("c", 1s), sleeper("d", 2s))));
    QCOMPARE(unordered(loop->takeNotes().mid(4)),
             unordered({"End c@1", "Cancelled d@1", "winner 0@1", "Cancelled a@1",
                        "Cancelled b@1", "race cancelled@1", "winner 1@1"}));
}

QTEST_APPLESS_MAIN(TestRace)
#include "tst_race.moc"
