// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>

#include <tests/cleanupcheck.h>
#include <tests/testmain.h>

#include <arpa/inet.h>
#include <netdb.h>

#include <atomic>
#include <semaphore>

using namespace interloop;
using namespace std::chrono_literals;

namespace {

constexpr int poolSize = 4; // libuv's default

static_assert(!std::is_aggregate_v<ReverseName>);

// Threads of the pool that are busy until they are released, all of them.
class BusyPool
{
public:
    BusyPool()
    {
        const auto wait = [](std::counting_semaphore<poolSize> *gate, std::atomic<int> *begun) {
            ++*begun;
            gate->acquire();
        };
        for (int i = 0; i < poolSize; ++i)
            m_jobs.push_back(spawn(toThread(wait, &m_gate, &m_begun)));
        static_cast<void>(QTest::qWaitFor([this] { return m_begun == poolSize; }));
    }
    ~BusyPool()
    {
        m_gate.release(poolSize);
        for (const auto &job : m_jobs)
            static_cast<void>(tryRunSync(job));
    }
    BusyPool(const BusyPool &) = delete;
    BusyPool &operator=(const BusyPool &) = delete;

    bool isBusy() const { return m_begun == poolSize; }

private:
    std::counting_semaphore<poolSize> m_gate{0};
    std::atomic<int> m_begun = 0;
    std::vector<TaskHandle<>> m_jobs;
};

// What `task` says when it fails, and libuv's code.
template<typename T>
std::pair<QString, int> failureOf(Task<T> task)
{
    const Result<T> result = tryRunSync(std::move(task), RunOptions().timeout(15s));
    try {
        if (result.error())
            std::rethrow_exception(result.error());
    } catch (const std::system_error &error) {
        return {QString::fromUtf8(error.what()), error.code().value()};
    } catch (...) { }
    return {QString::fromStdString(result.errorString()), 0};
}

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
    void textThatOnlyBeginsWithAnAddressIsNone();
    void localhostIsTheLoopback();
    void unknownHostIsNamed();
    void cancelledWhileQueuedEndsAtOnce();
    void timeoutNamesNoValue();
    void manyAtOnce();
    void servicesBecomePorts_data();
    void servicesBecomePorts();
    void impossibleServicesAreNamed_data();
    void impossibleServicesAreNamed();
    void addressesHaveNames();
    void addressesWithoutANameAreNamed();
    void cancelledReverseLookupEndsAtOnce();

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

void TestDns::textThatOnlyBeginsWithAnAddressIsNone()
{
    const QChar nul(u'\0');
    for (const QString &begin : {QStringLiteral("127.0.0.1"), QStringLiteral("::1")}) {
        QVERIFY(SocketAddress::fromNumeric(begin, 80).isValid());
        QVERIFY(!SocketAddress::fromNumeric(begin + nul, 80).isValid());
        QVERIFY(!SocketAddress::fromNumeric(begin + nul + QStringLiteral(".example.org"), 80).isValid());
        QVERIFY(!SocketAddress::fromNumeric(begin + QLatin1Char(' '), 80).isValid());
    }
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
    Outcome outcome = Outcome::Value;
    {
        const BusyPool pool;
        QVERIFY(pool.isBusy());
        const auto resolving = spawn(resolve(QStringLiteral("localhost")), "resolve");
        runSync(yield());
        QVERIFY(resolving.cancel());
        outcome = tryRunSync(resolving).outcome();
    }
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

void TestDns::servicesBecomePorts_data()
{
    QTest::addColumn<QString>("host");
    QTest::addColumn<QByteArray>("service");
    QTest::addColumn<bool>("isUdp");
    for (const char *host : {"localhost", "127.0.0.1", "::1"}) {
        for (const char *service : {"http", "domain", "8080", "0"}) {
            for (const bool isUdp : {false, true}) {
                QTest::addRow("%s, %s, %s", host, service, isUdp ? "UDP" : "TCP")
                        << QString::fromLatin1(host) << QByteArray(service) << isUdp;
            }
        }
    }
}

void TestDns::servicesBecomePorts()
{
    QFETCH(QString, host);
    QFETCH(QByteArray, service);
    QFETCH(bool, isUdp);
    // given: what the system's list says, which may be empty on a small system
    bool isNumber = false;
    int port = service.toInt(&isNumber);
    const servent *entry = isNumber ? nullptr : getservbyname(service.constData(), isUdp ? "udp" : "tcp");
    if (entry)
        port = ntohs(std::uint16_t(entry->s_port));

    auto resolving = resolve(host, QString::fromLatin1(service), isUdp ? Transport::Udp : Transport::Tcp);
    if (!isNumber && !entry) {
        const auto [text, code] = failureOf(std::move(resolving));
        QVERIFY2(code == UV_EAI_SERVICE || code == UV_EAI_NONAME, qPrintable(text));
        QVERIFY2(text.startsWith(QStringLiteral("resolve %1, service %2: ").arg(host, QString::fromLatin1(service))),
                 qPrintable(text));
        return;
    }
    const QList<SocketAddress> addresses = runSync(std::move(resolving), RunOptions().timeout(10s));
    QVERIFY(!addresses.isEmpty());
    for (qsizetype i = 0; i < addresses.size(); ++i) {
        QCOMPARE(addresses[i].port(), port);
        QVERIFY(host == QStringLiteral("localhost") || addresses[i].host() == host);
        QCOMPARE(addresses.indexOf(addresses[i]), i); // each once
    }
}

void TestDns::impossibleServicesAreNamed_data()
{
    QTest::addColumn<QString>("service");
    QTest::addColumn<int>("code");
    QTest::newRow("unknown") << QStringLiteral("no-such-service") << int(UV_EAI_SERVICE);
    QTest::newRow("empty") << QString() << int(UV_EINVAL);
    QTest::newRow("NUL") << QString(QStringLiteral("http") + QChar(u'\0')) << int(UV_EINVAL);
    QTest::newRow("long") << QString(300, QLatin1Char('x')) << int(UV_EINVAL);
    QTest::newRow("negative") << QStringLiteral("-1") << int(UV_EINVAL);
    QTest::newRow("too large") << QStringLiteral("65536") << int(UV_EINVAL);
}

void TestDns::impossibleServicesAreNamed()
{
    QFETCH(QString, service);
    QFETCH(int, code);
    const auto [text, actual] = failureOf(resolve(QStringLiteral("127.0.0.1"), service));
    QCOMPARE(actual, code);
    QVERIFY2(text.startsWith(QStringLiteral("resolve")), qPrintable(text));
    if (code == UV_EAI_SERVICE)
        QCOMPARE(text, QStringLiteral("resolve 127.0.0.1, service no-such-service: unknown service"));
}

void TestDns::addressesHaveNames()
{
    const SocketAddress address = SocketAddress::fromNumeric(QStringLiteral("127.0.0.1"), 514); // TCP: shell, UDP: syslog
    const auto expected = [&address](int flags) {
        char host[NI_MAXHOST] = "";
        char service[NI_MAXSERV] = "";
        getnameinfo(address.data(), sizeof(sockaddr_in), host, sizeof(host), service, sizeof(service), flags);
        return QString::fromUtf8(host) + QChar(u' ') + QString::fromUtf8(service);
    };
    const ReverseName tcp = runSync(reverseLookup(address), RunOptions().timeout(10s));
    const ReverseName udp = runSync(reverseLookup(address, Transport::Udp), RunOptions().timeout(10s));
    const ReverseName free = runSync(reverseLookup(address.withPort(49999)), RunOptions().timeout(10s));
    QCOMPARE(tcp.host() + QChar(u' ') + tcp.service(), expected(0));
    QCOMPARE(udp.host() + QChar(u' ') + udp.service(), expected(NI_DGRAM));
    QVERIFY(!tcp.host().isEmpty());
    QCOMPARE(free.service(), QStringLiteral("49999"));
}

void TestDns::addressesWithoutANameAreNamed()
{
    // 192.0.2.0/24 is for documentation
    const auto [text, code] = failureOf(reverseLookup(SocketAddress::fromNumeric(QStringLiteral("192.0.2.7"), 80)));
    QVERIFY2(code == UV_EAI_NONAME || code == UV_EAI_AGAIN, qPrintable(text)); // without a name server: try again
    QVERIFY2(text.startsWith(QStringLiteral("reverse lookup 192.0.2.7:80: ")), qPrintable(text));
    QCOMPARE(failureOf(reverseLookup(SocketAddress())).second, int(UV_EINVAL));
}

void TestDns::cancelledReverseLookupEndsAtOnce()
{
    Outcome outcome = Outcome::Value;
    {
        const BusyPool pool;
        QVERIFY(pool.isBusy());
        const SocketAddress address = SocketAddress::fromNumeric(QStringLiteral("127.0.0.1"), 80);
        outcome = tryRunSync(reverseLookup(address), RunOptions().timeout(1ms)).outcome();
    }
    QCOMPARE(outcome, Outcome::TimedOut);
}

INTERLOOP_TEST_MAIN(TestDns)
#include "tst_dns.moc"
