// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>

#include <tests/cleanupcheck.h>
#include <tests/sockets.h>
#include <tests/testmain.h>
#include <tests/timeline.h>

#include <interloop/test/virtualclock.h>

#include <QCryptographicHash>
#include <QProcess>
#include <QRegularExpression>
#include <QTemporaryDir>

#include <netinet/tcp.h>

#include <csignal>
#include <thread>

using namespace interloop;
using namespace interloop::test;
using namespace std::chrono_literals;

namespace {

Task<> echo(TcpSocket &socket)
{
    for (;;) {
        const QByteArray bytes = co_await socket.read();
        if (bytes.isEmpty())
            break;
        co_await socket.write(bytes);
    }
    co_await socket.shutdown();
}

Task<QByteArray> readAll(TcpSocket &socket)
{
    QByteArray all;
    for (;;) {
        const QByteArray bytes = co_await socket.read();
        if (bytes.isEmpty())
            co_return all;
        all += bytes;
    }
}

Task<QByteArray> readExactly(TcpSocket &socket, qsizetype count)
{
    QByteArray all;
    while (all.size() < count) {
        const QByteArray bytes = co_await socket.read(count - all.size());
        if (bytes.isEmpty())
            break;
        all += bytes;
    }
    co_return all;
}

// More than the kernel's buffers of both ends take.
QByteArray tooMuch()
{
    return QByteArray(32 << 20, 'x');
}

// A pseudo-random stream, the same for the same seed.
class Bytes
{
public:
    explicit Bytes(quint32 seed) : m_state(seed) { }
    QByteArray next(qsizetype size)
    {
        QByteArray bytes(size, Qt::Uninitialized);
        for (char &byte : bytes) {
            m_state = m_state * 1664525u + 1013904223u;
            byte = char(m_state >> 24);
        }
        return bytes;
    }

private:
    quint32 m_state;
};

constexpr qsizetype blockSize = 1 << 20;
constexpr int blockCount = interloop::test::isSanitized ? 4 : 32;

Task<QByteArray> sendBlocks(TcpSocket &socket, quint32 seed)
{
    Bytes stream(seed);
    QCryptographicHash hash(QCryptographicHash::Sha1);
    for (int i = 0; i < blockCount; ++i) {
        const QByteArray block = stream.next(blockSize);
        hash.addData(block);
        co_await socket.write(block);
    }
    co_await socket.shutdown();
    co_return hash.result();
}

Task<QByteArray> receiveBlocks(TcpSocket &socket)
{
    QCryptographicHash hash(QCryptographicHash::Sha1);
    qsizetype count = 0;
    std::vector<std::byte> buffer(100'000);
    for (;;) {
        const std::size_t got = co_await socket.read(std::span<std::byte>(buffer));
        if (got == 0)
            break;
        count += qsizetype(got);
        hash.addData(QByteArrayView(reinterpret_cast<const char *>(buffer.data()), qsizetype(got)));
    }
    co_return count == blockSize *blockCount ? hash.result() : QByteArray("wrong size");
}

} // namespace

class TestTcp : public QObject
{
    Q_OBJECT

private slots:
    void init() { m_leaks.begin(); }
    void cleanup() { m_leaks.check(); }

