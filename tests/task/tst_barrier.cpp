// SPDX-License-Identifier: MIT
#include <tests/allocations.h>
#include <tests/task/primitives.h>

#include <interloop/task/barrier.h>
#include <interloop/task/gather.h>
#include <interloop/task/race.h>
#include <interloop/task/shield.h>
#include <interloop/task/timeout.h>

#include <QObject>
#include <QTest>

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

using namespace interloop;
using namespace interloop::test;

static_assert(!std::is_aggregate_v<Barrier>);
static_assert(!std::is_aggregate_v<BarrierAwaiter>);

namespace {

// Arrives after `delay`; notes its index, or how else that ends.
Task<> arrive(std::string name, Barrier &barrier, std::chrono::nanoseconds delay)
{
    try {
        co_await sleepFor(delay);
        const int index = co_await barrier.wait();
        note(name + " is " + std::to_string(index));
        co_await yield();
    } catch (const Cancelled &) {
        note(name + " cancelled");
        throw;
    }
}

Task<int> wait(Barrier &barrier)
{
    co_return co_await barrier.wait();
}

} // namespace

class TestBarrier : public QObject
{
    Q_OBJECT

private slots:
    void init() { loop.emplace(); }
    void cleanup() { QCOMPARE(end(loop), QStringList()); }

    void allGoOnWhenTheLastHasArrived();
    void lastOneDoesNotSuspend();
    void barrierOfOneNeverWaits();
    void noPartyIsRefused();
    void roundsFollowEachOther();
    void cancelledWaiterHasNotArrived();
    void cancelledAfterTheRoundIsFullHasItsIndex();
    void cancelThatIsPendingDoesNotArrive();
    void cancelOfEveryWaiterLeavesTheBarrierUsable();
    void timeoutWhileWaiting();
    void combinatorsAcceptAWait();
    void destroyedWithWaiters();
    void destroyedAfterTheRoundIsFull();
    void waitingAllocatesNothing();
    void saysWhatIsWaitedFor();
    void randomOperations_data();
    void randomOperations();

private:
    std::optional<VirtualScheduler> loop;
};

void TestBarrier::allGoOnWhenTheLastHasArrived()
{
    Barrier barrier(3);
    QCOMPARE(barrier.parties(), 3);
    spawn(arrive("a", barrier, 3s));
    spawn(arrive("b", barrier, 1s));
    spawn(arrive("c", barrier, 2s));
    loop->runUntil(2s);
    QCOMPARE(barrier.waiting(), 2);
    QCOMPARE(loop->takeNotes(), QStringList());
    loop->run();
    QCOMPARE(unordered(loop->takeNotes()), unordered({"a is 2@3", "b is 0@3", "c is 1@3"}));
    QCOMPARE(barrier.waiting(), 0);
}

void TestBarrier::lastOneDoesNotSuspend()
{
    Barrier barrier(2);
    spawn(wait(barrier));
    loop->runReady();
    const TaskHandle<int> last = spawn(wait(barrier));
    loop->step();
    QVERIFY(last.isDone());
    QCOMPARE(last.state().slot().get(), 1);
    QVERIFY(loop->hasReady());
    loop->run();
}

void TestBarrier::barrierOfOneNeverWaits()
{
    Barrier barrier(1);
    const TaskHandle<int> only = spawn(wait(barrier));
    QCOMPARE(loop->runReady(), 1);
    QCOMPARE(only.state().slot().get(), 0);
}

void TestBarrier::noPartyIsRefused()
{
    QCOMPARE(thrownBy([] { Barrier barrier(0); }), "Barrier: 0 parties");
    QCOMPARE(thrownBy([] { Barrier barrier(-1); }), "Barrier: -1 parties");
}

void TestBarrier::roundsFollowEachOther()
{
    const FifoOrder fifo;
    Barrier barrier(2);
    for (const char *name : {"a", "b", "c", "d", "e"})
        spawn(arrive(name, barrier, 0s));
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"b is 1@0", "d is 1@0", "a is 0@0", "c is 0@0"}));
    QCOMPARE(barrier.waiting(), 1);
    spawn(arrive("f", barrier, 1s));
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"f is 1@1", "e is 0@1"}));
}

