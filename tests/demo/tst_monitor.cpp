// SPDX-License-Identifier: MIT
#include <tests/testmain.h>
#include <tests/windows.h>

#include <demo/monitor/loopview.h>
#include <demo/monitor/timeline.h>
#include <demo/monitor/words.h>

#include <interloop/interloop.h>

#include <QClipboard>
#include <QGuiApplication>
#include <QMouseEvent>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QScreen>
#include <QTabBar>
#include <QTabWidget>
#include <QTest>
#include <QThread>
#include <QTimer>

#include <chrono>
#include <memory>
#include <thread>

/*
 * The demo's loop view: what is measured, what is recorded, what is shown.
 */

using namespace interloop;
using namespace std::chrono_literals;

static_assert(!std::is_aggregate_v<LagFigures>);
static_assert(!std::is_aggregate_v<Span>);
static_assert(!std::is_aggregate_v<Track>);

namespace {

Task<> sleeping(std::chrono::nanoseconds time)
{
    co_await sleepFor(time);
}

Task<> awaitingAnother()
{
    co_await sleepFor(1ms);
    const TaskHandle<> other = spawn(sleeping(1ms), "other");
    co_await other;
}

Task<> awaiting(TaskHandle<> handle)
{
    co_await handle;
}

void end(const TaskHandle<> &task)
{
    task.cancel();
    static_cast<void>(tryRunSync(awaiting(task)));
}

// What a track did, each with what the text says: "created, running, waiting (a timer), ready, running".
QString historyOf(const Recording::News &news, const Track &track)
{
    QStringList did;
    for (const Span &span : news.spans) {
        if (span.track != track.id)
            continue;
        did += words::nameOf(span.activity);
        if (!span.text.empty())
            did.last() += QString(" (%1)").arg(QString::fromStdString(span.text));
    }
    return did.join(", ");
}

// The newest track of which the name contains `text`; one that is empty when there is none.
Track trackNamed(const Recording::News &news, const char *text)
{
    Track newest;
    for (const Track &track : news.tracks) {
        if (track.name.find(text) != std::string::npos)
            newest = track;
    }
    return newest;
}

Track newTrack(std::uint32_t id)
{
    Track track;
    track.id = id;
    track.begin = track.since = std::chrono::steady_clock::now();
    return track;
}

QString placeOf(int line)
{
    return QString("runSync at tst_monitor.cpp:%1").arg(line);
}

} // namespace

class TestMonitor : public QObject
{
    Q_OBJECT

private slots:
    void initTestCase() { test::prepareWindows(); }

    void aBlockIsAsManySamplesAsMomentsWereDue();
    void whatATaskDoesIsRecorded();
    void theWaitOfASlotIsRecorded();
    void aWaitThatIsHeldBackIsRecorded();
    void thousandsOfTasksAreNotDrawn();
    void whoeverWasAwayForLongStartsAnew();
    void theTimelineIsReadByKeyboardAndMouse();
    void aTextGrowsWithItsBar();
    void aPausedTimelineStandsStill();
    void theTreeIsCopied();
    void anotherThreadsBridgeIsShown();
};

void TestMonitor::aBlockIsAsManySamplesAsMomentsWereDue()
{
    const LagProbe probe;
    LagRecord &lag = *probe.record();
    QTRY_VERIFY(lag.sinceReset().samples >= 10);
    QVERIFY2(lag.ownSinceReset().maximum < 60, qPrintable(QString::number(lag.ownSinceReset().maximum)));

    lag.reset();
    std::this_thread::sleep_for(100ms);
    QTRY_VERIFY(lag.sinceReset().samples > 0);
    const LagFigures blocked = lag.sinceReset();
    QVERIFY2(blocked.samples >= 9, qPrintable(QString::number(blocked.samples)));
    QVERIFY2(blocked.maximum >= 89, qPrintable(QString::number(blocked.maximum)));
    QVERIFY2(blocked.p50 >= 40 && blocked.p50 < blocked.p99, qPrintable(QString::number(blocked.p50)));
    QVERIFY(lag.recent().maximum >= blocked.maximum);
}

