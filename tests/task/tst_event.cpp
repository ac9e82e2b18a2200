// SPDX-License-Identifier: MIT
#include <tests/allocations.h>
#include <tests/task/primitives.h>

#include <interloop/task/event.h>
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

static_assert(!std::is_aggregate_v<Event>);
static_assert(!std::is_aggregate_v<EventAwaiter>);
static_assert(!std::is_aggregate_v<decltype(std::declval<Event &>().wait())>);

namespace {

Task<> waitFor(Event &event)
{
    co_await event.wait();
}

} // namespace

class TestEvent : public QObject
{
    Q_OBJECT

private slots:
    void init() { loop.emplace(); }
    void cleanup() { QCOMPARE(end(loop), QStringList()); }

    void setEventDoesNotSuspend();
    void waitersGoOnInOrder();
    void settingOnlyQueues();
    void clearedEventMakesWaitAgain();
    void waitersThatWereWokenGoOnAfterClear();
    void cancelledWaiterLeavesTheOthersAlone();
    void waiterThatWasWokenIsNotCancelled();
    void cancelThatIsPendingIsThrownAlsoWhenSet();
    void cancelOfEveryWaiterLeavesTheEventUsable();
    void combinatorsAcceptAWait();
    void destroyedWithWaiters();
    void destroyedAfterTheWakeUp();
    void waitingAllocatesNothing();
    void saysWhatIsWaitedFor();
    void randomOperations_data();
    void randomOperations();

private:
    std::optional<VirtualScheduler> loop;
};

void TestEvent::setEventDoesNotSuspend()
{
    Event event;
    QVERIFY(!event.isSet());
    event.set();
    QVERIFY(event.isSet());
    spawn(noteEnd("a", event.wait()));
    QCOMPARE(loop->runReady(), 1);
    QCOMPARE(loop->takeNotes(), QStringList{"a@0"});
}

void TestEvent::waitersGoOnInOrder()
{
    const FifoOrder fifo;
    Event event;
    for (const char *name : {"a", "b", "c"})
        spawn(noteEnd(name, event.wait()));
    loop->runUntil(1s);
    QCOMPARE(loop->takeNotes(), QStringList());
    event.set();
    spawn(noteEnd("late", event.wait()));
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"a@1", "b@1", "c@1", "late@1"}));
}

void TestEvent::settingOnlyQueues()
{
    Event event;
    spawn(noteEnd("a", event.wait()));
    loop->runReady();
    const std::uint64_t before = loop->takenCount();
    event.set();
    QCOMPARE(loop->takenCount(), before);
    QVERIFY(loop->hasReady());
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"a@0"});
}

void TestEvent::clearedEventMakesWaitAgain()
{
    Event event;
    event.set();
    event.clear();
    QVERIFY(!event.isSet());
    spawn(noteEnd("a", event.wait()));
    loop->runUntil(1s);
    QCOMPARE(loop->takeNotes(), QStringList());
    event.set();
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"a@1"});
}

void TestEvent::waitersThatWereWokenGoOnAfterClear()
{
    Event event;
    spawn(noteEnd("a", event.wait()));
    loop->runReady();
    event.set();
    event.clear();
    spawn(noteEnd("late", event.wait()));
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"a@0"});
    event.set();
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"late@0"});
}

void TestEvent::cancelledWaiterLeavesTheOthersAlone()
{
    Event event;
    spawn(noteEnd("a", event.wait()));
    const TaskHandle<> second = spawn(noteEnd("b", event.wait()));
    spawn(noteEnd("c", event.wait()));
    loop->runReady();
    QVERIFY(second.cancel());
    loop->runReady();
    QCOMPARE(loop->takeNotes(), QStringList{"b cancelled@0"});
    QVERIFY(!event.isSet());
    event.set();
    loop->run();
    QCOMPARE(unordered(loop->takeNotes()), unordered({"a@0", "c@0"}));
}

void TestEvent::waiterThatWasWokenIsNotCancelled()
{
    Event event;
    const TaskHandle<> last = spawn(noteEnd("a", event.wait()));
    const TaskHandle<> more = spawn(noteEndAfterYield("b", event.wait()));
    loop->runReady();
    event.set();
    QVERIFY(last.cancel());
    QVERIFY(more.cancel());
    loop->run();
    QCOMPARE(unordered(loop->takeNotes()), unordered({"a@0", "b has it@0", "b cancelled@0"}));
    QCOMPARE(endOf(last), "value");
}

void TestEvent::cancelThatIsPendingIsThrownAlsoWhenSet()
{
    Event event;
    event.set();
    const auto body = [](Event &event) -> Task<> {
        try {
            co_await sleepFor(1s);
        } catch (const Cancelled &) {
        }
        co_await event.wait();
        note("went on");
    };
    const TaskHandle<> task = spawn(body(event));
    loop->runReady();
    task.cancel();
    loop->run();
    QCOMPARE(endOf(task), "cancelled");
    QCOMPARE(loop->takeNotes(), QStringList());
}

