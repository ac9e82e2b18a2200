// SPDX-License-Identifier: MIT
#include <tests/allocations.h>
#include <tests/task/primitives.h>

#include <interloop/task/condition.h>
#include <interloop/task/gather.h>
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

static_assert(!std::is_aggregate_v<Condition>);
static_assert(!std::is_aggregate_v<ConditionWait>);
static_assert(!std::is_aggregate_v<ConditionAwaiter>);

namespace {

std::string held(const MutexGuard &guard)
{
    return guard.isValid() ? ", mutex held" : ", mutex not held";
}

// Notes how the wait ends, and whether the mutex is held then; holds it for `time` more.
Task<> listen(std::string name, Mutex &mutex, Condition &condition, std::chrono::nanoseconds time = 0ns)
{
    MutexGuard guard = co_await mutex.lock();
    try {
        co_await condition.wait(guard);
        note(name + held(guard));
    } catch (const Cancelled &) {
        note(name + " cancelled" + held(guard));
        throw;
    } catch (const std::exception &e) {
        note(name + ": " + e.what() + held(guard));
    }
    if (time > 0ns)
        co_await sleepFor(time);
}

Task<> lockFor(Mutex &mutex, std::chrono::nanoseconds time)
{
    const MutexGuard guard = co_await mutex.lock();
    co_await sleepFor(time);
    note("lock given back");
}

Task<> waitOnce(Mutex &mutex, Condition &condition)
{
    MutexGuard guard = co_await mutex.lock();
    co_await condition.wait(guard);
}

Task<> waitForWithLock(Mutex &mutex, TaskHandle<> task)
{
    const MutexGuard guard = co_await mutex.lock();
    co_await task;
}

} // namespace

class TestCondition : public QObject
{
    Q_OBJECT

private slots:
    void init() { loop.emplace(); }
    void cleanup() { QCOMPARE(end(loop), QStringList()); }

    void waitGivesTheMutexBackAndTakesItAgain();
    void waitersAreNotifiedInOrder();
    void notificationForNobodyIsNotKept();
    void notifyingOnlyQueues();
    void notifiedWaitersGoOnOneAfterTheOther();
    void notifierMayHoldTheMutex();
    void predicateThatIsTrueDoesNotWait();
    void predicateIsAskedAgainWithTheMutexHeld();
    void throwingPredicateEndsTheWait();
    void guardMustHoldTheMutex();

    void cancelledWaiterHasTheMutexAgain();
    void cancelledWaiterWaitsForTheMutex();
    void cancelledWaiterIsSkipped();
    void notificationThatCameBeforeTheCancelWins();
    void cancelAfterTheHandOverComesTooLate();
    void cancelThatIsPendingKeepsTheMutex();
    void bridgesEndDoesNotWaitForTheMutex();
    void notifiedWaiterWhoseMutexCannotComeIsTold();
    void cancelledWaiterWhoseMutexCannotComeEndsWithoutIt();
    void cancelOfEveryWaiterLeavesTheConditionUsable();
    void timeoutWhileWaiting();
    void combinatorsAcceptAWait();

    void destroyedWithWaiters();
    void destroyedWithItsMutex();
    void waitingAllocatesNothing();
    void saysWhatIsWaitedFor();
    void randomOperations_data();
    void randomOperations();

private:
    std::optional<VirtualScheduler> loop;
};

void TestCondition::waitGivesTheMutexBackAndTakesItAgain()
{
    Mutex mutex;
    Condition condition(mutex);
    spawn(listen("a", mutex, condition, 1s));
    loop->runReady();
    QVERIFY(!mutex.isLocked());
    condition.notify();
    QVERIFY(mutex.isLocked());
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"a, mutex held@0"});
    QVERIFY(!mutex.isLocked());
}

