// SPDX-License-Identifier: MIT
#include <tests/drivers.h>
#include <tests/cleanupcheck.h>
#include <tests/test/failing.h>
#include <tests/testmain.h>

#include <interloop/interloop.h>
#include <interloop/test/randomorder.h>
#include <interloop/test/virtualclock.h>

#include <QObject>
#include <QSet>
#include <QStringList>
#include <QTest>

#include <chrono>
#include <map>

using namespace interloop;
using namespace interloop::test;
using namespace std::chrono_literals;

class TestRandomOrder : public QObject
{
    Q_OBJECT

private slots:
    void init() { m_leaks.begin(); }
    void cleanup() { m_leaks.check(); }

    void theSameSeedGivesTheSameTrace_data();
    void theSameSeedGivesTheSameTrace();
    void differentSeedsGiveDifferentTraces();
    void everyOrderOfAPassComes();
    void whatBecomesReadyWaitsForTheNextPass();
    void aPassThatRunsOutOfTimeGoesOnAsItWas();
    void firstComeFirstServedCanBePinned();
    void itEndsWithItsScope();
    void theSeedIsPrintedWhenTheTestFails_data();
    void theSeedIsPrintedWhenTheTestFails();

private:
    CleanupCheck m_leaks;
};

namespace {

// A program in which order shows: tasks that yield, sleep, time out, wait for each other and on the stack.
class Program
{
public:
    QString run(std::uint64_t seed)
    {
        const RandomOrder order(seed);
        const VirtualClock clock;
        std::vector<Task<>> tasks;
        for (int i = 0; i < 12; ++i)
            tasks.push_back(worker(i));
        runSync(gather(std::move(tasks)));
        return m_trace.join(' ') + QStringLiteral(" @%1").arg(qint64(clock.elapsed().count()));
    }

private:
    Task<> worker(int number)
    {
        for (int step = 0; step < 6; ++step) {
            m_trace += QStringLiteral("%1.%2").arg(number).arg(step);
            switch ((number + step) % 5) {
            case 0:
                co_await yield();
                break;
            case 1:
                co_await sleepFor(1ms);
                break;
            case 2: {
                const TaskHandle<> child = spawn(leaf(number));
                const TaskHandle<> other = spawn(leaf(number));
                co_await gatherResults(TaskHandle<>(child), TaskHandle<>(other));
                break;
            }
            case 3:
                static_cast<void>(tryRunSync(withTimeout(500us, leaf(number))));
                break;
            case 4:
                co_await race(leaf(number), leaf(number + 1), asTask(sleepFor(1ms)));
                break;
            }
        }
    }
    Task<> leaf(int number)
    {
        m_trace += QStringLiteral("leaf%1").arg(number);
        co_await yield();
        co_await sleepFor(std::chrono::microseconds(100 * (number % 3)));
        m_trace += QStringLiteral("left%1").arg(number);
    }

    QStringList m_trace;
};

Task<> step(QString &log, char name, int steps)
{
    for (int i = 0; i < steps; ++i) {
        log += QLatin1Char(name);
        co_await yield();
    }
}

QString stepsOf(int tasks, int steps)
{
    QString log;
    std::vector<Task<>> all;
    for (int i = 0; i < tasks; ++i)
        all.push_back(step(log, char('a' + i), steps));
    runSync(gather(std::move(all)));
    return log;
}

} // namespace

void TestRandomOrder::theSameSeedGivesTheSameTrace_data()
{
    QTest::addColumn<std::uint64_t>("seed");
    QTest::addColumn<Driver>("driver");
    for (const auto &[driver, name] : {std::pair(Driver::Top, "top"), {Driver::Task, "task"}, {Driver::Slot, "slot"}}) {
        for (std::uint64_t seed = 0; seed < 20; ++seed)
            QTest::addRow("%s %d", name, int(seed)) << seed << driver;
    }
}

