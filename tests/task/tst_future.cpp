// SPDX-License-Identifier: MIT
#include <tests/task/virtualscheduler.h>

#include <interloop/task/future.h>
#include <interloop/task/gather.h>
#include <interloop/task/shield.h>
#include <interloop/task/task.h>
#include <interloop/task/timeout.h>

#include <QObject>
#include <QTest>

#include <functional>
#include <optional>
#include <string>
#include <type_traits>

using namespace interloop;
using namespace interloop::test;

static_assert(!std::is_aggregate_v<Future<>>);
static_assert(!std::is_aggregate_v<Future<int>>);
static_assert(!std::is_aggregate_v<FutureAwaiter<int>>);

namespace {

const QString emptyFuture = "an empty Future: moved from, or given up by co_await std::move(future)";

Task<> waitFor(Future<std::string> future, std::string name)
{
    try {
        const std::string text = co_await future;
        note(name + ' ' + text);
    } catch (const Cancelled &cancelled) {
        note(name + (cancelled.whom() == Cancelled::Whom::Awaited ? " awaited a cancelled one" : " cancelled itself"));
        throw;
    } catch (const std::exception &e) {
        note(name + ' ' + e.what());
    }
}

template<typename T>
Task<T> await(Future<T> future)
{
    co_return co_await std::move(future);
}

} // namespace

class TestFuture : public QObject
{
    Q_OBJECT

private slots:
    void init() { loop.emplace(); }
    void cleanup() { QCOMPARE(end(loop), QStringList()); }

    void settledBeforeTheAwaitDoesNotYield();
    void settledAfterTheAwaitResumesFromTheReadyQueue();
    void waitersGoOnInOrder();
    void settlingOnlyQueues();
    void valuesOfEveryKind();
    void exceptionReachesAllWaiters();
    void secondSettlingIsRefused();
    void cancelReachesTheWaiters();
    void cancelledWaiterLeavesTheFutureAlone();
    void waiterCancelledInTheMiddleOfTheQueue();
    void droppedUnsettledIsAnError();
    void waitersOwnCopyKeepsItAlive();
    void movedFromIsEmpty();
    void awaitOfAnRvalueGivesTheCopyUp();
    void throwingResultLeavesItUnsettled();
    void callbackCompletesAWait();
    void timeoutOfAFuture();

private:
    std::optional<VirtualScheduler> loop;
};

void TestFuture::settledBeforeTheAwaitDoesNotYield()
{
    Future<std::string> future;
    QVERIFY(!future.isDone());
    QVERIFY(future.setResult("text"));
    QVERIFY(future.isDone());
    spawn(waitFor(future, "1"));
    QCOMPARE(loop->runReady(), 1);
    QCOMPARE(loop->takeNotes(), QStringList{"1 text@0"});
}

void TestFuture::settledAfterTheAwaitResumesFromTheReadyQueue()
{
    Future<std::string> future;
    spawn(waitFor(future, "1"));
    loop->runUntil(1s);
    future.setResult("text");
    spawn(sleeper("later", 0s));
    QCOMPARE(loop->takeNotes(), QStringList());
    loop->run();
    QCOMPARE(unordered(loop->takeNotes()), unordered({"1 text@1", "Start later@1", "End later@1"}));
}

void TestFuture::waitersGoOnInOrder()
{
    const FifoOrder fifo;
    Future<std::string> future;
    QStringList expected;
    for (int n = 0; n < 30; ++n) {
        spawn(waitFor(future, std::to_string(n)));
        expected += QString("%1 text@0").arg(n);
    }
    loop->runReady();
    future.setResult("text");
    loop->run();
    QCOMPARE(loop->takeNotes(), expected);
}

void TestFuture::settlingOnlyQueues()
{
    Future<std::string> future;
    spawn(waitFor(future, "1"));
    loop->runReady();
    const std::uint64_t before = loop->takenCount();
    future.setResult("text");
    QCOMPARE(loop->takenCount(), before);
    QCOMPARE(loop->takeNotes(), QStringList());
    QVERIFY(loop->hasReady());
    loop->run();
    loop->takeNotes();
}

