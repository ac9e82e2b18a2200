// SPDX-License-Identifier: MIT
#include <tests/allocations.h>
#include <tests/task/primitives.h>

#include <interloop/task/gather.h>
#include <interloop/task/queue.h>
#include <interloop/task/race.h>
#include <interloop/task/shield.h>
#include <interloop/task/timeout.h>

#include <QObject>
#include <QTest>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

using namespace interloop;
using namespace interloop::test;

static_assert(!std::is_aggregate_v<Queue<int>>);
static_assert(!std::is_aggregate_v<QueuePut<int>>);
static_assert(!std::is_aggregate_v<QueuePutAwaiter<int>>);
static_assert(!std::is_aggregate_v<QueueGetAwaiter<int>>);
static_assert(!std::is_aggregate_v<QueueNextAwaiter<int>>);
static_assert(std::is_same_v<AwaitResult<QueuePut<int>>, void>);
static_assert(std::is_same_v<AwaitResult<decltype(std::declval<Queue<int> &>().get())>, int>);
static_assert(std::is_same_v<AwaitResult<decltype(std::declval<Queue<int> &>().next())>, std::optional<int>>);

namespace {

Task<> put(std::string name, Queue<int> &queue, int item)
{
    return noteEnd(name, queue.put(item));
}

// Notes the item that it gets, or how else the wait ends; then lets the others go first.
Task<> get(std::string name, Queue<int> &queue)
{
    try {
        const int item = co_await queue.get();
        note(name + " got " + std::to_string(item));
        co_await yield();
    } catch (const Cancelled &) {
        note(name + " cancelled");
        throw;
    } catch (const std::exception &e) {
        note(name + ": " + e.what());
    }
}

Task<> next(std::string name, Queue<int> &queue)
{
    for (;;) {
        const std::optional<int> item = co_await queue.next();
        if (!item)
            break;
        note(name + " got " + std::to_string(*item));
    }
    note(name + " is at the end");
}

Task<int> getOnly(Queue<int> &queue)
{
    co_return co_await queue.get();
}

Task<> putOnly(Queue<int> &queue, int item)
{
    co_await queue.put(item);
}

// Counts its instances; an aggregate, as a user's item may be.
class Counter
{
public:
    Counter() { ++count; }
    Counter(const Counter &) { ++count; }
    Counter(Counter &&) noexcept { ++count; }
    Counter &operator=(const Counter &) = default;
    ~Counter() { --count; }

    static inline int count = 0;
};

struct Item
{
    std::string text;
    Counter counter;
};

const QString putIntoClosed = ": put: the queue is closed@0";
const QString getFromClosed = ": get: the queue is closed and has no item left@0";

} // namespace

class TestQueue : public QObject
{
    Q_OBJECT

private slots:
    void init() { loop.emplace(); }
    void cleanup() { QCOMPARE(end(loop), QStringList()); }

    void roomAndItemsDoNotSuspend();
    void itemsComeInOrder();
    void itemGoesToTheLongestWaiter();
    void fullQueueMakesPuttersWaitInOrder();
    void nobodyTakesAnItemInBetween();
    void nobodyTakesRoomInBetween();
    void tryPutAndTryGet();
    void refusedItemIsUntouched();
    void moveOnlyItems();
    void aggregatesAreDestroyedOnce();
    void puttingAndClosingOnlyQueue();
    void producersAndConsumers();

    void closedQueueRefusesItems();
    void closedQueueIsDrained();
    void closingWakesWhoeverWaitsForAnItem();
    void closingWakesWhoeverWaitsForRoom();
    void loopsEndWhenTheQueueIsClosed();

    void cancelledGetterIsSkipped();
    void cancelledPutterIsSkippedAndItsItemIsGone();
    void getterCancelledAfterTheHandOverHasTheItem();
    void putterCancelledAfterTheHandOverHasPut();
    void getterCancelledAfterTheCloseIsAtTheEnd();
    void cancelThatIsPendingTakesAndPutsNothing();
    void cancelOfEveryWaiterLeavesTheQueueUsable();
    void timeoutWhileWaiting();
    void timeoutAfterTheHandOverGivesTheItem();
    void combinatorsAcceptPutAndGet();

    void destroyedWithWaiters();
    void destroyedAfterTheHandOver();
    void waitingAllocatesNothing();
    void saysWhatIsWaitedFor();
    void randomOperations_data();
    void randomOperations();

private:
    std::optional<VirtualScheduler> loop;
};

