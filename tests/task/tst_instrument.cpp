// SPDX-License-Identifier: MIT
#include <tests/task/virtualscheduler.h>

#include <interloop/task/future.h>
#include <interloop/task/instrument.h>
#include <interloop/task/introspection.h>
#include <interloop/task/task.h>

#include <QObject>
#include <QTest>

#include <optional>
#include <string>

using namespace interloop;
using namespace interloop::test;

namespace {

// Writes down what it is told: the word, the task, and what the task is doing then.
class Protocol final : public Instrument
{
public:
    Protocol() { exchangeInstrument(this); }
    ~Protocol() { exchangeInstrument(nullptr); }

    QStringList takeLines() { return std::exchange(m_lines, {}); }

private:
    void taskSpawned(const Chain &task) noexcept override { add("spawned", task); }
    void taskScheduled(const Chain &task) noexcept override { add("scheduled", task); }
    void beforeTaskStep(const Chain &task) noexcept override { add("step", task); }
    void taskExited(const Chain &task) noexcept override { add("exited", task); }
    void afterTaskStep(const Chain &task) noexcept override
    {
        const TaskInfo info(task);
        add("until", task, info.awaiting().empty() ? interloop::nameOf(info.status()) : info.awaiting());
    }

    void add(const char *word, const Chain &task, const std::string &more = {})
    {
        const std::string name = task.kind() == Chain::Kind::Task ? TaskInfo(task).name() : task.name();
        m_lines += QString::fromStdString(name + ' ' + word + (more.empty() ? "" : ": " + more));
    }

    QStringList m_lines;
};

Task<int> child()
{
    co_await sleepFor(1s);
    co_return 1;
}

Task<> awaitingChild()
{
    const int value = co_await child(); // a part of the same task
    co_await yield();
    if (value != 1)
        throw std::logic_error("another value");
}

Task<> awaiting(Future<> future)
{
    co_await future;
}

Task<> nothing()
{
    co_return;
}

} // namespace

class TestInstrument : public QObject
{
    Q_OBJECT

private slots:
    void init() { loop.emplace(); }
    void cleanup() { QCOMPARE(end(loop), QStringList()); }

    void everyStepOfATaskIsTold();
    void aTaskThatIsCancelledBeforeItBeganOnlyExits();
    void aCancelledWaitIsScheduledOnce();
    void aWaitOnTheStackLivesOnTopOfTheTaskThatBeganIt();
    void withoutAnInstrumentNothingIsCalled();
    void aThreadWithoutALoopHasNoInstrument();

private:
    std::optional<VirtualScheduler> loop;
};

void TestInstrument::everyStepOfATaskIsTold()
{
    Protocol protocol;
    const TaskHandle<> task = spawn(awaitingChild(), "a");
    QCOMPARE(protocol.takeLines(), QStringList{"a spawned"});

    loop->runReady();
    QCOMPARE(protocol.takeLines(), (QStringList{"a step", "a until: a timer"}));

    loop->run();
    QCOMPARE(protocol.takeLines(), (QStringList{"a scheduled",
                                                "a step", "a until: ready",
                                                "a step", "a until: ready", "a exited"}));
    QVERIFY(task.isDone());
}

void TestInstrument::aTaskThatIsCancelledBeforeItBeganOnlyExits()
{
    Protocol protocol;
    spawn(nothing(), "a").cancel();
    loop->run();
    QCOMPARE(protocol.takeLines(), (QStringList{"a spawned", "a exited"}));
}

void TestInstrument::aCancelledWaitIsScheduledOnce()
{
    Future<> never;
    const TaskHandle<> task = start(awaiting(never), "a");
    Protocol protocol;

    task.cancel();
    QCOMPARE(protocol.takeLines(), QStringList{"a scheduled"});
    task.cancel();
    loop->run();
    QCOMPARE(protocol.takeLines(), (QStringList{"a step", "a until: ready", "a exited"}));
    never.setResult();
}

void TestInstrument::aWaitOnTheStackLivesOnTopOfTheTaskThatBeganIt()
{
    static const auto waits = []() -> Task<> {
        Task<> task = nothing();
        VirtualScheduler::current().runNested(task.handle().promise(), task.handle());
        co_return;
    };
    const TaskHandle<> task = spawn(waits(), "a");
    Protocol protocol;
    loop->run();
    QCOMPARE(protocol.takeLines(), (QStringList{"a step",
                                                "a wait on the stack step", "a wait on the stack until: ready",
                                                "a wait on the stack exited",
                                                "a until: ready", "a exited"}));
}

void TestInstrument::withoutAnInstrumentNothingIsCalled()
{
    Protocol protocol;
    QCOMPARE(exchangeInstrument(nullptr), static_cast<Instrument *>(&protocol));
    loop->runTask(awaitingChild());
    QCOMPARE(protocol.takeLines(), QStringList());
    QCOMPARE(exchangeInstrument(&protocol), nullptr);
    loop->runTask(nothing());
    QCOMPARE(protocol.takeLines().size(), 4); // the control: with it, they are
}

void TestInstrument::aThreadWithoutALoopHasNoInstrument()
{
    Protocol protocol;
    QCOMPARE(exchangeInstrument(nullptr), static_cast<Instrument *>(&protocol));
    loop.reset();
    QCOMPARE(exchangeInstrument(nullptr), nullptr);
    QVERIFY_THROWS_EXCEPTION(std::logic_error, exchangeInstrument(&protocol));
    loop.emplace();
}

QTEST_APPLESS_MAIN(TestInstrument)
#include "tst_instrument.moc"
