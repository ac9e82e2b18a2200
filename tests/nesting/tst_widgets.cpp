// SPDX-License-Identifier: MIT
#include <tests/cleanupcheck.h>
#include <tests/messages.h>
#include <tests/testmain.h>
#include <tests/windows.h>

#include <interloop/interloop.h>

#include <QAbstractTableModel>
#include <QDialog>
#include <QDrag>
#include <QDropEvent>
#include <QFileDialog>
#include <QFileSystemModel>
#include <QLineEdit>
#include <QMenu>
#include <QMessageBox>
#include <QMimeData>
#include <QPointer>
#include <QProcess>
#include <QPushButton>
#include <QStandardItemModel>
#include <QStandardPaths>
#include <QThreadPool>
#include <QTreeView>
#include <QVBoxLayout>

#include <algorithm>
#include <deque>
#include <functional>
#include <latch>
#include <memory>

/*
 * Rows N05 and N23 with real widgets, and item views whose model changes under the slot that waits. What a user does
 * comes as mouse and key events; once from the X server. Each in both forms of waiting, whatever the environment says.
 */

using namespace interloop;
using namespace interloop::test;
using namespace std::chrono_literals;

namespace {

enum class Opener { Task, PlainSlot, ConnectedSlot, Wait };
enum class Modal { Dialog, MessageBox, Menu, FileDialog, Drag };
enum class Change { ModelCleared, RowsRemoved, ModelDeleted, ModelReplaced, ViewDeleted, WindowDeleted };
enum class SlotKind { Plain, Connected, Coroutine };

} // namespace

class Source : public QObject
{
    Q_OBJECT

signals:
    void fired();
};

class TestWidgets : public QObject
{
    Q_OBJECT

private slots:
    void initTestCase();
    void init();
    void cleanup();

    void N05_clicksOnAPlainSlotReachTheCap_data() { addForms(); }
    void N05_clicksOnAPlainSlotReachTheCap();
    void N05_aConnectionDropsTheClicksThatOverlap_data() { addForms(); }
    void N05_aConnectionDropsTheClicksThatOverlap();
    void N05_clicksOfTheXServer_data() { addForms(); }
    void N05_clicksOfTheXServer();
    void N23_whileADialogIsOpenTasksTickAndWaitsEnd_data();
    void N23_whileADialogIsOpenTasksTickAndWaitsEnd();
    void N23_aDragByTheXServerAndAWaitInTheDropEvent_data() { addForms(); }
    void N23_aDragByTheXServerAndAWaitInTheDropEvent();
    void modelChangesUnderTheViewWhoseSlotWaits_data();
    void modelChangesUnderTheViewWhoseSlotWaits();
    void modelIsResetWhileAnEditorIsOpenAndASlotWaits_data() { addForms(); }
    void modelIsResetWhileAnEditorIsOpenAndASlotWaits();
    void aModelsDataMayWait_data() { addForms(); }
    void aModelsDataMayWait();
    void aModelsDataMayWaitWhileItsViewIsShown_data() { addForms(); }
    void aModelsDataMayWaitWhileItsViewIsShown();

private:
    static void addForms();

    CleanupCheck m_leaks;
    bool m_isParking = false; // as the environment says
};

namespace {

// The form of waiting that the data row names.
bool useForm()
{
    QFETCH(bool, parks);
    Bridge::current().setParking(parks);
    return parks;
}

// Runs the application until `isOver`.
void execUntil(const std::function<bool()> &isOver)
{
    QTimer timer;
    QObject::connect(&timer, &QTimer::timeout, [&] {
        if (isOver())
            QCoreApplication::quit();
    });
    timer.start(1);
    QCoreApplication::exec();
}

// Somebody who looks again and again, also in the loops that his own doings open, and does the next thing when its time
// has come.
class User
{
public:
    User() { look(); }

    void when(std::function<bool()> condition, std::function<void()> act)
    {
        m_steps.push_back({std::move(condition), std::move(act)});
    }

private:
    using Step = std::pair<std::function<bool()>, std::function<void()>>;

    void look()
    {
        QTimer::singleShot(1, &m_context, [this] { look(); });
        if (m_steps.empty() || !m_steps.front().first())
            return;
        const Step step = std::move(m_steps.front());
        m_steps.pop_front();
        step.second();
    }

