// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>
#include <interloop/test/test.h>

#include <tests/cleanupcheck.h>
#include <tests/sockets.h>
#include <tests/testmain.h>
#include <tests/timeline.h>

#include <QProcess>
#include <QScopeGuard>

#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <map>
#include <memory>
#include <random>
#include <thread>

using namespace interloop;
using namespace interloop::test;
using namespace std::chrono_literals;

/*
 * Sockets when things go wrong: peers that misbehave, a process that is out of file descriptors, a conversation that is
 * cancelled at each of its awaits.
 */

namespace {

template<Awaitable A>
auto wait(A awaitable)
{
    return runSync(std::move(awaitable), RunOptions().timeout(20s));
}

QByteArray lineOf(int number)
{
    return QByteArray::number(number) + '\n';
}

/*
 * A client and a server that say all there is to say. Each tells before each of its awaits.
 */

// Where one of the two is to be cancelled.
class Plan
{
public:
    enum class Side { Nobody, Client, Server };
    static constexpr int itself = -1; // before the await begins
    static constexpr int whenIdle = -2;

    Plan() = default;
    Plan(Side side, int await, int turns) : side(side), await(await), turns(turns) { }

    Side side = Side::Nobody;
    int await = 0; // the how manyth, from 1
    int turns = 0; // so many later, or one of the above
};

class Conversation
{
public:
    explicit Conversation(const Plan &plan) : m_plan(plan), m_server(TcpServer::listen(loopback, 0)) { }

    // How each side ended, and that it did so once.
    QString run()
    {
        m_tasks[Plan::Side::Server] = spawn(watch(serve(*this), m_serverOutcomes), "server");
        m_tasks[Plan::Side::Client] = spawn(watch(ask(*this), m_clientOutcomes), "client");
        for (const auto &[side, task] : m_tasks)
            static_cast<void>(tryRunSync(task, RunOptions().timeout(20s)));
        for (const TaskHandle<> &canceller : m_cancellers)
            wait(canceller);
        return m_clientOutcomes.join(QLatin1Char('+')) + QStringLiteral(" / ") + m_serverOutcomes.join(QLatin1Char('+'));
    }

    int awaits(Plan::Side side) { return m_awaits[side]; }

private:
    static Task<> ask(Conversation &own)
    {
        const auto closing = qScopeGuard([&own] { own.m_server.close(); }); // nobody else will come
        own.next(Plan::Side::Client);
        TcpSocket socket = co_await TcpSocket::connect(loopback, own.m_server.port());
        own.next(Plan::Side::Client);
        co_await socket.write("hello\n");
        own.next(Plan::Side::Client);
        const QByteArray greeting = co_await socket.readLine();
        own.next(Plan::Side::Client);
        co_await socket.writev(QList<QByteArray>(3, QByteArray(largeSize / 3, 'c'))); // waits until the server reads
        own.next(Plan::Side::Client);
        std::vector<std::byte> answer(5000);
        const std::size_t count = co_await socket.readExactly(std::span<std::byte>(answer));
        own.next(Plan::Side::Client);
        co_await socket.shutdown();
        own.next(Plan::Side::Client);
        const QByteArray rest = co_await socket.readAll();
        socket.close();
        if (greeting != "welcome\n" || count != answer.size() || rest.size() != largeSize - 5000)
            throw std::logic_error("the client got something else");
    }

    static Task<> serve(Conversation &own)
    {
        const auto closing = qScopeGuard([&own] { own.m_server.close(); });
        own.next(Plan::Side::Server);
        TcpSocket socket = co_await own.m_server.accept();
        own.next(Plan::Side::Server);
        const QByteArray hello = co_await socket.readUntil("o\n", 100);
        own.next(Plan::Side::Server);
        co_await socket.write("welcome\n");
        own.next(Plan::Side::Server);
        const QByteArray question = co_await socket.readExactly(largeSize / 3 * 3);
        own.next(Plan::Side::Server);
        co_await socket.write(QByteArray(largeSize, 's'));
        own.next(Plan::Side::Server);
        co_await socket.shutdown();
        own.next(Plan::Side::Server);
        const QByteArray nothing = co_await socket.read();
        if (hello != "hello\n" || question.size() != largeSize / 3 * 3 || !nothing.isEmpty())
            throw std::logic_error("the server got something else");
    }

