// SPDX-License-Identifier: MIT
#include <tests/allocations.h>
#include <tests/task/primitives.h>

#include <interloop/task/event.h>
#include <interloop/task/gather.h>
#include <interloop/task/race.h>
#include <interloop/task/semaphore.h>
#include <interloop/task/shield.h>
#include <interloop/task/timeout.h>

#include <QObject>
#include <QTest>

#include <deque>
#include <optional>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

using namespace interloop;
using namespace interloop::test;

static_assert(!std::is_aggregate_v<Semaphore>);
static_assert(!std::is_aggregate_v<SemaphoreGuard>);
static_assert(!std::is_aggregate_v<AcquireAwaiter>);
static_assert(!std::is_aggregate_v<AcquireGuardAwaiter>);
static_assert(!std::is_copy_constructible_v<SemaphoreGuard>);
static_assert(std::is_nothrow_move_constructible_v<SemaphoreGuard>);
static_assert(std::is_same_v<AwaitResult<decltype(std::declval<Semaphore &>().acquire())>, void>);
static_assert(std::is_same_v<AwaitResult<decltype(std::declval<Semaphore &>().acquireGuard())>, SemaphoreGuard>);

namespace {

// Notes when it gets a permit and how it ends; holds it for `time` in between.
Task<> hold(std::string name, Semaphore &semaphore, std::chrono::nanoseconds time)
{
    try {
        const SemaphoreGuard permit = co_await semaphore.acquireGuard();
        note(name + " has it");
        co_await sleepFor(time);
        note(name + " gives it back");
    } catch (const Cancelled &) {
        note(name + " cancelled");
        throw;
    }
}

Task<> acquireOnce(Semaphore &semaphore)
{
    co_await semaphore.acquire();
    semaphore.release();
}

Task<> guardOnce(Semaphore &semaphore)
{
    const SemaphoreGuard permit = co_await semaphore.acquireGuard();
}

} // namespace

class TestSemaphore : public QObject
{
    Q_OBJECT

private slots:
    void init() { loop.emplace(); }
    void cleanup() { QCOMPARE(end(loop), QStringList()); }

    void availablePermitDoesNotSuspend();
    void soManyAtATimeInOrder();
    void nobodyComesInBetween();
    void severalPermitsWakeSeveralWaiters();
    void permitsMayBeAdded();
    void negativeCountIsRefused();
    void releasingOnlyQueues();
    void guardMovesAndReleasesOnce();
    void cancelledInTheQueueIsSkipped();
    void cancelledAfterTheHandOverHasThePermit();
    void cancelThatIsPendingTakesNoPermit();
    void cancelOfEveryWaiterLeavesTheSemaphoreUsable();
    void timeoutWhileWaiting();
    void loserOfARaceGivesThePermitBack();
    void combinatorsAcceptAnAcquire();
    void destroyedWithWaiters();
    void destroyedAfterTheHandOver();
    void destroyedWhileGuardsHoldPermits();
    void waitingAllocatesNothing();
    void saysWhatIsWaitedFor();
    void randomOperations_data();
    void randomOperations();

private:
    std::optional<VirtualScheduler> loop;
};

void TestSemaphore::availablePermitDoesNotSuspend()
{
    Semaphore semaphore(2);
    spawn(noteEnd("a", semaphore.acquire()));
    spawn(noteEnd("b", semaphore.acquireGuard()));
    QCOMPARE(loop->runReady(), 2);
    QCOMPARE(unordered(loop->takeNotes()), unordered({"a@0", "b@0"}));
    QCOMPARE(semaphore.available(), 1); // b's guard has gone
    QVERIFY(semaphore.tryAcquire());
    QVERIFY(!semaphore.tryAcquire());
    QCOMPARE(semaphore.available(), 0);
}

void TestSemaphore::soManyAtATimeInOrder()
{
    Semaphore semaphore(2);
    for (const char *name : {"a", "b", "c", "d"})
        start(hold(name, semaphore, name[0] == 'a' ? 3s : 1s));
    loop->run();
    QCOMPARE(unordered(loop->takeNotes()),
             unordered({"a has it@0", "b has it@0", "b gives it back@1", "c has it@1",
                        "c gives it back@2", "d has it@2", "a gives it back@3", "d gives it back@3"}));
    QCOMPARE(semaphore.available(), 2);
}

