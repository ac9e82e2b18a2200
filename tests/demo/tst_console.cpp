// SPDX-License-Identifier: MIT
#include <demo/console/command.h>
#include <demo/console/commandline.h>
#include <demo/console/commandtable.h>
#include <demo/console/console.h>
#include <demo/console/transcript.h>
#include <demo/parts/colours.h>
#include <demo/server/server.h>

#include <tests/messages.h>
#include <tests/testmain.h>
#include <tests/timeline.h>

#include <interloop/interloop.h>
#include <interloop/test/leakcheck.h>

#include <QEventLoop>
#include <QFile>
#include <QPushButton>
#include <QSignalSpy>

#include <optional>

/*
 * The console: its language, and each command for real, typed into the widget. What is typed comes from timers, so that
 * a command can be typed while another one waits in a nested event loop.
 */

using interloop::Bridge;
using interloop::test::OwnTime;
using namespace std::chrono_literals;

namespace {

// A command as it was understood.
QString describe(const Command &command)
{
    QString name;
    for (const CommandInfo &info : commandTable()) {
        if (info.kind == command.kind)
            name = QString::fromLatin1(info.name);
    }
    QStringList parts = QStringList(name) + command.arguments;
    for (const Command &member : command.members)
        parts << '{' + describe(member) + '}';
    return parts.join('|');
}

// A console, and somebody who types into it.
class Session
{
public:
    explicit Session(const QString &url) : console(new Console(waits, url + QStringLiteral("/slow?ms=80"))) { }

    CommandLine &input() const { return *console->findChild<CommandLine *>(QStringLiteral("consoleInput")); }
    QString text() const
    {
        return console ? console->findChild<Transcript *>(QStringLiteral("consoleOutput"))->toPlainText() : gone;
    }

    // Types `line` when the output has `seen` and so many commands wait; after what was asked for before.
    void type(const QString &line, const QString &seen = {}, int waiting = 0)
    {
        after(seen, waiting, [this, line] {
            QTest::keyClicks(&input(), line);
            QTest::keyClick(&input(), Qt::Key_Return);
        });
    }
    void after(const QString &seen, int waiting, const std::function<void()> &action)
    {
        steps << Step{seen, waiting, action};
        if (steps.size() == 1)
            next();
    }

    // Waits until everything was typed and nothing waits any more.
    bool finish()
    {
        const auto isOver = [this] { return steps.isEmpty() && waits.all().isEmpty(); };
        QEventLoop loop;
        QTimer watch;
        QObject::connect(&watch, &QTimer::timeout, &loop, [&] {
            if (isOver())
                loop.quit();
        });
        watch.start(2);
        QTimer::singleShot(5000, &loop, &QEventLoop::quit);
        loop.exec();
        return isOver();
    }
    bool has(const QString &part) const { return text().contains(part); }
    qsizetype count(const QString &part) const { return text().count(part); }
    qsizetype placeOf(const QString &part) const { return text().indexOf(part); }

    Waits waits;
    QPointer<Console> console;
    const QString gone = QStringLiteral("gone");

private:
    class Step
    {
    public:
        QString seen;
        int waiting;
        std::function<void()> action;
    };

    void next()
    {
        QTimer::singleShot(1, [this] {
            if (!text().contains(steps.first().seen) || waits.all().size() < steps.first().waiting)
                return next();
            const Step step = steps.takeFirst();
            if (!steps.isEmpty())
                next();
            step.action();
        });
    }

    QList<Step> steps;
};

} // namespace

class TestConsole final : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        QGuiApplication::setQuitOnLastWindowClosed(false);
        Bridge::current().setHeldBackThreshold(std::chrono::hours(1)); // the console tells by itself
        Bridge::current().setSlowStepThreshold(std::chrono::milliseconds::zero()); // nobody knows how fast the machine is
    }
    void init() { m_leaks.begin(); }
    void cleanup() { m_leaks.check(); }

    void linesAreUnderstood_data();
    void linesAreUnderstood();
    void commandsAnswer_data();
    void commandsAnswer();
    void emptyLinesAreNothing();
    void secondCommandIsTypedWhileTheFirstWaits();
    void errorLeavesTheConsoleUsable();
    void commandsAreCancelledByNumber();
    void failingMemberEndsTheGatherAndTheOthersGoOn();
    void programWritesWhileItRunsAndIsKilledWithAllItsChildren();
    void longOutputIsBounded();
    void twoHundredCommandsAtOnce();
    void upAndDownBringLinesBack();
    void tabCompletesOrLeaves();
    void pageIsDestroyedWhileCommandsWait();
    void quitEndsTheApplicationFromDeepWaits();

