// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>

#include <tests/cleanupcheck.h>
#include <tests/testmain.h>

#include <QThread>

#include <atomic>
#include <future>

using namespace interloop;
using namespace std::chrono_literals;

namespace {

constexpr int poolSize = 4; // libuv's default

// Where jobs wait until it is opened. A cancelled job may outlive the test's gate, not what is behind it.
class Opening
{
public:
    std::promise<void> promise;
    std::shared_future<void> future = promise.get_future().share();
    std::atomic<int> waiting = 0; // jobs that have begun
};

// Opens at the latest when the test function ends.
class Gate
{
public:
    ~Gate() { open(); }

    void open()
    {
        if (!std::exchange(m_isOpen, true))
            m_opening->promise.set_value();
    }
    const std::shared_ptr<Opening> &opening() const { return m_opening; }
    int waiting() const { return m_opening->waiting; }

private:
    std::shared_ptr<Opening> m_opening = std::make_shared<Opening>();
    bool m_isOpen = false;
};

int waitAtGate(const std::shared_ptr<Opening> &opening)
{
    ++opening->waiting;
    opening->future.wait();
    return 1;
}

// Says where the last copy was destroyed.
class Witness
{
public:
    explicit Witness(std::atomic<QThread *> *destroyedOn) : m_destroyedOn(destroyedOn) { }
    Witness(Witness &&other) noexcept : m_destroyedOn(std::exchange(other.m_destroyedOn, nullptr)) { }
    Witness &operator=(Witness &&) = delete;
    ~Witness()
    {
        if (m_destroyedOn)
            *m_destroyedOn = QThread::currentThread();
    }

private:
    std::atomic<QThread *> *m_destroyedOn;
};

Task<> untilWaiting(Gate &gate, int count)
{
    while (gate.waiting() < count)
        co_await sleepFor(1ms);
}

Task<> untilSet(std::atomic<QThread *> &thread)
{
    while (!thread)
        co_await sleepFor(1ms);
}

class Odd : public std::runtime_error
{
public:
    explicit Odd(int number) : std::runtime_error("odd"), number(number) { }
    int number;
};

int requireEven(int number)
{
    if (number % 2)
        throw Odd(number);
    return number / 2;
}

// With members of many kinds; can neither be copied nor made without a value.
class Account
{
public:
    explicit Account(int balance) : balance(balance) { }
    Account(Account &&) = default;
    Account &operator=(Account &&) = delete;

    int plus(int amount) const { return balance + amount; }
    void add(int amount) noexcept { balance += amount; }
    int operator()(int factor) && { return balance * factor; } // as a function: once
    int operator()(const QString &text) && { return balance + int(text.size()); }

    int balance;
};

} // namespace

class TestWork : public QObject
{
    Q_OBJECT

private slots:
    void init() { m_leaks.begin(); }
    void cleanup() { m_leaks.check(); }

    void runsOnAnotherThread();
    void argumentsAndResultsMayBeMoveOnly();
    void argumentsAreTheJobsOwn();
    void voidAndReferences();
    void anythingThatCanBeCalled();
    void exceptionsComeBack();
    void loopGoesOnMeanwhile();
    void cancelledWhileQueuedNeverRuns();
    void cancelledWhileRunningEndsAtOnce();
    void resultOfACancelledJobDiesOnTheBridgesThread();
    void manyJobs();

private:
    test::CleanupCheck m_leaks;
};

void TestWork::runsOnAnotherThread()
{
    const auto thread = runSync(toThread([] { return std::this_thread::get_id(); }));
    QVERIFY(thread != std::this_thread::get_id());
}

void TestWork::argumentsAndResultsMayBeMoveOnly()
{
    const auto twice = [](std::unique_ptr<int> number, int factor) {
        *number *= factor;
        return number;
    };
    const std::unique_ptr<int> result = runSync(toThread(twice, std::make_unique<int>(21), 2));
    QCOMPARE(*result, 42);

    auto captured = std::make_unique<int>(7);
    const int seven = runSync(toThread([captured = std::move(captured)] { return *captured; }));
    QCOMPARE(seven, 7);
}

void TestWork::argumentsAreTheJobsOwn()
{
    QByteArray text("text");
    auto task = toThread([](QByteArray own) { return own.append('!'); }, text);
    text = "overwritten";
    QCOMPARE(runSync(std::move(task)), QByteArray("text!"));
}

void TestWork::voidAndReferences()
{
    int number = 1;
    runSync(toThread([](int *pointer) { ++*pointer; }, &number));
    QCOMPARE(number, 2);

    int &same = runSync(toThread([](int *pointer) -> int & { return *pointer; }, &number));
    QCOMPARE(&same, &number);

    runSync(toThread([](std::reference_wrapper<int> reference) { ++reference.get(); }, std::ref(number)));
    QCOMPARE(number, 3);
}

