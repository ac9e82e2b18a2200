// SPDX-License-Identifier: MIT
#include <tests/task/virtualscheduler.h>

#include <interloop/task/asyncgenerator.h>
#include <interloop/task/cancelscope.h>
#include <interloop/task/future.h>
#include <interloop/task/mutex.h>
#include <interloop/task/race.h>
#include <interloop/task/shield.h>
#include <interloop/task/task.h>
#include <interloop/task/timeout.h>

#include <QObject>
#include <QTest>

#include <memory>
#include <optional>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

using namespace interloop;
using namespace interloop::test;

static_assert(!std::is_aggregate_v<AsyncGenerator<int>>);
static_assert(!std::is_aggregate_v<GeneratorNext<int>>);
static_assert(!std::is_aggregate_v<GeneratorNext<int>::Awaiter>);
static_assert(!std::is_aggregate_v<GeneratorPromise<int>::Suspension>);
static_assert(!std::is_copy_constructible_v<AsyncGenerator<int>>);
static_assert(std::is_same_v<AsyncGenerator<int>::Item, std::optional<int>>);
static_assert(std::is_same_v<AsyncGenerator<int &>::Item, int *>);
static_assert(std::is_same_v<AsyncGenerator<const std::string &>::Item, const std::string *>);
static_assert(std::is_base_of_v<PromiseBase, AsyncGenerator<int>::promise_type>); // frames come from allocateFrame

namespace {

// How many there are.
class Witness
{
public:
    explicit Witness(std::string name = {}) : m_name(std::move(name)) { ++alive; }
    Witness(const Witness &other) : m_name(other.m_name) { ++alive; }
    ~Witness()
    {
        --alive;
        if (!m_name.empty())
            note('~' + m_name);
    }
    Witness &operator=(const Witness &) = delete;

    static inline int alive = 0;

private:
    std::string m_name;
};

// 0, 1, ... `count` - 1, each after `delay`; 0: without waiting.
AsyncGenerator<int> numbers(int count, std::chrono::nanoseconds delay = 0s)
{
    const Witness witness;
    for (int i = 0; i < count; ++i) {
        if (delay != 0s)
            co_await sleepFor(delay);
        co_yield i;
    }
}

// Notes every item, and nothing else: the loop is all there is.
Task<> noteAll(AsyncGenerator<int> generator)
{
    for (auto item = co_await generator.next(); item; item = co_await generator.next())
        note(std::to_string(*item));
}

// What next() does: its item, "the end", or what it throws.
Task<> noteNext(AsyncGenerator<int> &generator)
{
    try {
        const std::optional<int> item = co_await generator.next();
        note(item ? std::to_string(*item) : "the end");
    } catch (const Cancelled &cancelled) {
        note(std::string("cancelled ") + nameOf(cancelled.outcome()));
    } catch (const std::exception &e) {
        note(e.what());
    }
}

Task<> noteFirst(AsyncGenerator<int> generator)
{
    co_await noteNext(generator);
}

const QString busy = "next() of an AsyncGenerator whose body is not at rest: one await at a time";

} // namespace

class TestAsyncGenerator : public QObject
{
    Q_OBJECT

private slots:
    void init() { loop.emplace(); }
    void cleanup()
    {
        QCOMPARE(end(loop), QStringList());
        QCOMPARE(Witness::alive, 0);
    }

    void bodyRunsOnlyWhileAnItemIsAwaited();
    void itemsComeInOrderAndInTime();
    void loopMayBeAllThereIs();
    void loopMayBeLeft();
    void generatorWithoutItemsIsAtItsEnd();
    void endStaysTheEnd();
    void emptyGeneratorIsAnError();
    void movedGeneratorGoesOn();
    void assignedGeneratorDestroysTheOldOne();
    void itemsByReferenceAreTheThingsThemselves();
    void itemsAreMovedNeverCopied();
    void itemsNeedNoDefaultConstructor();
    void itemIsConvertedToTheItemsType();
    void exceptionOfTheBodyComesOutOnce();
    void exceptionBeforeTheFirstItem();
    void exceptionOfAnItemsCopyIsThrownInTheBody();
    void bodyMayAwaitEverything();
    void cancelledConsumerUnwindsTheBody();
    void bodyThatRefusesTheCancelGoesOn();
    void itemThatNeedsNoWaitComesInSpiteOfACancel();
    void consumersScopeCoversTheBody();
    void timeLimitOnOneItemEndsTheGenerator();
    void destroyedUnstarted();
    void destroyedHalfWay();
    void destroyedHalfWayInsideAnother();
    void destroyedDuringUnwinding();
    void destroyedWhileItsBodyWaits();
    void destroyedWhileItsBodyWaitsForAnItemByReference();
    void destroyedWhileItsBodyWaitsAndFails();
    void destroyedByItsOwnBody();
    void twoAwaitsAtOnceAreAnError();
    void bodyCannotAwaitItself();
    void tasksMayTakeTurnsWithOneGenerator();
    void scopeOfTheBodyDoesNotCoverTheConsumer();
    void shieldOfTheBodyDoesNotCoverTheConsumer();
    void scopeOfTheBodyFollowsItToAnotherTask();
    void scopesOfTheBodyLeaveInAnyOrder();
    void consumersScopeMayGoWhileTheBodyRuns();
    void manyItemsAtOnceNeedNoStack();
    void deepNestingNeedsNoStack_data();
    void deepNestingNeedsNoStack();
    void pipelinesGiveWhatTheyMustOrAreCancelled();
    void lockOfABodyOutlivesItsTask();

private:
    std::optional<VirtualScheduler> loop;
};

