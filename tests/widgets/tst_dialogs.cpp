// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>
#include <interloop/widgets/progressdialog.h>
#include <interloop/widgets/widgets.h>

#include <tests/cleanupcheck.h>
#include <tests/testmain.h>
#include <tests/widgets/user.h>
#include <tests/windows.h>

#include <QAccessible>
#include <QElapsedTimer>
#include <QFileDialog>
#include <QInputDialog>
#include <QLabel>
#include <QLineEdit>
#include <QMessageBox>
#include <QProgressBar>
#include <QProgressDialog>
#include <QTemporaryDir>
#include <QVBoxLayout>

using namespace interloop;
using namespace interloop::test;
using namespace std::chrono_literals;

namespace {

static_assert(!std::is_aggregate_v<ProgressOptions>);

const ProgressOptions atOnce = ProgressOptions().delay(0ms);

QString named(Outcome outcome)
{
    return QString::fromLatin1(nameOf(outcome));
}

// How a withProgress ended.
template<typename Function>
QString outcomeOfCall(Function function)
{
    try {
        function();
    } catch (const Cancelled &cancelled) {
        return named(cancelled.outcome());
    } catch (const std::exception &error) {
        return QString::fromLocal8Bit(error.what());
    }
    return named(Outcome::Value);
}

Task<int> answerAfter(std::chrono::milliseconds time, int *unwound = nullptr)
{
    const auto count = std::unique_ptr<int, void (*)(int *)>(unwound, [](int *counter) { ++*counter; });
    co_await sleepFor(time);
    co_return 42;
}

Task<std::unique_ptr<int>> moveOnly()
{
    co_await yield();
    co_return std::make_unique<int>(7);
}

Task<> fail()
{
    co_await yield();
    throw std::runtime_error("the task's own");
}

QString accessibleName(QWidget *widget)
{
    QAccessibleInterface *interface = QAccessible::queryAccessibleInterface(widget);
    return interface ? interface->text(QAccessible::Name) : QString();
}

template<typename Widget>
Widget *in(QWidget *window)
{
    return window->findChild<Widget *>();
}

// Notes each progress dialog that is shown, and when.
class Shows : public QObject
{
public:
    Shows()
    {
        m_clock.start();
        qApp->installEventFilter(this);
    }
    int count() const { return int(m_times.size()); }
    qint64 milliseconds(int index) const { return m_times.at(index); }

private:
    bool eventFilter(QObject *object, QEvent *event) override
    {
        if (event->type() == QEvent::Show && qobject_cast<ProgressDialog *>(object))
            m_times += m_clock.elapsed();
        return false;
    }

    QElapsedTimer m_clock;
    QList<qint64> m_times;
};

// A window with two fields, of which the second has the focus.
class Form : public QWidget
{
public:
    Form()
    {
        auto *layout = new QVBoxLayout(this);
        layout->addWidget(first = new QLineEdit);
        layout->addWidget(second = new QLineEdit);
        second->setFocus();
        resize(300, 200);
    }

    QLineEdit *first;
    QLineEdit *second;
};

// A dialog that does not want to go.
class Stubborn : public QDialog
{
public:
    using QDialog::QDialog;
    void reject() override { ++timesAsked; }
    int timesAsked = 0;
};

} // namespace

class TestDialogs : public QObject
{
    Q_OBJECT

private slots:
    void initTestCase();
    void init() { m_leaks.begin(); }
    void cleanup();

    void aTaskThatEndsSoonShowsNothing();
    void theDialogComesAfter400Milliseconds();
    void anyAwaitableAndAnyResult();
    void theDialogShowsWhatTheTaskReports();
    void nothingIsCutOff();
    void theUserCancels_data();
    void theUserCancels();
    void cancellingIsSaidAndAskedForOnce();
    void keysOnlyWalk();
    void theParentsDeathEndsTheWait_data();
    void theParentsDeathEndsTheWait();
    void control_aBareLoopReturnsWhatNobodyProduced();
    void deletingTheDialogCancels();
    void aQuitIsNamed_data();
    void aQuitIsNamed();
    void twoAtATime_data();
    void twoAtATime();
    void theDialogStaysUsableInADisabledParent();

    void aMessageBoxGivesItsButton_data();
    void aMessageBoxGivesItsButton();
    void inputAndFileDialogs();
    void aDialogThatIsOpenIsJoined();
    void theDialogsDeathIsAnError();
    void cancelRejectsTheDialog();
    void hidingADialogEndsIt();
    void deleteOnCloseWaitsForTheResult();

private:
    QTemporaryDir m_settings;
    CleanupCheck m_leaks = CleanupCheck(CleanupCheck::Descriptors::Uncounted);
};

