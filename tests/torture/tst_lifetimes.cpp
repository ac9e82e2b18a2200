// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>

#include <QRegularExpression>

#include <tests/cleanupcheck.h>
#include <tests/messages.h>
#include <tests/testmain.h>

using namespace interloop;
using namespace std::chrono_literals;

/*
 * Rows Q08 and Q09: tasks that are thrown away, handles that are dropped, failures that nobody looks at.
 */

namespace {

class Alive
{
public:
    Alive() { ++count; }
    ~Alive() { --count; }
    Alive(const Alive &) { ++count; }
    Alive &operator=(const Alive &) = delete;

    static inline int count = 0;
};

enum class State { NotStarted, Ready, Waiting, Cancelling, Done, Failed, CancelledUnstarted };

const QHash<State, const char *> stateNames = {
        {State::NotStarted, "not started"},
        {State::Ready, "ready"},
        {State::Waiting, "waiting"},
        {State::Cancelling, "cancelling"},
        {State::Done, "done"},
        {State::Failed, "failed"},
        {State::CancelledUnstarted, "cancelled before it began"},
};

Task<QByteArray> work([[maybe_unused]] Alive argument, Future<> gate, bool fails, int *ended)
{
    const Alive local;
    bool isCancelled = false;
    try {
        co_await gate;
    } catch (const Cancelled &) {
        isCancelled = true;
    }
    if (isCancelled) {
        co_await shield(sleepFor(10ms));
        ++*ended;
        throw Cancelled();
    }
    ++*ended;
    if (fails)
        throw std::runtime_error("boom");
    co_return QByteArray("result");
}

Task<> child([[maybe_unused]] Alive argument)
{
    const Alive local;
    co_await sleepFor(1ms);
}

Task<> fail(const char *text)
{
    co_await yield();
    throw std::runtime_error(text);
}

Task<> failAtOnce()
{
    throw 5;
    co_return;
}

} // namespace

class TestLifetimes : public QObject
{
    Q_OBJECT

private slots:
    void init()
    {
        m_leaks.begin();
        Alive::count = 0;
    }
    void cleanup()
    {
        m_leaks.check();
        QCOMPARE(Alive::count, 0);
    }

    void Q08_handleDroppedInEachState_data();
    void Q08_handleDroppedInEachState();
    void Q08_taskDestroyedUnstarted_data();
    void Q08_taskDestroyedUnstarted();
    void Q08_emptyTasksAndHandlesSaySo();
    void Q09_unseenFailureGoesToTheHookOnce();
    void Q09_seenFailureDoesNot_data();
    void Q09_seenFailureDoesNot();
    void Q09_failureIsKeptWhileAHandleLives();
    void Q09_withoutAHookTheLogIsTold();

private:
    test::CleanupCheck m_leaks;
};

void TestLifetimes::Q08_handleDroppedInEachState_data()
{
    QTest::addColumn<int>("state");
    for (auto it = stateNames.begin(); it != stateNames.end(); ++it)
        QTest::newRow(it.value()) << int(it.key());
}

// Dropping a handle never cancels: the task goes on, and everything of it is gone when it has ended.
void TestLifetimes::Q08_handleDroppedInEachState()
{
    QFETCH(int, state);
    const test::UnhandledErrors errors;
    Future<> gate;
    int ended = 0;
    TaskHandle<QByteArray> handle = spawn(work(Alive(), gate, State{state} == State::Failed, &ended), "work");
    switch (State{state}) {
    case State::NotStarted:
        break;
    case State::CancelledUnstarted:
        handle.cancel();
        break;
    case State::Ready:
        runSync(yield());
        gate.setResult();
        break;
    case State::Waiting:
        runSync(yield());
        break;
    case State::Cancelling:
        runSync(yield());
        handle.cancel();
        runSync(yield());
        break;
    case State::Done:
    case State::Failed:
        gate.setResult();
        QTRY_VERIFY(handle.isDone());
        QCOMPARE(Alive::count, 0); // the coroutine goes with its end, not with its handle
        break;
    }

    handle = TaskHandle<QByteArray>();

    gate.setResult();
    QTRY_COMPARE(test::CleanupCheck::taskCount(), 0);
    QCOMPARE(ended, State{state} == State::CancelledUnstarted ? 0 : 1);
    QCOMPARE(Alive::count, 0);
    QCOMPARE(errors.texts().size(), State{state} == State::Failed ? 1 : 0);
}

void TestLifetimes::Q08_taskDestroyedUnstarted_data()
{
    QTest::addColumn<QString>("how");
    for (const char *how :
         {"dropped", "assigned over", "in a coroutine's frame", "refused by runSync", "in a gather that is dropped"})
        QTest::newRow(how) << QString::fromLatin1(how);
}

