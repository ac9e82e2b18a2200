// SPDX-License-Identifier: MIT
//
// A test program outside the project, with the tools for tests.

#include <interloop/interloop.h>
#include <interloop/test/test.h>

#include <QObject>
#include <QTest>

#include <chrono>

using namespace std::chrono_literals;
using interloop::Task;

class TestConsumer : public QObject
{
    Q_OBJECT

private slots:
    void init() { m_leaks.begin(); }
    void cleanup() { m_leaks.check(); }

    void aDayTakesNoTime() { INTERLOOP_RUN(sleepADay()); }

private:
    Task<> sleepADay();

    interloop::LeakCheck m_leaks;
};

Task<> TestConsumer::sleepADay()
{
    const interloop::RandomOrder order(1);
    const interloop::VirtualClock clock;
    co_await interloop::waitUntilIdle();
    INTERLOOP_VERIFY_THROWS(interloop::TimeoutError,
                            co_await interloop::withTimeout(24h, interloop::sleepFor(48h)));
    INTERLOOP_VERIFY(clock.elapsed() == 24h);
}

QTEST_GUILESS_MAIN(TestConsumer)
#include "tst_consumer.moc"