void TestEvent::cancelOfEveryWaiterLeavesTheEventUsable()
{
    Event event;
    std::vector<TaskHandle<>> waiters;
    for (int n = 0; n < 10; ++n)
        waiters.push_back(spawn(waitFor(event)));
    loop->runReady();
    for (const TaskHandle<> &waiter : waiters)
        waiter.cancel();
    loop->run();
    for (const TaskHandle<> &waiter : waiters)
        QCOMPARE(endOf(waiter), "cancelled");
    spawn(noteEnd("a", event.wait()));
    loop->runReady();
    event.set();
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"a@0"});
}

void TestEvent::combinatorsAcceptAWait()
{
    Event never, soon;
    const auto setAfter = [](Event &event) -> Task<> {
        co_await sleepFor(1s);
        event.set();
    };

    QCOMPARE(thrownBy([&] { loop->runTask(withTimeout(500ms, never.wait())); }), "timed out after 500 ms");
    spawn(setAfter(soon));
    QCOMPARE(loop->runTask(race(never.wait(), soon.wait())).index(), std::size_t(1));
    QCOMPARE(thrownBy([&] { loop->runTask(withTimeout(1s, soon.wait())); }), "nothing");
    loop->runTask(gather(soon.wait(), soon.wait()));
    loop->runTask(shield(soon.wait()));
    loop->runTask(asTask(soon.wait()));
    QCOMPARE(loop->elapsed(), 1500ms);
}

void TestEvent::destroyedWithWaiters()
{
    std::optional<Event> event(std::in_place);
    spawn(noteEnd("a", event->wait()));
    spawn(noteEnd("b", event->wait()));
    loop->runReady();
    event.reset();
    loop->run();
    const QString error = ": an event was destroyed while a task waited for it@0";
    QCOMPARE(unordered(loop->takeNotes()), unordered({"a" + error, "b" + error}));
}

void TestEvent::destroyedAfterTheWakeUp()
{
    std::optional<Event> event(std::in_place);
    const TaskHandle<> waiter = spawn(noteEnd("a", event->wait()));
    loop->runReady();
    event->set();
    event.reset();
    QCOMPARE(waitOf(waiter), "an event");
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"a@0"});
}

void TestEvent::waitingAllocatesNothing()
{
    const FifoOrder fifo;
    Event event;
    for (int n = 0; n < 1000; ++n)
        spawn(waitFor(event));
    const long before = allocations;
    QCOMPARE(loop->runReady(), 1000);
    event.set();
    QCOMPARE(loop->runReady(), 1000);
    QCOMPARE(allocations - before, 0);
}

void TestEvent::saysWhatIsWaitedFor()
{
    Event event;
    const TaskHandle<> waiter = spawn(waitFor(event));
    loop->runReady();
    QCOMPARE(waitOf(waiter), "an event");
    event.set();
    loop->run();
}

namespace {

// The model: whether the event is set; who waits; who was woken and has not gone on, in that order.
class EventTorture : public Torture
{
public:
    using Torture::Torture;

    void run(int operations)
    {
        for (int n = 0; n < operations; ++n) {
            operate();
            require(m_event.isSet() == m_isSet, "isSet");
        }
        set();
        m_loop.run();
        require(m_waiting.empty() && m_woken.empty(), "somebody still waits");
        require(!hasTasks(), "somebody has not ended");
    }

private:
    void operate()
    {
        switch (below(8)) {
        case 0:
        case 1:
        case 2:
            add(waiter);
            return;
        case 3:
            set();
            return;
        case 4:
            m_event.clear();
            m_isSet = false;
            return;
        case 5:
            if (const int id = cancelSomebody(); std::erase(m_waiting, id) == 1)
                m_cancelled.insert(id);
            return;
        default:
            step();
        }
    }

    void set()
    {
        m_event.set();
        m_isSet = true;
        m_woken.insert(m_woken.end(), m_waiting.begin(), m_waiting.end());
        m_waiting.clear();
    }

    static Task<> waiter(EventTorture &self, int id)
    {
        self.begin(id);
        const bool mustWait = !self.m_isSet;
        if (mustWait)
            self.m_waiting.push_back(id);
        try {
            co_await self.m_event.wait();
            if (mustWait) {
                self.require(self.m_loop.isOrderRandom() || self.m_woken.front() == id, "woken out of order");
                self.require(std::erase(self.m_woken, id) == 1, "went on, but was not woken");
            }
        } catch (const Cancelled &) {
            self.require(self.m_cancelled.erase(id) == 1, "cancelled though it was woken");
        }
        self.end(id);
    }

    Event m_event;
    bool m_isSet = false;
    std::deque<int> m_waiting;
    std::deque<int> m_woken;
    std::set<int> m_cancelled; // while they waited; have not gone on
};

} // namespace

void TestEvent::randomOperations_data()
{
    addSeeds();
}

void TestEvent::randomOperations()
{
    QCOMPARE(tortureFailure<EventTorture>(*loop), QString());
}

QTEST_APPLESS_MAIN(TestEvent)
#include "tst_event.moc"
