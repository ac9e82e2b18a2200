// SPDX-License-Identifier: MIT
#include <tests/task/virtualscheduler.h>

#include <interloop/task/cancelscope.h>
#include <interloop/task/future.h>
#include <interloop/task/gather.h>
#include <interloop/task/shield.h>
#include <interloop/task/task.h>
#include <interloop/task/timeout.h>

#include <QObject>
#include <QTest>

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

using namespace interloop;
using namespace interloop::test;

static_assert(!std::is_aggregate_v<CancelScope>);
static_assert(!std::is_copy_constructible_v<CancelScope>);

namespace {

using Shield = CancelScope::Shield;

// "value", "Cancelled" or "TimedOut", and the time.
template<typename T>
void noteResult(const std::string &name, const Result<T> &result)
{
    note(name + (result ? " value" : std::string(" ") + nameOf(result.outcome())));
}

// Notes how a scope of its own around `awaitable` ends.
template<Awaitable A>
Task<> runIn(std::string name, std::chrono::nanoseconds timeout, A awaitable)
{
    CancelScope scope(timeout);
    const Result<> result = co_await scope.run(std::move(awaitable));
    noteResult(name, result);
}

Task<> cancelAfter(std::chrono::nanoseconds delay, CancelScope &scope)
{
    co_await sleepFor(delay);
    scope.cancel();
}

} // namespace

class TestCancelScope : public QObject
{
    Q_OBJECT

private slots:
    void init() { loop.emplace(); }
    void cleanup() { QCOMPARE(end(loop), QStringList()); }

    void outsideATaskThereIsNone();
    void runGivesTheResult();
    void runGivesUnusualResults();
    void runAbsorbsItsOwnCancellation();
    void runAbsorbsItsDeadline();
    void runLetsACancellationFromOutsideThrough();
    void outsideWinsWhenBothAreCancelled();
    void otherExceptionsAreThrown();
    void awaitedTaskThatWasCancelledIsNotAbsorbed();
    void resultInSpiteOfTheCancellationIsGiven();
    void runEndsTheScope();
    void secondRunIsAnError();
    void runInAnotherTaskIsAnError();
    void cancelledBeforeTheRunEndsAtTheFirstSuspension();
    void cancelledInnerScopeLeavesTheOuterOne();
    void cancelledOuterScopePassesThroughTheInnerOne();
    void handlerTellsItsOwnCancellation();
    void withoutAHandlerTheCancellationGoesFurther();
    void shieldKeepsTheOutsideOutUntilItIsLeft();
    void shieldedScopeAbsorbsItsOwnAlthoughTheOutsideIsCancelledToo();
    void openedShieldLetsInWhatCameMeanwhile();
    void closedShieldKeepsOutWhatComesThen();
    void deadlineCanBeMoved();
    void deadlineInThePastCancelsAtOnce_data();
    void deadlineInThePastCancelsAtOnce();
    void deadlineCanBeRemoved();
    void firstOutcomeStays();
    void scopesMayLeaveInAnyOrder();
    void scopeMayOutliveItsTask();
    void scopeMayOutliveItsLoop();
    void nestedDeadlinesAndShieldsFollowTheModel();

private:
    std::optional<VirtualScheduler> loop;
};

void TestCancelScope::outsideATaskThereIsNone()
{
    QCOMPARE(thrownBy([] { CancelScope scope; }), "a CancelScope outside a task");
    QCOMPARE(thrownBy([] { CancelScope scope(1s); }), "a CancelScope outside a task");
    loop.reset();
    QCOMPARE(thrownBy([] { CancelScope scope; }), "a CancelScope outside a task"); // no loop either
    loop.emplace();
}

void TestCancelScope::runGivesTheResult()
{
    const auto body = []() -> Task<std::string> {
        CancelScope scope(2s);
        const Result<std::string> result = co_await scope.run(valueAfter(1s, std::string("text")));
        note(scope.isCancelled() ? "cancelled" : nameOf(scope.outcome()));
        co_return result.value();
    };
    QCOMPARE(loop->runTask(body()), std::string("text"));
    QCOMPARE(loop->takeNotes(), QStringList{"Value@1"});
    QCOMPARE(loop->time(), "1"); // no timer is left over
}