    QObject m_context;
    std::deque<Step> m_steps;
};

// A task that is seen to go on.
class Ticker
{
public:
    Ticker() : m_task(spawn(tick(this), "ticker")) { }
    ~Ticker()
    {
        m_task.cancel();
        static_cast<void>(tryRunSync(m_task));
    }

    // Until it has ticked so many times more.
    Task<> ticks(int number) const
    {
        for (const int last = m_count + number; m_count < last;)
            co_await sleepFor(1ms);
    }

private:
    static Task<> tick(Ticker *ticker)
    {
        for (;;) {
            co_await sleepFor(2ms);
            ++ticker->m_count;
        }
    }

    int m_count = 0;
    TaskHandle<> m_task;
};

void click(QWidget *widget)
{
    QTest::mouseClick(widget, Qt::LeftButton);
}

} // namespace

void TestWidgets::addForms()
{
    QTest::addColumn<bool>("parks");
    QTest::newRow("nested") << false;
    if (FiberContext::isBuilt())
        QTest::newRow("parked") << true;
}

namespace {

// Qt paints large areas on threads of the pool, which have a descriptor each: all of them begin now, and stay.
void startPainters()
{
    QThreadPool *pool = QThreadPool::globalInstance();
    pool->setExpiryTimeout(-1);
    const int count = pool->maxThreadCount();
    const auto haveBegun = std::make_shared<std::latch>(count);
    for (int n = 0; n < count; ++n)
        pool->start([haveBegun] { haveBegun->arrive_and_wait(); });
    haveBegun->wait(); // waitForDone() would end them
}

} // namespace

void TestWidgets::initTestCase()
{
    prepareWindows();
    startPainters();
    // What the first of each kind opens and keeps.
    QFileDialog dialog;
    dialog.setOption(QFileDialog::DontUseNativeDialog);
    QSignalSpy isLoaded(dialog.findChild<QFileSystemModel *>(), &QFileSystemModel::directoryLoaded);
    dialog.show();
    QVERIFY(isLoaded.wait());
}

void TestWidgets::init()
{
    m_leaks.begin();
    m_isParking = Bridge::current().isParking();
}

void TestWidgets::cleanup()
{
    Bridge::current().setMaximumDepth(64);
    Bridge::current().setParking(m_isParking);
    m_leaks.check();
}

namespace {

// The X server's own mouse.
void startXdotool(QProcess &process, const QStringList &arguments)
{
    const QString xdotool = QStandardPaths::findExecutable("xdotool");
    QVERIFY2(!xdotool.isEmpty(), "there is no xdotool");
    process.start(xdotool, arguments);
}

QStringList moveTo(QPoint point)
{
    return {"mousemove", QString::number(point.x()), QString::number(point.y())};
}

// A button whose slot waits for one and a half of the times that lie between two clicks.
class SlowButton
{
public:
    static constexpr std::chrono::milliseconds period = 20ms;

    SlowButton()
    {
        m_button.move(50, 60);
        m_button.resize(100, 40);
        m_button.show();
        static_cast<void>(QTest::qWaitForWindowExposed(&m_button));
    }

    void connectPlain()
    {
        QObject::connect(&m_button, &QPushButton::clicked, &m_button, [this] { waitInSlot(); });
    }
    void connectDropping()
    {
        QObject::connect(&m_button, &QPushButton::clicked, &m_button, [this] { // is called first
            ++clicks;
            dropped += m_connection.isRunning();
            deepest = std::max(deepest, Bridge::current().depth());
            mostParked = std::max(mostParked, Bridge::current().parked());
        });
        m_connection = interloop::connect(&m_button, &QPushButton::clicked, &m_button, [this] { waitInSlot(); });
    }

    // Clicks by the mouse, one a period, while `isToGoOn`.
    void clickAgainAndAgain(std::function<bool()> isToGoOn)
    {
        if (!isToGoOn())
            return;
        QTimer::singleShot(period, Qt::PreciseTimer, &m_button, [=, this] { clickAgainAndAgain(isToGoOn); });
        click(&m_button);
    }

    bool isRunning() const { return begun > ended; }
    bool hasSeenBoth() const { return begun > 2 && dropped > 2; }
    QPoint center() const { return m_button.mapToGlobal(m_button.rect().center()); }

