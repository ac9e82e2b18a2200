// SPDX-License-Identifier: MIT
#include <tests/task/virtualscheduler.h>

#include <interloop/task/ascompleted.h>
#include <interloop/task/cancelscope.h>
#include <interloop/task/future.h>
#include <interloop/task/shield.h>
#include <interloop/task/task.h>
#include <interloop/task/timeout.h>

#include <QObject>
#include <QRegularExpression>
#include <QTest>

#include <algorithm>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

using namespace interloop;
using namespace interloop::test;

static_assert(!std::is_aggregate_v<CompletionQueue>);
static_assert(!std::is_aggregate_v<CompletionQueue::Next>);

namespace {

template<typename... Tasks>
auto vectorOf(Tasks... tasks)
{
    std::vector<std::common_type_t<Tasks...>> all;
    (all.push_back(std::move(tasks)), ...);
    return all;
}

// Awaits every item, and notes its value or how else it ended.
Task<> noteAll(AsyncGenerator<TaskHandle<int>> items)
{
    for (auto item = co_await items.next(); item; item = co_await items.next()) {
        try {
            const int value = co_await *item;
            note(std::to_string(value));
        } catch (const Cancelled &cancelled) {
            note(cancelled.whom() == Cancelled::Whom::Awaited ? "cancelled" : "this task is cancelled");
            if (cancelled.whom() == Cancelled::Whom::Self)
                throw;
        } catch (const std::exception &e) {
            note(e.what());
        }
    }
}

Task<int> failsAfter(std::chrono::nanoseconds delay, std::string text)
{
    co_await sleepFor(delay);
    throw std::runtime_error(text);
}

Task<int> notedSleeper(std::string name, std::chrono::nanoseconds delay)
{
    co_await sleeper(name, delay);
    co_return 0;
}

Task<int> awaitsHandle(TaskHandle<> &handle)
{
    co_await handle;
    co_return 0;
}

} // namespace

class TestAsCompleted : public QObject
{
    Q_OBJECT

private slots:
    void init() { loop.emplace(); }
    void cleanup() { QCOMPARE(end(loop), QStringList()); }

    void itemsComeInTheOrderOfTheirEnds();
    void equalTimesAreFirstInFirstOut();
    void nothingStartsBeforeTheFirstItemIsAwaited();
    void itemIsAHandleThatIsDone();
    void handlesComeBackAsTheyAre();
    void handlesThatAreDoneComeFirst();
    void handleGivenTwiceComesTwice();
    void failureOfOneLeavesTheLoopGoingOn();
    void failureThatNobodyAwaitsGoesToTheHook();
    void cancelledOneIsAnItemToo();
    void unusualResults();
    void noTasksNoItems();
    void emptyTaskIsAnErrorOfTheFirstItem();
    void thoseThatEndMeanwhileAreNotLost();
    void leftEarlyTheOthersGoOn();
    void leftByAnExceptionTheOthersGoOn();
    void cancelWhileWaitingCancelsTheOthersAndWaitsForThem();
    void cancelThatIsPendingCancelsTheOthers();
    void itemThatCameBeforeTheCancelWins();
    void forcedCancelGoesThroughShields();
    void timeLimitOnOneItem();
    void itemThatWaitsForTheConsumerIsADeadlockOnlyWhenItIsTheLast();
    void cancelLetsGoOfWhatWaitsForTheConsumer();
    void neverAwaitedTasksAreReported();
    void tenThousandTasks_data();
    void tenThousandTasks();
    void randomEndsComeInTheirOrder();

private:
    std::optional<VirtualScheduler> loop;
};

void TestAsCompleted::itemsComeInTheOrderOfTheirEnds()
{
    loop->runTask(noteAll(asCompleted(vectorOf(valueAfter(3s, 3), valueAfter(1s, 1), valueAfter(2s, 2)))));
    QCOMPARE(loop->takeNotes(), (QStringList{"1@1", "2@2", "3@3"}));
}

void TestAsCompleted::equalTimesAreFirstInFirstOut()
{
    const FifoOrder fifo;
    loop->runTask(noteAll(asCompleted(vectorOf(valueAfter(1s, 1), valueAfter(1s, 2), valueAfter(0s, 3),
                                               valueAfter(1s, 4), valueAfter(0s, 5)))));
    QCOMPARE(loop->takeNotes(), (QStringList{"3@0", "5@0", "1@1", "2@1", "4@1"}));
}

