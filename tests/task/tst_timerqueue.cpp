// SPDX-License-Identifier: MIT
#include <interloop/task/timerqueue.h>

#include <QObject>
#include <QTest>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <random>
#include <vector>

using namespace interloop;
using namespace std::chrono_literals;

namespace {

class RecordingTimer final : public Timer
{
public:
    RecordingTimer(int id, std::vector<int> &expired) : m_id(id), m_expired(expired) { }
    void expire() override { m_expired.push_back(m_id); }

private:
    int m_id;
    std::vector<int> &m_expired;
};

constexpr TimePoint at(std::chrono::nanoseconds time)
{
    return TimePoint(time);
}

} // namespace

class TestTimerQueue : public QObject
{
    Q_OBJECT

private slots:
    void expiresInOrderOfDeadlines();
    void equalDeadlinesExpireInOrderOfStart();
    void stopTakesOut();
    void startedWhileExpiringWaitsForNextCall();
    void deadlinesAreClamped();
    void agreesWithModel();
};

void TestTimerQueue::expiresInOrderOfDeadlines()
{
    std::vector<int> expired;
    RecordingTimer a(1, expired), b(2, expired), c(3, expired);
    TimerQueue queue;
    QVERIFY(queue.isEmpty());
    queue.start(c, at(30ns));
    queue.start(a, at(10ns));
    queue.start(b, at(20ns));
    QCOMPARE(queue.firstDeadline(), at(10ns));

    queue.expireUntil(at(9ns));
    QVERIFY(expired.empty());
    queue.expireUntil(at(20ns));
    QCOMPARE(expired, (std::vector{1, 2}));
    QVERIFY(!a.isActive());
    QVERIFY(c.isActive());
    QCOMPARE(queue.firstDeadline(), at(30ns));
    queue.expireUntil(TimePoint::max());
    QCOMPARE(expired, (std::vector{1, 2, 3}));
    QVERIFY(queue.isEmpty());
}

void TestTimerQueue::equalDeadlinesExpireInOrderOfStart()
{
    std::vector<int> expired, started;
    std::vector<std::unique_ptr<RecordingTimer>> timers;
    TimerQueue queue;
    for (int id = 0; id < 100; ++id) {
        timers.push_back(std::make_unique<RecordingTimer>(id, expired));
        queue.start(*timers.back(), at(5ns));
        started.push_back(id);
    }
    queue.expireUntil(at(5ns));
    QCOMPARE(expired, started);
}

void TestTimerQueue::stopTakesOut()
{
    std::vector<int> expired;
    RecordingTimer a(1, expired), b(2, expired);
    TimerQueue queue;
    queue.stop(a); // not active: nothing happens
    queue.start(a, at(1ns));
    queue.start(b, at(2ns));
    queue.stop(a);
    queue.stop(a);
    QVERIFY(!a.isActive());
    queue.expireUntil(TimePoint::max());
    QCOMPARE(expired, std::vector{2});

    queue.start(a, at(1ns)); // may be started again
    queue.expireUntil(TimePoint::max());
    QCOMPARE(expired, (std::vector{2, 1}));
}

void TestTimerQueue::startedWhileExpiringWaitsForNextCall()
{
    class Repeating final : public Timer
    {
    public:
        explicit Repeating(TimerQueue &queue) : m_queue(queue) { }
        void expire() override
        {
            ++count;
            m_queue.start(*this, at(1ns));
        }
        int count = 0;

    private:
        TimerQueue &m_queue;
    };

    TimerQueue queue;
    Repeating repeating(queue);
    queue.start(repeating, at(1ns));
    queue.expireUntil(at(2ns));
    QCOMPARE(repeating.count, 1);
    queue.expireUntil(at(2ns));
    QCOMPARE(repeating.count, 2);
    queue.stop(repeating);
}

void TestTimerQueue::deadlinesAreClamped()
{
    QCOMPARE(deadlineAfter(at(1ns), 2ns), at(3ns));
    QCOMPARE(deadlineAfter(at(1ns), -2ns), at(-1ns));
    QCOMPARE(deadlineAfter(at(1ns), std::chrono::nanoseconds::max()), TimePoint::max());
}

void TestTimerQueue::agreesWithModel()
{
    constexpr int timerCount = 200;
    constexpr int steps = 10'000;
    std::vector<int> expired, expected;
    std::vector<std::unique_ptr<RecordingTimer>> timers;
    for (int id = 0; id < timerCount; ++id)
        timers.push_back(std::make_unique<RecordingTimer>(id, expired));

    TimerQueue queue;
    std::multimap<TimePoint, int> model; // equal keys stay in the order of insertion
    std::mt19937 random(20260101);
    TimePoint now = at(0ns);
    for (int step = 0; step < steps; ++step) {
        const int id = int(random() % timerCount);
        Timer &timer = *timers[std::size_t(id)];
        const auto active = std::find_if(model.begin(), model.end(), [id](const auto &item) { return item.second == id; });
        QCOMPARE(timer.isActive(), active != model.end());
        if (active != model.end()) {
            queue.stop(timer);
            model.erase(active);
        } else {
            const TimePoint deadline = now + std::chrono::nanoseconds(random() % 500);
            queue.start(timer, deadline);
            model.emplace(deadline, id);
        }
        if (step % 10 == 0) {
            now += std::chrono::nanoseconds(random() % 20);
            while (!model.empty() && model.begin()->first <= now) {
                expected.push_back(model.begin()->second);
                model.erase(model.begin());
            }
            queue.expireUntil(now);
            QCOMPARE(expired, expected);
        }
        QCOMPARE(queue.isEmpty(), model.empty());
        if (!model.empty())
            QCOMPARE(queue.firstDeadline(), model.begin()->first);
    }
    QVERIFY(expired.size() > 100);
}

QTEST_APPLESS_MAIN(TestTimerQueue)
#include "tst_timerqueue.moc"