void TestMonitor::whatATaskDoesIsRecorded()
{
    const Recorder recorder;
    const TaskHandle<> task = spawn(awaitingAnother(), "one");
    const int line = __LINE__ + 1;
    runSync(awaiting(task));
    const Recording::News news = recorder.recording()->newsSince(0, 0);

    const Track one = trackNamed(news, "'one'");
    QCOMPARE(historyOf(news, one),
             QString("created, running, waiting (a timer), ready, running, waiting (task 'other'), ready, running"));
    const Track other = trackNamed(news, "'other'");
    QCOMPARE(historyOf(news, other), QString("created, running, waiting (a timer), ready, running"));
    QCOMPARE(words::relationOf(other, &one), QString("begun by one #%1").arg(one.id));
    QVERIFY(!one.isAlive() && other.end <= one.end && one.begin <= other.begin);

    const Track wait = trackNamed(news, "runSync");
    QCOMPARE(QString::fromStdString(wait.name), placeOf(line));
    QCOMPARE(historyOf(news, wait), QString("running, waiting (task 'one'), ready, running"));
    QCOMPARE(words::relationOf(wait, nullptr), QString("called by plain code"));
}

void TestMonitor::theWaitOfASlotIsRecorded()
{
    const Recorder recorder;
    QObject context;
    QTimer timer;
    bool isOver = false;
    int line = 0;
    interloop::connect(&timer, &QTimer::timeout, &context, [&isOver, &line] {
        line = __LINE__ + 1;
        runSync(sleeping(2ms));
        isOver = true;
    });
    timer.setSingleShot(true);
    timer.start(0);
    QTRY_VERIFY(isOver);
    QCoreApplication::processEvents();
    const Recording::News news = recorder.recording()->newsSince(0, 0);

    const QString form = words::nameOf(Bridge::current().isParking() ? Activity::Parked : Activity::Nested);
    const Track slot = trackNamed(news, "a slot of QTimer::timeout");
    QCOMPARE(historyOf(news, slot), QString("running, %1 (%2), running").arg(form, placeOf(line)));
    const Track wait = trackNamed(news, "runSync");
    QCOMPARE(words::relationOf(wait, &slot), QString("called by ") + words::titleOf(slot));
    QVERIFY(!slot.isAlive() && !wait.isAlive());
}

void TestMonitor::aWaitThatIsHeldBackIsRecorded()
{
    Recorder recorder;
    int inner = 0;
    QTimer::singleShot(0, this, [&inner] {
        inner = __LINE__ + 1;
        runSync(sleeping(60ms));
    });
    const int outer = __LINE__ + 1;
    runSync(sleeping(10ms));
    const Recording::News news = recorder.recording()->newsSince(0, 0);

    const Track below = trackNamed(news, qPrintable(placeOf(outer)));
    const Track above = trackNamed(news, qPrintable(placeOf(inner)));
    QCOMPARE(historyOf(news, below),
             QString("running, waiting (a timer), ready, running, held back (%1)").arg(placeOf(inner)));
    QCOMPARE(words::relationOf(above, &below), QString("nested in ") + placeOf(outer));
    const LoopFigures figures = recorder.recording()->figures();
    QVERIFY(figures.heldBackTotal >= 10ms);
    QVERIFY(figures.heldBackSince == RecordedTime::max()); // it has returned
}

void TestMonitor::thousandsOfTasksAreNotDrawn()
{
    const auto recording = std::make_shared<Recording>();
    Lanes lanes(recording);
    for (std::uint32_t id = 1; id <= 3000; ++id)
        recording->beginTrack(newTrack(id));
    QCOMPARE(lanes.update(), Lanes::Change::Order);
    QCOMPARE(lanes.all().size(), Lanes::maximumLanes);
    QCOMPARE(lanes.alive(), 3000);
    QCOMPARE(lanes.aliveWithoutLane(), 3000 - int(Lanes::maximumLanes));

    for (std::uint32_t id = 1; id <= 3000; ++id)
        recording->endTrack(id, std::chrono::steady_clock::now());
    recording->beginTrack(newTrack(3001));
    lanes.update();
    QCOMPARE(lanes.alive(), 1);
    QVERIFY(lanes.find(3001)->lane); // there is room again
}

