// SPDX-License-Identifier: MIT
#include <demo/breaking/breaking.h>
#include <demo/parts/waits.h>
#include <demo/server/server.h>

#include <tests/cleanupcheck.h>
#include <tests/messages.h>
#include <tests/testmain.h>
#include <tests/timeline.h>
#include <tests/windows.h>

#include <interloop/interloop.h>

#include <QAbstractButton>
#include <QEventLoop>
#include <QMouseEvent>
#include <QPlainTextEdit>
#include <QRegularExpression>

#include <optional>
#include <random>

/*
 * The demo's page that is there to be broken: each button, by real clicks, and what is behind its sentence.
 */

using interloop::Bridge;
using interloop::test::CleanupCheck;
using interloop::test::LoggedMessages;
using interloop::test::OwnTime;
using namespace std::chrono_literals;

namespace {

constexpr auto pace = 40ms;

} // namespace

class TestBreaking : public QObject
{
    Q_OBJECT

private slots:
    void initTestCase() { interloop::test::prepareWindows(); }
    void init();
    void cleanup();

    void eachMisbehaviourEndsInItsSentence_data();
    void eachMisbehaviourEndsInItsSentence();
    void anExceptionElsewhereGoesToTheHookAndTheWaitGoesOn();
    void aDeletedWindowEndsItsWait();
    void theBadOrderIsHeldBackWhereWaitsNest();
    void aDeadlockIsRefusedWithItsChain();
    void waitsPileUpUntilOneIsRefused();
    void onlyTheNaiveBlockFreezes();
    void aCancelledExperimentSaysSo();
    void quitAtDepthFiveEndsWithinASecond();
    void allAtOnceInAnyOrderAndThenTheEnd();
    void theCodeOfTheFocusedExperimentIsShown();

private:
    QAbstractButton *button(const char *name) const
    {
        return m_page->findChild<QAbstractButton *>(QLatin1String(name));
    }
    QString text() const
    {
        return m_page->findChild<QPlainTextEdit *>(QStringLiteral("breakingResult"))->toPlainText();
    }
    void click(const char *name) const;
    // Presses a button and gives the sentence that comes of it.
    QString sentenceOf(const char *name) const;
    bool isQuiet() const { return m_waits->all().isEmpty(); }

    CleanupCheck m_leaks{CleanupCheck::Descriptors::Uncounted};
    std::optional<LoggedMessages> m_log;
    std::optional<Server> m_server;
    std::optional<Waits> m_waits;
    std::optional<BreakingPage> m_page;
};

void TestBreaking::init()
{
    m_leaks.begin();
    m_log.emplace();
    m_server.emplace();
    m_waits.emplace();
    m_page.emplace(*m_waits, *m_server);
    m_page->setPace(pace);
    Bridge &bridge = Bridge::current();
    bridge.setHeldBackThreshold(1h);
    bridge.setSlowStepThreshold(0ms); // nobody knows how fast the machine is
    bridge.setUnhandledErrorHandler(
            [this](const QString &where, std::exception_ptr error) { m_page->unhandledError(where, error); });
    m_page->resize(1000, 400);
    m_page->show();
    QVERIFY(QTest::qWaitForWindowExposed(&*m_page));
    QTRY_VERIFY((m_page->activateWindow(), m_page->isActiveWindow()));
}

void TestBreaking::cleanup()
{
    QTRY_VERIFY(isQuiet());
    QStringList printed = m_log->texts();
    printed.removeIf(
            [](const QString &line) { return line.startsWith(QStringLiteral("This plugin does not support")); });
    QCOMPARE(printed, QStringList()); // but what the offscreen platform cannot do
    Bridge::current().setUnhandledErrorHandler({});
    Bridge::current().setHeldBackThreshold(250ms);
    Bridge::current().setSlowStepThreshold(100ms);
    m_page.reset();
    m_waits.reset();
    m_server.reset();
    m_log.reset();
    m_leaks.check();
}

// By events that are delivered later: in a call the slot of a button may nest.
void TestBreaking::click(const char *name) const
{
    QAbstractButton *target = button(name);
    const QPointF at(target->height() / 2.0, target->height() / 2.0); // of a radio button, the circle
    const auto post = [&](QEvent::Type type, Qt::MouseButtons buttons) {
        QCoreApplication::postEvent(
                target, new QMouseEvent(type, at, target->mapToGlobal(at), Qt::LeftButton, buttons, Qt::NoModifier));
    };
    post(QEvent::MouseButtonPress, Qt::LeftButton);
    post(QEvent::MouseButtonRelease, Qt::NoButton);
}