void TestAsyncGenerator::bodyRunsOnlyWhileAnItemIsAwaited()
{
    const auto chatty = []() -> AsyncGenerator<int> {
        note("begin");
        co_yield 1;
        note("between");
        co_yield 2;
        note("end");
    };
    const auto body = [](auto chatty) -> Task<> {
        auto generator = chatty();
        note("made");
        co_await sleepFor(1s);
        co_await noteNext(generator);
        co_await sleepFor(1s);
        co_await noteNext(generator);
        co_await sleepFor(1s);
        co_await noteNext(generator);
    };
    loop->runTask(body(chatty));
    QCOMPARE(loop->takeNotes(),
             (QStringList{"made@0", "begin@1", "1@1", "between@2", "2@2", "end@3", "the end@3"}));
}

void TestAsyncGenerator::itemsComeInOrderAndInTime()
{
    loop->runTask(noteAll(numbers(4, 1s)));
    QCOMPARE(loop->takeNotes(), (QStringList{"0@1", "1@2", "2@3", "3@4"}));
}

void TestAsyncGenerator::loopMayBeAllThereIs()
{
    // A body with no other declaration: what g++ 12 compiles wrongly when the await is in the condition.
    const auto counted = [](AsyncGenerator<int> &generator, int &sum) -> Task<> {
        for (auto item = co_await generator.next(); item; item = co_await generator.next())
            sum += *item;
    };
    const auto strings = [](AsyncGenerator<std::string> &generator, std::string &all) -> Task<> {
        for (auto item = co_await generator.next(); item; item = co_await generator.next())
            all += *item;
    };
    const auto words = []() -> AsyncGenerator<std::string> {
        for (const char *word : {"a long enough word, ", "and another one that is not short"}) {
            co_await yield();
            co_yield word;
        }
    };
    int sum = 0;
    AsyncGenerator<int> generator = numbers(100);
    loop->runTask(counted(generator, sum));
    QCOMPARE(sum, 4950);
    std::string all;
    AsyncGenerator<std::string> texts = words();
    loop->runTask(strings(texts, all));
    QCOMPARE(all, std::string("a long enough word, and another one that is not short"));
}

void TestAsyncGenerator::loopMayBeLeft()
{
    const auto body = []() -> Task<> {
        AsyncGenerator<int> generator = numbers(10, 1s);
        for (auto item = co_await generator.next(); item; item = co_await generator.next()) {
            if (*item == 1)
                continue;
            note(std::to_string(*item));
            if (*item == 3)
                break;
        }
        co_await noteNext(generator); // and taken up again
    };
    loop->runTask(body());
    QCOMPARE(loop->takeNotes(), (QStringList{"0@1", "2@3", "3@4", "4@5"}));
}

void TestAsyncGenerator::generatorWithoutItemsIsAtItsEnd()
{
    loop->runTask(noteAll(numbers(0)));
    QCOMPARE(loop->takeNotes(), QStringList());
    const auto waits = []() -> AsyncGenerator<int> {
        co_await sleepFor(1s);
        co_return;
    };
    loop->runTask(noteAll(waits()));
    QCOMPARE(loop->takeNotes(), QStringList());
    QCOMPARE(loop->time(), "1");
}

void TestAsyncGenerator::endStaysTheEnd()
{
    AsyncGenerator<int> generator = numbers(1);
    for (int i = 0; i < 4; ++i)
        loop->runTask(noteNext(generator));
    QCOMPARE(loop->takeNotes(), (QStringList{"0@0", "the end@0", "the end@0", "the end@0"}));
}

void TestAsyncGenerator::emptyGeneratorIsAnError()
{
    const QString text = "an empty AsyncGenerator: default-constructed or moved from";
    AsyncGenerator<int> generator;
    QCOMPARE(thrownBy([&] { static_cast<void>(generator.next()); }), text);
    generator = numbers(1);
    const AsyncGenerator<int> taken = std::move(generator);
    QCOMPARE(thrownBy([&] { static_cast<void>(generator.next()); }), text);
}