void TestCondition::waitersAreNotifiedInOrder()
{
    Mutex mutex;
    Condition condition(mutex);
    for (const char *name : {"a", "b", "c", "d", "e"})
        start(listen(name, mutex, condition));
    loop->runReady();
    condition.notify();
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"a, mutex held@0"});
    condition.notify(2);
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"b, mutex held@0", "c, mutex held@0"}));
    condition.notify(0);
    condition.notify(-1);
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList());
    condition.notifyAll();
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"d, mutex held@0", "e, mutex held@0"}));
}

void TestCondition::notificationForNobodyIsNotKept()
{
    Mutex mutex;
    Condition condition(mutex);
    condition.notify(3);
    condition.notifyAll();
    const TaskHandle<> waiter = spawn(listen("a", mutex, condition));
    loop->run();
    QCOMPARE(endOf(waiter), "not done");
    condition.notify(3);
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"a, mutex held@0"});
}

void TestCondition::notifyingOnlyQueues()
{
    Mutex mutex;
    Condition condition(mutex);
    spawn(listen("a", mutex, condition));
    loop->runReady();
    const std::uint64_t before = loop->takenCount();
    condition.notify();
    condition.notifyAll();
    QCOMPARE(loop->takenCount(), before);
    QVERIFY(loop->hasReady());
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"a, mutex held@0"});
}

void TestCondition::notifiedWaitersGoOnOneAfterTheOther()
{
    Mutex mutex;
    Condition condition(mutex);
    for (const char *name : {"a", "b", "c"})
        start(listen(name, mutex, condition, 1s));
    loop->runReady();
    condition.notifyAll();
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"a, mutex held@0", "b, mutex held@1", "c, mutex held@2"}));
}

void TestCondition::notifierMayHoldTheMutex()
{
    Mutex mutex;
    Condition condition(mutex);
    start(listen("a", mutex, condition));
    const auto notifier = [](Mutex &mutex, Condition &condition) -> Task<> {
        const MutexGuard guard = co_await mutex.lock();
        condition.notify();
        co_await sleepFor(1s);
        note("lock given back");
    };
    start(notifier(mutex, condition));
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"lock given back@1", "a, mutex held@1"}));
}

void TestCondition::predicateThatIsTrueDoesNotWait()
{
    Mutex mutex;
    Condition condition(mutex);
    const auto body = [](Mutex &mutex, Condition &condition) -> Task<> {
        MutexGuard guard = co_await mutex.lock();
        co_await condition.wait(guard, [] { return true; });
        note("went on" + held(guard));
    };
    spawn(body(mutex, condition));
    QCOMPARE(loop->runReady(), 1);
    QCOMPARE(loop->takeNotes(), QStringList{"went on, mutex held@0"});
}

void TestCondition::predicateIsAskedAgainWithTheMutexHeld()
{
    Mutex mutex;
    Condition condition(mutex);
    int number = 0;
    const auto body = [](Mutex &mutex, Condition &condition, int &number) -> Task<> {
        MutexGuard guard = co_await mutex.lock();
        co_await condition.wait(guard, [&] {
            note("asked at " + std::to_string(number) + held(guard));
            return number == 2;
        });
        note("went on" + held(guard));
    };
    spawn(body(mutex, condition, number));
    loop->run();
    for (number = 1; number <= 2; ++number) {
        condition.notifyAll();
        loop->run();
    }
    QCOMPARE(loop->takeNotes(), (QStringList{"asked at 0, mutex held@0", "asked at 1, mutex held@0",
                                             "asked at 2, mutex held@0", "went on, mutex held@0"}));
    QVERIFY(!mutex.isLocked());
}

void TestCondition::throwingPredicateEndsTheWait()
{
    Mutex mutex;
    Condition condition(mutex);
    const auto body = [](Mutex &mutex, Condition &condition) -> Task<> {
        MutexGuard guard = co_await mutex.lock();
        co_await condition.wait(guard, []() -> bool { throw std::runtime_error("broken"); });
    };
    QCOMPARE(thrownBy([&] { loop->runTask(body(mutex, condition)); }), "broken");
    QVERIFY(!mutex.isLocked());
}

