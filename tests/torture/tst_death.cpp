// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>

#include <tests/cleanupcheck.h>
#include <tests/messages.h>
#include <tests/testmain.h>

#include <QThread>
#include <QWidget>

using namespace interloop;
using namespace std::chrono_literals;

/*
 * Row Q02: objects die, bridges are closed and threads are told to end, while a task is in each of its states.
 */

namespace {

// What the task is doing at that moment.
enum class State { NotStarted, Ready, Waiting, Cancelling, Resuming };

// What dies or ends.
enum class Victim { Context, Receiver, Sender, Window, Bridge, Thread };

// A body that began must end.
class Alive
{
public:
    Alive() { ++count; }
    ~Alive() { --count; }
    Alive(const Alive &) = delete;
    Alive &operator=(const Alive &) = delete;

    static inline thread_local int count = 0;
};

class Source : public QObject
{
    Q_OBJECT

signals:
    void fired();
};

// One cell: a task in a state, somebody who waits for it, and the end of something.
class Cell
{
public:
    Cell(Victim victim, State state) : m_victim(victim), m_state(state)
    {
        Bridge::current().setShutdownLimit(victim == Victim::Thread ? 100ms : 500ms);
        if (victim == Victim::Window) {
            auto *window = new QWidget;
            window->setAttribute(Qt::WA_DeleteOnClose);
            window->show();
            m_context = window;
        } else {
            m_context = new QObject;
        }
        m_source = new Source;
    }
    ~Cell()
    {
        delete m_context;
        delete m_source;
    }

    // How the wait ended.
    Outcome play()
    {
        Bridge &bridge = Bridge::current();
        TaskHandle<int> task;
        switch (m_state) {
        case State::NotStarted:
            bridge.post([this] { kill(); }); // in the ready queue before the task
            task = spawn(answer(this), "task");
            break;
        case State::Ready:
            task = spawn(answer(this), "task");
            runSync(yield());
            bridge.post([this] {
                m_gate.setResult();
                kill();
            });
            break;
        case State::Waiting:
        case State::Resuming:
            task = spawn(answer(this), "task");
            runSync(yield());
            bridge.post([this] { m_state == State::Waiting ? kill() : static_cast<void>(m_start.setResult()); });
            break;
        case State::Cancelling:
            task = spawn(answer(this), "task");
            runSync(yield());
            bridge.post([task] { task.cancel(); });
            break;
        }
        return wait(task);
    }

private:
    static Task<int> answer(Cell *cell)
    {
        const Alive alive;
        bool isCancelled = false;
        try {
            if (cell->m_state == State::Resuming) {
                co_await cell->m_start;
                cell->kill();
            }
            co_await cell->m_gate;
        } catch (const Cancelled &) {
            isCancelled = true;
        }
        if (isCancelled) {
            if (cell->m_state == State::Cancelling)
                cell->kill();
            co_await shield(sleepFor(20ms)); // clean-up is let finish
            co_await yield(); // throws Cancelled again
        }
        co_return 42;
    }