void TestAsyncGenerator::movedGeneratorGoesOn()
{
    AsyncGenerator<int> generator = numbers(3);
    loop->runTask(noteNext(generator));
    loop->runTask(noteAll(std::move(generator)));
    QCOMPARE(loop->takeNotes(), (QStringList{"0@0", "1@0", "2@0"}));
}

void TestAsyncGenerator::assignedGeneratorDestroysTheOldOne()
{
    AsyncGenerator<int> generator = numbers(3);
    loop->runTask(noteNext(generator));
    QCOMPARE(Witness::alive, 1);
    generator = AsyncGenerator<int>();
    QCOMPARE(Witness::alive, 0);
}

void TestAsyncGenerator::itemsByReferenceAreTheThingsThemselves()
{
    const auto each = [](std::vector<int> &numbers) -> AsyncGenerator<int &> {
        for (int &number : numbers)
            co_yield number;
    };
    const auto texts = []() -> AsyncGenerator<const std::string &> {
        std::string text = "first";
        co_yield text;
        text += ", changed";
        co_yield text;
        co_yield "converted where it is given, long enough for the heap";
    };
    const auto body = [](auto each, auto texts, std::vector<int> &numbers) -> Task<> {
        auto all = each(numbers);
        for (int *item = co_await all.next(); item; item = co_await all.next())
            *item *= 2;
        auto strings = texts();
        for (auto item = co_await strings.next(); item; item = co_await strings.next())
            note(*item);
    };
    std::vector<int> numbers{1, 2, 3};
    loop->runTask(body(each, texts, numbers));
    QCOMPARE(numbers, (std::vector<int>{2, 4, 6}));
    QCOMPARE(loop->takeNotes(),
             (QStringList{"first@0", "first, changed@0", "converted where it is given, long enough for the heap@0"}));
}

void TestAsyncGenerator::itemsAreMovedNeverCopied()
{
    const auto pointers = []() -> AsyncGenerator<std::unique_ptr<int>> {
        co_yield std::make_unique<int>(1);
        co_await yield();
        std::unique_ptr<int> named = std::make_unique<int>(2);
        co_yield std::move(named);
    };
    const auto body = [](auto pointers) -> Task<int> {
        auto all = pointers();
        std::vector<std::unique_ptr<int>> kept;
        for (auto item = co_await all.next(); item; item = co_await all.next())
            kept.push_back(*std::move(item));
        co_return *kept[0] * 10 + *kept[1];
    };
    QCOMPARE(loop->runTask(body(pointers)), 12);
}

void TestAsyncGenerator::itemsNeedNoDefaultConstructor()
{
    class Number
    {
    public:
        explicit Number(int value) : value(value) { }
        int value;
    };
    const auto numbers = []() -> AsyncGenerator<Number> {
        co_yield Number(4);
        const Number five(5);
        co_yield five; // copied
    };
    const auto body = [](auto numbers) -> Task<> {
        auto all = numbers();
        for (auto item = co_await all.next(); item; item = co_await all.next())
            note(std::to_string(item->value));
    };
    loop->runTask(body(numbers));
    QCOMPARE(loop->takeNotes(), (QStringList{"4@0", "5@0"}));
}

void TestAsyncGenerator::itemIsConvertedToTheItemsType()
{
    const auto numbers = []() -> AsyncGenerator<double> {
        co_yield 1;
        co_yield 2.5f;
    };
    const auto optionals = []() -> AsyncGenerator<std::optional<int>> {
        co_yield 1;
        co_yield std::nullopt; // an item
    };
    const auto body = [](auto numbers, auto optionals) -> Task<> {
        auto all = numbers();
        for (auto item = co_await all.next(); item; item = co_await all.next())
            note(QString::number(*item).toStdString());
        auto others = optionals();
        for (auto item = co_await others.next(); item; item = co_await others.next())
            note(*item ? "has a value" : "has none");
    };
    loop->runTask(body(numbers, optionals));
    QCOMPARE(loop->takeNotes(), (QStringList{"1@0", "2.5@0", "has a value@0", "has none@0"}));
}

void TestAsyncGenerator::exceptionOfTheBodyComesOutOnce()
{
    const auto failing = []() -> AsyncGenerator<int> {
        const Witness witness("local");
        co_yield 1;
        co_await sleepFor(1s);
        throw std::runtime_error("broken");
    };
    AsyncGenerator<int> generator = failing();
    for (int i = 0; i < 4; ++i)
        loop->runTask(noteNext(generator));
    QCOMPARE(loop->takeNotes(), (QStringList{"1@0", "~local@1", "broken@1", "the end@1", "the end@1"}));
}

void TestAsyncGenerator::exceptionBeforeTheFirstItem()
{
    const auto failing = []() -> AsyncGenerator<int> {
        throw std::runtime_error("broken");
        co_return;
    };
    AsyncGenerator<int> generator = failing();
    for (int i = 0; i < 2; ++i)
        loop->runTask(noteNext(generator));
    QCOMPARE(loop->takeNotes(), (QStringList{"broken@0", "the end@0"}));
}