    static Task<> watch(Task<> task, QStringList &outcomes)
    {
        std::exception_ptr error;
        try {
            co_await std::move(task);
        } catch (...) {
            error = std::current_exception();
        }
        outcomes << named(error);
    }

    static QString named(const std::exception_ptr &error)
    {
        const Outcome outcome = error ? outcomeOf(error) : Outcome::Value;
        if (outcome != Outcome::Exception)
            return QString::fromLatin1(interloop::nameOf(outcome));
        const Failure failure(Result<>(outcome, error));
        const bool isTold = failure.code && failure.text.contains(QStringLiteral("127.0.0.1:"));
        return isTold ? QStringLiteral("error") : QStringLiteral("unexpected: ") + failure.text;
    }

    void next(Plan::Side side)
    {
        if (++m_awaits[side] != m_plan.await || side != m_plan.side)
            return;
        if (m_plan.turns == Plan::itself)
            m_tasks[side].cancel();
        else
            m_cancellers.push_back(spawn(cancelAfter(m_plan.turns, m_tasks[side]), "canceller"));
    }

    static Task<> cancelAfter(int turns, TaskHandle<> task)
    {
        if (turns == Plan::whenIdle)
            co_await waitUntilIdle();
        for (int i = 0; i < turns; ++i)
            co_await yield();
        task.cancel();
    }

    static constexpr qsizetype largeSize = 3 << 20; // more than the kernel's buffers take

