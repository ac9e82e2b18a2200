// SPDX-License-Identifier: MIT
#include <tests/task/virtualscheduler.h>

#include <interloop/task/future.h>
#include <interloop/task/gather.h>
#include <interloop/task/introspection.h>
#include <interloop/task/mutex.h>
#include <interloop/task/task.h>
#include <interloop/task/timeout.h>

#include <QObject>
#include <QRegularExpression>
#include <QTest>

#include <optional>
#include <string>
#include <vector>

using namespace interloop;
using namespace interloop::test;

static_assert(!std::is_aggregate_v<TaskInfo>);

Q_DECLARE_METATYPE(std::source_location)

namespace {

Task<> sleeping()
{
    co_await sleepFor(1s);
}

Task<> awaitingHandle(TaskHandle<> handle)
{
    co_await handle;
}

Task<> nothing()
{
    co_return;
}

// Lines of the source do not matter to these tests, files do.
QString withoutLines(const std::string &text)
{
    return QString::fromStdString(text).replace(QRegularExpression(":\\d+"), ":n");
}

QStringList lines(const std::vector<TaskInfo> &tasks)
{
    QStringList all;
    for (const TaskInfo &task : tasks)
        all += withoutLines(task.toString());
    return all;
}

} // namespace

class TestIntrospection : public QObject
{
    Q_OBJECT

private slots:
    void init() { loop.emplace(); }
    void cleanup() { QCOMPARE(end(loop), QStringList()); }

    void thereIsNoCurrentTaskInPlainCode();
    void aTaskSeesItselfBeforeAndAfterAnAwait();
    void tasksAreListedInTheOrderOfTheirSpawning();
    void eachStateIsTold();
    void whatIsAwaitedIsTold();
    void theAwaitOfTheUserIsNamedNotTheLibrarys();
    void theLineIsThatOfTheAwait();
    void unnamedTasksHaveTheNameOfTheirFunction();
    void parentsAreKnown();
    void theDumpIsATree();
    void aLongLineOfParentsNeedsNoStack();
    void aThreadWithoutALoopHasNoTasks();
    void functionNamesAreShort_data();
    void functionNamesAreShort();

private:
    std::optional<VirtualScheduler> loop;
};

void TestIntrospection::thereIsNoCurrentTaskInPlainCode()
{
    const TaskInfo none = currentTask();
    QVERIFY(!none);
    QVERIFY(none == TaskInfo());
    QCOMPARE(none.id(), 0u);
    QCOMPARE(none.toString(), std::string("no task"));
    QCOMPARE(dumpTasks(), std::string("0 tasks\n"));
}

void TestIntrospection::aTaskSeesItselfBeforeAndAfterAnAwait()
{
    const FifoOrder fifo;
    std::vector<TaskInfo> seen;
    const auto looks = [](std::vector<TaskInfo> &all) -> Task<> {
        all.push_back(currentTask());
        co_await sleepFor(1s);
        all.push_back(currentTask());
    };
    const TaskHandle<> a = spawn(looks(seen), "a");
    const TaskHandle<> b = spawn(looks(seen), "b");
    loop->run();
    QCOMPARE(seen.size(), std::size_t(4));
    QVERIFY(seen[0] && seen[0] == seen[2] && seen[1] == seen[3]);
    QVERIFY(!(seen[0] == seen[1]));
    QCOMPARE(seen[3].name(), std::string("b"));
    QCOMPARE(seen[3].description(), std::string("task 'b'"));
    QCOMPARE(seen[3].status(), TaskStatus::Running);
}

void TestIntrospection::tasksAreListedInTheOrderOfTheirSpawning()
{
    for (const char *name : {"c", "a", "b"})
        spawn(sleeping(), name);
    QStringList names;
    for (const TaskInfo &task : allTasks())
        names += QString::fromStdString(task.name());
    QCOMPARE(names, (QStringList{"c", "a", "b"}));
    loop->run();
    QCOMPARE(allTasks().size(), std::size_t(0));
}

void TestIntrospection::eachStateIsTold()
{
    const auto looks = []() -> Task<> {
        note(withoutLines(currentTask().toString()).toStdString());
        co_await yield();
    };
    const TaskHandle<> handle = spawn(looks(), "a");
    QCOMPARE(lines(allTasks()), QStringList{"task 'a': not started at tst_introspection.cpp:n"});
    loop->step();
    QCOMPARE(loop->takeNotes(), QStringList{"task 'a': running at tst_introspection.cpp:n@0"});
    QCOMPARE(lines(allTasks()), QStringList{"task 'a': ready at tst_introspection.cpp:n"});
    loop->run();

    const TaskHandle<> sleeper = spawn(sleeping(), "b");
    loop->runReady();
    QCOMPARE(allTasks().front().status(), TaskStatus::Waiting);
    QCOMPARE(lines(allTasks()), QStringList{"task 'b': waits for a timer at tst_introspection.cpp:n"});
    sleeper.cancel();
    QCOMPARE(lines(allTasks()), QStringList{"task 'b': ready at tst_introspection.cpp:n, being cancelled"});
    loop->run();
}

void TestIntrospection::whatIsAwaitedIsTold()
{
    Future<> future;
    Mutex mutex("cache");
    const MutexGuard guard = mutex.tryLock();
    const auto onFuture = [](Future<> &awaited) -> Task<> { co_await awaited; };
    const auto onMutex = [](Mutex &awaited) -> Task<> { const MutexGuard inner = co_await awaited.lock(); };
    const auto onTwo = [](TaskHandle<> a, TaskHandle<> b) -> Task<> { co_await gather(a, b); };
    const TaskHandle<> a = spawn(onFuture(future), "a");
    const TaskHandle<> b = spawn(onMutex(mutex), "b");
    const TaskHandle<> c = spawn(awaitingHandle(a), "c");
    const TaskHandle<> d = spawn(onTwo(a, c), "d");
    loop->runReady();
    QStringList awaited;
    for (const TaskInfo &task : allTasks())
        awaited += QString::fromStdString(task.awaiting());
    QCOMPARE(awaited, (QStringList{"a Future", "mutex 'cache'", "task 'a'", "2 tasks"}));
    b.cancel();
    future.setResult();
    loop->run();
}