    int clicks = 0;
    int begun = 0;
    int ended = 0;
    int dropped = 0;
    int deepest = 0;
    int mostParked = 0;
    QString refusal;

private:
    void waitInSlot()
    {
        if (!refusal.isEmpty())
            return;
        ++begun;
        deepest = std::max(deepest, Bridge::current().depth());
        const Result<> result = tryRunSync(sleepFor(period * 3 / 2));
        if (result.outcome() == Outcome::Refused)
            refusal = QString::fromStdString(result.errorString());
        ++ended;
    }

    QPushButton m_button;
    Connection m_connection;
};

} // namespace

void TestWidgets::N05_clicksOnAPlainSlotReachTheCap()
{
    useForm(); // plain slots nest in both
    Bridge::current().setMaximumDepth(5);
    SlowButton button;
    button.connectPlain();

    QTimer::singleShot(0, this, [&] { button.clickAgainAndAgain([&] { return button.refusal.isEmpty(); }); });
    execUntil([&] { return !button.refusal.isEmpty() && !button.isRunning(); });

    QCOMPARE(button.deepest, 5);
    QVERIFY2(button.refusal.startsWith("TooDeep"), qPrintable(button.refusal));
}

void TestWidgets::N05_aConnectionDropsTheClicksThatOverlap()
{
    const bool parks = useForm();
    SlowButton button;
    button.connectDropping();

    QTimer::singleShot(0, this, [&] { button.clickAgainAndAgain([&] { return !button.hasSeenBoth(); }); });
    execUntil([&] { return button.hasSeenBoth() && !button.isRunning(); });

    QCOMPARE(button.begun + button.dropped, button.clicks);
    QCOMPARE(button.deepest, parks ? 0 : 1);
    QCOMPARE(button.mostParked, parks ? 1 : 0);
}

void TestWidgets::N05_clicksOfTheXServer()
{
    const bool parks = useForm();
    if (QGuiApplication::platformName() != "xcb")
        QSKIP("needs an X server");
    const auto startClicking = [](QProcess &process, const SlowButton &button) {
        startXdotool(process, moveTo(button.center())
                             + QStringList({"click", "--repeat", "1000", "--delay",
                                            QString::number(SlowButton::period.count()), "1"}));
    };
    {
        Bridge::current().setMaximumDepth(5);
        SlowButton button;
        button.connectPlain();
        QProcess process;
        startClicking(process, button);
        User user;
        user.when([&] { return !button.refusal.isEmpty(); }, [&] { process.terminate(); });
        execUntil([&] { return process.state() == QProcess::NotRunning && !button.isRunning(); });
        QCOMPARE(button.deepest, 5);
        QVERIFY2(button.refusal.startsWith("TooDeep"), qPrintable(button.refusal));
    }
    {
        SlowButton button;
        button.connectDropping();
        QProcess process;
        startClicking(process, button);
        User user;
        user.when([&] { return button.hasSeenBoth(); }, [&] { process.terminate(); });
        execUntil([&] { return process.state() == QProcess::NotRunning && !button.isRunning(); });
        QCOMPARE(button.begun + button.dropped, button.clicks);
        QCOMPARE(button.deepest, parks ? 0 : 1);
        QCOMPARE(button.mostParked, parks ? 1 : 0);
    }
}

namespace {

// Something that blocks in exec() of its own, and is dismissed as a user does it.
class Blocker
{
public:
    explicit Blocker(Modal kind) : m_kind(kind)
    {
        m_window.resize(300, 200);
        m_window.show();
        static_cast<void>(QTest::qWaitForWindowExposed(&m_window));
    }

    QWidget &window() { return m_window; }

    // Whether exec() has been called, and its event loop runs.
    bool isOpen() const { return m_isInLoop; }

    QString exec()
    {
        QTimer::singleShot(0, &m_window, [this] { m_isInLoop = true; });
        const QString result = execKind();
        m_isInLoop = false;
        return result;
    }

