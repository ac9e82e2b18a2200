// SPDX-License-Identifier: MIT
#include <tests/task/virtualscheduler.h>

#include <interloop/task/gather.h>
#include <interloop/task/task.h>
#include <interloop/task/tasklocal.h>

#include <QObject>
#include <QTest>

#include <memory>
#include <optional>
#include <string>

using namespace interloop;
using namespace interloop::test;

namespace {

const TaskLocal<std::string> user("nobody");
const TaskLocal<int> depth;

Task<> setUser(std::string name)
{
    user.set(std::move(name));
    co_return;
}

Task<> noteUser(std::string who)
{
    note(who + " sees " + user.value());
    co_return;
}

} // namespace

class TestTaskLocal : public QObject
{
    Q_OBJECT

private slots:
    void init() { loop.emplace(); }
    void cleanup() { QCOMPARE(end(loop), QStringList()); }

    void theInitialValueIsSeenWhereNothingIsSet();
    void aValueSetInASubCoroutineIsSeenAfterASleep();
    void aSpawnedTaskBeginsWithACopy();
    void whatAChildSetsStaysWithIt();
    void siblingsInAGatherHaveValuesOfTheirOwn();
    void plainCodeHasValuesThatItsTasksInherit();
    void variablesDoNotMixTheirValues();
    void aVariableInTheOldOnesPlaceIsANewOne();
    void valuesDieWithTheLastTaskThatHasThem();

private:
    std::optional<VirtualScheduler> loop;
};

void TestTaskLocal::theInitialValueIsSeenWhereNothingIsSet()
{
    QCOMPARE(user.value(), std::string("nobody"));
    QCOMPARE(depth.value(), 0);
    loop->runTask(noteUser("task"));
    QCOMPARE(loop->takeNotes(), QStringList{"task sees nobody@0"});
    loop.reset(); // also where there is no loop
    QCOMPARE(user.value(), std::string("nobody"));
    loop.emplace();
}

void TestTaskLocal::aValueSetInASubCoroutineIsSeenAfterASleep()
{
    const auto body = []() -> Task<std::string> {
        co_await setUser("ada");
        co_await sleepFor(10ms);
        co_return user.value();
    };
    QCOMPARE(loop->runTask(body()), std::string("ada"));
    QCOMPARE(user.value(), std::string("nobody")); // the plain code's own
}

void TestTaskLocal::aSpawnedTaskBeginsWithACopy()
{
    const auto body = []() -> Task<> {
        user.set("ada");
        const TaskHandle<> child = spawn(noteUser("child"));
        user.set("grace"); // too late for the child
        co_await child;
        note("parent sees " + user.value());
    };
    loop->runTask(body());
    QCOMPARE(loop->takeNotes(), (QStringList{"child sees ada@0", "parent sees grace@0"}));
}

void TestTaskLocal::whatAChildSetsStaysWithIt()
{
    const auto body = []() -> Task<> {
        user.set("ada");
        co_await spawn(setUser("grace"));
        co_await noteUser("parent");
    };
    loop->runTask(body());
    QCOMPARE(loop->takeNotes(), QStringList{"parent sees ada@0"});
}

void TestTaskLocal::siblingsInAGatherHaveValuesOfTheirOwn()
{
    const auto member = [](std::string name) -> Task<std::string> {
        user.set(name);
        co_await sleepFor(1s);
        co_return user.value();
    };
    const auto body = [&member]() -> Task<std::string> {
        const auto [a, b] = co_await gather(member("a"), member("b"));
        co_return a + b + user.value();
    };
    QCOMPARE(loop->runTask(body()), std::string("abnobody"));
}

void TestTaskLocal::plainCodeHasValuesThatItsTasksInherit()
{
    user.set("main");
    loop->runTask(noteUser("task"));
    QCOMPARE(loop->takeNotes(), QStringList{"task sees main@0"});
    loop->runTask(setUser("ada"));
    QCOMPARE(user.value(), std::string("main"));
}

void TestTaskLocal::variablesDoNotMixTheirValues()
{
    const auto body = []() -> Task<> {
        user.set("ada");
        depth.set(7);
        co_await yield();
        user.set("grace");
        note(user.value() + ' ' + std::to_string(depth.value()));
    };
    loop->runTask(body());
    QCOMPARE(loop->takeNotes(), QStringList{"grace 7@0"});
}

void TestTaskLocal::aVariableInTheOldOnesPlaceIsANewOne()
{
    std::optional<TaskLocal<int>> variable;
    variable.emplace(1);
    variable->set(2);
    variable.reset();
    variable.emplace(3);
    QCOMPARE(variable->value(), 3);
}

void TestTaskLocal::valuesDieWithTheLastTaskThatHasThem()
{
    const TaskLocal<std::shared_ptr<int>> local;
    auto value = std::make_shared<int>(1);
    const std::weak_ptr<int> watch = value;
    const auto body = [](const TaskLocal<std::shared_ptr<int>> &variable, std::shared_ptr<int> pointer) -> Task<> {
        variable.set(std::move(pointer));
        spawn(sleeper("child", 1s)); // has a copy
        co_return;
    };
    loop->runTask(body(local, std::move(value)));
    QVERIFY(watch.expired());
    loop->takeNotes();
}

QTEST_APPLESS_MAIN(TestTaskLocal)
#include "tst_tasklocal.moc"