    void echoComesBackAndEofIsAValue();
    void dataBeforeEofIsReadFirst();
    void largeTransfersBothWaysArriveWhole();
    void concurrentWritesKeepTheirOrder();
    void emptyWritesAndImpossibleReads();
    void cancelledReadLosesNothing();
    void readsThatAreCancelledAllTheTimeLoseNothing();
    void cancelEndsEachOperation_data();
    void cancelEndsEachOperation();
    void closeEndsEachOperation_data();
    void closeEndsEachOperation();
    void secondReaderIsRefused();
    void refusedConnectionNamesOperationAndPeer();
    void resetByPeerNamesOperationAndPeer();
    void writeToAClosedPeerDoesNotKill_data();
    void writeToAClosedPeerDoesNotKill();
    void impossibleHostsAndPortsAreNamed_data();
    void impossibleHostsAndPortsAreNamed();
    void unknownHostIsNamed();
    void ip6();
    void acceptorsAreServedInOrder();
    void cancelledAcceptLeavesTheConnectionToTheNext();
    void serverClosedUnderAccept();
    void listeningOnAUsedPortNamesIt();
    void unconnectedSocketsSaySo();
    void getFromAnHttpServerOfSomebodyElse();
    void socketsOutliveTheBridge();
    void otherThreadsAreRefused();
    void aHalfClosedSocketStillReads();
    void optionsReachTheKernel();
    void resetReachesThePeer_data();
    void resetReachesThePeer();
    void addressesInsteadOfNames();
    void descriptorsOfOthersAreTakenOver();
    void connectionsWaitInTheKernelUntilATaskAccepts();
    void oneServerOnSeveralAddresses();
    void oneServerTakesAllItsAddressesByTurns();
    void anAddressInUseClosesTheWholeServer();
    void familiesAreInterleaved_data();
    void familiesAreInterleaved();
    void theFirstToAnswerWins_data();
    void theFirstToAnswerWins();
    void anAddressThatNeverAnswersCostsAQuarterOfASecond();
    void attemptsThatOthersCancelAreNoConnection();

private:
    test::CleanupCheck m_leaks;
};

void TestTcp::echoComesBackAndEofIsAValue()
{
    Pair pair;
    const auto echoing = spawn(echo(pair.far), "echo");

    runSync(pair.near.write("hello"));
    QCOMPARE(runSync(readExactly(pair.near, 5)), QByteArray("hello"));
    runSync(pair.near.shutdown());

    QCOMPARE(runSync(pair.near.read()), QByteArray());
    QCOMPARE(runSync(pair.near.read()), QByteArray()); // and again
    std::byte byte;
    QCOMPARE(runSync(pair.near.read(std::span(&byte, 1))), std::size_t(0));
    runSync(echoing);
}

void TestTcp::dataBeforeEofIsReadFirst()
{
    Pair pair;
    runSync(pair.far.write("abcde"));
    pair.far.close();

    QCOMPARE(runSync(pair.near.read(3)), QByteArray("abc"));
    QCOMPARE(runSync(pair.near.read(3)), QByteArray("de"));
    QCOMPARE(runSync(pair.near.read(3)), QByteArray());
}

void TestTcp::largeTransfersBothWaysArriveWhole()
{
    Pair pair;
    const auto [sent, back, received, there] = runSync(gather(sendBlocks(pair.near, 1), sendBlocks(pair.far, 2),
                                                              receiveBlocks(pair.far), receiveBlocks(pair.near)));
    QCOMPARE(received.toHex(), sent.toHex());
    QCOMPARE(there.toHex(), back.toHex());
    QVERIFY(sent != back);
}

void TestTcp::concurrentWritesKeepTheirOrder()
{
    Pair pair;
    const QByteArray much = tooMuch();
    const auto first = spawn(pair.near.write(much), "first");
    const auto second = spawn(pair.near.write("second"), "second");
    const auto third = spawn(pair.near.shutdown(), "third");

    const QByteArray all = runSync(readAll(pair.far));

    QCOMPARE(all.size(), much.size() + 6);
    QVERIFY(all.endsWith("xsecond"));
    runSync(gather(first, second, third));
}

void TestTcp::emptyWritesAndImpossibleReads()
{
    Pair pair;
    runSync(pair.near.write(QByteArray()));
    QCOMPARE(failureOf(pair.near.read(0)).code, std::errc::invalid_argument);
    QCOMPARE(failureOf(pair.near.read(-1)).code, std::errc::invalid_argument);
    QCOMPARE(failureOf(pair.near.read(std::span<std::byte>())).code, std::errc::invalid_argument);

    runSync(pair.near.write("still there"));
    QCOMPARE(runSync(readExactly(pair.far, 11)), QByteArray("still there"));
}

void TestTcp::cancelledReadLosesNothing()
{
    Pair pair;
    const Result<QByteArray> cancelled = tryRunSync(pair.near.read(), RunOptions().timeout(1ms));
    QCOMPARE(cancelled.outcome(), Outcome::TimedOut);

    // What comes while nobody reads is kept, in as many pieces as are asked for.
    runSync(pair.far.write("0123456789"));
    runSync(sleepFor(5ms));
    QCOMPARE(runSync(pair.near.read(4)), QByteArray("0123"));
    std::byte bytes[2];
    QCOMPARE(runSync(pair.near.read(std::span(bytes))), std::size_t(2));
    QCOMPARE(char(bytes[1]), '5');
    QCOMPARE(runSync(pair.near.read()), QByteArray("6789"));

    // Several times as much as is kept.
    const auto writing = spawn(pair.far.write(tooMuch()), "write");
    runSync(sleepFor(5ms));
    QCOMPARE(runSync(readExactly(pair.near, tooMuch().size())).size(), tooMuch().size());
    runSync(writing);
}

namespace {

constexpr int numberCount = interloop::test::isSanitized ? 2'000 : 20'000;

Task<> writeNumbers(TcpSocket &socket)
{
    for (int number = 0; number < numberCount; ++number) {
        co_await socket.write(QByteArray::number(number) + '\n');
        if (number % 3 == 0)
            co_await yield();
        if (number % 97 == 0)
            co_await sleepFor(300us);
    }
    co_await socket.shutdown();
}

Task<QByteArray> readImpatiently(TcpSocket &socket, int &timeouts)
{
    QByteArray all;
    for (int round = 0;; ++round) {
        QByteArray bytes;
        try {
            bytes = co_await withTimeout(std::chrono::microseconds(round * 7 % 100), socket.read(100));
        } catch (const TimeoutError &) {
            ++timeouts;
            continue;
        }
        if (bytes.isEmpty())
            co_return all;
        all += bytes;
    }
}

} // namespace

void TestTcp::readsThatAreCancelledAllTheTimeLoseNothing()
{
    Pair pair;
    QByteArray expected;
    for (int number = 0; number < numberCount; ++number)
        expected += QByteArray::number(number) + '\n';
    int timeouts = 0;

    const auto writing = spawn(writeNumbers(pair.far), "write");
    const QByteArray all = runSync(readImpatiently(pair.near, timeouts));
    runSync(writing);

    QCOMPARE(all.size(), expected.size());
    QVERIFY(all == expected);
    QVERIFY2(timeouts > 10, QByteArray::number(timeouts));
}

namespace {

// One operation that does not end by itself, on sockets of its own.
class Stuck
{
public:
    explicit Stuck(const QByteArray &operation) : m_operation(operation)
    {
        if (operation == "connect") {
            m_listener.listen(0);
            m_queued[0].connectTo(m_listener.port()); // fills the backlog: the kernel answers nobody else
            fillBacklog();
        } else if (operation == "accept") {
            server = TcpServer::listen(loopback, 0);
        } else {
            runSync(makePair(near, far));
        }
        if (operation == "shutdown") // waits for the write before it
            m_before = spawn(near.write(tooMuch()), "write");
    }
    ~Stuck()
    {
        if (m_before.isValid())
            static_cast<void>(tryRunSync(std::move(m_before)));
    }

    Task<> begin()
    {
        if (m_operation == "connect")
            return connecting(m_listener.port());
        if (m_operation == "accept")
            return accepting(*server);
        if (m_operation == "read")
            return reading(near);
        if (m_operation == "read into memory")
            return readingInto(near);
        if (m_operation == "write")
            return near.write(tooMuch());
        if (m_operation == "shutdown")
            return near.shutdown();
        qFatal("unknown operation");
    }

    int port() const { return m_listener.port(); }

    void close()
    {
        near.close();
        if (server)
            server->close();
    }
    void destroy()
    {
        TcpSocket gone = std::move(near);
        server.reset();
    }

    TcpSocket near;
    TcpSocket far;
    std::optional<TcpServer> server;

private:
    static Task<> connecting(int port) { const TcpSocket socket = co_await TcpSocket::connect(loopback, port); }
    static Task<> accepting(TcpServer &server) { const TcpSocket socket = co_await server.accept(); }
    static Task<> reading(TcpSocket &socket) { const QByteArray bytes = co_await socket.read(); }
    static Task<> readingInto(TcpSocket &socket)
    {
        std::vector<std::byte> buffer(1000);
        co_await socket.read(std::span<std::byte>(buffer));
    }
    void fillBacklog()
    {
        for (RawSocket &queued : m_queued) {
            fcntl(queued.descriptor(), F_SETFL, O_NONBLOCK);
            queued.connectTo(m_listener.port());
        }
    }

