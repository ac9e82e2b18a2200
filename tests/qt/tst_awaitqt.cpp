// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>
#include <interloop/qt/networkreply.h>

#include <tests/cleanupcheck.h>
#include <tests/testmain.h>

#include <QBuffer>
#include <QNetworkAccessManager>
#include <QNetworkRequest>
#include <QPointer>
#include <QProcess>
#include <QTcpServer>
#include <QTcpSocket>
#include <QTemporaryFile>
#include <QThread>

#include <sys/socket.h>

using namespace interloop;
using namespace std::chrono_literals;

class TestAwaitQt : public QObject
{
    Q_OBJECT

private slots:
    void initTestCase();
    void cleanupTestCase();
    void init()
    {
        closeConnections();
        m_leaks.begin();
    }
    void cleanup()
    {
        closeConnections();
        m_leaks.check();
    }

    void timerTimesOut();
    void timerThatIsNotActiveIsAnError();
    void timerThatIsStoppedIsAnError();
    void Q03_awaitedTimerDies();
    void threadFinishes();
    void threadThatCannotFinishIsAnError();
    void processStartsAndFinishes();
    void processThatCannotStartIsAnError();
    void processThatWasNeverStartedIsAnError();
    void processThatCrashesIsAnError();
    void processDies();
    void processMayBeDeletedWhenItHasFinished();
    void linesOfAProcess();
    void linesOfABuffer();
    void linesOfAFile();
    void longLinesComeInParts();
    void socketsEnd_data();
    void socketsEnd();
    void socketThatCannotConnectIsAnError();
    void devicesThatCloseOrAreClosedAreErrors();
    void deviceDies();
    void everythingAProcessSays();
    void replyFinishes();
    void replyThatFailsIsAnError_data();
    void replyThatFailsIsAnError();
    void replyDies();
    void objectsOfOtherThreadsAreRefused();
    void cancelLeavesNothingBehind();

private:
    QUrl urlOf(const QString &path) const { return QStringLiteral("http://127.0.0.1:%1/%2").arg(m_server.serverPort()).arg(path); }
    void answer();
    void closeConnections()
    {
        m_manager->clearConnectionCache();
        QTRY_VERIFY(m_server.findChildren<QTcpSocket *>().isEmpty());
    }

    test::CleanupCheck m_leaks;
    QTcpServer m_server; // of HTTP
    QNetworkAccessManager *m_manager = nullptr;
};

namespace {

void soon(std::function<void()> function)
{
    Bridge &bridge = Bridge::current();
    bridge.post([&bridge, function = std::move(function)] { bridge.post(function); });
}

// The error that a wait ends with.
template<typename T>
QString errorOf(Task<T> task)
{
    const Result<T> result = tryRunSync(std::move(task), RunOptions().timeout(5s));
    if (result)
        return QStringLiteral("no error");
    if (result.outcome() != Outcome::Exception)
        return QString::fromLatin1(nameOf(result.outcome()));
    try {
        std::rethrow_exception(result.error());
    } catch (const SenderDestroyed &error) {
        return QStringLiteral("SenderDestroyed ") + QString::fromUtf8(error.what());
    } catch (const std::runtime_error &error) {
        return QString::fromUtf8(error.what());
    } catch (const std::exception &error) {
        return QStringLiteral("other ") + QString::fromUtf8(error.what());
    }
}

template<typename Device>
Task<QStringList> linesOf(Device *device, qint64 maximum = 0)
{
    QStringList lines;
    for (auto line = co_await readLine(device, maximum); line; line = co_await readLine(device, maximum))
        lines += QString::fromUtf8(*line).replace('\n', '|');
    co_return lines;
}

// Closes with a reset.
void reset(QTcpSocket &socket)
{
    const linger off{1, 0};
    setsockopt(int(socket.socketDescriptor()), SOL_SOCKET, SO_LINGER, &off, sizeof(off));
    socket.abort();
}

QStringList shell(const char *script)
{
    return {QStringLiteral("-c"), QString::fromUtf8(script)};
}

} // namespace

void TestAwaitQt::initTestCase()
{
    QVERIFY(m_server.listen(QHostAddress::LocalHost));
    QObject::connect(&m_server, &QTcpServer::newConnection, this, &TestAwaitQt::answer);
    m_manager = new QNetworkAccessManager(this);
    // What Qt opens on first use, and keeps.
    QNetworkReply *reply = m_manager->get(QNetworkRequest(urlOf(QStringLiteral("ok"))));
    runSync(awaitFinished(reply));
    delete reply;
    QProcess process;
    process.start(QStringLiteral("true"), QStringList());
    runSync(awaitFinished(&process));
}

