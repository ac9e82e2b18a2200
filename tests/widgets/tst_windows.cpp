// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>
#include <interloop/widgets/widgets.h>

#include <tests/cleanupcheck.h>
#include <tests/messages.h>
#include <tests/testmain.h>
#include <tests/widgets/user.h>
#include <tests/windows.h>

#include <QCloseEvent>
#include <QEventLoop>
#include <QGuiApplication>
#include <QLineEdit>
#include <QPointer>
#include <QVBoxLayout>
#include <QWindow>
#include <qpa/qwindowsysteminterface.h>

#include <algorithm>

using namespace interloop;
using namespace interloop::test;
using namespace std::chrono_literals;

namespace {

// A window with a box of two fields, and a field outside it.
class Form : public QWidget
{
public:
    Form()
    {
        auto *layout = new QVBoxLayout(this);
        layout->addWidget(outside = new QLineEdit);
        layout->addWidget(box = new QWidget);
        auto *inner = new QVBoxLayout(box);
        inner->addWidget(first = new QLineEdit);
        inner->addWidget(second = new QLineEdit);
        second->setFocus();
        resize(300, 200);
    }

    QLineEdit *outside;
    QWidget *box;
    QLineEdit *first;
    QLineEdit *second;
};

// What one writes by hand: each sets back what it found.
class NaiveGuard
{
public:
    explicit NaiveGuard(QWidget *widget) : m_widget(widget), m_wasEnabled(widget->isEnabled())
    {
        widget->setEnabled(false);
    }
    ~NaiveGuard() { m_widget->setEnabled(m_wasEnabled); }

private:
    QWidget *m_widget;
    bool m_wasEnabled;
};

template<typename Guard>
QString statesWhenTheyEndInOrder(QWidget *widget, std::vector<int> order)
{
    std::vector<std::unique_ptr<Guard>> guards;
    for (std::size_t i = 0; i < order.size(); ++i)
        guards.push_back(std::make_unique<Guard>(widget));
    QString states;
    for (const int index : order) {
        states += widget->isEnabled() ? 'e' : 'd';
        guards[std::size_t(index)].reset();
    }
    return states + (widget->isEnabled() ? 'e' : 'd');
}

// A window that asks a task before it closes.
class Editor : public QWidget
{
public:
    std::function<Task<bool>()> ask;
    int timesAsked = 0;

private:
    void closeEvent(QCloseEvent *event) override
    {
        ++timesAsked;
        confirmClose(this, event, ask());
    }
};

// The same with a bare event loop.
class NaiveEditor : public QWidget
{
public:
    ~NaiveEditor() override { delete loop; }
    QEventLoop *loop = new QEventLoop;
    bool isSaved = false;

private:
    void closeEvent(QCloseEvent *event) override
    {
        loop->exec();
        event->setAccepted(isSaved);
    }
};

Task<bool> answerAfter(std::chrono::milliseconds time, bool yes)
{
    co_await sleepFor(time);
    co_return yes;
}

// Answers when told to, and notes how it ended.
Task<bool> answerWhen(Event &mayAnswer, bool yes, QString &end)
{
    try {
        co_await mayAnswer.wait();
    } catch (const Cancelled &cancelled) {
        end = QString::fromLatin1(nameOf(cancelled.outcome()));
        throw;
    }
    end = QStringLiteral("answered");
    co_return yes;
}

Task<bool> fail()
{
    co_await yield();
    throw std::runtime_error("the disk is full");
}

Task<bool> cancelItself()
{
    co_await yield();
    throw Cancelled();
}

// As the window's close button does it.
bool clickClose(QWidget &window)
{
    return QWindowSystemInterface::handleCloseEvent<QWindowSystemInterface::SynchronousDelivery>(window.windowHandle());
}

// Whether the platform still shows it, whatever QWidget thinks.
bool isOnScreen(const QWidget &window)
{
    return window.isVisible() && window.windowHandle() && window.windowHandle()->handle();
}

} // namespace

class TestWindows : public QObject
{
    Q_OBJECT

private slots:
    void initTestCase() { prepareWindows(); }
    void init() { m_leaks.begin(); }
    void cleanup();