void TestFuture::valuesOfEveryKind()
{
    Future<> nothing;
    QVERIFY(nothing.setResult());
    QCOMPARE(thrownBy([&] { loop->runTask(await(nothing)); }), "nothing");

    int number = 3;
    Future<int &> reference;
    QVERIFY(reference.setResult(number));
    QCOMPARE(&loop->runTask(await(reference)), &number);

    Future<std::vector<int>> constructed;
    QVERIFY(constructed.setResult(std::size_t(4), 7));
    QCOMPARE(loop->runTask(await(constructed)), std::vector<int>(4, 7));

    const Future<std::shared_ptr<int>> shared;
    QVERIFY(Future<std::shared_ptr<int>>(shared).setResult(std::make_shared<int>(5)));
    QCOMPARE(*loop->runTask(await(shared)), 5);
}

void TestFuture::exceptionReachesAllWaiters()
{
    Future<std::string> future;
    spawn(waitFor(future, "1"));
    spawn(waitFor(future, "2"));
    loop->runReady();
    QVERIFY(future.setException(std::make_exception_ptr(std::runtime_error("broken"))));
    spawn(waitFor(future, "late"));
    loop->run();
    QCOMPARE(unordered(loop->takeNotes()), unordered({"1 broken@0", "2 broken@0", "late broken@0"}));
}

void TestFuture::secondSettlingIsRefused()
{
    const auto error = std::make_exception_ptr(std::runtime_error("late"));
    Future<std::string> value, failed, cancelled;
    QVERIFY(value.setResult("first"));
    QVERIFY(failed.setException(std::make_exception_ptr(std::runtime_error("first"))));
    QVERIFY(cancelled.cancel());
    for (Future<std::string> *future : {&value, &failed, &cancelled}) {
        QVERIFY(!future->setResult("second"));
        QVERIFY(!future->setException(error));
        QVERIFY(!future->cancel());
    }
    QCOMPARE(loop->runTask(await(value)), std::string("first"));
    QCOMPARE(thrownBy([&] { loop->runTask(await(failed)); }), "first");
    QCOMPARE(thrownBy([&] { loop->runTask(await(cancelled)); }), "cancelled (Cancelled)");
}

void TestFuture::cancelReachesTheWaiters()
{
    Future<std::string> future;
    const TaskHandle<> waiter = spawn(waitFor(future, "1"));
    loop->runReady();
    QVERIFY(future.cancel());
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"1 awaited a cancelled one@0"});
    QCOMPARE(endOf(waiter), "cancelled");
}

void TestFuture::cancelledWaiterLeavesTheFutureAlone()
{
    Future<std::string> future;
    const TaskHandle<> first = spawn(waitFor(future, "1"));
    spawn(waitFor(future, "2"));
    loop->runReady();
    first.cancel();
    loop->runReady();
    QVERIFY(!future.isDone());
    QVERIFY(future.setResult("text"));
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"1 cancelled itself@0", "2 text@0"}));
}

void TestFuture::waiterCancelledInTheMiddleOfTheQueue()
{
    Future<std::string> future;
    spawn(waitFor(future, "1"));
    const TaskHandle<> second = spawn(waitFor(future, "2"));
    spawn(waitFor(future, "3"));
    loop->runReady();
    second.cancel();
    future.setResult("text");
    loop->run();
    QCOMPARE(unordered(loop->takeNotes()), unordered({"2 cancelled itself@0", "1 text@0", "3 text@0"}));
}

void TestFuture::droppedUnsettledIsAnError()
{
    std::optional<Future<std::string>> future{std::in_place};
    std::optional<Future<std::string>> copy = future;
    const auto wait = [](Future<std::string> future) -> Task<std::string> { co_return co_await std::move(future); };
    const TaskHandle<std::string> waiter = spawn(wait(*future));
    loop->runReady();
    future.reset();
    loop->runReady();
    QCOMPARE(endOf(waiter), "not done"); // a copy could still settle it
    copy.reset();
    loop->runReady();
    QCOMPARE(endOf(waiter), "a Future was dropped before it was settled");
}

