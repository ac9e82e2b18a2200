// SPDX-License-Identifier: MIT
#include <tests/task/primitives.h>

#include <interloop/task/barrier.h>
#include <interloop/task/condition.h>
#include <interloop/task/event.h>
#include <interloop/task/future.h>
#include <interloop/task/gather.h>
#include <interloop/task/mutex.h>
#include <interloop/task/queue.h>
#include <interloop/task/race.h>
#include <interloop/task/semaphore.h>
#include <interloop/task/taskgroup.h>

#include <QObject>
#include <QTest>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/*
 * A result against a cancellation, in the same turn, in every order: each wait ends in exactly one way, the one that came
 * first wins, and nothing gets lost of what was waited for.
 */

using namespace interloop;
using namespace interloop::test;

namespace {

constexpr int racesPerRow = 10'000;

// Something that tasks wait for.
class Subject
{
public:
    virtual ~Subject() = default;

    virtual Task<> wait() = 0; // what it gets it gives back
    virtual void bring() = 0; // what ends a wait
    virtual bool isTasks() const { return false; } // what is waited for are tasks, which have yet to end when it is brought
    virtual bool isAsBefore() const { return true; } // nobody waits, everything was brought: nothing is lost, or held
};

class EventSubject final : public Subject
{
public:
    Task<> wait() override { co_await m_event.wait(); }
    void bring() override { m_event.set(); }
    bool isAsBefore() const override { return m_event.isSet(); }

private:
    Event m_event;
};

class FutureSubject final : public Subject
{
public:
    Task<> wait() override { co_await m_future; }
    void bring() override { m_future.setResult(); }

private:
    Future<> m_future;
};

class TimerSubject final : public Subject
{
public:
    Task<> wait() override { co_await sleepUntil(TimePoint(1s)); }
    void bring() override { VirtualScheduler::current().timers().expireUntil(TimePoint(1s)); }
    bool isAsBefore() const override { return VirtualScheduler::current().timers().isEmpty(); }
};

class MutexSubject final : public Subject
{
public:
    Task<> wait() override { const MutexGuard guard = co_await m_mutex.lock(); }
    void bring() override { m_guard.unlock(); }
    bool isAsBefore() const override { return !m_mutex.isLocked(); }

private:
    Mutex m_mutex;
    MutexGuard m_guard = m_mutex.tryLock();
};

class SemaphoreSubject final : public Subject
{
public:
    Task<> wait() override
    {
        co_await m_semaphore.acquire();
        m_semaphore.release();
    }
    void bring() override
    {
        m_semaphore.release();
        ++m_brought;
    }
    bool isAsBefore() const override { return m_semaphore.available() == m_brought; }

private:
    Semaphore m_semaphore{0};
    int m_brought = 0;
};

class PermitSubject final : public Subject
{
public:
    Task<> wait() override { const SemaphoreGuard permit = co_await m_semaphore.acquireGuard(); }
    void bring() override
    {
        m_semaphore.release();
        ++m_brought;
    }
    bool isAsBefore() const override { return m_semaphore.available() == m_brought; }

private:
    Semaphore m_semaphore{0};
    int m_brought = 0;
};

class GetSubject final : public Subject
{
public:
    Task<> wait() override
    {
        static_cast<void>(co_await m_queue.get());
        ++m_got;
    }
    void bring() override { m_brought += m_queue.tryPut(1); }
    bool isAsBefore() const override { return m_got + int(m_queue.size()) == m_brought; }

private:
    Queue<int> m_queue;
    int m_brought = 0;
    int m_got = 0;
};

class PutSubject final : public Subject
{
public:
    PutSubject() { m_queue.tryPut(0); }
    Task<> wait() override
    {
        co_await m_queue.put(1);
        ++m_put;
    }
    void bring() override { m_taken += m_queue.tryGet().has_value(); }
    bool isAsBefore() const override { return 1 + m_put == m_taken + int(m_queue.size()); }

private:
    Queue<int> m_queue{1};
    int m_put = 0;
    int m_taken = 0;
};

// Whoever is notified takes the lock again.
class ConditionSubject final : public Subject
{
public:
    Task<> wait() override
    {
        MutexGuard guard = co_await m_mutex.lock();
        const WhileHeld held(*this, guard);
        co_await m_condition.wait(guard);
    }
    void bring() override { m_condition.notify(); }
    bool isAsBefore() const override { return !m_mutex.isLocked() && m_isAlwaysHeld; }

private:
    // However the wait ends, it ends with the lock.
    class WhileHeld
    {
    public:
        WhileHeld(ConditionSubject &subject, const MutexGuard &guard) : m_subject(subject), m_guard(guard) { }
        ~WhileHeld() { m_subject.m_isAlwaysHeld &= m_guard.isValid(); }