void TestCondition::guardMustHoldTheMutex()
{
    Mutex mutex("cache"), other;
    Condition condition(mutex);
    MutexGuard nothing;
    MutexGuard wrong = other.tryLock();
    const QString error = "Condition::wait: the guard does not hold mutex 'cache'";
    QCOMPARE(thrownBy([&] { loop->runTask(asTask(condition.wait(nothing))); }), error);
    QCOMPARE(thrownBy([&] { loop->runTask(asTask(condition.wait(wrong))); }), error);
    QVERIFY(wrong.isValid());
    QVERIFY(!mutex.isLocked());
}

void TestCondition::cancelledWaiterHasTheMutexAgain()
{
    Mutex mutex;
    Condition condition(mutex);
    const TaskHandle<> waiter = spawn(listen("a", mutex, condition));
    loop->runReady();
    QVERIFY(waiter.cancel());
    QVERIFY(mutex.isLocked());
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"a cancelled, mutex held@0"});
    QVERIFY(!mutex.isLocked());
}

void TestCondition::cancelledWaiterWaitsForTheMutex()
{
    Mutex mutex;
    Condition condition(mutex);
    const TaskHandle<> waiter = spawn(listen("a", mutex, condition));
    loop->runReady();
    spawn(lockFor(mutex, 1s));
    loop->runReady();
    QVERIFY(waiter.cancel());
    condition.notify(); // too late: nobody waits for it
    loop->runReady();
    QCOMPARE(endOf(waiter), "not done");
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"lock given back@1", "a cancelled, mutex held@1"}));
    QVERIFY(!mutex.isLocked());
}

void TestCondition::cancelledWaiterIsSkipped()
{
    Mutex mutex;
    Condition condition(mutex);
    const TaskHandle<> first = spawn(listen("a", mutex, condition));
    spawn(listen("b", mutex, condition));
    loop->runReady();
    QVERIFY(first.cancel());
    condition.notify();
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"a cancelled, mutex held@0", "b, mutex held@0"}));
}

void TestCondition::notificationThatCameBeforeTheCancelWins()
{
    Mutex mutex;
    Condition condition(mutex);
    const TaskHandle<> waiter = spawn(listen("a", mutex, condition, 5s));
    loop->runReady();
    spawn(lockFor(mutex, 1s));
    loop->runReady();
    condition.notify();
    QVERIFY(waiter.cancel());
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"lock given back@1", "a, mutex held@1"}));
    QCOMPARE(endOf(waiter), "cancelled"); // by its next await
    QVERIFY(!mutex.isLocked());
}

void TestCondition::cancelAfterTheHandOverComesTooLate()
{
    Mutex mutex;
    Condition condition(mutex);
    const TaskHandle<> waiter = spawn(listen("a", mutex, condition));
    loop->runReady();
    condition.notify();
    QVERIFY(waiter.cancel());
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"a, mutex held@0"});
    QCOMPARE(endOf(waiter), "value");
}

void TestCondition::cancelThatIsPendingKeepsTheMutex()
{
    Mutex mutex;
    Condition condition(mutex);
    const auto body = [](Mutex &mutex, Condition &condition) -> Task<> {
        MutexGuard guard = co_await mutex.lock();
        try {
            co_await sleepFor(1s);
        } catch (const Cancelled &) {
        }
        try {
            co_await condition.wait(guard);
        } catch (const Cancelled &) {
            note("cancelled" + held(guard));
        }
    };
    const TaskHandle<> task = spawn(body(mutex, condition));
    loop->runReady();
    task.cancel();
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"cancelled, mutex held@0"});
    QVERIFY(!mutex.isLocked());
}

