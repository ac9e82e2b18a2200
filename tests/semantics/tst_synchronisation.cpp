// SPDX-License-Identifier: MIT
#include <tests/cleanupcheck.h>
#include <tests/drivers.h>
#include <tests/testmain.h>
#include <tests/timeline.h>

#include <interloop/interloop.h>

#include <QStringList>
#include <QTimer>
#include <uv.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/*
 * The synchronisation primitives on the merged loop: plain functions wait for them, and whatever calls back may end
 * such a wait, libuv inside uv_run included.
 */

using namespace interloop;
using namespace interloop::test;
using namespace std::chrono_literals;

class TestSynchronisation : public QObject
{
    Q_OBJECT

private slots:
    void init() { m_leaks.begin(); }
    void cleanup() { m_leaks.check(); }

    void aRawLibuvCallbackEndsEveryKindOfWait_data() { addDrivers(); }
    void aRawLibuvCallbackEndsEveryKindOfWait();
    void aSlotEndsAPlainFunctionsWait_data() { addDrivers(); }
    void aSlotEndsAPlainFunctionsWait();
    void aPlainFunctionHoldsALock_data() { addDrivers(); }
    void aPlainFunctionHoldsALock();
    void aTimeoutOfARunLeavesThePrimitivesUsable_data() { addDrivers(); }
    void aTimeoutOfARunLeavesThePrimitivesUsable();
    void aBridgeEndsThoughAMutexIsNeverGivenBack();

private:
    CleanupCheck m_leaks;
};

namespace {

// One of each, and what a callback does with them.
class Primitives
{
public:
    // The guard lies on no stack and is taken by no task, so anyone may give the mutex back: waiting is no deadlock.
    static std::unique_ptr<Primitives> make()
    {
        auto all = std::make_unique<Primitives>();
        Bridge::current().post([&all] { all->guard = all->mutex.tryLock(); });
        runSync(yield());
        return all;
    }

    void letAllGo()
    {
        event.set();
        guard.unlock();
        semaphore.release();
        condition.notifyAll();
        queue.tryPut(7);
        closed.close();
        order += "callback has ended";
    }

    Event event;
    Mutex mutex;
    MutexGuard guard;
    Semaphore semaphore{0};
    Mutex conditionsMutex;
    Condition condition{conditionsMutex};
    Queue<int> queue;
    Queue<int> closed;
    QStringList order;
};

Task<> noteWhenOver(Primitives &all, QString name, Task<> wait)
{
    co_await std::move(wait);
    all.order += name;
}

Task<> listen(Primitives &all)
{
    MutexGuard guard = co_await all.conditionsMutex.lock();
    co_await all.condition.wait(guard);
}

template<typename A>
Task<> dropResult(A awaitable)
{
    static_cast<void>(co_await std::move(awaitable));
}

std::vector<Task<>> waitForEach(Primitives &all)
{
    std::vector<Task<>> waits;
    waits.push_back(noteWhenOver(all, "event", dropResult(all.event.wait())));
    waits.push_back(noteWhenOver(all, "mutex", dropResult(all.mutex.lock())));
    waits.push_back(noteWhenOver(all, "semaphore", dropResult(all.semaphore.acquire())));
    waits.push_back(noteWhenOver(all, "condition", listen(all)));
    waits.push_back(noteWhenOver(all, "queue", dropResult(all.queue.get())));
    waits.push_back(noteWhenOver(all, "closed queue", dropResult(all.closed.next())));
    return waits;
}

} // namespace

void TestSynchronisation::aRawLibuvCallbackEndsEveryKindOfWait()
{
    QFETCH(Driver, driver);
    drive(driver, [] {
        const auto all = Primitives::make();
        uv_timer_t timer;
        uv_timer_init(Bridge::current().uvLoop(), &timer);
        timer.data = all.get();
        uv_timer_start(&timer, [](uv_timer_t *fired) { static_cast<Primitives *>(fired->data)->letAllGo(); }, 10, 0);
        runSync(gather(waitForEach(*all)));
        QCOMPARE(all->order, (QStringList{"callback has ended", "event", "mutex", "semaphore", "condition", "queue",
                                         "closed queue"}));
        uv_close(reinterpret_cast<uv_handle_t *>(&timer), nullptr);
        runSync(sleepFor(1ms)); // libuv gives the timer's memory back
    });
}