void TestRandomOrder::theSameSeedGivesTheSameTrace()
{
    QFETCH(std::uint64_t, seed);
    const QString first = Program().run(seed);
    QVERIFY(first.size() > 500);
    QString second;
    drive([&] { second = Program().run(seed); });
    QCOMPARE(second, first);
}

void TestRandomOrder::differentSeedsGiveDifferentTraces()
{
    QSet<QString> traces;
    for (std::uint64_t seed = 0; seed < 20; ++seed)
        traces.insert(Program().run(seed));
    QCOMPARE(traces.size(), 20);
}

void TestRandomOrder::everyOrderOfAPassComes()
{
    std::map<QString, int> counts;
    for (std::uint64_t seed = 0; seed < 600; ++seed) {
        const RandomOrder order(seed);
        ++counts[stepsOf(3, 1)];
    }
    QCOMPARE(counts.size(), 6u);
    for (const auto &[text, count] : counts)
        QVERIFY2(count > 50 && count < 150, qPrintable(QStringLiteral("%1: %2 of 600").arg(text).arg(count)));
}

void TestRandomOrder::whatBecomesReadyWaitsForTheNextPass()
{
    const RandomOrder order(1);
    const QString log = stepsOf(20, 10);
    QCOMPARE(log.size(), 200);
    for (int pass = 0; pass < 10; ++pass) {
        const QString part = log.mid(20 * pass, 20);
        QVERIFY2(QSet<QChar>(part.begin(), part.end()).size() == 20, qPrintable(part)); // each once
    }
}

// Slow steps exhaust the pump's budget in the middle of a pass.
void TestRandomOrder::aPassThatRunsOutOfTimeGoesOnAsItWas()
{
    const auto slowly = [](QString &log, char name) -> Task<> {
        for (int i = 0; i < 3; ++i) {
            log += QLatin1Char(name);
            const auto begin = std::chrono::steady_clock::now();
            while (std::chrono::steady_clock::now() - begin < 200us) { }
            co_await yield();
        }
    };
    const RandomOrder order(1);
    QString log;
    std::vector<Task<>> tasks;
    for (char name = 'a'; name < 'k'; ++name)
        tasks.push_back(slowly(log, name));
    runSync(gather(std::move(tasks)));
    QString quick;
    {
        const RandomOrder again(1);
        quick = stepsOf(10, 3);
    }
    QCOMPARE(log, quick);
}

void TestRandomOrder::firstComeFirstServedCanBePinned()
{
    const RandomOrder order(1);
    {
        const FifoOrder fifo;
        QCOMPARE(stepsOf(5, 3), QStringLiteral("abcdeabcdeabcde"));
    }
    QVERIFY(stepsOf(5, 3) != QStringLiteral("abcdeabcdeabcde"));
}

void TestRandomOrder::itEndsWithItsScope()
{
    const FifoOrder outer;
    {
        const RandomOrder order(1);
        QVERIFY(stepsOf(20, 1) != QStringLiteral("abcdefghijklmnopqrst"));
    }
    QCOMPARE(stepsOf(20, 1), QStringLiteral("abcdefghijklmnopqrst"));
}

void TestRandomOrder::theSeedIsPrintedWhenTheTestFails_data()
{
    QTest::addColumn<QString>("environment");
    QTest::addColumn<QString>("said");
    QTest::newRow("order") << "" << "INTERLOOP_TEST_SEED=7\n";
    QTest::newRow("orderFromEnvironment") << "0x10" << "INTERLOOP_TEST_SEED=16\n";
}

void TestRandomOrder::theSeedIsPrintedWhenTheTestFails()
{
    QFETCH(QString, environment);
    QFETCH(QString, said);
    const Failing run(QTest::currentDataTag(), environment);
    QCOMPARE(run.without({"FAIL!", said}), QString());
    QCOMPARE(run.failures(), 1);
    const Failing passing("skip", "16");
    QVERIFY(!passing.output().contains("INTERLOOP_TEST_SEED"));
}

INTERLOOP_TEST_MAIN(TestRandomOrder)
#include "tst_randomorder.moc"