// Somebody who never gives the mutex back must not keep the bridge from ending.
void TestCondition::bridgesEndDoesNotWaitForTheMutex()
{
    Mutex mutex;
    Condition condition(mutex);
    const TaskHandle<> first = spawn(listen("a", mutex, condition));
    const TaskHandle<> second = spawn(listen("b", mutex, condition));
    const TaskHandle<> third = spawn(listen("c", mutex, condition));
    loop->runReady();
    const MutexGuard kept = mutex.tryLock();
    QVERIFY(first.cancel());
    condition.notify();
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList());
    for (const TaskHandle<> &waiter : {first, second, third})
        waiter.state().cancel(Outcome::Cancelled, CancelMode::Forced);
    loop->run();
    QCOMPARE(unordered(loop->takeNotes()),
             unordered({"a cancelled, mutex not held@0", "b cancelled, mutex not held@0",
                        "c cancelled, mutex not held@0"}));
    QVERIFY(kept.isValid());
}

// Waiting, with the mutex held, for a task that needs it: legal while that task may still be woken otherwise, and
// nobody begins a wait when it is notified.
void TestCondition::notifiedWaiterWhoseMutexCannotComeIsTold()
{
    Mutex mutex("cache");
    Condition condition(mutex);
    const TaskHandle<> waiter = spawn(waitOnce(mutex, condition), "waiter");
    loop->runReady();
    const TaskHandle<> holder = spawn(waitForWithLock(mutex, waiter), "holder");
    loop->runReady();
    condition.notify();
    loop->run();
    QVERIFY2(endOf(waiter).startsWith("Deadlock: task 'waiter'") && endOf(waiter).contains("mutex 'cache'"),
             qPrintable(endOf(waiter)));
    QCOMPARE(endOf(holder), endOf(waiter));
    QVERIFY(!mutex.isLocked());
}

void TestCondition::cancelledWaiterWhoseMutexCannotComeEndsWithoutIt()
{
    Mutex mutex;
    Condition condition(mutex);
    const TaskHandle<> waiter = spawn(listen("a", mutex, condition));
    loop->runReady();
    const TaskHandle<> holder = spawn(waitForWithLock(mutex, waiter));
    loop->runReady();
    QVERIFY(holder.cancel()); // which cancels what it waits for
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"a cancelled, mutex not held@0"});
    QCOMPARE(endOf(waiter), "cancelled");
    QCOMPARE(endOf(holder), "cancelled");
    QVERIFY(!mutex.isLocked());
}

void TestCondition::cancelOfEveryWaiterLeavesTheConditionUsable()
{
    Mutex mutex;
    Condition condition(mutex);
    std::vector<TaskHandle<>> waiters;
    for (int n = 0; n < 10; ++n)
        waiters.push_back(spawn(waitOnce(mutex, condition)));
    loop->runReady();
    for (const TaskHandle<> &waiter : waiters)
        waiter.cancel();
    loop->run();
    for (const TaskHandle<> &waiter : waiters)
        QCOMPARE(endOf(waiter), "cancelled");
    QVERIFY(!mutex.isLocked());
    spawn(listen("a", mutex, condition));
    loop->runReady();
    condition.notify();
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"a, mutex held@0"});
}

void TestCondition::timeoutWhileWaiting()
{
    Mutex mutex;
    Condition condition(mutex);
    const auto body = [](Mutex &mutex, Condition &condition) -> Task<> {
        MutexGuard guard = co_await mutex.lock();
        for (int n = 0; n < 2; ++n) {
            try {
                if (n == 0)
                    co_await withTimeout(1s, condition.wait(guard));
                else
                    co_await withTimeout(1s, condition.wait(guard, [] { return false; }));
            } catch (const TimeoutError &e) {
                note(e.what() + held(guard));
            }
        }
        co_await withTimeout(1s, condition.wait(guard));
        note("notified" + held(guard));
    };
    spawn(body(mutex, condition));
    loop->runUntil(2500ms);
    condition.notify();
    loop->run();
    QCOMPARE(loop->takeNotes(),
             (QStringList{"timed out after 1000 ms, mutex held@1", "timed out after 1000 ms, mutex held@2",
                          "notified, mutex held@2.5"}));
}