void TestAsyncGenerator::exceptionOfAnItemsCopyIsThrownInTheBody()
{
    class Uncopyable
    {
    public:
        Uncopyable() = default;
        Uncopyable(const Uncopyable &) { throw std::runtime_error("cannot be copied"); }
        Uncopyable(Uncopyable &&) = default;
        Uncopyable &operator=(Uncopyable &&) = default;
    };
    const auto failing = []() -> AsyncGenerator<Uncopyable> {
        const Uncopyable item;
        try {
            co_yield item;
        } catch (const std::exception &e) {
            note(e.what());
        }
        co_yield Uncopyable();
    };
    const auto body = [](auto failing) -> Task<> {
        auto generator = failing();
        int count = 0;
        for (auto item = co_await generator.next(); item; item = co_await generator.next())
            ++count;
        note(std::to_string(count));
    };
    loop->runTask(body(failing));
    QCOMPARE(loop->takeNotes(), (QStringList{"cannot be copied@0", "1@0"}));
}

void TestAsyncGenerator::bodyMayAwaitEverything()
{
    Future<int> future;
    const auto all = [](Future<int> future) -> AsyncGenerator<int> {
        const int direct = co_await valueAfter(1s, 1);
        co_yield direct;
        const int spawned = co_await spawn(valueAfter(1s, 2));
        co_yield spawned;
        const int settled = co_await future;
        co_yield settled;
        auto inner = numbers(2, 1s);
        for (auto item = co_await inner.next(); item; item = co_await inner.next())
            co_yield 10 + *item;
    };
    const TaskHandle<> handle = spawn(noteAll(all(future)));
    loop->runUntil(5s);
    future.setResult(3);
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"1@1", "2@2", "3@5", "10@6", "11@7"}));
    QCOMPARE(endOf(handle), "value");
}

void TestAsyncGenerator::cancelledConsumerUnwindsTheBody()
{
    const auto waiting = []() -> AsyncGenerator<int> {
        try {
            co_yield 1;
            co_await sleepFor(10s);
            co_yield 2;
        } catch (const Cancelled &cancelled) {
            note(std::string("body ") + nameOf(cancelled.outcome()));
            throw;
        }
    };
    AsyncGenerator<int> generator = waiting();
    const auto consumer = [](AsyncGenerator<int> &generator) -> Task<> {
        try {
            for (auto item = co_await generator.next(); item; item = co_await generator.next())
                note(std::to_string(*item));
        } catch (const Cancelled &) {
            note("consumer");
            throw;
        }
    };
    const TaskHandle<> handle = spawn(consumer(generator));
    loop->runUntil(1s);
    handle.cancel();
    loop->run();
    loop->runTask(noteNext(generator));
    QCOMPARE(loop->takeNotes(), (QStringList{"1@0", "body Cancelled@1", "consumer@1", "the end@1"}));
    QCOMPARE(endOf(handle), "cancelled");
}

void TestAsyncGenerator::bodyThatRefusesTheCancelGoesOn()
{
    const auto stubborn = []() -> AsyncGenerator<int> {
        try {
            co_await sleepFor(10s);
        } catch (const Cancelled &) {
        }
        co_yield 1;
        co_await sleepFor(10s); // throws again
        co_yield 2;
    };
    const TaskHandle<> handle = spawn(noteAll(stubborn()));
    loop->runUntil(1s);
    handle.cancel();
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"1@1"});
    QCOMPARE(endOf(handle), "cancelled");
}

void TestAsyncGenerator::itemThatNeedsNoWaitComesInSpiteOfACancel()
{
    const auto body = []() -> Task<> {
        CancelScope scope;
        scope.cancel();
        co_await noteAll(numbers(2)); // as a task that does not wait would end
    };
    loop->runTask(body());
    QCOMPARE(loop->takeNotes(), (QStringList{"0@0", "1@0"}));
}

void TestAsyncGenerator::consumersScopeCoversTheBody()
{
    const auto body = []() -> Task<> {
        CancelScope scope(3500ms);
        const Result<> result = co_await scope.run(noteAll(numbers(10, 1s)));
        note(nameOf(result.outcome()));
    };
    loop->runTask(body());
    QCOMPARE(loop->takeNotes(), (QStringList{"0@1", "1@2", "2@3", "TimedOut@3.5"}));
}

