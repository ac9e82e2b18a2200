// SPDX-License-Identifier: MIT
#include <demo/http/http.h>
#include <demo/inside/httpserver.h>
#include <demo/inside/insidepage.h>
#include <demo/parts/waits.h>

#include <tests/testmain.h>
#include <tests/ticks.h>

#include <interloop/interloop.h>
#include <interloop/test/leakcheck.h>

#include <QCryptographicHash>
#include <QFile>

#include <algorithm>
#include <optional>

using namespace interloop;
using namespace interloop::test;
using namespace std::chrono_literals;

namespace {

// What the server says to `bytes`.
Task<QByteArray> exchange(int port, QByteArray bytes)
{
    TcpSocket socket = co_await TcpSocket::connect(QStringLiteral("127.0.0.1"), port);
    co_await socket.write(bytes);
    co_await socket.shutdown();
    co_return co_await socket.readAll();
}

// Calls `action` as soon as `condition` holds, also while somebody blocks in a nested wait.
class Once
{
public:
    Once(std::function<bool()> condition, std::function<void()> action)
    {
        QObject::connect(&m_timer, &QTimer::timeout, &m_timer, [this, condition, action] {
            if (!condition())
                return;
            m_timer.stop();
            action();
        });
        m_timer.start(2ms);
    }

private:
    QTimer m_timer;
};

} // namespace

class TestInside : public QObject
{
    Q_OBJECT

private:
    template<typename Widget>
    Widget *find(const char *name) const
    {
        return m_page->findChild<Widget *>(QLatin1String(name));
    }
    QString text(const char *name) const { return find<QLabel>(name)->text(); }
    QString url() const { return find<QLineEdit>("insideAddress")->text().section(' ', 1).section('/', 0, 2); }
    int port() const { return url().section(':', -1).toInt(); }
    void choose(const QString &path) const
    {
        auto *paths = find<QComboBox>("loadPath");
        paths->addItem(path, QStringList(path));
        paths->setCurrentIndex(paths->count() - 1);
    }
    void clickLoad() const { find<QPushButton>("load50")->click(); }
    bool isLoading() const { return find<QPushButton>("cancelLoad")->isEnabled(); }
    bool fiftyWait() const { return text("insideOpen") == QLatin1String("50"); }

    LeakCheck m_leaks;
    std::unique_ptr<Waits> m_waits;
    std::unique_ptr<InsidePage> m_page;

private Q_SLOTS:
    void init()
    {
        Bridge::current().setHeldBackThreshold(std::chrono::hours(1)); // as the demo does
        m_leaks.begin();
        m_waits = std::make_unique<Waits>();
        m_page = std::make_unique<InsidePage>(*m_waits);
        m_page->show();
        QVERIFY(QTest::qWaitForWindowExposed(m_page.get()));
    }

    void cleanup()
    {
        m_page.reset();
        m_leaks.check();
        m_waits.reset();
    }

    void fiftyAtOnceAreAnsweredWhileTheWindowLives_data()
    {
        QTest::addColumn<int>("path");
        QTest::newRow("slow") << 0;
        QTest::newRow("these in turn") << 4;
    }

    void fiftyAtOnceAreAnsweredWhileTheWindowLives()
    {
        QFETCH(int, path);
        find<QComboBox>("loadPath")->setCurrentIndex(path);
        int percent = 0; // of the ticks that came, in the best of eight loads: other processes can only take some away
        for (int load = 0; load < (path == 0 ? 8 : 1) && percent < 95; ++load) {
            const Ticks ticks(10ms);
            clickLoad();
            QTRY_VERIFY(!isLoading());
            percent = std::max(percent, ticks.percent());

            QVERIFY2(text("loadSummary").startsWith(QLatin1String("50 of 50")), qPrintable(text("loadSummary")));
            QVERIFY(text("insideServed").toInt() >= 50); // those of /chain have others in them
            QCOMPARE(text("insideFailed"), QStringLiteral("0"));
            QCOMPARE(text("insideOpen"), QStringLiteral("0"));
            QVERIFY2(text("insideMostAtOnce").toInt() >= 10, qPrintable(text("insideMostAtOnce")));
            QCOMPARE(find<QWidget>("loadRequests")->accessibleDescription(),
                     QStringLiteral("50 requests: 0 waiting, 50 served, 0 failed"));
        }
        if (path == 0) // the others take the processors from the window, with the pool's threads
            QVERIFY2(percent >= 95, qPrintable(QString::number(percent) + " %, " + text("loadPause")));
    }

    void aHandlerAnswersAsItsPathSays_data()
    {
        QTest::addColumn<QString>("path");
        QTest::addColumn<int>("status");
        QTest::addColumn<QByteArray>("answer");
        QFile program(QCoreApplication::applicationFilePath());
        QVERIFY(program.open(QIODevice::ReadOnly));
        const QByteArray hash = QCryptographicHash::hash(program.read(512 * 1024), QCryptographicHash::Sha256).toHex();
        QTest::newRow("report") << "/report" << 200 << QByteArray("SHA-256 " + hash + "\n");
        QTest::newRow("sum") << "/sum?n=4" << 200 << QByteArray("from 1 to 4 add up to 6.1\n");
        QTest::newRow("slow") << "/slow?ms=10" << 200 << QByteArray("waited 10 ms\n");
        QTest::newRow("chain") << "/chain" << 200 << QByteArray("from 1 to 1000 add up to 21097.5\n");
        QTest::newRow("tasks") << "/tasks" << 200 << QByteArray("GET /tasks");
        QTest::newRow("an exception") << "/fail" << 500 << QByteArray("This handler throws an exception on purpose.\n");
        QTest::newRow("no such path") << "/nowhere" << 404 << QByteArray("no such page");
    }

