// SPDX-License-Identifier: MIT
#include <tests/task/virtualscheduler.h>

#include <interloop/task/gather.h>
#include <interloop/task/shield.h>
#include <interloop/task/task.h>
#include <interloop/task/timeout.h>

#include <QObject>
#include <QTest>

#include <optional>
#include <string>

using namespace interloop;
using namespace interloop::test;

namespace {

Task<> thenSleep(Task<> task)
{
    co_await std::move(task);
    note("behind the shield");
    co_await sleepFor(1s);
    note("not reached");
}

} // namespace

class TestShield : public QObject
{
    Q_OBJECT

private slots:
    void init() { loop.emplace(); }
    void cleanup() { QCOMPARE(end(loop), QStringList()); }

    void cancelWaitsOutsideAndIsThrownBehind();
    void unshieldedTaskIsCancelledAtOnce();
    void worksInsideAScopeThatIsCancelledAlready();
    void resultsAndFailuresPassThrough();
    void shieldedHandleIsNotCancelledWithItsAwaiter();
    void shieldedHandleCanBeCancelledItself();
    void shieldOutsideProtectsEverythingInside();
    void shieldsNest();
    void timeoutInsideAShieldStillFires();
    void resultOfAHandleIsCopied();
    void emptyTaskThrows();

private:
    std::optional<VirtualScheduler> loop;
};

void TestShield::cancelWaitsOutsideAndIsThrownBehind()
{
    const TaskHandle<> handle = spawn(thenSleep(shield(sleeper("inner", 3s))));
    loop->runUntil(1s);
    handle.cancel();
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"Start inner@0", "End inner@3", "behind the shield@3"}));
    QCOMPARE(endOf(handle), "cancelled");
}

// The control.
void TestShield::unshieldedTaskIsCancelledAtOnce()
{
    const TaskHandle<> handle = spawn(thenSleep(sleeper("inner", 3s)));
    loop->runUntil(1s);
    handle.cancel();
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"Start inner@0", "Cancelled inner@1"}));
    QCOMPARE(endOf(handle), "cancelled");
}

void TestShield::worksInsideAScopeThatIsCancelledAlready()
{
    const auto body = []() -> Task<> {
        bool wasCancelled = false;
        try {
            co_await sleepFor(10s);
        } catch (const Cancelled &) {
            wasCancelled = true;
        }
        if (wasCancelled) {
            co_await shield(sleeper("clean-up", 2s));
            co_await shield(sleeper("more", 1s));
        }
        co_await sleepFor(1s);
        note("not reached");
    };
    const TaskHandle<> handle = spawn(body());
    loop->runUntil(1s);
    handle.cancel();
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"Start clean-up@1", "End clean-up@3", "Start more@3", "End more@4"}));
    QCOMPARE(endOf(handle), "cancelled");
}

void TestShield::resultsAndFailuresPassThrough()
{
    QCOMPARE(loop->runTask(shield(valueAfter(1s, 5))), 5);
    QCOMPARE(thrownBy([&] { loop->runTask(shield(failAfter(1s, "broken"))); }), "broken");
    QCOMPARE(loop->time(), "2");
}

void TestShield::shieldedHandleIsNotCancelledWithItsAwaiter()
{
    const TaskHandle<> inner = spawn(sleeper("inner", 3s));
    const TaskHandle<> handle = spawn(thenSleep(shield(inner)));
    loop->runUntil(1s);
    handle.cancel();
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"Start inner@0", "End inner@3", "behind the shield@3"}));
    QCOMPARE((QStringList{endOf(inner), endOf(handle)}), (QStringList{"value", "cancelled"}));
}

void TestShield::shieldedHandleCanBeCancelledItself()
{
    const TaskHandle<> inner = spawn(sleeper("inner", 3s));
    const auto body = [](TaskHandle<> inner) -> Task<> {
        try {
            co_await shield(inner);
        } catch (const Cancelled &cancelled) {
            note(cancelled.whom() == Cancelled::Whom::Awaited ? "the awaited one" : "itself");
        }
        co_await sleepFor(1s);
        note("goes on");
    };
    const TaskHandle<> handle = spawn(body(inner));
    loop->runUntil(1s);
    inner.cancel();
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"Start inner@0", "Cancelled inner@1", "the awaited one@1", "goes on@2"}));
    QCOMPARE(endOf(handle), "value");
}

void TestShield::shieldOutsideProtectsEverythingInside()
{
    const auto both = []() -> Task<> { co_await gather(sleeper("1", 2s), sleeper("2", 3s)); };
    const TaskHandle<> handle = spawn(thenSleep(shield(both())));
    loop->runUntil(1s);
    handle.cancel();
    loop->run();
    QCOMPARE(unordered(loop->takeNotes()),
             unordered({"Start 1@0", "Start 2@0", "End 1@2", "End 2@3", "behind the shield@3"}));
}

void TestShield::shieldsNest()
{
    const auto inner = []() -> Task<> {
        co_await shield(sleeper("inner", 2s));
        co_await sleepFor(1s); // the outer shield still holds
        note("inner ends");
    };
    const TaskHandle<> handle = spawn(thenSleep(shield(inner())));
    loop->runUntil(1s);
    handle.cancel();
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"Start inner@0", "End inner@2", "inner ends@3", "behind the shield@3"}));
}

void TestShield::timeoutInsideAShieldStillFires()
{
    QCOMPARE(thrownBy([&] { loop->runTask(shield(withTimeout(1s, sleepFor(5s)))); }), "timed out after 1000 ms");
    QCOMPARE(loop->time(), "1");
}

void TestShield::resultOfAHandleIsCopied()
{
    const TaskHandle<std::string> handle = spawn(valueAfter(1s, std::string("kept")));
    QCOMPARE(loop->runTask(shield(handle)), std::string("kept"));
    QCOMPARE(loop->runTask(shield(handle)), std::string("kept"));
}

void TestShield::emptyTaskThrows()
{
    QCOMPARE(thrownBy([&] { loop->runTask(shield(Task<>())); }),
             "an empty task: default-constructed, moved from, or awaited already");
}

QTEST_APPLESS_MAIN(TestShield)
#include "tst_shield.moc"