void TestAsyncGenerator::timeLimitOnOneItemEndsTheGenerator()
{
    const auto slower = []() -> AsyncGenerator<int> {
        for (int i = 1;; ++i) {
            co_await sleepFor(std::chrono::seconds(i));
            co_yield i;
        }
    };
    const auto body = [](auto slower) -> Task<> {
        AsyncGenerator<int> generator = slower();
        try {
            for (;;) {
                const std::optional<int> item = co_await withTimeout(2500ms, generator.next());
                note(std::to_string(*item));
            }
        } catch (const TimeoutError &) {
            note("timed out");
        }
        co_await noteNext(generator);
    };
    loop->runTask(body(slower));
    QCOMPARE(loop->takeNotes(), (QStringList{"1@1", "2@3", "timed out@5.5", "the end@5.5"}));
}

void TestAsyncGenerator::destroyedUnstarted()
{
    const auto holds = [](Witness) -> AsyncGenerator<int> { co_yield 1; };
    {
        const AsyncGenerator<int> generator = holds(Witness("parameter"));
        QVERIFY(Witness::alive > 0);
        loop->takeNotes();
    }
    QCOMPARE(loop->takeNotes(), QStringList{"~parameter@0"});
    QCOMPARE(loop->takeReports(), QStringList());
}

void TestAsyncGenerator::destroyedHalfWay()
{
    const auto holds = []() -> AsyncGenerator<int> {
        const Witness outer("outer");
        const Witness inner("inner");
        co_yield 1;
        note("not reached");
    };
    {
        AsyncGenerator<int> generator = holds();
        loop->runTask(noteNext(generator));
    }
    QCOMPARE(loop->takeNotes(), (QStringList{"1@0", "~inner@0", "~outer@0"}));
}

void TestAsyncGenerator::destroyedHalfWayInsideAnother()
{
    const auto inner = []() -> AsyncGenerator<int> {
        const Witness witness("inner");
        co_yield 1;
        co_yield 2;
    };
    const auto outer = [](auto inner) -> AsyncGenerator<int> {
        const Witness before("before");
        auto generator = inner();
        const Witness after("after");
        for (auto item = co_await generator.next(); item; item = co_await generator.next())
            co_yield *item;
    };
    {
        AsyncGenerator<int> generator = outer(inner);
        loop->runTask(noteNext(generator));
    }
    QCOMPARE(loop->takeNotes(), (QStringList{"1@0", "~after@0", "~inner@0", "~before@0"}));
}

void TestAsyncGenerator::destroyedDuringUnwinding()
{
    const auto body = []() -> Task<> {
        AsyncGenerator<int> generator = numbers(3, 1s);
        co_await noteNext(generator);
        throw std::runtime_error("consumer failed");
    };
    QCOMPARE(thrownBy([&] { loop->runTask(body()); }), "consumer failed");
    QCOMPARE(loop->takeNotes(), QStringList{"0@1"});
}

void TestAsyncGenerator::destroyedWhileItsBodyWaits()
{
    // given: a consumer that waits for an item
    auto generator = std::make_unique<AsyncGenerator<int>>(numbers(3, 2s));
    const TaskHandle<> handle = spawn(noteNext(*generator));
    loop->runUntil(1s);
    QCOMPARE(Witness::alive, 1);

    // when
    generator.reset();
    QCOMPARE(Witness::alive, 1); // its operation is in flight
    loop->run();

    // then
    QCOMPARE(loop->takeNotes(), QStringList{"0@2"});
    QCOMPARE(Witness::alive, 0);
    QCOMPARE(endOf(handle), "value");
}

void TestAsyncGenerator::destroyedWhileItsBodyWaitsForAnItemByReference()
{
    const auto local = []() -> AsyncGenerator<int &> {
        int number = 5;
        co_await sleepFor(2s);
        co_yield number;
    };
    const auto consumer = [](AsyncGenerator<int &> &generator) -> Task<> {
        const int *item = co_await generator.next();
        note(item ? "an item of a body that is gone" : "the end");
    };
    auto generator = std::make_unique<AsyncGenerator<int &>>(local());
    spawn(consumer(*generator));
    loop->runUntil(1s);
    generator.reset();
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"the end@2"});
}

void TestAsyncGenerator::destroyedWhileItsBodyWaitsAndFails()
{
    const auto failing = []() -> AsyncGenerator<int> {
        const Witness witness;
        co_await failAfter(2s, "broken");
        co_yield 1;
    };
    auto generator = std::make_unique<AsyncGenerator<int>>(failing());
    spawn(noteNext(*generator));
    loop->runUntil(1s);
    generator.reset();
    loop->run();
    QCOMPARE(loop->takeNotes(), QStringList{"broken@2"});
}

void TestAsyncGenerator::destroyedByItsOwnBody()
{
    std::unique_ptr<AsyncGenerator<int>> generator;
    const auto suicidal = [](std::unique_ptr<AsyncGenerator<int>> &self) -> AsyncGenerator<int> {
        const Witness witness;
        self.reset();
        co_await sleepFor(1s);
        co_yield 1;
        note("not reached");
    };
    generator = std::make_unique<AsyncGenerator<int>>(suicidal(generator));
    loop->runTask(noteNext(*generator));
    QCOMPARE(loop->takeNotes(), QStringList{"1@1"});
}

