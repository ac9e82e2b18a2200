// SPDX-License-Identifier: MIT
#include <tests/task/virtualscheduler.h>

#include <interloop/task/task.h>

#include <QObject>
#include <QTest>

#include <coroutine>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>

using namespace interloop;
using namespace interloop::test;

static_assert(!std::is_aggregate_v<Task<>>);
static_assert(!std::is_aggregate_v<Task<int>::Awaiter>);
static_assert(!std::is_copy_constructible_v<Task<>> && !std::is_copy_assignable_v<Task<>>);
static_assert(std::is_nothrow_move_constructible_v<Task<>> && std::is_nothrow_move_assignable_v<Task<>>);

namespace {

class NoDefault
{
public:
    explicit NoDefault(int n) : number(n) { }
    int number;
};

// Notes the end of its own life.
class Witness
{
public:
    explicit Witness(std::string name) : m_name(std::move(name)) { }
    Witness(Witness &&other) noexcept : m_name(std::exchange(other.m_name, {})) { }
    Witness &operator=(Witness &&) = delete;
    ~Witness()
    {
        if (!m_name.empty())
            note("~" + m_name);
    }

private:
    std::string m_name;
};

int global = 7;

Task<> giveNothing()
{
    note("body");
    co_return;
}

Task<int> giveInt(int n)
{
    co_return n;
}

Task<int &> giveReference()
{
    co_return global;
}

Task<std::unique_ptr<int>> giveMoveOnly(int n)
{
    co_return std::make_unique<int>(n);
}

Task<NoDefault> giveNoDefault(int n)
{
    co_return NoDefault(n);
}

Task<std::string> giveConverted()
{
    co_return "text";
}

Task<> fail()
{
    throw std::out_of_range("the row is 9");
    co_return;
}

std::uintptr_t stackPointer()
{
    return reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
}

// How far the stack has been seen to reach from where it was made.
class StackGauge
{
public:
    StackGauge() : m_base(stackPointer()) { }
    void look()
    {
        const std::uintptr_t here = stackPointer();
        m_used = std::max(m_used, m_base > here ? m_base - here : here - m_base);
    }
    std::size_t used() const { return m_used; }

private:
    std::uintptr_t m_base;
    std::size_t m_used = 0;
};

// Generous: 16 inline starts take a few KiB at -O0, more under sanitizers. One level of 100,000 gets less than a byte.
constexpr std::size_t flat = 64 * 1024;

Task<int> deep(int levels, std::chrono::nanoseconds wait, StackGauge &gauge)
{
    gauge.look();
    if (levels == 0) {
        if (wait > 0ns)
            co_await sleepFor(wait);
        co_return 0;
    }
    const int below = co_await deep(levels - 1, wait, gauge);
    gauge.look();
    co_return below + 1;
}

Task<> deepFailure(int levels, StackGauge &gauge)
{
    gauge.look();
    if (levels == 0)
        throw std::runtime_error("from the bottom");
    co_await deepFailure(levels - 1, gauge);
}

// What deep() would be with a child that is simply resumed by its parent.
class NaiveTask
{
public:
    class promise_type
    {
    public:
        NaiveTask get_return_object() { return NaiveTask(std::coroutine_handle<promise_type>::from_promise(*this)); }
        std::suspend_always initial_suspend() noexcept { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        void return_void() noexcept { }
        void unhandled_exception() noexcept { }
    };
    explicit NaiveTask(std::coroutine_handle<promise_type> handle) : m_handle(handle) { }
    NaiveTask(NaiveTask &&other) noexcept : m_handle(std::exchange(other.m_handle, {})) { }
    ~NaiveTask()
    {
        if (m_handle)
            m_handle.destroy();
    }
    void resume() const { m_handle.resume(); }

    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<>) const
    {
        m_handle.resume();
        return false;
    }
    void await_resume() const noexcept { }

private:
    std::coroutine_handle<promise_type> m_handle;
};

NaiveTask naiveDeep(int levels, StackGauge &gauge)
{
    gauge.look();
    if (levels > 0)
        co_await naiveDeep(levels - 1, gauge);
}

} // namespace

class TestTask : public QObject
{
    Q_OBJECT

private slots:
    void init() { loop.emplace(); }
    void cleanup() { QCOMPARE(end(loop), QStringList()); }