QString TestBreaking::sentenceOf(const char *name) const
{
    const QString before = text();
    click(name);
    QEventLoop loop; // not qWaitFor(), which sleeps in each of its turns
    QTimer look;
    QElapsedTimer clock;
    clock.start();
    connect(&look, &QTimer::timeout, &loop, [&] {
        if ((text() != before && isQuiet()) || clock.hasExpired(10000))
            loop.quit();
    });
    look.start(5ms);
    loop.exec();
    return text().mid(before.size()).trimmed();
}

void TestBreaking::eachMisbehaviourEndsInItsSentence_data()
{
    QTest::addColumn<QByteArray>("choice");
    QTest::addColumn<QString>("sentence");
    QTest::newRow("normal") << QByteArray("serverNormal") << QStringLiteral("The server answered 200 OK: ");
    QTest::newRow("stall") << QByteArray("serverStall") << QStringLiteral("did not answer within 0.16 s.");
    QTest::newRow("reset") << QByteArray("serverReset") << QStringLiteral("reset the connection.");
    QTest::newRow("flood") << QByteArray("serverFlood") << QStringLiteral("sends more than 16 MiB");
}

void TestBreaking::eachMisbehaviourEndsInItsSentence()
{
    QFETCH(QByteArray, choice);
    QFETCH(QString, sentence);
    click(choice);
    QTRY_VERIFY(static_cast<QAbstractButton *>(button(choice))->isChecked());
    const QString said = sentenceOf("tryServer");
    QVERIFY2(said.contains(sentence), qPrintable(said));

    click("serverNormal"); // and it is well again
    const QString again = sentenceOf("tryServer");
    QVERIFY2(again.contains(QStringLiteral("200 OK")), qPrintable(again));
}

void TestBreaking::anExceptionElsewhereGoesToTheHookAndTheWaitGoesOn()
{
    const QString said = sentenceOf("throwElsewhere");
    QVERIFY2(said.contains(QStringLiteral("QTimer::timeout"))
                     && said.contains(QStringLiteral("this slot throws on purpose"))
                     && said.contains(QStringLiteral("returned its value, 42.")),
             qPrintable(said));
}

void TestBreaking::aDeletedWindowEndsItsWait()
{
    bool wasThere = false;
    connect(&*m_waits, &Waits::changed, this, [&](const QList<WaitInfo> &waits) {
        if (waits.size() == 2) // the page's, and the little window's
            wasThere = m_page->findChild<QWidget *>(QStringLiteral("waitInLittleWindow"));
    });
    const QString said = sentenceOf("deleteWindow");
    QVERIFY(wasThere);
    QVERIFY2(said.contains(QStringLiteral("later that wait had ended, with ContextDestroyed")), qPrintable(said));
    QVERIFY(!m_page->findChild<QWidget *>(QStringLiteral("waitInLittleWindow")));
}

void TestBreaking::theBadOrderIsHeldBackWhereWaitsNest()
{
    const QString said = sentenceOf("badOrder");
    const QRegularExpression form(
            QStringLiteral("went on only (.*) ms later.*(parked|cannot park in this run): (.*) ms later"));
    const QRegularExpressionMatch match = form.match(said);
    QVERIFY2(match.hasMatch(), qPrintable(said));
    const bool isParking = Bridge::current().isParking();
    QCOMPARE(match.captured(2) == QStringLiteral("parked"), isParking);
    QVERIFY2(match.captured(1).toDouble() >= 70, qPrintable(said)); // 3 - 1 times the pace
    QVERIFY2(isParking == (match.captured(3).toDouble() < 70), qPrintable(said));
}

void TestBreaking::aDeadlockIsRefusedWithItsChain()
{
    const QString said = sentenceOf("deadlock");
    const QRegularExpression links(QStringLiteral(
            "task '(\\w+)' waits for mutex '(\\w+)' \\(task '(\\w+)'\\) at [^;]*deadlock.cpp:(\\d+)"));
    QStringList chain; // whose turn comes first is the ready queue's business
    QStringList places;
    for (auto link = links.globalMatch(said); link.hasNext();) {
        const QStringList texts = link.next().capturedTexts();
        chain << texts[1] + ' ' + texts[2] + ' ' + texts[3];
        places << texts[4];
    }
    QVERIFY2(said.contains(QStringLiteral("\"Deadlock: task '") + chain.value(0).section(' ', 0, 0)), qPrintable(said));
    QVERIFY2(said.endsWith(QStringLiteral("got both locks: ") + chain.value(1).section(' ', 0, 0) + '.'),
             qPrintable(said));
    chain.sort();
    QCOMPARE(chain, QStringList({QStringLiteral("Anna spoon Otto"), QStringLiteral("Otto fork Anna")}));
    QVERIFY2(places[0] != places[1], qPrintable(said));
}