void TestSemaphore::nobodyComesInBetween()
{
    Semaphore semaphore(0);
    spawn(noteEnd("waiter", semaphore.acquire()));
    loop->runReady();
    semaphore.release();
    QCOMPARE(semaphore.available(), 0);
    QVERIFY(!semaphore.tryAcquire());
    spawn(noteEnd("late", semaphore.acquire()));
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"waiter@0"});
    semaphore.release();
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"late@0"});
}

void TestSemaphore::severalPermitsWakeSeveralWaiters()
{
    Semaphore semaphore(0);
    for (const char *name : {"a", "b", "c"})
        start(noteEnd(name, semaphore.acquire()));
    loop->runReady();
    semaphore.release(2);
    loop->run();
    QCOMPARE(unordered(loop->takeNotes()), unordered({"a@0", "b@0"}));
    semaphore.release(3);
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"c@0"});
    QCOMPARE(semaphore.available(), 2);
    semaphore.release(0);
    semaphore.release(-1);
    QCOMPARE(semaphore.available(), 2);
}

void TestSemaphore::permitsMayBeAdded()
{
    Semaphore semaphore;
    QCOMPARE(semaphore.available(), 1);
    semaphore.release(4);
    QCOMPARE(semaphore.available(), 5);
}

void TestSemaphore::negativeCountIsRefused()
{
    QCOMPARE(thrownBy([] { Semaphore semaphore(-1); }), "Semaphore: -1 permits");
}

void TestSemaphore::releasingOnlyQueues()
{
    Semaphore semaphore(0);
    spawn(noteEnd("a", semaphore.acquireGuard()));
    loop->runReady();
    const std::uint64_t before = loop->takenCount();
    semaphore.release();
    QCOMPARE(loop->takenCount(), before);
    QVERIFY(loop->hasReady());
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"a@0"});
}

void TestSemaphore::guardMovesAndReleasesOnce()
{
    Semaphore semaphore(2);
    SemaphoreGuard first = loop->runTask(asTask(semaphore.acquireGuard()));
    QVERIFY(first.isValid());
    QCOMPARE(semaphore.available(), 1);
    SemaphoreGuard second = std::move(first);
    QVERIFY(!first.isValid());
    QVERIFY(second.isValid());
    first.release();
    SemaphoreGuard *alias = &second;
    second = std::move(*alias);
    QVERIFY(second.isValid());
    QCOMPARE(semaphore.available(), 1);
    first = loop->runTask(asTask(semaphore.acquireGuard()));
    QCOMPARE(semaphore.available(), 0);
    first = std::move(second); // releases what it held
    QCOMPARE(semaphore.available(), 1);
    first.release();
    first.release();
    QVERIFY(!first.isValid());
    QCOMPARE(semaphore.available(), 2);
}

void TestSemaphore::cancelledInTheQueueIsSkipped()
{
    Semaphore semaphore(1);
    start(hold("a", semaphore, 2s));
    const TaskHandle<> second = start(hold("b", semaphore, 2s));
    start(hold("c", semaphore, 2s));
    loop->runUntil(1s);
    QVERIFY(second.cancel());
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"a has it@0", "b cancelled@1", "a gives it back@2", "c has it@2",
                                             "c gives it back@4"}));
    QCOMPARE(semaphore.available(), 1);
}

void TestSemaphore::cancelledAfterTheHandOverHasThePermit()
{
    Semaphore semaphore(0);
    const TaskHandle<> withGuard = spawn(hold("a", semaphore, 1s));
    const TaskHandle<> without = spawn(noteEndAfterYield("b", semaphore.acquire()));
    loop->runReady();
    semaphore.release(2);
    QVERIFY(withGuard.cancel());
    QVERIFY(without.cancel());
    loop->run();
    QCOMPARE(unordered(loop->takeNotes()), unordered({"a has it@0", "a cancelled@0", "b has it@0", "b cancelled@0"}));
    QCOMPARE(semaphore.available(), 1); // b took one and did not give it back
}

void TestSemaphore::cancelThatIsPendingTakesNoPermit()
{
    Semaphore semaphore(2);
    const auto body = [](Semaphore &semaphore) -> Task<> {
        try {
            co_await sleepFor(1s);
        } catch (const Cancelled &) {
        }
        try {
            co_await semaphore.acquire();
        } catch (const Cancelled &) {
            note("not acquired");
        }
        const SemaphoreGuard permit = co_await semaphore.acquireGuard();
        note("went on");
    };
    const TaskHandle<> task = spawn(body(semaphore));
    loop->runReady();
    task.cancel();
    loop->run();
    QCOMPARE(endOf(task), "cancelled");
    QCOMPARE(loop->takeNotes(), QStringList{"not acquired@0"});
    QCOMPARE(semaphore.available(), 2);
}