    void resultsOfEveryKindArrive();
    void referenceIsTheSameObject();
    void exceptionKeepsTypeAndMessage();
    void exceptionCanBeCaughtAndTheTaskGoesOn();
    void throwingCopyOfTheResultIsTheAwaitersException();
    void nothingRunsBeforeTheAwait();
    void childRunsAtOnceWithoutATurnOfTheLoop();
    void A01_helloWorld();
    void A28_awaitingOneAfterTheOtherTakesTheSum();
    void awaitingTwiceThrows();
    void emptyTaskThrows();
    void A16_taskThatIsNeverAwaitedIsReportedOnce();
    void overwrittenTaskIsReported();
    void resetIsSilent();
    void taskDestroyedWhileItWaitsIsReported();
    void taskThrownAwayWithoutALoopIsSilent();
    void parametersAndLocalsDieWithTheirTask();
    void parametersOfATaskThatNeverRanDie();
    void deepChainThatEndsAtOnceNeedsNoStack();
    void deepChainThatEndsLaterNeedsNoStack();
    void deepFailureNeedsNoStack();
    void longLoopOfImmediateAwaitsNeedsNoStack();
    void longLoopOfLaterAwaitsNeedsNoStack();
    void aMillionYieldsNeedNoStack();
    void naiveChainNeedsStack();

private:
    std::optional<VirtualScheduler> loop;
};

void TestTask::resultsOfEveryKindArrive()
{
    const auto body = []() -> Task<QStringList> {
        QStringList results;
        co_await giveNothing();
        const int number = co_await giveInt(3);
        results += QString::number(number);
        const std::unique_ptr<int> pointer = co_await giveMoveOnly(4);
        results += QString::number(*pointer);
        const NoDefault object = co_await giveNoDefault(5);
        results += QString::number(object.number);
        const std::string text = co_await giveConverted();
        results += QString::fromStdString(text);
        co_return results;
    };
    QCOMPARE(loop->runTask(body()), (QStringList{"3", "4", "5", "text"}));
    QCOMPARE(loop->takeNotes(), QStringList{"body@0"});
}

void TestTask::referenceIsTheSameObject()
{
    const auto body = []() -> Task<int *> {
        int &reference = co_await giveReference();
        co_return &reference;
    };
    QCOMPARE(loop->runTask(body()), &global);
    QCOMPARE(&loop->runTask(giveReference()), &global);
}

void TestTask::exceptionKeepsTypeAndMessage()
{
    const auto body = []() -> Task<> { co_await fail(); };
    QString caught;
    try {
        loop->runTask(body());
    } catch (const std::out_of_range &e) {
        caught = e.what();
    }
    QCOMPARE(caught, "the row is 9");
}

void TestTask::exceptionCanBeCaughtAndTheTaskGoesOn()
{
    const auto body = []() -> Task<> {
        for (int round = 0; round < 3; ++round) {
            try {
                co_await fail();
            } catch (const std::out_of_range &) {
                note("caught");
            }
            co_await sleepFor(1s);
        }
    };
    loop->runTask(body());
    QCOMPARE(loop->takeNotes(), (QStringList{"caught@0", "caught@1", "caught@2"}));
}

void TestTask::throwingCopyOfTheResultIsTheAwaitersException()
{
    class Uncopyable
    {
    public:
        Uncopyable() = default;
        Uncopyable(const Uncopyable &) { throw std::runtime_error("no copy"); }
    };
    const auto give = []() -> Task<Uncopyable> {
        const Uncopyable original;
        co_return original;
    };
    const auto body = [](auto give) -> Task<> {
        try {
            co_await give();
        } catch (const std::runtime_error &e) {
            note(e.what());
        }
    };
    loop->runTask(body(give));
    QCOMPARE(loop->takeNotes(), QStringList{"no copy@0"});
}

void TestTask::nothingRunsBeforeTheAwait()
{
    const auto body = []() -> Task<> {
        Task<> task = giveNothing();
        note("made");
        co_await sleepFor(1s);
        note("awaiting");
        co_await std::move(task);
    };
    loop->runTask(body());
    QCOMPARE(loop->takeNotes(), (QStringList{"made@0", "awaiting@1", "body@1"}));
}

void TestTask::childRunsAtOnceWithoutATurnOfTheLoop()
{
    // given: another task that is ready all the time
    const auto body = []() -> Task<> {
        const TaskHandle<> other = spawn(sleeper("other", 0s));
        note("before");
        co_await giveNothing();
        const int three = co_await giveInt(3);
        note("after " + std::to_string(three));
        co_await other;
    };
    loop->runTask(body());
    QCOMPARE(loop->takeNotes(), (QStringList{"before@0", "body@0", "after 3@0", "Start other@0", "End other@0"}));
}