void TestQueue::roomAndItemsDoNotSuspend()
{
    Queue<int> queue(1);
    QCOMPARE(queue.maximumSize(), std::size_t(1));
    QVERIFY(queue.isEmpty());
    spawn(put("a", queue, 1));
    QCOMPARE(loop->runReady(), 1);
    QCOMPARE(queue.size(), std::size_t(1));
    QVERIFY(queue.isFull());
    spawn(noteEnd("b", queue.get()));
    QCOMPARE(loop->runReady(), 1);
    QCOMPARE(queue.size(), std::size_t(0));
    QCOMPARE(loop->takeNotes(), (QStringList{"a@0", "b@0"}));
}

void TestQueue::itemsComeInOrder()
{
    Queue<int> queue;
    QCOMPARE(queue.maximumSize(), Queue<int>::unbounded);
    for (int n = 0; n < 1000; ++n)
        loop->runTask(putOnly(queue, n));
    QCOMPARE(queue.size(), std::size_t(1000));
    QVERIFY(!queue.isFull());
    for (int n = 0; n < 1000; ++n)
        QCOMPARE(loop->runTask(getOnly(queue)), n);
}

void TestQueue::itemGoesToTheLongestWaiter()
{
    const FifoOrder fifo;
    Queue<int> queue;
    for (const char *name : {"a", "b", "c"})
        spawn(get(name, queue));
    loop->runUntil(1s);
    for (int n : {1, 2, 3})
        spawn(put("put", queue, n));
    loop->run();
    QCOMPARE(loop->takeNotes(),
             (QStringList{"put@1", "put@1", "put@1", "a got 1@1", "b got 2@1", "c got 3@1"}));
    QVERIFY(queue.isEmpty());
}

void TestQueue::fullQueueMakesPuttersWaitInOrder()
{
    Queue<int> queue(2);
    for (int n : {1, 2, 3, 4})
        start(put(std::to_string(n), queue, n));
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"1@0", "2@0"}));
    QCOMPARE(queue.size(), std::size_t(2));
    QCOMPARE(loop->runTask(getOnly(queue)), 1);
    QCOMPARE(loop->takeNotes(), QStringList{"3@0"});
    QVERIFY(queue.isFull());
    QCOMPARE(loop->runTask(getOnly(queue)), 2);
    QCOMPARE(loop->takeNotes(), QStringList{"4@0"});
    QCOMPARE(loop->runTask(getOnly(queue)), 3);
    QCOMPARE(loop->runTask(getOnly(queue)), 4);
    QVERIFY(queue.isEmpty());
}

void TestQueue::nobodyTakesAnItemInBetween()
{
    Queue<int> queue;
    spawn(get("waiter", queue));
    loop->runReady();
    QVERIFY(queue.tryPut(1));
    QVERIFY(queue.isEmpty());
    QVERIFY(!queue.tryGet());
    spawn(get("late", queue));
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"waiter got 1@0"});
    QVERIFY(queue.tryPut(2));
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"late got 2@0"});
}

void TestQueue::nobodyTakesRoomInBetween()
{
    Queue<int> queue(1);
    QVERIFY(queue.tryPut(1));
    spawn(put("waiter", queue, 2));
    loop->runReady();
    QCOMPARE(queue.tryGet(), std::optional<int>(1));
    QVERIFY(queue.isFull());
    QVERIFY(!queue.tryPut(3));
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"waiter@0"});
    QCOMPARE(queue.tryGet(), std::optional<int>(2));
    QCOMPARE(queue.tryGet(), std::optional<int>());
}

void TestQueue::tryPutAndTryGet()
{
    Queue<std::string> queue(2);
    const std::string text = "a text that is too long to lie within the string object itself";
    QVERIFY(queue.tryPut(text));
    QVERIFY(queue.tryPut("b"));
    QVERIFY(!queue.tryPut("c"));
    QCOMPARE(queue.tryGet(), std::optional<std::string>(text));
    QCOMPARE(queue.tryGet(), std::optional<std::string>("b"));
    QVERIFY(!queue.tryGet());
}

void TestQueue::refusedItemIsUntouched()
{
    Queue<std::unique_ptr<int>> queue(1);
    QVERIFY(queue.tryPut(std::make_unique<int>(1)));
    auto item = std::make_unique<int>(2);
    QVERIFY(!queue.tryPut(std::move(item)));
    QVERIFY(item);
    queue.close();
    QVERIFY(queue.tryGet());
    QVERIFY(!queue.tryPut(std::move(item)));
    QVERIFY(item);
}