    void aHandlerAnswersAsItsPathSays()
    {
        QFETCH(QString, path);
        QFETCH(int, status);
        QFETCH(QByteArray, answer);
        const HttpReply reply = runSync(httpGet(url() + path, 5s));
        QCOMPARE(reply.status, status);
        QVERIFY2(reply.body.contains(answer), reply.body);
    }

    void whatIsNoRequestIsRefused_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<QByteArray>("status");
        QTest::newRow("no HTTP") << QByteArray("hello\r\n\r\n") << QByteArray("400");
        QTest::newRow("half a head") << QByteArray("GET / HTTP/1.1\r\nHost") << QByteArray("400");
        QTest::newRow("another method") << QByteArray("POST / HTTP/1.1\r\n\r\n") << QByteArray("405");
        QTest::newRow("a long head") << "GET / HTTP/1.1\r\nCookie: " + QByteArray(100000, 'x') << QByteArray("431");
    }

    void whatIsNoRequestIsRefused()
    {
        QFETCH(QByteArray, bytes);
        QFETCH(QByteArray, status);
        const QByteArray answer = runSync(exchange(port(), bytes));
        QVERIFY2(answer.startsWith("HTTP/1.1 " + status), answer.left(200));
        QCOMPARE(runSync(httpGet(url() + QStringLiteral("/slow?ms=1"), 5s)).status, 200);
    }

    void whoHangsUpEndsTheWaitOfTheHandler()
    {
        TcpSocket socket = runSync(TcpSocket::connect(QStringLiteral("127.0.0.1"), port()));
        const Once hangUp([this] { return text("insideOpen") == QLatin1String("1"); }, [&socket] { socket.close(); });
        runSync(socket.write("GET /slow?ms=60000 HTTP/1.1\r\n\r\n"));
        QTRY_COMPARE(text("insideFailed"), QStringLiteral("1"));
        QCOMPARE(text("insideOpen"), QStringLiteral("0"));
    }

    void aLoadThatIsStoppedLeavesNothing()
    {
        choose(QStringLiteral("/slow?ms=60000"));
        QCOMPARE(runSync(httpGet(url() + QStringLiteral("/"), 5s)).status, 200); // so the server is at work
        QTRY_VERIFY(Bridge::current().taskCount() == 1);
        LeakCheck leaks;
        leaks.begin();
        const Once stop([this] { return fiftyWait(); }, [this] { find<QPushButton>("cancelLoad")->click(); });

        clickLoad();
        QTRY_VERIFY(!isLoading());

        const QString summary = text("loadSummary");
        QVERIFY2(summary.contains(QLatin1String("hung up on the other 50")), qPrintable(summary));
        QTRY_COMPARE(text("insideFailed"), QStringLiteral("50"));
        QVERIFY(m_waits->all().isEmpty());
        leaks.check();
    }

    void failuresAreShown()
    {
        choose(QStringLiteral("/fail"));
        find<QSpinBox>("loadCount")->setValue(3);
        QSignalSpy complaints(m_page.get(), &Page::complained);
        clickLoad();
        QTRY_VERIFY(!isLoading());
        QCOMPARE(complaints.count(), 1);
        QVERIFY2(text("loadSummary").endsWith(QLatin1String(
                         "Failed: 3, the first one with: This handler throws an exception on purpose.")),
                 qPrintable(text("loadSummary")));
    }

    void thePageMayGoWhileFiftyWait()
    {
        choose(QStringLiteral("/slow?ms=60000"));
        const Once destroy([this] { return fiftyWait(); }, [this] { m_page.reset(); });
        clickLoad();
        QTRY_VERIFY(!m_page);
        QTRY_VERIFY(m_waits->all().isEmpty());
    }

    void theProgramEndsAtOnceWhileFiftyWait()
    {
        choose(QStringLiteral("/slow?ms=60000"));
        std::optional<OwnTime> sinceQuit;
        const auto quit = [&sinceQuit] {
            sinceQuit.emplace();
            QCoreApplication::quit();
        };
        const Once once([this] { return fiftyWait(); }, quit);
        QTimer::singleShot(0, m_page.get(), [this] { clickLoad(); });
        QCoreApplication::exec();
        QVERIFY(sinceQuit);
        QVERIFY2(sinceQuit->elapsed() < 1s, qPrintable(QString::number(sinceQuit->elapsed() / 1ms)));
        QTRY_VERIFY(m_waits->all().isEmpty());
    }

    void thePageSaysWhetherWaitsNest()
    {
        QCOMPARE(find<QWidget>("insideNote")->isHidden(), Bridge::current().isParking());
    }
};

INTERLOOP_TEST_MAIN(TestInside)

#include "tst_inside.moc"
