// SPDX-License-Identifier: MIT
#include <tests/cleanupcheck.h>
#include <tests/interop/peers.h>
#include <tests/interop/resp.h>
#include <tests/testmain.h>

#include <interloop/interloop.h>

#include <QCryptographicHash>
#include <QFile>
#include <QRandomGenerator>
#include <QTemporaryDir>

#include <cstddef>
#include <span>
#include <vector>

/*
 * Our streams against programs that know nothing of us: redis, nginx, socat and nc, over TCP and Unix sockets. Each is
 * started by its test function and has ended with it.
 */

using namespace interloop;
using namespace interloop::test;

namespace {

constexpr int mebibyte = 1 << 20;
constexpr int pipelined = isSanitized ? 2'000 : 10'000;

QByteArray randomBytesOf(quint32 seed, qsizetype size)
{
    QByteArray bytes(size, Qt::Uninitialized);
    QRandomGenerator generator(seed);
    generator.generate(reinterpret_cast<quint32 *>(bytes.begin()), reinterpret_cast<quint32 *>(bytes.end()));
    return bytes;
}

QByteArray hashOf(const QByteArray &bytes)
{
    return QCryptographicHash::hash(bytes, QCryptographicHash::Sha1).toHex();
}

bool writeTo(const QString &path, const QByteArray &bytes)
{
    QFile file(path);
    return file.open(QIODevice::WriteOnly) && file.write(bytes) == bytes.size();
}

QByteArray contentOf(const QString &path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

// A connection by TCP when `path` is empty.
Task<Stream> connectTo(int port, QString path)
{
    return path.isEmpty() ? connectTcp(port) : connectUnix(path);
}

} // namespace

class TestPeers : public QObject
{
    Q_OBJECT

private slots:
    void init()
    {
        m_folder = std::make_unique<QTemporaryDir>();
        m_leaks.begin();
    }
    void cleanup()
    {
        m_leaks.check();
        m_folder.reset();
    }

    void redisAnswersAPipelineInOrder_data() { addRedisSockets(); }
    void redisAnswersAPipelineInOrder();
    void redisPushesToEachSubscriberInOrder_data() { addRedisSockets(); }
    void redisPushesToEachSubscriberInOrder();
    void redisKeepsALargeValueAndItsErrorsAreReplies();
    void redisDiesUnderAWait();
    void nginxServesSeveralLargeFilesAtOnce();
    void nginxIsLeftInTheMiddle();
    void bothWaysAtOnce_data();
    void bothWaysAtOnce();

private:
    static void addRedisSockets();
    QString path(const char *name) const { return m_folder->filePath(QString::fromLatin1(name)); }
    bool startRedis(Peer &redis, int port);
    bool startNginx(Peer &nginx, int port);