void TestQueue::moveOnlyItems()
{
    Queue<std::unique_ptr<int>> queue(1);
    const auto produce = [](Queue<std::unique_ptr<int>> &queue) -> Task<> {
        for (int n = 1; n <= 4; ++n)
            co_await queue.put(std::make_unique<int>(n));
        queue.close();
    };
    const auto sum = [](Queue<std::unique_ptr<int>> &queue) -> Task<int> {
        int total = 0;
        for (;;) {
            const std::unique_ptr<int> one = co_await queue.get();
            total += *one;
            const std::optional<std::unique_ptr<int>> two = co_await queue.next();
            total += 10 * **two;
            if (queue.isClosed() && queue.isEmpty())
                co_return total;
        }
    };
    spawn(produce(queue));
    QCOMPARE(loop->runTask(sum(queue)), 1 + 20 + 3 + 40);
}

void TestQueue::aggregatesAreDestroyedOnce()
{
    static_assert(std::is_aggregate_v<Item>);
    {
        Queue<Item> queue(1);
        const auto produce = [](Queue<Item> &queue) -> Task<> {
            Item moved;
            moved.text = "moved, and too long to lie within the string object itself";
            co_await queue.put(std::move(moved));
            const Item copied = moved;
            co_await queue.put(copied);
            Item dropped;
            co_await queue.put(std::move(dropped));
        };
        const TaskHandle<> producer = spawn(produce(queue));
        const auto consume = [](Queue<Item> &queue) -> Task<std::string> {
            const Item one = co_await queue.get();
            const std::optional<Item> two = co_await queue.next();
            co_return one.text + (two ? "." : "?");
        };
        QCOMPARE(loop->runTask(consume(queue)),
                 std::string("moved, and too long to lie within the string object itself."));
        QVERIFY(producer.isDone());
        QCOMPARE(Counter::count, 1); // left in the queue
    }
    QCOMPARE(Counter::count, 0);
}

void TestQueue::puttingAndClosingOnlyQueue()
{
    Queue<int> queue;
    start(get("a", queue));
    start(get("b", queue));
    loop->runReady();
    const std::uint64_t before = loop->takenCount();
    QVERIFY(queue.tryPut(1));
    queue.close();
    QCOMPARE(loop->takenCount(), before);
    QCOMPARE(loop->takeNotes(), QStringList());
    loop->run();
    QCOMPARE(unordered(loop->takeNotes()), unordered({"a got 1@0", "b" + getFromClosed}));
}

void TestQueue::producersAndConsumers()
{
    // given: three producers of ten items each, at their own pace, and two slow consumers
    Queue<int> queue(2);
    const auto produce = [](Queue<int> &queue, int first, std::chrono::nanoseconds pace) -> Task<> {
        for (int n = first; n < first + 10; ++n) {
            co_await sleepFor(pace);
            co_await queue.put(n);
        }
    };
    std::vector<int> got;
    const auto consume = [](Queue<int> &queue, std::vector<int> &got) -> Task<> {
        for (;;) {
            const std::optional<int> item = co_await queue.next();
            if (!item)
                co_return;
            got.push_back(*item);
            co_await sleepFor(5ms);
        }
    };
    const auto work = [&]() -> Task<> {
        const auto consumers = spawn(asTask(gather(consume(queue, got), consume(queue, got))));
        co_await gather(produce(queue, 0, 1ms), produce(queue, 100, 2ms), produce(queue, 200, 3ms));
        queue.close();
        co_await consumers;
    };

    // when
    loop->runTask(work());

    // then: each item came once, and those of one producer in order
    QCOMPARE(got.size(), std::size_t(30));
    for (int first : {0, 100, 200}) {
        std::vector<int> ofOne;
        for (int item : got) {
            if (item / 100 * 100 == first)
                ofOne.push_back(item - first);
        }
        QCOMPARE(ofOne, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
    }
    QCOMPARE(loop->time(), "0.077"); // fifteen items at 5 ms for each consumer; the later one began at 2 ms
}

void TestQueue::closedQueueRefusesItems()
{
    Queue<int> queue;
    QVERIFY(!queue.isClosed());
    queue.close();
    queue.close();
    QVERIFY(queue.isClosed());
    QVERIFY(!queue.tryPut(1));
    spawn(put("a", queue, 1));
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"a" + putIntoClosed});
    QVERIFY_THROWS_EXCEPTION(QueueClosed, loop->runTask(putOnly(queue, 1)));
    QVERIFY(queue.isEmpty());
}