void TestCondition::combinatorsAcceptAWait()
{
    Mutex mutex;
    Condition condition(mutex);
    const auto body = [](Mutex &mutex, Condition &condition) -> Task<> {
        MutexGuard guard = co_await mutex.lock();
        co_await race(condition.wait(guard), sleepFor(1s));
        note("lost the race" + held(guard));
        co_await gather(condition.wait(guard), sleepFor(1s));
        note("gathered" + held(guard));
        co_await shield(condition.wait(guard));
        note("shielded" + held(guard));
    };
    spawn(body(mutex, condition));
    loop->run();
    condition.notify();
    loop->run();
    condition.notify();
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"lost the race, mutex held@1", "gathered, mutex held@2",
                                             "shielded, mutex held@2"}));
}

void TestCondition::destroyedWithWaiters()
{
    Mutex mutex;
    std::optional<Condition> condition(mutex);
    start(listen("a", mutex, *condition, 1s));
    const TaskHandle<> second = start(listen("b", mutex, *condition));
    loop->runReady();
    condition.reset();
    QCOMPARE(waitOf(second), "a mutex");
    loop->run();
    const QString error = ": a condition was destroyed while a task waited for it, mutex held";
    QCOMPARE(loop->takeNotes(), (QStringList{"a" + error + "@0", "b" + error + "@1"}));
    QVERIFY(!mutex.isLocked());
}

void TestCondition::destroyedWithItsMutex()
{
    std::optional<Mutex> mutex("cache");
    std::optional<Condition> condition(*mutex);
    start(listen("a", *mutex, *condition));
    const TaskHandle<> second = start(listen("b", *mutex, *condition));
    const TaskHandle<> third = start(listen("c", *mutex, *condition));
    loop->runReady();
    condition->notify();
    third.cancel();
    condition.reset();
    mutex.reset();
    QCOMPARE(waitOf(second), "a mutex that was destroyed");
    loop->run();
    const QString named = ": mutex 'cache' was destroyed while a task waited for it, mutex not held@0";
    QCOMPARE(unordered(loop->takeNotes()),
             unordered({"a: a mutex was destroyed while a task waited for it, mutex not held@0", "c" + named,
                        "b" + named}));
}

void TestCondition::waitingAllocatesNothing()
{
    const FifoOrder fifo;
    Mutex mutex;
    Condition condition(mutex);
    const auto waitTwice = [](Mutex &mutex, Condition &condition) -> Task<> {
        MutexGuard guard = co_await mutex.lock();
        co_await condition.wait(guard);
        co_await condition.wait(guard);
    };
    for (int n = 0; n < 1000; ++n)
        spawn(waitTwice(mutex, condition));
    loop->runReady();
    const long before = allocations;
    condition.notifyAll();
    QCOMPARE(loop->runReady(), 1000);
    condition.notifyAll();
    QCOMPARE(allocations - before, 0);
    loop->runReady();
}

void TestCondition::saysWhatIsWaitedFor()
{
    Mutex mutex("cache");
    Condition condition(mutex);
    const TaskHandle<> waiter = spawn(waitOnce(mutex, condition));
    loop->runReady();
    QCOMPARE(waitOf(waiter), "a condition");
    MutexGuard guard = mutex.tryLock();
    condition.notify();
    QCOMPARE(waitOf(waiter), "mutex 'cache'");
    guard.unlock();
    QCOMPARE(waitOf(waiter), "mutex 'cache'");
    loop->run();
}

namespace {

// The model: who has the mutex; who waits for it, in order; who waits for a notification, in order.
class ConditionTorture : public Torture
{
public:
    using Torture::Torture;