void TestAsCompleted::nothingStartsBeforeTheFirstItemIsAwaited()
{
    const FifoOrder fifo;
    const auto body = []() -> Task<> {
        auto items = asCompleted(vectorOf(notedSleeper("a", 2s), notedSleeper("b", 1s)));
        co_await sleepFor(1s);
        note("next");
        co_await noteAll(std::move(items));
    };
    loop->runTask(body());
    QCOMPARE(loop->takeNotes(),
             (QStringList{"next@1", "Start a@1", "Start b@1", "End b@2", "0@2", "End a@3", "0@3"}));
}

void TestAsCompleted::itemIsAHandleThatIsDone()
{
    const auto body = [](VirtualScheduler &loop) -> Task<> {
        auto items = asCompleted(vectorOf(valueAfter(2s, 2), valueAfter(1s, 1)));
        for (auto item = co_await items.next(); item; item = co_await items.next()) {
            const auto taken = loop.takenCount();
            const int value = co_await *item;
            note(std::to_string(value) + (item->isDone() && loop.takenCount() == taken ? " at once" : " later"));
        }
    };
    loop->runTask(body(*loop));
    QCOMPARE(loop->takeNotes(), (QStringList{"1 at once@1", "2 at once@2"}));
}

void TestAsCompleted::handlesComeBackAsTheyAre()
{
    const auto body = []() -> Task<> {
        const TaskHandle<int> a = spawn(valueAfter(2s, 1), "a");
        const TaskHandle<int> b = spawn(valueAfter(1s, 2), "b");
        auto items = asCompleted(vectorOf(a, b));
        for (auto item = co_await items.next(); item; item = co_await items.next())
            note(item->name() + (&item->state() == (item->name() == "a" ? &a.state() : &b.state()) ? "" : "?"));
        const int sum = co_await a + co_await b; // still theirs
        note(std::to_string(sum));
    };
    loop->runTask(body());
    QCOMPARE(loop->takeNotes(), (QStringList{"b@1", "a@2", "3@2"}));
}

void TestAsCompleted::handlesThatAreDoneComeFirst()
{
    const auto slow = spawn(valueAfter(5s, 5));
    const auto second = spawn(valueAfter(2s, 2));
    const auto first = spawn(valueAfter(1s, 1));
    loop->runUntil(3s);
    loop->runTask(noteAll(asCompleted(vectorOf(slow, second, first)))); // in the order of the arguments
    QCOMPARE(loop->takeNotes(), (QStringList{"2@3", "1@3", "5@5"}));
}

void TestAsCompleted::handleGivenTwiceComesTwice()
{
    const auto handle = spawn(valueAfter(1s, 1));
    loop->runTask(noteAll(asCompleted(vectorOf(handle, handle))));
    QCOMPARE(loop->takeNotes(), (QStringList{"1@1", "1@1"}));
}

void TestAsCompleted::failureOfOneLeavesTheLoopGoingOn()
{
    loop->runTask(noteAll(asCompleted(vectorOf(valueAfter(3s, 3), failsAfter(1s, "broken"), valueAfter(2s, 2)))));
    QCOMPARE(loop->takeNotes(), (QStringList{"broken@1", "2@2", "3@3"}));
}

void TestAsCompleted::failureThatNobodyAwaitsGoesToTheHook()
{
    const auto body = []() -> Task<> {
        auto items = asCompleted(vectorOf(spawn(failsAfter(1s, "broken"), "failing")));
        for (auto item = co_await items.next(); item; item = co_await items.next())
            note(item->isDone() ? "done" : "?");
    };
    loop->runTask(body());
    QCOMPARE(loop->takeNotes(), QStringList{"done@1"});
    QCOMPARE(loop->takeReports(),
             QStringList{"unhandled: task 'failing' failed and nobody looked at its result: broken"});
}

void TestAsCompleted::cancelledOneIsAnItemToo()
{
    const auto one = spawn(valueAfter(5s, 5));
    const auto other = spawn(valueAfter(2s, 2));
    const TaskHandle<> consumer = spawn(noteAll(asCompleted(vectorOf(one, other))));
    loop->runUntil(1s);
    one.cancel();
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"cancelled@1", "2@2"}));
    QCOMPARE(endOf(consumer), "value");
}

