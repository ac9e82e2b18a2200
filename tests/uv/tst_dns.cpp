// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>

#include <tests/cleanupcheck.h>
#include <tests/testmain.h>

#include <atomic>
#include <semaphore>

using namespace interloop;
using namespace std::chrono_literals;

namespace {

constexpr int poolSize = 4; // libuv's default

QString textOf(const QList<SocketAddress> &addresses)
{
    QStringList texts;
    for (const SocketAddress &address : addresses)
        texts += address.toString();
    return texts.join(QLatin1Char(' '));
}

} // namespace

class TestDns : public QObject
{
    Q_OBJECT

private slots:
    void init() { m_leaks.begin(); }
    void cleanup() { m_leaks.check(); }

    void numericHostsNeedNoResolver_data();
    void numericHostsNeedNoResolver();
    void localhostIsTheLoopback();
    void unknownHostIsNamed();
    void cancelledWhileQueuedEndsAtOnce();
    void timeoutNamesNoValue();
    void manyAtOnce();

private:
    test::CleanupCheck m_leaks;
};

void TestDns::numericHostsNeedNoResolver_data()
{
    QTest::addColumn<QString>("host");
    QTest::addColumn<int>("port");
    QTest::addColumn<QString>("expected");
    QTest::newRow("IPv4") << QStringLiteral("192.0.2.7") << 80 << QStringLiteral("192.0.2.7:80");
    QTest::newRow("IPv6") << QStringLiteral("2001:db8::7") << 443 << QStringLiteral("[2001:db8::7]:443");
    QTest::newRow("no port") << QStringLiteral("127.0.0.1") << 0 << QStringLiteral("127.0.0.1:0");
    QTest::newRow("highest port") << QStringLiteral("::1") << 65535 << QStringLiteral("[::1]:65535");
}

void TestDns::numericHostsNeedNoResolver()
{
    const FifoOrder fifo;
    QFETCH(QString, host);
    QFETCH(int, port);
    QFETCH(QString, expected);
    const auto task = spawn(resolve(host, port), "resolve");
    runSync(yield());
    QVERIFY(task.isDone()); // in one turn: no thread was asked
    QCOMPARE(textOf(runSync(task)), expected);
}

void TestDns::localhostIsTheLoopback()
{
    const QList<SocketAddress> addresses =
            runSync(resolve(QStringLiteral("localhost"), 4711), RunOptions().timeout(10s));
    QVERIFY(!addresses.isEmpty());
    for (const SocketAddress &address : addresses) {
        QVERIFY2(address.host() == QStringLiteral("127.0.0.1") || address.host() == QStringLiteral("::1"),
                 qPrintable(address.toString()));
        QCOMPARE(address.port(), 4711);
    }
}

void TestDns::unknownHostIsNamed()
{
    try {
        runSync(resolve(QStringLiteral("no-such-host.invalid"), 80), RunOptions().timeout(15s));
        QFAIL("it was found");
    } catch (const std::system_error &error) {
        QVERIFY2(QString::fromUtf8(error.what()).startsWith(QStringLiteral("resolve no-such-host.invalid: ")),
                 error.what());
        QCOMPARE(&error.code().category(), &uvCategory());
        // no such host; without a name server: try again
        QVERIFY2(error.code().value() == UV_EAI_NONAME || error.code().value() == UV_EAI_AGAIN, error.what());
    }
}

void TestDns::cancelledWhileQueuedEndsAtOnce()
{
    std::counting_semaphore<poolSize> gate(0);
    std::atomic<int> begun = 0;
    std::vector<TaskHandle<>> busy;
    for (int i = 0; i < poolSize; ++i) {
        busy.push_back(spawn(toThread(
                [](std::counting_semaphore<poolSize> *gate, std::atomic<int> *begun) {
                    ++*begun;
                    gate->acquire();
                },
                &gate, &begun)));
    }
    QTRY_COMPARE(begun.load(), poolSize);
    const auto resolving = spawn(resolve(QStringLiteral("localhost")), "resolve");
    runSync(yield());

    QVERIFY(resolving.cancel());
    const Outcome outcome = tryRunSync(resolving).outcome();

    gate.release(poolSize);
    for (const auto &job : busy)
        runSync(job);
    QCOMPARE(outcome, Outcome::Cancelled);
}

void TestDns::timeoutNamesNoValue()
{
    const auto outcome = tryRunSync(resolve(QStringLiteral("localhost")), RunOptions().timeout(0s)).outcome();
    QCOMPARE(outcome, Outcome::TimedOut);
}

void TestDns::manyAtOnce()
{
    std::vector<Task<QList<SocketAddress>>> tasks;
    for (int port = 1; port <= 50; ++port)
        tasks.push_back(resolve(QStringLiteral("localhost"), port));
    const auto results = runSync(gather(std::move(tasks)), RunOptions().timeout(15s));
    for (int port = 1; port <= 50; ++port)
        QCOMPARE(results[std::size_t(port - 1)].first().port(), port);
}

INTERLOOP_TEST_MAIN(TestDns)
#include "tst_dns.moc"
