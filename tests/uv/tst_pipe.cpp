// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>

#include <tests/cleanupcheck.h>
#include <tests/testmain.h>

#include <QFile>
#include <QProcess>
#include <QRegularExpression>
#include <QTemporaryDir>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <ctime>
#include <thread>
#include <vector>

using namespace interloop;
using namespace std::chrono_literals;

using Kind = ReceivedHandle::Kind;

static_assert(!std::is_aggregate_v<PipeSocket> && !std::is_aggregate_v<PipeServer>);
static_assert(!std::is_aggregate_v<ReceivedHandle>);

namespace {

constexpr PipeContent handles = PipeContent::BytesAndHandles;

// How a wait failed: its error code and all it says.
class Failure
{
public:
    Failure(Outcome outcome, std::exception_ptr error, const std::string &text) : outcome(outcome), text(text)
    {
        try {
            if (error)
                std::rethrow_exception(error);
        } catch (const std::system_error &systemError) {
            code = systemError.code();
        } catch (...) { }
    }

    Outcome outcome;
    std::error_code code;
    std::string text;
};

template<Awaitable A>
Failure failureOf(A awaitable)
{
    const auto result = tryRunSync(std::move(awaitable), RunOptions().timeout(10s));
    return Failure(result.outcome(), result.error(), result.errorString());
}

template<typename Call>
Failure failureOfCall(Call call)
{
    try {
        call();
    } catch (const std::system_error &error) {
        return Failure(Outcome::Exception, std::current_exception(), error.what());
    }
    return Failure(Outcome::Value, nullptr, std::string());
}

class Pair
{
public:
    explicit Pair(PipeContent content = PipeContent::Bytes)
    {
        auto both = PipeSocket::pair(content);
        near = std::move(both.first);
        far = std::move(both.second);
    }

    PipeSocket near;
    PipeSocket far;
};

// A folder for socket files.
class Folder
{
public:
    QString path(const QString &name) const { return m_folder.filePath(name); }

private:
    QTemporaryDir m_folder;
};

// A file in memory that holds `text`, read from its beginning by whoever gets it.
class MemoryFile
{
public:
    explicit MemoryFile(const QByteArray &text) : m_descriptor(memfd_create("test", MFD_CLOEXEC))
    {
        if (::write(m_descriptor, text.constData(), size_t(text.size())) != text.size())
            qFatal("memfd");
    }
    ~MemoryFile() { ::close(m_descriptor); }
    MemoryFile(const MemoryFile &) = delete;
    MemoryFile &operator=(const MemoryFile &) = delete;

    int descriptor() const { return m_descriptor; }

    static QByteArray textOf(int descriptor)
    {
        QByteArray text(100, '\0');
        const ssize_t size = pread(descriptor, text.data(), 100, 0);
        return text.left(size);
    }

private:
    int m_descriptor;
};

// `count` handles for `descriptor` in one message, with one byte.
void sendTogether(int socket, int descriptor, int count)
{
    const std::vector<int> all(size_t(count), descriptor);
    std::vector<char> control(CMSG_SPACE(all.size() * sizeof(int)));
    char byte = '!';
    iovec bytes = {&byte, 1};
    msghdr message = {};
    message.msg_iov = &bytes;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr *part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(all.size() * sizeof(int));
    std::memcpy(CMSG_DATA(part), all.data(), all.size() * sizeof(int));
    QCOMPARE(sendmsg(socket, &message, 0), ssize_t(1));
}

// Over the connection `client`, which `server` was to accept.
Task<QByteArray> exchange(PipeServer &server, PipeSocket &client)
{
    PipeSocket accepted = co_await server.accept();
    co_await client.write("over there");
    const QByteArray there = co_await accepted.readExactly(10);
    co_await accepted.write("and back");
    const QByteArray back = co_await client.readExactly(8);
    co_return there + ' ' + back;
}

} // namespace

class TestPipe : public QObject
{
    Q_OBJECT

private slots:
    void init() { m_leaks.begin(); }
    void cleanup() { m_leaks.check(); }

    void connectionsByNameCarryBytesBothWays();
    void programsOfSomebodyElseAreReached();
    void namesThatCannotBeAreRefused_data();
    void namesThatCannotBeAreRefused();
    void theLongestNameWorksAndIsNotCut();
    void failuresNameTheSocket();
    void theSocketFileGoesWithItsServer();
    void allUsersMayConnectWhenTold();
    void acceptEndsWithItsServerAndByCancel();
    void pairsAreConnected();
    void cancelAndCloseEndEachOperation_data();
    void cancelAndCloseEndEachOperation();
    void descriptorsAreTakenOver();
    void closedMovedAndForeignSocketsSaySo();
    void everyKindOfHandleArrivesAndWorks_data();
    void everyKindOfHandleArrivesAndWorks();
    void handlesComeInOrderAndNoLaterThanTheirBytes_data();
    void handlesComeInOrderAndNoLaterThanTheirBytes();
    void aHandleGoesOnceHoweverManyBytesGoWithIt();
    void handlesNobodyTakesAreClosed();
    void theEndIsNoHandle();
    void impossibleHandlesAreRefused();
    void handlesToAndFromAnotherProcess();
    void outOfDescriptorsNoHandleIsLost_data();
    void outOfDescriptorsNoHandleIsLost();
    void moreHandlesThanLibuvHasRoomForAreNamed();
    void aPipeThatHasReceivedAHandleIsQuiet();

private:
    test::CleanupCheck m_leaks;
};