void TestAsCompleted::unusualResults()
{
    static int number = 5;
    const auto pointer = []() -> Task<std::unique_ptr<int>> { co_return std::make_unique<int>(6); };
    const auto reference = []() -> Task<int &> { co_return number; };
    const auto body = [](auto pointer, auto reference) -> Task<> {
        auto pointers = asCompleted(vectorOf(pointer()));
        for (auto item = co_await pointers.next(); item; item = co_await pointers.next()) {
            const std::unique_ptr<int> moved = co_await *std::move(item);
            note(std::to_string(*moved));
        }
        auto references = asCompleted(vectorOf(reference()));
        for (auto item = co_await references.next(); item; item = co_await references.next()) {
            int &same = co_await *item;
            note(&same == &number ? "the same" : "?");
        }
        auto voids = asCompleted(vectorOf(sleeper("void", 1s)));
        for (auto item = co_await voids.next(); item; item = co_await voids.next())
            co_await *item;
        Future<int> future;
        future.setResult(7);
        auto futures = asCompleted(vectorOf(future));
        for (auto item = co_await futures.next(); item; item = co_await futures.next()) {
            const int settled = co_await *item;
            note(std::to_string(settled));
        }
    };
    loop->runTask(body(pointer, reference));
    QCOMPARE(loop->takeNotes(), (QStringList{"6@0", "the same@0", "Start void@0", "End void@1", "7@1"}));
}

void TestAsCompleted::noTasksNoItems()
{
    loop->runTask(noteAll(asCompleted(std::vector<Task<int>>())));
    loop->runTask(noteAll(asCompleted(std::vector<TaskHandle<int>>())));
    QCOMPARE(loop->takeNotes(), QStringList());
}

void TestAsCompleted::emptyTaskIsAnErrorOfTheFirstItem()
{
    QCOMPARE(thrownBy([&] { loop->runTask(noteAll(asCompleted(vectorOf(Task<int>())))); }),
             "an empty task: default-constructed, moved from, or awaited already");
    QCOMPARE(thrownBy([&] { loop->runTask(noteAll(asCompleted(vectorOf(TaskHandle<int>())))); }),
             "an empty TaskHandle: default-constructed or moved from");
}

void TestAsCompleted::thoseThatEndMeanwhileAreNotLost()
{
    const auto body = []() -> Task<> {
        auto items = asCompleted(vectorOf(valueAfter(3s, 3), valueAfter(1s, 1), valueAfter(2s, 2), valueAfter(9s, 9)));
        for (auto item = co_await items.next(); item; item = co_await items.next()) {
            const int value = co_await *item;
            note(std::to_string(value));
            co_await sleepFor(4s); // the next two end meanwhile
        }
    };
    loop->runTask(body());
    QCOMPARE(loop->takeNotes(), (QStringList{"1@1", "2@5", "3@9", "9@13"}));
}

void TestAsCompleted::leftEarlyTheOthersGoOn()
{
    const auto body = []() -> Task<> {
        auto items = asCompleted(vectorOf(notedSleeper("a", 3s), notedSleeper("b", 1s)));
        for (auto item = co_await items.next(); item; item = co_await items.next())
            break;
        note("left");
    };
    const TaskHandle<> consumer = spawn(body());
    loop->runUntil(2s);
    QCOMPARE(endOf(consumer), "value");
    QCOMPARE(loop->taskCount(), 1);
    loop->run();
    QCOMPARE(loop->takeNotes().mid(2), (QStringList{"End b@1", "left@1", "End a@3"}));
}

void TestAsCompleted::leftByAnExceptionTheOthersGoOn()
{
    const auto body = []() -> Task<> {
        auto items = asCompleted(vectorOf(failsAfter(1s, "broken"), notedSleeper("b", 2s)));
        for (auto item = co_await items.next(); item; item = co_await items.next())
            static_cast<void>(co_await *item);
    };
    QCOMPARE(thrownBy([&] { loop->runTask(body()); }), "broken");
    QCOMPARE(loop->takeNotes(), (QStringList{"Start b@0", "End b@2"}));
}

void TestAsCompleted::cancelWhileWaitingCancelsTheOthersAndWaitsForThem()
{
    const FifoOrder fifo;
    const auto shielded = []() -> Task<int> {
        co_await shield(sleeper("slow", 5s));
        co_return 0;
    };
    const TaskHandle<> consumer = spawn(noteAll(asCompleted(
            vectorOf(valueAfter(1s, 1), notedSleeper("a", 9s), shielded(), notedSleeper("b", 9s)))));
    loop->runUntil(2s);
    loop->takeNotes();
    consumer.cancel();
    loop->runUntil(3s);
    QCOMPARE(loop->takeNotes(), (QStringList{"Cancelled a@2", "Cancelled b@2"}));
    QCOMPARE(endOf(consumer), "not done");
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"End slow@5"});
    QCOMPARE(endOf(consumer), "cancelled");
    QCOMPARE(loop->time(), "5");
}