void TestCancelScope::runGivesUnusualResults()
{
    static int number = 5;
    const auto reference = []() -> Task<int &> {
        co_await yield();
        co_return number;
    };
    const auto pointer = []() -> Task<std::unique_ptr<int>> {
        co_await yield();
        co_return std::make_unique<int>(6);
    };
    const auto body = [](auto reference, auto pointer) -> Task<> {
        CancelScope first;
        Result<int &> byReference = co_await first.run(reference());
        note(&byReference.value() == &number ? "the same" : "another");
        CancelScope second;
        Result<std::unique_ptr<int>> moved = co_await second.run(pointer());
        note(std::to_string(*std::move(moved).value()));
        CancelScope third;
        Result<> ofSleep = co_await third.run(sleepFor(1s));
        noteResult("sleep", ofSleep);
        CancelScope fourth;
        Result<int> ofHandle = co_await fourth.run(spawn(valueAfter(1s, 7)));
        note(std::to_string(ofHandle.value()));
    };
    loop->runTask(body(reference, pointer));
    QCOMPARE(loop->takeNotes(), (QStringList{"the same@0", "6@0", "sleep value@1", "7@2"}));
}

void TestCancelScope::runAbsorbsItsOwnCancellation()
{
    const auto body = []() -> Task<> {
        CancelScope scope;
        spawn(cancelAfter(1s, scope));
        const Result<> result = co_await scope.run(sleeper("task", 10s));
        noteResult("run", result);
        note(scope.isCancelled() ? nameOf(scope.outcome()) : "not cancelled");
        co_await sleepFor(1s);
        note("end");
    };
    loop->runTask(body());
    QCOMPARE(loop->takeNotes(), (QStringList{"Start task@0", "Cancelled task@1", "run Cancelled@1", "Cancelled@1",
                                            "end@2"}));
}

void TestCancelScope::runAbsorbsItsDeadline()
{
    loop->runTask(runIn("run", 1s, sleeper("task", 10s)));
    QCOMPARE(loop->takeNotes(), (QStringList{"Start task@0", "Cancelled task@1", "run TimedOut@1"}));
}

void TestCancelScope::runLetsACancellationFromOutsideThrough()
{
    const TaskHandle<> handle = spawn(runIn("run", 5s, sleeper("task", 10s)));
    loop->runUntil(1s);
    handle.cancel();
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"Start task@0", "Cancelled task@1"}));
    QCOMPARE(endOf(handle), "cancelled");
    QCOMPARE(loop->time(), "1");
}

void TestCancelScope::outsideWinsWhenBothAreCancelled()
{
    const auto cleansFor2s = []() -> Task<> {
        bool wasCancelled = false;
        try {
            co_await sleepFor(10s);
        } catch (const Cancelled &) {
            wasCancelled = true;
        }
        if (wasCancelled)
            co_await shield(sleepFor(2s));
        co_await yield();
    };
    const TaskHandle<> handle = spawn(runIn("run", 1s, cleansFor2s()));
    loop->runUntil(2s); // its deadline has passed, it cleans up
    handle.cancel();
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList());
    QCOMPARE(endOf(handle), "cancelled");
}

void TestCancelScope::otherExceptionsAreThrown()
{
    const auto failsInCleanUp = []() -> Task<> {
        try {
            co_await sleepFor(10s);
        } catch (const Cancelled &) {
            throw std::runtime_error("clean-up failed");
        }
    };
    QCOMPARE(thrownBy([&] { loop->runTask(runIn("run", 2s, failAfter(1s, "broken"))); }), "broken");
    QCOMPARE(thrownBy([&] { loop->runTask(runIn("run", 2s, failsInCleanUp())); }), "clean-up failed");
    QCOMPARE(loop->takeNotes(), QStringList());
}

void TestCancelScope::awaitedTaskThatWasCancelledIsNotAbsorbed()
{
    Future<> future;
    const auto body = [](Future<> future) -> Task<> {
        CancelScope scope;
        scope.cancel();
        try {
            const Result<> result = co_await scope.run(shield(future));
            noteResult("run", result);
        } catch (const Cancelled &cancelled) {
            note(cancelled.whom() == Cancelled::Whom::Awaited ? "the awaited one" : "itself");
        }
    };
    const TaskHandle<> handle = spawn(body(future));
    loop->runUntil(1s);
    future.cancel();
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"the awaited one@1"});
    QCOMPARE(endOf(handle), "value");
}

