// SPDX-License-Identifier: MIT
#include <tests/allocations.h>
#include <tests/task/primitives.h>

#include <interloop/task/event.h>
#include <interloop/task/gather.h>
#include <interloop/task/mutex.h>
#include <interloop/task/race.h>
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

static_assert(!std::is_aggregate_v<Mutex>);
static_assert(!std::is_aggregate_v<MutexGuard>);
static_assert(!std::is_aggregate_v<LockAwaiter>);
static_assert(!std::is_aggregate_v<decltype(std::declval<Mutex &>().lock())>);
static_assert(!std::is_copy_constructible_v<MutexGuard>);
static_assert(std::is_nothrow_move_constructible_v<MutexGuard> && std::is_nothrow_move_assignable_v<MutexGuard>);

namespace {

// Notes when it gets the lock and how it ends; holds it for `time` in between.
Task<> hold(std::string name, Mutex &mutex, std::chrono::nanoseconds time)
{
    try {
        const MutexGuard guard = co_await mutex.lock();
        note(name + " has it");
        co_await sleepFor(time);
        note(name + " gives it back");
    } catch (const Cancelled &) {
        note(name + " cancelled");
        throw;
    } catch (const std::exception &e) {
        note(name + ": " + e.what());
    }
}

Task<> lockOnce(Mutex &mutex)
{
    const MutexGuard guard = co_await mutex.lock();
}

} // namespace

class TestMutex : public QObject
{
    Q_OBJECT

private slots:
    void init() { loop.emplace(); }
    void cleanup() { QCOMPARE(end(loop), QStringList()); }

    void freeMutexDoesNotSuspend();
    void waitersGetTheLockInOrder();
    void nobodyComesInBetween();
    void tryLockOfALockedOneGivesAnInvalidGuard();
    void guardMovesAndUnlocksOnce();
    void guardThatIsAssignedToUnlocksWhatItHeld();
    void unlockingOnlyQueues();
    void cancelledInTheQueueIsSkipped();
    void cancelledAfterTheHandOverHasTheLock();
    void cancelThatIsPendingTakesNoLock();
    void cancelOfEveryWaiterLeavesTheMutexUsable();
    void timeoutWhileWaiting();
    void timeoutAfterTheHandOverGivesTheLock();
    void loserOfARaceGivesTheLockBack();
    void combinatorsAcceptALock();
    void destroyedWithWaiters();
    void destroyedAfterTheHandOver();
    void destroyedWhileItIsHeld();
    void waitingAllocatesNothing();
    void saysWhatIsWaitedFor();
    void randomOperations_data();
    void randomOperations();

private:
    std::optional<VirtualScheduler> loop;
};

void TestMutex::freeMutexDoesNotSuspend()
{
    Mutex mutex;
    QVERIFY(!mutex.isLocked());
    spawn(noteEnd("a", mutex.lock()));
    QCOMPARE(loop->runReady(), 1);
    QCOMPARE(loop->takeNotes(), QStringList{"a@0"});
    QVERIFY(!mutex.isLocked());
}

void TestMutex::waitersGetTheLockInOrder()
{
    Mutex mutex;
    for (const char *name : {"a", "b", "c"})
        start(hold(name, mutex, 1s));
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"a has it@0", "a gives it back@1", "b has it@1", "b gives it back@2",
                                             "c has it@2", "c gives it back@3"}));
    QVERIFY(!mutex.isLocked());
}

void TestMutex::nobodyComesInBetween()
{
    Mutex mutex;
    MutexGuard guard = mutex.tryLock();
    spawn(hold("waiter", mutex, 0s));
    loop->runReady();
    guard.unlock();
    QVERIFY(mutex.isLocked());
    QVERIFY(!mutex.tryLock().isValid());
    spawn(hold("late", mutex, 0s));
    loop->run();
    QCOMPARE(loop->takeNotes(),
             (QStringList{"waiter has it@0", "waiter gives it back@0", "late has it@0", "late gives it back@0"}));
}