void TestAsCompleted::cancelThatIsPendingCancelsTheOthers()
{
    const auto body = []() -> Task<> {
        auto items = asCompleted(vectorOf(valueAfter(1s, 1), notedSleeper("a", 9s)));
        for (auto item = co_await items.next(); item; item = co_await items.next()) {
            try {
                co_await sleepFor(5s);
            } catch (const Cancelled &) {
                note("caught");
            }
        }
    };
    const TaskHandle<> consumer = spawn(body());
    loop->runUntil(2s);
    consumer.cancel();
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"Start a@0", "caught@2", "Cancelled a@2"}));
    QCOMPARE(endOf(consumer), "cancelled");
}

void TestAsCompleted::itemThatCameBeforeTheCancelWins()
{
    Future<int> future;
    const TaskHandle<> consumer = spawn(noteAll(asCompleted(vectorOf(spawn(
            [](Future<int> future) -> Task<int> { co_return co_await future; }(future))))));
    loop->runReady();
    future.setResult(5);
    loop->step(); // the task has ended; the consumer is about to go on
    consumer.cancel();
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"this task is cancelled@0"}); // by its next await
    QCOMPARE(endOf(consumer), "cancelled");
}

void TestAsCompleted::forcedCancelGoesThroughShields()
{
    const auto shielded = []() -> Task<int> {
        co_await shield(sleeper("slow", 9s));
        co_return 0;
    };
    const TaskHandle<> consumer = spawn(noteAll(asCompleted(vectorOf(shielded()))));
    loop->runUntil(1s);
    consumer.cancel();
    loop->runUntil(2s);
    consumer.state().requestCancel(Outcome::Quit, CancelMode::Forced);
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"Start slow@0", "Cancelled slow@2"}));
    QCOMPARE(endOf(consumer), "cancelled");
}

void TestAsCompleted::timeLimitOnOneItem()
{
    const auto body = []() -> Task<> {
        auto items = asCompleted(vectorOf(notedSleeper("a", 1s), notedSleeper("b", 9s)));
        for (;;) {
            const auto item = co_await withTimeout(2s, items.next());
            note(item ? "an item" : "the end");
        }
    };
    QCOMPARE(thrownBy([&] { loop->runTask(body()); }), "timed out after 2000 ms");
    QCOMPARE(loop->takeNotes().mid(2), (QStringList{"End a@1", "an item@1", "Cancelled b@3"}));
}

void TestAsCompleted::itemThatWaitsForTheConsumerIsADeadlockOnlyWhenItIsTheLast()
{
    TaskHandle<> consumer;
    const auto body = [](TaskHandle<> &consumer) -> Task<> {
        const auto waiting = spawn(awaitsHandle(consumer), "waiting");
        auto items = asCompleted(vectorOf(waiting, spawn(valueAfter(1s, 1), "other")));
        const auto first = co_await items.next();
        note(first->name());
        try {
            const auto second = co_await items.next();
            note(second ? "?" : "the end");
        } catch (const RunSyncError &e) {
            note(std::string(e.what()).find("task 'waiting'") != std::string::npos ? "a deadlock" : e.what());
        }
    };
    consumer = spawn(body(consumer), "consumer");
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"other@1", "a deadlock@1"}));
    QCOMPARE(endOf(consumer), "value");
}

void TestAsCompleted::cancelLetsGoOfWhatWaitsForTheConsumer()
{
    TaskHandle<> consumer;
    TaskHandle<int> waiting;
    const auto body = [](TaskHandle<> &consumer, TaskHandle<int> &waiting) -> Task<> {
        waiting = spawn(awaitsHandle(consumer), "waiting");
        co_await noteAll(asCompleted(vectorOf(waiting, spawn(notedSleeper("other", 9s), "other"))));
    };
    consumer = spawn(body(consumer, waiting), "consumer");
    loop->runUntil(1s);
    consumer.cancel();
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"Start other@0", "Cancelled other@1"}));
    QCOMPARE(endOf(consumer), "cancelled");
    QCOMPARE(endOf(waiting), "cancelled");
}

void TestAsCompleted::neverAwaitedTasksAreReported()
{
    static_cast<void>(asCompleted(vectorOf(valueAfter(1s, 1), valueAfter(2s, 2))));
    QCOMPARE(loop->takeReports().filter(QRegularExpression("^never awaited: ")).size(), 2);
}

void TestAsCompleted::tenThousandTasks_data()
{
    QTest::addColumn<QString>("end");
    for (const char *end : {"values", "done already", "cancel", "left"})
        QTest::newRow(end) << QString(end);
}