void TestCancelScope::resultInSpiteOfTheCancellationIsGiven()
{
    const auto refuses = []() -> Task<int> {
        try {
            co_await sleepFor(10s);
        } catch (const Cancelled &) {
        }
        co_return 7;
    };
    const auto body = [](auto refuses) -> Task<int> {
        CancelScope scope(1s);
        const Result<int> result = co_await scope.run(refuses());
        note(nameOf(scope.outcome()));
        co_return result.value();
    };
    QCOMPARE(loop->runTask(body(refuses)), 7);
    QCOMPARE(loop->takeNotes(), QStringList{"TimedOut@1"});
}

void TestCancelScope::runEndsTheScope()
{
    const auto body = []() -> Task<> {
        CancelScope scope(2s);
        const Result<> result = co_await scope.run(sleepFor(1s));
        noteResult("run", result);
        co_await sleepFor(5s); // beyond the deadline
        scope.cancel();
        scope.setTimeout(0s);
        co_await sleepFor(1s);
        note("end");
    };
    loop->runTask(body());
    QCOMPARE(loop->takeNotes(), (QStringList{"run value@1", "end@7"}));
}

void TestCancelScope::secondRunIsAnError()
{
    const auto body = []() -> Task<> {
        CancelScope scope;
        static_cast<void>(co_await scope.run(sleepFor(1s)));
        static_cast<void>(co_await scope.run(sleepFor(1s)));
    };
    QCOMPARE(thrownBy([&] { loop->runTask(body()); }), "a CancelScope that has ended already");
}

void TestCancelScope::runInAnotherTaskIsAnError()
{
    const auto other = [](CancelScope &scope) -> Task<> { static_cast<void>(co_await scope.run(sleepFor(1s))); };
    const auto body = [](auto other) -> Task<> {
        CancelScope scope;
        co_await spawn(other(scope));
    };
    QCOMPARE(thrownBy([&] { loop->runTask(body(other)); }), "a CancelScope in another task than its own");
}

void TestCancelScope::cancelledBeforeTheRunEndsAtTheFirstSuspension()
{
    const auto body = []() -> Task<> {
        CancelScope scope;
        scope.cancel();
        const Result<> result = co_await scope.run(sleeper("task", 1s));
        noteResult("run", result);
    };
    loop->runTask(body());
    QCOMPARE(loop->takeNotes(), (QStringList{"Start task@0", "Cancelled task@0", "run Cancelled@0"}));
}

void TestCancelScope::cancelledInnerScopeLeavesTheOuterOne()
{
    const auto inner = []() -> Task<> {
        co_await runIn("inner", 1s, sleepFor(10s));
        co_await sleepFor(1s);
        note("between");
    };
    loop->runTask(runIn("outer", 5s, inner()));
    QCOMPARE(loop->takeNotes(), (QStringList{"inner TimedOut@1", "between@2", "outer value@2"}));
}

void TestCancelScope::cancelledOuterScopePassesThroughTheInnerOne()
{
    loop->runTask(runIn("outer", 1s, runIn("middle", 3s, runIn("inner", 5s, sleepFor(10s)))));
    QCOMPARE(loop->takeNotes(), QStringList{"outer TimedOut@1"});
}

void TestCancelScope::handlerTellsItsOwnCancellation()
{
    const auto body = [](std::chrono::nanoseconds timeout) -> Task<> {
        {
            CancelScope scope(timeout);
            try {
                co_await sleepFor(10s);
                co_await sleepFor(10s);
            } catch (const Cancelled &cancelled) {
                note(scope.isOwn(cancelled) ? "own" : "not own");
                if (!scope.isOwn(cancelled))
                    throw;
            }
        }
        co_await sleepFor(1s);
        note("end");
    };
    loop->runTask(body(1s));
    const TaskHandle<> handle = spawn(body(5s));
    loop->runUntil(3s);
    handle.cancel();
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"own@1", "end@2", "not own@3"}));
    QCOMPARE(endOf(handle), "cancelled");
}

void TestCancelScope::withoutAHandlerTheCancellationGoesFurther()
{
    const auto body = []() -> Task<> {
        CancelScope scope(1s);
        co_await sleepFor(10s);
    };
    QCOMPARE(thrownBy([&] { loop->runTask(body()); }), "cancelled (TimedOut)");
}

