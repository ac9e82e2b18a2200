// SPDX-License-Identifier: MIT
#include <tests/cleanupcheck.h>
#include <tests/testmain.h>
#include <tests/timeline.h>

#include <interloop/interloop.h>

#include <QEventLoop>
#include <QTimer>
#include <uv.h>

#include <chrono>
#include <sys/resource.h>

/*
 * N26: nothing polls. With nothing due, nobody wakes up, and libuv's loop is not run.
 */

using namespace interloop;
using namespace interloop::test;

class TestIdle : public QObject
{
    Q_OBJECT

private slots:
    void init() { m_leaks.begin(); }
    void cleanup() { m_leaks.check(); }

    void N26_anIdleNestedRunSleeps();
    void N26_aPollingLoopWouldBeSeen();
    void anIdleApplicationSleeps();

private:
    CleanupCheck m_leaks;
};

namespace {

constexpr std::chrono::seconds idleTime = 5s;
constexpr long wakeUpsAllowed = 5; // one a second

// Counts how often this thread went to sleep in the kernel, and how often libuv's loop was run.
class Activity
{
public:
    Activity()
    {
        uv_prepare_init(Bridge::current().uvLoop(), &m_prepare);
        m_prepare.data = this;
        uv_prepare_start(&m_prepare, [](uv_prepare_t *prepare) { ++static_cast<Activity *>(prepare->data)->m_allRuns; });
        uv_unref(reinterpret_cast<uv_handle_t *>(&m_prepare));
        QTest::qWait(20); // its start has been seen
    }
    ~Activity()
    {
        uv_close(reinterpret_cast<uv_handle_t *>(&m_prepare), nullptr);
        static_cast<void>(QTest::qWaitFor([] { return CleanupCheck::handleCount() == 1; }));
    }
    Activity(const Activity &) = delete;
    Activity &operator=(const Activity &) = delete;

    void begin()
    {
        m_runs = m_allRuns;
        m_switches = voluntarySwitches();
    }
    void end()
    {
        m_runs = m_allRuns - m_runs;
        m_switches = voluntarySwitches() - m_switches;
    }

    long sleeps() const { return m_switches; }
    int runs() const { return m_runs; }

private:
    static long voluntarySwitches()
    {
        rusage usage;
        getrusage(RUSAGE_THREAD, &usage);
        return usage.ru_nvcsw;
    }

    uv_prepare_t m_prepare;
    int m_allRuns = 0;
    int m_runs = 0;
    long m_switches = 0;
};

Task<> sleepsLong()
{
    co_await sleepFor(1h);
}

// Blocks in a slot while a task sleeps for an hour, a level deeper each time; `activity` measures the innermost wait.
void nest(int levels, Activity &activity)
{
    if (levels > 0) {
        QTimer::singleShot(0, QCoreApplication::instance(), [levels, &activity] { nest(levels - 1, activity); });
        runSync(sleepFor(idleTime + 200ms));
        return;
    }
    // Between the first and the last of its moments: what a wait does to begin and to end is not idling.
    QTimer begin;
    QTimer end;
    for (QTimer *timer : {&begin, &end}) {
        timer->setSingleShot(true);
        timer->setTimerType(Qt::PreciseTimer);
    }
    QObject::connect(&begin, &QTimer::timeout, [&activity] { activity.begin(); });
    QObject::connect(&end, &QTimer::timeout, [&activity] { activity.end(); });
    begin.start(50ms);
    end.start(50ms + idleTime);
    runSync(sleepFor(idleTime + 150ms));
}

} // namespace

void TestIdle::N26_anIdleNestedRunSleeps()
{
    const auto far = spawn(sleepsLong());
    Activity activity;
    QTimer::singleShot(0, this, [&activity] {
        nest(2, activity);
        QCoreApplication::quit();
    });
    QCoreApplication::exec();
    far.cancel();

    qInfo("%ld wake-ups and %d runs of libuv in %d s", activity.sleeps(), activity.runs(), int(idleTime.count()));
    QCOMPARE(activity.runs(), 0);
    QVERIFY2(activity.sleeps() <= wakeUpsAllowed, qPrintable(QString::number(activity.sleeps())));
}

void TestIdle::N26_aPollingLoopWouldBeSeen()
{
    // The naive way to merge two loops: look at libuv every 10 ms.
    Activity activity;
    QTimer poll;
    connect(&poll, &QTimer::timeout, this, [] { uv_run(Bridge::current().uvLoop(), UV_RUN_NOWAIT); });
    QEventLoop loop;
    QTimer::singleShot(1s, Qt::PreciseTimer, &loop, &QEventLoop::quit);
    poll.start(10);
    activity.begin();
    loop.exec();
    activity.end();
    QVERIFY2(activity.sleeps() > wakeUpsAllowed * 5, qPrintable(QString::number(activity.sleeps())));
    QVERIFY2(activity.runs() > 20, qPrintable(QString::number(activity.runs())));
}

void TestIdle::anIdleApplicationSleeps()
{
    const auto far = spawn(sleepsLong());
    Activity activity;
    QTimer::singleShot(50ms, Qt::PreciseTimer, this, [&activity] { activity.begin(); });
    QTimer::singleShot(2050ms, Qt::PreciseTimer, this, [&activity] {
        activity.end();
        QCoreApplication::quit();
    });
    QCoreApplication::exec();
    far.cancel();
    QCOMPARE(activity.runs(), 0);
    QVERIFY2(activity.sleeps() <= 2, qPrintable(QString::number(activity.sleeps())));
}

INTERLOOP_TEST_MAIN(TestIdle)
#include "tst_idle.moc"
