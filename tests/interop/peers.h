// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/interloop.h>

#include <QProcess>
#include <QStandardPaths>
#include <QStringList>
#include <QTcpServer>
#include <QTest>

#include <chrono>

/*
 * Servers and clients of other people's, started for a test function on a free port or in a temporary folder, and gone
 * when it ends.
 */

namespace interloop::test {

using namespace std::chrono_literals;

// The program's path; when there is none it fails the test, which names the package, and is empty.
inline QString requireProgram(const char *name, const char *package)
{
    const QString program = QString::fromLatin1(name);
    QString path = QStandardPaths::findExecutable(program);
    if (path.isEmpty())
        path = QStandardPaths::findExecutable(program, {QStringLiteral("/usr/sbin"), QStringLiteral("/usr/local/sbin")});
    if (path.isEmpty())
        QTest::qFail(qPrintable(QStringLiteral("%1 is missing: apt-get install %2").arg(name, package)), __FILE__, __LINE__);
    return path;
}

// One that nobody listens on now.
inline int freePort()
{
    QTcpServer server;
    return server.listen(QHostAddress::LocalHost) ? server.serverPort() : 0;
}

// A program that runs until the test function ends.
class Peer
{
public:
    Peer() { m_process.setProcessChannelMode(QProcess::ForwardedErrorChannel); }
    ~Peer() { stop(); }
    Peer(const Peer &) = delete;
    Peer &operator=(const Peer &) = delete;

    QProcess &process() noexcept { return m_process; }

    // False, and the test has failed, when it is not installed.
    bool start(const char *program, const char *package, const QStringList &arguments)
    {
        const QString path = requireProgram(program, package);
        if (path.isEmpty())
            return false;
        m_process.start(path, arguments);
        return m_process.waitForStarted();
    }
    void stop()
    {
        m_process.kill();
        m_process.waitForFinished();
    }

private:
    QProcess m_process;
};

// Both try again until something listens.
inline Task<Stream> connectTcp(int port)
{
    for (;;) {
        auto socket = co_await tryAwait(TcpSocket::connect(QStringLiteral("127.0.0.1"), port));
        if (socket)
            co_return std::move(socket).value();
        co_await sleepFor(5ms);
    }
}

inline Task<Stream> connectUnix(QString path)
{
    for (;;) {
        auto socket = co_await tryAwait(PipeSocket::connect(path));
        if (socket)
            co_return std::move(socket).value();
        co_await sleepFor(5ms);
    }
}

} // namespace interloop::test