void TestDialogs::initTestCase()
{
    qputenv("XDG_CONFIG_HOME", m_settings.path().toLocal8Bit()); // where a QFileDialog keeps what it was used for
    prepareWindows();
}

void TestDialogs::cleanup()
{
    QTRY_VERIFY(!visible<QDialog>());
    m_leaks.check();
}

void TestDialogs::aTaskThatEndsSoonShowsNothing()
{
    Form form;
    const Shows shows;
    QCOMPARE(withProgress(&form, "soon", answerAfter(1ms)), 42);
    QCOMPARE(shows.count(), 0);
    QVERIFY(!in<QDialog>(&form));
}

void TestDialogs::theDialogComesAfter400Milliseconds()
{
    Form form;
    form.show();
    const Shows shows;
    withProgress(&form, "later", until([] { return visible<ProgressDialog>(); }));
    QCOMPARE(shows.count(), 1);
    QVERIFY2(shows.milliseconds(0) >= 400, qPrintable(QString::number(shows.milliseconds(0))));
    QVERIFY(!visible<ProgressDialog>());
}

void TestDialogs::anyAwaitableAndAnyResult()
{
    withProgress(nullptr, "a sleep", sleepFor(1ms));
    QCOMPARE(withProgress(nullptr, "a handle", spawn(answerAfter(1ms))), 42);
    QCOMPARE(*withProgress(nullptr, "move-only", moveOnly()), 7);
    QCOMPARE(outcomeOfCall([] { withProgress(nullptr, "fails", fail()); }), QString("the task's own"));

    QCOMPARE(tryWithProgress(nullptr, "value", answerAfter(1ms)).value(), 42);
    QCOMPARE(tryWithProgress(nullptr, "fails", fail()).outcome(), Outcome::Exception);
    const NoSuspend guard(NoSuspend::Refuse);
    QCOMPARE(tryWithProgress(nullptr, "refused", answerAfter(1ms)).outcome(), Outcome::Refused);
}

namespace {

Task<> reportThings(Event &mayGoOn)
{
    Progress progress = Progress::current();
    co_await mayGoOn.wait();
    mayGoOn.clear();
    progress.setRange(0, 8);
    progress.setValue(6);
    progress.setText("six of eight");
    co_await mayGoOn.wait();
    mayGoOn.clear();
    progress.setRange(0, 0);
    progress.setText("");
    co_await mayGoOn.wait();
}

Task<> lookAtThings(Event &mayGoOn, QStringList &seen)
{
    ProgressDialog *dialog = co_await active<ProgressDialog>();
    auto *bar = in<QProgressBar>(dialog);
    auto *label = in<QLabel>(dialog);
    auto *button = in<QPushButton>(dialog);
    const auto look = [&] {
        seen += label->text() + ", " + accessibleName(dialog) + ", " + accessibleName(bar) + ", "
                + accessibleName(label) + ": " + (bar->maximum() == 0 ? "busy" : bar->text());
    };
    look();
    mayGoOn.set();
    co_await until([&] { return bar->maximum() == 8; });
    look();
    QAccessibleInterface *accessible = QAccessible::queryAccessibleInterface(bar);
    seen += QString::number(accessible->valueInterface()->currentValue().toInt()) + " of "
            + QString::number(accessible->valueInterface()->maximumValue().toInt());
    mayGoOn.set();
    co_await until([&] { return bar->maximum() == 0; });
    look();
    seen += accessibleName(button) + (button->hasFocus() ? " has the focus" : "");
    mayGoOn.set();
}

} // namespace

void TestDialogs::theDialogShowsWhatTheTaskReports()
{
    Form form;
    showActive(form);
    Event mayGoOn;
    QStringList seen;
    const TaskHandle<> user = spawn(lookAtThings(mayGoOn, seen));
    withProgress(&form, "counting", reportThings(mayGoOn), atOnce);
    runSync(user);
    QCOMPARE(seen,
             QStringList({"counting, counting, counting, counting: busy",
                          "six of eight, six of eight, six of eight, six of eight: 75%", "6 of 8",
                          "counting, counting, counting, counting: busy", "Cancel has the focus"}));
}