    void guardsGiveAWidgetBackAsItWas();
    void guardsOfOneWidgetEndInAnyOrder();
    void guardsOfParentAndChildEndInAnyOrder_data();
    void guardsOfParentAndChildEndInAnyOrder();
    void guardsOfSlotsThatOverlap();
    void whoEnablesABusyWidgetTakesItOver();
    void theFocusComesBack();
    void theFocusStaysWhereItWasTaken();
    void aBusyWidgetMayDie();
    void theWaitCursorIsOverBusyWidgetsOnly();

    void theTaskSaysWhetherAWindowCloses_data();
    void theTaskSaysWhetherAWindowCloses();
    void withoutAnAnswerAWindowStaysOpen_data();
    void withoutAnAnswerAWindowStaysOpen();
    void aWindowIsAskedOnceAtATime();
    void control_aSecondClickOnCloseDestroysTheWindow();
    void aQuitAsksTheWindow_data();
    void aQuitAsksTheWindow();
    void aQuitInTheMiddleWaitsForTheAnswer_data();
    void aQuitInTheMiddleWaitsForTheAnswer();
    void control_aQuitInTheMiddleEndsWithoutTheAnswer();
    void anExitInTheMiddleEndsWithItsCode();
    void theLastWindowEndsTheApplication();
    void theWindowsDeathEndsItsCloseEvent();
    void theWindowsDeathLetsAQuitGoOn();
    void deleteOnClose();
    void withoutABridgeAWindowCloses();

private:
    CleanupCheck m_leaks = CleanupCheck(CleanupCheck::Descriptors::Uncounted);
};

void TestWindows::cleanup()
{
    QVERIFY(!QGuiApplication::overrideCursor());
    m_leaks.check();
}

void TestWindows::guardsGiveAWidgetBackAsItWas()
{
    Form form;
    for (const bool isEnabled : {true, false}) {
        form.box->setEnabled(isEnabled);
        {
            const BusyGuard busy(form.box);
            QVERIFY(!form.box->isEnabled());
            QVERIFY(!form.first->isEnabled());
            QVERIFY(form.outside->isEnabled());
        }
        QCOMPARE(form.box->isEnabled(), isEnabled);
        QCOMPARE(form.first->isEnabled(), isEnabled);
    }
    const BusyGuard nothing(nullptr);
}

void TestWindows::guardsOfOneWidgetEndInAnyOrder()
{
    Form form;
    std::vector<int> order = {0, 1, 2};
    do {
        QCOMPARE(statesWhenTheyEndInOrder<BusyGuard>(form.box, order), QString("ddde"));
    } while (std::next_permutation(order.begin(), order.end()));
    QCOMPARE(statesWhenTheyEndInOrder<NaiveGuard>(form.box, {0, 1, 2}), QString("dedd")); // control
}

void TestWindows::guardsOfParentAndChildEndInAnyOrder_data()
{
    QTest::addColumn<bool>("parentBegins");
    QTest::addColumn<bool>("parentEnds");
    for (const bool begins : {true, false}) {
        for (const bool ends : {true, false})
            QTest::addRow("%s, %s", begins ? "parent, child" : "child, parent",
                          ends ? "parent, child" : "child, parent")
                    << begins << ends;
    }
}

void TestWindows::guardsOfParentAndChildEndInAnyOrder()
{
    QFETCH(bool, parentBegins);
    QFETCH(bool, parentEnds);
    Form form;
    showActive(form);
    QVERIFY(form.second->hasFocus());
    QWidget *const begin[] = {parentBegins ? &form : form.box, parentBegins ? form.box : &form};
    auto first = std::make_unique<BusyGuard>(begin[0]);
    auto second = std::make_unique<BusyGuard>(begin[1]);
    auto &endsFirst = parentBegins == parentEnds ? first : second;
    auto &endsLast = parentBegins == parentEnds ? second : first;
    endsFirst.reset();
    QVERIFY(!form.second->isEnabled());
    QCOMPARE(form.outside->isEnabled(), parentEnds);
    endsLast.reset();
    QVERIFY(form.second->isEnabled());
    QVERIFY(form.outside->isEnabled());
    QTRY_VERIFY(form.second->hasFocus());
}