    QByteArray m_operation;
    RawSocket m_listener;
    std::array<RawSocket, 3> m_queued;
    TaskHandle<> m_before;
};

void addOperations(bool withConnect)
{
    QTest::addColumn<QByteArray>("operation");
    QTest::addColumn<bool>("waitsFirst");
    for (const char *operation : {"connect", "accept", "read", "read into memory", "write", "shutdown"}) {
        if (operation == QByteArray("connect") && !withConnect)
            continue;
        QTest::addRow("%s that waits", operation) << QByteArray(operation) << true;
        QTest::addRow("%s just begun", operation) << QByteArray(operation) << false;
    }
}

} // namespace

void TestTcp::cancelEndsEachOperation_data()
{
    addOperations(true);
}

void TestTcp::cancelEndsEachOperation()
{
    QFETCH(QByteArray, operation);
    QFETCH(bool, waitsFirst);
    Stuck stuck(operation);

    const auto task = spawn(stuck.begin(), "stuck");
    if (waitsFirst)
        runSync(sleepFor(10ms));
    else
        runSync(yield());
    QVERIFY(!task.isDone());
    QVERIFY(task.cancel());
    const Failure failure = failureOf(task);

    QCOMPARE(failure.outcome, Outcome::Cancelled);
    if (operation.startsWith("read")) { // untouched
        runSync(stuck.far.write("more"));
        QCOMPARE(runSync(readExactly(stuck.near, 4)), QByteArray("more"));
    } else if (operation == "accept") {
        QVERIFY(stuck.server->isOpen());
        const auto accepting = spawn(stuck.server->accept(), "accept");
        const TcpSocket client = runSync(TcpSocket::connect(loopback, stuck.server->port()));
        const TcpSocket accepted = runSync(TaskHandle<TcpSocket>(accepting));
        QCOMPARE(accepted.peerAddress().port(), client.localAddress().port());
    } else {
        QVERIFY(!stuck.near.isOpen()); // libuv can take neither back
    }
}

void TestTcp::closeEndsEachOperation_data()
{
    QTest::addColumn<QByteArray>("operation");
    QTest::addColumn<bool>("isDestroyed");
    for (const char *operation : {"accept", "read", "read into memory", "write", "shutdown"}) {
        QTest::addRow("%s, closed", operation) << QByteArray(operation) << false;
        QTest::addRow("%s, destroyed", operation) << QByteArray(operation) << true;
    }
}

void TestTcp::closeEndsEachOperation()
{
    QFETCH(QByteArray, operation);
    QFETCH(bool, isDestroyed);
    Stuck stuck(operation);
    const QString peer = stuck.near.peerAddress().toString();
    const QString address = stuck.server ? stuck.server->address().toString() : QString();

    const auto task = spawn(stuck.begin(), "stuck");
    runSync(sleepFor(10ms));
    QVERIFY(!task.isDone());
    if (isDestroyed)
        stuck.destroy();
    else
        stuck.close();
    const Failure failure = failureOf(task);

    QCOMPARE(failure.outcome, Outcome::Exception);
    QCOMPARE(failure.code, std::errc::operation_canceled);
    const QString verb = QString::fromLatin1(operation.split(' ').first());
    QVERIFY2(failure.text.startsWith(verb), qPrintable(failure.text));
    if (!stuck.server && !peer.isEmpty())
        QVERIFY2(failure.text.contains(peer), qPrintable(failure.text));
}

void TestTcp::secondReaderIsRefused()
{
    Pair pair;
    const auto first = spawn(pair.near.read(), "first");
    runSync(yield());

    QVERIFY_THROWS_EXCEPTION(std::logic_error, runSync(pair.near.read()));

    runSync(pair.far.write("for the first"));
    QCOMPARE(runSync(first), QByteArray("for the first"));
    runSync(pair.far.write("next"));
    QCOMPARE(runSync(pair.near.read()), QByteArray("next"));
}

void TestTcp::refusedConnectionNamesOperationAndPeer()
{
    int port = 0;
    {
        const TcpServer server = TcpServer::listen(loopback, 0);
        port = server.port();
    }
    const Failure failure = failureOf(TcpSocket::connect(loopback, port));
    QCOMPARE(failure.text, QStringLiteral("connect 127.0.0.1:%1: Connection refused").arg(port));
    QCOMPARE(failure.code, std::errc::connection_refused);
    QCOMPARE(failure.code.category().name(), "libuv");
}

void TestTcp::resetByPeerNamesOperationAndPeer()
{
    RawSocket listener;
    QVERIFY(listener.listen(5));
    TcpSocket socket = runSync(TcpSocket::connect(loopback, listener.port()));
    RawSocket peer(listener.accept());
    const auto reading = spawn(socket.read(), "read");
    runSync(yield());

    peer.reset();
    const Failure failure = failureOf(reading);

    QCOMPARE(failure.text, QStringLiteral("read 127.0.0.1:%1: Connection reset by peer").arg(listener.port()));
    QCOMPARE(failure.code, std::errc::connection_reset);
    const Failure writing = failureOf(socket.write(tooMuch()));
    QVERIFY2(writing.text.startsWith(QStringLiteral("write 127.0.0.1:%1: ").arg(listener.port())),
             qPrintable(writing.text));
    QCOMPARE(writing.code, std::errc::broken_pipe);
}

namespace {

int ownHandlerCalls = 0;

// The whole of a process that writes to a peer that has gone: its exit code.
int writeToClosedPeer(const QByteArray &how)
{
    std::signal(SIGPIPE, SIG_DFL);
    if (how == "own handler")
        std::signal(SIGPIPE, [](int) { ++ownHandlerCalls; });
    RawSocket listener;
    listener.listen(5);
    if (how == "raw write") {
        RawSocket socket;
        socket.connectTo(listener.port());
        RawSocket(listener.accept()).reset();
        while (write(socket.descriptor(), "x", 1) != -1 || errno != EPIPE) { }
        return 3;
    }
    int argc = 1;
    char name[] = "broken-pipe";
    char *argv[] = {name, nullptr};
    const QCoreApplication application(argc, argv);
    TcpSocket socket = runSync(TcpSocket::connect(loopback, listener.port()));
    RawSocket(listener.accept()).reset();
    for (;;) {
        const Result<> result = tryRunSync(socket.write("x"));
        if (!result && Failure(result).code == std::errc::broken_pipe)
            break;
    }
    Bridge::current().close();
    return how == "own handler" && ownHandlerCalls == 0 ? 4 : 5;
}

} // namespace

void TestTcp::writeToAClosedPeerDoesNotKill_data()
{
    QTest::addColumn<bool>("dies");
    QTest::newRow("interloop") << false;
    QTest::newRow("own handler") << false;
    QTest::newRow("raw write") << true; // the control
}

void TestTcp::writeToAClosedPeerDoesNotKill()
{
    QFETCH(bool, dies);
    QProcess process;
    process.start(QCoreApplication::applicationFilePath(),
                  {QStringLiteral("--write-to-closed-peer"), QString::fromLatin1(QTest::currentDataTag())});
    QVERIFY(process.waitForFinished(10'000));
    QCOMPARE(process.exitStatus(), dies ? QProcess::CrashExit : QProcess::NormalExit);
    QCOMPARE(process.exitCode(), dies ? int(SIGPIPE) : 5);
}

void TestTcp::impossibleHostsAndPortsAreNamed_data()
{
    QTest::addColumn<QString>("host");
    QTest::addColumn<int>("port");
    QTest::addColumn<QString>("why");
    const QString range = QStringLiteral("the port is not within 0 to 65535");
    QTest::newRow("300 characters") << QString(300, QLatin1Char('a')) << 80 << QStringLiteral("has 300 characters");
    QTest::newRow("NUL") << QStringLiteral("localhost") + QChar(0) + QStringLiteral(".evil.example") << 80
                         << QStringLiteral("contains a NUL");
    QTest::newRow("empty") << QString() << 80 << QStringLiteral("is empty");
    QTest::newRow("port -1") << loopback << -1 << range;
    QTest::newRow("port 65536") << loopback << 65536 << range;
}

void TestTcp::impossibleHostsAndPortsAreNamed()
{
    QFETCH(QString, host);
    QFETCH(int, port);
    QFETCH(QString, why);

    const Failure connecting = failureOf(TcpSocket::connect(host, port));
    QCOMPARE(connecting.code, std::errc::invalid_argument);
    QVERIFY2(connecting.text.startsWith(QStringLiteral("connect ")), qPrintable(connecting.text));
    QVERIFY2(connecting.text.contains(why), qPrintable(connecting.text));
    QVERIFY2(connecting.text.size() < 200, qPrintable(connecting.text));

    const Failure resolving = failureOf(resolve(host, port));
    QCOMPARE(resolving.code, std::errc::invalid_argument);
    QVERIFY2(resolving.text.contains(why), qPrintable(resolving.text));

    try {
        TcpServer::listen(host, port);
        QFAIL("it listens");
    } catch (const std::system_error &error) {
        QCOMPARE(error.code(), std::errc::invalid_argument);
        QVERIFY2(QString::fromUtf8(error.what()).contains(why), error.what());
    }
}

void TestTcp::unknownHostIsNamed()
{
    const Failure failure = failureOf(TcpSocket::connect(QStringLiteral("no-such-host.invalid"), 80));
    QCOMPARE(failure.outcome, Outcome::Exception);
    QVERIFY2(failure.text.contains(QStringLiteral("no-such-host.invalid")), qPrintable(failure.text));
    QVERIFY(failure.code);
}

void TestTcp::ip6()
{
    const QString ip6Loopback = QStringLiteral("::1");
    std::optional<TcpServer> server;
    try {
        server = TcpServer::listen(ip6Loopback, 0);
    } catch (const std::system_error &error) {
        QSKIP(error.what());
    }
    auto accepting = spawn(server->accept(), "accept");
    TcpSocket client = runSync(TcpSocket::connect(ip6Loopback, server->port()));
    TcpSocket accepted = runSync(std::move(accepting));
    runSync(client.write("six"));
    QCOMPARE(runSync(readExactly(accepted, 3)), QByteArray("six"));
    QCOMPARE(client.peerAddress().toString(), QStringLiteral("[::1]:%1").arg(server->port()));

    const int port = server->port();
    server.reset();
    const Failure failure = failureOf(TcpSocket::connect(ip6Loopback, port));
    QCOMPARE(failure.text, QStringLiteral("connect [::1]:%1: Connection refused").arg(port));
}

void TestTcp::acceptorsAreServedInOrder()
{
    TcpServer server = TcpServer::listen(loopback, 0);
    std::vector<TaskHandle<TcpSocket>> acceptors;
    for (int i = 0; i < 3; ++i)
        acceptors.push_back(spawn(server.accept(), "accept"));
    runSync(yield());

    std::vector<TcpSocket> clients;
    for (int i = 0; i < 3; ++i)
        clients.push_back(runSync(TcpSocket::connect(loopback, server.port())));
    for (std::size_t i = 0; i < 3; ++i) {
        const TcpSocket accepted = runSync(std::move(acceptors[i]));
        QCOMPARE(accepted.peerAddress().port(), clients[i].localAddress().port());
    }

    // Connections that came before anybody asked.
    clients.clear();
    for (int i = 0; i < 3; ++i)
        clients.push_back(runSync(TcpSocket::connect(loopback, server.port())));
    for (const TcpSocket &client : clients)
        QCOMPARE(runSync(server.accept()).peerAddress().port(), client.localAddress().port());
}

void TestTcp::cancelledAcceptLeavesTheConnectionToTheNext()
{
    TcpServer server = TcpServer::listen(loopback, 0);
    for (int round = 0; round < 20; ++round) {
        const auto first = spawn(server.accept(), "first");
        auto second = spawn(server.accept(), "second");
        runSync(yield());
        RawSocket client;
        QVERIFY(client.connectTo(server.port())); // the kernel has it; libuv has not looked yet
        QVERIFY(first.cancel());
        const TcpSocket accepted = runSync(std::move(second), RunOptions().timeout(5s));
        QCOMPARE(accepted.peerAddress().port(), client.port());
        QVERIFY(first.isCancelled());
    }

    // Cancelled after libuv has told it: somebody else gets the connection all the same.
    for (int round = 0; round < 20; ++round) {
        auto first = spawn(server.accept(), "first");
        auto second = spawn(server.accept(), "second");
        runSync(yield());
        RawSocket client;
        QVERIFY(client.connectTo(server.port()));
        runSync(yield());
        const bool isInTime = first.cancel();
        const Result<TcpSocket> got = tryRunSync(std::move(first));
        if (!got) {
            QVERIFY(isInTime);
            const TcpSocket accepted = runSync(std::move(second), RunOptions().timeout(5s));
            QCOMPARE(accepted.peerAddress().port(), client.port());
        } else {
            second.cancel();
            QCOMPARE(failureOf(std::move(second)).outcome, Outcome::Cancelled);
        }
    }
}

void TestTcp::serverClosedUnderAccept()
{
    TcpServer server = TcpServer::listen(loopback, 0);
    const QString address = server.address().toString();
    const auto first = spawn(server.accept(), "first");
    const auto second = spawn(server.accept(), "second");
    runSync(yield());

    server.close();

    for (const auto &task : {first, second}) {
        const Failure failure = failureOf(task);
        QCOMPARE(failure.code, std::errc::operation_canceled);
        QVERIFY2(failure.text.startsWith(QStringLiteral("accept on ") + address), qPrintable(failure.text));
    }
    QCOMPARE(failureOf(server.accept()).code, std::errc::operation_canceled);
    QCOMPARE(server.port(), 0);
}

void TestTcp::listeningOnAUsedPortNamesIt()
{
    const TcpServer server = TcpServer::listen(loopback, 0);
    try {
        TcpServer::listen(loopback, server.port());
        QFAIL("it listens twice");
    } catch (const std::system_error &error) {
        QCOMPARE(error.code(), std::errc::address_in_use);
        QCOMPARE(QString::fromUtf8(error.what()),
                 QStringLiteral("listen 127.0.0.1:%1: Address already in use").arg(server.port()));
    }
}

void TestTcp::unconnectedSocketsSaySo()
{
    TcpSocket never;
    QVERIFY(!never.isOpen());
    never.close();
    QCOMPARE(failureOf(never.read()).code, std::errc::not_connected);
    QCOMPARE(failureOf(never.write("x")).code, std::errc::not_connected);
    QCOMPARE(failureOf(never.shutdown()).code, std::errc::not_connected);
    QVERIFY_THROWS_EXCEPTION(std::system_error, never.setNoDelay(true));

    Pair pair;
    const QString peer = pair.near.peerAddress().toString();
    const TcpSocket moved = std::move(pair.near);
    QCOMPARE(failureOf(pair.near.read()).code, std::errc::not_connected); // NOLINT: moved from
    pair.far.close();
    QCOMPARE(failureOf(pair.far.read()).code, std::errc::operation_canceled);
    QVERIFY(!pair.far.peerAddress().isValid());
}

namespace {

Task<QByteArray> get(int port, QByteArray path)
{
    TcpSocket socket = co_await TcpSocket::connect(QStringLiteral("localhost"), port);
    co_await socket.write("GET " + path + " HTTP/1.0\r\nHost: localhost\r\n\r\n");
    const QByteArray answer = co_await readAll(socket);
    co_return answer;
}

} // namespace

void TestTcp::getFromAnHttpServerOfSomebodyElse()
{
    QTemporaryDir folder;
    const QByteArray content = Bytes(7).next(300'000);
    QFile file(folder.filePath(QStringLiteral("file.bin")));
    QVERIFY(file.open(QIODevice::WriteOnly) && file.write(content) == content.size());
    file.close();
    QProcess server;
    server.setProcessChannelMode(QProcess::MergedChannels);
    server.start(QStringLiteral("python3"),
                 {QStringLiteral("-u"), QStringLiteral("-m"), QStringLiteral("http.server"), QStringLiteral("0"),
                  QStringLiteral("--bind"), loopback, QStringLiteral("--directory"), folder.path()});
    QVERIFY2(server.waitForReadyRead(10'000), qPrintable(server.errorString()));
    const QString said = QString::fromUtf8(server.readAll()); // "Serving HTTP on 127.0.0.1 port 36263 (…"
    const QRegularExpressionMatch match = QRegularExpression(QStringLiteral("port (\\d+)")).match(said);
    QVERIFY2(match.hasMatch(), qPrintable(said));
    const int port = match.captured(1).toInt();

    const auto [one, two, missing] = runSync(gather(get(port, "/file.bin"), get(port, "/file.bin"), get(port, "/none")),
                                             RunOptions().timeout(10s));

    for (const QByteArray &answer : {one, two}) {
        QVERIFY2(answer.startsWith("HTTP/1.0 200 OK\r\n"), answer.left(100));
        QVERIFY(answer.mid(answer.indexOf("\r\n\r\n") + 4) == content);
    }
    QVERIFY2(missing.startsWith("HTTP/1.0 404 "), missing.left(100));
    server.kill();
    QVERIFY(server.waitForFinished(5000));
}

void TestTcp::socketsOutliveTheBridge()
{
    Pair pair;
    TcpServer server = TcpServer::listen(loopback, 0);
    const auto reading = spawn(pair.near.read(), "read");
    runSync(yield());

    Bridge::current().close();

    QVERIFY(!pair.near.isOpen());
    QVERIFY(!server.isOpen());
    pair.far.close();
    Bridge::current(); // another one
    QCOMPARE(failureOf(pair.near.read()).code, std::errc::operation_canceled);
    QCOMPARE(failureOf(pair.near.write("x")).code, std::errc::operation_canceled);
    QCOMPARE(failureOf(server.accept()).code, std::errc::operation_canceled);
    QVERIFY_THROWS_EXCEPTION(RunSyncError, reading.cancel());
    Pair next;
    runSync(next.near.write("works"));
    QCOMPARE(runSync(readExactly(next.far, 5)), QByteArray("works"));
}

void TestTcp::otherThreadsAreRefused()
{
    Pair pair;
    TcpServer server = TcpServer::listen(loopback, 0);
    std::vector<QString> texts;
    std::thread([&] {
        texts.push_back(failureOf(pair.near.read()).text);
        texts.push_back(failureOf(pair.near.write("x")).text);
        texts.push_back(failureOf(pair.near.shutdown()).text);
        texts.push_back(failureOf(server.accept()).text);
    }).join();
    QCOMPARE(texts.size(), std::size_t(4));
    for (const QString &text : texts)
        QVERIFY2(text.startsWith(QStringLiteral("WrongThread")), qPrintable(text));

    runSync(pair.near.write("unharmed"));
    QCOMPARE(runSync(readExactly(pair.far, 8)), QByteArray("unharmed"));
}

void TestTcp::aHalfClosedSocketStillReads()
{
    Pair pair;
    runSync(pair.near.write("question"));
    runSync(pair.near.shutdown());
    QCOMPARE(runSync(pair.far.readAll()), QByteArray("question"));

    runSync(pair.far.write("answer"));
    runSync(pair.far.shutdown());

    QCOMPARE(runSync(pair.near.readAll()), QByteArray("answer"));
    QVERIFY(pair.near.isOpen() && pair.far.isOpen());
    QCOMPARE(failureOf(pair.near.write("too late")).code, std::errc::broken_pipe);
}

namespace {

int option(const TcpSocket &socket, int level, int name)
{
    int value = -1;
    socklen_t size = sizeof(value);
    getsockopt(socket.descriptor(), level, name, &value, &size);
    return value;
}

} // namespace

void TestTcp::optionsReachTheKernel()
{
    Pair pair;
    QCOMPARE(option(pair.near, SOL_SOCKET, SO_KEEPALIVE), 0);
    pair.near.setKeepAlive(77s);
    QCOMPARE(option(pair.near, SOL_SOCKET, SO_KEEPALIVE), 1);
    QCOMPARE(option(pair.near, IPPROTO_TCP, TCP_KEEPIDLE), 77);
    for (const std::chrono::seconds impossible : {0s, -1s, 32768s, std::chrono::seconds::max()}) {
        QVERIFY_THROWS_EXCEPTION(std::system_error, pair.near.setKeepAlive(impossible));
        QCOMPARE(option(pair.near, IPPROTO_TCP, TCP_KEEPIDLE), 77);
    }
    pair.near.clearKeepAlive();
    QCOMPARE(option(pair.near, SOL_SOCKET, SO_KEEPALIVE), 0);

    pair.near.setNoDelay(true);
    QCOMPARE(option(pair.near, IPPROTO_TCP, TCP_NODELAY), 1);
    pair.near.setNoDelay(false);
    QCOMPARE(option(pair.near, IPPROTO_TCP, TCP_NODELAY), 0);

    pair.near.close();
    QCOMPARE(pair.near.descriptor(), -1);
    QVERIFY_THROWS_EXCEPTION(std::system_error, pair.near.setKeepAlive(1s));
    QVERIFY_THROWS_EXCEPTION(std::system_error, pair.near.clearKeepAlive());
    QVERIFY_THROWS_EXCEPTION(std::system_error, pair.near.reset());
}

void TestTcp::resetReachesThePeer_data()
{
    QTest::addColumn<QByteArray>("meanwhile");
    for (const char *meanwhile : {"nothing", "a read", "a write", "a shutdown behind a write"})
        QTest::newRow(meanwhile) << QByteArray(meanwhile);
}

void TestTcp::resetReachesThePeer()
{
    QFETCH(QByteArray, meanwhile);
    Pair pair;
    const QString peer = pair.far.peerAddress().toString();
    std::vector<TaskHandle<>> stuck;
    if (meanwhile == "a read")
        stuck.push_back(spawn([](TcpSocket &socket) -> Task<> { co_await socket.read(); }(pair.near), "read"));
    if (meanwhile.endsWith("a write"))
        stuck.push_back(spawn(pair.near.write(tooMuch()), "write"));
    if (meanwhile.startsWith("a shutdown"))
        stuck.push_back(spawn(pair.near.shutdown(), "shutdown"));
    runSync(sleepFor(2ms));

    pair.near.reset();

    QVERIFY(!pair.near.isOpen());
    for (const TaskHandle<> &task : stuck)
        QCOMPARE(failureOf(task).code, std::errc::operation_canceled);
    const Failure failure = failureOf(pair.far.readAll());
    QCOMPARE(failure.text, QStringLiteral("read %1: Connection reset by peer").arg(peer));
}

void TestTcp::addressesInsteadOfNames()
{
    TcpServer server = TcpServer::listen(loopback, 0);
    const TcpSocket socket = runSync(TcpSocket::connect(server.address()));
    QCOMPARE(socket.peerAddress().toString(), server.address().toString());
    QCOMPARE(runSync(server.accept()).peerAddress().toString(), socket.localAddress().toString());

    QCOMPARE(failureOf(TcpSocket::connect(SocketAddress())).text, QStringLiteral("connect: no address: Invalid argument"));
    const auto listenOn = [](const QList<SocketAddress> &addresses, int backlog) { TcpServer::listen(addresses, backlog); };
    QVERIFY_THROWS_EXCEPTION(std::system_error, listenOn({}, 1));
    QVERIFY_THROWS_EXCEPTION(std::system_error, listenOn({SocketAddress()}, 1));
    QVERIFY_THROWS_EXCEPTION(std::system_error, listenOn({server.address().withPort(0)}, 0));
    QVERIFY(TcpServer().addresses().isEmpty());
}

void TestTcp::descriptorsOfOthersAreTakenOver()
{
    RawSocket listening;
    QVERIFY(listening.listen(5));
    TcpServer server = TcpServer::fromDescriptor(dup(listening.descriptor()));
    QCOMPARE(server.port(), listening.port());
    RawSocket connecting;
    QVERIFY(connecting.connectTo(server.port()));
    TcpSocket accepted = runSync(server.accept());
    TcpSocket socket = TcpSocket::fromDescriptor(dup(connecting.descriptor()));
    QCOMPARE(socket.peerAddress().toString(), server.address().toString());
    runSync(socket.write("over"));
    QCOMPARE(runSync(accepted.readExactly(4)), QByteArray("over"));

    for (int wrong : {-1, 0, 9999, listening.descriptor()})
        QVERIFY_THROWS_EXCEPTION(std::system_error, TcpSocket::fromDescriptor(wrong));
    for (int wrong : {-1, 0, 9999, connecting.descriptor()})
        QVERIFY_THROWS_EXCEPTION(std::system_error, TcpServer::fromDescriptor(wrong));
}

void TestTcp::connectionsWaitInTheKernelUntilATaskAccepts()
{
    TcpServer server = TcpServer::listen(loopback, 0);
    std::array<RawSocket, 3> clients;
    const int before = test::CleanupCheck::descriptorCount();

    for (RawSocket &client : clients)
        QVERIFY(client.connectTo(server.port()));
    runSync(sleepFor(5ms));

    QCOMPARE(test::CleanupCheck::descriptorCount(), before);
    for (RawSocket &client : clients)
        QCOMPARE(runSync(server.accept()).peerAddress().port(), client.port());
}

namespace {

QList<SocketAddress> loopbacks()
{
    QList<SocketAddress> addresses;
    addresses << SocketAddress::fromNumeric(loopback, 0) << SocketAddress::fromNumeric(QStringLiteral("127.0.0.2"), 0)
              << SocketAddress::fromNumeric(QStringLiteral("127.0.0.3"), 0);
    return addresses;
}

} // namespace

void TestTcp::oneServerOnSeveralAddresses()
{
    TcpServer server = TcpServer::listen(loopbacks());
    const QList<SocketAddress> addresses = server.addresses();
    QCOMPARE(addresses.size(), 3);
    QCOMPARE(server.address().toString(), addresses[0].toString());
    QCOMPARE(addresses[2].host(), QStringLiteral("127.0.0.3"));

    // Waiting tasks are served in their order, whatever address a connection comes to.
    std::vector<TaskHandle<TcpSocket>> acceptors;
    for (int i = 0; i < 3; ++i)
        acceptors.push_back(spawn(server.accept(), "accept"));
    runSync(yield());
    for (int i : {2, 0, 1}) {
        const TcpSocket client = runSync(TcpSocket::connect(addresses[i]));
        const TcpSocket accepted = runSync(std::move(acceptors.front()), RunOptions().timeout(5s));
        acceptors.erase(acceptors.begin());
        QCOMPARE(accepted.localAddress().toString(), addresses[i].toString());
    }

    const auto accepting = spawn(server.accept(), "accept");
    runSync(yield());
    server.close();
    const Failure failure = failureOf(TaskHandle<TcpSocket>(accepting));
    QCOMPARE(failure.code, std::errc::operation_canceled);
    QVERIFY(server.addresses().isEmpty());
    for (const SocketAddress &address : addresses)
        QCOMPARE(failureOf(TcpSocket::connect(address)).code, std::errc::connection_refused);
}

void TestTcp::oneServerTakesAllItsAddressesByTurns()
{
    TcpServer server = TcpServer::listen(loopbacks());
    const QList<SocketAddress> addresses = server.addresses();
    std::vector<TcpSocket> clients;
    for (const SocketAddress &address : addresses) {
        for (int i = 0; i < 3; ++i)
            clients.push_back(runSync(TcpSocket::connect(address)));
    }
    QStringList order;
    for (std::size_t i = 0; i < clients.size(); ++i)
        order << runSync(server.accept()).localAddress().host().right(1);
    QCOMPARE(order.join(QLatin1Char(' ')), QStringLiteral("1 2 3 1 2 3 1 2 3"));
}

void TestTcp::anAddressInUseClosesTheWholeServer()
{
    const TcpServer other = TcpServer::listen(loopbacks());
    QList<SocketAddress> addresses = loopbacks();
    addresses[1] = other.addresses()[1];
    const int before = test::CleanupCheck::descriptorCount();
    try {
        TcpServer::listen(addresses);
        QFAIL("it listens");
    } catch (const std::system_error &error) {
        QCOMPARE(error.code(), std::errc::address_in_use);
        QCOMPARE(QString::fromUtf8(error.what()),
                 QStringLiteral("listen %1: Address already in use").arg(addresses[1].toString()));
    }
    QTRY_COMPARE(test::CleanupCheck::descriptorCount(), before);
}

namespace {

// "6a" is an IPv6 address, "4b" another one, of IPv4.
SocketAddress addressFor(const QString &name)
{
    const int number = name.at(1).unicode() - 'a' + 1;
    const QString pattern = name.startsWith(QLatin1Char('6')) ? QStringLiteral("::%1") : QStringLiteral("127.0.0.%1");
    return SocketAddress::fromNumeric(pattern.arg(number), 80);
}

QString nameOf(const SocketAddress &address)
{
    const int number = address.host().right(1).toInt();
    return QLatin1String(address.isIp6() ? "6" : "4") + QChar('a' + number - 1);
}

QList<SocketAddress> addressesFor(const QString &names)
{
    QList<SocketAddress> addresses;
    for (const QString &name : names.split(QLatin1Char(' '), Qt::SkipEmptyParts))
        addresses << addressFor(name);
    return addresses;
}

} // namespace

void TestTcp::familiesAreInterleaved_data()
{
    QTest::addColumn<QString>("expected");
    QTest::newRow("") << QString();
    for (const auto &[given, expected] : {std::pair("6a", "6a"), std::pair("4b 4a 4c", "4b 4a 4c"),
                                          std::pair("6a 6b 6c 4a 4b", "6a 4a 6b 4b 6c"),
                                          std::pair("4a 6c 6b 6a", "4a 6c 6b 6a"), std::pair("4a 4b 6a", "4a 6a 4b"),
                                          std::pair("6a 4a 6b 4b", "6a 4a 6b 4b")})
        QTest::newRow(given) << QString::fromLatin1(expected);
}

void TestTcp::familiesAreInterleaved()
{
    QFETCH(QString, expected);
    QStringList names;
    for (const SocketAddress &address : interleaved(addressesFor(QString::fromLatin1(QTest::currentDataTag()))))
        names << nameOf(address);
    QCOMPARE(names.join(QLatin1Char(' ')), expected);
}

namespace {

// Attempts that take their time and then succeed or fail, and what has become of them: "6a begins 0, 6a fails 10".
class Script
{
public:
    // "6a fails 10, 4a succeeds 100": after so many milliseconds each.
    explicit Script(const QString &text)
    {
        for (const QString &line : text.split(QStringLiteral(", "), Qt::SkipEmptyParts)) {
            const QStringList words = line.split(QLatin1Char(' '));
            m_lines.append({words[0], words[1], words[2]});
        }
    }

    QList<SocketAddress> addresses() const
    {
        QList<SocketAddress> all;
        for (const QStringList &line : m_lines)
            all << addressFor(line[0]);
        return all;
    }

    static Task<TcpSocket> attempt(Script &script, SocketAddress address)
    {
        const QStringList line = script.lineOf(nameOf(address));
        script.note(line[0] + QStringLiteral(" begins"));
        try {
            co_await sleepFor(std::chrono::milliseconds(line[2].toInt()));
        } catch (const Cancelled &) {
            script.note(line[0] + QStringLiteral(" is cancelled"));
            throw;
        }
        script.note(line[0] + QLatin1Char(' ') + line[1]);
        if (line[1] == QStringLiteral("fails"))
            throw std::runtime_error(line[0].toStdString());
        co_return TcpSocket();
    }

    QString log() const { return m_log.join(QStringLiteral(", ")); }

private:
    QStringList lineOf(const QString &name) const
    {
        return *std::find_if(m_lines.begin(), m_lines.end(), [&name](const QStringList &line) { return line[0] == name; });
    }
    void note(const QString &what)
    {
        const auto at = std::chrono::duration_cast<std::chrono::milliseconds>(m_clock.elapsed());
        m_log << what + QLatin1Char(' ') + QString::number(at.count());
    }

    VirtualClock m_clock;
    QList<QStringList> m_lines;
    QStringList m_log;
};

} // namespace

void TestTcp::theFirstToAnswerWins_data()
{
    QTest::addColumn<QString>("script");
    QTest::addColumn<QString>("outcome"); // empty: one has succeeded
    QTest::addColumn<QString>("log");
    const auto row = [](const char *name, const char *script, const char *outcome, const char *log) {
        QTest::newRow(name) << QString::fromLatin1(script) << QString::fromLatin1(outcome) << QString::fromLatin1(log);
    };
    row("one alone", "6a succeeds 1000", "", "6a begins 0, 6a succeeds 1000");
    row("one alone fails", "6a fails 1000", "6a", "6a begins 0, 6a fails 1000");
    row("the first is fast", "6a succeeds 249, 4a succeeds 1", "", "6a begins 0, 6a succeeds 249");
    row("the first is slow", "6a succeeds 9999, 4a succeeds 30", "",
        "6a begins 0, 4a begins 250, 4a succeeds 280, 6a is cancelled 280");
    row("the first is a little slow", "6a succeeds 300, 4a succeeds 100", "",
        "6a begins 0, 4a begins 250, 6a succeeds 300, 4a is cancelled 300");
    row("the first fails", "6a fails 10, 4a succeeds 20", "", "6a begins 0, 6a fails 10, 4a begins 10, 4a succeeds 30");
    row("the second fails", "6a succeeds 400, 4a fails 10, 6b succeeds 500", "",
        "6a begins 0, 4a begins 250, 4a fails 260, 6b begins 260, 6a succeeds 400, 6b is cancelled 400");
    row("a slow one fails late", "6a fails 300, 4a fails 500, 6b succeeds 1", "",
        "6a begins 0, 4a begins 250, 6a fails 300, 6b begins 500, 6b succeeds 501, 4a is cancelled 501");
    row("all fail", "6a fails 700, 4a fails 10, 4b fails 20", "6a",
        "6a begins 0, 4a begins 250, 4a fails 260, 4b begins 260, 4b fails 280, 6a fails 700");
    row("cancelled from outside", "6a succeeds 9999, 4a succeeds 9999, 4b succeeds 1", "timed out",
        "6a begins 0, 4a begins 250, 6a is cancelled 400, 4a is cancelled 400");
}

void TestTcp::theFirstToAnswerWins()
{
    QFETCH(QString, script);
    QFETCH(QString, outcome);
    QFETCH(QString, log);
    Script attempts(script);
    const ConnectAttempt attempt = [&attempts](SocketAddress address) { return Script::attempt(attempts, address); };

    RunOptions options;
    if (outcome == QStringLiteral("timed out"))
        options.timeout(400ms);
    const Result<TcpSocket> result = tryRunSync(connectToFirst(attempts.addresses(), attempt), options);

    QCOMPARE(attempts.log(), log);
    QCOMPARE(bool(result), outcome.isEmpty());
    if (!outcome.isEmpty())
        QVERIFY2(result.errorString().find(outcome.toStdString()) != std::string::npos, result.errorString().c_str());
}

void TestTcp::anAddressThatNeverAnswersCostsAQuarterOfASecond()
{
    Stuck stuck("connect");
    const TcpServer server = TcpServer::listen(loopback, 0);
    QList<SocketAddress> addresses;
    addresses << server.address().withPort(stuck.port()) << server.address();
    const ConnectAttempt attempt = [](SocketAddress address) { return TcpSocket::connect(address); };

    QElapsedTimer timer;
    timer.start();
    const test::OwnTime ownTime;
    const TcpSocket socket = runSync(connectToFirst(addresses, attempt), RunOptions().timeout(10s));

    QCOMPARE(socket.peerAddress().port(), server.port());
    QVERIFY2(timer.elapsed() >= 250 && ownTime.elapsed() < 900ms, QByteArray::number(timer.elapsed()));
    QCOMPARE(failureOf(connectToFirst({}, attempt)).code, std::errc::invalid_argument);
}

namespace {

Task<TcpSocket> neverConnected()
{
    co_await sleepFor(1h);
    co_return TcpSocket();
}

Task<> connectShielded(bool *isConnected)
{
    const ConnectAttempt attempt = [](SocketAddress) { return neverConnected(); };
    static_cast<void>(co_await shield(connectToFirst(addressesFor(QStringLiteral("4a 6a")), attempt)));
    *isConnected = true;
}

} // namespace

void TestTcp::attemptsThatOthersCancelAreNoConnection()
{
    const ConnectAttempt attempt = [](SocketAddress) -> Task<TcpSocket> {
        auto other = spawn(neverConnected(), "other");
        other.cancel();
        TcpSocket socket = co_await std::move(other);
        co_return socket;
    };
    const auto result = tryRunSync(connectToFirst(addressesFor(QStringLiteral("4a 6a")), attempt));
    QCOMPARE(result.outcome(), Outcome::Cancelled);

    bool isConnected = false;
    const std::unique_ptr<QThread> thread(QThread::create([&isConnected] {
        const auto connecting = spawn(connectShielded(&isConnected), "connect");
        runSync(sleepFor(1ms));
        Bridge::current().close(); // cancels the attempts, but not who is shielded
    }));
    thread->start();
    QVERIFY(thread->wait(10'000));
    QVERIFY(!isConnected);
}

int main(int argc, char **argv)
{
    if (argc == 3 && argv[1] == QByteArray("--write-to-closed-peer"))
        return writeToClosedPeer(argv[2]);
    const auto application = test::makeApplication(argc, argv);
    TestTcp test;
    QTEST_SET_MAIN_SOURCE_PATH
    return QTest::qExec(&test, argc, argv);
}

#include "tst_tcp.moc"