// Documented: a waiter that keeps a copy could settle the future itself.
void TestFuture::waitersOwnCopyKeepsItAlive()
{
    TaskHandle<> waiter;
    {
        Future<std::string> future;
        waiter = spawn(waitFor(future, "1"));
        loop->runReady();
    }
    loop->run();
    QCOMPARE(endOf(waiter), "not done");
    waiter.cancel();
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"1 cancelled itself@0"});
}

void TestFuture::movedFromIsEmpty()
{
    Future<int> future;
    Future<int> target = std::move(future);
    const auto error = std::make_exception_ptr(std::runtime_error("late"));
    const auto waitForLvalue = [](Future<int> &future) -> Task<int> { co_return co_await future; };
    QCOMPARE(thrownBy([&] { future.setResult(1); }), emptyFuture);
    QCOMPARE(thrownBy([&] { future.setException(error); }), emptyFuture);
    QCOMPARE(thrownBy([&] { future.cancel(); }), emptyFuture);
    QCOMPARE(thrownBy([&] { static_cast<void>(future.isDone()); }), emptyFuture);
    QCOMPARE(thrownBy([&] { loop->runTask(waitForLvalue(future)); }), emptyFuture);
    QVERIFY(target.setResult(2));
    QCOMPARE(loop->runTask(await(target)), 2);
}

void TestFuture::awaitOfAnRvalueGivesTheCopyUp()
{
    const auto body = [](Future<int> future) -> Task<> {
        const int number = co_await std::move(future);
        note(std::to_string(number));
        try {
            co_await future;
        } catch (const std::logic_error &e) {
            note(e.what());
        }
    };
    Future<int> future;
    future.setResult(6);
    loop->runTask(body(future));
    QCOMPARE(loop->takeNotes(), (QStringList{"6@0", emptyFuture + "@0"}));
}

void TestFuture::throwingResultLeavesItUnsettled()
{
    class Picky
    {
    public:
        explicit Picky(int n) : m_text(std::to_string(n))
        {
            if (n < 0)
                throw std::invalid_argument("negative");
        }

    private:
        std::string m_text;
    };
    Future<Picky> future;
    QCOMPARE(thrownBy([&] { future.setResult(-1); }), "negative");
    QVERIFY(!future.isDone());
    QVERIFY(future.setResult(1));
    QCOMPARE(thrownBy([&] { loop->runTask(await(future)); }), "nothing");
}

void TestFuture::callbackCompletesAWait()
{
    // given: an API that keeps a callback and calls it later
    std::function<void(int)> callback;
    const auto ask = [](std::function<void(int)> &callback) -> Task<int> {
        Future<int> answer;
        callback = [answer](int number) mutable { answer.setResult(number); };
        co_return co_await std::move(answer);
    };

    // when it calls
    const TaskHandle<int> first = spawn(ask(callback));
    loop->runReady();
    callback(42);
    callback(43); // a second call is harmless
    loop->runReady();
    QCOMPARE(first.state().slot().get(), 42);

    // when it forgets
    const TaskHandle<int> second = spawn(ask(callback));
    loop->runReady();
    callback = nullptr;
    loop->runReady();
    QCOMPARE(endOf(second), "a Future was dropped before it was settled");
}

void TestFuture::timeoutOfAFuture()
{
    Future<int> future;
    QCOMPARE(thrownBy([&] { loop->runTask(withTimeout(1s, future)); }), "timed out after 1000 ms");
    QVERIFY(future.setResult(1));
    QCOMPARE(loop->runTask(withTimeout(1s, future)), 1);
}

QTEST_APPLESS_MAIN(TestFuture)
#include "tst_future.moc"
