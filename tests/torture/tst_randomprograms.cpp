// SPDX-License-Identifier: MIT
#include "randomprogram.h"

#include <tests/cleanupcheck.h>
#include <tests/testmain.h>

#include <interloop/interloop.h>
#include <interloop/test/virtualclock.h>

#include <cstdint>
#include <memory>
#include <vector>

/*
 * A million random programs: the legal ones all end and no wait is refused; in the others, which close a circle, one is.
 */

using namespace interloop;
using namespace interloop::test;
using namespace std::chrono_literals;

namespace {

// A million in one configuration; under sanitizers and in the others as many as take a few seconds.
bool isMainConfiguration()
{
    return !isSanitized && !qEnvironmentVariableIsSet("QT_QPA_PLATFORM") && !qEnvironmentVariableIsSet("QT_NO_GLIB")
            && !qEnvironmentVariableIsSet("INTERLOOP_PARKING");
}

constexpr int rowCount = 20;
constexpr int batchSize = 25; // programs at a time, which mix their steps and their blocking waits

int programsPerRow()
{
    return isMainConfiguration() ? 50'000 : isSanitized ? 250 : 1'000;
}

Task<int> awaitIt(Handle handle)
{
    co_return co_await handle;
}

// A task that closes a circle: it is refused somewhere, and everybody ends.
class Circle
{
public:
    explicit Circle(Programs program) : program(std::move(program)) { }

    Programs program;
    Handle self; // the task that the others wait for
    Mutex first;
    Mutex second;
    bool isRefused = false;