private:
    Server m_server;
    interloop::LeakCheck m_leaks;
};

void TestConsole::linesAreUnderstood_data()
{
    QTest::addColumn<QString>("line");
    QTest::addColumn<QString>("meaning");
    const auto row = [](const char *line, const char *meaning) { QTest::newRow(line) << line << meaning; };
    row("sleep 2", "sleep|2");
    row("  Sleep\t.5 ", "sleep|.5");
    row("fetch", "fetch");
    row("fetch /slow?ms=1", "fetch|/slow?ms=1");
    row("run \"echo hi\"", "run|echo hi");
    row("run echo \"a  b\" 'c;d' e\"{ }\"f", "run|echo|a  b|c;d|e{ }f");
    row("run \"say \\\"\\\\ \\n\"", "run|say \"\\ \\n");
    row("run ''", "run|");
    row("gather{sleep 1;fetch}", "gather|{sleep|1}|{fetch}");
    row("gather { gather { sleep 1; } ; run a b }", "gather|{gather|{sleep|1}}|{run|a|b}");
    row("cancel 3", "cancel|3");
    row("help gather", "help|gather");

    row("slep 1", "\"slep\" is no command; help lists them all");
    row("sleep", "sleep: a number of seconds from 0 to 86400 is needed");
    row("sleep x", "sleep: a number of seconds from 0 to 86400 is needed, not \"x\"");
    row("sleep nan", "sleep: a number of seconds from 0 to 86400 is needed, not \"nan\"");
    row("sleep -1", "sleep: a number of seconds from 0 to 86400 is needed, not \"-1\"");
    row("sleep 1 2", "sleep: \"2\" is too much");
    row("fetch ftp://x", "fetch: an address that begins with http:// or https:// is needed, not \"ftp://x\"");
    row("cancel 0", "cancel: the number of a command that waits is needed, not \"0\"");
    row("help me", "help: the name of a command is needed, not \"me\"");
    row("run \"echo", "character 5: this quote is not closed");
    row("sleep 1; fetch",
        "character 8: the end of the line is needed (braces and ; are for gather, or in quotes), not ;");
    row("; sleep", "character 1: a command is needed, not ;");
    row("gather sleep 1", "character 8: gather needs {, as in gather { sleep 1; fetch }, not sleep");
    row("gather", "at the end: gather needs {, as in gather { sleep 1; fetch }");
    row("gather { }", "character 10: a command is needed, not }");
    row("gather { sleep 1", "at the end: gather needs } or ;");
    row("gather { sleep 1 } x",
        "character 20: the end of the line is needed (braces and ; are for gather, or in quotes), "
        "not x");
    row("gather { tasks }", "gather: tasks has nothing to wait for");
    row("gather{gather{gather{gather{gather{gather{gather{gather{gather{gather{gather{",
        "gather: 10 within each other are the most");
}

void TestConsole::linesAreUnderstood()
{
    QFETCH(QString, line);
    QString meaning;
    try {
        meaning = describe(Command::parse(line));
    } catch (const CommandError &error) {
        meaning = QString::fromUtf8(error.what());
    }
    QTEST(meaning, "meaning");
}

void TestConsole::commandsAnswer_data()
{
    QTest::addColumn<QString>("line");
    QTest::addColumn<QString>("answer");
    const auto row = [](const char *line, const char *answer) { QTest::newRow(line) << line << answer; };
    row("sleep 0.01", "Out[1]: slept for 0.01 s");
    row("fetch", "Out[1]: 200 OK, ");
    row("fetch /", "\n        This page comes from the demo's own server");
    row("fetch /no", "Out[1]: 404 Not Found");
    row("fetch http://127.0.0.1:1/", "Error[1]: ");
    row("resolve localhost", "127.0.0.1");
    row("resolve a..b", "Error[1]: resolve a..b: ");
    row("run \"echo hi | tr h H\"", "        Hi\nOut[1]: exit status 0");
    row("run printf %s\\n \"a  b\"", "        a  b\nOut[1]: exit status 0");
    row("run \"echo no >&2; exit 3\"", "        no\nError[1]: the program failed: exit status 3.");
    row("run no-such-program -x", "Error[1]: start no-such-program: ");
    row("gather { sleep 0.02; run \"printf x\" }",
        "        x\nOut[1]: sleep 0.02: slept for 0.02 s\n        run \"printf x\": exit");
    row("deep 5 0.05", "Out[1]: 5 waits were on top of each other");
    row("deep 100 5", "Error[1]: As many slots wait as may: another wait is refused.");
    row("tasks", "Out[1]: 0 tasks");
    row("cancel", "Error[1]: cancel: no command waits.");
    row("history", "Out[1]: history");
    row("help", "\n        gather { COMMAND; ... }     carries out several commands at once");
    row("help sleep", "Out[1]: sleep SECONDS: waits for so long\n        Example: sleep 2.5");
    row("nonsense", "Error[1]: \"nonsense\" is no command; help lists them all.");
}