    Plan m_plan;
    TcpServer m_server;
    std::map<Plan::Side, TaskHandle<>> m_tasks;
    std::map<Plan::Side, int> m_awaits;
    std::vector<TaskHandle<>> m_cancellers;
    QStringList m_clientOutcomes;
    QStringList m_serverOutcomes;
};

/*
 * What runs in processes of its own, under a limit of descriptors.
 */

[[noreturn]] void fail(const QString &text)
{
    std::printf("%s\n", qPrintable(text));
    std::fflush(stdout);
    std::_Exit(1);
}

void require(bool condition, const QString &text)
{
    if (!condition)
        fail(text);
}

void requireTooMany(const Failure &failure, const QString &operation)
{
    require(failure.code == std::errc::too_many_files_open && failure.text == operation + QStringLiteral(": Too many open files"),
            QStringLiteral("\"%1\" instead of %2").arg(failure.text, operation));
}

Task<> listenAndClose(int port)
{
    const TcpServer server = TcpServer::listen(loopback, port);
    co_return;
}

Failure failureOfListening(int port)
{
    return failureOf(listenAndClose(port));
}

// Opens connections that nobody accepts until there is no descriptor for another, or there are `count`. Each says which
// it is.
std::vector<TcpSocket> connectMany(TcpServer &server, int count)
{
    std::vector<TcpSocket> clients;
    while (int(clients.size()) < count) {
        Result<TcpSocket> client = tryRunSync(TcpSocket::connect(server.address()), RunOptions().timeout(20s));
        if (!client) {
            requireTooMany(Failure(client), QStringLiteral("connect ") + server.address().toString());
            break;
        }
        clients.push_back(std::move(client).value());
        wait(clients.back().write(lineOf(int(clients.size()) - 1)));
    }
    return clients;
}

// Nothing of a connection is lost while there is no descriptor for it.
void overTheLimit(int limit)
{
    TcpServer server = TcpServer::listen(loopback, 0, 4096);
    const QString accept = QStringLiteral("accept on ") + server.address().toString();
    {
        // As long as there are descriptors. (UBSan looks at an object of a type it has not seen yet by means of a pipe.)
        const auto accepting = spawn(server.accept(), "accept");
        wait(waitUntilIdle());
        RawSocket client;
        require(client.connectTo(server.port()), QStringLiteral("cannot connect"));
        require(wait(TaskHandle<TcpSocket>(accepting)).isOpen(), QStringLiteral("not accepted"));
        const TcpSocket named = wait(TcpSocket::connect(QStringLiteral("localhost"), server.port()));
        require(wait(server.accept()).isOpen(), QStringLiteral("not accepted"));
        const auto refused = spawn(TcpSocket::connect(server.address().withPort(1)), "refused");
        require(failureOf(TaskHandle<TcpSocket>(refused)).code == std::errc::connection_refused, QStringLiteral("not refused"));
        require(failureOf(TcpSocket::connect(server.address().withPort(1))).outcome == Outcome::Exception,
                QStringLiteral("not refused"));
        require(failureOf(TcpSocket::connect(loopback, 1)).outcome == Outcome::Exception, QStringLiteral("not refused"));
        require(failureOfListening(server.port()).code == std::errc::address_in_use, QStringLiteral("it listens"));
    }
    RawSocket early; // has its descriptor already
    const auto waiting = spawn(server.accept(), "accept");
    wait(waitUntilIdle());
    std::vector<std::unique_ptr<RawSocket>> fillers;
    do {
        fillers.push_back(std::make_unique<RawSocket>());
    } while (fillers.back()->descriptor() >= 0);
    require(early.connectTo(server.port()), QStringLiteral("the early client cannot connect"));
    requireTooMany(failureOf(TaskHandle<TcpSocket>(waiting)), accept);
    requireTooMany(failureOf(server.accept()), accept);
    fillers.clear();
    require(wait(server.accept()).peerAddress().port() == early.port(), QStringLiteral("another connection came first"));

    std::vector<TcpSocket> clients = connectMany(server, 1000);
    const int count = int(clients.size());
    require(count > limit / 2 && count < limit, QStringLiteral("%1 connections").arg(count));
    for (int i = 0; i < 3; ++i) {
        requireTooMany(failureOf(TcpSocket::connect(server.address())), QStringLiteral("connect ") + server.address().toString());
        requireTooMany(failureOf(server.accept()), accept);
        requireTooMany(failureOfListening(0), QStringLiteral("listen 127.0.0.1:0"));
        const Failure named = failureOf(TcpSocket::connect(QStringLiteral("localhost"), server.port()));
        require(named.outcome == Outcome::Exception && named.text.contains(QStringLiteral("localhost")), named.text);
    }

    // Half of them leave; all are there in their order, with what they said.
    for (int i = 0; i < count; i += 2)
        clients[std::size_t(i)].close();
    wait(waitUntilIdle());
    for (int i = 0; i < count; ++i) {
        TcpSocket accepted = wait(server.accept());
        const QByteArray said = wait(accepted.readLine());
        require(said == lineOf(i), QStringLiteral("%1 is \"%2\"").arg(i).arg(QString::fromLatin1(said)));
        if (i % 2 == 1) {
            wait(accepted.write("answer\n"));
            require(wait(clients[std::size_t(i)].readLine()) == "answer\n", QStringLiteral("no answer for %1").arg(i));
        }
    }
    const TcpSocket named = wait(TcpSocket::connect(QStringLiteral("localhost"), server.port()));
    require(wait(server.accept()).isOpen(), QStringLiteral("not accepted"));
}

// All at once, both ends.
void underTheLimit()
{
    TcpServer server = TcpServer::listen(loopback, 0, 4096);
    std::vector<TcpSocket> clients = connectMany(server, 1000);
    require(clients.size() == 1000, QStringLiteral("%1 connections").arg(clients.size()));
    std::vector<TcpSocket> accepted;
    for (int i = 0; i < 1000; ++i)
        accepted.push_back(wait(server.accept()));
    for (std::size_t i = 0; i < 1000; ++i) {
        require(wait(accepted[i].readLine()) == lineOf(int(i)), QStringLiteral("%1 says something else").arg(i));
        wait(accepted[i].write("answer\n"));
    }
    for (TcpSocket &client : clients)
        require(wait(client.readLine()) == "answer\n", QStringLiteral("no answer"));
}

// libuv's own server, out of descriptors: the connection is accepted and closed, and nobody is told.
void controlOverTheLimit()
{
    uv_loop_t loop;
    uv_tcp_t server;
    int callbacks = 0;
    uv_loop_init(&loop);
    uv_tcp_init(&loop, &server);
    const sockaddr_in any = RawSocket::address(0);
    uv_tcp_bind(&server, reinterpret_cast<const sockaddr *>(&any), 0);
    server.data = &callbacks;
    uv_listen(reinterpret_cast<uv_stream_t *>(&server), 10, [](uv_stream_t *stream, int) { ++*static_cast<int *>(stream->data); });
    sockaddr_in own = {};
    int size = sizeof(own);
    uv_tcp_getsockname(&server, reinterpret_cast<sockaddr *>(&own), &size);
    RawSocket client;
    std::vector<std::unique_ptr<RawSocket>> fillers;
    do {
        fillers.push_back(std::make_unique<RawSocket>());
    } while (fillers.back()->descriptor() >= 0);
    require(client.connectTo(ntohs(own.sin_port)), QStringLiteral("cannot connect"));
    uv_run(&loop, UV_RUN_NOWAIT);
    char byte;
    const ssize_t got = recv(client.descriptor(), &byte, 1, MSG_DONTWAIT);
    require(got == 0 && callbacks == 0, QStringLiteral("libuv told: %1, %2").arg(got).arg(callbacks));
    uv_close(reinterpret_cast<uv_handle_t *>(&server), nullptr);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
}

int runLimited(int argc, char **argv)
{
    const int limit = std::atoi(argv[2]);
    const rlimit wanted = {rlim_t(limit), rlim_t(limit)};
    require(setrlimit(RLIMIT_NOFILE, &wanted) == 0, QStringLiteral("setrlimit"));
    if (qstrcmp(argv[1], "--control") == 0) {
        controlOverTheLimit();
        return 0;
    }
    const QCoreApplication application(argc, argv);
    wait(resolve(QStringLiteral("localhost"))); // glibc reads its configuration once
    const int before = CleanupCheck::descriptorCount();
    for (int round = 0; round < 2; ++round) { // everything works again
        if (limit < 1000)
            overTheLimit(limit);
        else
            underTheLimit();
        for (int i = 0; i < 1000 && CleanupCheck::descriptorCount() > before + 1; ++i) // libuv's spare one
            wait(sleepFor(1ms));
        require(CleanupCheck::descriptorCount() <= before + 1,
                QStringLiteral("%1 descriptors are left").arg(CleanupCheck::descriptorCount() - before));
    }
    Bridge::current().close();
    return 0;
}

} // namespace