void TestAwaitQt::cleanupTestCase()
{
    delete m_manager;
    m_server.close();
}

// One request on each connection: /ok is answered, /missing is not found, /reset is cut off, /never waits for ever.
void TestAwaitQt::answer()
{
    QTcpSocket *socket = m_server.nextPendingConnection();
    QObject::connect(socket, &QTcpSocket::disconnected, socket, &QObject::deleteLater);
    QObject::connect(socket, &QTcpSocket::readyRead, socket, [socket] {
        const QByteArray request = socket->readAll();
        if (request.startsWith("GET /ok"))
            socket->write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\nhello\nyou\n");
        else if (request.startsWith("GET /missing"))
            socket->write("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\nConnection: close\r\n\r\ngone");
        else if (request.startsWith("GET /reset"))
            socket->write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf");
        else
            return;
        if (request.startsWith("GET /reset")) {
            socket->flush();
            reset(*socket);
        } else {
            socket->disconnectFromHost();
        }
    });
}

void TestAwaitQt::timerTimesOut()
{
    QTimer timer;
    timer.start(1ms);
    runSync(awaitTimeout(&timer));
    runSync(awaitTimeout(&timer));
    QVERIFY(timer.isActive());

    timer.setSingleShot(true); // which stops before it fires
    timer.start(1ms);
    runSync(awaitTimeout(&timer));
    QVERIFY(!timer.isActive());

    timer.start(1h);
    soon([&] { timer.start(1ms); }); // stops, and starts again
    runSync(awaitTimeout(&timer), RunOptions().timeout(5s));
}

void TestAwaitQt::timerThatIsNotActiveIsAnError()
{
    QTimer timer;
    timer.setObjectName(QStringLiteral("poll"));
    QCOMPARE(errorOf(awaitTimeout(&timer)), QStringLiteral("QTimer::timeout() of 'poll': the timer is not active"));
    QCOMPARE(errorOf(awaitTimeout(nullptr)), QStringLiteral("SenderDestroyed QTimer::timeout(): there is no sender"));
}

void TestAwaitQt::timerThatIsStoppedIsAnError()
{
    QTimer timer;
    timer.start(1h);
    soon([&] { timer.stop(); });
    QCOMPARE(errorOf(awaitTimeout(&timer)), QStringLiteral("QTimer::timeout(): the timer is not active"));
}

void TestAwaitQt::Q03_awaitedTimerDies()
{
    for (const bool isRunning : {false, true}) {
        auto *timer = new QTimer;
        timer->start(1h);
        Task<> wait = awaitTimeout(timer);
        if (isRunning)
            soon([timer] { delete timer; });
        else
            delete timer;
        QCOMPARE(errorOf(std::move(wait)), QStringLiteral("SenderDestroyed QTimer::timeout(): the sender was destroyed"));
    }
}

void TestAwaitQt::threadFinishes()
{
    QThread thread;
    thread.start();
    soon([&] { thread.quit(); });
    runSync(awaitFinished(&thread));
    QVERIFY(thread.isFinished());
    runSync(awaitFinished(&thread));
    thread.wait();

    for (int i = 0; i < 200; ++i) { // whenever it ends
        const std::unique_ptr<QThread> brief(QThread::create([] { }));
        brief->start();
        runSync(awaitFinished(brief.get()), RunOptions().timeout(5s));
    }

    auto *doomed = QThread::create([] { });
    doomed->start();
    QObject::connect(doomed, &QThread::finished, doomed, &QObject::deleteLater);
    runSync(awaitFinished(doomed));
}

void TestAwaitQt::threadThatCannotFinishIsAnError()
{
    QThread thread;
    thread.setObjectName(QStringLiteral("worker"));
    QCOMPARE(errorOf(awaitFinished(&thread)),
             QStringLiteral("QThread::finished() of 'worker': the thread has not been started"));
    QVERIFY(errorOf(awaitFinished(QThread::currentThread())).endsWith(QStringLiteral(": a thread cannot wait for its own end")));
}

void TestAwaitQt::processStartsAndFinishes()
{
    QProcess process;
    process.start(QStringLiteral("bash"), shell("read line; exit 3"));
    runSync(awaitStarted(&process));
    QCOMPARE(process.state(), QProcess::Running);
    runSync(awaitStarted(&process)); // at once
    soon([&] { process.write("go\n"); });
    QCOMPARE(runSync(awaitFinished(&process)), 3);
    QCOMPARE(runSync(awaitFinished(&process)), 3); // at once
    runSync(awaitStarted(&process)); // it was
}