void TestWindows::guardsOfSlotsThatOverlap()
{
    Form form;
    Event firstEnds;
    Event secondEnds;
    int begun = 0;
    const auto save = [&](Event &mayEnd) {
        const BusyGuard busy(form.box);
        ++begun;
        runSync(mayEnd.wait());
    };
    QPushButton button;
    interloop::connect(&button, &QPushButton::pressed, &form, [&] { save(firstEnds); });
    interloop::connect(&button, &QPushButton::released, &form, [&] { save(secondEnds); });
    QString states;
    const auto note = [&] { states += form.box->isEnabled() ? 'e' : 'd'; };
    const auto user = [&]() -> Task<> {
        note();
        firstEnds.set();
        co_await until([&] { return begun == 2; });
        co_await sleepFor(1ms);
        note();
        secondEnds.set();
    };
    const TaskHandle<> acts = spawn(user());
    QTest::mouseClick(&button, Qt::LeftButton);
    runSync(acts);
    QTRY_VERIFY(form.box->isEnabled());
    QCOMPARE(states, QString("dd"));
}

void TestWindows::whoEnablesABusyWidgetTakesItOver()
{
    Form form;
    {
        const BusyGuard busy(form.box);
        form.box->setEnabled(true);
        QVERIFY(form.box->isEnabled());
        {
            const BusyGuard again(form.box);
            QVERIFY(!form.box->isEnabled());
            form.box->setEnabled(true);
        }
        form.box->setEnabled(false);
    }
    QVERIFY(!form.box->isEnabled());
}

void TestWindows::theFocusComesBack()
{
    Form form;
    showActive(form);
    QVERIFY(form.second->hasFocus());
    {
        const BusyGuard busy(form.box);
        QVERIFY(!form.focusWidget());
        QTest::keyClicks(&form, "lost");
    }
    QVERIFY(form.second->hasFocus());
    {
        const BusyGuard busy(&form);
        const BusyGuard innermost(form.second);
        delete form.first; // another one
    }
    QVERIFY(form.second->hasFocus());
    {
        const BusyGuard busy(form.box);
        delete form.second;
    }
    QCOMPARE(form.focusWidget(), nullptr);
    QCOMPARE(form.outside->text(), QString());
}

void TestWindows::theFocusStaysWhereItWasTaken()
{
    Form form;
    showActive(form);
    {
        const BusyGuard busy(form.box);
        QTest::mouseClick(form.outside, Qt::LeftButton);
        QVERIFY(form.outside->hasFocus());
    }
    QVERIFY(form.outside->hasFocus());
}

void TestWindows::aBusyWidgetMayDie()
{
    auto form = std::make_unique<Form>();
    form->show();
    const BusyGuard outer(form.get());
    const BusyGuard inner(form->box);
    delete form->box;
    form.reset();
}

void TestWindows::theWaitCursorIsOverBusyWidgetsOnly()
{
    Form form;
    form.move(100, 100);
    showActive(form);
    const auto shape = [] {
        return QGuiApplication::overrideCursor() ? int(QGuiApplication::overrideCursor()->shape()) : -1;
    };
    QTest::mouseMove(form.second);
    QTRY_VERIFY(form.second->underMouse());
    {
        const BusyGuard first(form.second);
        const BusyGuard second(form.box);
        QCOMPARE(shape(), int(Qt::WaitCursor));
        QTest::mouseMove(form.outside);
        QTRY_COMPARE(shape(), -1);
        QTest::mouseMove(form.first);
        QTRY_COMPARE(shape(), int(Qt::WaitCursor));
        form.box->setEnabled(true);
        QCOMPARE(shape(), -1);
    }
    QTest::mouseMove(form.outside);
    QTRY_VERIFY(form.outside->underMouse());
}

void TestWindows::theTaskSaysWhetherAWindowCloses_data()
{
    QTest::addColumn<From>("from");
    QTest::addColumn<bool>("yes");
    for (const bool yes : {true, false}) {
        QTest::addRow("%s, slot", yes ? "yes" : "no") << From::Slot << yes;
        QTest::addRow("%s, plain", yes ? "yes" : "no") << From::Plain << yes;
    }
}

void TestWindows::theTaskSaysWhetherAWindowCloses()
{
    QFETCH(From, from);
    QFETCH(bool, yes);
    Editor editor;
    editor.ask = [yes] { return answerAfter(5ms, yes); };
    editor.show();
    call(from, [&] { QCOMPARE(editor.close(), yes); });
    QCOMPARE(isOnScreen(editor), !yes);
    editor.show();
    QCOMPARE(clickClose(editor), yes);
    QCOMPARE(isOnScreen(editor), !yes);
    QCOMPARE(editor.timesAsked, 2);
}