namespace {

// A thread that accepts; ends with the test function, however that ends.
class Peer
{
public:
    template<typename Function>
    Peer(RawSocket &listener, Function function) : m_listener(listener), m_thread(function, std::ref(listener))
    {
    }
    ~Peer()
    {
        ::shutdown(m_listener.descriptor(), SHUT_RDWR); // wakes its accept
        m_thread.join();
    }
    Peer(const Peer &) = delete;
    Peer &operator=(const Peer &) = delete;

private:
    RawSocket &m_listener;
    std::thread m_thread;
};

} // namespace

class TestSockets : public QObject
{
    Q_OBJECT

private slots:
    void init() { m_leaks.begin(); }
    void cleanup() { m_leaks.check(); }

    void aThousandSocketsUnderALimit_data();
    void aThousandSocketsUnderALimit();
    void cancelledAtEachAwaitAConversationHasOneEnd_data();
    void cancelledAtEachAwaitAConversationHasOneEnd();
    void cancelledAtRandomAConversationHasOneEnd();
    void aPeerThatResetsWhileWeRead();
    void aPeerThatNeverReads();
    void aPeerThatSendsAByteASecond();
    void peersThatCloseAtOnce();
    void clientsThatHaveLeftBeforeTheyAreAccepted();

private:
    CleanupCheck m_leaks;
};

void TestSockets::aThousandSocketsUnderALimit_data()
{
    QTest::addColumn<int>("limit");
    QTest::newRow("64") << 64;
    QTest::newRow("256") << 256;
    QTest::newRow("4096") << 4096;
    QTest::newRow("control") << 64;
}