namespace {

Task<> reportText(std::string text)
{
    Progress progress = Progress::current();
    progress.setRange(0, 4);
    progress.setValue(1);
    progress.setText(text);
    co_await sleepFor(1h);
}

// What does not fit.
Task<> measure(QStringList &cut)
{
    ProgressDialog *dialog = co_await active<ProgressDialog>();
    auto *label = in<QLabel>(dialog);
    if (label->heightForWidth(label->width()) > label->height())
        cut += QString("the label's %1 lines").arg(label->heightForWidth(label->width()));
    if (label->sizeHint().width() > dialog->width() && !label->wordWrap())
        cut += "the label";
    for (QWidget *widget : dialog->findChildren<QWidget *>()) {
        if (widget->width() < widget->minimumSizeHint().width() || !dialog->rect().contains(widget->geometry()))
            cut += widget->metaObject()->className();
    }
    if (dialog->width() > 700)
        cut += QString("it is %1 wide").arg(dialog->width());
    QTest::keyClick(dialog, Qt::Key_Escape);
}

} // namespace

void TestDialogs::nothingIsCutOff()
{
    Form form;
    showActive(form);
    const QString words = QString("Several words to read, ").repeated(9);
    const QString path = "Copying /home/" + QString("a-long-name-without-any-space").repeated(12) + "/letter.txt";
    const QStringList texts = {"Saving letter.txt", words, path};
    for (const QString &text : texts) {
        QStringList cut;
        const TaskHandle<> user = spawn(measure(cut));
        QCOMPARE(tryWithProgress(&form, text, reportText(text.toStdString()), atOnce).outcome(), Outcome::Cancelled);
        runSync(user);
        QCOMPARE(cut, QStringList());
    }
}

namespace {

using Act = void (*)(ProgressDialog *);

Task<> actOnDialog(Act act)
{
    act(co_await active<ProgressDialog>());
}

} // namespace

Q_DECLARE_METATYPE(Act)

void TestDialogs::theUserCancels_data()
{
    QTest::addColumn<From>("from");
    QTest::addColumn<Act>("act");
    for (const From from : {From::Slot, From::Plain}) {
        const auto add = [from](const char *name, Act act) {
            QTest::addRow("%s, %s", name, from == From::Slot ? "slot" : "plain") << from << act;
        };
        add("Esc", [](ProgressDialog *dialog) { QTest::keyClick(dialog, Qt::Key_Escape); });
        add("Space", [](ProgressDialog *) { QTest::keyClick(QApplication::focusWidget(), Qt::Key_Space); });
        add("Alt+C", [](ProgressDialog *dialog) { QTest::keyClick(dialog, Qt::Key_C, Qt::AltModifier); });
        add("click", [](ProgressDialog *dialog) { QTest::mouseClick(in<QPushButton>(dialog), Qt::LeftButton); });
        add("close", [](ProgressDialog *dialog) { dialog->close(); });
    }
}

void TestDialogs::theUserCancels()
{
    QFETCH(From, from);
    QFETCH(Act, act);
    Form form;
    showActive(form);
    QVERIFY(form.second->hasFocus());
    const TaskHandle<> user = spawn(actOnDialog(act));
    int unwound = 0;
    QString outcome;
    call(from,
         [&] { outcome = outcomeOfCall([&] { withProgress(&form, "long", answerAfter(1h, &unwound), atOnce); }); });
    QCOMPARE(outcome, QString("Cancelled"));
    QCOMPARE(unwound, 1);
    QVERIFY(!visible<ProgressDialog>());
    QTRY_VERIFY(form.second->hasFocus());
}

namespace {

Task<> cleanUpSlowly(Event &mayEnd, int &timesCancelled)
{
    try {
        co_await sleepFor(1h);
    } catch (const Cancelled &) {
        ++timesCancelled;
    }
    co_await shield(asTask(mayEnd.wait()));
}

Task<> pressAgainAndAgain(Event &mayEnd, int &timesCancelled, QStringList &seen)
{
    ProgressDialog *dialog = co_await active<ProgressDialog>();
    auto *button = in<QPushButton>(dialog);
    QTest::mouseClick(button, Qt::LeftButton);
    co_await until([&] { return timesCancelled == 1; });
    seen += in<QLabel>(dialog)->text() + (button->isEnabled() ? ", enabled" : "");
    QTest::mouseClick(button, Qt::LeftButton);
    QTest::keyClick(dialog, Qt::Key_Escape);
    seen += dialog->isVisible() ? "visible" : "hidden";
    mayEnd.set();
}

} // namespace