void TestTask::A01_helloWorld()
{
    const auto hello = []() -> Task<> {
        note("Hello");
        co_await sleepFor(1s);
        note("World");
    };
    loop->runTask(hello());
    QCOMPARE(loop->takeNotes(), (QStringList{"Hello@0", "World@1"}));
}

void TestTask::A28_awaitingOneAfterTheOtherTakesTheSum()
{
    const auto body = []() -> Task<> {
        co_await sleeper("1", 1s);
        co_await sleeper("2", 2s);
    };
    loop->runTask(body());
    QCOMPARE(loop->takeNotes(), (QStringList{"Start 1@0", "End 1@1", "Start 2@1", "End 2@3"}));
}

void TestTask::awaitingTwiceThrows()
{
    const auto body = []() -> Task<> {
        Task<int> task = giveInt(1);
        const int first = co_await std::move(task);
        note("first " + std::to_string(first));
        try {
            const int second = co_await std::move(task);
            note("second " + std::to_string(second));
        } catch (const std::logic_error &e) {
            note(e.what());
        }
    };
    loop->runTask(body());
    QCOMPARE(loop->takeNotes(),
             (QStringList{"first 1@0", "an empty task: default-constructed, moved from, or awaited already@0"}));
}

void TestTask::emptyTaskThrows()
{
    const QString empty = "an empty task: default-constructed, moved from, or awaited already";
    const auto awaitIt = [](Task<> task) -> Task<> { co_await std::move(task); };
    Task<> moved = giveNothing();
    Task<> target = std::move(moved);
    QVERIFY(!moved.isValid());
    QVERIFY(!Task<>().isValid());

    QCOMPARE(thrownBy([&] { loop->runTask(awaitIt(Task<>())); }), empty);
    QCOMPARE(thrownBy([&] { loop->runTask(awaitIt(std::move(moved))); }), empty);
    QCOMPARE(thrownBy([&] { static_cast<void>(spawn(Task<>())); }), empty);
    QCOMPARE(thrownBy([&] { loop->runTask(awaitIt(std::move(target))); }), "nothing");
}

void TestTask::A16_taskThatIsNeverAwaitedIsReportedOnce()
{
    {
        const Task<> forgotten = giveNothing();
        QCOMPARE(loop->takeReports(), QStringList());
    }
    QCOMPARE(loop->takeNotes(), QStringList());
    const QStringList reports = loop->takeReports();
    QCOMPARE(reports.size(), 1);
    QVERIFY2(reports.first().startsWith("never awaited: a task of giveNothing (tst_task.cpp:"), qPrintable(reports.first()));
    QVERIFY2(reports.first().endsWith(") was destroyed without having been awaited, spawned or run"), qPrintable(reports.first()));
}

void TestTask::overwrittenTaskIsReported()
{
    Task<> task = giveNothing();
    task = giveNothing();
    QCOMPARE(loop->takeReports().size(), 1);
    Task<> &same = task;
    task = std::move(same);
    QVERIFY(task.isValid());
    loop->runTask(std::move(task));
    QCOMPARE(loop->takeNotes(), QStringList{"body@0"});
}

void TestTask::resetIsSilent()
{
    Task<> task = giveNothing();
    task.reset();
    QVERIFY(!task.isValid());
    task.reset();
    QCOMPARE(loop->takeReports(), QStringList());
}

namespace {

// A wait that nothing has to be undone for.
class NeverAwaiter final : public WaitOperation
{
public:
    void await_resume() const { }

private:
    Begun begin() override { return Begun::Waiting; }
    bool abandon(CancelMode) override { return true; }
};

class Never
{
public:
    using Value = void;
    using InterloopAwaitable = void;

    Never() noexcept = default;
    NeverAwaiter operator co_await() const noexcept { return NeverAwaiter(); }
};

Task<> waitsForever()
{
    co_await Never();
}

// A chain whose owner gives its task up half-way.
class GivenUp final : public Chain
{
public:
    GivenUp() : Chain(currentScheduler()) { }
    Kind kind() const noexcept override { return Kind::Slot; }
    std::string name() const override { return "given up"; }
};

} // namespace

void TestTask::taskDestroyedWhileItWaitsIsReported()
{
    GivenUp chain;
    {
        const Task<> task = waitsForever();
        task.handle().promise().startRoot(task.handle(), chain);
        QCOMPARE(loop->takeReports(), QStringList());
    }
    const QStringList reports = loop->takeReports();
    QCOMPARE(reports.size(), 1);
    QVERIFY2(reports.first().contains("a task of waitsForever (tst_task.cpp:"), qPrintable(reports.first()));
    QVERIFY2(reports.first().endsWith(") was destroyed while it was pending"), qPrintable(reports.first()));
}