void TestAsyncGenerator::twoAwaitsAtOnceAreAnError()
{
    AsyncGenerator<int> generator = numbers(2, 2s);
    spawn(noteNext(generator));
    spawn(noteNext(generator));
    loop->run();
    spawn(noteNext(generator)); // the first one is unharmed
    loop->run();
    QCOMPARE(loop->takeNotes(),
             (QStringList{busy + "@0", "0@2", "1@4"}));
}

void TestAsyncGenerator::bodyCannotAwaitItself()
{
    AsyncGenerator<int> generator;
    const auto selfish = [](AsyncGenerator<int> &self) -> AsyncGenerator<int> {
        const std::optional<int> own = co_await self.next();
        co_yield *own;
    };
    generator = selfish(generator);
    loop->runTask(noteNext(generator));
    QCOMPARE(loop->takeNotes(),
             QStringList{busy + "@0"});
}

void TestAsyncGenerator::tasksMayTakeTurnsWithOneGenerator()
{
    // given: a body that always waits, begun by a task that has ended since
    AsyncGenerator<int> generator = numbers(4, 1s);
    spawn(noteNext(generator));
    loop->run();
    spawn(noteNext(generator));
    loop->run();

    // when: a third one is cancelled while it waits
    const TaskHandle<> third = spawn(noteNext(generator));
    loop->runReady();
    third.cancel();
    loop->run();
    loop->runTask(noteNext(generator));
    QCOMPARE(loop->takeNotes(), (QStringList{"0@1", "1@2", "cancelled Cancelled@2", "the end@2"}));
}

void TestAsyncGenerator::scopeOfTheBodyDoesNotCoverTheConsumer()
{
    const auto limited = []() -> AsyncGenerator<int> {
        CancelScope scope(2s);
        try {
            co_yield 1;
            co_yield 2; // the deadline has passed: only an await throws
            co_await yield();
            note("not reached");
        } catch (const Cancelled &cancelled) {
            note(scope.isOwn(cancelled) ? "own" : "not own");
        }
        co_yield 3;
    };
    const auto body = [](auto limited) -> Task<> {
        AsyncGenerator<int> generator = limited();
        co_await noteNext(generator);
        co_await sleepFor(5s); // beyond the deadline, undisturbed
        for (int i = 0; i < 3; ++i)
            co_await noteNext(generator);
        co_await sleepFor(1s);
    };
    loop->runTask(body(limited));
    QCOMPARE(loop->takeNotes(), (QStringList{"1@0", "2@5", "own@5", "3@5", "the end@5"}));
}

void TestAsyncGenerator::shieldOfTheBodyDoesNotCoverTheConsumer()
{
    const auto shielded = []() -> AsyncGenerator<int> {
        CancelScope scope(CancelScope::Shield::Yes);
        for (int i = 0;; ++i) {
            co_await sleepFor(1s);
            co_yield i;
        }
    };
    const auto consumer = [](AsyncGenerator<int> generator) -> Task<> {
        co_await noteNext(generator);
        try {
            co_await sleepFor(10s);
        } catch (const Cancelled &) {
            note("consumer cancelled");
        }
        co_await noteNext(generator); // its shield is there again
        co_await yield();
        note("not reached");
    };
    const TaskHandle<> handle = spawn(consumer(shielded()));
    loop->runUntil(2s);
    handle.cancel();
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"0@1", "consumer cancelled@2", "1@3"}));
    QCOMPARE(endOf(handle), "cancelled");
}

void TestAsyncGenerator::scopeOfTheBodyFollowsItToAnotherTask()
{
    const auto limited = []() -> AsyncGenerator<int> {
        CancelScope outer(4s);
        CancelScope inner(100s);
        co_yield 1;
        const Result<> result = co_await inner.run(sleepFor(2s));
        note(nameOf(result.outcome()));
        co_yield 2;
        co_await sleepFor(10s);
    };
    AsyncGenerator<int> generator = limited();
    for (const std::chrono::nanoseconds begin : {0s, 1s, 3s}) { // a task of its own each
        loop->runUntil(begin);
        spawn(noteNext(generator));
    }
    loop->run();
    QCOMPARE(loop->takeNotes(), (QStringList{"1@0", "Value@3", "2@3", "cancelled TimedOut@4"}));
}