void TestMonitor::whoeverWasAwayForLongStartsAnew()
{
    const auto recording = std::make_shared<Recording>();
    Lanes lanes(recording);
    recording->beginTrack(newTrack(1));
    recording->beginTrack(newTrack(2));
    lanes.update();
    QCOMPARE(lanes.alive(), 2);

    recording->endTrack(1, std::chrono::steady_clock::now());
    for (std::size_t i = 0; i < Recording::maximumSpans + 1; ++i)
        recording->change(2, Activity::Ready, {}, std::chrono::steady_clock::now());
    lanes.update();
    QCOMPARE(lanes.spans().size(), Recording::maximumSpans);
    QVERIFY(!lanes.find(1)); // its end was not seen, and it is not taken to be alive
    QCOMPARE(lanes.alive(), 1);
    QCOMPARE(lanes.update(), Lanes::Change::Nothing);
}

void TestMonitor::theTimelineIsReadByKeyboardAndMouse()
{
    const Recorder recorder;
    const TaskHandle<> task = spawn(sleeping(1h), "sleeper");
    LoopView view;
    view.setRecorder(&recorder);
    view.resize(800, 500);
    view.show();
    QVERIFY(QTest::qWaitForWindowExposed(&view));
    auto &timeline = *view.findChild<Timeline *>("timeline");
    auto &detail = *view.findChild<QLabel *>("timelineDetail");
    QTRY_VERIFY(timeline.summary().contains("tasks alive: 1"));

    QTest::keyClick(&timeline, Qt::Key_Down);
    QTRY_VERIFY2(detail.text().startsWith(QString("sleeper #")), qPrintable(detail.text()));
    QTRY_VERIFY2(detail.text().contains("waiting for a timer, for "), qPrintable(detail.text()));
    QTRY_VERIFY(timeline.accessibleDescription().contains(QString("sleeper #")));

    const QPoint axis(700, 3);
    const QPoint name(5, timeline.viewport()->fontMetrics().height() * 2);
    QVERIFY2(timeline.detailAt(name).contains("sleeper"), qPrintable(timeline.detailAt(name)));
    QCOMPARE(timeline.detailAt(axis), QString());
    QMouseEvent move(QEvent::MouseMove, axis, axis, timeline.viewport()->mapToGlobal(axis), Qt::NoButton, Qt::NoButton,
                     Qt::NoModifier);
    QCoreApplication::sendEvent(timeline.viewport(), &move);
    QVERIFY(!detail.text().contains("sleeper")); // what is pointed at comes first

    QStringList order;
    for (const QWidget *next = view.nextInFocusChain(); next != &view; next = next->nextInFocusChain()) {
        const bool isTabsOwn = next->focusProxy() || qobject_cast<QTabBar *>(next->parentWidget());
        if (next->focusPolicy() & Qt::TabFocus && !next->objectName().startsWith("qt_") && !isTabsOwn)
            order += next->objectName();
    }
    QCOMPARE(order, (QStringList{"loopTabs", "pauseTimeline", "zoomIn", "zoomOut", "timeline", "copyTasks", "taskTree"}));

    const auto span = timeline.span();
    QTest::keyClick(&timeline, '+');
    QCOMPARE(timeline.span() / 1ms, span / 2ms);
    view.findChild<QPushButton *>("zoomOut")->click();
    QCOMPARE(timeline.span() / 1ms, span / 1ms);
    for (const char *figure : {"lagP50", "lagP99", "lagMax", "uvRate", "depth", "parked", "taskCount", "heldBack"})
        QVERIFY2(view.findChild<QLabel *>(figure)->text().contains(QRegularExpression("[0-9]")), figure);
    end(task);
}