void TestBreaking::waitsPileUpUntilOneIsRefused()
{
    const QString said = sentenceOf("deepRecursion");
    QVERIFY2(said.contains(QStringLiteral("64 waits were begun")), qPrintable(said));
    QVERIFY2(said.contains(QStringLiteral("\"TooDeep: runSync: 64 waits are on the stack already\"")),
             qPrintable(said));
    QCOMPARE(Bridge::current().depth(), 0);
}

void TestBreaking::onlyTheNaiveBlockFreezes()
{
    const auto gapIn = [](const QString &sentence, const char *form) {
        return QRegularExpression(QLatin1String(form)).match(sentence).captured(1).toDouble();
    };
    const QString nicely = sentenceOf("blockNicely");
    const double niceGap = gapIn(nicely, "nothing moved was ([0-9.]+) ms");
    const QString naively = sentenceOf("blockNaively");
    const double naiveGap = gapIn(naively, "For ([0-9.]+) ms nothing moved");
    QVERIFY2(naiveGap >= 160, qPrintable(naively));
    QVERIFY2(niceGap > 0 && niceGap < naiveGap / 2, qPrintable(nicely)); // in a process that shares its processor
}

void TestBreaking::aCancelledExperimentSaysSo()
{
    QString cancelled;
    connect(&*m_waits, &Waits::changed, this, [&](const QList<WaitInfo> &waits) {
        if (!waits.isEmpty() && !waits.first().detail.isEmpty()) // it has begun
            cancelled += m_waits->cancelNewest();
    });
    const QString said = sentenceOf("blockNicely");
    QCOMPARE(cancelled, QStringLiteral("Block nicely"));
    QVERIFY2(said.contains(QStringLiteral("Block nicely: the wait was ended before its time (Cancelled)")),
             qPrintable(said));
}

void TestBreaking::quitAtDepthFiveEndsWithinASecond()
{
    std::optional<OwnTime> sinceQuit;
    QTimer::singleShot(0, this, [this, &sinceQuit] {
        sinceQuit.emplace();
        click("quitDeep");
    });
    QCoreApplication::exec();
    QVERIFY(sinceQuit);
    QVERIFY2(sinceQuit->elapsed() < 1s, qPrintable(QString::number(sinceQuit->elapsed() / 1ms)));
    QVERIFY2(text().contains(QStringLiteral("5 waits are on top of each other, at depth 5")), qPrintable(text()));
    QVERIFY2(text().contains(QStringLiteral("ended before its time (Quit)")), qPrintable(text()));
    QVERIFY(isQuiet());
}

void TestBreaking::allAtOnceInAnyOrderAndThenTheEnd()
{
    const std::vector<const char *> names{"serverNormal", "serverStall",    "serverReset",  "serverFlood",
                                          "tryServer",    "throwElsewhere", "deleteWindow", "badOrder",
                                          "deadlock",     "deepRecursion",  "blockNicely",  "blockNaively"};
    std::mt19937 random(20261122);
    int left = 30;
    std::optional<OwnTime> sinceEnd;
    QTimer presses;
    connect(&presses, &QTimer::timeout, this, [&] {
        if (left-- > 0) {
            click(names[random() % names.size()]);
        } else {
            presses.stop();
            sinceEnd.emplace();
            click("quitDeep");
        }
    });
    presses.start(25ms);
    QCoreApplication::exec();
    QVERIFY(left < 0);
    QVERIFY(sinceEnd);
    QVERIFY2(sinceEnd->elapsed() < 1s, qPrintable(QString::number(sinceEnd->elapsed() / 1ms)));
    QVERIFY(isQuiet());
    QVERIFY2(text().count('\n') >= 10, qPrintable(text()));
}

void TestBreaking::theCodeOfTheFocusedExperimentIsShown()
{
    const auto *code = m_page->findChild<QPlainTextEdit *>(QStringLiteral("breakingCode"));
    for (const char *name : {"tryServer", "throwElsewhere", "deleteWindow", "badOrder", "deadlock", "deepRecursion",
                             "blockNicely", "quitDeep"}) {
        button(name)->setFocus();
        QVERIFY2(code->toPlainText().contains(QStringLiteral("BreakingPage::")), name);
        QVERIFY2(!code->toPlainText().contains(QStringLiteral("//!")), name);
    }
}

INTERLOOP_TEST_MAIN(TestBreaking)
#include "tst_breaking.moc"