void TestCancelScope::shieldKeepsTheOutsideOutUntilItIsLeft()
{
    const auto body = []() -> Task<> {
        CancelScope scope(Shield::Yes);
        const Result<> result = co_await scope.run(sleepFor(3s));
        noteResult("run", result);
        co_await yield();
        note("not reached");
    };
    const TaskHandle<> handle = spawn(body());
    loop->runUntil(1s);
    handle.cancel();
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"run value@3"});
    QCOMPARE(endOf(handle), "cancelled");
}

void TestCancelScope::shieldedScopeAbsorbsItsOwnAlthoughTheOutsideIsCancelledToo()
{
    const auto body = []() -> Task<> {
        CancelScope scope(Shield::Yes);
        scope.setTimeout(2s);
        const Result<> result = co_await scope.run(sleepFor(10s));
        noteResult("run", result);
        co_await yield();
    };
    const TaskHandle<> handle = spawn(body());
    loop->runUntil(1s);
    handle.cancel();
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"run TimedOut@2"});
    QCOMPARE(endOf(handle), "cancelled");
}

void TestCancelScope::openedShieldLetsInWhatCameMeanwhile()
{
    const auto opener = [](CancelScope &scope) -> Task<> {
        co_await sleepFor(2s);
        scope.setShield(Shield::No);
    };
    const auto body = [](auto opener) -> Task<> {
        CancelScope scope(Shield::Yes);
        spawn(opener(scope));
        static_cast<void>(co_await scope.run(sleeper("task", 10s)));
    };
    const TaskHandle<> handle = spawn(body(opener));
    loop->runUntil(1s);
    handle.cancel();
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"Start task@0", "Cancelled task@2"}));
    QCOMPARE(endOf(handle), "cancelled");
}

void TestCancelScope::closedShieldKeepsOutWhatComesThen()
{
    const auto body = []() -> Task<> {
        CancelScope scope;
        co_await sleepFor(1s);
        scope.setShield(Shield::Yes);
        const Result<> result = co_await scope.run(sleepFor(3s));
        noteResult("run", result);
    };
    const TaskHandle<> handle = spawn(body());
    loop->runUntil(2s);
    handle.cancel();
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"run value@4"});
    QCOMPARE(endOf(handle), "value");
}

void TestCancelScope::deadlineCanBeMoved()
{
    const auto moveAfter1s = [](CancelScope &scope, TimePoint deadline) -> Task<> {
        co_await sleepFor(1s);
        scope.setDeadline(deadline);
    };
    const auto body = [](auto moveAfter1s, std::chrono::nanoseconds deadline) -> Task<> {
        const TimePoint start = currentScheduler().now();
        CancelScope scope(3s);
        note(scope.deadline() == start + 3s ? "in 3 s" : "?");
        spawn(moveAfter1s(scope, start + deadline));
        const Result<> result = co_await scope.run(sleepFor(10s));
        noteResult("run", result);
        note(scope.deadline() == start + deadline ? "moved" : "?");
    };
    loop->runTask(body(moveAfter1s, 5s));
    QCOMPARE(loop->takeNotes(), (QStringList{"in 3 s@0", "run TimedOut@5", "moved@5"}));
    loop->runTask(body(moveAfter1s, 2s));
    QCOMPARE(loop->takeNotes(), (QStringList{"in 3 s@5", "run TimedOut@7", "moved@7"}));
    loop->runTask(body(moveAfter1s, 1s)); // now
    QCOMPARE(loop->takeNotes(), (QStringList{"in 3 s@7", "run TimedOut@8", "moved@8"}));
}

void TestCancelScope::deadlineInThePastCancelsAtOnce_data()
{
    QTest::addColumn<qint64>("nanoseconds");
    QTest::newRow("now") << qint64(0);
    QTest::newRow("past") << qint64(-1);
    QTest::newRow("long past") << std::numeric_limits<qint64>::min();
}