void TestSemaphore::cancelOfEveryWaiterLeavesTheSemaphoreUsable()
{
    Semaphore semaphore(0);
    std::vector<TaskHandle<>> waiters;
    for (int n = 0; n < 10; ++n)
        waiters.push_back(spawn(n % 2 ? acquireOnce(semaphore) : guardOnce(semaphore)));
    loop->runReady();
    for (const TaskHandle<> &waiter : waiters)
        waiter.cancel();
    semaphore.release();
    QCOMPARE(semaphore.available(), 1);
    loop->run();
    for (const TaskHandle<> &waiter : waiters)
        QCOMPARE(endOf(waiter), "cancelled");
    loop->runTask(guardOnce(semaphore));
    QCOMPARE(semaphore.available(), 1);
}

void TestSemaphore::timeoutWhileWaiting()
{
    Semaphore semaphore(1);
    start(hold("a", semaphore, 2s));
    start(noteEnd("b", withTimeout(1s, semaphore.acquire())));
    start(noteEnd("c", withTimeout(3s, semaphore.acquireGuard())));
    loop->run();
    QCOMPARE(loop->takeNotes(),
             (QStringList{"a has it@0", "b: timed out after 1000 ms@1", "a gives it back@2", "c@2"}));
    QCOMPARE(semaphore.available(), 1);
}

void TestSemaphore::loserOfARaceGivesThePermitBack()
{
    const FifoOrder fifo;
    Semaphore first(0), second(0);
    const auto body = [](Semaphore &first, Semaphore &second) -> Task<> {
        const auto winner = co_await race(first.acquireGuard(), second.acquireGuard());
        note("winner " + std::to_string(winner.index()));
        co_await sleepFor(1s);
    };
    spawn(body(first, second));
    loop->runReady();
    first.release();
    second.release(); // handed over too, before the race has an end
    loop->runReady();
    QCOMPARE(loop->takeNotes(), QStringList{"winner 0@0"});
    QCOMPARE(first.available(), 0);
    QCOMPARE(second.available(), 1);
    loop->run();
    QCOMPARE(first.available(), 1);
}

void TestSemaphore::combinatorsAcceptAnAcquire()
{
    Semaphore semaphore(2);
    {
        const auto both = loop->runTask(gather(semaphore.acquireGuard(), semaphore.acquire()));
        QVERIFY(std::get<0>(both).isValid());
        QCOMPARE(semaphore.available(), 0);
        const auto results = loop->runTask(gatherResults(withTimeout(1s, semaphore.acquire())));
        QCOMPARE(std::get<0>(results).outcome(), Outcome::TimedOut);
    }
    QCOMPARE(semaphore.available(), 1);
    QVERIFY(loop->runTask(shield(semaphore.acquireGuard())).isValid());
    loop->runTask(asTask(semaphore.acquire()));
    QCOMPARE(semaphore.available(), 0);
}

void TestSemaphore::destroyedWithWaiters()
{
    std::optional<Semaphore> semaphore(0);
    spawn(noteEnd("a", semaphore->acquire()));
    spawn(noteEnd("b", semaphore->acquireGuard()));
    loop->runReady();
    semaphore.reset();
    loop->run();
    const QString error = ": a semaphore was destroyed while a task waited for it@0";
    QCOMPARE(unordered(loop->takeNotes()), unordered({"a" + error, "b" + error}));
}

void TestSemaphore::destroyedAfterTheHandOver()
{
    std::optional<Semaphore> semaphore(0);
    const TaskHandle<> plain = spawn(noteEnd("a", semaphore->acquire()));
    spawn(noteEnd("b", semaphore->acquireGuard()));
    loop->runReady();
    semaphore->release(2);
    semaphore.reset();
    QCOMPARE(waitOf(plain), "a semaphore");
    loop->run();
    QCOMPARE(unordered(loop->takeNotes()),
             unordered({"a@0", "b: a semaphore was destroyed while a task waited for it@0"}));
}

void TestSemaphore::destroyedWhileGuardsHoldPermits()
{
    std::optional<Semaphore> semaphore(2);
    SemaphoreGuard first = loop->runTask(asTask(semaphore->acquireGuard()));
    const SemaphoreGuard second = loop->runTask(asTask(semaphore->acquireGuard()));
    semaphore.reset();
    QVERIFY(!first.isValid());
    QVERIFY(!second.isValid());
    first.release();
}