void TestQueue::closedQueueIsDrained()
{
    Queue<int> queue;
    for (int n : {1, 2, 3})
        QVERIFY(queue.tryPut(n));
    queue.close();
    QCOMPARE(queue.size(), std::size_t(3));
    QCOMPARE(loop->runTask(getOnly(queue)), 1);
    QCOMPARE(queue.tryGet(), std::optional<int>(2));
    QCOMPARE(loop->runTask(asTask(queue.next())), std::optional<int>(3));
    QCOMPARE(loop->runTask(asTask(queue.next())), std::optional<int>());
    QCOMPARE(queue.tryGet(), std::optional<int>());
    QVERIFY_THROWS_EXCEPTION(QueueClosed, loop->runTask(getOnly(queue)));
}

void TestQueue::closingWakesWhoeverWaitsForAnItem()
{
    Queue<int> queue;
    spawn(get("a", queue));
    spawn(next("b", queue));
    loop->runReady();
    queue.close();
    loop->run();
    QCOMPARE(unordered(loop->takeNotes()), unordered({"a" + getFromClosed, "b is at the end@0"}));
}

void TestQueue::closingWakesWhoeverWaitsForRoom()
{
    Queue<int> queue(1);
    for (int n : {1, 2, 3})
        start(put(std::to_string(n), queue, n));
    loop->runReady();
    queue.close();
    loop->run();
    QCOMPARE(unordered(loop->takeNotes()), unordered({"1@0", "2" + putIntoClosed, "3" + putIntoClosed}));
    QCOMPARE(queue.tryGet(), std::optional<int>(1));
    QCOMPARE(queue.tryGet(), std::optional<int>());
}

void TestQueue::loopsEndWhenTheQueueIsClosed()
{
    Queue<int> queue;
    spawn(next("a", queue));
    loop->runReady();
    for (int n : {1, 2})
        QVERIFY(queue.tryPut(n));
    queue.close();
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"a got 1@0", "a got 2@0", "a is at the end@0"}));
}

void TestQueue::cancelledGetterIsSkipped()
{
    Queue<int> queue;
    const TaskHandle<> first = start(get("a", queue));
    start(get("b", queue));
    loop->runReady();
    QVERIFY(first.cancel());
    QVERIFY(queue.tryPut(1));
    loop->run();
    QCOMPARE(unordered(loop->takeNotes()), unordered({"a cancelled@0", "b got 1@0"}));
}

void TestQueue::cancelledPutterIsSkippedAndItsItemIsGone()
{
    Queue<int> queue(1);
    QVERIFY(queue.tryPut(1));
    const TaskHandle<> first = start(put("a", queue, 2));
    start(put("b", queue, 3));
    loop->runReady();
    QVERIFY(first.cancel());
    QCOMPARE(queue.tryGet(), std::optional<int>(1));
    QCOMPARE(queue.tryGet(), std::optional<int>(3));
    loop->run();
    QCOMPARE(unordered(loop->takeNotes()), unordered({"a cancelled@0", "b@0"}));
    QVERIFY(queue.isEmpty());
}

void TestQueue::getterCancelledAfterTheHandOverHasTheItem()
{
    Queue<int> queue;
    const TaskHandle<> first = start(get("a", queue));
    start(get("b", queue));
    loop->runReady();
    QVERIFY(queue.tryPut(1));
    QVERIFY(first.cancel());
    QVERIFY(queue.tryPut(2));
    loop->run();
    QCOMPARE(unordered(loop->takeNotes()), unordered({"a got 1@0", "a cancelled@0", "b got 2@0"}));
}

void TestQueue::putterCancelledAfterTheHandOverHasPut()
{
    Queue<int> queue(1);
    QVERIFY(queue.tryPut(1));
    const TaskHandle<> putter = spawn(noteEndAfterYield("a", queue.put(2)));
    loop->runReady();
    QCOMPARE(queue.tryGet(), std::optional<int>(1));
    QVERIFY(putter.cancel());
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"a has it@0", "a cancelled@0"}));
    QCOMPARE(queue.tryGet(), std::optional<int>(2));
}