void TestMonitor::aTextGrowsWithItsBar()
{
    // given: a bar that is too short for what it waits for, "task 'xxx…'"
    const Recorder recorder;
    const TaskHandle<> task = spawn(sleeping(1h), std::string(100, 'x'));
    const TaskHandle<> waiting = spawn(awaiting(task), "waiting");
    LoopView view;
    view.setRecorder(&recorder);
    view.resize(800, 500);
    view.show();
    QVERIFY(QTest::qWaitForWindowExposed(&view));
    auto &timeline = *view.findChild<Timeline *>("timeline");
    QTest::keyClick(&timeline, '+');
    // when: it grows, and only what is new of it is painted
    QTest::qWait(900);
    // then: it looks as if it had been painted at once
    QWidget &shown = *timeline.viewport();
    const QPoint at = shown.mapTo(&view, QPoint());
    const QImage piecemeal = view.screen()
                                     ->grabWindow(view.winId(), at.x(), at.y(), shown.width(), shown.height())
                                     .toImage()
                                     .convertToFormat(QImage::Format_RGB32);
    QVERIFY(piecemeal == shown.grab().toImage().convertToFormat(QImage::Format_RGB32));
    end(task);
    static_cast<void>(tryRunSync(awaiting(waiting)));
}

void TestMonitor::aPausedTimelineStandsStill()
{
    const Recorder recorder;
    const TaskHandle<> task = spawn(sleeping(1h), "sleeper");
    LoopView view;
    view.setRecorder(&recorder);
    view.show();
    QVERIFY(QTest::qWaitForWindowExposed(&view));
    auto &timeline = *view.findChild<Timeline *>("timeline");
    auto &pause = *view.findChild<QPushButton *>("pauseTimeline");
    const QImage first = timeline.grab().toImage();
    QTRY_VERIFY(timeline.grab().toImage() != first); // the control: while it lives, it moves

    pause.click();
    QVERIFY(timeline.isPaused());
    const QImage paused = timeline.grab().toImage();
    const TaskHandle<> another = spawn(sleeping(1ms), "another");
    runSync(awaiting(another));
    QTest::qWait(100);
    QVERIFY(timeline.grab().toImage() == paused);

    QTest::keyClick(&timeline, Qt::Key_Space);
    QVERIFY(!timeline.isPaused() && !pause.isChecked());
    QTRY_VERIFY(timeline.grab().toImage() != paused);
    end(task);
}

namespace {

void showTree(LoopView &view)
{
    auto &tabs = *view.findChild<QTabWidget *>();
    tabs.setCurrentWidget(view.findChild<QWidget *>("treePage"));
}

} // namespace

void TestMonitor::theTreeIsCopied()
{
    const Recorder recorder;
    const TaskHandle<> task = spawn(sleeping(1h), "sleeper");
    LoopView view;
    view.setRecorder(&recorder);
    view.show();
    showTree(view);
    auto &tree = *view.findChild<QPlainTextEdit *>("taskTree");
    QTRY_VERIFY2(tree.toPlainText().contains("task 'sleeper': waits for a timer"), qPrintable(tree.toPlainText()));
    view.findChild<QPushButton *>("copyTasks")->click();
    QCOMPARE(QGuiApplication::clipboard()->text().trimmed(), tree.toPlainText().trimmed());
    end(task);
}

void TestMonitor::anotherThreadsBridgeIsShown()
{
    QThread thread;
    QObject there;
    there.moveToThread(&thread);
    thread.start();
    std::unique_ptr<Recorder> recorder;
    QMetaObject::invokeMethod(
            &there,
            [&recorder] {
                recorder = std::make_unique<Recorder>();
                spawn(sleeping(1h), "far away");
            },
            Qt::BlockingQueuedConnection);

    LoopView view;
    view.setRecorder(recorder.get());
    view.show();
    showTree(view);
    auto &tree = *view.findChild<QPlainTextEdit *>("taskTree");
    QTRY_VERIFY2(tree.toPlainText().contains("far away"), qPrintable(tree.toPlainText()));
    QTRY_COMPARE(view.findChild<QLabel *>("taskCount")->text(), QString("1"));
    QMetaObject::invokeMethod(
            &there, [&recorder] { recorder.reset(); }, Qt::BlockingQueuedConnection);
    thread.quit();
    QVERIFY(thread.wait(5000));
    QVERIFY(!view.findChild<QLabel *>("lagMax")->text().contains("blocked")); // it is not: it has ended
    auto &timeline = *view.findChild<Timeline *>("timeline");
    QTest::keyClick(&timeline, Qt::Key_Down);
    QVERIFY2(timeline.detail().contains("far away"), qPrintable(timeline.detail())); // what there was can still be read
}

INTERLOOP_TEST_MAIN(TestMonitor)
#include "tst_monitor.moc"