void TestMutex::tryLockOfALockedOneGivesAnInvalidGuard()
{
    Mutex mutex;
    {
        const MutexGuard guard = mutex.tryLock();
        QVERIFY(guard.isValid());
        QCOMPARE(guard.mutex(), &mutex);
        QVERIFY(mutex.isLocked());
        const MutexGuard second = mutex.tryLock();
        QVERIFY(!second.isValid());
        QCOMPARE(second.mutex(), static_cast<const Mutex *>(nullptr));
    }
    QVERIFY(!mutex.isLocked());
}

void TestMutex::guardMovesAndUnlocksOnce()
{
    Mutex mutex;
    MutexGuard first = mutex.tryLock();
    MutexGuard second = std::move(first);
    QVERIFY(!first.isValid());
    QVERIFY(second.isValid());
    first.unlock();
    QVERIFY(mutex.isLocked());
    MutexGuard *alias = &second;
    second = std::move(*alias);
    QVERIFY(second.isValid());
    second.unlock();
    QVERIFY(!second.isValid());
    QVERIFY(!mutex.isLocked());
    const MutexGuard third = mutex.tryLock();
    second.unlock();
    QVERIFY(third.isValid());
    QVERIFY(mutex.isLocked());
}

void TestMutex::guardThatIsAssignedToUnlocksWhatItHeld()
{
    Mutex one, two;
    MutexGuard guard = one.tryLock();
    guard = two.tryLock();
    QVERIFY(!one.isLocked());
    QCOMPARE(guard.mutex(), &two);
    guard = MutexGuard();
    QVERIFY(!two.isLocked());
}

void TestMutex::unlockingOnlyQueues()
{
    Mutex mutex;
    MutexGuard guard = mutex.tryLock();
    spawn(noteEnd("a", mutex.lock()));
    loop->runReady();
    const std::uint64_t before = loop->takenCount();
    guard.unlock();
    QCOMPARE(loop->takenCount(), before);
    QVERIFY(loop->hasReady());
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"a@0"});
}

void TestMutex::cancelledInTheQueueIsSkipped()
{
    Mutex mutex;
    start(hold("a", mutex, 2s));
    const TaskHandle<> second = start(hold("b", mutex, 2s));
    start(hold("c", mutex, 2s));
    loop->runUntil(1s);
    QVERIFY(second.cancel());
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"a has it@0", "b cancelled@1", "a gives it back@2", "c has it@2",
                                             "c gives it back@4"}));
}

void TestMutex::cancelledAfterTheHandOverHasTheLock()
{
    Mutex mutex;
    MutexGuard guard = mutex.tryLock();
    const TaskHandle<> waiter = start(hold("a", mutex, 1s));
    start(hold("b", mutex, 1s));
    loop->runReady();
    guard.unlock();
    QVERIFY(waiter.cancel());
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"a has it@0", "a cancelled@0", "b has it@0", "b gives it back@1"}));
    QVERIFY(!mutex.isLocked());
}

void TestMutex::cancelThatIsPendingTakesNoLock()
{
    Mutex mutex;
    const auto body = [](Mutex &mutex) -> Task<> {
        try {
            co_await sleepFor(1s);
        } catch (const Cancelled &) {
        }
        const MutexGuard guard = co_await mutex.lock();
        note("went on");
    };
    const TaskHandle<> task = spawn(body(mutex));
    loop->runReady();
    task.cancel();
    loop->run();
    QCOMPARE(endOf(task), "cancelled");
    QVERIFY(!mutex.isLocked());
    QCOMPARE(loop->takeNotes(), QStringList());
}

void TestMutex::cancelOfEveryWaiterLeavesTheMutexUsable()
{
    Mutex mutex;
    MutexGuard guard = mutex.tryLock();
    std::vector<TaskHandle<>> waiters;
    for (int n = 0; n < 10; ++n)
        waiters.push_back(spawn(lockOnce(mutex)));
    loop->runReady();
    for (const TaskHandle<> &waiter : waiters)
        waiter.cancel();
    guard.unlock();
    QVERIFY(!mutex.isLocked());
    loop->run();
    for (const TaskHandle<> &waiter : waiters)
        QCOMPARE(endOf(waiter), "cancelled");
    loop->runTask(lockOnce(mutex));
}