    void dismiss()
    {
        switch (m_kind) {
        case Modal::Dialog:
            click(m_widget->findChild<QPushButton *>());
            break;
        case Modal::MessageBox:
            QTest::keyClick(m_widget, Qt::Key_Return);
            break;
        case Modal::Menu:
            QTest::keyClick(m_widget, Qt::Key_Down);
            QTest::keyClick(m_widget, Qt::Key_Return);
            break;
        case Modal::FileDialog:
            QTest::keyClick(m_widget, Qt::Key_Escape);
            break;
        case Modal::Drag:
            QTest::keyClick(m_window.windowHandle(), Qt::Key_Escape);
            break;
        }
    }

private:
    QString execKind()
    {
        switch (m_kind) {
        case Modal::Dialog: {
            QDialog dialog(&m_window);
            QPushButton button("OK", &dialog);
            QObject::connect(&button, &QPushButton::clicked, &dialog, &QDialog::accept);
            m_widget = &dialog;
            return dialog.exec() == QDialog::Accepted ? "accepted" : "rejected";
        }
        case Modal::MessageBox: {
            QMessageBox box(QMessageBox::Question, "title", "text", QMessageBox::Yes | QMessageBox::No, &m_window);
            box.setDefaultButton(QMessageBox::Yes);
            m_widget = &box;
            return box.exec() == QMessageBox::Yes ? "accepted" : "rejected";
        }
        case Modal::Menu: {
            QMenu menu(&m_window);
            const QAction *action = menu.addAction("action");
            m_widget = &menu;
            return menu.exec(m_window.mapToGlobal(QPoint(10, 10))) == action ? "accepted" : "rejected";
        }
        case Modal::FileDialog: {
            QFileDialog dialog(&m_window);
            dialog.setOption(QFileDialog::DontUseNativeDialog);
            m_widget = &dialog;
            return dialog.exec() == QDialog::Accepted ? "accepted" : "rejected";
        }
        case Modal::Drag: {
            auto *drag = new QDrag(&m_window); // Qt deletes it
            auto *data = new QMimeData;
            data->setText("text");
            drag->setMimeData(data);
            return drag->exec() == Qt::IgnoreAction ? "rejected" : "accepted";
        }
        }
        return {};
    }

    Modal m_kind;
    QWidget m_window;
    QPointer<QWidget> m_widget;
    bool m_isInLoop = false;
};

Task<> execInTask(const std::function<void()> &exec)
{
    co_await yield();
    exec();
}

} // namespace

void TestWidgets::N23_whileADialogIsOpenTasksTickAndWaitsEnd_data()
{
    QTest::addColumn<bool>("parks");
    QTest::addColumn<int>("opener");
    QTest::addColumn<int>("modal");
    QTest::addColumn<QString>("result");
    const auto add = [](Modal modal, const char *name, const char *result) {
        const auto addOpener = [&](Opener opener, const char *place) {
            for (const bool parks : {false, true}) {
                if (parks && !FiberContext::isBuilt())
                    continue;
                QTest::addRow("%s in %s, %s", name, place, parks ? "parked" : "nested")
                        << parks << int(opener) << int(modal) << result;
            }
        };
        addOpener(Opener::Task, "a coroutine");
        addOpener(Opener::PlainSlot, "a slot");
        addOpener(Opener::ConnectedSlot, "a connected slot");
        addOpener(Opener::Wait, "a wait");
    };
    add(Modal::Dialog, "QDialog", "accepted");
    add(Modal::MessageBox, "QMessageBox", "accepted");
    add(Modal::Menu, "QMenu", "accepted");
    add(Modal::FileDialog, "QFileDialog", "rejected");
    if (QGuiApplication::platformName() == "xcb") // elsewhere QDrag::exec() returns at once
        add(Modal::Drag, "QDrag", "rejected");
}

void TestWidgets::N23_whileADialogIsOpenTasksTickAndWaitsEnd()
{
    QFETCH(int, opener);
    QFETCH(int, modal);
    QFETCH(QString, result);
    const bool parks = useForm();
    Blocker blocker{Modal(modal)};
    QPushButton button("open", &blocker.window());
    button.show();
    Ticker ticker;
    QStringList order;
    QString got;
    bool wasOpen = false;
    const std::function<void()> exec = [&] {
        got = blocker.exec();
        order += "closed";
    };

    // given: somebody opens it
    TaskHandle<> task;
    Source source; // for a slot that waits while it is open, and beyond that if it can
    Future<> gate;
    interloop::connect(&source, &Source::fired, this, [&] {
        order += "connected slot";
        order += nameOf(tryRunSync(gate).outcome());
    });
    User user;
    switch (Opener(opener)) {
    case Opener::Task:
        task = spawn(execInTask(exec), "opener");
        break;
    case Opener::PlainSlot:
        connect(&button, &QPushButton::clicked, this, exec);
        user.when([] { return true; }, [&] { click(&button); });
        break;
    case Opener::ConnectedSlot:
        interloop::connect(&button, &QPushButton::clicked, this, exec);
        user.when([] { return true; }, [&] { click(&button); });
        break;
    case Opener::Wait:
        user.when([] { return true; }, [&] { static_cast<void>(tryRunSync(sleepFor(10ms))); });
        user.when([] { return Bridge::current().depth() == 1; }, exec);
        break;
    }
    // when: a plain slot waits in its loop, a connected one does, and it is closed meanwhile
    user.when([&] { return blocker.isOpen(); }, [&] {
        order += nameOf(tryRunSync(ticker.ticks(5)).outcome());
        wasOpen = blocker.isOpen();
    });
    user.when([&] { return order.size() == 1; }, [&] { emit source.fired(); });
    user.when([&] { return order.size() == 2; }, [&] { blocker.dismiss(); });
    user.when([&] { return !parks || order.size() == 3; }, [&] { gate.setResult(); });
    execUntil([&] { return order.size() == 4; });

    // then: both waits end, parked also in another order than they began
    QCOMPARE(order.join(' '), parks ? "Value connected slot closed Value" : "Value connected slot Value closed");
    QCOMPARE(got, result);
    QVERIFY(wasOpen);
    QCOMPARE(Bridge::current().depth(), 0);
}