void TestConsole::commandsAnswer()
{
    QFETCH(QString, line);
    QFETCH(QString, answer);
    const interloop::test::LoggedMessages messages;
    Session session(m_server.url());
    session.type(line);
    QVERIFY(session.finish());
    QVERIFY2(session.has(QStringLiteral("In [1]: ") + line + '\n'), qPrintable(session.text()));
    QVERIFY2(session.has(answer), qPrintable(session.text()));
    QVERIFY(session.input().text().isEmpty());
    QCOMPARE(messages.texts(), QStringList());
    delete session.console;
}

void TestConsole::emptyLinesAreNothing()
{
    Session session(m_server.url());
    session.type(QString());
    session.type(QStringLiteral("   "));
    session.type(QStringLiteral("clear"));
    session.type(QStringLiteral("history"));
    QVERIFY(session.finish());
    QCOMPARE(session.text(), QStringLiteral("In [2]: history\nOut[2]: clear\n        history"));
    delete session.console;
}

void TestConsole::secondCommandIsTypedWhileTheFirstWaits()
{
    Session session(m_server.url());
    session.type(QStringLiteral("sleep 0.15"));
    session.type(QStringLiteral("sleep 0.05"), {}, 1);
    session.type(QStringLiteral("tasks"), {}, 2);
    session.type(QStringLiteral("sleep 0.3"), {}, 2);
    QVERIFY(session.finish());
    QVERIFY(session.placeOf(QStringLiteral("Out[1]")) > session.placeOf(QStringLiteral("Out[2]")));
    QVERIFY(session.placeOf(QStringLiteral("Out[2]")) > session.placeOf(QStringLiteral("In [4]")));
    QVERIFY2(session.has(QStringLiteral("task 'In [2]: sleep 0.05'")), qPrintable(session.text()));
    // A parked wait returns when its task has ended; one that nests, when those on top of it have.
    const bool isBehind = session.placeOf(QStringLiteral("Out[1]")) > session.placeOf(QStringLiteral("Out[4]"));
    QCOMPARE(isBehind, !Bridge::current().isParking());
    QCOMPARE(session.has(QStringLiteral("s before: waits on top of it had to end first")), isBehind);
    delete session.console;
}

void TestConsole::errorLeavesTheConsoleUsable()
{
    Session session(m_server.url());
    QSignalSpy complaints(session.console, &Page::complained);
    session.type(QStringLiteral("sleep x"));
    session.type(QStringLiteral("fetch /cut"));
    session.type(QStringLiteral("run false"), QStringLiteral("Error[2]"));
    session.type(QStringLiteral("fetch /reset"), QStringLiteral("Error[3]"));
    session.type(QStringLiteral("sleep 0"), QStringLiteral("Error[4]"));
    QVERIFY(session.finish());
    QCOMPARE(session.count(QStringLiteral("Error[")), 4);
    QCOMPARE(complaints.count(), 4);
    QVERIFY(session.has(QStringLiteral("Out[5]: slept for 0 s")));

    // Errors are marked, in dark windows too.
    auto *output = session.console->findChild<Transcript *>();
    QTextCursor error = output->document()->find(QStringLiteral("Error[1]"));
    const QColor light = error.charFormat().foreground().color();
    QCOMPARE(light, Colours::of(Colours::Role::Bad, output->palette()));
    QPalette dark = output->palette();
    dark.setColor(QPalette::Base, Qt::black);
    output->setPalette(dark);
    QCOMPARE(error.charFormat().foreground().color(), Colours::of(Colours::Role::Bad, dark));
    QVERIFY(error.charFormat().foreground().color() != light);
    delete session.console;
}