void TestAwaitQt::processThatCannotStartIsAnError()
{
    const QString error = QStringLiteral(" of 'tool': /no/such/program: ");
    for (const bool isKnown : {false, true}) {
        QProcess process;
        process.setObjectName(QStringLiteral("tool"));
        process.start(QStringLiteral("/no/such/program"), QStringList());
        if (isKnown)
            QTRY_COMPARE(process.state(), QProcess::NotRunning);
        const QString text = errorOf(awaitFinished(&process));
        QVERIFY2(text.startsWith(QStringLiteral("QProcess::finished(int,QProcess::ExitStatus)") + error), qPrintable(text));
        process.start(QStringLiteral("/no/such/program"), QStringList());
        const QString started = errorOf(awaitStarted(&process));
        QVERIFY2(started.startsWith(QStringLiteral("QProcess::started()") + error), qPrintable(started));
    }
    m_leaks.begin(); // Qt 6.4 leaves a descriptor open for each process that could not be started
}

void TestAwaitQt::processThatWasNeverStartedIsAnError()
{
    QProcess process;
    process.setProgram(QStringLiteral("true"));
    QCOMPARE(errorOf(awaitFinished(&process)),
             QStringLiteral("QProcess::finished(int,QProcess::ExitStatus): the process has not been started"));
    QCOMPARE(errorOf(awaitStarted(&process)), QStringLiteral("QProcess::started(): the process has not been started"));
}

void TestAwaitQt::processThatCrashesIsAnError()
{
    QProcess process;
    process.start(QStringLiteral("sleep"), QStringList(QStringLiteral("100")));
    soon([&] { process.kill(); });
    const QString error = QStringLiteral("QProcess::finished(int,QProcess::ExitStatus): the process crashed");
    QCOMPARE(errorOf(awaitFinished(&process)), error);
    QCOMPARE(errorOf(awaitFinished(&process)), error);
}

void TestAwaitQt::processDies()
{
    auto *process = new QProcess;
    process->start(QStringLiteral("sleep"), QStringList(QStringLiteral("100")));
    runSync(awaitStarted(process));
    soon([process] {
        process->disconnect(); // otherwise its destructor kills it and emits finished()
        delete process;
    });
    const QString error = errorOf(awaitFinished(process));
    QVERIFY2(error.contains(QStringLiteral("the connection was cut")), qPrintable(error));

    process = new QProcess;
    process->start(QStringLiteral("sleep"), QStringList(QStringLiteral("100")));
    soon([process] { delete process; });
    QCOMPARE(errorOf(awaitFinished(process)),
             QStringLiteral("QProcess::finished(int,QProcess::ExitStatus): the process crashed"));
}

void TestAwaitQt::processMayBeDeletedWhenItHasFinished()
{
    auto *process = new QProcess;
    QObject::connect(process, &QProcess::finished, process, [process] { delete process; }, Qt::QueuedConnection);
    QPointer<QProcess> alive = process;
    process->start(QStringLiteral("bash"), shell("exit 4"));
    QCOMPARE(runSync(awaitFinished(process)), 4);
    QTRY_VERIFY(!alive);
}

void TestAwaitQt::linesOfAProcess()
{
    QProcess process;
    process.start(QStringLiteral("bash"), shell("echo one; sleep 0.01; printf 'tw'; sleep 0.01; echo o; printf last"));
    QCOMPARE(runSync(linesOf(&process)).join(' '), QStringLiteral("one| two| last"));
    QCOMPARE(runSync(linesOf(&process)), QStringList());
    QCOMPARE(runSync(awaitReadyRead(&process)), false);
    QCOMPARE(runSync(awaitFinished(&process)), 0);

    QProcess cat;
    cat.start(QStringLiteral("cat"), QStringList());
    soon([&] { cat.write("line\n"); });
    QVERIFY(runSync(awaitReadyRead(static_cast<QIODevice *>(&cat))));
    QCOMPARE(runSync(readLine(&cat)).value(), QByteArray("line\n"));
    soon([&] { cat.closeWriteChannel(); });
    QCOMPARE(runSync(awaitReadyRead(&cat)), false);
    QCOMPARE(runSync(awaitFinished(&cat)), 0);

    QProcess silent; // its output ends before it does, of which Qt says nothing
    silent.start(QStringLiteral("bash"), shell("exec >&-; exec 2>&-; read line; exit 5"));
    soon([&] { silent.write("go\n"); });
    QCOMPARE(runSync(readLine(&silent)), std::optional<QByteArray>());
    QCOMPARE(silent.state(), QProcess::NotRunning);
    QCOMPARE(runSync(awaitFinished(&silent)), 5);
}