    Outcome wait(const TaskHandle<int> &task)
    {
        if (m_victim != Victim::Receiver && m_victim != Victim::Sender)
            return tryRunSync(task, RunOptions().timeout(10s).context(m_context)).outcome();
        Outcome outcome = Outcome::Refused;
        const Connection connection =
                interloop::connect(m_source.data(), &Source::fired, m_context.data(),
                                   [&] { outcome = tryRunSync(task, RunOptions().timeout(10s)).outcome(); });
        emit m_source->fired();
        static_cast<void>(QTest::qWaitFor([&] { return !connection.isRunning(); }, 10'000)); // parked, it comes back at once
        return outcome;
    }

    void kill()
    {
        switch (m_victim) {
        case Victim::Context:
        case Victim::Receiver:
            delete m_context;
            break;
        case Victim::Sender:
            // Who emits is on the stack; Qt lets it die by deleteLater only.
            m_source->deleteLater();
            QCoreApplication::sendPostedEvents(m_source, QEvent::DeferredDelete);
            QTimer::singleShot(5, QCoreApplication::instance(), [gate = m_gate]() mutable { gate.setResult(); });
            break;
        case Victim::Window:
            // By the user, in the wait's event loop; Qt keeps what is closed beneath it until the wait has returned.
            QTimer::singleShot(0, m_context, [window = static_cast<QWidget *>(m_context.data())] { window->close(); });
            break;
        case Victim::Bridge:
            Bridge::current().close();
            break;
        case Victim::Thread:
            QThread::currentThread()->quit();
            break;
        }
    }

    Victim m_victim;
    State m_state;
    QPointer<QObject> m_context;
    QPointer<Source> m_source;
    Future<> m_gate; // opened: the task has its answer
    Future<> m_start;
};

// Calls `function` in the event loop of a QThread that ends then.
void inThread(const std::function<void()> &function)
{
    QThread thread;
    thread.start();
    QObject worker;
    worker.moveToThread(&thread);
    QMetaObject::invokeMethod(&worker, [&] {
        function();
        worker.moveToThread(nullptr);
        thread.quit();
    });
    QVERIFY(thread.wait(10'000));
}

} // namespace

class TestDeath : public QObject
{
    Q_OBJECT

private slots:
    void initTestCase();
    void init() { m_leaks.begin(); }
    void cleanup() { m_leaks.check(); }

    void Q02_everyEndHasAName_data();
    void Q02_everyEndHasAName();
    void Q02_nestedWaitsBeneathADeadContextGoOn();
    void Q02_threadEndsUnderWaitsAndTasks_data();
    void Q02_threadEndsUnderWaitsAndTasks();

private:
    test::CleanupCheck m_leaks;
};

// The first window opens what the platform keeps.
void TestDeath::initTestCase()
{
    if (!qobject_cast<QApplication *>(QCoreApplication::instance()))
        return;
    QWidget first;
    first.show();
    QVERIFY(QTest::qWaitForWindowExposed(&first));
}

void TestDeath::Q02_everyEndHasAName_data()
{
    QTest::addColumn<int>("victim");
    QTest::addColumn<int>("state");
    QTest::addColumn<QString>("outcome");
    static const QHash<State, const char *> states = {{State::NotStarted, "not started"},
                                                      {State::Ready, "ready"},
                                                      {State::Waiting, "waiting"},
                                                      {State::Cancelling, "cancelling"},
                                                      {State::Resuming, "resuming"}};
    const auto add = [](Victim victim, const char *name, std::array<const char *, 5> outcomes) {
        for (int state = 0; state < 5; ++state)
            QTest::addRow("%s, %s", name, states[State(state)])
                    << int(victim) << state << QString::fromLatin1(outcomes[std::size_t(state)]);
    };
    // A result that came before the end wins.
    add(Victim::Context, "context",
        {"ContextDestroyed", "Value", "ContextDestroyed", "ContextDestroyed", "ContextDestroyed"});
    add(Victim::Receiver, "receiver",
        {"ContextDestroyed", "Value", "ContextDestroyed", "ContextDestroyed", "ContextDestroyed"});
    add(Victim::Sender, "sender", {"Value", "Value", "Value", "Cancelled", "Value"});
    if (qobject_cast<QApplication *>(QCoreApplication::instance()))
        add(Victim::Window, "window",
            {"ContextDestroyed", "Value", "ContextDestroyed", "ContextDestroyed", "ContextDestroyed"});
    add(Victim::Bridge, "bridge", {"Cancelled", "Value", "Cancelled", "Cancelled", "Cancelled"});
    // The wait has not entered Qt when the quit comes, so that it has the shutdown limit; clean-up ends within it.
    add(Victim::Thread, "thread", {"Quit", "Value", "Quit", "Cancelled", "Quit"});
}

void TestDeath::Q02_everyEndHasAName()
{
    QFETCH(int, victim);
    QFETCH(int, state);
    QFETCH(QString, outcome);
    const test::LoggedMessages log;
    Outcome got = Outcome::Refused;
    int alive = -1;
    const auto play = [&] {
        {
            Cell cell(Victim{victim}, State{state});
            got = cell.play();
        }
        if (Bridge::exists()) // the sleeps of clean-up
            static_cast<void>(tryRunSync(sleepFor(40ms)));
        alive = Alive::count;
    };

    if (Victim{victim} == Victim::Thread)
        inThread(play);
    else
        play();

    QCOMPARE(QString::fromLatin1(nameOf(got)), outcome);
    QCOMPARE(alive, 0);
    QCOMPARE(log.containing(QStringLiteral("interloop")), QStringList());
    QCOMPARE(log.containing(QStringLiteral("bridge")), QStringList());
    QCOMPARE(log.containing(QStringLiteral("uv_loop_close")), QStringList());
    if (Victim{victim} == Victim::Bridge) {
        QVERIFY(!Bridge::exists());
        Bridge::current();
        QCOMPARE(tryRunSync(sleepFor(1ms)).outcome(), Outcome::Value);
    }
}

// The context of a wait in the middle dies: the one on top is not touched, and it is held back by it.
void TestDeath::Q02_nestedWaitsBeneathADeadContextGoOn()
{
    auto context = std::make_unique<QObject>();
    QStringList outcomes;
    const auto later = [](std::function<void()> function) {
        QTimer::singleShot(0, QCoreApplication::instance(), std::move(function));
    };
    later([&] {
        later([&] {
            later([&] { context.reset(); });
            outcomes += QLatin1String("top ") + nameOf(tryRunSync(sleepFor(20ms)).outcome());
        });
        outcomes += QLatin1String("middle ")
                + nameOf(tryRunSync(sleepFor(60s), RunOptions().context(context.get())).outcome());
    });
    outcomes += QLatin1String("bottom ") + nameOf(tryRunSync(sleepFor(40ms)).outcome());

    QCOMPARE(outcomes,
             QStringList({QStringLiteral("top Value"), QStringLiteral("middle ContextDestroyed"),
                          QStringLiteral("bottom Value")}));
}

void TestDeath::Q02_threadEndsUnderWaitsAndTasks_data()
{
    QTest::addColumn<int>("depth");
    QTest::addRow("idle") << 0;
    QTest::addRow("depth 1") << 1;
    QTest::addRow("depth 5") << 5;
}

namespace {

Task<> sleepAMinute()
{
    const Alive alive;
    co_await sleepFor(60s);
}

class Tower : public QObject
{
    Q_OBJECT

public:
    explicit Tower(int depth) : m_left(depth) { }

    void grow()
    {
        if (m_left-- == 0) {
            hasGrown = true;
            return;
        }
        QMetaObject::invokeMethod(this, &Tower::grow, Qt::QueuedConnection);
        outcomes += QString::fromLatin1(nameOf(tryRunSync(sleepAMinute()).outcome()));
    }

    std::atomic<bool> hasGrown = false;
    QStringList outcomes;

private:
    int m_left;
};

} // namespace

// quit() and wait() from another thread, as any Qt program does.
void TestDeath::Q02_threadEndsUnderWaitsAndTasks()
{
    QFETCH(int, depth);
    const test::LoggedMessages log;
    QThread thread;
    thread.start();
    Tower tower(depth);
    tower.moveToThread(&thread);
    QMetaObject::invokeMethod(&tower, [&tower] {
        for (int i = 0; i < 3; ++i)
            spawn(sleepAMinute(), "background");
        // The bridge's own end comes first: connected before.
        QObject::connect(
                QThread::currentThread(), &QThread::finished, &tower,
                [&tower] {
                    tower.outcomes += QStringLiteral("bridge %1, alive %2").arg(Bridge::exists()).arg(Alive::count);
                },
                Qt::DirectConnection);
        tower.grow();
    });
    QTRY_VERIFY(tower.hasGrown);

    QElapsedTimer clock;
    clock.start();
    thread.quit();
    QVERIFY(thread.wait(5000));

    QVERIFY2(clock.elapsed() < 1000, QByteArray::number(clock.elapsed()));
    QStringList expected(depth, QStringLiteral("Quit"));
    expected += QStringLiteral("bridge 0, alive 0");
    QCOMPARE(tower.outcomes, expected);
    QCOMPARE(log.texts(), QStringList());
}

INTERLOOP_TEST_MAIN(TestDeath)
#include "tst_death.moc"