void TestSockets::aThousandSocketsUnderALimit()
{
    QFETCH(int, limit);
    const QString mode = qstrcmp(QTest::currentDataTag(), "control") == 0 ? QStringLiteral("--control") : QStringLiteral("--limit");
    QProcess process;
    process.setProcessChannelMode(QProcess::MergedChannels);
    process.start(QCoreApplication::applicationFilePath(), {mode, QString::number(limit)});
    QVERIFY(process.waitForFinished(50'000));
    QCOMPARE(QString::fromUtf8(process.readAll()), QString());
    QCOMPARE(process.exitStatus(), QProcess::NormalExit);
    QCOMPARE(process.exitCode(), 0);
}

void TestSockets::cancelledAtEachAwaitAConversationHasOneEnd_data()
{
    QTest::addColumn<int>("turns");
    QTest::newRow("before it begins") << Plan::itself;
    for (int turns : {0, 1, 2, 3, 5, 9})
        QTest::addRow("%d turns later", turns) << turns;
    QTest::newRow("when all wait") << Plan::whenIdle;
}

void TestSockets::cancelledAtEachAwaitAConversationHasOneEnd()
{
    QFETCH(int, turns);
    Conversation whole{Plan()};
    QCOMPARE(whole.run(), QStringLiteral("Value / Value"));
    QStringList ends;
    for (const Plan::Side side : {Plan::Side::Client, Plan::Side::Server}) {
        QCOMPARE(whole.awaits(side), 7);
        for (int await = 1; await <= whole.awaits(side); ++await) {
            Conversation conversation(Plan(side, await, turns));
            const QString end = conversation.run();
            const QStringList sides = end.split(QStringLiteral(" / "));
            const QString &own = sides[side == Plan::Side::Client ? 0 : 1];
            const QString &other = sides[side == Plan::Side::Client ? 1 : 0];
            const QString where = QStringLiteral("await %1: %2").arg(await).arg(end);
            QVERIFY2(own == QStringLiteral("Cancelled") || own == QStringLiteral("Value"), qPrintable(where));
            QVERIFY2(turns != Plan::itself || own == QStringLiteral("Cancelled"), qPrintable(where));
            const bool isPeerSilent = other.contains(QStringLiteral("got something else")); // it has seen an early end
            QVERIFY2(other == QStringLiteral("Value") || other == QStringLiteral("error") || isPeerSilent, qPrintable(where));
        }
    }
}

void TestSockets::cancelledAtRandomAConversationHasOneEnd()
{
    std::mt19937 random(20261122);
    for (int round = 0; round < (isSanitized ? 30 : 150); ++round) {
        const auto side = random() % 2 ? Plan::Side::Client : Plan::Side::Server;
        const int await = 1 + int(random() % 7);
        Conversation conversation(Plan(side, await, int(random() % 30)));
        const QString end = conversation.run();
        QVERIFY2(end.count(QLatin1Char('+')) == 0 && (end.contains(QStringLiteral("Cancelled")) || end == QStringLiteral("Value / Value")),
                 qPrintable(QStringLiteral("round %1: %2").arg(round).arg(end)));
    }
}

void TestSockets::aPeerThatResetsWhileWeRead()
{
    RawSocket listener;
    QVERIFY(listener.listen(10));
    const Peer peer(listener, [](RawSocket &listener) {
        for (int i = 0; i < 100; ++i) {
            RawSocket connection(listener.accept());
            char question;
            static_cast<void>(recv(connection.descriptor(), &question, 1, 0));
            const QByteArray bytes(i * 977, 'x');
            static_cast<void>(::send(connection.descriptor(), bytes.constData(), std::size_t(bytes.size()), MSG_NOSIGNAL));
            connection.reset();
        }
    });
    for (int i = 0; i < 100; ++i) {
        TcpSocket socket = wait(TcpSocket::connect(loopback, listener.port()));
        const QString peerName = socket.peerAddress().toString();
        wait(socket.write("?"));
        const Failure failure = failureOf(socket.readExactly(1 << 20));
        QCOMPARE(failure.text, QStringLiteral("read %1: Connection reset by peer").arg(peerName));
        qsizetype kept = 0; // what had come before is still there
        for (;;) {
            const Result<QByteArray> more = tryRunSync(socket.read());
            if (!more) {
                QCOMPARE(Failure(more).code, std::errc::connection_reset);
                break;
            }
            kept += more.value().size();
        }
        QVERIFY(kept <= i * 977);
        QCOMPARE(Failure(tryRunSync(socket.write(QByteArray(100, 'y')))).code, std::errc::broken_pipe);
    }
}

void TestSockets::aPeerThatNeverReads()
{
    RawSocket listener;
    QVERIFY(listener.listen(10));
    TcpSocket socket = wait(TcpSocket::connect(loopback, listener.port()));
    const RawSocket peer(listener.accept());

    const OwnTime time;
    const Result<> written = tryRunSync(withTimeout(30ms, socket.write(QByteArray(64 << 20, 'x'))), RunOptions().timeout(20s));

    QCOMPARE(interloop::nameOf(written.outcome()), "TimedOut");
    QVERIFY2(time.elapsed() < 5s, QByteArray::number(qint64(time.elapsed() / 1ms)));
    QVERIFY(!socket.isOpen()); // half of it may be gone
    const Failure failure = failureOf(socket.write("x"));
    QCOMPARE(failure.code, std::errc::operation_canceled);
}

namespace {

Task<> sendSlowly(TcpSocket &socket, int count)
{
    for (int i = 0; i < count; ++i) {
        co_await sleepFor(1s);
        co_await socket.write(QByteArray(1, char('a' + i % 26)));
    }
    co_await socket.shutdown();
}

} // namespace

void TestSockets::aPeerThatSendsAByteASecond()
{
    const VirtualClock clock;
    Pair pair;
    const auto sending = spawn(sendSlowly(pair.far, 100), "send");

    const Result<QByteArray> tooSlow = tryRunSync(withTimeout(30500ms, pair.near.readExactly(100)));
    QCOMPARE(interloop::nameOf(tooSlow.outcome()), "TimedOut");
    QVERIFY(clock.elapsed() >= 30s && clock.elapsed() < 31s);
    const QByteArray first = wait(pair.near.read()); // what had come by then
    QCOMPARE(first, QByteArray("abcdefghijklmnopqrstuvwxyzabcd"));

    QCOMPARE(runSync(pair.near.readUntil("z", 100)).size(), 22);
    QCOMPARE(runSync(pair.near.readAll()).size(), 48);
    QVERIFY2(clock.elapsed() >= 100s && clock.elapsed() < 101s, QByteArray::number(qlonglong(clock.elapsed().count())));
    runSync(sending);
}

void TestSockets::peersThatCloseAtOnce()
{
    RawSocket listener;
    QVERIFY(listener.listen(10));
    const Peer peer(listener, [](RawSocket &listener) {
        for (int i = 0; i < 200; ++i) {
            RawSocket connection(listener.accept());
            if (i % 2 == 1)
                connection.reset();
        }
    });
    int failed = 0;
    for (int i = 0; i < 200; ++i) {
        Result<TcpSocket> connected = tryRunSync(TcpSocket::connect(loopback, listener.port()), RunOptions().timeout(20s));
        if (!connected) { // as fast as that
            QCOMPARE(Failure(connected).code, std::errc::connection_reset);
            ++failed;
            continue;
        }
        TcpSocket socket = std::move(connected).value();
        const Failure reading(tryRunSync(socket.readLine(), RunOptions().timeout(20s)));
        for (;;) { // SIGPIPE would kill us
            const Failure writing(tryRunSync(socket.write("into the void"), RunOptions().timeout(20s)));
            if (writing.outcome == Outcome::Value)
                continue;
            QVERIFY2(writing.code == std::errc::broken_pipe || writing.code == std::errc::connection_reset,
                     qPrintable(writing.text));
            break;
        }
        QCOMPARE(reading.outcome == Outcome::Value, i % 2 == 0);
        failed += reading.code == std::errc::connection_reset;
    }
    QVERIFY(failed > 50);
}

void TestSockets::clientsThatHaveLeftBeforeTheyAreAccepted()
{
    TcpServer server = TcpServer::listen(loopback, 0);
    for (int round = 0; round < 20; ++round) {
        const auto waiting = round % 2 ? spawn(server.accept(), "accept") : TaskHandle<TcpSocket>();
        wait(waitUntilIdle());
        RawSocket gone;
        QVERIFY(gone.connectTo(server.port()));
        gone.reset();
        TcpSocket accepted = waiting.isValid() ? wait(TaskHandle<TcpSocket>(waiting)) : wait(server.accept());
        QCOMPARE(failureOf(accepted.read()).code, std::errc::connection_reset);
    }
    const TcpSocket client = wait(TcpSocket::connect(server.address()));
    QCOMPARE(wait(server.accept()).peerAddress().port(), client.localAddress().port());
}

int main(int argc, char **argv)
{
    if (argc == 3)
        return runLimited(argc, argv);
    const auto application = makeApplication(argc, argv);
    TestSockets test;
    QTEST_SET_MAIN_SOURCE_PATH
    return QTest::qExec(&test, argc, argv);
}

#include "tst_sockets.moc"