void TestTask::taskThrownAwayWithoutALoopIsSilent()
{
    loop.reset();
    {
        const Task<> forgotten = giveNothing();
    }
    loop.emplace();
    QCOMPARE(loop->takeReports(), QStringList());
}

void TestTask::parametersAndLocalsDieWithTheirTask()
{
    const auto child = [](Witness) -> Task<> {
        const Witness local("local");
        co_await sleepFor(1s);
    };
    const auto body = [](auto child) -> Task<> {
        co_await child(Witness("parameter"));
        note("awaited");
        co_await sleepFor(1s);
    };
    loop->runTask(body(child));
    QCOMPARE(loop->takeNotes(), (QStringList{"~local@1", "~parameter@1", "awaited@1"}));
}

void TestTask::parametersOfATaskThatNeverRanDie()
{
    const auto child = [](Witness) -> Task<> { co_return; };
    {
        const Task<> forgotten = child(Witness("parameter"));
    }
    QCOMPARE(loop->takeNotes(), QStringList{"~parameter@0"});
    QCOMPARE(loop->takeReports().size(), 1);
}

void TestTask::deepChainThatEndsAtOnceNeedsNoStack()
{
    StackGauge gauge;
    QCOMPARE(loop->runTask(deep(100'000, 0s, gauge)), 100'000);
    QVERIFY2(gauge.used() < flat, qPrintable(QString("%1 bytes").arg(gauge.used())));
    QCOMPARE(loop->time(), "0");
}

void TestTask::deepChainThatEndsLaterNeedsNoStack()
{
    StackGauge gauge;
    QCOMPARE(loop->runTask(deep(100'000, 1s, gauge)), 100'000);
    QVERIFY2(gauge.used() < flat, qPrintable(QString("%1 bytes").arg(gauge.used())));
    QCOMPARE(loop->time(), "1");
}

void TestTask::deepFailureNeedsNoStack()
{
    StackGauge gauge;
    QCOMPARE(thrownBy([&] { loop->runTask(deepFailure(20'000, gauge)); }), "from the bottom");
    QVERIFY2(gauge.used() < flat, qPrintable(QString("%1 bytes").arg(gauge.used())));
}

void TestTask::longLoopOfImmediateAwaitsNeedsNoStack()
{
    StackGauge gauge;
    const auto child = [](StackGauge &gauge) -> Task<int> {
        gauge.look();
        co_return 1;
    };
    const auto body = [](auto child, StackGauge &gauge) -> Task<int> {
        int sum = 0;
        for (int round = 0; round < 1'000'000; ++round)
            sum += co_await child(gauge);
        co_return sum;
    };
    QCOMPARE(loop->runTask(body(child, gauge)), 1'000'000);
    QVERIFY2(gauge.used() < flat, qPrintable(QString("%1 bytes").arg(gauge.used())));
    QCOMPARE(loop->takenCount(), 1u); // none of it went through the ready queue
}

void TestTask::longLoopOfLaterAwaitsNeedsNoStack()
{
    StackGauge gauge;
    const auto child = [](StackGauge &gauge) -> Task<int> {
        co_await yield();
        gauge.look();
        co_return 1;
    };
    const auto body = [](auto child, StackGauge &gauge) -> Task<int> {
        int sum = 0;
        for (int round = 0; round < 100'000; ++round)
            sum += co_await child(gauge);
        co_return sum;
    };
    QCOMPARE(loop->runTask(body(child, gauge)), 100'000);
    QVERIFY2(gauge.used() < flat, qPrintable(QString("%1 bytes").arg(gauge.used())));
}

void TestTask::aMillionYieldsNeedNoStack()
{
    StackGauge gauge;
    const auto body = [](StackGauge &gauge) -> Task<int> {
        int round = 0;
        for (; round < 1'000'000; ++round) {
            co_await yield();
            gauge.look();
        }
        co_return round;
    };
    QCOMPARE(loop->runTask(body(gauge)), 1'000'000);
    QVERIFY2(gauge.used() < flat, qPrintable(QString("%1 bytes").arg(gauge.used())));
}

// The control: what the flat ones would need.
void TestTask::naiveChainNeedsStack()
{
    StackGauge gauge;
    const NaiveTask task = naiveDeep(5'000, gauge);
    task.resume();
    QVERIFY2(gauge.used() > flat, qPrintable(QString("%1 bytes").arg(gauge.used())));
}

QTEST_APPLESS_MAIN(TestTask)
#include "tst_task.moc"