void TestAsCompleted::tenThousandTasks()
{
    QFETCH(QString, end);
    constexpr int count = 10'000;
    const auto body = [](QString end) -> Task<> {
        std::vector<TaskHandle<int>> handles;
        for (int i = 0; i < count; ++i)
            handles.push_back(spawn(valueAfter(std::chrono::milliseconds(i * 7919 % count), i)));
        if (end == "done already")
            co_await sleepFor(20s);
        auto items = asCompleted(handles);
        int given = 0;
        bool isOrdered = true;
        for (auto item = co_await items.next(); item; item = co_await items.next()) {
            const int value = co_await *item;
            isOrdered = isOrdered && (end == "done already" ? value : value * 7919 % count) == given;
            ++given;
            if (end == "left" && given == 100)
                break;
        }
        note(std::to_string(given) + (isOrdered ? " in order" : " in disorder"));
    };
    const TaskHandle<> handle = spawn(body(end));
    if (end == "cancel") {
        loop->runUntil(5s);
        handle.cancel();
        loop->runReady();
        QCOMPARE(loop->taskCount(), 0);
    }
    loop->run();
    const QStringList notes = loop->takeNotes();
    if (end == "cancel") {
        QCOMPARE(notes, QStringList());
        QCOMPARE(endOf(handle), "cancelled");
    } else if (end == "left") {
        QCOMPARE(notes, QStringList{"100 in order@0.099"});
        QCOMPARE(loop->time(), "9.999");
    } else {
        QCOMPARE(notes, QStringList{"10000 in order@" + QString(end == "values" ? "9.999" : "20")});
    }
}

void TestAsCompleted::randomEndsComeInTheirOrder()
{
    // given: tasks that end by themselves, fail or are cancelled, at times by the dice; `ended` says in which order
    const auto task = [](int number, std::chrono::nanoseconds delay, bool fails, std::vector<int> &ended) -> Task<int> {
        class AtEnd
        {
        public:
            AtEnd(int number, std::vector<int> &ended) : m_number(number), m_ended(ended) { }
            ~AtEnd() { m_ended.push_back(m_number); }

        private:
            int m_number;
            std::vector<int> &m_ended;
        };
        const AtEnd atEnd(number, ended);
        co_await sleepFor(delay);
        if (fails)
            throw std::runtime_error("failed");
        co_return number;
    };
    const auto consume = [](std::vector<TaskHandle<int>> handles, std::vector<int> &seen, std::size_t limit,
                            std::chrono::milliseconds pause) -> Task<> {
        auto items = asCompleted(handles);
        for (auto item = co_await items.next(); item; item = co_await items.next()) {
            item->state().markSeen();
            seen.push_back(std::stoi(item->name()));
            if (seen.size() == limit)
                break;
            if (pause != 0ms)
                co_await sleepFor(pause);
        }
    };
    std::mt19937 random(20260107);
    int all = 0, left = 0, cancelled = 0;
    for (int round = 0; round < 3'000; ++round) {
        std::vector<int> ended, seen;
        std::vector<TaskHandle<int>> handles;
        const int count = int(random() % 10);
        for (int i = 0; i < count; ++i) {
            handles.push_back(spawn(task(i, std::chrono::milliseconds(1 + random() % 20), random() % 4 == 0, ended),
                                    std::to_string(i)));
        }
        loop->runReady(); // all have begun
        const std::size_t limit = random() % 3 == 0 ? 1 + random() % 5 : std::size_t(-1);
        const TaskHandle<> consumer = spawn(consume(handles, seen, limit, std::chrono::milliseconds(random() % 3 * 3)));

        // when
        for (unsigned steps = random() % 40; steps > 0; --steps) {
            loop->step();
            if (random() % 16 == 0 && count > 0)
                handles[random() % handles.size()].cancel();
        }
        const bool isCancelled = random() % 3 == 0 && consumer.cancel();
        loop->run();

        // then
        QVERIFY(consumer.isDone());
        for (const TaskHandle<int> &handle : handles) {
            QVERIFY(handle.isDone());
            handle.state().markSeen();
        }
        handles.clear();
        QCOMPARE(loop->leftovers(), QStringList());
        if (consumer.isCancelled()) {
            ++cancelled;
            QVERIFY(isCancelled);
        } else {
            QCOMPARE(seen.size(), std::min(limit, std::size_t(count)));
            ++(seen.size() == std::size_t(count) ? all : left);
        }
        ended.resize(seen.size());
        QCOMPARE(seen, ended);
    }
    QVERIFY2(all > 500 && left > 200 && cancelled > 200,
             qPrintable(QString("%1 all, %2 left, %3 cancelled").arg(all).arg(left).arg(cancelled)));
}

QTEST_APPLESS_MAIN(TestAsCompleted)
#include "tst_ascompleted.moc"
