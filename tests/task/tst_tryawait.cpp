// SPDX-License-Identifier: MIT
#include <tests/task/virtualscheduler.h>

#include <interloop/task/gather.h>
#include <interloop/task/task.h>
#include <interloop/task/timeout.h>
#include <interloop/task/tryawait.h>

#include <QObject>
#include <QTest>

#include <memory>
#include <optional>
#include <stdexcept>
#include <type_traits>

using namespace interloop;
using namespace interloop::test;

static_assert(!std::is_aggregate_v<TryAwait<int>> && !std::is_aggregate_v<TryAwait<int>::Awaiter>);

namespace {

Task<int> failAfter(std::chrono::nanoseconds time)
{
    co_await sleepFor(time);
    throw std::runtime_error("no luck");
}

Task<std::unique_ptr<int>> boxed(int value)
{
    co_await yield();
    co_return std::make_unique<int>(value);
}

template<Awaitable A>
Task<> noteResult(A awaitable)
{
    const auto result = co_await tryAwait(std::move(awaitable));
    note(result ? "value" : std::string(nameOf(result.outcome())) + ' ' + result.errorString());
}

Task<> noteOwnCancellation()
{
    try {
        const Result<> result = co_await tryAwait(sleepFor(10s));
        note("a result");
    } catch (const Cancelled &) {
        note("cancelled");
        throw;
    }
}

} // namespace

class TestTryAwait : public QObject
{
    Q_OBJECT

private slots:
    void init() { loop.emplace(); }
    void cleanup() { QCOMPARE(end(loop), QStringList()); }

    void valueAndFailureAreResults();
    void moveOnlyValueIsMovedOut();
    void timeoutIsAResult();
    void cancelledHandleIsAResult();
    void ownCancellationGoesThrough();
    void combinatorsTakeIt();

private:
    std::optional<VirtualScheduler> loop;
};

void TestTryAwait::valueAndFailureAreResults()
{
    loop->runTask(noteResult(valueAfter(1s, 5)));
    loop->runTask(noteResult(sleepFor(1s)));
    loop->runTask(noteResult(failAfter(1s)));
    loop->runTask(noteResult(failAfter(0s)));
    QCOMPARE(loop->takeNotes(), (QStringList{"value@1", "value@2", "Exception no luck@3", "Exception no luck@3"}));
}

void TestTryAwait::moveOnlyValueIsMovedOut()
{
    const auto body = []() -> Task<int> {
        Result<std::unique_ptr<int>> result = co_await tryAwait(boxed(7));
        const std::unique_ptr<int> value = std::move(result).value();
        co_return *value;
    };
    QCOMPARE(loop->runTask(body()), 7);
}

void TestTryAwait::timeoutIsAResult()
{
    loop->runTask(noteResult(withTimeout(1s, sleepFor(9s))));
    const QStringList notes = loop->takeNotes();
    QCOMPARE(notes.size(), 1);
    QVERIFY2(notes.first().startsWith("TimedOut ") && notes.first().endsWith("@1"), qPrintable(notes.first()));
}

void TestTryAwait::cancelledHandleIsAResult()
{
    const TaskHandle<int> handle = spawn(valueAfter(9s, 1), "nap");
    const TaskHandle<> waiting = spawn(noteResult(handle), "waiting");
    loop->runUntil(1s);
    QVERIFY(handle.cancel());
    loop->run();
    QVERIFY(waiting.isDone() && !waiting.isCancelled());
    QCOMPARE(loop->takeNotes().join(' ').left(9), "Cancelled");
}

void TestTryAwait::ownCancellationGoesThrough()
{
    const TaskHandle<> handle = spawn(noteOwnCancellation(), "waiting");
    loop->runUntil(1s);
    QVERIFY(handle.cancel());
    loop->run();
    QVERIFY(handle.isCancelled());
    QCOMPARE(loop->takeNotes(), QStringList{"cancelled@1"});
}

void TestTryAwait::combinatorsTakeIt()
{
    const auto body = []() -> Task<bool> {
        const auto results = co_await gather(tryAwait(valueAfter(1s, 5)), tryAwait(failAfter(2s)));
        co_return std::get<0>(results).value() == 5 && !std::get<1>(results);
    };
    QVERIFY(loop->runTask(body()));
    QCOMPARE(loop->time(), "2");
}

QTEST_APPLESS_MAIN(TestTryAwait)

#include "tst_tryawait.moc"