void TestMutex::timeoutWhileWaiting()
{
    Mutex mutex;
    start(hold("a", mutex, 2s));
    const TaskHandle<> late = start(noteEnd("b", withTimeout(1s, mutex.lock())));
    const TaskHandle<> soon = start(noteEnd("c", withTimeout(3s, mutex.lock())));
    loop->run();
    QCOMPARE(loop->takeNotes(),
             (QStringList{"a has it@0", "b: timed out after 1000 ms@1", "a gives it back@2", "c@2"}));
    QVERIFY(!mutex.isLocked());
}

// The lock came first: the one who waited has it, and nothing is left to time out.
void TestMutex::timeoutAfterTheHandOverGivesTheLock()
{
    Mutex mutex;
    MutexGuard guard = mutex.tryLock();
    const auto body = [](Mutex &mutex) -> Task<bool> {
        const MutexGuard guard = co_await withTimeout(1s, mutex.lock());
        co_await yield();
        co_return guard.isValid();
    };
    const TaskHandle<bool> waiter = spawn(body(mutex));
    loop->runReady();
    guard.unlock();
    loop->timers().expireUntil(TimePoint(1s));
    loop->run();
    QCOMPARE(endOf(waiter), "value");
    QVERIFY(waiter.state().slot().get());
    QVERIFY(!mutex.isLocked());
}

void TestMutex::loserOfARaceGivesTheLockBack()
{
    const FifoOrder fifo;
    Mutex first, second;
    MutexGuard one = first.tryLock();
    MutexGuard two = second.tryLock();
    const auto body = [](Mutex &first, Mutex &second) -> Task<> {
        const auto winner = co_await race(first.lock(), second.lock());
        note("winner " + std::to_string(winner.index()));
        co_await sleepFor(1s);
    };
    spawn(body(first, second));
    loop->runReady();
    one.unlock();
    two.unlock(); // handed over too, before the race has an end
    loop->runReady();
    QCOMPARE(loop->takeNotes(), QStringList{"winner 0@0"});
    QVERIFY(first.isLocked());
    QVERIFY(!second.isLocked());
    loop->run();
    QVERIFY(!first.isLocked());
}

void TestMutex::combinatorsAcceptALock()
{
    Mutex one, two;
    const auto both = loop->runTask(gather(one.lock(), two.lock()));
    QVERIFY(std::get<0>(both).isValid() && std::get<1>(both).isValid());
    QVERIFY(one.isLocked() && two.isLocked());
    const auto results = loop->runTask(gatherResults(withTimeout(1s, one.lock())));
    QCOMPARE(std::get<0>(results).outcome(), Outcome::TimedOut);
    Mutex three;
    QVERIFY(loop->runTask(shield(three.lock())).isValid());
    QVERIFY(loop->runTask(asTask(three.lock())).isValid());
    QVERIFY(!three.isLocked());
}

void TestMutex::destroyedWithWaiters()
{
    std::optional<Mutex> mutex("cache");
    MutexGuard guard = mutex->tryLock();
    const TaskHandle<> first = spawn(noteEnd("a", mutex->lock()));
    spawn(noteEnd("b", mutex->lock()));
    loop->runReady();
    mutex.reset();
    QVERIFY(!guard.isValid());
    QCOMPARE(waitOf(first), "a mutex that was destroyed");
    loop->run();
    const QString error = ": mutex 'cache' was destroyed while a task waited for it@0";
    QCOMPARE(unordered(loop->takeNotes()), unordered({"a" + error, "b" + error}));
}

void TestMutex::destroyedAfterTheHandOver()
{
    std::optional<Mutex> mutex("cache");
    MutexGuard guard = mutex->tryLock();
    const TaskHandle<> waiter = spawn(noteEnd("a", mutex->lock()));
    loop->runReady();
    guard.unlock();
    QCOMPARE(waitOf(waiter), "mutex 'cache'");
    mutex.reset();
    QCOMPARE(waitOf(waiter), "a mutex that was destroyed");
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"a: a mutex was destroyed while a task waited for it@0"});
}

void TestMutex::destroyedWhileItIsHeld()
{
    std::optional<Mutex> mutex(std::in_place);
    MutexGuard guard = mutex->tryLock();
    MutexGuard moved = std::move(guard);
    mutex.reset();
    QVERIFY(!moved.isValid());
    moved.unlock();
}