void TestBarrier::cancelledWaiterHasNotArrived()
{
    Barrier barrier(3);
    spawn(arrive("a", barrier, 0s));
    const TaskHandle<> second = spawn(arrive("b", barrier, 0s));
    loop->runUntil(1s);
    QCOMPARE(barrier.waiting(), 2);
    QVERIFY(second.cancel());
    QCOMPARE(barrier.waiting(), 1);
    spawn(arrive("c", barrier, 1s));
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"b cancelled@1"});
    spawn(arrive("d", barrier, 1s));
    loop->run();
    QCOMPARE(unordered(loop->takeNotes()), unordered({"d is 2@3", "a is 0@3", "c is 1@3"}));
}

void TestBarrier::cancelledAfterTheRoundIsFullHasItsIndex()
{
    Barrier barrier(2);
    const TaskHandle<> first = spawn(arrive("a", barrier, 0s));
    loop->runUntil(1s);
    spawn(arrive("b", barrier, 0s));
    loop->step(); // b sleeps for 0 s
    loop->step(); // b arrives
    QCOMPARE(loop->takeNotes(), QStringList{"b is 1@1"});
    QVERIFY(first.cancel());
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"a is 0@1", "a cancelled@1"}));
    QCOMPARE(barrier.waiting(), 0);
}

void TestBarrier::cancelThatIsPendingDoesNotArrive()
{
    Barrier barrier(1);
    const auto body = [](Barrier &barrier) -> Task<> {
        try {
            co_await sleepFor(1s);
        } catch (const Cancelled &) {
        }
        co_await barrier.wait();
        note("went on");
    };
    const TaskHandle<> task = spawn(body(barrier));
    loop->runReady();
    task.cancel();
    loop->run();
    QCOMPARE(endOf(task), "cancelled");
    QCOMPARE(loop->takeNotes(), QStringList());
}

void TestBarrier::cancelOfEveryWaiterLeavesTheBarrierUsable()
{
    const FifoOrder fifo;
    Barrier barrier(4);
    std::vector<TaskHandle<int>> waiters;
    for (int n = 0; n < 3; ++n)
        waiters.push_back(spawn(wait(barrier)));
    loop->runReady();
    for (const TaskHandle<int> &waiter : waiters)
        waiter.cancel();
    QCOMPARE(barrier.waiting(), 0);
    loop->run();
    for (const TaskHandle<int> &waiter : waiters)
        QCOMPARE(endOf(waiter), "cancelled");
    const auto indices = loop->runTask(gather(wait(barrier), wait(barrier), wait(barrier), wait(barrier)));
    QCOMPARE(indices, std::make_tuple(0, 1, 2, 3));
}

void TestBarrier::timeoutWhileWaiting()
{
    const FifoOrder fifo;
    Barrier barrier(2);
    QCOMPARE(thrownBy([&] { loop->runTask(withTimeout(1s, barrier.wait())); }), "timed out after 1000 ms");
    QCOMPARE(barrier.waiting(), 0);
    const auto indices = loop->runTask(gather(withTimeout(1s, barrier.wait()), withTimeout(1s, barrier.wait())));
    QCOMPARE(indices, std::make_tuple(0, 1));
}

void TestBarrier::combinatorsAcceptAWait()
{
    const FifoOrder fifo;
    Barrier full(1), waiting(2);
    QCOMPARE(loop->runTask(race(waiting.wait(), full.wait())).index(), std::size_t(1));
    QCOMPARE(waiting.waiting(), 0);
    QCOMPARE(loop->runTask(gather(waiting.wait(), shield(waiting.wait()))), std::make_tuple(0, 1));
    QCOMPARE(loop->runTask(asTask(full.wait())), 0);
}