    void refused(const RunSyncError &error) { isRefused |= error.reason() == Refusal::Deadlock; }
};

using Circles = std::shared_ptr<Circle>;

// Awaits the outermost task of its circle.
Task<int> awaitsTheOutermost(Circles circle)
{
    co_await sleepFor(circle->program->time());
    try {
        co_return co_await circle->self;
    } catch (const RunSyncError &error) {
        circle->refused(error);
    }
    co_return 0;
}

Task<> locksInOrder(Circles circle, Mutex &a, Mutex &b)
{
    const MutexGuard outer = co_await a.lock();
    co_await sleepFor(2ms);
    try {
        const MutexGuard inner = co_await b.lock();
    } catch (const RunSyncError &error) {
        circle->refused(error);
    }
}

Task<> locksOnce(Circles circle)
{
    try {
        const MutexGuard guard = co_await circle->first.lock();
    } catch (const RunSyncError &error) {
        circle->refused(error);
    }
}

Task<int> closesACircle(Circles circle, int how)
{
    co_await sleepFor(circle->program->time());
    switch (how) {
    case 0:
        co_await awaitsTheOutermost(circle);
        break;
    case 1: {
        auto a = locksInOrder(circle, circle->first, circle->second);
        auto b = locksInOrder(circle, circle->second, circle->first);
        co_await gather(std::move(a), std::move(b));
        break;
    }
    case 2: {
        const MutexGuard guard = co_await circle->first.lock();
        runSync(locksOnce(circle));
        break;
    }
    case 3: {
        const Handle handle = spawn(awaitsTheOutermost(circle), "other");
        co_await sleepFor(4ms);
        runSync(handle);
        break;
    }
    case 4: {
        auto one = awaitsTheOutermost(circle);
        auto other = awaitsTheOutermost(circle);
        co_await race(std::move(one), std::move(other));
        break;
    }
    case 5: {
        const Handle handle = spawn(awaitIt(spawn(awaitsTheOutermost(circle), "other")), "between");
        co_await handle;
        break;
    }
    default: {
        auto free = randomProgram(circle->program->counts, circle->program->seed + 1, 4);
        auto other = awaitsTheOutermost(circle);
        co_await gatherResults(std::move(free), std::move(other));
        break;
    }
    }
    co_return 1;
}

Task<int> illegalProgram(Circles circle, int how)
{
    spawn(randomProgram(circle->program->counts, circle->program->seed, 6), "beside"); // goes on by itself
    circle->self = spawn(closesACircle(circle, how), "outermost");
    try {
        co_await circle->self;
    } catch (const RunSyncError &error) {
        circle->refused(error);
    }
    circle->self = Handle();
    co_return 1;
}

// Runs some at once, and then until none of their tasks is left.
bool runToTheEnd(std::vector<Task<int>> programs, const ProgramCounts &counts)
{
    std::vector<Handle> handles;
    for (Task<int> &program : programs)
        handles.push_back(spawn(std::move(program), "program"));
    for (const Handle &handle : handles)
        static_cast<void>(tryRunSync(handle));
    for (int turn = 0; turn < 10'000 && (counts.live > 0 || Bridge::current().taskCount() > 0); ++turn)
        runSync(sleepFor(1ms));
    return counts.live == 0 && Bridge::current().taskCount() == 0;
}

} // namespace

class TestRandomPrograms : public QObject
{
    Q_OBJECT

private slots:
    void initTestCase()
    {
        Bridge::current().setMaximumDepth(10'000);
        Bridge::current().setUnhandledErrorHandler([](const QString &, std::exception_ptr) { }); // failures are wanted
    }
    void init() { m_leaks.begin(); }
    void cleanup() { m_leaks.check(); }
    void cleanupTestCase();

    void legalProgramsEndAndAreNeverRefused_data() { addRows(); }
    void legalProgramsEndAndAreNeverRefused();
    void circlesAreAlwaysRefused_data() { addRows(); }
    void circlesAreAlwaysRefused();

private:
    void addRows()
    {
        QTest::addColumn<int>("row");
        for (int row = 0; row < rowCount; ++row)
            QTest::addRow("%d", row) << row;
    }

    CleanupCheck m_leaks;
    ProgramCounts m_legal;
};

void TestRandomPrograms::legalProgramsEndAndAreNeverRefused()
{
    QFETCH(int, row);
    const VirtualClock clock;
    std::uint64_t seed = std::uint64_t(row) * 1'000'000 + 1;
    for (int done = 0; done < programsPerRow(); done += batchSize) {
        std::vector<Task<int>> programs;
        for (int n = 0; n < batchSize; ++n)
            programs.push_back(randomProgram(m_legal, seed++));
        const bool hasEnded = runToTheEnd(std::move(programs), m_legal);
        QVERIFY2(hasEnded, dumpTasks().c_str());
        QVERIFY2(m_legal.refusals == 0, m_legal.firstRefusal.c_str());
        QCOMPARE(m_legal.wrongs, 0u);
    }
}

void TestRandomPrograms::circlesAreAlwaysRefused()
{
    QFETCH(int, row);
    const VirtualClock clock;
    ProgramCounts counts;
    std::uint64_t seed = std::uint64_t(row) * 1'000'000 + 1;
    for (int done = 0; done < programsPerRow() / 10; ++done, ++seed) {
        const auto circle = std::make_shared<Circle>(std::make_shared<Program>(counts, seed, 6));
        const int how = int(seed % 7);
        std::vector<Task<int>> programs;
        programs.push_back(illegalProgram(circle, how));
        const bool hasEnded = runToTheEnd(std::move(programs), counts);
        QVERIFY2(hasEnded, dumpTasks().c_str());
        QVERIFY2(circle->isRefused, qPrintable(QString("program %1, circle %2").arg(seed).arg(how)));
        QVERIFY2(counts.refusals == 0, counts.firstRefusal.c_str()); // what ran beside it is legal
    }
}

void TestRandomPrograms::cleanupTestCase()
{
    QString text = QString("%1 tasks; moves:").arg(m_legal.tasks);
    for (const std::uint64_t count : m_legal.moves)
        text += ' ' + QString::number(count);
    qInfo("%s", qPrintable(text));
}

INTERLOOP_TEST_MAIN(TestRandomPrograms)
#include "tst_randomprograms.moc"