void TestSemaphore::waitingAllocatesNothing()
{
    const FifoOrder fifo;
    Semaphore semaphore(0);
    for (int n = 0; n < 1000; ++n)
        spawn(n % 2 ? acquireOnce(semaphore) : guardOnce(semaphore));
    const long before = allocations;
    QCOMPARE(loop->runReady(), 1000);
    semaphore.release();
    QCOMPARE(loop->runReady(), 1000);
    QCOMPARE(allocations - before, 0);
}

void TestSemaphore::saysWhatIsWaitedFor()
{
    Semaphore semaphore(0);
    const TaskHandle<> waiter = spawn(guardOnce(semaphore));
    loop->runReady();
    QCOMPARE(waitOf(waiter), "a semaphore");
    semaphore.release();
    loop->run();
}

namespace {

// The model: how many permits are available, who waits, in order, and who has been handed one.
class SemaphoreTorture : public Torture
{
public:
    using Torture::Torture;

    void run(int operations)
    {
        for (int n = 0; n < operations; ++n) {
            operate();
            require(m_semaphore.available() == m_available, "available");
            require(m_available == 0 || m_waiting.empty(), "a permit is there, and somebody waits");
        }
        for (; m_taken > 0; --m_taken)
            release();
        m_mayGo = true;
        m_go.set();
        m_loop.run();
        require(!hasTasks(), "somebody has not ended");
        require(m_semaphore.available() == permits, "a permit was lost or made up");
        require(m_acquired > 500, "too few to tell");
    }

private:
    static constexpr int permits = 3;

    void operate()
    {
        switch (below(10)) {
        case 0:
        case 1:
        case 2:
            add(user, below(2) == 0);
            return;
        case 3:
            if (const int id = cancelSomebody(); std::erase(m_waiting, id) == 1)
                m_skipped.insert(id);
            return;
        case 4:
            takeOrReleaseFromPlainCode();
            return;
        case 5:
        case 6:
            m_go.set(); // whoever has a permit and has gone on gives it back
            m_go.clear();
            return;
        default:
            step();
        }
    }

    void takeOrReleaseFromPlainCode()
    {
        if (m_taken > 0 && below(2) == 0) {
            --m_taken;
            release();
            return;
        }
        const bool hasOne = m_semaphore.tryAcquire();
        require(hasOne == (m_available > 0), "tryAcquire");
        if (hasOne) {
            ++m_taken;
            --m_available;
        }
    }

    void release()
    {
        m_semaphore.release();
        passOn();
    }

    // A permit has been given back.
    void passOn()
    {
        if (m_waiting.empty()) {
            ++m_available;
            return;
        }
        m_handedOver.push_back(m_waiting.front());
        m_waiting.pop_front();
    }

    static Task<> user(SemaphoreTorture &self, int id, bool hasGuard)
    {
        self.begin(id);
        const bool mustWait = self.m_available == 0;
        if (mustWait)
            self.m_waiting.push_back(id);
        else
            --self.m_available;
        bool isIn = false;
        try {
            SemaphoreGuard permit;
            if (hasGuard)
                permit = co_await self.m_semaphore.acquireGuard();
            else
                co_await self.m_semaphore.acquire();
            isIn = true;
            ++self.m_acquired;
            if (mustWait) {
                self.require(self.m_loop.isOrderRandom() || self.m_handedOver.front() == id, "out of order");
                self.require(std::erase(self.m_handedOver, id) == 1, "in, but was not handed a permit");
            }
            self.require(++self.m_inside <= permits, "too many at a time");
            if (!self.m_mayGo)
                co_await self.m_go.wait();
        } catch (const Cancelled &) {
            self.require(isIn || self.m_skipped.erase(id) == 1, "cancelled though it had a permit");
        }
        if (isIn) {
            --self.m_inside;
            if (hasGuard)
                self.passOn();
            else
                self.release();
        }
        self.end(id);
    }

    Semaphore m_semaphore{permits};
    Event m_go;
    bool m_mayGo = false;
    int m_available = permits;
    int m_taken = 0; // by plain code
    int m_inside = 0;
    int m_acquired = 0; // by tasks
    std::deque<int> m_waiting;
    std::deque<int> m_handedOver; // to waiters that have not gone on
    std::set<int> m_skipped; // cancelled while they waited; have not gone on
};

} // namespace

void TestSemaphore::randomOperations_data()
{
    addSeeds();
}

void TestSemaphore::randomOperations()
{
    QCOMPARE(tortureFailure<SemaphoreTorture>(*loop), QString());
}

QTEST_APPLESS_MAIN(TestSemaphore)
#include "tst_semaphore.moc"