void TestConsole::commandsAreCancelledByNumber()
{
    Session session(m_server.url());
    session.type(QStringLiteral("sleep 60"));
    session.type(QStringLiteral("fetch /stall"), {}, 1);
    session.type(QStringLiteral("cancel 7"), {}, 2);
    session.type(QStringLiteral("cancel 1"), {}, 2);
    session.type(QStringLiteral("cancel"), QStringLiteral("Out[4]: In [1] is cancelled"));
    QVERIFY(session.finish());
    QVERIFY(session.has(QStringLiteral("Error[3]: cancel: command 7 does not wait.")));
    QVERIFY(session.has(QStringLiteral("Out[5]: In [2] is cancelled")));
    QVERIFY2(session.has(QStringLiteral("Error[1]: Cancelled.")), qPrintable(session.text()));
    QVERIFY(session.has(QStringLiteral("Error[2]: Cancelled.")));
    delete session.console;
}

// asyncio's rule, which is interloop::gather's.
void TestConsole::failingMemberEndsTheGatherAndTheOthersGoOn()
{
    Session session(m_server.url());
    session.type(QStringLiteral("gather { sleep 0.6; run false; run \"sleep 0.1; echo late\" }"));
    session.type(QStringLiteral("tasks"), QStringLiteral("The others of the gather go on: see tasks."));
    QVERIFY(session.finish());
    QVERIFY(session.has(QStringLiteral("Error[1]: the program failed: exit status 1. ")));
    QVERIFY2(session.has(QStringLiteral("task 'sleep 0.6'")), qPrintable(session.text()));
    QTRY_COMPARE(Bridge::current().taskCount(), 0);
    QVERIFY(session.has(QStringLiteral("late")));
    delete session.console;
}

void TestConsole::programWritesWhileItRunsAndIsKilledWithAllItsChildren()
{
    Session session(m_server.url());
    session.type(QStringLiteral("run \"sleep 60 & echo child $!; echo two; sleep 60\""));
    session.type(QStringLiteral("run \"echo three\""), QStringLiteral("\n        two"));
    session.type(QStringLiteral("cancel 1"), QStringLiteral("Out[2]: "));
    QVERIFY(session.finish());
    QVERIFY2(session.has(QStringLiteral("[2]     three")), qPrintable(session.text()));
    const QString child = session.text().section(QStringLiteral("\n        child "), 1).section('\n', 0, 0);
    QVERIFY2(child.toInt() > 0, qPrintable(session.text()));
    const auto isRunning = [&child] {
        QFile status(QStringLiteral("/proc/%1/stat").arg(child));
        return status.open(QIODevice::ReadOnly) && !status.readAll().contains(") Z "); // Z: dead, and not yet reaped
    };
    QTRY_VERIFY(!isRunning());
    delete session.console;
}

void TestConsole::longOutputIsBounded()
{
    Session session(m_server.url());
    session.type(QStringLiteral("run \"seq 6000; head -c 5000 /dev/zero | tr '\\\\0' x\""));
    QVERIFY(session.finish());
    const QStringList lines = session.text().split('\n');
    QCOMPARE(lines.size(), 5000);
    QCOMPARE(lines.last(), QStringLiteral("Out[1]: exit status 0"));
    QCOMPARE(lines.filter(QStringLiteral("xx")).join(QString()).count('x'), 5000);
    delete session.console;
}

void TestConsole::twoHundredCommandsAtOnce()
{
    const interloop::test::LoggedMessages messages;
    Session session(m_server.url());
    for (int i = 0; i < 200; ++i)
        session.type(QStringLiteral("sleep 60"));
    session.after({}, 0, [&session] { session.waits.cancelAll(); });
    QVERIFY(session.finish());
    const int most = Bridge::current().isParking() ? 200 : 64; // waits on top of each other
    QCOMPARE(session.count(QStringLiteral("]: Cancelled.")), most);
    QCOMPARE(session.count(QStringLiteral("]: As many slots wait as may")), 200 - most);
    QCOMPARE(messages.texts(), QStringList());
    delete session.console;
}