    private:
        ConditionSubject &m_subject;
        const MutexGuard &m_guard;
    };

    Mutex m_mutex;
    Condition m_condition{m_mutex};
    bool m_isAlwaysHeld = true;
};

class BarrierSubject final : public Subject
{
public:
    Task<> wait() override { co_await m_barrier.wait(); }
    void bring() override
    {
        while (m_barrier.waiting() > 0 && m_barrier.waiting() < m_barrier.parties())
            arrive();
    }
    bool isAsBefore() const override { return m_barrier.waiting() == 0; }

private:
    void arrive()
    {
        const auto party = [](Barrier &barrier) -> Task<> { co_await barrier.wait(); };
        auto task = party(m_barrier);
        spawn(std::move(task)).state();
        VirtualScheduler::current().runReady();
    }

    Barrier m_barrier{8};
};

// A task that ends with what a future brings; whoever awaits it and is cancelled cancels it.
class HandleSubject final : public Subject
{
public:
    HandleSubject() : m_handle(spawn(awaitFuture(m_future))) { }
    Task<> wait() override { co_await m_handle; }
    void bring() override { m_future.setResult(); }

private:
    static Task<> awaitFuture(Future<> future) { co_await future; }

    Future<> m_future;
    TaskHandle<> m_handle;
};

class GatherSubject final : public Subject
{
public:
    Task<> wait() override { co_await gather(awaitFuture(m_one), awaitFuture(m_two)); }
    void bring() override
    {
        m_one.setResult();
        m_two.setResult();
    }

private:
    static Task<> awaitFuture(Future<> future) { co_await future; }

    Future<> m_one, m_two;
};

class RaceSubject final : public Subject
{
public:
    Task<> wait() override { co_await race(awaitFuture(m_one), awaitFuture(m_two)); }
    void bring() override { m_two.setResult(); }
    bool isTasks() const override { return true; }

private:
    static Task<> awaitFuture(Future<> future) { co_await future; }

    Future<> m_one, m_two;
};

class GroupSubject final : public Subject
{
public:
    Task<> wait() override
    {
        TaskGroup group;
        group.spawn(awaitFuture(m_future));
        group.spawn(awaitFuture(m_future));
        co_await group.join();
    }
    void bring() override { m_future.setResult(); }
    bool isTasks() const override { return true; }

private:
    static Task<> awaitFuture(Future<> future) { co_await future; }

    Future<> m_future;
};

using MakeSubject = std::function<std::unique_ptr<Subject>()>;

template<typename S>
MakeSubject maker()
{
    return [] { return std::make_unique<S>(); };
}

// How often a wait ended in each way.
class Ends
{
public:
    int values = 0;
    int cancellations = 0;
    int total() const { return values + cancellations; }
};

Task<> countEnd(Subject &subject, Ends &ends)
{
    try {
        co_await subject.wait();
        ++ends.values;
    } catch (const Cancelled &) {
        ++ends.cancellations;
        throw;
    }
}

// One seeded race between cancellations and what is brought.
class Race : public Torture
{
public:
    Race(VirtualScheduler &loop, std::unique_ptr<Subject> subject, unsigned seed)
        : Torture(loop, seed), m_subject(std::move(subject)), m_ends(std::size_t(1 + below(4)))
    {
    }