void TestLifetimes::Q08_taskDestroyedUnstarted()
{
    QFETCH(QString, how);
    const test::LoggedMessages log;
    const QString warning =
            QStringLiteral("a task of child (tst_lifetimes.cpp) was destroyed without having been awaited, spawned or run");
    const auto texts = [&log] {
        return log.texts().replaceInStrings(QRegularExpression(QStringLiteral(":\\d+\\)")), QStringLiteral(")"));
    };
    if (how == QStringLiteral("dropped")) {
        {
            const Task<> task = child(Alive());
        }
        QCOMPARE(texts(), QStringList(warning));
    } else if (how == QStringLiteral("assigned over")) {
        Task<> task = child(Alive());
        task = child(Alive());
        QCOMPARE(texts(), QStringList(warning));
        runSync(std::move(task));
    } else if (how == QStringLiteral("in a coroutine's frame")) {
        const auto holds = [](Task<> inner) -> Task<> {
            const Task<> kept = std::move(inner);
            co_await yield();
        };
        runSync(holds(child(Alive())));
        QCOMPARE(texts(), QStringList(warning));
    } else if (how == QStringLiteral("refused by runSync")) {
        Bridge::current().setMaximumDepth(0);
        QCOMPARE(tryRunSync(child(Alive())).outcome(), Outcome::Refused);
        Bridge::current().setMaximumDepth(64);
        QCOMPARE(log.texts(), QStringList()); // the refusal has been told
    } else {
        {
            const auto group = gather(child(Alive()), child(Alive()));
        }
        QVERIFY(texts().filter(warning).size() >= 1);
    }
    QCOMPARE(Alive::count, 0);
}

void TestLifetimes::Q08_emptyTasksAndHandlesSaySo()
{
    QVERIFY_THROWS_EXCEPTION(std::logic_error, runSync(Task<>()));
    QVERIFY_THROWS_EXCEPTION(std::logic_error, static_cast<void>(spawn(Task<>())));
    QVERIFY_THROWS_EXCEPTION(std::logic_error, runSync(TaskHandle<>()));
    QVERIFY_THROWS_EXCEPTION(std::logic_error, TaskHandle<>().cancel());
    Task<> task = child(Alive());
    runSync(std::move(task));
    QVERIFY_THROWS_EXCEPTION(std::logic_error, runSync(std::move(task))); // NOLINT: awaited already
}

void TestLifetimes::Q09_unseenFailureGoesToTheHookOnce()
{
    const test::UnhandledErrors errors;
    const test::LoggedMessages log;
    spawn(fail("boom"), "load");
    spawn(fail("bang"));
    spawn(failAtOnce(), "number");
    QTRY_COMPARE(test::CleanupCheck::taskCount(), 0);

    const QString told = QStringLiteral(" failed and nobody looked at its result: ");
    QStringList texts = errors.texts();
    texts.replaceInStrings(QRegularExpression(QStringLiteral("#\\d+")), QStringLiteral("#n"));
    texts.sort();
    QCOMPARE(texts,
             QStringList({QStringLiteral("task #n (fail)") + told + QStringLiteral("bang"),
                          QStringLiteral("task 'load'") + told + QStringLiteral("boom"),
                          QStringLiteral("task 'number'") + told + QStringLiteral("unknown exception")}));
    QCOMPARE(log.texts(), QStringList());
}

void TestLifetimes::Q09_seenFailureDoesNot_data()
{
    QTest::addColumn<QString>("how");
    for (const char *how : {"runSync", "tryRunSync", "gather", "gatherResults", "withTimeout"})
        QTest::newRow(how) << QString::fromLatin1(how);
}

void TestLifetimes::Q09_seenFailureDoesNot()
{
    QFETCH(QString, how);
    const test::UnhandledErrors errors;
    {
        const auto task = spawn(fail("boom"), "load");
        if (how == QStringLiteral("runSync"))
            QVERIFY_THROWS_EXCEPTION(std::runtime_error, runSync(task));
        else if (how == QStringLiteral("tryRunSync"))
            QCOMPARE(tryRunSync(task).outcome(), Outcome::Exception);
        else if (how == QStringLiteral("gather"))
            QVERIFY_THROWS_EXCEPTION(std::runtime_error, runSync(gather(task, child(Alive()))));
        else if (how == QStringLiteral("gatherResults"))
            QCOMPARE(std::get<0>(runSync(gatherResults(task))).outcome(), Outcome::Exception);
        else
            QVERIFY_THROWS_EXCEPTION(std::runtime_error, runSync(withTimeout(5s, task)));
    }
    QTRY_COMPARE(test::CleanupCheck::taskCount(), 0);
    QCOMPARE(errors.texts(), QStringList());
}

void TestLifetimes::Q09_failureIsKeptWhileAHandleLives()
{
    const test::UnhandledErrors errors;
    TaskHandle<> handle = spawn(fail("boom"), "load");
    TaskHandle<> copy = handle;
    QTRY_VERIFY(handle.isDone());
    QCOMPARE(errors.texts(), QStringList()); // somebody may still look
    handle = TaskHandle<>();
    QCOMPARE(errors.texts(), QStringList());
    copy = TaskHandle<>();
    QCOMPARE(errors.texts().size(), 1);
}

void TestLifetimes::Q09_withoutAHookTheLogIsTold()
{
    const test::LoggedMessages log;
    spawn(fail("boom"), "load");
    QTRY_COMPARE(test::CleanupCheck::taskCount(), 0);
    QCOMPARE(log.texts(), QStringList(QStringLiteral("task 'load' failed and nobody looked at its result: boom")));
}

INTERLOOP_TEST_MAIN(TestLifetimes)
#include "tst_lifetimes.moc"