void TestIntrospection::theAwaitOfTheUserIsNamedNotTheLibrarys()
{
    const auto deep = [](TaskHandle<> handle) -> Task<> { co_await withTimeout(5s, gather(handle, sleepFor(1s))); };
    const TaskHandle<> handle = spawn(sleeping());
    const TaskHandle<> outer = spawn(deep(handle), "outer");
    loop->runReady();
    QCOMPARE(withoutLines(allTasks()[1].toString()), "task 'outer': waits for 2 tasks at tst_introspection.cpp:n");
    loop->run();
}

void TestIntrospection::theLineIsThatOfTheAwait()
{
    std::uint_least32_t line = 0;
    const auto sleeps = [](std::uint_least32_t &here) -> Task<> {
        co_await yield();
        here = std::source_location::current().line() + 1;
        co_await sleepFor(1s);
    };
    const TaskHandle<> handle = spawn(sleeps(line));
    loop->runReady();
    QCOMPARE(allTasks().front().location().line(), line);
    loop->run();
}

void TestIntrospection::unnamedTasksHaveTheNameOfTheirFunction()
{
    spawn(sleeping());
    QCOMPARE(allTasks().front().name(), std::string());
    QCOMPARE(allTasks().front().description(), std::string("task #1 (sleeping)"));
    loop->run();
}

void TestIntrospection::parentsAreKnown()
{
    const auto parent = []() -> Task<> {
        spawn(sleeping(), "child");
        co_await sleepFor(500ms);
    };
    const TaskHandle<> handle = spawn(parent(), "parent");
    loop->runReady();
    const std::vector<TaskInfo> tasks = allTasks();
    QCOMPARE(tasks.size(), std::size_t(2));
    QCOMPARE(tasks[0].parentId(), 0u);
    QCOMPARE(tasks[1].parentId(), tasks[0].id());
    loop->run();
}

void TestIntrospection::theDumpIsATree()
{
    const FifoOrder fifo;
    const auto grandparent = []() -> Task<> {
        const auto parent = []() -> Task<> {
            spawn(sleeping(), "a1");
            spawn(sleeping(), "a2");
            co_await sleepFor(2s);
        };
        spawn(parent(), "a");
        spawn(sleeping(), "b");
        co_await sleepFor(500ms);
    };
    spawn(grandparent(), "top");
    spawn(nothing(), "next");
    loop->step(); // "top" has run, nobody else
    loop->step();
    loop->step();
    const QString first = withoutLines(dumpTasks());
    QCOMPARE(first, "5 tasks\n"
                    "- task 'top': waits for a timer at tst_introspection.cpp:n\n"
                    "  - task 'a': waits for a timer at tst_introspection.cpp:n\n"
                    "    - task 'a1': not started at tst_introspection.cpp:n\n"
                    "    - task 'a2': not started at tst_introspection.cpp:n\n"
                    "  - task 'b': not started at tst_introspection.cpp:n\n");

    // when the one on top has ended, its children stand by themselves
    loop->runUntil(700ms);
    QCOMPARE(withoutLines(dumpTasks()), "4 tasks\n"
                                        "- task 'a': waits for a timer at tst_introspection.cpp:n\n"
                                        "  - task 'a1': waits for a timer at tst_introspection.cpp:n\n"
                                        "  - task 'a2': waits for a timer at tst_introspection.cpp:n\n"
                                        "- task 'b': waits for a timer at tst_introspection.cpp:n\n");
    loop->run();
}

namespace {

Task<> spawnsTheNext(int left)
{
    if (left > 0)
        spawn(spawnsTheNext(left - 1));
    co_await sleepFor(1s);
}

} // namespace

void TestIntrospection::aLongLineOfParentsNeedsNoStack()
{
    constexpr int length = 1'000;
    spawn(spawnsTheNext(length - 1));
    loop->runReady();
    QCOMPARE(QString::fromStdString(dumpTasks()).count('\n'), length + 1);
    loop->run();
}

void TestIntrospection::aThreadWithoutALoopHasNoTasks()
{
    loop.reset();
    QVERIFY(!currentTask());
    QCOMPARE(allTasks().size(), std::size_t(0));
    QCOMPARE(dumpTasks(), std::string("0 tasks\n"));
    loop.emplace();
}

namespace {

template<typename T>
std::source_location templated(T)
{
    return std::source_location::current();
}

class Store
{
public:
    static std::source_location load(std::vector<std::pair<int, std::string>>) { return std::source_location::current(); }
};

} // namespace

void TestIntrospection::functionNamesAreShort_data()
{
    QTest::addColumn<std::source_location>("location");
    QTest::addColumn<QString>("name");
    const auto lambda = [](int) { return std::source_location::current(); };
    QTest::newRow("template") << templated(1) << "templated";
    QTest::newRow("member") << Store::load({}) << "Store::load";
    QTest::newRow("lambda") << lambda(1) << "a lambda in TestIntrospection::functionNamesAreShort_data";
    QTest::newRow("unknown") << std::source_location() << "";
}

void TestIntrospection::functionNamesAreShort()
{
    QFETCH(std::source_location, location);
    QFETCH(QString, name);
    QCOMPARE(QString::fromStdString(functionName(location)), name);
}

QTEST_APPLESS_MAIN(TestIntrospection)
#include "tst_introspection.moc"