void TestDialogs::cancellingIsSaidAndAskedForOnce()
{
    Form form;
    showActive(form);
    Event mayEnd;
    int timesCancelled = 0;
    QStringList seen;
    const TaskHandle<> user = spawn(pressAgainAndAgain(mayEnd, timesCancelled, seen));
    static_cast<void>(tryWithProgress(&form, "long", cleanUpSlowly(mayEnd, timesCancelled), atOnce));
    runSync(user);
    QCOMPARE(seen, QStringList({"Cancelling…", "visible"}));
    QCOMPARE(timesCancelled, 1);
}

namespace {

Task<> typeOnly()
{
    co_await active<ProgressDialog>();
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_Tab); // there is nowhere else to go
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_Tab, Qt::ShiftModifier);
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_Return);
}

} // namespace

void TestDialogs::keysOnlyWalk()
{
    Form form;
    showActive(form);
    QString outcome;
    connect(form.second, &QLineEdit::returnPressed, &form,
            [&] { outcome = named(tryWithProgress(&form, "long", answerAfter(1h), atOnce).outcome()); });
    const TaskHandle<> user = spawn(typeOnly());
    QTest::keyClicks(form.second, "name");
    QTest::keyClick(form.second, Qt::Key_Return);
    runSync(user);
    QCOMPARE(outcome, QString("Cancelled"));
    QTRY_VERIFY(form.second->hasFocus());
    QTest::keyClicks(QApplication::focusWidget(), "!");
    QCOMPARE(form.second->text(), QString("name!"));
}

namespace {

Task<> destroyParent(std::unique_ptr<Form> &form)
{
    co_await until([] { return visible<ProgressDialog>(); });
    form.reset();
}

} // namespace

void TestDialogs::theParentsDeathEndsTheWait_data()
{
    addFroms();
}

void TestDialogs::theParentsDeathEndsTheWait()
{
    QFETCH(From, from);
    auto form = std::make_unique<Form>();
    form->show();
    const TaskHandle<> user = spawn(destroyParent(form));
    int unwound = 0;
    QString outcome;
    call(from, [&] {
        outcome = outcomeOfCall([&] { withProgress(form.get(), "long", answerAfter(1h, &unwound), atOnce); });
    });
    QCOMPARE(outcome, QString("ContextDestroyed"));
    QCOMPARE(unwound, 1);
    runSync(user);
}

// What one writes by hand: the loop ends with the dialog, and the result is what the variable was made with.
void TestDialogs::control_aBareLoopReturnsWhatNobodyProduced()
{
    auto *window = new QWidget;
    window->show();
    int result = -1;
    {
        auto *dialog = new QProgressDialog("long", "Cancel", 0, 0, window);
        QEventLoop loop;
        connect(dialog, &QObject::destroyed, &loop, &QEventLoop::quit);
        QTimer::singleShot(0, window, [window] { delete window; });
        dialog->show();
        result = loop.exec();
    }
    QCOMPARE(result, 0); // "success"
}

namespace {

Task<> deleteDialog()
{
    co_await until([] { return visible<ProgressDialog>(); });
    delete visible<ProgressDialog>();
}

} // namespace

void TestDialogs::deletingTheDialogCancels()
{
    Form form;
    form.show();
    const TaskHandle<> user = spawn(deleteDialog());
    QCOMPARE(tryWithProgress(&form, "long", answerAfter(1h), atOnce).outcome(), Outcome::Cancelled);
    runSync(user);
}

namespace {

Task<> quitWhenVisible()
{
    co_await until([] { return visible<ProgressDialog>(); });
    QCoreApplication::quit();
}

} // namespace

void TestDialogs::aQuitIsNamed_data()
{
    addFroms();
}

void TestDialogs::aQuitIsNamed()
{
    QFETCH(From, from);
    Form form;
    form.show();
    QPushButton button;
    QString outcome;
    const auto wait = [&] { outcome = named(tryWithProgress(&form, "long", answerAfter(1h), atOnce).outcome()); };
    if (from == From::Slot)
        interloop::connect(&button, &QPushButton::clicked, &form, wait);
    else
        connect(&button, &QPushButton::clicked, &form, wait);
    QTimer::singleShot(0, &button, &QPushButton::click);
    const TaskHandle<> user = spawn(quitWhenVisible());
    QCOMPARE(QCoreApplication::exec(), 0);
    QCOMPARE(outcome, QString("Quit"));
    runSync(user);
}

