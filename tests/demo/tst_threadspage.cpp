// SPDX-License-Identifier: MIT
#include <demo/monitor/recorder.h>
#include <demo/threads/postlog.h>
#include <demo/threads/threadspage.h>
#include <demo/workbench/actions.h>

#include <tests/cleanupcheck.h>
#include <tests/messages.h>
#include <tests/testmain.h>
#include <tests/windows.h>

#include <interloop/interloop.h>

#include <QAbstractButton>
#include <QElapsedTimer>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QRegularExpression>
#include <QSignalSpy>
#include <QTest>

#include <atomic>
#include <cstdio>
#include <memory>
#include <stdexcept>

using namespace interloop;
using namespace interloop::test;
using namespace std::chrono_literals;

/*
 * The page of the second thread. Parked in one environment and nested in the other, in both threads.
 */

class TestThreadsPage : public QObject
{
    Q_OBJECT

private slots:
    void initTestCase();
    void init();
    void cleanup();

    void codeBlocksInTheOtherThreadWhileThisOneGoesOn();
    void actionsOfTheWorkbenchRunInTheOtherThread();
    void waitsOfTheTwoThreadsAreCancelledApart();
    void postsAreWrittenDownWithTheirTimes();
    void pingGoesThereAndBackAThousandTimes();
    void aNaiveSleepStopsThatThreadAndNotThisOne();
    void errorsThatNobodyTakesThereAreShownHere();
    void thePageMayDieWhateverBothThreadsDo();

private:
    void waitThere();
    Task<> cancelsThereThenHere(qsizetype &left);
    Task<> pinged();
    Task<> destroysThePage(qint64 &milliseconds);
    void click(const char *name) { m_page->findChild<QAbstractButton *>(QLatin1String(name))->click(); }
    QStringList lines(const char *list) const;
    QString label(const char *name) const { return m_page->findChild<QLabel *>(QLatin1String(name))->text(); }

    CleanupCheck m_leaks = CleanupCheck(CleanupCheck::Descriptors::Uncounted);
    std::unique_ptr<LoggedMessages> m_messages;
    std::unique_ptr<Waits> m_waits;
    std::unique_ptr<ThreadsPage> m_page;
    std::atomic<int> m_ended = 0; // functions in the other thread
};

namespace {

Task<> sleeps(std::chrono::milliseconds duration)
{
    co_await sleepFor(duration);
}

} // namespace

void TestThreadsPage::initTestCase()
{
    prepareWindows();
    Bridge::current().setSlowStepThreshold(0ms); // a page's end takes as long as the machine's other work makes it
}

void TestThreadsPage::init()
{
    m_leaks.begin();
    m_ended = 0;
    m_messages = std::make_unique<LoggedMessages>();
    m_waits = std::make_unique<Waits>();
    m_page = std::make_unique<ThreadsPage>(*m_waits, QStringLiteral("http://127.0.0.1:1"));
    m_page->show();
}

void TestThreadsPage::cleanup()
{
    m_page.reset();
    m_waits.reset();
    QStringList said = m_messages->texts();
    said.removeIf(
            [](const QString &text) { return text.contains(QStringLiteral("propagateSizeHints")); }); // offscreen's own
    m_messages.reset();
    QCOMPARE(said.join(QChar(10)), QString());
    m_leaks.check();
}

QStringList TestThreadsPage::lines(const char *list) const
{
    QStringList lines;
    const auto *widget = m_page->findChild<QListWidget *>(QLatin1String(list));
    for (int row = 0; row < widget->count(); ++row)
        lines << widget->item(row)->text();
    return lines;
}

void TestThreadsPage::codeBlocksInTheOtherThreadWhileThisOneGoesOn()
{
    // given: two functions there that wait
    const QThread *there = &m_page->thread();
    for (int i = 0; i < 2; ++i) {
        m_page->thread().ask(QStringLiteral("a test"), [this, there](Waits &waits) {
            const QThread *before = QThread::currentThread();
            ::Wait wait(waits, QStringLiteral("in there"));
            static_cast<void>(tryRunSync(wait.watch(sleeps(1h))));
            if (before == there && QThread::currentThread() == there)
                ++m_ended;
        });
    }
    QTRY_COMPARE(lines("threadWaits").filter(QStringLiteral("in there")).size(), 2);
    QCOMPARE(Bridge::current().depth() + Bridge::current().parked(), 0);
    QCOMPARE(m_ended.load(), 0);
    // when, then
    m_page->thread().ask(QStringLiteral("end"), [](Waits &waits) { waits.cancelAll(); });
    QTRY_COMPARE(lines("threadWaits"), QStringList(QStringLiteral("Nothing waits there.")));
    QCOMPARE(m_ended.load(), 2);
}