    void run(int operations)
    {
        for (int n = 0; n < operations; ++n) {
            operate();
            require(m_mutex.isLocked() == m_owner.has_value(), "isLocked");
            require(m_owner.has_value() || m_locking.empty(), "free, and somebody waits for it");
        }
        if (m_plainGuard.isValid())
            lockOrUnlockFromPlainCode();
        m_loop.run();
        while (!m_listening.empty()) {
            notify(1);
            m_loop.run();
        }
        require(!hasTasks(), "somebody has not ended");
        require(!m_mutex.isLocked() && !m_owner, "somebody has the mutex");
        require(m_notified > 500, "too few notifications to tell");
    }

private:
    static constexpr int plainCode = -1;

    void operate()
    {
        switch (below(10)) {
        case 0:
        case 1:
        case 2:
            add(listener);
            return;
        case 3:
            cancelOne();
            return;
        case 4:
            lockOrUnlockFromPlainCode();
            return;
        case 5:
            notify(1 + below(3));
            return;
        case 6:
            if (below(4) == 0) {
                m_condition.notifyAll();
                while (!m_listening.empty())
                    moveFirstListener();
            }
            return;
        default:
            step();
        }
    }

    void notify(int count)
    {
        m_condition.notify(count);
        for (; count > 0 && !m_listening.empty(); --count)
            moveFirstListener();
    }

    void moveFirstListener()
    {
        const int id = m_listening.front();
        m_listening.pop_front();
        m_relocking.insert(id);
        lock(id);
    }

    void cancelOne()
    {
        const int id = cancelSomebody();
        if (std::erase(m_listening, id) == 1) {
            m_relocking.insert(id);
            m_cancelled.insert(id);
            lock(id);
        } else if (!m_relocking.contains(id) && std::erase(m_locking, id) == 1) {
            m_cancelled.insert(id);
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

    void lock(int id)
    {
        if (m_owner)
            m_locking.push_back(id);
        else
            m_owner = id;
    }

    // The owner gives the mutex back.
    void handOver()
    {
        m_owner.reset();
        if (m_locking.empty())
            return;
        m_owner = m_locking.front();
        m_locking.pop_front();
    }

    static Task<> listener(ConditionTorture &self, int id)
    {
        self.begin(id);
        self.lock(id);
        bool isIn = false;
        try {
            MutexGuard guard = co_await self.m_mutex.lock();
            isIn = true;
            self.require(self.m_owner == id, "lock: somebody else's turn");
            co_await yield();
            const bool isCancelled = self.m_loop.currentChain()->isCancelPending(); // then the wait does not begin
            if (isCancelled) {
                self.m_cancelled.insert(id);
                self.m_relocking.insert(id);
            } else {
                self.handOver();
                self.m_listening.push_back(id);
            }
            try {
                co_await self.m_condition.wait(guard);
                ++self.m_notified;
                self.require(!self.m_cancelled.contains(id), "notified though it was cancelled");
            } catch (const Cancelled &) {
                self.require(self.m_cancelled.erase(id) == 1, "cancelled though it was notified");
            }
            self.require(self.m_owner == id && guard.isValid(), "wait: somebody else's turn");
            self.require(self.m_relocking.erase(id) == 1, "neither notified nor cancelled");
            co_await yield();
        } catch (const Cancelled &) {
            self.require(isIn || self.m_cancelled.erase(id) == 1, "cancelled though it had the mutex");
        }
        if (isIn)
            self.handOver();
        self.end(id);
    }

    Mutex m_mutex;
    Condition m_condition{m_mutex};
    MutexGuard m_plainGuard;
    std::optional<int> m_owner;
    std::deque<int> m_locking;
    std::deque<int> m_listening;
    std::set<int> m_relocking; // notified or cancelled; wait for the mutex, or have it and have not gone on
    std::set<int> m_cancelled; // while they waited; have not gone on
    int m_notified = 0;
};

} // namespace

void TestCondition::randomOperations_data()
{
    addSeeds();
}

void TestCondition::randomOperations()
{
    QCOMPARE(tortureFailure<ConditionTorture>(*loop), QString());
}

QTEST_APPLESS_MAIN(TestCondition)
#include "tst_condition.moc"