namespace {

class DragSource : public QWidget
{
public:
    using QWidget::QWidget;
    Qt::DropAction action = Qt::IgnoreAction;
    bool isDragging = false;
    bool hasEnded = false;

private:
    void mouseMoveEvent(QMouseEvent *) override
    {
        if (std::exchange(isDragging, true))
            return;
        auto *drag = new QDrag(this); // Qt deletes it
        auto *data = new QMimeData;
        data->setText("text");
        drag->setMimeData(data);
        action = drag->exec(Qt::CopyAction);
        hasEnded = true;
    }
};

class DropTarget : public QWidget
{
public:
    DropTarget(const Ticker &ticker, QWidget *parent) : QWidget(parent), m_ticker(ticker) { setAcceptDrops(true); }
    QString dropped;

private:
    void dragEnterEvent(QDragEnterEvent *event) override { event->acceptProposedAction(); }
    void dropEvent(QDropEvent *event) override
    {
        event->acceptProposedAction();
        dropped = event->mimeData()->text();
        dropped += nameOf(tryRunSync(m_ticker.ticks(5)).outcome());
    }

    const Ticker &m_ticker;
};

} // namespace

void TestWidgets::N23_aDragByTheXServerAndAWaitInTheDropEvent()
{
    useForm();
    if (QGuiApplication::platformName() != "xcb")
        QSKIP("needs an X server");
    const Ticker ticker;
    QWidget window;
    DragSource source(&window);
    source.setGeometry(0, 0, 100, 100);
    DropTarget target(ticker, &window);
    target.setGeometry(100, 0, 100, 100);
    window.setGeometry(50, 60, 200, 100);
    window.show();
    QVERIFY(QTest::qWaitForWindowExposed(&window));

    // when: the mouse is pressed, moved and, after a wait in a slot that the drag's loop calls, released
    const QPoint from = source.mapToGlobal(QPoint(50, 50));
    const QPoint to = target.mapToGlobal(QPoint(50, 50));
    QProcess press;
    QProcess release;
    QString waited;
    User user;
    user.when([] { return true; }, [&] {
        startXdotool(press, moveTo(from) + QStringList({"mousedown", "1"}) + moveTo(from + QPoint(20, 0)) + moveTo(to));
    });
    user.when([&] { return source.isDragging && press.state() == QProcess::NotRunning; }, [&] {
        waited = nameOf(tryRunSync(ticker.ticks(5)).outcome());
        startXdotool(release, moveTo(to + QPoint(5, 0)) + QStringList({"mouseup", "1"}));
    });
    execUntil([&] { return source.hasEnded && release.state() == QProcess::NotRunning; });

    QCOMPARE(waited, "Value");
    QCOMPARE(target.dropped, "textValue");
    QCOMPARE(source.action, Qt::CopyAction);
}

namespace {

// A window with a tree of ten rows.
class Browser
{
public:
    Browser()
    {
        auto *layout = new QVBoxLayout(window);
        layout->addWidget(view);
        fill(*model);
        view->setModel(model);
        window->resize(300, 300);
        window->show();
        static_cast<void>(QTest::qWaitForWindowExposed(window));
    }
    ~Browser()
    {
        delete window;
        delete model;
        delete m_other;
    }

