// SPDX-License-Identifier: MIT
#include <tests/parking/parkingcheck.h>
#include <tests/testmain.h>

#include <interloop/interloop.h>

#include <QThread>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>

/*
 * Two bridges in two threads, each with stacks of its own to park. Runs under ThreadSanitizer too.
 */

using namespace interloop;
using namespace interloop::test;
using namespace std::chrono_literals;

class TestTwoThreads : public QObject
{
    Q_OBJECT

private slots:
    void init() { m_check.begin(); }
    void cleanup() { m_check.check(); }

    void waitsEndInAnyOrderInEachThread();
    void threadsWakeEachOthersParkedWaits();

private:
    ParkingCheck m_check;
};

namespace {

Task<> blocksFor(std::chrono::milliseconds time, std::string &order, char name)
{
    runSync(sleepFor(time));
    order += name;
    co_return;
}

Task<std::string> orderOfThree()
{
    std::string order;
    co_await gather(blocksFor(10ms, order, 'a'), blocksFor(40ms, order, 'b'), blocksFor(20ms, order, 'c'));
    co_return order;
}

// A QThread that runs its event loop while this lives.
class RunningThread
{
public:
    RunningThread()
    {
        m_thread.start();
        m_inside.moveToThread(&m_thread);
        const auto begin = [this] {
            Bridge::current().setParking(true);
            m_remote = std::make_unique<BridgeRemote>(Bridge::current().remote());
        };
        QMetaObject::invokeMethod(&m_inside, begin, Qt::BlockingQueuedConnection);
    }
    ~RunningThread()
    {
        m_thread.quit();
        m_thread.wait();
    }
    BridgeRemote &bridge() { return *m_remote; }

private:
    QThread m_thread;
    QObject m_inside;
    std::unique_ptr<BridgeRemote> m_remote;
};

Task<int> awaitAnswer(Future<int> &answer)
{
    co_return co_await answer;
}

Task<> waitsForEach(std::array<Future<int>, 100> &answers, int &sum)
{
    for (Future<int> &answer : answers)
        sum += runSync(awaitAnswer(answer)); // parks this task's stack, a hundred times
    co_return;
}

} // namespace

void TestTwoThreads::waitsEndInAnyOrderInEachThread()
{
    RunningThread first;
    RunningThread second;
    QFuture<std::string> there = first.bridge().spawnThreadSafe([] { return orderOfThree(); });
    QFuture<std::string> beside = second.bridge().spawnThreadSafe([] { return orderOfThree(); });
    QCOMPARE(runSync(spawn(orderOfThree())), std::string("acb"));
    QTRY_VERIFY(there.isFinished() && beside.isFinished());
    QCOMPARE(there.result(), std::string("acb"));
    QCOMPARE(beside.result(), std::string("acb"));
}

void TestTwoThreads::threadsWakeEachOthersParkedWaits()
{
    RunningThread other;
    std::array<Future<int>, 100> answers;
    int sum = 0;
    const TaskHandle<> waiting = spawn(waitsForEach(answers, sum));
    const BridgeRemote here = Bridge::current().remote();
    for (int i = 0; i < int(answers.size()); ++i) {
        other.bridge().postThreadSafe([&here, &answers, i] {
            runSync(sleepFor(1ms)); // parks a stack of the other thread's
            here.postThreadSafe([&answers, i] { answers[std::size_t(i)].setResult(i); });
        });
    }
    runSync(waiting);
    QCOMPARE(sum, 99 * 100 / 2);
}

INTERLOOP_TEST_MAIN(TestTwoThreads)
#include "tst_twothreads.moc"