void TestSynchronisation::aSlotEndsAPlainFunctionsWait()
{
    QFETCH(Driver, driver);
    drive(driver, [] {
        Event event;
        Queue<std::string> queue;
        Semaphore semaphore(0);
        Barrier barrier(2);
        QTimer::singleShot(10, [&] { event.set(); });
        runSync(event.wait());
        QTimer::singleShot(10, [&] { queue.tryPut("text"); });
        QCOMPARE(runSync(queue.get()), std::string("text"));
        QTimer::singleShot(10, [&] { queue.close(); });
        QCOMPARE(runSync(queue.next()), std::optional<std::string>());
        QVERIFY(!tryRunSync(queue.put("late")));
        QTimer::singleShot(10, [&] { semaphore.release(); });
        runSync(semaphore.acquire());
        QTimer::singleShot(10, [&] { runSync(barrier.wait()); });
        QCOMPARE(runSync(barrier.wait()), 0);
    });
}

void TestSynchronisation::aPlainFunctionHoldsALock()
{
    QFETCH(Driver, driver);
    drive(driver, [] {
        Mutex mutex;
        QStringList order;
        const auto other = [](Mutex &mutex, QStringList &order) -> Task<> {
            const MutexGuard guard = co_await mutex.lock();
            order += "task";
        };
        TaskHandle<> task;
        {
            const MutexGuard guard = runSync(mutex.lock());
            QVERIFY(guard.isValid());
            task = spawn(other(mutex, order));
            runSync(sleepFor(10ms));
            order += "plain function";
        }
        runSync(task);
        QCOMPARE(order, (QStringList{"plain function", "task"}));
        QVERIFY(!mutex.isLocked());
    });
}

void TestSynchronisation::aTimeoutOfARunLeavesThePrimitivesUsable()
{
    QFETCH(Driver, driver);
    drive(driver, [] {
        const auto all = Primitives::make();
        for (Task<> &wait : waitForEach(*all))
            QCOMPARE(tryRunSync(std::move(wait), RunOptions().timeout(5ms)).outcome(), Outcome::TimedOut);
        QVERIFY(!all->conditionsMutex.isLocked());
        all->letAllGo();
        QVERIFY(!all->mutex.isLocked());
        QCOMPARE(all->semaphore.available(), 1);
        QCOMPARE(all->queue.size(), std::size_t(1));
        QCOMPARE(all->order, QStringList{"callback has ended"});
    });
}

// Past the shutdown limit the end no longer waits for clean-up, and a wait for a condition is some.
void TestSynchronisation::aBridgeEndsThoughAMutexIsNeverGivenBack()
{
    Mutex mutex;
    Condition condition(mutex);
    bool hasMutex = true;
    const auto listener = [](Mutex &mutex, Condition &condition, bool &hasMutex) -> Task<> {
        MutexGuard guard = co_await mutex.lock();
        try {
            co_await condition.wait(guard);
        } catch (const Cancelled &) {
            hasMutex = guard.isValid();
            throw;
        }
    };
    const auto task = spawn(listener(mutex, condition, hasMutex));
    runSync(sleepFor(1ms));
    const MutexGuard kept = mutex.tryLock();
    QVERIFY(kept.isValid());
    const OwnTime time;
    Bridge::current().close();
    QVERIFY2(time.elapsed() < 2s, qPrintable(QString::number(time.elapsed() / 1ms)));
    QVERIFY(!hasMutex);
    QVERIFY(kept.isValid());
}

INTERLOOP_TEST_MAIN(TestSynchronisation)
#include "tst_synchronisation.moc"