void TestAwaitQt::linesOfABuffer()
{
    QByteArray bytes("one\ntwo\nlast");
    QBuffer buffer(&bytes);
    QVERIFY(buffer.open(QIODevice::ReadOnly));
    QVERIFY(runSync(awaitReadyRead(&buffer)));
    QCOMPARE(runSync(linesOf(&buffer)).join(' '), QStringLiteral("one| two| last"));
    QCOMPARE(runSync(awaitReadyRead(&buffer)), false);
    QVERIFY(buffer.seek(4));
    QCOMPARE(runSync(readAll(&buffer)), QByteArray("two\nlast"));
}

void TestAwaitQt::linesOfAFile()
{
    QTemporaryFile file;
    QVERIFY(file.open());
    file.write("one\n\nlast\n");
    QVERIFY(file.seek(0));
    QCOMPARE(runSync(linesOf(&file)).join(' '), QStringLiteral("one| | last|"));
    QVERIFY(file.seek(0));
    QCOMPARE(runSync(readAll(static_cast<QIODevice *>(&file))), QByteArray("one\n\nlast\n"));
}

void TestAwaitQt::longLinesComeInParts()
{
    QProcess process;
    process.start(QStringLiteral("bash"), shell("printf 'abcdefgh\\nij'"));
    QCOMPARE(runSync(linesOf(&process, 3)).join(' '), QStringLiteral("abc def gh| ij"));
}

void TestAwaitQt::socketsEnd_data()
{
    QTest::addColumn<bool>("isReset");
    QTest::newRow("end") << false;
    QTest::newRow("reset") << true;
}

void TestAwaitQt::socketsEnd()
{
    QFETCH(bool, isReset);
    QTcpServer server;
    QVERIFY(server.listen(QHostAddress::LocalHost));
    QTcpSocket *peer = nullptr;
    QObject::connect(&server, &QTcpServer::newConnection, &server, [&] {
        peer = server.nextPendingConnection();
        peer->write("one\nhalf");
        if (!isReset)
            peer->disconnectFromHost();
    });
    QTcpSocket socket;
    QObject::connect(&socket, &QTcpSocket::readyRead, &socket, [&] {
        if (isReset && socket.bytesAvailable() == 8)
            reset(*peer);
    });
    socket.connectToHost(server.serverAddress(), server.serverPort());
    QCOMPARE(runSync(linesOf(&socket)).join(' '), QStringLiteral("one| half"));
    QCOMPARE(runSync(awaitReadyRead(&socket)), false); // disconnected before
}

void TestAwaitQt::socketThatCannotConnectIsAnError()
{
    QTcpServer server;
    QVERIFY(server.listen(QHostAddress::LocalHost));
    const quint16 port = server.serverPort();
    server.close();
    QTcpSocket socket;
    socket.setObjectName(QStringLiteral("link"));
    socket.connectToHost(QHostAddress(QHostAddress::LocalHost), port);
    const QString error = errorOf(readLine(&socket));
    QVERIFY2(error.startsWith(QStringLiteral("QTcpSocket::readyRead() of 'link': ")), qPrintable(error));
}

void TestAwaitQt::devicesThatCloseOrAreClosedAreErrors()
{
    QBuffer closed;
    QCOMPARE(errorOf(readLine(&closed)), QStringLiteral("QBuffer::readyRead(): the device is not open for reading"));

    QProcess process;
    process.start(QStringLiteral("cat"), QStringList());
    runSync(awaitStarted(&process));
    soon([&] { process.close(); });
    const QString error = errorOf(readLine(&process));
    QCOMPARE(error, QStringLiteral("QProcess::readyRead(): the device is not open for reading"));
}

void TestAwaitQt::deviceDies()
{
    auto accepted = signalsOf(&m_server, &QTcpServer::newConnection, 1);
    auto *socket = new QTcpSocket;
    socket->connectToHost(m_server.serverAddress(), m_server.serverPort());
    soon([socket] { delete socket; });
    QCOMPARE(errorOf(readLine(socket)), QStringLiteral("SenderDestroyed QTcpSocket::readyRead(): the sender was destroyed"));
    QVERIFY(runSync(accepted.next()));
}