void TestAsyncGenerator::scopesOfTheBodyLeaveInAnyOrder()
{
    // given: a body whose scopes lie on the heap, entered and left at any time, also while it is suspended
    std::vector<std::unique_ptr<CancelScope>> scopes;
    const auto entering = [](std::vector<std::unique_ptr<CancelScope>> &scopes) -> AsyncGenerator<int> {
        for (int i = 0; i < 100; ++i) {
            if (scopes.size() < 8)
                scopes.push_back(std::make_unique<CancelScope>());
            bool hasThrown = false;
            try {
                co_await yield();
            } catch (const Cancelled &) {
                hasThrown = true;
            }
            bool mustThrow = false;
            for (const auto &scope : scopes)
                mustThrow |= scope->isCancelled();
            if (hasThrown != mustThrow)
                note("body");
            co_yield i;
        }
    };
    const auto consumer = [](AsyncGenerator<int> &generator, std::vector<std::unique_ptr<CancelScope>> &scopes,
                             std::mt19937 &random) -> Task<> {
        CancelScope own;
        for (auto item = co_await generator.next(); item; item = co_await generator.next()) {
            try {
                co_await yield();
            } catch (const Cancelled &) {
                note("consumer");
            }
            if (random() % 2 == 0)
                scopes.erase(scopes.begin() + std::ptrdiff_t(random() % scopes.size()));
            if (random() % 8 == 0 && !scopes.empty())
                scopes[random() % scopes.size()]->cancel();
            if (random() % 16 == 0)
                break;
        }
    };
    std::mt19937 random(20260105);
    for (int round = 0; round < 500; ++round) {
        AsyncGenerator<int> generator = entering(scopes);
        for (unsigned consumers = random() % 4; consumers > 0; --consumers)
            loop->runTask(consumer(generator, scopes, random));
        generator = AsyncGenerator<int>();
        scopes.clear(); // some have outlived their body
    }
    QCOMPARE(loop->takeNotes(), QStringList());
}

void TestAsyncGenerator::consumersScopeMayGoWhileTheBodyRuns()
{
    const auto removing = [](std::unique_ptr<CancelScope> &scope) -> AsyncGenerator<int> {
        CancelScope own;
        scope.reset();
        co_yield 1;
        co_await sleepFor(1s);
        co_yield 2;
    };
    const auto consumer = [](auto removing) -> Task<> {
        auto scope = std::make_unique<CancelScope>();
        AsyncGenerator<int> generator = removing(scope);
        for (int i = 0; i < 3; ++i)
            co_await noteNext(generator);
        co_await sleepFor(1s);
        note("end");
    };
    loop->runTask(consumer(removing));
    QCOMPARE(loop->takeNotes(), (QStringList{"1@0", "2@1", "the end@1", "end@2"}));
}