    void run()
    {
        std::vector<TaskHandle<>> waiters;
        for (Ends &ends : m_ends)
            waiters.push_back(spawn(countEnd(*m_subject, ends)));
        m_loop.runReady();
        std::string first; // of the actions
        for (int actions = 1 + below(4); actions > 0; --actions) {
            const bool isCancel = below(2) == 0;
            if (first.empty())
                first = isCancel ? "cancel" : "bring";
            if (isCancel)
                waiters[std::size_t(below(int(waiters.size())))].cancel();
            else
                m_subject->bring();
            for (int steps = below(6) < 4 ? 0 : below(3); steps > 0 && m_loop.hasReady(); --steps)
                m_loop.step();
        }
        m_loop.runReady();
        for (int rounds = 0; rounds < 8; ++rounds) { // whoever still waits
            m_subject->bring();
            m_loop.runReady();
        }
        for (std::size_t i = 0; i < m_ends.size(); ++i) {
            require(waiters[i].isDone(), "a wait has not ended");
            require(m_ends[i].total() == 1, "a wait ended " + std::to_string(m_ends[i].total()) + " times");
            require(waiters[i].isCancelled() == (m_ends[i].cancellations == 1), "the task says otherwise than its wait");
            values += m_ends[i].values;
            cancellations += m_ends[i].cancellations;
        }
        if (m_ends.size() == 1 && first == "cancel")
            require(m_ends[0].cancellations == 1, "the cancellation came first");
        if (m_ends.size() == 1 && first == "bring" && !m_subject->isTasks())
            require(m_ends[0].values == 1, "the result came first");
        require(m_subject->isAsBefore(), "something got lost, or is held");
        require(m_loop.leftovers().isEmpty(), m_loop.leftovers().join("; ").toStdString());
    }

    int values = 0;
    int cancellations = 0;

private:
    std::unique_ptr<Subject> m_subject;
    std::vector<Ends> m_ends;
};

} // namespace

Q_DECLARE_METATYPE(MakeSubject)

class TestCancelRaces : public QObject
{
    Q_OBJECT

private slots:
    void eachWaitEndsOnce_data();
    void eachWaitEndsOnce();

private:
    std::optional<VirtualScheduler> loop; // one for each race
};

void TestCancelRaces::eachWaitEndsOnce_data()
{
    QTest::addColumn<MakeSubject>("make");
    QTest::newRow("event") << maker<EventSubject>();
    QTest::newRow("future") << maker<FutureSubject>();
    QTest::newRow("timer") << maker<TimerSubject>();
    QTest::newRow("mutex") << maker<MutexSubject>();
    QTest::newRow("semaphore") << maker<SemaphoreSubject>();
    QTest::newRow("permit") << maker<PermitSubject>();
    QTest::newRow("queue, get") << maker<GetSubject>();
    QTest::newRow("queue, put") << maker<PutSubject>();
    QTest::newRow("condition") << maker<ConditionSubject>();
    QTest::newRow("barrier") << maker<BarrierSubject>();
    QTest::newRow("handle") << maker<HandleSubject>();
    QTest::newRow("gather") << maker<GatherSubject>();
    QTest::newRow("race") << maker<RaceSubject>();
    QTest::newRow("group") << maker<GroupSubject>();
}

void TestCancelRaces::eachWaitEndsOnce()
{
    QFETCH(MakeSubject, make);
    int values = 0;
    int cancellations = 0;
    for (unsigned seed = 1; seed <= racesPerRow; ++seed) {
        loop.emplace();
        Race race(*loop, make(), seed);
        race.run();
        QVERIFY2(race.failure().isEmpty(), qPrintable(race.failure()));
        values += race.values;
        cancellations += race.cancellations;
    }
    // Both ends are common.
    QVERIFY2(values > racesPerRow / 4 && cancellations > racesPerRow / 4,
             qPrintable(QString("%1 values, %2 cancellations").arg(values).arg(cancellations)));
}

QTEST_APPLESS_MAIN(TestCancelRaces)
#include "tst_cancelraces.moc"