void TestThreadsPage::actionsOfTheWorkbenchRunInTheOtherThread()
{
    QSignalSpy started(&m_page->thread(), &WorkerThread::actionStarted);
    QSignalSpy finished(&m_page->thread(), &WorkerThread::actionFinished);
    QSignalSpy cancelled(&m_page->thread(), &WorkerThread::actionCancelled);
    // given: one that waits for something that does not come
    click("threadSignal");
    QTRY_COMPARE(started.size(), 1);
    QTRY_COMPARE(lines("threadWaits").filter(QStringLiteral("Signal")).size(), 1);
    QCOMPARE(m_waits->all().size(), 0);
    // when: another one beside it, and the first one's cross
    m_page->findChild<QLineEdit *>(QStringLiteral("threadResolveArgument"))->setText(QStringLiteral("127.0.0.1"));
    click("threadResolve");
    click("threadCancelSignal");
    // then
    QTRY_COMPARE(finished.size() + cancelled.size(), 2);
    QCOMPARE(finished.first().first().toInt(), int(Action::Resolve));
    QCOMPARE(cancelled.first().first().toInt(), int(Action::Signal));
    QTRY_COMPARE(
            lines("postLog").filter(QRegularExpression(QStringLiteral("begin|has begun|is done|is cancelled"))).size(),
            6);
    QVERIFY(m_page->thread().recorder()->recording() != nullptr);
}

void TestThreadsPage::waitThere()
{
    m_page->thread().ask(QStringLiteral("wait"), [](Waits &waits) {
        ::Wait wait(waits, QStringLiteral("in there"));
        runSync(wait.watch(sleeps(1h)));
    });
}

void TestThreadsPage::waitsOfTheTwoThreadsAreCancelledApart()
{
    // given: two waits there, one here
    waitThere();
    waitThere();
    QTRY_COMPARE(lines("threadWaits").filter(QStringLiteral("in there")).size(), 2);
    ::Wait wait(*m_waits, QStringLiteral("here"));
    // when: one is cancelled there, and then the one here
    qsizetype left = 0;
    const TaskHandle<> user = spawn(cancelsThereThenHere(left));
    const Outcome here = tryRunSync(wait.watch(sleeps(1h))).outcome();
    // then
    runSync(user);
    QCOMPARE(here, Outcome::Cancelled);
    QCOMPARE(left, 1);
    QCOMPARE(lines("threadWaits").filter(QStringLiteral("in there")).size(), 1);
    click("cancelThread");
    QTRY_COMPARE(lines("threadWaits"), QStringList(QStringLiteral("Nothing waits there.")));
}

Task<> TestThreadsPage::cancelsThereThenHere(qsizetype &left)
{
    click("cancelThread");
    while (lines("threadWaits").size() == 2)
        co_await sleepFor(1ms);
    left = m_waits->all().size();
    m_waits->cancelNewest();
}

void TestThreadsPage::postsAreWrittenDownWithTheirTimes()
{
    QTRY_VERIFY(m_page->posts().posts() > 0); // the wheel's
    const int before = m_page->posts().posts();
    for (int i = 0; i < 3; ++i)
        m_page->thread().ask(QStringLiteral("knock"), [](Waits &) {});
    m_page->thread().cancelNewest();
    QTRY_COMPARE(m_page->posts().posts(), before + 4);
    QVERIFY(m_page->posts().median() > 0);
    QVERIFY(m_page->posts().worst() >= m_page->posts().median());
    const QStringList knocks = lines("postLog").filter(QStringLiteral("→  knock, 3 times: "));
    QCOMPARE(knocks.size(), 1);
    QVERIFY2(knocks.first().contains(QRegularExpression(QStringLiteral(": [0-9.,]+ (µs|ms)$"))),
             qPrintable(knocks.first()));
    QVERIFY(lines("postLog").last().startsWith(QStringLiteral("→  cancel the newest wait: ")));
    QVERIFY(label("postFigures").startsWith(QStringLiteral("%1 posts, median ").arg(before + 4)));
}