    static void fill(QStandardItemModel &model)
    {
        for (int row = 0; row < 10; ++row)
            model.appendRow({new QStandardItem(QString::number(row)), new QStandardItem("text")});
    }

    void clickRow(int row)
    {
        const QRect rect = view->visualRect(view->model()->index(row, 0));
        QTest::mouseClick(view->viewport(), Qt::LeftButton, {}, rect.center());
    }

    void change(Change change)
    {
        switch (change) {
        case Change::ModelCleared:
            model->clear();
            fill(*model);
            break;
        case Change::RowsRemoved:
            model->removeRows(0, 8);
            break;
        case Change::ModelDeleted:
            delete model;
            view->setModel(other());
            break;
        case Change::ModelReplaced:
            view->setModel(other());
            break;
        case Change::ViewDeleted:
            delete view;
            break;
        case Change::WindowDeleted:
            delete window;
            break;
        }
    }

    QPointer<QWidget> window = new QWidget;
    QPointer<QTreeView> view = new QTreeView;
    QPointer<QStandardItemModel> model = new QStandardItemModel;

private:
    QStandardItemModel *other()
    {
        m_other = new QStandardItemModel;
        fill(*m_other);
        return m_other;
    }

    QPointer<QStandardItemModel> m_other;
};

} // namespace

void TestWidgets::modelChangesUnderTheViewWhoseSlotWaits_data()
{
    QTest::addColumn<bool>("parks");
    QTest::addColumn<int>("slot");
    QTest::addColumn<int>("change");
    QTest::addColumn<QString>("expected");
    QTest::addColumn<bool>("isIndexValid");
    const auto add = [](Change change, const char *name, const char *expected, bool isIndexValid) {
        const auto addSlot = [&](SlotKind slot, const char *kind) {
            for (const bool parks : {false, true}) {
                if (parks && !FiberContext::isBuilt())
                    continue;
                // The view emits in the middle of an event handler, and goes on there behind a slot that nests.
                const bool isDeadly = change == Change::ViewDeleted || change == Change::WindowDeleted;
                const bool nests = slot == SlotKind::Plain || (slot == SlotKind::Connected && !parks);
                if (isDeadly && nests)
                    continue;
                QTest::addRow("%s, %s slot, %s", name, kind, parks ? "parked" : "nested")
                        << parks << int(slot) << int(change) << expected << isIndexValid;
            }
        };
        addSlot(SlotKind::Plain, "plain");
        addSlot(SlotKind::Connected, "connected");
        addSlot(SlotKind::Coroutine, "coroutine");
    };
    add(Change::ModelCleared, "model cleared", "Value", false);
    add(Change::RowsRemoved, "rows removed", "Value", false);
    add(Change::ModelDeleted, "model deleted", "Value", false);
    add(Change::ModelReplaced, "model replaced", "Value", true);
    add(Change::ViewDeleted, "view deleted", "ContextDestroyed", true);
    add(Change::WindowDeleted, "window deleted", "ContextDestroyed", true);
}

void TestWidgets::modelChangesUnderTheViewWhoseSlotWaits()
{
    QFETCH(int, slot);
    QFETCH(int, change);
    QFETCH(QString, expected);
    QFETCH(bool, isIndexValid);
    useForm();
    Browser browser;
    QStringList ends;
    bool isWaiting = false;
    bool wasValid = false;
    Future<> gate;
    const auto end = [&](const QPersistentModelIndex &index, Outcome outcome) {
        wasValid = index.isValid();
        ends += nameOf(outcome);
    };
    const auto plain = [&](const QModelIndex &index) {
        const QPersistentModelIndex kept = index;
        isWaiting = true;
        const Result<> result = tryRunSync(gate, RunOptions().context(browser.view));
        end(kept, result.outcome());
    };
    const auto coroutine = [&](const QModelIndex &index) -> Task<> {
        const QPersistentModelIndex kept = index;
        isWaiting = true;
        Outcome outcome = Outcome::Value;
        try {
            co_await gate;
        } catch (const Cancelled &cancelled) {
            outcome = cancelled.outcome();
        }
        end(kept, outcome);
    };
    switch (SlotKind(slot)) {
    case SlotKind::Plain:
        connect(browser.view, &QTreeView::clicked, browser.view, plain);
        break;
    case SlotKind::Connected:
        interloop::connect(browser.view.data(), &QTreeView::clicked, browser.view, plain);
        break;
    case SlotKind::Coroutine:
        interloop::connect(browser.view.data(), &QTreeView::clicked, browser.view, coroutine);
        break;
    }
    User user;
    user.when([] { return true; }, [&] { browser.clickRow(3); });
    user.when([&] { return isWaiting; }, [&] {
        browser.change(Change(change));
        gate.setResult();
    });
    execUntil([&] { return ends.size() == 1; });

    QCOMPARE(ends, QStringList(expected));
    QCOMPARE(wasValid, isIndexValid);
    if (!browser.view)
        return;
    QTimer::singleShot(0, this, [&] { browser.clickRow(1); }); // and the view works again
    execUntil([&] { return ends.size() == 2; });
    QCOMPARE(ends, QStringList({expected, "Value"}));
}