namespace {

// Cancels the first, then the second, each with a click on its own button.
Task<> cancelBoth(QStringList texts)
{
    co_await until([] { return visible<ProgressDialog>(1); });
    for (const QString &text : texts) {
        for (int i = 0; i < 2; ++i) {
            ProgressDialog *dialog = visible<ProgressDialog>(i);
            if (dialog && dialog->accessibleName() == text) {
                QTest::mouseClick(in<QPushButton>(dialog), Qt::LeftButton);
                break;
            }
        }
        co_await sleepFor(20ms);
    }
}

} // namespace

void TestDialogs::twoAtATime_data()
{
    QTest::addColumn<bool>("sameWindow");
    QTest::newRow("on two windows") << false;
    QTest::newRow("on one window") << true;
}

void TestDialogs::twoAtATime()
{
    QFETCH(bool, sameWindow);
    Form form;
    form.show();
    Form other;
    other.show();
    QStringList ends;
    const auto wait = [&ends](QWidget *parent, const QString &text) {
        const QString how = named(tryWithProgress(parent, text, answerAfter(1h), atOnce).outcome());
        ends += text + ' ' + how;
    };
    interloop::connect(form.first, &QLineEdit::returnPressed, &form, [&] { wait(&form, "first"); });
    interloop::connect(form.second, &QLineEdit::returnPressed, &form,
                       [&] { wait(sameWindow ? &form : &other, "second"); });
    const TaskHandle<> user = spawn(cancelBoth({"first", "second"}));
    QTimer::singleShot(0, &form, [&] { QTest::keyClick(form.first, Qt::Key_Return); });
    QTimer::singleShot(0, &form, [&] { QTest::keyClick(form.second, Qt::Key_Return); });
    QTRY_COMPARE(ends.size(), 2);
    runSync(user);
    const bool parks = Bridge::current().isParking();
    const QStringList inOrder = {"first Cancelled", "second Cancelled"};
    QCOMPARE(ends, parks ? inOrder : QStringList({inOrder[1], inOrder[0]})); // what nests ends last in, first out
}

namespace {

Task<> disableAndCancel(Form &form)
{
    ProgressDialog *dialog = co_await active<ProgressDialog>();
    const BusyGuard busy(&form);
    QTest::keyClick(dialog, Qt::Key_Escape);
}

} // namespace

void TestDialogs::theDialogStaysUsableInADisabledParent()
{
    Form form;
    showActive(form);
    const TaskHandle<> user = spawn(disableAndCancel(form));
    QCOMPARE(tryWithProgress(&form, "long", answerAfter(1h), atOnce).outcome(), Outcome::Cancelled);
    runSync(user);
    QTRY_VERIFY(form.second->hasFocus());
}

namespace {

using ActOnBox = void (*)(QMessageBox *);

Task<> actOnBox(ActOnBox act)
{
    act(co_await active<QMessageBox>());
}

Task<int> askFor(QDialog *dialog, int &depth)
{
    const int result = co_await execDialog(dialog);
    depth = Bridge::current().depth();
    co_return result;
}

} // namespace

Q_DECLARE_METATYPE(ActOnBox)

void TestDialogs::aMessageBoxGivesItsButton_data()
{
    QTest::addColumn<ActOnBox>("act");
    QTest::addColumn<QMessageBox::StandardButton>("button");
    const auto add = [](const char *name, ActOnBox act, QMessageBox::StandardButton button) {
        QTest::newRow(name) << act << button;
    };
    add(
            "click", [](QMessageBox *box) { QTest::mouseClick(box->button(QMessageBox::Discard), Qt::LeftButton); },
            QMessageBox::Discard);
    add(
            "Return", [](QMessageBox *box) { QTest::keyClick(box, Qt::Key_Return); }, QMessageBox::Save);
    add(
            "Esc", [](QMessageBox *box) { QTest::keyClick(box, Qt::Key_Escape); }, QMessageBox::Cancel);
    add(
            "closed", [](QMessageBox *box) { box->close(); }, QMessageBox::Cancel);
}

void TestDialogs::aMessageBoxGivesItsButton()
{
    QFETCH(ActOnBox, act);
    QFETCH(QMessageBox::StandardButton, button);
    Form form;
    showActive(form);
    QMessageBox box(QMessageBox::Question, "title", "text",
                    QMessageBox::Save | QMessageBox::Discard | QMessageBox::Cancel, &form);
    box.setDefaultButton(QMessageBox::Save);
    const TaskHandle<> user = spawn(actOnBox(act));
    int depth = -1;
    const TaskHandle<int> answer = spawn(askFor(&box, depth));
    QTRY_VERIFY(answer.isDone());
    QCOMPARE(runSync(answer), int(button));
    QCOMPARE(depth, 0); // no event loop of ours
    QVERIFY(!box.isVisible());
    runSync(user);
}