void TestThreadsPage::pingGoesThereAndBackAThousandTimes()
{
    QTRY_VERIFY(m_page->posts().posts() > 0);
    const int before = m_page->posts().posts();
    click("pingThread");
    runSync(pinged()); // not by QTRY, which sleeps between its looks
    std::printf("%s %s\n", qPrintable(label("pingResult")), qPrintable(label("postFigures")));
    QTRY_COMPARE(m_page->posts().posts(), before + 2000);
    QCOMPARE(lines("postLog").filter(QRegularExpression(QStringLiteral("ping, 1.?000 times"))).size(), 2);
}

Task<> TestThreadsPage::pinged()
{
    while (!label("pingResult").contains(QStringLiteral("posts a second")))
        co_await sleepFor(1ms);
}

void TestThreadsPage::aNaiveSleepStopsThatThreadAndNotThisOne()
{
    waitThere();
    QTRY_COMPARE(lines("threadWaits").filter(QStringLiteral("in there")).size(), 1);
    m_page->thread().blockNaively(800ms);
    QTRY_VERIFY(label("threadState").contains(QStringLiteral("asleep")));
    // while it sleeps nothing there goes on
    const int turns = m_page->thread().turns();
    const QStringList waits = lines("threadWaits");
    click("cancelThread");
    QTest::qWait(200);
    QCOMPARE(m_page->thread().turns(), turns);
    QCOMPARE(lines("threadWaits"), waits);
    QVERIFY(lines("postLog").last().contains(QStringLiteral("cancel the newest wait: on its way for")));
    // then all of it does
    QTRY_COMPARE(lines("threadWaits"), QStringList(QStringLiteral("Nothing waits there.")));
    QTRY_VERIFY(!label("threadState").contains(QStringLiteral("asleep")));
    QTRY_VERIFY(m_page->thread().turns() > turns);
    QTRY_VERIFY(m_page->posts().worst() > 200'000'000);
}

void TestThreadsPage::errorsThatNobodyTakesThereAreShownHere()
{
    QSignalSpy complaints(m_page.get(), &Page::complained);
    m_page->thread().ask(QStringLiteral("a test"), [](Waits &) { throw std::runtime_error("no luck"); });
    QTRY_COMPARE(complaints.size(), 1);
    QVERIFY(complaints.first().first().toString().contains(QStringLiteral("no luck")));
}

void TestThreadsPage::thePageMayDieWhateverBothThreadsDo()
{
    // given: waits there, a ping here that waits for a thread which sleeps, and more to come
    m_page->thread().ask(QStringLiteral("a test"), [this](Waits &waits) {
        ::Wait wait(waits, QStringLiteral("for ever"));
        try {
            runSync(wait.watch(sleeps(1h)));
        } catch (const Cancelled &) {
            ++m_ended;
            throw;
        }
    });
    waitThere();
    QTRY_COMPARE(lines("threadWaits").size(), 2);
    m_page->thread().blockNaively(10s);
    QTRY_VERIFY(label("threadState").contains(QStringLiteral("asleep")));
    // when
    qint64 milliseconds = -1;
    const TaskHandle<> user = spawn(destroysThePage(milliseconds));
    click("pingThread");
    runSync(user);
    // then
    QVERIFY2(milliseconds < 1000, qPrintable(QString::number(milliseconds)));
    QCOMPARE(m_ended.load(), 1);
    QTRY_COMPARE(m_waits->all().size(), 0);
}

Task<> TestThreadsPage::destroysThePage(qint64 &milliseconds)
{
    while (m_waits->all().isEmpty())
        co_await sleepFor(1ms);
    waitThere();
    QElapsedTimer clock;
    clock.start();
    m_page.reset();
    milliseconds = clock.elapsed();
}

INTERLOOP_TEST_MAIN(TestThreadsPage)
#include "tst_threadspage.moc"