void TestConsole::upAndDownBringLinesBack()
{
    Session session(m_server.url());
    CommandLine &input = session.input();
    QStringList lines;
    for (int i = 0; i < 250; ++i)
        lines << QStringLiteral("sleep %1").arg(i);
    session.console->setHistory(lines);
    QCOMPARE(session.console->history(), lines.mid(50));
    session.type(QStringLiteral("tasks"));
    session.type(QStringLiteral("tasks"));
    QVERIFY(session.finish());
    QCOMPARE(session.console->history(), lines.mid(51) + QStringList(QStringLiteral("tasks")));

    QTest::keyClicks(&input, QStringLiteral("draft"));
    QTest::keyClick(&input, Qt::Key_Down);
    QCOMPARE(input.text(), QStringLiteral("draft"));
    QTest::keyClick(&input, Qt::Key_Up);
    QTest::keyClick(&input, Qt::Key_Up);
    QCOMPARE(input.text(), QStringLiteral("sleep 249"));
    QTest::keyClick(&input, Qt::Key_Down);
    QCOMPARE(input.text(), QStringLiteral("tasks"));
    QTest::keyClick(&input, Qt::Key_Down);
    QCOMPARE(input.text(), QStringLiteral("draft"));
    for (int i = 0; i < 300; ++i)
        QTest::keyClick(&input, Qt::Key_Up);
    QCOMPARE(input.text(), lines[51]);
    delete session.console;
}

void TestConsole::tabCompletesOrLeaves()
{
    Session session(m_server.url());
    CommandLine &input = session.input();
    session.console->setHistory({QStringLiteral("fetch /slow?ms=10"), QStringLiteral("fetch \"/slow?ms=20\"")});
    session.console->show();
    input.setFocus();
    const auto completed = [&input](const char *line) {
        input.clear();
        QTest::keyClicks(&input, QString::fromLatin1(line));
        QTest::keyClick(&input, Qt::Key_Tab);
        return input.text();
    };
    QCOMPARE(completed("sl"), QStringLiteral("sleep"));
    QCOMPARE(completed("gather { re"), QStringLiteral("gather { resolve"));
    QCOMPARE(completed("gather { sleep 1;fe"), QStringLiteral("gather { sleep 1;fetch"));
    QCOMPARE(completed("help ca"), QStringLiteral("help cancel"));
    QCOMPARE(completed("fetch /sl"), QStringLiteral("fetch /slow?ms=20"));
    QCOMPARE(session.console->focusWidget(), &input);

    QCOMPARE(completed("fetch /x"), QStringLiteral("fetch /x"));
    QCOMPARE(session.console->focusWidget()->objectName(), QStringLiteral("consoleRun"));
    input.setFocus();
    input.setText(QStringLiteral("sl"));
    QTest::keyClick(&input, Qt::Key_Backtab);
    QCOMPARE(input.text(), QStringLiteral("sl"));
    QCOMPARE(session.console->focusWidget()->objectName(), QStringLiteral("consoleOutput"));

    session.type(QStringLiteral("help"));
    QVERIFY(session.finish());
    QVERIFY(QTest::qWaitForWindowExposed(session.console));
    QTRY_VERIFY((session.console->activateWindow(), session.console->isActiveWindow()));
    QTest::keyClick(&input, Qt::Key_L, Qt::ControlModifier);
    QCOMPARE(session.text(), QString());
    delete session.console;
}

void TestConsole::pageIsDestroyedWhileCommandsWait()
{
    const interloop::test::LoggedMessages messages;
    Session session(m_server.url());
    session.after({}, 0, [&session] {
        session.input().setText(QStringLiteral("sleep 60"));
        session.console->findChild<QPushButton *>(QStringLiteral("consoleRun"))->click();
    });
    session.type(QStringLiteral("run \"sleep 60\""), {}, 1);
    session.type(QStringLiteral("gather { sleep 60; fetch /stall }"), {}, 2);
    session.after({}, 3, [&session] { delete session.console; });
    QVERIFY(session.finish());
    QVERIFY(!session.console);
    QTRY_COMPARE(Bridge::current().taskCount(), 0);
    QCOMPARE(messages.texts(), QStringList());
}

void TestConsole::quitEndsTheApplicationFromDeepWaits()
{
    const interloop::test::LoggedMessages messages;
    Session session(m_server.url());
    std::optional<OwnTime> sinceQuit;
    session.type(QStringLiteral("deep 5 60"));
    session.after({}, 5, [&sinceQuit] { sinceQuit.emplace(); });
    session.type(QStringLiteral("quit"), {}, 5);
    QCOMPARE(QCoreApplication::exec(), 0);
    QVERIFY(sinceQuit);
    QVERIFY(sinceQuit->elapsed() < 1s);
    QVERIFY(session.waits.all().isEmpty());
    QCOMPARE(session.waits.deepest(), 5);
    QCOMPARE(messages.texts(), QStringList());
    delete session.console;
}

INTERLOOP_TEST_MAIN(TestConsole)
#include "tst_console.moc"