void TestWork::anythingThatCanBeCalled()
{
    Account account(10);
    QCOMPARE(runSync(toThread(&Account::plus, &account, 5)), 15);
    QCOMPARE(runSync(toThread(&Account::plus, Account(20), 5)), 25);
    runSync(toThread(&Account::add, std::ref(account), 3));
    QCOMPARE(account.balance, 13);
    QCOMPARE(runSync(toThread(&Account::balance, Account(7))), 7);
    QCOMPARE(runSync(toThread(Account(4), 3)), 12);
    QCOMPARE(runSync(toThread(Account(4), QStringLiteral("text"))), 8);
    QCOMPARE(runSync(toThread(std::function<int(int)>(&requireEven), 6)), 3);
    QCOMPARE(runSync(toThread(requireEven, 4)), 2); // a function, not a pointer to one
    QCOMPARE(runSync(toThread(std::minus<>(), 5, 3)), 2);
    QCOMPARE(runSync(toThread([](auto... numbers) { return (numbers + ...); }, 1, 2L, 3.5)), 6.5);
    int calls = 0;
    QCOMPARE(runSync(toThread([&calls]() mutable { return ++calls; })), 1);
    QCOMPARE(runSync(toThread([](const char *text) { return QByteArray(text); }, "literal")), QByteArray("literal"));

    const Account made = runSync(toThread([](int balance) { return Account(balance); }, 42));
    QCOMPARE(made.balance, 42);
    const QString constant = runSync(toThread([]() -> const QString { return QStringLiteral("constant"); }));
    QCOMPARE(constant, QStringLiteral("constant"));
    auto promised = runSync(toThread([](std::unique_ptr<Account> own) { return std::make_pair(std::move(own), true); },
                                     std::make_unique<Account>(5)));
    QCOMPARE(promised.first->balance, 5);
}

void TestWork::exceptionsComeBack()
{
    QCOMPARE(runSync(toThread(&requireEven, 8)), 4);
    try {
        runSync(toThread(&requireEven, 7));
        QFAIL("nothing was thrown");
    } catch (const Odd &odd) {
        QCOMPARE(odd.number, 7);
    }
    const Result<> failed = tryRunSync(toThread([] { throw 5; }));
    QCOMPARE(failed.outcome(), Outcome::Exception);
}

void TestWork::loopGoesOnMeanwhile()
{
    Gate gate;
    const auto job = spawn(toThread(&waitAtGate, gate.opening()), "job");
    runSync(untilWaiting(gate, 1), RunOptions().timeout(5s));
    QVERIFY(!job.isDone()); // sleeps and Qt's timers work while it runs
    int fires = 0;
    QTimer timer;
    QObject::connect(&timer, &QTimer::timeout, &timer, [&] {
        if (++fires == 3)
            gate.open();
    });
    timer.start(1ms);
    QCOMPARE(runSync(job, RunOptions().timeout(5s)), 1);
    QVERIFY(fires >= 3);
}

void TestWork::cancelledWhileQueuedNeverRuns()
{
    Gate gate;
    std::vector<TaskHandle<int>> busy;
    for (int i = 0; i < poolSize; ++i)
        busy.push_back(spawn(toThread(&waitAtGate, gate.opening()), "busy"));
    runSync(untilWaiting(gate, poolSize), RunOptions().timeout(5s));

    std::atomic<bool> hasRun = false;
    std::atomic<QThread *> destroyedOn = nullptr;
    const auto queued =
            spawn(toThread([](std::atomic<bool> *hasRun, Witness) { *hasRun = true; }, &hasRun, Witness(&destroyedOn)),
                  "queued");
    runSync(yield());
    QVERIFY(queued.cancel());
    QCOMPARE(tryRunSync(queued).outcome(), Outcome::Cancelled);
    runSync(untilSet(destroyedOn), RunOptions().timeout(5s)); // while all threads are still busy
    QCOMPARE(destroyedOn.load(), QThread::currentThread());

    gate.open();
    for (const auto &job : busy)
        QCOMPARE(runSync(job), 1);
    QVERIFY(!hasRun);
}

void TestWork::cancelledWhileRunningEndsAtOnce()
{
    Gate gate;
    const auto job = spawn(toThread(&waitAtGate, gate.opening()), "job");
    runSync(untilWaiting(gate, 1), RunOptions().timeout(5s));

    QVERIFY(job.cancel());

    QCOMPARE(tryRunSync(job, RunOptions().timeout(5s)).outcome(), Outcome::Cancelled); // the gate is still shut
    gate.open();
}

void TestWork::resultOfACancelledJobDiesOnTheBridgesThread()
{
    Gate gate;
    std::atomic<QThread *> functionDiedOn = nullptr;
    std::atomic<QThread *> resultDiedOn = nullptr;
    const auto make = [](std::shared_ptr<Opening> opening, std::atomic<QThread *> *diedOn, const Witness &) {
        waitAtGate(opening);
        return std::make_unique<Witness>(diedOn);
    };
    const auto job = spawn(toThread(make, gate.opening(), &resultDiedOn, Witness(&functionDiedOn)), "job");
    runSync(untilWaiting(gate, 1), RunOptions().timeout(5s));
    job.cancel();
    QCOMPARE(tryRunSync(job).outcome(), Outcome::Cancelled);
    QCOMPARE(functionDiedOn.load(), nullptr); // the job has it

    gate.open();
    runSync(untilSet(resultDiedOn), RunOptions().timeout(5s));

    QCOMPARE(resultDiedOn.load(), QThread::currentThread());
    QCOMPARE(functionDiedOn.load(), QThread::currentThread());
}

void TestWork::manyJobs()
{
    constexpr int count = 200;
    std::vector<Task<int>> jobs;
    std::atomic<int> begun = 0;
    for (int i = 0; i < count; ++i) {
        jobs.push_back(toThread(
                [](std::atomic<int> *begun, int number) {
                    ++*begun;
                    return number * number;
                },
                &begun, i));
    }
    QCOMPARE(begun.load(), 0); // lazy

    const std::vector<int> squares = runSync(gather(std::move(jobs)), RunOptions().timeout(20s));

    QCOMPARE(begun.load(), count);
    for (int i = 0; i < count; ++i)
        QCOMPARE(squares[std::size_t(i)], i * i);
}

INTERLOOP_TEST_MAIN(TestWork)
#include "tst_work.moc"