void TestAsyncGenerator::manyItemsAtOnceNeedNoStack()
{
    const auto sum = [](AsyncGenerator<int> generator) -> Task<std::int64_t> {
        std::int64_t sum = 0;
        for (auto item = co_await generator.next(); item; item = co_await generator.next())
            sum += *item;
        co_return sum;
    };
    const auto sumWithYields = [](AsyncGenerator<int> generator) -> Task<std::int64_t> {
        std::int64_t sum = 0;
        for (auto item = co_await generator.next(); item; item = co_await generator.next()) {
            sum += *item;
            co_await yield();
        }
        co_return sum;
    };
    QCOMPARE(loop->runTask(sum(numbers(1'000'000))), std::int64_t(499'999'500'000));
    QCOMPARE(loop->runTask(sumWithYields(numbers(100'000))), std::int64_t(4'999'950'000));
}

namespace {

// Items pass through `levels` generators.
AsyncGenerator<int> nested(int levels, bool waits)
{
    if (levels == 0) {
        for (int i = 1; i <= 3; ++i) {
            if (waits)
                co_await yield();
            co_yield i;
        }
        co_return;
    }
    auto inner = nested(levels - 1, waits);
    for (auto item = co_await inner.next(); item; item = co_await inner.next())
        co_yield *item;
}

AsyncGenerator<int> failing(int levels)
{
    if (levels == 0) {
        co_yield 1;
        throw std::runtime_error("broken");
    }
    auto inner = failing(levels - 1);
    for (auto item = co_await inner.next(); item; item = co_await inner.next())
        co_yield *item;
}

} // namespace

void TestAsyncGenerator::deepNestingNeedsNoStack_data()
{
    QTest::addColumn<bool>("waits");
    QTest::newRow("at once") << false;
    QTest::newRow("later") << true;
}

void TestAsyncGenerator::deepNestingNeedsNoStack()
{
    QFETCH(bool, waits);
    loop->runTask(noteAll(nested(100'000, waits)));
    QCOMPARE(loop->takeNotes(), (QStringList{"1@0", "2@0", "3@0"}));

    loop->runTask(noteFirst(nested(5'000, waits))); // and destroys the rest half-way
    QCOMPARE(loop->takeNotes(), QStringList{"1@0"});

    AsyncGenerator<int> generator = failing(10'000); // a throw takes 2 us each level
    loop->runTask(noteNext(generator));
    loop->runTask(noteNext(generator));
    QCOMPARE(loop->takeNotes(), (QStringList{"1@0", "broken@0"}));
}

namespace {

// What a pipeline does with the numbers that flow through it.
enum class Stage : unsigned { Double, Odd, Delay, Spawned, Twice, Count };

AsyncGenerator<int> through(Stage stage, AsyncGenerator<int> source)
{
    const Witness witness;
    for (auto item = co_await source.next(); item; item = co_await source.next()) {
        if (stage == Stage::Double) {
            co_yield 2 * *item;
        } else if (stage == Stage::Odd) {
            if (*item % 2 != 0)
                co_yield *item;
        } else if (stage == Stage::Delay) {
            co_await sleepFor(std::chrono::milliseconds(*item % 7));
            co_yield *item;
        } else if (stage == Stage::Spawned) {
            const int same = co_await spawn(valueAfter(1ms, *item));
            co_yield same;
        } else {
            co_yield *item;
            co_yield *item + 1;
        }
    }
}

std::vector<int> plainly(Stage stage, const std::vector<int> &source)
{
    std::vector<int> result;
    for (const int item : source) {
        if (stage == Stage::Double)
            result.push_back(2 * item);
        else if (stage != Stage::Odd || item % 2 != 0)
            result.push_back(item);
        if (stage == Stage::Twice)
            result.push_back(item + 1);
    }
    return result;
}

Task<> collect(AsyncGenerator<int> generator, std::vector<int> &items, std::size_t limit)
{
    const Witness witness;
    for (auto item = co_await generator.next(); item; item = co_await generator.next()) {
        items.push_back(*item);
        if (items.size() == limit)
            break;
    }
}

} // namespace

void TestAsyncGenerator::pipelinesGiveWhatTheyMustOrAreCancelled()
{
    std::mt19937 random(20260106);
    int completed = 0, left = 0, cancelled = 0;
    for (int round = 0; round < 3'000; ++round) {
        // given: a pipeline of one to five stages
        const int count = int(random() % 8);
        AsyncGenerator<int> generator = numbers(count, random() % 2 ? 1ms : 0ms);
        std::vector<int> expected;
        for (int i = 0; i < count; ++i)
            expected.push_back(i);
        for (unsigned stages = 1 + random() % 5; stages > 0; --stages) {
            const auto stage = Stage(random() % unsigned(Stage::Count));
            generator = through(stage, std::move(generator));
            expected = plainly(stage, expected);
        }

        // when: it is read to its end, left early, or cancelled at some step
        std::vector<int> items;
        const std::size_t limit = random() % 4 == 0 ? 1 + random() % 8 : std::size_t(-1);
        const TaskHandle<> handle = spawn(collect(std::move(generator), items, limit));
        if (random() % 4 != 0) {
            for (unsigned steps = random() % 32; steps > 0; --steps)
                loop->step();
            handle.cancel();
        }
        loop->run();

        // then: a beginning of what it must give
        QVERIFY(items.size() <= expected.size());
        if (handle.isCancelled()) {
            ++cancelled;
        } else {
            QCOMPARE(items.size(), std::min(limit, expected.size()));
            ++(items.size() == limit ? left : completed);
        }
        expected.resize(items.size());
        QCOMPARE(items, expected);
        QCOMPARE(Witness::alive, 0);
        QCOMPARE(loop->leftovers(), QStringList());
    }
    QVERIFY2(completed > 500 && left > 100 && cancelled > 500,
             qPrintable(QString("%1 completed, %2 left, %3 cancelled").arg(completed).arg(left).arg(cancelled)));
}

namespace {

AsyncGenerator<int> lockThenYield(Mutex &mutex)
{
    const MutexGuard guard = co_await mutex.lock();
    co_yield 1;
}

Task<> takeOne(AsyncGenerator<int> &items, Mutex &mutex)
{
    items = lockThenYield(mutex);
    co_await items.next();
}

Task<> lockOnce(Mutex &mutex)
{
    const MutexGuard guard = co_await mutex.lock();
}

Task<> awaitHandle(TaskHandle<> handle)
{
    co_await handle;
}

} // namespace

void TestAsyncGenerator::lockOfABodyOutlivesItsTask()
{
    // given: a body that was the newest coroutine when it got the lock, and whose task has gone
    Mutex mutex("m");
    AsyncGenerator<int> items;
    spawn(takeOne(items, mutex), "gone"); // named: its locks need no allocation in the pool of frames
    loop->run();
    // when: somebody waits for the lock, and is awaited
    const TaskHandle<> waiter = spawn(lockOnce(mutex), "waiter");
    const TaskHandle<> other = spawn(awaitHandle(waiter), "other");
    loop->run();
    // then: that is no circle
    QVERIFY(!waiter.isDone());
    items = {};
    loop->run();
    QCOMPARE((QStringList{endOf(waiter), endOf(other)}), (QStringList{"value", "value"}));
}

QTEST_APPLESS_MAIN(TestAsyncGenerator)
#include "tst_asyncgenerator.moc"