void TestCancelScope::deadlineInThePastCancelsAtOnce()
{
    QFETCH(qint64, nanoseconds);
    const auto body = [](std::chrono::nanoseconds timeout) -> Task<> {
        CancelScope scope(timeout);
        note(nameOf(scope.outcome()));
        const Result<> result = co_await scope.run(sleepFor(1s));
        noteResult("run", result);
    };
    loop->runUntil(1s);
    loop->runTask(body(std::chrono::nanoseconds(nanoseconds)));
    QCOMPARE(loop->takeNotes(), (QStringList{"TimedOut@1", "run TimedOut@1"}));
}

void TestCancelScope::deadlineCanBeRemoved()
{
    const auto body = []() -> Task<> {
        CancelScope scope(1s);
        scope.setDeadline(TimePoint::max());
        const Result<> first = co_await scope.run(sleepFor(5s));
        noteResult("removed", first);
        CancelScope endless(std::chrono::nanoseconds::max());
        const Result<> second = co_await endless.run(sleepFor(5s));
        noteResult("endless", second);
    };
    loop->runTask(body());
    QCOMPARE(loop->takeNotes(), (QStringList{"removed value@5", "endless value@10"}));
}

void TestCancelScope::firstOutcomeStays()
{
    const auto body = []() -> Task<> {
        CancelScope first(1s);
        spawn(cancelAfter(0s, first));
        const Result<> cancelled = co_await first.run(shield(sleepFor(2s)));
        note(nameOf(first.outcome()));
        CancelScope second(0s);
        second.cancel();
        second.setDeadline(TimePoint::max());
        const Result<> timedOut = co_await second.run(sleepFor(2s));
        noteResult("second", timedOut);
    };
    loop->runTask(body());
    QCOMPARE(loop->takeNotes(), (QStringList{"Cancelled@2", "second TimedOut@2"}));
}

void TestCancelScope::scopesMayLeaveInAnyOrder()
{
    // given: scopes on the heap, entered, left and changed by the dice
    class Entered
    {
    public:
        explicit Entered(Shield shield) : scope(std::make_unique<CancelScope>(shield)), shield(shield) { }
        std::unique_ptr<CancelScope> scope;
        Shield shield;
    };
    const auto body = []() -> Task<> {
        std::mt19937 random(20260103);
        std::vector<Entered> entered; // outermost first
        int thrown = 0;
        for (int step = 0; step < 20'000; ++step) {
            const unsigned action = entered.empty() ? 0 : random() % 4;
            const std::size_t which = entered.empty() ? 0 : random() % entered.size();
            const Shield shield = random() % 4 ? Shield::No : Shield::Yes;
            if (action == 0 && entered.size() < 8) {
                entered.emplace_back(shield);
            } else if (action == 1) {
                entered.erase(entered.begin() + std::ptrdiff_t(which));
            } else if (action == 2 && random() % 4 == 0) {
                entered[which].scope->cancel();
            } else if (action == 3) {
                entered[which].scope->setShield(shield);
                entered[which].shield = shield;
            }

            // then: an await throws when one of them is cancelled, with no shield further in
            bool mustThrow = false;
            for (const Entered &each : entered)
                mustThrow = (mustThrow && each.shield == Shield::No) || each.scope->isCancelled();
            bool hasThrown = false;
            try {
                co_await yield();
            } catch (const Cancelled &) {
                hasThrown = true;
            }
            thrown += hasThrown;
            if (hasThrown != mustThrow)
                note("step " + std::to_string(step));
        }
        entered.clear();
        co_await yield(); // nothing is left of them
        if (thrown < 2'000 || thrown > 18'000)
            note("only one way was tried: " + std::to_string(thrown));
    };
    loop->runTask(body());
    QCOMPARE(loop->takeNotes(), QStringList());
}

void TestCancelScope::scopeMayOutliveItsTask()
{
    std::vector<std::unique_ptr<CancelScope>> kept;
    const auto body = [](std::vector<std::unique_ptr<CancelScope>> &kept) -> Task<> {
        for (int i = 0; i < 3; ++i)
            kept.push_back(std::make_unique<CancelScope>(5s));
        kept.erase(kept.begin() + 1);
        co_await sleepFor(1s);
    };
    const TaskHandle<> handle = spawn(body(kept));
    loop->runUntil(2s);
    QVERIFY(handle.isDone());
    kept.front()->cancel(); // the task's state is still there
    kept.erase(kept.begin());

    spawn(body(kept));
    loop->runUntil(4s); // that task's state is gone
    QCOMPARE(kept.size(), std::size_t(3));
    kept.back()->cancel();
    kept.back()->setShield(Shield::Yes);
    QVERIFY(kept.back()->isCancelled());
    loop->runUntil(10s); // the deadline of the other
    QCOMPARE(nameOf(kept.front()->outcome()), "TimedOut");
    kept.clear();
}