void TestBarrier::destroyedWithWaiters()
{
    std::optional<Barrier> barrier(3);
    spawn(noteEnd("a", barrier->wait()));
    spawn(noteEnd("b", barrier->wait()));
    loop->runReady();
    barrier.reset();
    loop->run();
    const QString error = ": a barrier was destroyed while a task waited for it@0";
    QCOMPARE(unordered(loop->takeNotes()), unordered({"a" + error, "b" + error}));
}

void TestBarrier::destroyedAfterTheRoundIsFull()
{
    std::optional<Barrier> barrier(2);
    const TaskHandle<int> first = spawn(wait(*barrier));
    loop->runReady();
    spawn(wait(*barrier));
    loop->step();
    barrier.reset();
    QCOMPARE(waitOf(first), "a barrier");
    first.cancel();
    loop->run();
    QCOMPARE(first.state().slot().get(), 0);
}

void TestBarrier::waitingAllocatesNothing()
{
    const FifoOrder fifo;
    Barrier barrier(1000);
    for (int n = 0; n < 1000; ++n)
        spawn(wait(barrier));
    const long before = allocations;
    QCOMPARE(loop->runReady(), 1999);
    QCOMPARE(allocations - before, 0);
}

void TestBarrier::saysWhatIsWaitedFor()
{
    Barrier barrier(2);
    const TaskHandle<int> waiter = spawn(wait(barrier));
    loop->runReady();
    QCOMPARE(waitOf(waiter), "a barrier");
    waiter.cancel();
    loop->run();
}

namespace {

// The model: who has arrived in this round, in order; the indices of those whose round is full, until they have gone on.
class BarrierTorture : public Torture
{
public:
    using Torture::Torture;

    void run(int operations)
    {
        for (int n = 0; n < operations; ++n) {
            operate();
            require(m_barrier.waiting() == int(m_arrived.size()), "waiting");
        }
        m_loop.run();
        require(m_indices.empty(), "a round is full, and somebody has not gone on");
        require(m_barrier.waiting() == int(m_arrived.size()), "waiting");
        require(m_rounds > 200, "too few rounds to tell");
        m_skipped.insert(m_arrived.begin(), m_arrived.end());
        cancelAll();
        m_loop.run();
        require(!hasTasks(), "somebody has not ended");
        require(m_barrier.waiting() == 0, "nobody is there any more");
    }

private:
    static constexpr int parties = 4;

    void operate()
    {
        switch (below(6)) {
        case 0:
        case 1:
        case 2:
            add(party);
            return;
        case 3:
            if (const int id = cancelSomebody(); std::erase(m_arrived, id) == 1)
                m_skipped.insert(id);
            return;
        default:
            step();
        }
    }

    static Task<> party(BarrierTorture &self, int id)
    {
        self.begin(id);
        self.m_arrived.push_back(id);
        if (int(self.m_arrived.size()) == parties) {
            for (int index = 0; index < parties; ++index)
                self.m_indices[self.m_arrived[std::size_t(index)]] = index;
            self.m_arrived.clear();
            ++self.m_rounds;
        }
        try {
            const int index = co_await self.m_barrier.wait();
            const auto expected = self.m_indices.find(id);
            self.require(expected != self.m_indices.end() && expected->second == index, "another index");
            self.m_indices.erase(id);
        } catch (const Cancelled &) {
            self.require(self.m_skipped.erase(id) == 1, "cancelled though its round was full");
        }
        self.end(id);
    }

    Barrier m_barrier{parties};
    std::deque<int> m_arrived;
    std::map<int, int> m_indices;
    std::set<int> m_skipped; // cancelled while they waited; have not gone on
    int m_rounds = 0;
};

} // namespace

void TestBarrier::randomOperations_data()
{
    addSeeds();
}

void TestBarrier::randomOperations()
{
    QCOMPARE(tortureFailure<BarrierTorture>(*loop), QString());
}

QTEST_APPLESS_MAIN(TestBarrier)
#include "tst_barrier.moc"