void TestQueue::getterCancelledAfterTheCloseIsAtTheEnd()
{
    Queue<int> queue;
    const TaskHandle<> getter = spawn(get("a", queue));
    loop->runReady();
    queue.close();
    QVERIFY(getter.cancel());
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"a" + getFromClosed});
}

void TestQueue::cancelThatIsPendingTakesAndPutsNothing()
{
    Queue<int> queue;
    QVERIFY(queue.tryPut(1));
    const auto body = [](Queue<int> &queue) -> Task<> {
        try {
            co_await sleepFor(1s);
        } catch (const Cancelled &) {
        }
        try {
            co_await queue.put(2);
        } catch (const Cancelled &) {
            note("not put");
        }
        co_await queue.get();
        note("went on");
    };
    const TaskHandle<> task = spawn(body(queue));
    loop->runReady();
    task.cancel();
    loop->run();
    QCOMPARE(endOf(task), "cancelled");
    QCOMPARE(loop->takeNotes(), QStringList{"not put@0"});
    QCOMPARE(queue.tryGet(), std::optional<int>(1));
    QCOMPARE(queue.tryGet(), std::optional<int>());
}

void TestQueue::cancelOfEveryWaiterLeavesTheQueueUsable()
{
    Queue<int> queue(1);
    std::vector<TaskHandle<int>> getters;
    for (int n = 0; n < 10; ++n)
        getters.push_back(spawn(getOnly(queue)));
    loop->runReady();
    for (const TaskHandle<int> &getter : getters)
        getter.cancel();
    QVERIFY(queue.tryPut(1));
    QCOMPARE(queue.size(), std::size_t(1));
    std::vector<TaskHandle<>> putters;
    for (int n = 0; n < 10; ++n)
        putters.push_back(spawn(putOnly(queue, 2)));
    loop->run();
    for (const TaskHandle<int> &getter : getters)
        QCOMPARE(endOf(getter), "cancelled");
    for (const TaskHandle<> &putter : putters)
        putter.cancel();
    loop->run();
    for (const TaskHandle<> &putter : putters)
        QCOMPARE(endOf(putter), "cancelled");
    QCOMPARE(loop->runTask(getOnly(queue)), 1);
    QVERIFY(queue.isEmpty());
    loop->runTask(putOnly(queue, 3));
    QCOMPARE(loop->runTask(getOnly(queue)), 3);
}

void TestQueue::timeoutWhileWaiting()
{
    Queue<int> queue(1);
    QCOMPARE(thrownBy([&] { loop->runTask(withTimeout(1s, queue.get())); }), "timed out after 1000 ms");
    QCOMPARE(thrownBy([&] { loop->runTask(withTimeout(1s, queue.next())); }), "timed out after 1000 ms");
    loop->runTask(withTimeout(1s, queue.put(1)));
    QCOMPARE(thrownBy([&] { loop->runTask(withTimeout(1s, queue.put(2))); }), "timed out after 1000 ms");
    QCOMPARE(loop->runTask(withTimeout(1s, queue.get())), 1);
    QVERIFY(queue.isEmpty());
}

// asyncio's wait_for(queue.get()) used to lose the item here.
void TestQueue::timeoutAfterTheHandOverGivesTheItem()
{
    Queue<int> queue;
    const TaskHandle<int> getter = spawn(withTimeout(1s, queue.get()));
    loop->runReady();
    QVERIFY(queue.tryPut(1));
    loop->timers().expireUntil(TimePoint(1s));
    loop->run();
    QCOMPARE(endOf(getter), "value");
    QCOMPARE(getter.state().slot().get(), 1);
}

void TestQueue::combinatorsAcceptPutAndGet()
{
    Queue<int> queue(1), other;
    loop->runTask(gather(queue.put(1), queue.put(2), queue.get(), queue.get()));
    QVERIFY(queue.isEmpty());
    loop->runTask(shield(queue.put(3)));
    const auto winner = loop->runTask(race(other.get(), queue.get()));
    QCOMPARE(winner.index(), std::size_t(1));
    QCOMPARE(std::get<1>(winner), 3);
    QVERIFY(other.tryPut(4));
    QCOMPARE(loop->runTask(asTask(other.get())), 4);
    loop->runTask(asTask(other.put(5)));
    QCOMPARE(other.size(), std::size_t(1));
}