    CleanupCheck m_leaks;
    std::unique_ptr<QTemporaryDir> m_folder;
};

void TestPeers::addRedisSockets()
{
    QTest::addColumn<bool>("isUnix");
    QTest::newRow("tcp") << false;
    QTest::newRow("unix") << true;
}

bool TestPeers::startRedis(Peer &redis, int port)
{
    redis.process().setStandardOutputFile(path("redis.log"));
    return redis.start("redis-server", "redis-server",
                       {"--port", QString::number(port), "--bind", "127.0.0.1", "--unixsocket", path("redis.sock"), "--dir",
                        m_folder->path(), "--save", "", "--appendonly", "no", "--daemonize", "no"});
}

namespace {

Task<> sendPipeline(Stream &stream)
{
    for (int i = 0; i < pipelined; ++i)
        co_await stream.write(command("INCR", "counter"));
}

// How many answers were the next number.
Task<int> readPipeline(Stream &stream)
{
    for (int i = 1; i <= pipelined; ++i) {
        const Reply reply = co_await readReply(stream);
        if (reply.kind != ':' || reply.text.toInt() != i)
            co_return i;
    }
    co_return pipelined;
}

Task<int> pipeline(int port, QString path)
{
    Stream stream = co_await connectTo(port, path);
    const auto [nothing, count] = co_await gather(sendPipeline(stream), readPipeline(stream));
    co_return count;
}

} // namespace

void TestPeers::redisAnswersAPipelineInOrder()
{
    QFETCH(bool, isUnix);
    Peer redis;
    const int port = freePort();
    QVERIFY(startRedis(redis, port));
    QCOMPARE(runSync(pipeline(port, isUnix ? path("redis.sock") : QString())), pipelined);
}

namespace {

constexpr int subscribers = 10;
constexpr int messages = 200;

// What it was told, after `isListening` has come.
Task<QList<QByteArray>> subscribe(int port, QString path, Semaphore &isListening)
{
    Stream stream = co_await connectTo(port, path);
    static_cast<void>(co_await ask(stream, command("SUBSCRIBE", "news")));
    isListening.release();
    QList<QByteArray> told;
    while (told.size() < messages) {
        const Reply push = co_await readReply(stream);
        if (push.elements.size() == 3)
            told += push.elements[2].text;
    }
    co_return told;
}

// How many messages did not reach everybody.
Task<int> publish(int port, QString path, Semaphore &isListening)
{
    Stream stream = co_await connectTo(port, path);
    for (int i = 0; i < subscribers; ++i)
        co_await isListening.acquire();
    int missed = 0;
    for (int i = 0; i < messages; ++i) {
        const Reply reply = co_await ask(stream, command("PUBLISH", "news", QByteArray::number(i)));
        missed += reply.text.toInt() == subscribers ? 0 : 1;
    }
    co_return missed;
}

} // namespace

void TestPeers::redisPushesToEachSubscriberInOrder()
{
    QFETCH(bool, isUnix);
    Peer redis;
    const int port = freePort();
    const QString socket = isUnix ? path("redis.sock") : QString();
    QVERIFY(startRedis(redis, port));
    QList<QByteArray> expected;
    for (int i = 0; i < messages; ++i)
        expected += QByteArray::number(i);

    Semaphore isListening(0);
    std::vector<Task<QList<QByteArray>>> listening;
    for (int i = 0; i < subscribers; ++i)
        listening.push_back(subscribe(port, socket, isListening));
    const auto [missed, told] = runSync(gather(publish(port, socket, isListening), gather(std::move(listening))));
    QCOMPARE(missed, 0);
    for (const QList<QByteArray> &one : told)
        QCOMPARE(one, expected);
}

namespace {

Task<> largeValue(int port, QByteArray value, QByteArray &came, std::vector<Reply> &replies)
{
    Stream stream = co_await connectTo(port, QString());
    replies.push_back(co_await ask(stream, command("SET", "large", value)));
    Reply got = co_await ask(stream, command("GET", "large"));
    came = got.text;
    replies.push_back(co_await ask(stream, command("GET", "nothing")));
    replies.push_back(co_await ask(stream, command("NOSUCH")));
    replies.push_back(co_await ask(stream, command("PING")));
}

} // namespace

void TestPeers::redisKeepsALargeValueAndItsErrorsAreReplies()
{
    Peer redis;
    const int port = freePort();
    QVERIFY(startRedis(redis, port));
    const QByteArray value = randomBytesOf(1, 16 * mebibyte);
    QByteArray came;
    std::vector<Reply> replies;
    runSync(largeValue(port, value, came, replies));
    QCOMPARE(hashOf(came), hashOf(value));
    QCOMPARE(replies[0].text, "OK");
    QCOMPARE(replies[1].kind, '_');
    QVERIFY2(replies[2].kind == '-' && replies[2].text.contains("NOSUCH"), replies[2].text);
    QCOMPARE(replies[3].text, "PONG");
}

namespace {

Task<QByteArray> waitForAList(Stream &stream)
{
    co_await stream.write(command("BLPOP", "never", "0"));
    co_return co_await stream.read();
}

} // namespace

void TestPeers::redisDiesUnderAWait()
{
    Peer redis;
    const int port = freePort();
    QVERIFY(startRedis(redis, port));
    Stream stream = runSync(connectTo(port, QString()));
    QCOMPARE(runSync(ask(stream, command("PING"))).text, "PONG");
    const TaskHandle<QByteArray> waiting = spawn(waitForAList(stream));
    QTimer::singleShot(10ms, &redis.process(), [&redis] { redis.process().kill(); });
    const auto end = tryRunSync(waiting, RunOptions().timeout(10s));
    if (end) // a reset is as good an end: it depends on what redis had not read yet
        QCOMPARE(end.value(), QByteArray());
    else
        QVERIFY2(end.errorString().find("read 127.0.0.1:") != std::string::npos, end.errorString().c_str());
}

bool TestPeers::startNginx(Peer &nginx, int port)
{
    const QByteArray folder = m_folder->path().toLocal8Bit();
    QByteArray settings = "daemon off; master_process off; pid FOLDER/pid; error_log FOLDER/error.log; events {}\n"
                          "http { access_log off; client_body_temp_path FOLDER/1; proxy_temp_path FOLDER/2;\n"
                          "fastcgi_temp_path FOLDER/3; uwsgi_temp_path FOLDER/4; scgi_temp_path FOLDER/5;\n"
                          "server { listen 127.0.0.1:PORT; root FOLDER; } }\n";
    settings.replace("FOLDER", folder).replace("PORT", QByteArray::number(port));
    return writeTo(path("nginx.conf"), settings)
            && nginx.start("nginx", "nginx-light", {"-e", path("error.log"), "-c", path("nginx.conf")});
}

namespace {

constexpr int fileSize = (isSanitized ? 4 : 16) * mebibyte;

// Asks for a file and reads the answer's header. Returns how many bytes will follow.
Task<qint64> request(Stream &stream, QByteArray file, QByteArray field = {})
{
    co_await stream.write("GET /" + file + " HTTP/1.1\r\nHost: localhost\r\n" + field + "\r\n");
    const QByteArray header = co_await stream.readUntil("\r\n\r\n");
    if (!header.startsWith("HTTP/1.1 20"))
        throw std::runtime_error(header.left(header.indexOf('\r')).toStdString());
    const QByteArray name = "\r\ncontent-length: ";
    const qsizetype begin = header.toLower().indexOf(name) + name.size();
    co_return header.mid(begin, header.indexOf('\r', begin) - begin).toLongLong();
}

Task<QByteArray> readHashed(Stream &stream, qint64 size)
{
    QCryptographicHash hash(QCryptographicHash::Sha1);
    std::vector<std::byte> buffer(65536);
    while (size > 0) {
        const std::size_t count = co_await stream.read(std::span(buffer).first(std::min(buffer.size(), std::size_t(size))));
        if (count == 0)
            break;
        hash.addData(QByteArrayView(reinterpret_cast<const char *>(buffer.data()), qsizetype(count)));
        size -= qint64(count);
    }
    co_return hash.result().toHex();
}

// The whole file, and then a part of it on the same connection.
Task<QByteArray> downloadTwice(int port, QByteArray file)
{
    Stream stream = co_await connectTcp(port);
    const qint64 size = co_await request(stream, file);
    const QByteArray hash = co_await readHashed(stream, size);
    const qint64 part = co_await request(stream, file, "Range: bytes=100-1099\r\n");
    const QByteArray bytes = co_await stream.readExactly(part);
    co_return hash + ' ' + hashOf(bytes);
}

Task<> downloadHalf(int port, QByteArray file, Event &isHalfWay)
{
    Stream stream = co_await connectTcp(port);
    const qint64 size = co_await request(stream, file);
    static_cast<void>(co_await readHashed(stream, size / 2));
    isHalfWay.set();
    for (;;)
        static_cast<void>(co_await stream.read(1));
}

Task<> waitFor(Event &event)
{
    co_await event.wait();
}

} // namespace

void TestPeers::nginxServesSeveralLargeFilesAtOnce()
{
    Peer nginx;
    const int port = freePort();
    QList<QByteArray> expected;
    std::vector<Task<QByteArray>> downloads;
    for (int i = 0; i < 4; ++i) {
        const QByteArray bytes = randomBytesOf(quint32(i), fileSize);
        const QByteArray name = QByteArray::number(i);
        QVERIFY(writeTo(path(name), bytes));
        expected += hashOf(bytes) + ' ' + hashOf(bytes.mid(100, 1000));
        downloads.push_back(downloadTwice(port, name));
    }
    QVERIFY(startNginx(nginx, port));
    const std::vector<QByteArray> came = runSync(gather(std::move(downloads)));
    QCOMPARE(QList<QByteArray>(came.begin(), came.end()), expected);
}

void TestPeers::nginxIsLeftInTheMiddle()
{
    Peer nginx;
    const int port = freePort();
    const QByteArray bytes = randomBytesOf(1, fileSize);
    QVERIFY(writeTo(path("file"), bytes));
    QVERIFY(startNginx(nginx, port));
    Event isHalfWay;
    const TaskHandle<> leaving = spawn(downloadHalf(port, "file", isHalfWay));
    const TaskHandle<QByteArray> staying = spawn(downloadTwice(port, "file"));
    runSync(waitFor(isHalfWay));
    leaving.cancel();
    static_cast<void>(tryRunSync(leaving));
    QCOMPARE(runSync(staying).split(' ').first(), hashOf(bytes));
}

void TestPeers::bothWaysAtOnce_data()
{
    QTest::addColumn<QString>("program");
    QTest::addColumn<QString>("package");
    QTest::addColumn<QString>("arguments");
    QTest::addColumn<bool>("listens");
    QTest::addColumn<bool>("isUnix");
    const auto add = [](const char *row, const QString &program, const char *arguments, bool listens, bool isUnix) {
        const QString package = program == QLatin1String("nc") ? QStringLiteral("netcat-openbsd") : program;
        QTest::newRow(row) << program << package << QString::fromLatin1(arguments) << listens << isUnix;
    };
    add("socat listens, tcp", "socat", "-t 10 - TCP4-LISTEN:PORT,bind=127.0.0.1", true, false);
    add("socat connects, tcp", "socat", "-t 10 - TCP4:127.0.0.1:PORT", false, false);
    add("nc listens, tcp", "nc", "-N -l 127.0.0.1 PORT", true, false);
    add("nc connects, tcp", "nc", "-N 127.0.0.1 PORT", false, false);
    add("socat listens, unix", "socat", "-t 10 - UNIX-LISTEN:PATH", true, true);
    add("socat connects, unix", "socat", "-t 10 - UNIX-CONNECT:PATH", false, true);
    add("nc listens, unix", "nc", "-N -l -U PATH", true, true);
    add("nc connects, unix", "nc", "-N -U PATH", false, true);
}

namespace {

// Who says first that nothing more comes.
enum class EndsFirst { We, They };

Task<> sendAll(Stream &stream, QByteArray bytes, EndsFirst first)
{
    co_await stream.write(bytes);
    if (first == EndsFirst::We)
        co_await stream.shutdown();
}

// Returns what the other side has sent.
Task<QByteArray> exchange(Stream stream, QByteArray bytes, EndsFirst first)
{
    const auto [nothing, came] = co_await gather(sendAll(stream, bytes, first), stream.readAll());
    if (first == EndsFirst::They)
        co_await stream.shutdown();
    co_return came;
}

Task<QByteArray> connectAndExchange(int port, QString path, QByteArray bytes, EndsFirst first)
{
    co_return co_await exchange(co_await connectTo(port, path), bytes, first);
}

template<typename Server>
Task<QByteArray> acceptAndExchange(Server &server, QByteArray bytes)
{
    co_return co_await exchange(co_await server.accept(), bytes, EndsFirst::We);
}

} // namespace

// The program copies a file to the connection, and what comes from there to another.
void TestPeers::bothWaysAtOnce()
{
    QFETCH(QString, program);
    QFETCH(QString, package);
    QFETCH(QString, arguments);
    QFETCH(bool, listens);
    QFETCH(bool, isUnix);
    const QByteArray theirs = randomBytesOf(1, 4 * mebibyte);
    const QByteArray ours = randomBytesOf(2, 4 * mebibyte);
    QVERIFY(writeTo(path("in"), theirs));
    const QString socket = path("socket");
    TcpServer tcp;
    PipeServer pipe;
    if (!listens && isUnix)
        pipe = PipeServer::listen(socket);
    else if (!listens)
        tcp = TcpServer::listen(QStringLiteral("127.0.0.1"), 0);
    const int port = listens ? freePort() : tcp.port();

    Peer peer;
    peer.process().setStandardInputFile(path("in"));
    peer.process().setStandardOutputFile(path("out"));
    arguments.replace(QLatin1String("PORT"), QString::number(port)).replace(QLatin1String("PATH"), socket);
    QVERIFY(peer.start(qPrintable(program), qPrintable(package), arguments.split(' ')));

    QByteArray came;
    if (listens) // a listening nc leaves as soon as its peer has ended
        came = runSync(connectAndExchange(port, isUnix ? socket : QString(), ours,
                                          program == QLatin1String("nc") ? EndsFirst::They : EndsFirst::We));
    else
        came = isUnix ? runSync(acceptAndExchange(pipe, ours)) : runSync(acceptAndExchange(tcp, ours));
    QCOMPARE(came.size(), theirs.size());
    QCOMPARE(hashOf(came), hashOf(theirs));
    QCOMPARE(runSync(awaitFinished(&peer.process())), 0);
    QCOMPARE(hashOf(contentOf(path("out"))), hashOf(ours));
}

INTERLOOP_TEST_MAIN(TestPeers)
#include "tst_peers.moc"