void TestWidgets::modelIsResetWhileAnEditorIsOpenAndASlotWaits()
{
    useForm();
    Browser browser;
    QPointer<QLineEdit> editor;
    QStringList ends;
    Future<> gate;
    interloop::connect(browser.view.data(), &QTreeView::clicked, browser.view, [&](const QModelIndex &index) {
        browser.view->edit(index);
        editor = browser.view->findChild<QLineEdit *>();
        ends += nameOf(tryRunSync(gate).outcome());
    });
    QString typed;
    User user;
    user.when([] { return true; }, [&] { browser.clickRow(3); });
    user.when([&] { return editor; }, [&] {
        QTest::keyClicks(editor, "typed");
        typed = editor->text();
        browser.change(Change::ModelCleared);
        gate.setResult();
    });
    execUntil([&] { return ends.size() == 1; });

    QCOMPARE(typed, "typed");
    QCOMPARE(ends, QStringList("Value"));
    QTRY_VERIFY(!editor);
    QCOMPARE(browser.model->item(3)->text(), "3"); // what was typed belonged to the old rows
}

namespace {

// A model that fetches a row when it is asked for it.
class LazyModel : public QAbstractTableModel
{
public:
    explicit LazyModel(const Ticker &ticker) : m_ticker(ticker) { }

    int rowCount(const QModelIndex &) const override { return 3; }
    int columnCount(const QModelIndex &) const override { return 1; }
    QVariant data(const QModelIndex &index, int role) const override
    {
        if (role != Qt::DisplayRole)
            return {};
        QString &text = m_texts[std::size_t(index.row())];
        if (text.isEmpty()) {
            QTimer::singleShot(0, this, [this] {
                depth = std::max(depth, Bridge::current().depth());
                parked = std::max(parked, Bridge::current().parked());
            });
            text = runSync(fetch(index.row()));
        }
        return text;
    }

    bool isLoaded() const
    {
        return std::none_of(m_texts.begin(), m_texts.end(), [](const QString &text) { return text.isEmpty(); });
    }

    mutable int depth = 0;
    mutable int parked = 0;

private:
    Task<QString> fetch(int row) const
    {
        co_await m_ticker.ticks(2);
        co_return QStringLiteral("row %1").arg(row);
    }

    const Ticker &m_ticker;
    mutable std::array<QString, 3> m_texts;
};

} // namespace

void TestWidgets::aModelsDataMayWait()
{
    useForm();
    const Ticker ticker;
    LazyModel model(ticker);
    QTreeView view;
    view.setModel(&model);
    Source source;
    bool hasEnded = false;
    interloop::connect(&source, &Source::fired, this, [&] {
        view.resizeColumnToContents(0); // Qt's code lies between this slot and the waits
        hasEnded = true;
    });
    QTimer::singleShot(0, &source, &Source::fired);
    execUntil([&] { return hasEnded; });

    QCOMPARE(model.depth, 1);
    QCOMPARE(model.parked, 0);
    QCOMPARE(model.index(2, 0).data().toString(), "row 2");
}

void TestWidgets::aModelsDataMayWaitWhileItsViewIsShown()
{
    useForm();
    const LoggedMessages messages;
    const Ticker ticker;
    LazyModel model(ticker);
    QTreeView view;
    view.setModel(&model);
    view.resize(200, 200);
    view.show();
    execUntil([&] { return model.isLoaded(); });

    QCOMPARE(model.depth, 1);
    QCOMPARE(model.parked, 0);
    QCOMPARE(messages.texts().join("|"), "");
}

INTERLOOP_TEST_MAIN(TestWidgets)
#include "tst_widgets.moc"