namespace {

Task<> typeAndAccept()
{
    QDialog *dialog = co_await active<QDialog>();
    QTest::keyClicks(in<QLineEdit>(dialog), "typed");
    QTest::keyClick(dialog, Qt::Key_Return);
}

Task<> escape()
{
    QDialog *dialog = co_await active<QDialog>();
    QTest::keyClick(dialog, Qt::Key_Escape);
}

} // namespace

void TestDialogs::inputAndFileDialogs()
{
    Form form;
    showActive(form);
    QInputDialog input(&form);
    const TaskHandle<> user = spawn(typeAndAccept());
    QCOMPARE(runSync(execDialog(&input)), int(QDialog::Accepted));
    QCOMPARE(input.textValue(), QString("typed"));
    runSync(user);

    QFileDialog files(&form);
    files.setOption(QFileDialog::DontUseNativeDialog);
    const TaskHandle<> second = spawn(escape());
    QCOMPARE(runSync(execDialog(&files)), int(QDialog::Rejected));
    runSync(second);
}

void TestDialogs::aDialogThatIsOpenIsJoined()
{
    Form form;
    form.show();
    QDialog dialog(&form);
    dialog.open();
    const TaskHandle<int> first = spawn(execDialog(&dialog));
    const TaskHandle<int> second = spawn(execDialog(&dialog));
    QTimer::singleShot(20, &dialog, [&] { dialog.done(5); });
    QCOMPARE(runSync(first), 5);
    QCOMPARE(runSync(second), 5);
}

void TestDialogs::theDialogsDeathIsAnError()
{
    Form form;
    form.show();
    auto *dialog = new QDialog(&form);
    dialog->setObjectName("settings");
    QTimer::singleShot(5, dialog, [dialog] { delete dialog; });
    QCOMPARE(outcomeOfCall([&] { runSync(execDialog(dialog)); }),
             QString("execDialog: QDialog 'settings' was deleted before it was finished"));

    auto other = std::make_unique<QDialog>();
    Task<int> late = execDialog(other.get());
    other.reset();
    QVERIFY_THROWS_EXCEPTION(SenderDestroyed, runSync(std::move(late)));
    QVERIFY_THROWS_EXCEPTION(SenderDestroyed, runSync(execDialog(nullptr)));
}

void TestDialogs::cancelRejectsTheDialog()
{
    Form form;
    form.show();
    QMessageBox box(QMessageBox::Question, "title", "text", QMessageBox::Ok | QMessageBox::Cancel, &form);
    const QSignalSpy rejections(&box, &QDialog::rejected);
    QVERIFY_THROWS_EXCEPTION(TimeoutError, runSync(withTimeout(20ms, execDialog(&box))));
    QVERIFY(!box.isVisible());
    QCOMPARE(rejections.count(), 1);

    Stubborn stubborn(&form);
    QVERIFY_THROWS_EXCEPTION(TimeoutError, runSync(withTimeout(20ms, execDialog(&stubborn))));
    QVERIFY(!stubborn.isVisible());
    QCOMPARE(stubborn.timesAsked, 1);
}

void TestDialogs::hidingADialogEndsIt()
{
    QDialog dialog;
    QTimer::singleShot(5, &dialog, [&] { dialog.hide(); });
    QCOMPARE(runSync(execDialog(&dialog)), int(QDialog::Rejected));
}

void TestDialogs::deleteOnCloseWaitsForTheResult()
{
    Form form;
    showActive(form);
    QPointer<QMessageBox> box =
            new QMessageBox(QMessageBox::Question, "title", "text", QMessageBox::Ok | QMessageBox::Cancel, &form);
    box->setAttribute(Qt::WA_DeleteOnClose);
    const TaskHandle<> user = spawn(actOnBox([](QMessageBox *shown) { shown->close(); }));
    QCOMPARE(runSync(execDialog(box)), int(QMessageBox::Cancel));
    QTRY_VERIFY(!box);
    runSync(user);
}

INTERLOOP_TEST_MAIN(TestDialogs)
#include "tst_dialogs.moc"
