// SPDX-License-Identifier: MIT
#include <tests/task/virtualscheduler.h>

#include <interloop/task/gather.h>
#include <interloop/task/progress.h>
#include <interloop/task/sleep.h>

#include <QObject>
#include <QTest>

#include <optional>
#include <stdexcept>
#include <string>

using namespace interloop;
using namespace interloop::test;

static_assert(!std::is_aggregate_v<Progress>);

namespace {

Task<int> countTo(int end, std::string name)
{
    Progress progress = Progress::current();
    progress.setRange(0, end);
    progress.setText(std::move(name));
    for (int i = 1; i <= end; ++i) {
        co_await sleepFor(1s);
        progress.setValue(i);
    }
    co_return end;
}

// A progress whose changes are noted.
Progress noted(std::string who)
{
    Progress progress;
    progress.setListener([who, progress] {
        note(who + ' ' + progress.text() + ' ' + std::to_string(progress.value()) + '/' + std::to_string(progress.maximum()));
    });
    return progress;
}

} // namespace

class TestProgress : public QObject
{
    Q_OBJECT

private slots:
    void init() { loop.emplace(); }
    void cleanup() { QCOMPARE(end(loop), QStringList()); }

    void aTaskReportsToWhoFollowsIt();
    void whereNobodyFollowsNothingHappens();
    void whatATaskSpawnsReportsToo();
    void anInnerProgressIsItsOwnAndTheOuterOneComesBack();
    void aCancelReachesTheTask();
    void valuesStayInTheRange();
    void onlyChangesAreTold();
    void aListenerMayEndItself();

private:
    std::optional<VirtualScheduler> loop;
};

void TestProgress::aTaskReportsToWhoFollowsIt()
{
    Progress progress = noted("bar");

    QCOMPARE(loop->runTask(progress.follow(countTo(2, "files"))), 2);

    QCOMPARE(loop->takeNotes(), QStringList({"bar  0/2@0", "bar files 0/2@0", "bar files 1/2@1", "bar files 2/2@2"}));
    progress.setListener({});
}

void TestProgress::whereNobodyFollowsNothingHappens()
{
    QCOMPARE(loop->runTask(countTo(2, "files")), 2);

    Progress nobody = Progress::current();
    nobody.setRange(0, 10);
    nobody.setValue(5);
    QCOMPARE(nobody.value(), 0);
    loop.reset(); // nor where there is no loop
    Progress::current().setText("text");
    loop.emplace();
}

void TestProgress::whatATaskSpawnsReportsToo()
{
    const auto body = []() -> Task<> { co_await spawn(countTo(1, "spawned")); };
    Progress progress = noted("bar");

    loop->runTask(progress.follow(body()));

    QCOMPARE(loop->takeNotes(), QStringList({"bar  0/1@0", "bar spawned 0/1@0", "bar spawned 1/1@1"}));
    progress.setListener({});
}

void TestProgress::anInnerProgressIsItsOwnAndTheOuterOneComesBack()
{
    const auto failing = [](Progress inner) -> Task<> {
        Progress::current().setText("outer");
        try {
            co_await inner.follow(failAfter(1s, "boom"));
        } catch (const std::runtime_error &error) {
            Progress::current().setText(error.what());
        }
        co_await inner.follow(countTo(0, "inner"));
        Progress::current().setText("outer again");
    };
    Progress outer = noted("outer");
    Progress inner = noted("inner");

    loop->runTask(outer.follow(failing(inner)));

    QCOMPARE(loop->takeNotes(),
             QStringList({"outer outer 0/0@0", "outer boom 0/0@1", "inner inner 0/0@1", "outer outer again 0/0@1"}));
    outer.setListener({});
    inner.setListener({});
}

void TestProgress::aCancelReachesTheTask()
{
    Progress progress = noted("bar");
    const TaskHandle<int> task = spawn(progress.follow(countTo(10, "files")));
    loop->runUntil(1500ms);

    task.cancel();
    loop->run();

    QVERIFY(task.isCancelled());
    QCOMPARE(progress.value(), 1);
    loop->takeNotes();
    progress.setListener({});
}

void TestProgress::valuesStayInTheRange()
{
    Progress progress;
    progress.setValue(1000); // a count of something, when nobody knows of how much
    QCOMPARE(progress.value(), 1000);
    progress.setRange(10, 20);
    QCOMPARE(progress.value(), 20);
    progress.setValue(-5);
    QCOMPARE(progress.value(), 10);
    progress.setRange(30, 25);
    QCOMPARE(progress.minimum(), 30);
    QCOMPARE(progress.maximum(), 30);
    QCOMPARE(progress.value(), 30);
}

void TestProgress::onlyChangesAreTold()
{
    int told = 0;
    Progress progress;
    progress.setListener([&told] { ++told; });
    progress.setRange(0, 10);
    progress.setRange(0, 10);
    progress.setValue(3);
    progress.setValue(3);
    progress.setText("text");
    progress.setText("text");
    QCOMPARE(told, 3);
}

void TestProgress::aListenerMayEndItself()
{
    int told = 0;
    Progress progress;
    progress.setListener([&told, progress]() mutable {
        progress.setListener({});
        ++told;
    });
    progress.setValue(1);
    progress.setValue(2);
    QCOMPARE(told, 1);
}

QTEST_APPLESS_MAIN(TestProgress)
#include "tst_progress.moc"