void TestCancelScope::scopeMayOutliveItsLoop()
{
    std::unique_ptr<CancelScope> kept;
    const auto body = [](std::unique_ptr<CancelScope> &kept) -> Task<> {
        kept = std::make_unique<CancelScope>(5s);
        co_return;
    };
    spawn(body(kept));
    loop->runReady();
    loop.reset();
    QVERIFY(!kept->isCancelled());
    kept.reset();
    loop.emplace();
}

namespace {

// A stack of scopes, one inside the other, each around the next one and a sleep behind it.
class Model
{
public:
    static constexpr int depth = 5;

    explicit Model(std::mt19937 &random)
    {
        for (int i = 0; i < depth; ++i) {
            isShielded[i] = i > 0 && random() % 4 == 0;
            deadline[i] = random() % 3 == 0 ? never : int(1 + random() % 40) * 1'000 + i + 1; // no two at once
            sleep[i] = int(1 + random() % 20) * 1'000;
        }
    }

    // Level `level`, entered at `now`: notes what must be seen, and says whether a cancellation goes further out.
    bool run(int level, int &now, QStringList &notes) const
    {
        bool isThrown = false;
        if (level + 1 < depth)
            isThrown = run(level + 1, now, notes);
        if (!isThrown) {
            const int cancelledAt = std::max(now, firstCancel(level, false));
            isThrown = cancelledAt < now + sleep[level];
            now = std::min(cancelledAt, now + sleep[level]);
        }
        if (isThrown && (deadline[level] > now || firstCancel(level - 1, isShielded[level]) <= now))
            return true;
        notes += QString("%1 %2@%3").arg(level).arg(isThrown ? "TimedOut" : "value").arg(now);
        return false;
    }

    static constexpr int never = 1'000'000'000;
    std::array<bool, depth> isShielded;
    std::array<int, depth> deadline; // microseconds
    std::array<int, depth> sleep;

private:
    // When the first cancellation is seen at `level`.
    int firstCancel(int level, bool isBehindShield) const
    {
        int first = never;
        for (; level >= 0; --level) {
            if (!isBehindShield)
                first = std::min(first, deadline[level]);
            isBehindShield = isBehindShield || isShielded[level];
        }
        return first;
    }
};

Task<> runModel(const Model &model, int level, QStringList &notes);

Task<> inside(const Model &model, int level, QStringList &notes)
{
    if (level + 1 < Model::depth)
        co_await runModel(model, level + 1, notes);
    co_await sleepFor(std::chrono::microseconds(model.sleep[level]));
}

Task<> runModel(const Model &model, int level, QStringList &notes)
{
    CancelScope scope(model.isShielded[level] ? Shield::Yes : Shield::No);
    if (model.deadline[level] != Model::never)
        scope.setDeadline(TimePoint(std::chrono::microseconds(model.deadline[level])));
    const Result<> result = co_await scope.run(inside(model, level, notes));
    const auto now = VirtualScheduler::current().elapsed() / std::chrono::microseconds(1);
    notes += QString("%1 %2@%3").arg(level).arg(result ? "value" : nameOf(result.outcome())).arg(now);
}

} // namespace

void TestCancelScope::nestedDeadlinesAndShieldsFollowTheModel()
{
    std::mt19937 random(20260104);
    int timedOut = 0;
    for (int round = 0; round < 5'000; ++round) {
        const Model model(random);
        QStringList expected;
        int now = 0;
        QVERIFY(!model.run(0, now, expected)); // nothing outside cancels

        loop.emplace();
        QStringList notes;
        loop->runTask(runModel(model, 0, notes));
        QCOMPARE(notes, expected);
        QCOMPARE(loop->leftovers(), QStringList());
        timedOut += int(notes.filter("TimedOut").size());
    }
    QVERIFY2(timedOut > 2'000, qPrintable(QString::number(timedOut)));
}

QTEST_APPLESS_MAIN(TestCancelScope)
#include "tst_cancelscope.moc"