void TestPipe::connectionsByNameCarryBytesBothWays()
{
    const Folder folder;
    const QString name = folder.path(QStringLiteral("größe"));
    PipeServer server = PipeServer::listen(name);
    PipeSocket client = runSync(PipeSocket::connect(name)); // before anybody accepts

    QCOMPARE(runSync(exchange(server, client)), QByteArray("over there and back"));

    QCOMPARE(server.name(), name);
    QCOMPARE(client.peerName(), name);
    QCOMPARE(client.localName(), QString());

    // Data that is there before the end, then the end.
    auto accepting = spawn(server.accept(), "accept");
    PipeSocket second = runSync(PipeSocket::connect(name));
    PipeSocket accepted = runSync(std::move(accepting));
    QCOMPARE(accepted.localName(), name);
    runSync(second.write("one\ntwo"));
    runSync(second.shutdown());
    QCOMPARE(runSync(accepted.readLine()), QByteArray("one\n"));
    QCOMPARE(runSync(accepted.readLine()), QByteArray("two"));
    QCOMPARE(runSync(accepted.readLine()), QByteArray());
    runSync(accepted.write("half"));
    accepted.close();
    QCOMPARE(runSync(second.readAll()), QByteArray("half"));
}

void TestPipe::programsOfSomebodyElseAreReached()
{
    const Folder folder;
    const QString ours = folder.path(QStringLiteral("ours"));
    PipeServer server = PipeServer::listen(ours);
    QProcess socat;
    socat.start(QStringLiteral("socat"), {QStringLiteral("-"), QStringLiteral("UNIX-CONNECT:") + ours});
    PipeSocket accepted = runSync(server.accept(), RunOptions().timeout(10s));
    socat.write("from socat\n");
    QCOMPARE(runSync(accepted.readLine()), QByteArray("from socat\n"));
    runSync(accepted.write("to socat\n"));
    accepted.close();
    QVERIFY(socat.waitForFinished(10'000));
    QCOMPARE(socat.readAllStandardOutput(), QByteArray("to socat\n"));
}

void TestPipe::namesThatCannotBeAreRefused_data()
{
    QTest::addColumn<QString>("name");
    QTest::addColumn<int>("code");
    QTest::addColumn<QByteArray>("why");
    const QString slash = QStringLiteral("/");
    QTest::newRow("empty") << QString() << int(UV_EINVAL) << QByteArray("\"\": the name is empty");
    QTest::newRow("NUL") << QString(QLatin1String("/tmp/a\0b", 8)) << int(UV_EINVAL)
                         << QByteArray("\"/tmp/a\\0b\": the name contains a NUL");
    QTest::newRow("abstract") << QString(QLatin1String("\0name", 5)) << int(UV_ENOTSUP) << QByteArray("abstract names");
    QTest::newRow("108 bytes") << slash + QString(107, QLatin1Char('x')) << int(UV_ENAMETOOLONG) << QByteArray("over 107 bytes");
    QTest::newRow("108 bytes in 55 characters")
        << slash + QString(53, QChar(0xe4)) + QLatin1Char('x') << int(UV_ENAMETOOLONG) << QByteArray("over 107 bytes");
    QTest::newRow("a million bytes") << QString(1'000'000, QLatin1Char('x')) << int(UV_ENAMETOOLONG) << QByteArray("over 107");
}

void TestPipe::namesThatCannotBeAreRefused()
{
    QFETCH(QString, name);
    QFETCH(int, code);
    QFETCH(QByteArray, why);

    const Failure connecting = failureOf(PipeSocket::connect(name));
    const Failure listening = failureOfCall([&] { PipeServer::listen(name); });

    for (const Failure &failure : {connecting, listening}) {
        QCOMPARE(failure.code, std::error_code(code, uvCategory()));
        QVERIFY2(failure.text.find(why.toStdString()) != std::string::npos, failure.text.c_str());
        QVERIFY2(failure.text.size() < 200, failure.text.c_str());
    }
    QVERIFY2(connecting.text.find("connect \"") != std::string::npos, connecting.text.c_str());
    QVERIFY2(listening.text.find("listen \"") != std::string::npos, listening.text.c_str());
}

void TestPipe::theLongestNameWorksAndIsNotCut()
{
    const Folder folder;
    const QString start = folder.path(QString());
    const QString name = start + QString(107 - start.toUtf8().size(), QLatin1Char('x'));
    PipeServer server = PipeServer::listen(name);
    QVERIFY(QFile::exists(name));
    PipeSocket client = runSync(PipeSocket::connect(name));
    QCOMPARE(runSync(exchange(server, client)), QByteArray("over there and back"));
    QCOMPARE(client.peerName(), name);
}

void TestPipe::failuresNameTheSocket()
{
    const Folder folder;
    const QString name = folder.path(QStringLiteral("socket"));
    const std::string path = name.toStdString();

    const Failure missing = failureOf(PipeSocket::connect(name));
    QCOMPARE(missing.code, std::errc::no_such_file_or_directory);
    QVERIFY2(missing.text.find("connect " + path + ": ") != std::string::npos, missing.text.c_str());

    const Failure folderMissing = failureOfCall([&] { PipeServer::listen(folder.path(QStringLiteral("no/socket"))); });
    QCOMPARE(folderMissing.code, std::errc::no_such_file_or_directory); // libuv says: permission denied

    for (int backlog : {0, -1}) {
        const Failure refused = failureOfCall([&] { PipeServer::listen(name, PipeAccess::ByUmask, backlog); });
        QCOMPARE(refused.text, "listen " + path + ": a backlog of " + std::to_string(backlog) + ": Invalid argument");
        QVERIFY(!QFile::exists(name));
    }

    // Two servers of one name; the first one is not hurt.
    PipeServer server = PipeServer::listen(name);
    const Failure second = failureOfCall([&] { PipeServer::listen(name); });
    QCOMPARE(second.code, std::errc::address_in_use);
    QCOMPARE(second.text,
             "listen " + path + " (the socket of a server that runs, or left behind by one): Address already in use");
    PipeSocket client = runSync(PipeSocket::connect(name));
    QCOMPARE(runSync(exchange(server, client)), QByteArray("over there and back"));

    // Its file stays behind when a server dies.
    const QString stale = folder.path(QStringLiteral("stale"));
    QVERIFY(::link(path.c_str(), stale.toStdString().c_str()) == 0);
    server.close();
    const Failure nobody = failureOf(PipeSocket::connect(stale));
    QCOMPARE(nobody.code, std::errc::connection_refused);
    QVERIFY2(nobody.text.find("connect " + stale.toStdString() + ": ") != std::string::npos, nobody.text.c_str());
    QCOMPARE(failureOfCall([&] { PipeServer::listen(stale); }).code, std::errc::address_in_use);
    QVERIFY(QFile::remove(stale));
    const PipeServer again = PipeServer::listen(stale);

    const QString noSocket = folder.path(QStringLiteral("file"));
    QVERIFY(QFile(noSocket).open(QIODevice::WriteOnly));
    const Failure file = failureOfCall([&] { PipeServer::listen(noSocket); });
    QCOMPARE(file.code, std::errc::address_in_use);
    QVERIFY2(file.text.find("there is a file that is no socket") != std::string::npos, file.text.c_str());
    QVERIFY(QFile::exists(noSocket));
    QCOMPARE(failureOf(PipeSocket::connect(noSocket)).code, std::errc::connection_refused);

    // More than the server lets wait: the kernel does not queue them.
    const QString busy = folder.path(QStringLiteral("busy"));
    const PipeServer full = PipeServer::listen(busy, PipeAccess::ByUmask, 1);
    std::vector<PipeSocket> clients;
    Failure refused = failureOfCall([] { });
    for (int i = 0; i < 10 && refused.outcome == Outcome::Value; ++i) {
        Result<PipeSocket> result = tryRunSync(PipeSocket::connect(busy));
        refused = Failure(result.outcome(), result.error(), result.errorString());
        if (result)
            clients.push_back(std::move(result).value());
    }
    QCOMPARE(refused.code, std::errc::resource_unavailable_try_again);
    QVERIFY2(refused.text.find("connect " + busy.toStdString()) != std::string::npos, refused.text.c_str());
}

void TestPipe::theSocketFileGoesWithItsServer()
{
    const Folder folder;
    const QString name = folder.path(QStringLiteral("socket"));
    {
        const PipeServer server = PipeServer::listen(name);
        QVERIFY(QFile::exists(name));
    }
    QVERIFY(!QFile::exists(name));

    PipeServer server = PipeServer::listen(name); // the name is free at once
    PipeServer moved = std::move(server);
    QVERIFY(QFile::exists(name));
    PipeSocket client = runSync(PipeSocket::connect(name));
    PipeSocket accepted = runSync(moved.accept());
    moved.close();
    QVERIFY(!QFile::exists(name));
    QVERIFY(!moved.isOpen());
    QCOMPARE(moved.name(), QString());
    runSync(client.write("still connected"));
    QCOMPARE(runSync(accepted.readExactly(15)), QByteArray("still connected"));
}

void TestPipe::allUsersMayConnectWhenTold()
{
    const Folder folder;
    const auto modeOf = [&](PipeAccess access) {
        const QString name = folder.path(QStringLiteral("socket"));
        const PipeServer server = PipeServer::listen(name, access);
        struct stat status = {};
        stat(name.toStdString().c_str(), &status);
        return status.st_mode & 0777;
    };
    const mode_t before = umask(077);
    const mode_t byUmask = modeOf(PipeAccess::ByUmask);
    const mode_t all = modeOf(PipeAccess::AllUsers);
    umask(before);
    QCOMPARE(byUmask, mode_t(0700));
    QCOMPARE(all, mode_t(0766));
}

void TestPipe::acceptEndsWithItsServerAndByCancel()
{
    const Folder folder;
    const QString name = folder.path(QStringLiteral("socket"));
    PipeServer server = PipeServer::listen(name);
    const auto first = spawn(server.accept(), "first");
    auto second = spawn(server.accept(), "second");
    const auto third = spawn(server.accept(), "third");
    runSync(yield());

    QVERIFY(first.cancel());
    QCOMPARE(failureOf(first).outcome, Outcome::Cancelled);
    PipeSocket client = runSync(PipeSocket::connect(name));
    PipeSocket accepted = runSync(std::move(second), RunOptions().timeout(10s));
    runSync(client.write("x"));
    QCOMPARE(runSync(accepted.read()), QByteArray("x"));

    server.close();
    const Failure failure = failureOf(third);
    QCOMPARE(failure.code, std::errc::operation_canceled);
    QVERIFY2(failure.text.find("accept on " + name.toStdString()) != std::string::npos, failure.text.c_str());
    QCOMPARE(failureOf(server.accept()).code, std::errc::operation_canceled);
}

void TestPipe::pairsAreConnected()
{
    Pair pair;
    const QByteArray much(4 << 20, 'x');
    const auto writing = spawn(pair.near.write(much), "write"); // more than the kernel takes: held back
    runSync(sleepFor(5ms));
    QVERIFY(!writing.isDone());
    QVERIFY(pair.near.writeQueueSize() > 0);
    QCOMPARE(runSync(pair.far.readExactly(much.size())).size(), much.size());
    runSync(writing);
    QCOMPARE(pair.near.writeQueueSize(), std::size_t(0));
    runSync(pair.far.write("back"));
    pair.far.close();
    QCOMPARE(runSync(pair.near.readAll()), QByteArray("back"));
    QCOMPARE(failureOf(pair.near.write("x")).code, std::errc::broken_pipe);
}

namespace {

Task<> receive(PipeSocket &socket)
{
    const ReceivedHandle handle = co_await socket.receiveHandle();
}

Task<> readSome(PipeSocket &socket)
{
    const QByteArray bytes = co_await socket.read();
}

} // namespace

void TestPipe::cancelAndCloseEndEachOperation_data()
{
    QTest::addColumn<QByteArray>("operation");
    QTest::addColumn<QByteArray>("end");
    for (const char *operation : {"read", "write", "send a handle", "receive a handle"}) {
        for (const char *end : {"cancel", "close", "destroy", "peer closes"})
            QTest::addRow("%s, %s", operation, end) << QByteArray(operation) << QByteArray(end);
    }
}

void TestPipe::cancelAndCloseEndEachOperation()
{
    QFETCH(QByteArray, operation);
    QFETCH(QByteArray, end);
    Pair pair(handles);
    const QByteArray much(4 << 20, 'x');
    const MemoryFile file("text");
    TaskHandle<> task;
    if (operation == "read")
        task = spawn(readSome(pair.near), "read");
    else if (operation == "write")
        task = spawn(pair.near.write(much), "write");
    else if (operation == "send a handle")
        task = spawn(pair.near.sendHandle(file, much), "send");
    else
        task = spawn(receive(pair.near), "receive");
    runSync(sleepFor(2ms));
    QVERIFY(!task.isDone());

    if (end == "cancel") {
        QVERIFY(task.cancel());
    } else if (end == "close") {
        pair.near.close();
    } else if (end == "destroy") {
        const PipeSocket gone = std::move(pair.near);
    } else {
        pair.far.close();
    }
    const Failure failure = failureOf(task);

    const bool isReading = operation.startsWith("re");
    if (end == "cancel") {
        QCOMPARE(failure.outcome, Outcome::Cancelled);
        QCOMPARE(pair.near.isOpen(), isReading);
    } else if (end == "peer closes") {
        QCOMPARE(failure.outcome, isReading ? Outcome::Value : Outcome::Exception);
        QVERIFY(isReading || failure.code == std::errc::broken_pipe || failure.code == std::errc::connection_reset);
    } else {
        QCOMPARE(failure.code, std::errc::operation_canceled);
    }
    if (pair.near.isOpen() && pair.far.isOpen()) { // as if nothing had been
        const MemoryFile next("next");
        runSync(pair.far.sendHandle(next, "bytes"));
        const ReceivedHandle received = runSync(pair.near.receiveHandle());
        QCOMPARE(MemoryFile::textOf(received.descriptor()), QByteArray("next"));
        QCOMPARE(runSync(pair.near.readExactly(5)), QByteArray("bytes"));
    }
}

void TestPipe::descriptorsAreTakenOver()
{
    const Folder folder;
    const std::string fifo = folder.path(QStringLiteral("fifo")).toStdString();
    QVERIFY(mkfifo(fifo.c_str(), 0600) == 0);
    PipeSocket reader = PipeSocket::fromDescriptor(::open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    PipeSocket writer = PipeSocket::fromDescriptor(::open(fifo.c_str(), O_WRONLY | O_CLOEXEC));
    runSync(writer.write("through the fifo\n"));
    QCOMPARE(runSync(reader.readLine()), QByteArray("through the fifo\n"));
    QCOMPARE(failureOf(writer.read()).code, std::errc::not_connected);
    QCOMPARE(failureOf(reader.write("x")).code, std::errc::broken_pipe);
    writer.close();
    QCOMPARE(runSync(reader.readLine()), QByteArray());

    // What libuv would end the process for, or never read from.
    for (const char *path : {"/dev/null", "/proc/self/status", "/"}) {
        const int descriptor = ::open(path, O_RDONLY | O_CLOEXEC);
        const Failure failure = failureOfCall([&] { PipeSocket::fromDescriptor(descriptor); });
        QCOMPARE(failure.code, std::errc::invalid_argument);
        QVERIFY2(failure.text.find("take over descriptor " + std::to_string(descriptor)) == 0, failure.text.c_str());
        QCOMPARE(::close(descriptor), 0); // still the caller's
    }
    for (const int descriptor : {-1, 12'345})
        QCOMPARE(failureOfCall([&] { PipeSocket::fromDescriptor(descriptor); }).code, std::errc::invalid_argument);
    Pair pair;
    QCOMPARE(failureOfCall([&] { PipeServer::fromDescriptor(pair.near.descriptor()); }).code, std::errc::invalid_argument);
}

void TestPipe::closedMovedAndForeignSocketsSaySo()
{
    PipeSocket never;
    const MemoryFile file("text");
    QCOMPARE(failureOf(never.receiveHandle()).code, std::errc::not_connected);
    QCOMPARE(failureOf(never.sendHandle(file, "x")).code, std::errc::not_connected);
    QCOMPARE(never.peerName(), QString());
    QCOMPARE(never.descriptor(), -1);
    QCOMPARE(never.receivedHandles(), std::size_t(0));

    Pair pair(handles);
    const PipeSocket moved = std::move(pair.near);
    QCOMPARE(failureOf(pair.near.receiveHandle()).code, std::errc::not_connected); // NOLINT: moved from
    pair.far.close();
    QCOMPARE(failureOf(pair.far.receiveHandle()).code, std::errc::operation_canceled);

    const Folder folder;
    Pair other(handles);
    PipeServer server = PipeServer::listen(folder.path(QStringLiteral("socket")));
    std::vector<std::string> texts;
    std::thread([&] {
        texts.push_back(failureOf(other.near.receiveHandle()).text);
        texts.push_back(failureOf(other.near.sendHandle(file, "x")).text);
        texts.push_back(failureOf(server.accept()).text);
    }).join();
    QCOMPARE(texts.size(), std::size_t(3));
    for (const std::string &text : texts)
        QVERIFY2(text.find("WrongThread") == 0, text.c_str());
}

namespace {

Task<QByteArray> sayAndHear(Stream &one, Stream &other)
{
    co_await one.write("hello");
    co_await one.shutdown();
    const QByteArray heard = co_await other.readAll();
    co_return heard;
}

} // namespace

void TestPipe::everyKindOfHandleArrivesAndWorks_data()
{
    QTest::addColumn<Kind>("kind");
    QTest::newRow("TCP") << Kind::TcpSocket;
    QTest::newRow("listening TCP") << Kind::TcpServer;
    QTest::newRow("UDP") << Kind::UdpSocket;
    QTest::newRow("pipe") << Kind::PipeSocket;
    QTest::newRow("listening pipe") << Kind::PipeServer;
    QTest::newRow("file") << Kind::Other;
}

void TestPipe::everyKindOfHandleArrivesAndWorks()
{
    QFETCH(Kind, kind);
    Pair channel(handles);
    const auto pass = [&](const auto &handle) {
        runSync(channel.near.sendHandle(handle, "here it is"));
        ReceivedHandle received = runSync(channel.far.receiveHandle());
        return received;
    };

    if (kind == Kind::TcpSocket || kind == Kind::TcpServer) {
        TcpServer server = TcpServer::listen(QStringLiteral("127.0.0.1"), 0);
        TcpSocket client = runSync(TcpSocket::connect(server.address()));
        TcpSocket accepted;
        if (kind == Kind::TcpSocket) {
            TcpSocket first = runSync(server.accept());
            ReceivedHandle received = pass(first);
            QCOMPARE(received.kind(), kind);
            QCOMPARE(failureOfCall([&] { received.take<TcpServer>(); }).code, std::errc::invalid_argument);
            accepted = received.take<TcpSocket>(); // refusing has not taken it
        } else {
            ReceivedHandle received = pass(server);
            server.close(); // the connection waits for the other one
            QCOMPARE(received.kind(), kind);
            accepted = runSync(received.take<TcpServer>().accept(), RunOptions().timeout(10s));
        }
        QCOMPARE(accepted.peerAddress().toString(), client.localAddress().toString());
        QCOMPARE(runSync(sayAndHear(client, accepted)), QByteArray("hello"));
    } else if (kind == Kind::UdpSocket) {
        UdpSocket socket = UdpSocket::bind(QStringLiteral("127.0.0.1"), 0);
        const SocketAddress address = socket.localAddress();
        ReceivedHandle received = pass(socket);
        socket.close();
        QCOMPARE(received.kind(), kind);
        UdpSocket same = received.take<UdpSocket>();
        UdpSocket other = UdpSocket::open();
        runSync(other.send("hello", address));
        QCOMPARE(runSync(same.receive(), RunOptions().timeout(10s)).data(), QByteArray("hello"));
    } else if (kind == Kind::PipeSocket) {
        Pair pair;
        ReceivedHandle received = pass(pair.near);
        pair.near.close(); // the received one is another descriptor for the same socket
        QCOMPARE(received.kind(), kind);
        PipeSocket socket = received.take<PipeSocket>();
        QCOMPARE(received.kind(), Kind::Nothing);
        QCOMPARE(runSync(sayAndHear(socket, pair.far)), QByteArray("hello"));
    } else if (kind == Kind::PipeServer) {
        const Folder folder;
        const QString name = folder.path(QStringLiteral("socket"));
        PipeServer server = PipeServer::listen(name);
        ReceivedHandle received = pass(server);
        QCOMPARE(received.kind(), kind);
        QCOMPARE(failureOfCall([&] { received.take<PipeSocket>(); }).code, std::errc::invalid_argument);
        PipeServer same = received.take<PipeServer>(); // refusing has not taken it
        QCOMPARE(same.name(), name);
        const QString kept = folder.path(QStringLiteral("kept"));
        QVERIFY(::link(name.toStdString().c_str(), kept.toStdString().c_str()) == 0);
        server.close(); // the file is this one's
        QVERIFY(!QFile::exists(name));
        PipeSocket client = runSync(PipeSocket::connect(kept));
        QCOMPARE(runSync(exchange(same, client), RunOptions().timeout(10s)), QByteArray("over there and back"));
        QVERIFY(::link(kept.toStdString().c_str(), name.toStdString().c_str()) == 0);
        same.close();
        QVERIFY(QFile::exists(name));
    } else {
        const MemoryFile file("in a file");
        ReceivedHandle received = pass(file);
        QCOMPARE(received.kind(), kind);
        const int descriptor = received.takeDescriptor();
        QCOMPARE(MemoryFile::textOf(descriptor), QByteArray("in a file"));
        QVERIFY(fcntl(descriptor, F_GETFD) & FD_CLOEXEC);
        QVERIFY(!(fcntl(file.descriptor(), F_GETFL) & O_NONBLOCK)); // as it was
        ::close(descriptor);
    }
    QCOMPARE(runSync(channel.far.readExactly(10)), QByteArray("here it is"));
}

namespace {

constexpr int messageCount = 100;

QByteArray messageText(int number)
{
    return "message " + QByteArray::number(number) + QByteArray(number % 7 * 1000, '.') + '\n';
}

// Every third message goes without a handle.
Task<> sendMessages(PipeSocket &socket)
{
    for (int number = 0; number < messageCount; ++number) {
        const QByteArray text = messageText(number);
        if (number % 3 == 2) {
            co_await socket.write(text);
        } else {
            const MemoryFile file(QByteArray::number(number));
            co_await socket.sendHandle(file, text);
        }
        if (number % 5 == 0)
            co_await yield();
    }
    co_await socket.shutdown();
}

// A message, by reads of `size` bytes, which are cancelled now and then.
Task<QByteArray> readMessage(PipeSocket &socket, std::size_t size, qsizetype length)
{
    QByteArray text;
    std::vector<std::byte> buffer(size);
    while (text.size() < length) {
        const std::size_t wanted = std::min(size, std::size_t(length - text.size()));
        std::size_t count = 0;
        try {
            count = co_await withTimeout(10us, socket.read(std::span(buffer).first(wanted)));
        } catch (const TimeoutError &) {
            continue;
        }
        text.append(reinterpret_cast<const char *>(buffer.data()), qsizetype(count));
        if (count == 0)
            break;
    }
    co_return text;
}

Task<QString> receiveMessages(PipeSocket &socket, std::size_t size)
{
    for (int number = 0; number < messageCount; ++number) {
        const QByteArray expected = messageText(number);
        QByteArray text;
        if (size == 0)
            text = co_await socket.readLine();
        else
            text = co_await readMessage(socket, size, expected.size());
        if (text != expected)
            co_return QStringLiteral("bytes %1").arg(number);
        if (number % 3 == 2)
            continue;
        if (socket.receivedHandles() == 0)
            co_return QStringLiteral("handle %1 is late").arg(number);
        const ReceivedHandle handle = co_await socket.receiveHandle();
        if (MemoryFile::textOf(handle.descriptor()) != QByteArray::number(number))
            co_return QStringLiteral("handle %1").arg(number);
    }
    const QByteArray rest = co_await socket.readAll();
    co_return rest.isEmpty() && socket.receivedHandles() == 0 ? QString() : QStringLiteral("there is more");
}

} // namespace

void TestPipe::handlesComeInOrderAndNoLaterThanTheirBytes_data()
{
    QTest::addColumn<int>("size");
    QTest::newRow("lines") << 0;
    QTest::newRow("1 byte a read") << 1;
    QTest::newRow("7 bytes a read") << 7;
    QTest::newRow("8 KiB a read") << 8192;
}

void TestPipe::handlesComeInOrderAndNoLaterThanTheirBytes()
{
    QFETCH(int, size);
    Pair pair(handles);
    const auto sending = spawn(sendMessages(pair.near), "send");
    QCOMPARE(runSync(receiveMessages(pair.far, std::size_t(size)), RunOptions().timeout(20s)), QString());
    runSync(sending);
}

void TestPipe::aHandleGoesOnceHoweverManyBytesGoWithIt()
{
    Pair pair(handles);
    const MemoryFile file("once");
    const QByteArray much(2 << 20, 'x');
    const auto sending = spawn(pair.near.sendHandle(file, much), "send");
    QCOMPARE(runSync(pair.far.readExactly(much.size()), RunOptions().timeout(20s)), much);
    runSync(sending);
    QCOMPARE(pair.far.receivedHandles(), std::size_t(1));
    QCOMPARE(MemoryFile::textOf(runSync(pair.far.receiveHandle()).descriptor()), QByteArray("once"));
}

void TestPipe::handlesNobodyTakesAreClosed()
{
    // cleanup() counts descriptors.
    const MemoryFile file("text");
    {
        Pair pair(handles); // read, not taken
        for (int i = 0; i < 30; ++i)
            runSync(pair.near.sendHandle(file, "x"));
        QCOMPARE(runSync(pair.far.readExactly(30)).size(), 30);
        QCOMPARE(pair.far.receivedHandles(), std::size_t(30));
        QCOMPARE(runSync(pair.far.receiveHandle()).kind(), Kind::Other); // dropped
        QCOMPARE(pair.far.receivedHandles(), std::size_t(29));
    }
    {
        Pair pair(handles); // not read
        runSync(pair.near.sendHandle(file, "x"));
    }
    {
        Pair pair(handles); // sent by a task that never ran
        const Task<> never = pair.near.sendHandle(file, "x");
        QTest::ignoreMessage(QtWarningMsg, QRegularExpression(QStringLiteral("without having been awaited")));
    }
    Pair carrying(handles); // the other side does not want handles: the kernel drops them
    const int copy = dup(carrying.far.descriptor());
    carrying.far.close();
    PipeSocket plain = PipeSocket::fromDescriptor(copy);
    runSync(carrying.near.sendHandle(file, "bytes alone"));
    QCOMPARE(runSync(plain.readExactly(11)), QByteArray("bytes alone"));
    const Failure failure = failureOf(plain.receiveHandle());
    QCOMPARE(failure.code, std::errc::invalid_argument);
    QVERIFY2(failure.text.find("carries bytes only") != std::string::npos, failure.text.c_str());
}

void TestPipe::theEndIsNoHandle()
{
    Pair pair(handles);
    const MemoryFile file("last");
    runSync(pair.near.sendHandle(file, "last"));
    runSync(pair.near.write(QByteArray(50'000, 'x')));
    pair.near.close();
    QCOMPARE(MemoryFile::textOf(runSync(pair.far.receiveHandle()).descriptor()), QByteArray("last"));
    const Failure tooFar = failureOf(pair.far.receiveHandle(1000));
    QVERIFY2(tooFar.code == std::errc::message_size, tooFar.text.c_str());
    QCOMPARE(runSync(pair.far.receiveHandle()).kind(), Kind::Nothing);
    QCOMPARE(runSync(pair.far.readAll()).size(), 50'004); // what came while it waited for handles
    QCOMPARE(runSync(pair.far.receiveHandle()).kind(), Kind::Nothing);
}

void TestPipe::impossibleHandlesAreRefused()
{
    const MemoryFile file("text");
    Pair bytes;
    const Failure plain = failureOf(bytes.near.sendHandle(file, "x"));
    QCOMPARE(plain.code, std::errc::invalid_argument);
    QVERIFY2(plain.text.find("send a handle to (pair), which carries bytes only") != std::string::npos, plain.text.c_str());

    Pair pair(handles);
    QCOMPARE(failureOf(pair.near.sendHandle(file, "")).code, std::errc::invalid_argument);
    QCOMPARE(failureOf(pair.near.sendHandle(PipeSocket(), "x")).code, std::errc::bad_file_descriptor);
    QCOMPARE(failureOf(pair.near.sendDescriptor(-1, "x")).code, std::errc::bad_file_descriptor);
    QCOMPARE(failureOf(pair.near.sendDescriptor(12'345, "x")).code, std::errc::bad_file_descriptor);

    // The receiver has closed.
    pair.far.close();
    QCOMPARE(failureOf(pair.near.sendHandle(file, "x")).code, std::errc::broken_pipe);
}

void TestPipe::handlesToAndFromAnotherProcess()
{
    // It gets a pipe's write end and writes into it; and sends a file of its own.
    const char *program = R"(
import array, os, socket, sys, tempfile
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
data, fds, flags, address = socket.recv_fds(s, 100, 4)
os.write(fds[0], b"got " + data + b" and " + str(len(fds)).encode() + b" handle")
os.close(fds[0])
f = tempfile.TemporaryFile(); f.write(b"python's"); f.flush()
socket.send_fds(s, [b"take this"], [f.fileno(), f.fileno(), f.fileno()])
s.recv(1)
)";
    const Folder folder;
    const QString name = folder.path(QStringLiteral("socket"));
    PipeServer server = PipeServer::listen(name);
    QProcess python;
    python.setProcessChannelMode(QProcess::ForwardedErrorChannel);
    python.start(QStringLiteral("python3"), {QStringLiteral("-c"), QString::fromLatin1(program), name});
    PipeSocket peer = runSync(server.accept(handles), RunOptions().timeout(20s));

    int ends[2];
    QCOMPARE(pipe2(ends, O_CLOEXEC), 0);
    PipeSocket reader = PipeSocket::fromDescriptor(ends[0]);
    PipeSocket writer = PipeSocket::fromDescriptor(ends[1]);
    runSync(peer.sendHandle(writer, "greetings"));
    writer.close();
    QCOMPARE(runSync(reader.readAll(), RunOptions().timeout(20s)), QByteArray("got greetings and 1 handle"));

    for (int i = 0; i < 3; ++i) { // three in one message
        const ReceivedHandle handle = runSync(peer.receiveHandle(), RunOptions().timeout(20s));
        QCOMPARE(MemoryFile::textOf(handle.descriptor()), QByteArray("python's"));
    }
    QCOMPARE(runSync(peer.readExactly(9)), QByteArray("take this"));
    peer.close();
    QVERIFY(python.waitForFinished(20'000));
}

void TestPipe::outOfDescriptorsNoHandleIsLost_data()
{
    QTest::addColumn<int>("room"); // descriptors that are left
    QTest::addColumn<int>("count"); // handles in one message
    if (!test::isSanitized) // which needs two itself when it looks at an object
        QTest::newRow("none") << 0 << 1;
    QTest::newRow("as many as come together, and one more is needed for a moment") << 2 << 2;
    QTest::newRow("fewer than come together") << 2 << 3;
}

void TestPipe::outOfDescriptorsNoHandleIsLost()
{
    QFETCH(int, room);
    QFETCH(int, count);
    Pair pair(handles);
    const MemoryFile file("text");
    runSync(pair.near.write("bytes"));
    sendTogether(pair.near.descriptor(), file.descriptor(), count);

    const int next = dup(0);
    ::close(next);
    rlimit before = {};
    getrlimit(RLIMIT_NOFILE, &before);
    const rlimit tight = {rlim_t(next + room), before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &tight);
    const Failure refused = failureOf(pair.far.receiveHandle());
    const Failure again = failureOf(pair.far.read());
    setrlimit(RLIMIT_NOFILE, &before);

    QCOMPARE(refused.code, std::errc::too_many_files_open);
    QCOMPARE(refused.text, std::string("receive a handle from (pair): Too many open files"));
    QCOMPARE(again.text, std::string("read (pair): Too many open files"));
    for (int i = 0; i < count; ++i) {
        const ReceivedHandle handle = runSync(pair.far.receiveHandle(), RunOptions().timeout(10s));
        QCOMPARE(MemoryFile::textOf(handle.descriptor()), QByteArray("text"));
    }
    QCOMPARE(runSync(pair.far.readExactly(6), RunOptions().timeout(10s)), QByteArray("bytes!"));
}

void TestPipe::moreHandlesThanLibuvHasRoomForAreNamed()
{
    Pair pair(handles);
    const MemoryFile file("text");
    sendTogether(pair.near.descriptor(), file.descriptor(), 65);

    const Failure refused = failureOf(pair.far.receiveHandle());

    QCOMPARE(refused.code, std::errc::message_size);
}

void TestPipe::aPipeThatHasReceivedAHandleIsQuiet()
{
    const auto cpuTime = [] {
        timespec time = {};
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
        return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
    };
    Pair pair(handles);
    const MemoryFile file("text");
    runSync(pair.near.sendHandle(file, "first"));
    QCOMPARE(runSync(pair.far.receiveHandle()).kind(), Kind::Other);
    // Comes while nobody reads, so that reading stops; then a handle is taken, and the other side goes.
    runSync(pair.near.sendHandle(file, QByteArray(60'000, 'x')));
    runSync(sleepFor(5ms));
    QCOMPARE(runSync(pair.far.receiveHandle()).kind(), Kind::Other);
    runSync(pair.near.write("more"));
    pair.near.close();

    const auto before = cpuTime();
    runSync(sleepFor(100ms));
    const auto used = std::chrono::duration_cast<std::chrono::milliseconds>(cpuTime() - before);

    QVERIFY2(used < 50ms, QByteArray::number(qint64(used.count())) + " ms of 100");
    QCOMPARE(runSync(pair.far.readAll()).size(), 60'009);
}

INTERLOOP_TEST_MAIN(TestPipe)

#include "tst_pipe.moc"