void TestQueue::destroyedWithWaiters()
{
    std::optional<Queue<int>> getting(std::in_place), putting(1);
    QVERIFY(putting->tryPut(1));
    spawn(get("a", *getting));
    spawn(noteEnd("b", getting->next()));
    spawn(put("c", *putting, 2));
    loop->runReady();
    getting.reset();
    putting.reset();
    loop->run();
    const QString error = ": a queue was destroyed while a task waited for it@0";
    QCOMPARE(unordered(loop->takeNotes()), unordered({"a" + error, "b" + error, "c" + error}));
}

void TestQueue::destroyedAfterTheHandOver()
{
    std::optional<Queue<int>> getting(std::in_place), putting(1);
    QVERIFY(putting->tryPut(1));
    const TaskHandle<> getter = spawn(get("a", *getting));
    const TaskHandle<> putter = spawn(put("b", *putting, 2));
    loop->runReady();
    QVERIFY(getting->tryPut(3));
    QVERIFY(putting->tryGet());
    getting.reset();
    putting.reset();
    QCOMPARE(waitOf(getter), "an item of a queue");
    QCOMPARE(waitOf(putter), "room in a queue");
    loop->run();
    QCOMPARE(unordered(loop->takeNotes()), unordered({"a got 3@0", "b@0"}));
}

void TestQueue::waitingAllocatesNothing()
{
    const FifoOrder fifo;
    Queue<int> queue(1);
    QVERIFY(queue.tryPut(0));
    std::vector<TaskHandle<>> putters;
    for (int n = 0; n < 1000; ++n)
        spawn(putOnly(queue, n));
    long before = allocations;
    QCOMPARE(loop->runReady(), 1000);
    QCOMPARE(allocations - before, 0);
    while (queue.tryGet()) { }
    loop->runReady();

    for (int n = 0; n < 1000; ++n)
        spawn(getOnly(queue));
    before = allocations;
    QCOMPARE(loop->runReady(), 1000);
    for (int n = 0; n < 1000; ++n)
        QVERIFY(queue.tryPut(n));
    QCOMPARE(loop->runReady(), 1000);
    QCOMPARE(allocations - before, 0);
}

void TestQueue::saysWhatIsWaitedFor()
{
    Queue<int> queue(1);
    const TaskHandle<int> getter = spawn(getOnly(queue));
    loop->runReady();
    QCOMPARE(waitOf(getter), "an item of a queue");
    QVERIFY(queue.tryPut(1) && queue.tryPut(2));
    const TaskHandle<> putter = spawn(putOnly(queue, 3));
    loop->runReady();
    QCOMPARE(waitOf(putter), "room in a queue");
    queue.tryGet();
    loop->run();
}

namespace {

// The model: what is in the queue; who waits for room, with which item; who waits for an item; what those who need not
// wait any more will find.
class QueueTorture : public Torture
{
public:
    using Torture::Torture;

    void run(int operations)
    {
        for (int n = 0; n < operations; ++n) {
            operate();
            require(m_queue.size() == m_items.size(), "size");
            require(m_getters.empty() || (m_items.empty() && m_putters.empty()),
                    "an item is there, and somebody waits");
            require(m_putters.empty() || m_items.size() == maximumSize, "there is room, and somebody waits");
        }
        closeAndDrain();
        require(m_gotten == m_accepted, "an item was lost, came twice or out of order");
        require(m_accepted.size() > 1000, "too few items to tell");
    }

private:
    static constexpr std::size_t maximumSize = 3;

    void operate()
    {
        switch (below(10)) {
        case 0:
        case 1:
        case 2:
            add(putter, m_nextItem++);
            return;
        case 3:
        case 4:
        case 5:
            add(getter, below(2) == 0);
            return;
        case 6:
            cancelOne();
            return;
        case 7:
            if (below(2) == 0)
                putFromPlainCode();
            else
                getFromPlainCode();
            return;
        default:
            step();
        }
    }

    void cancelOne()
    {
        const int id = cancelSomebody();
        const auto isIt = [id](const auto &putter) { return putter.first == id; };
        if (std::erase_if(m_putters, isIt) == 1 || std::erase(m_getters, id) == 1)
            m_skipped.insert(id);
    }

    void putFromPlainCode()
    {
        const int item = m_nextItem++;
        const bool isRoom = !m_getters.empty() || m_items.size() < maximumSize;
        require(m_queue.tryPut(item) == isRoom, "tryPut");
        if (isRoom)
            accept(item);
    }