void TestWindows::withoutAnAnswerAWindowStaysOpen_data()
{
    QTest::addColumn<QString>("how");
    QTest::addColumn<QString>("said");
    QTest::newRow("fails") << "fails"
                           << "confirmClose of QWidget 'editor': it stays open: the disk is full";
    QTest::newRow("is cancelled") << "is cancelled"
                                  << "";
    QTest::newRow("is refused") << "is refused"
                                << "confirmClose of QWidget 'editor': it stays open: NoSuspend: runSync: a NoSuspend "
                                   "guard refuses waits here";
}

void TestWindows::withoutAnAnswerAWindowStaysOpen()
{
    QFETCH(QString, how);
    QFETCH(QString, said);
    const UnhandledErrors errors;
    Editor editor;
    editor.setObjectName("editor");
    editor.ask = [how] {
        return how == "fails" ? fail() : how == "is cancelled" ? cancelItself() : answerAfter(0ms, true);
    };
    editor.show();
    std::optional<NoSuspend> guard;
    if (how == "is refused")
        guard.emplace(NoSuspend::Refuse);
    QVERIFY(!editor.close());
    guard.reset();
    QVERIFY(isOnScreen(editor));
    QCOMPARE(errors.texts().join('\n'), said);
}

void TestWindows::aWindowIsAskedOnceAtATime()
{
    Editor editor;
    Event mayAnswer;
    QString end;
    editor.ask = [&] { return answerWhen(mayAnswer, true, end); };
    editor.show();
    QStringList seen;
    const auto user = [&]() -> Task<> {
        seen += clickClose(editor) ? "closed" : "ignored";
        editor.close();
        QCloseEvent event;
        QCoreApplication::sendEvent(&editor, &event);
        seen += event.isAccepted() ? "closed" : "ignored";
        co_await sleepFor(5ms);
        seen += isOnScreen(editor) ? "open" : "destroyed";
        mayAnswer.set();
    };
    const LoggedMessages log;
    const TaskHandle<> acts = spawn(user());
    QVERIFY(clickClose(editor));
    runSync(acts);
    QCOMPARE(seen, QStringList({"ignored", "ignored", "open"}));
    QVERIFY(!isOnScreen(editor));
    QCOMPARE(end, QString("answered"));
    QCOMPARE(log.containing("never awaited"), QStringList());
}

void TestWindows::control_aSecondClickOnCloseDestroysTheWindow()
{
    NaiveEditor editor;
    editor.show();
    QString seen;
    QTimer::singleShot(0, &editor, [&] {
        clickClose(editor);
        seen = isOnScreen(editor) ? "open" : "destroyed";
        editor.loop->quit();
    });
    clickClose(editor); // which will not be answered with "yes"
    QCOMPARE(seen, QString("destroyed"));
}

void TestWindows::aQuitAsksTheWindow_data()
{
    QTest::addColumn<bool>("yes");
    QTest::newRow("yes") << true;
    QTest::newRow("no") << false;
}

void TestWindows::aQuitAsksTheWindow()
{
    QFETCH(bool, yes);
    Editor editor;
    bool hasAnswered = false;
    editor.ask = [&]() -> Task<bool> {
        co_await sleepFor(5ms);
        hasAnswered = true;
        co_return yes;
    };
    editor.show();
    QTimer::singleShot(0, &editor, [&] {
        QCoreApplication::quit();
        if (!yes)
            QTimer::singleShot(20, &editor, [] { QCoreApplication::exit(3); });
    });
    QCOMPARE(QCoreApplication::exec(), yes ? 0 : 3);
    QVERIFY(hasAnswered);
    QCOMPARE(isOnScreen(editor), !yes);
    QCOMPARE(editor.timesAsked, 1);
}

void TestWindows::aQuitInTheMiddleWaitsForTheAnswer_data()
{
    aQuitAsksTheWindow_data();
}