void TestAwaitQt::everythingAProcessSays()
{
    QProcess process;
    process.start(QStringLiteral("bash"), shell("for i in $(seq 2000); do echo line $i; done"));
    const QByteArray all = runSync(readAll(&process));
    QCOMPARE(all.count('\n'), 2000);
    QVERIFY(all.endsWith("line 2000\n"));
    QCOMPARE(runSync(awaitFinished(&process)), 0);
}

void TestAwaitQt::replyFinishes()
{
    const std::unique_ptr<QNetworkReply> reply(m_manager->get(QNetworkRequest(urlOf(QStringLiteral("ok")))));
    runSync(awaitFinished(reply.get()));
    QCOMPARE(reply->readAll(), QByteArray("hello\nyou\n"));
    runSync(awaitFinished(reply.get())); // at once
    QCOMPARE(runSync(awaitReadyRead(reply.get())), false);

    const std::unique_ptr<QNetworkReply> lines(m_manager->get(QNetworkRequest(urlOf(QStringLiteral("ok")))));
    QCOMPARE(runSync(linesOf(lines.get())).join(' '), QStringLiteral("hello| you|"));

    auto *doomed = m_manager->get(QNetworkRequest(urlOf(QStringLiteral("ok"))));
    QObject::connect(doomed, &QNetworkReply::finished, doomed, &QObject::deleteLater);
    runSync(awaitFinished(doomed));
}

void TestAwaitQt::replyThatFailsIsAnError_data()
{
    QTest::addColumn<QString>("path");
    QTest::addColumn<QString>("error");
    QTest::newRow("missing") << QStringLiteral("missing") << QStringLiteral("Not Found");
    QTest::newRow("reset") << QStringLiteral("reset") << QStringLiteral("Connection closed");
    QTest::newRow("abort") << QStringLiteral("never") << QStringLiteral("Operation canceled");
}

void TestAwaitQt::replyThatFailsIsAnError()
{
    QFETCH(QString, path);
    QFETCH(QString, error);
    const QUrl url = urlOf(path);
    const std::unique_ptr<QNetworkReply> reply(m_manager->get(QNetworkRequest(url)));
    if (path == QStringLiteral("never"))
        QObject::connect(&m_server, &QTcpServer::newConnection, reply.get(), &QNetworkReply::abort);
    const QString text = errorOf(awaitFinished(reply.get()));
    QVERIFY2(text.contains(QStringLiteral("::finished(): ") + url.toString() + QStringLiteral(": ")), qPrintable(text));
    QVERIFY2(text.contains(error), qPrintable(text));
    QCOMPARE(errorOf(awaitFinished(reply.get())), text);
}

void TestAwaitQt::replyDies()
{
    auto *reply = m_manager->get(QNetworkRequest(urlOf(QStringLiteral("never"))));
    QObject::connect(&m_server, &QTcpServer::newConnection, reply, [reply] { delete reply; });
    const QString text = errorOf(awaitFinished(reply));
    QVERIFY2(text.startsWith(QStringLiteral("SenderDestroyed ")), qPrintable(text));
}

void TestAwaitQt::objectsOfOtherThreadsAreRefused()
{
    QThread thread;
    QTimer timer;
    timer.moveToThread(&thread);
    QCOMPARE(errorOf(awaitTimeout(&timer)), QStringLiteral("other QTimer::timeout(): the object lives in another thread"));
}

void TestAwaitQt::cancelLeavesNothingBehind()
{
    QProcess process;
    process.start(QStringLiteral("cat"), QStringList());
    QVERIFY_THROWS_EXCEPTION(TimeoutError, runSync(withTimeout(20ms, readLine(&process))));
    QVERIFY_THROWS_EXCEPTION(TimeoutError, runSync(withTimeout(1ms, awaitFinished(&process))));
    QTimer timer;
    timer.start(1h);
    QVERIFY_THROWS_EXCEPTION(TimeoutError, runSync(withTimeout(1ms, awaitTimeout(&timer))));
    soon([&] { process.write("still there\n"); });
    QCOMPARE(runSync(readLine(&process)).value(), QByteArray("still there\n"));
    process.closeWriteChannel();
    QCOMPARE(runSync(awaitFinished(&process)), 0);
}

INTERLOOP_TEST_MAIN(TestAwaitQt)
#include "tst_awaitqt.moc"