    void getFromPlainCode()
    {
        const std::optional<int> item = m_queue.tryGet();
        require(item.has_value() == !m_items.empty(), "tryGet");
        if (!item)
            return;
        require(*item == m_items.front(), "tryGet: another item");
        takeFirst();
    }

    void closeAndDrain()
    {
        m_loop.run();
        m_queue.close();
        for (const auto &[id, item] : m_putters)
            m_refused.insert(id);
        for (int id : m_getters)
            m_atEnd.insert(id);
        m_putters.clear();
        m_getters.clear();
        while (!m_items.empty()) {
            getFromPlainCode();
            m_loop.run();
        }
        add(putter, m_nextItem++);
        add(getter, true);
        add(getter, false);
        m_loop.run();
        require(!hasTasks(), "somebody has not ended");
        require(!m_queue.tryGet(), "something is left");
        require(m_expected.empty() && m_refused.empty() && m_atEnd.empty(), "somebody was not told");
    }

    // An item goes into the queue, or to whoever waits for one.
    void accept(int item)
    {
        m_accepted.push_back(item);
        if (m_getters.empty()) {
            m_items.push_back(item);
            return;
        }
        m_expected[m_getters.front()] = item;
        m_gotten.push_back(item);
        m_getters.pop_front();
    }

    int takeFirst()
    {
        const int item = m_items.front();
        m_items.pop_front();
        m_gotten.push_back(item);
        if (!m_putters.empty()) {
            m_items.push_back(m_putters.front().second);
            m_accepted.push_back(m_putters.front().second);
            m_putters.pop_front();
        }
        return item;
    }

    static Task<> putter(QueueTorture &self, int id, int item)
    {
        self.begin(id);
        if (self.m_queue.isClosed())
            self.m_refused.insert(id);
        else if (!self.m_getters.empty() || self.m_items.size() < maximumSize)
            self.accept(item);
        else
            self.m_putters.emplace_back(id, item);
        try {
            co_await self.m_queue.put(item);
            const bool waits = std::any_of(self.m_putters.begin(), self.m_putters.end(),
                                           [id](const auto &putter) { return putter.first == id; });
            self.require(!waits && !self.m_refused.contains(id), "put though there was no room");
        } catch (const Cancelled &) {
            self.require(self.m_skipped.erase(id) == 1, "put, and cancelled");
        } catch (const QueueClosed &) {
            self.require(self.m_refused.erase(id) == 1, "refused");
        }
        self.end(id);
    }

    static Task<> getter(QueueTorture &self, int id, bool throwing)
    {
        self.begin(id);
        if (!self.m_items.empty())
            self.m_expected[id] = self.takeFirst();
        else if (self.m_queue.isClosed())
            self.m_atEnd.insert(id);
        else
            self.m_getters.push_back(id);
        try {
            std::optional<int> item;
            if (throwing)
                item = co_await self.m_queue.get();
            else
                item = co_await self.m_queue.next();
            if (item) {
                const auto expected = self.m_expected.find(id);
                self.require(expected != self.m_expected.end() && expected->second == *item, "another item");
                self.m_expected.erase(id);
            } else {
                self.require(self.m_atEnd.erase(id) == 1, "at the end");
            }
        } catch (const Cancelled &) {
            self.require(self.m_skipped.erase(id) == 1, "cancelled though it had an item");
        } catch (const QueueClosed &) {
            self.require(self.m_atEnd.erase(id) == 1, "refused");
        }
        self.end(id);
    }

    Queue<int> m_queue{maximumSize};
    int m_nextItem = 0;
    std::deque<int> m_items;
    std::deque<std::pair<int, int>> m_putters;
    std::deque<int> m_getters;
    std::map<int, int> m_expected;
    std::set<int> m_skipped; // cancelled while they waited; have not gone on
    std::set<int> m_refused;
    std::set<int> m_atEnd;
    std::vector<int> m_accepted; // in the order in which the queue took them
    std::vector<int> m_gotten; // in the order in which the queue gave them away
};

} // namespace

void TestQueue::randomOperations_data()
{
    addSeeds();
}

void TestQueue::randomOperations()
{
    QCOMPARE(tortureFailure<QueueTorture>(*loop), QString());
}

QTEST_APPLESS_MAIN(TestQueue)
#include "tst_queue.moc"
