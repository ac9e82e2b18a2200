// SPDX-License-Identifier: MIT
#include <tests/cleanupcheck.h>
#include <tests/drivers.h>
#include <tests/framework.h>
#include <tests/messages.h>
#include <tests/testmain.h>
#include <tests/timeline.h>

#include <interloop/interloop.h>

#include <QSignalSpy>

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <tuple>

/*
 * The two places where nest_asyncio is used most: a web framework whose plain handlers block, and a console on a live
 * loop.
 */

using namespace interloop;
using namespace interloop::test;
using namespace std::chrono_literals;

namespace {

Task<> ticker(int &ticks)
{
    co_await sleepFor(unit / 2);
    for (;;) {
        ++ticks;
        co_await sleepFor(unit);
    }
}

// What a console does with a command: its result or its error, as a line.
QString evaluate(const std::function<QString()> &command)
{
    try {
        return command();
    } catch (const std::exception &error) {
        return QStringLiteral("error: ") + error.what();
    }
}

Task<int> givesAfter(std::chrono::milliseconds delay, int number)
{
    co_await sleepFor(delay);
    co_return number;
}

Task<> fails()
{
    co_await yield();
    throw std::runtime_error("no such name");
}

} // namespace

class TestEmbedding : public QObject
{
    Q_OBJECT

private slots:
    void init() { m_leaks.begin(); }
    void cleanup()
    {
        Bridge::current().setHeldBackThreshold(250ms);
        m_leaks.check();
    }

    void A05_plainHandlersAskTheirOwnServer_data() { addDrivers(); }
    void A05_plainHandlersAskTheirOwnServer();
    void A06_aConsoleStaysUsableAfterAnError_data() { addDrivers(); }
    void A06_aConsoleStaysUsableAfterAnError();

private:
    CleanupCheck m_leaks;
};

void TestEmbedding::A05_plainHandlersAskTheirOwnServer()
{
    const FifoOrder fifo;
    const LoggedMessages messages;
    Bridge::current().setHeldBackThreshold(unit);
    const QSignalSpy heldBack(&Bridge::current(), &Bridge::waitHeldBack);
    const QSignalSpy released(&Bridge::current(), &Bridge::waitReleased);
    Timeline log;
    drive([&log] {
        const Framework framework;
        log.start();
        const int port = framework.port();
        runSync(gather(timedRequest(log, port, "1"), timedRequest(log, port, "4"), timedRequest(log, port, "2")));
    });

    if (Bridge::current().isParking()) { // each handler in its own time
        COMPARE_TIMELINE(log, "1@1, 2@2, 4@4");
        QCOMPARE(heldBack.size(), 0);
        QCOMPARE(messages.texts(), QStringList());
        return;
    }
    // on one stack the first handler cannot answer before the second, which was called on top of it
    QCOMPARE(log.order(""), "2, 4, 1");
    COMPARE_TIMELINE(log, "2@2, 4@4, 1@4");
    QCOMPARE(heldBack.size(), 1);
    QCOMPARE(released.size(), 1);
    QCOMPARE(released.front().front().toString(), heldBack.front().front().toString());
    QVERIFY(released.front().back().value<std::chrono::nanoseconds>() >= 2 * unit);
    QCOMPARE(messages.containing("has ended, but cannot return").size(), 1);
}

void TestEmbedding::A06_aConsoleStaysUsableAfterAnError()
{
    QStringList lines;
    std::vector<int> ticksSeen;
    drive([&lines, &ticksSeen] {
        int ticks = 0;
        const TaskHandle<> ticking = spawn(ticker(ticks), "ticker");
        const auto enter = [&](const std::function<QString()> &command) {
            lines += evaluate(command);
            ticksSeen.push_back(ticks);
        };
        enter([] {
            runSync(fails());
            return QStringLiteral("not reached");
        });
        enter([] {
            runSync(sleepFor(3 * unit));
            return QStringLiteral("slept");
        });
        enter([] {
            const auto [a, b] = runSync(gather(givesAfter(unit, 1), givesAfter(2 * unit, 2)));
            return QStringLiteral("%1 %2").arg(a).arg(b);
        });
        enter([] { return QString::number(runSync(givesAfter(unit, 3))); });
        ticking.cancel();
    });
    QCOMPARE(lines, QStringList({"error: no such name", "slept", "1 2", "3"}));
    const std::vector<int> due = {0, 3, 5, 6};
    QCOMPARE(ticksSeen.size(), due.size());
    for (std::size_t i = 0; i < due.size(); ++i) // the ticker's sleeps add up: a busy machine may cost it one of them
        QVERIFY2(ticksSeen[i] == due[i] || ticksSeen[i] == due[i] - 1, qPrintable(QString::number(ticksSeen[i])));
}

INTERLOOP_TEST_MAIN(TestEmbedding)
#include "tst_embedding.moc"