void TestWindows::aQuitInTheMiddleWaitsForTheAnswer()
{
    QFETCH(bool, yes);
    Editor editor;
    Editor other; // is asked by the quit
    Event mayAnswer;
    QString end;
    editor.ask = [&] { return answerWhen(mayAnswer, yes, end); };
    other.ask = [] { return answerAfter(1ms, true); };
    editor.show();
    other.show();
    QTimer::singleShot(0, &editor, [&] { editor.close(); });
    const auto user = [&]() -> Task<> {
        co_await until([&] { return editor.timesAsked == 1; });
        co_await sleepFor(2ms); // Qt's loop has been entered: a quit before that is another matter
        QCoreApplication::quit();
        co_await sleepFor(5ms);
        mayAnswer.set();
        co_await sleepFor(40ms);
        if (!yes)
            QCoreApplication::exit(3);
    };
    const TaskHandle<> acts = spawn(user());
    QCOMPARE(QCoreApplication::exec(), yes ? 0 : 3);
    QCOMPARE(end, QString("answered"));
    QCOMPARE(isOnScreen(editor), !yes);
    QCOMPARE(other.timesAsked, yes ? 1 : 0);
    acts.cancel();
    static_cast<void>(tryRunSync(acts));
}

void TestWindows::control_aQuitInTheMiddleEndsWithoutTheAnswer()
{
    NaiveEditor editor;
    editor.show();
    QTimer::singleShot(0, &editor, [&] { editor.close(); });
    QTimer::singleShot(5, &editor, &QCoreApplication::quit);
    QTimer::singleShot(500, &editor, [&] {
        editor.isSaved = true;
        QCoreApplication::exit(3);
    });
    QCOMPARE(QCoreApplication::exec(), 0);
    QVERIFY(!editor.isSaved);
}

void TestWindows::anExitInTheMiddleEndsWithItsCode()
{
    Editor editor;
    Event never;
    QString end;
    editor.ask = [&] { return answerWhen(never, true, end); };
    editor.show();
    QTimer::singleShot(0, &editor, &QCoreApplication::quit);
    QTimer::singleShot(20, &editor, [] { QCoreApplication::exit(7); });
    QCOMPARE(QCoreApplication::exec(), 7);
    QCOMPARE(end, QString("Quit"));
    QVERIFY(isOnScreen(editor));
}

void TestWindows::theLastWindowEndsTheApplication()
{
    QGuiApplication::setQuitOnLastWindowClosed(true);
    Editor editor;
    bool yes = false;
    editor.ask = [&] { return answerAfter(5ms, yes); };
    editor.show();
    QTimer::singleShot(0, &editor, [&] {
        clickClose(editor);
        yes = true;
        clickClose(editor);
    });
    QCOMPARE(QCoreApplication::exec(), 0);
    QCOMPARE(editor.timesAsked, 2);
    QVERIFY(!isOnScreen(editor));
    QGuiApplication::setQuitOnLastWindowClosed(false);
}

void TestWindows::theWindowsDeathEndsItsCloseEvent()
{
    auto *editor = new Editor;
    Event never;
    QString end;
    editor->ask = [&] { return answerWhen(never, true, end); };
    editor->show();
    QTimer::singleShot(5, this, [editor] { delete editor; });
    editor->close();
    QCOMPARE(end, QString("ContextDestroyed"));
}

void TestWindows::theWindowsDeathLetsAQuitGoOn()
{
    auto *editor = new Editor;
    Event never;
    QString end;
    editor->ask = [&] { return answerWhen(never, true, end); };
    editor->show();
    QTimer::singleShot(0, editor, [editor] { editor->close(); });
    QTimer::singleShot(5, editor, &QCoreApplication::quit);
    QTimer::singleShot(10, this, [editor] { delete editor; });
    QCOMPARE(QCoreApplication::exec(), 0);
    QCOMPARE(end, QString("ContextDestroyed"));
}

void TestWindows::deleteOnClose()
{
    QPointer<Editor> editor = new Editor;
    editor->setAttribute(Qt::WA_DeleteOnClose);
    bool yes = false;
    editor->ask = [&] { return answerAfter(5ms, yes); };
    editor->show();
    QVERIFY(!editor->close());
    yes = true;
    QVERIFY(editor->close());
    QTRY_VERIFY(!editor);
}

void TestWindows::withoutABridgeAWindowCloses()
{
    Editor editor;
    editor.ask = [] { return answerAfter(1ms, false); };
    editor.show();
    Bridge::current().close();
    const LoggedMessages log;
    QVERIFY(editor.close());
    QCOMPARE(log.containing("confirmClose of").size(), 1);
}

INTERLOOP_TEST_MAIN(TestWindows)
#include "tst_windows.moc"