void TestMutex::waitingAllocatesNothing()
{
    const FifoOrder fifo;
    Mutex mutex;
    MutexGuard guard = mutex.tryLock();
    for (int n = 0; n < 1000; ++n)
        spawn(lockOnce(mutex));
    const long before = allocations;
    QCOMPARE(loop->runReady(), 1000);
    QCOMPARE(allocations - before, 0);
    guard.unlock();
    QCOMPARE(loop->runReady(), 1000);
}

void TestMutex::saysWhatIsWaitedFor()
{
    Mutex unnamed, named("cache");
    QCOMPARE(named.name(), std::string("cache"));
    const MutexGuard one = unnamed.tryLock();
    const MutexGuard two = named.tryLock();
    const TaskHandle<> first = spawn(lockOnce(unnamed));
    const TaskHandle<> second = spawn(lockOnce(named));
    loop->runReady();
    QCOMPARE(waitOf(first), "a mutex");
    QCOMPARE(waitOf(second), "mutex 'cache'");
    first.cancel();
    second.cancel();
    loop->run();
}

namespace {

// The model: who has the lock, and who waits, in order.
class MutexTorture : public Torture
{
public:
    using Torture::Torture;

    void run(int operations)
    {
        for (int n = 0; n < operations; ++n) {
            operate();
            require(m_mutex.isLocked() == m_owner.has_value(), "isLocked");
            require(m_owner.has_value() || m_waiting.empty(), "free, and somebody waits");
        }
        if (m_plainGuard.isValid())
            lockOrUnlockFromPlainCode();
        m_mayGo = true;
        m_go.set();
        m_loop.run();
        require(!hasTasks(), "somebody has not ended");
        require(!m_mutex.isLocked() && !m_owner, "somebody has the lock");
        require(m_locks > 500, "too few locks to tell");
    }

private:
    static constexpr int plainCode = -1;

    void operate()
    {
        switch (below(10)) {
        case 0:
        case 1:
            add(locker);
            return;
        case 2:
            if (const int id = cancelSomebody(); std::erase(m_waiting, id) == 1)
                m_skipped.insert(id);
            return;
        case 3:
            lockOrUnlockFromPlainCode();
            return;
        case 4:
        case 5:
            m_go.set(); // whoever is inside goes on
            m_go.clear();
            return;
        default:
            step();
        }
    }

    void lockOrUnlockFromPlainCode()
    {
        if (m_plainGuard.isValid()) {
            m_plainGuard.unlock();
            handOver();
            return;
        }
        m_plainGuard = m_mutex.tryLock();
        require(m_plainGuard.isValid() == !m_owner, "tryLock");
        if (m_plainGuard.isValid())
            m_owner = plainCode;
    }

    // The owner gives the lock back.
    void handOver()
    {
        m_owner.reset();
        if (m_waiting.empty())
            return;
        m_owner = m_waiting.front();
        m_waiting.pop_front();
    }

    static Task<> locker(MutexTorture &self, int id)
    {
        self.begin(id);
        if (self.m_owner)
            self.m_waiting.push_back(id);
        else
            self.m_owner = id;
        bool isIn = false;
        try {
            const MutexGuard guard = co_await self.m_mutex.lock();
            isIn = true;
            self.require(self.m_owner == id, "somebody else's turn");
            self.require(!std::exchange(self.m_isInside, true), "two at a time");
            ++self.m_locks;
            if (!self.m_mayGo)
                co_await self.m_go.wait();
        } catch (const Cancelled &) {
            self.require(isIn || self.m_skipped.erase(id) == 1, "cancelled though it had the lock");
        }
        if (isIn) {
            self.m_isInside = false;
            self.handOver();
        }
        self.end(id);
    }

    Mutex m_mutex;
    Event m_go;
    bool m_mayGo = false;
    MutexGuard m_plainGuard;
    std::optional<int> m_owner;
    bool m_isInside = false;
    std::deque<int> m_waiting;
    std::set<int> m_skipped; // cancelled while they waited; have not gone on
    int m_locks = 0; // by tasks
};

} // namespace

void TestMutex::randomOperations_data()
{
    addSeeds();
}

void TestMutex::randomOperations()
{
    QCOMPARE(tortureFailure<MutexTorture>(*loop), QString());
}

QTEST_APPLESS_MAIN(TestMutex)
#include "tst_mutex.moc"
