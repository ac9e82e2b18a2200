// SPDX-License-Identifier: MIT
#include <demo/parts/codeview.h>
#include <demo/parts/colours.h>
#include <demo/server/server.h>
#include <demo/workbench/runner.h>
#include <demo/workbench/workbench.h>

#include <tests/testmain.h>

#include <interloop/interloop.h>
#include <interloop/test/leakcheck.h>

#include <QAbstractButton>
#include <QDir>
#include <QFile>
#include <QLabel>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QProgressBar>
#include <QStandardPaths>
#include <QTemporaryDir>

#include <csignal>
#include <sys/stat.h>
#include <unistd.h>

/*
 * The workbench: each button's slot really waits for what it says, and the code shown beside it is the code that ran.
 * Where waits nest a click returns when its slot has ended, so what is to happen meanwhile comes from a timer.
 */

using interloop::Overlap;
using interloop::Process;
using interloop::ProcessOptions;
using interloop::runSync;
using interloop::Task;

namespace {

// The page with its runner, and somebody who uses it.
class Desk
{
public:
    explicit Desk(const QString &url = QString()) : page("workbench", "&Workbench", QString(), url)
    {
        page.follow(runner, waits);
        interloop::connect(
                &page, &Workbench::requested, &runner,
                [this](int action, const QString &inputs) { runner.run(action, inputs); }, Overlap::Parallel);
        QObject::connect(&page, &Workbench::cancelRequested, &waits, [this](int id) { waits.cancel(id); });
        QObject::connect(&page, &Page::said, &page, [this](const QString &sentence) { said = sentence; });
        QObject::connect(&page, &Page::complained, &page, [this](const QString &sentence) { complaint = sentence; });
        QObject::connect(&m_meanwhile, &QTimer::timeout, &page, [this] {
            if (!m_steps.isEmpty() && m_steps.first().first()) // its condition
                QTimer::singleShot(0, &page, m_steps.takeFirst().second); // not here: it may wait on top of this slot
        });
        m_meanwhile.start(5);
        page.resize(1150, 400);
        page.show();
    }

    template<typename T>
    T &find(const char *name) const
    {
        T *widget = page.findChild<T *>(QString::fromLatin1(name));
        if (!widget)
            qFatal("there is no %s", name);
        return *widget;
    }

    QString result() const { return find<QPlainTextEdit>("result").toPlainText(); }
    QString note(const char *action) const { return find<QLabel>(QByteArray(action) + "Note").text(); }
    bool isRunning(const char *action) const { return !find<QAbstractButton>(action).isEnabled(); }
    void type(const char *action, const QString &text)
    {
        find<QLineEdit>(QByteArray(action) + "Argument").setText(text);
    }

    // Presses the button; the result, or empty when there was none in time.
    QString press(const char *action)
    {
        complaint.clear();
        find<QAbstractButton>(action).click();
        return QTest::qWaitFor([this, action] { return !isRunning(action); }, 10000) ? result() : QString();
    }
    QString press(const char *action, const QString &argument)
    {
        type(action, argument);
        return press(action);
    }

    // While a later press() waits: `step` as soon as `condition` holds, one step after the other.
    void meanwhile(std::function<bool()> condition, std::function<void()> step)
    {
        m_steps.append({std::move(condition), std::move(step)});
    }
    bool allStepsDone() const { return m_steps.isEmpty(); }

    Waits waits;
    ActionRunner runner{waits};
    Workbench page;
    QString said;
    QString complaint;

private:
    template<typename T>
    T &find(const QByteArray &name) const
    {
        return find<T>(name.constData());
    }

    QList<std::pair<std::function<bool()>, std::function<void()>>> m_steps;
    QTimer m_meanwhile;
};

void write(const QString &path, const QByteArray &contents)
{
    QFile file(path);
    QVERIFY(QDir().mkpath(QFileInfo(path).path()) && file.open(QIODevice::WriteOnly));
    file.write(contents);
}

// A folder with three files, for whoever reads it.
void fill(const QTemporaryDir &folder)
{
    write(folder.filePath("a.txt"), "one");
    write(folder.filePath("b/c.txt"), QByteArray(3000000, 'x'));
    write(folder.filePath("b/d/empty"), "");
    QFile::link("a.txt", folder.filePath("link")); // left out
    ::chmod(qPrintable(folder.path()), 0755);
}

// Enough of redis for who counts in it.
Task<> serveNumbers(interloop::TcpServer &server)
{
    interloop::TcpSocket socket = co_await server.accept();
    int count = 0;
    for (QByteArray line = co_await socket.readLine(); !line.isEmpty(); line = co_await socket.readLine())
        co_await socket.write(':' + QByteArray::number(++count) + "\r\n");
}

// Something else that has the port.
Task<> serveSomethingElse(interloop::TcpServer &server)
{
    interloop::TcpSocket socket = co_await server.accept();
    co_await socket.write(QByteArray("220 Welcome\r\n"));
    co_await socket.readAll(); // else the unread commands would reset the connection
}

Task<bool> answers(int port)
{
    const auto socket = co_await interloop::tryAwait(interloop::TcpSocket::connect(QStringLiteral("127.0.0.1"), port));
    co_return bool(socket);
}

} // namespace

class TestWorkbench : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init() { m_leaks.begin(); }
    void cleanup() { m_leaks.check(); }

    void fetchesResolvesRunsAndRaces();
    void hashesAFolderFileByFile();
    void talksToRedis();
    void waitsForASignal();
    void showsOutputWhileTheProgramRuns();
    void doesAllAtOnce();
    void saysWhatWentWrong_data();
    void saysWhatWentWrong();
    void cancelEndsTheNewestOrItsOwn();
    void longResultsComeInPieces();
    void showsTheCodeThatRuns();
    void everyControlSaysWhatItIs();
    void coloursStandOutFromTheBase();

private:
    interloop::LeakCheck m_leaks;
    Server m_server;
};

void TestWorkbench::fetchesResolvesRunsAndRaces()
{
    Desk desk(m_server.url() + "/slow?ms=200");
    bool hasProgress = false;
    const QProgressBar &progress = desk.find<QProgressBar>("fetchProgress");
    desk.meanwhile([&] { return progress.maximum() > 1 && progress.value() > 0; }, [&] { hasProgress = true; });
    const QString page = desk.press("fetch");
    QVERIFY2(page.startsWith("The server answered 200 OK: ") && page.contains("line 40 of 40"), qPrintable(page));
    QVERIFY(hasProgress);
    QCOMPARE(desk.said, page.section('\n', 0, 0));
    QCOMPARE(desk.note("fetch"), desk.said);

    QVERIFY2(desk.press("resolve").startsWith("localhost "), qPrintable(desk.result()));
    QCOMPARE(desk.press("resolve", "127.0.0.7"), QString("127.0.0.7 is at 127.0.0.7."));

    const QString output = desk.press("run", "sh -c \"echo one; echo two >&2\"");
    QVERIFY2(output.contains("one\n") && output.contains("two\n"), qPrintable(output));
    QVERIFY2(desk.said.startsWith("Ended with exit status 0: sh"), qPrintable(desk.said));

    QVERIFY2(desk.press("race", "60").startsWith("The fetch won, within 60 s. The server answered 200 OK"),
             qPrintable(desk.result()));
    desk.type("fetch", m_server.url() + "/stall");
    QCOMPARE(desk.press("race", "0.05"), QString("The clock won: after 0.05 s the fetch was cancelled."));
    QCOMPARE(desk.complaint, QString());
}

void TestWorkbench::hashesAFolderFileByFile()
{
    const QTemporaryDir folder;
    fill(folder);
    Desk desk;
    const QString hashed = desk.press("hash", folder.path());
    QVERIFY2(hashed.contains(": 3 files, 3,000,003 bytes, SHA-256 "), qPrintable(hashed));
    QCOMPARE(desk.press("hash"), hashed);
    write(folder.filePath("a.txt"), "two");
    QVERIFY(desk.press("hash") != hashed);

    // A file that nobody may read is told.
    ::chmod(qPrintable(folder.filePath("a.txt")), 0);
    const uid_t user = ::geteuid();
    if (user == 0)
        QCOMPARE(::seteuid(65534), 0);
    const QString told = desk.press("hash");
    if (user == 0)
        QCOMPARE(::seteuid(user), 0);
    QVERIFY2(told.contains(": 2 files, ") && told.contains("; 1 could not be read.")
                     && told.contains("/a.txt: Permission denied"),
             qPrintable(told));
}

void TestWorkbench::talksToRedis()
{
    interloop::TcpServer server = interloop::TcpServer::listen(QStringLiteral("127.0.0.1"), 0);
    const int port = server.port();
    const QString program = QStandardPaths::findExecutable("redis-server");
    interloop::TaskHandle<> stub;
    Process redis;
    if (program.isEmpty()) {
        stub = interloop::spawn(serveNumbers(server));
    } else {
        server.close();
        ProcessOptions options(program, {"--port", QString::number(port), "--bind", "127.0.0.1", "--save", ""});
        options.standardOutput(interloop::Stdio::null()).whenDropped(interloop::Abandoned::Killed);
        redis = Process::start(options);
        QTRY_VERIFY(runSync(answers(port)));
    }
    Desk desk;
    const QString counted = desk.press("redis", "127.0.0.1:" + QString::number(port));
    QVERIFY2(counted.startsWith("Redis has counted to 1,000 in "), qPrintable(counted));
    QCOMPARE(desk.note("redis"), counted);

    interloop::TcpServer other = interloop::TcpServer::listen(QStringLiteral("127.0.0.1"), 0);
    const interloop::TaskHandle<> mail = interloop::spawn(serveSomethingElse(other));
    QCOMPARE(desk.press("redis", "127.0.0.1:" + QString::number(other.port())),
             QString("That is no redis-server: it answered \"220 Welcome\"."));
}

void TestWorkbench::waitsForASignal()
{
    Desk desk;
    const QString hint = "kill -USR2 " + QString::number(::getpid());
    desk.meanwhile([&] { return desk.note("signal").contains(hint); }, [] { ::raise(SIGUSR2); });
    QVERIFY2(desk.press("signal", "SIGUSR2").startsWith("SIGUSR2 came after "), qPrintable(desk.result()));
}

void TestWorkbench::showsOutputWhileTheProgramRuns()
{
    Desk desk;
    int process = 0;
    desk.meanwhile([&] { return desk.result().contains('\n'); },
                   [&] {
                       process = desk.result().trimmed().toInt();
                       desk.waits.cancelNewest();
                   });
    const QString output = desk.press("run", "sh -c \"echo $$; exec sleep 60\"");
    QVERIFY2(process > 0 && output.endsWith("\nCancelled: Run."), qPrintable(output));
    QTRY_VERIFY(::kill(process, 0) != 0); // Cancel has killed it
}

void TestWorkbench::doesAllAtOnce()
{
    const QTemporaryDir folder;
    fill(folder);
    Desk desk(m_server.url() + "/slow?ms=100");
    desk.type("resolve", "127.0.0.7");
    desk.type("hash", folder.path());
    desk.type("run", "sh -c \"exit 3\"");
    const QStringList lines = desk.press("gather").split('\n');
    QCOMPARE(lines.size(), 6);
    QVERIFY2(lines[2].startsWith("The server answered 200 OK"), qPrintable(lines[2]));
    QCOMPARE(lines[3], QString("127.0.0.7 is at 127.0.0.7."));
    QVERIFY2(lines[4].contains(": 3 files, "), qPrintable(lines[4]));
    QVERIFY2(lines[5].startsWith("Ended with exit status 3"), qPrintable(lines[5]));
}

void TestWorkbench::saysWhatWentWrong_data()
{
    QTest::addColumn<QString>("argument");
    QTest::addColumn<QString>("sentence");
    QTest::newRow("fetch") << ""
                           << "There is no URL to fetch: please enter one.";
    QTest::newRow("fetch/404") << m_server.url() + "/nowhere"
                               << "The server answered 404 Not Found: ";
    QTest::newRow("fetch/silent") << m_server.url() + "/stall"
                                  << "did not answer within 1 s.";
    QTest::newRow("resolve") << " "
                             << "There is no name to resolve: please enter one.";
    QTest::newRow("resolve/unknown") << "no.such.host.invalid"
                                     << "No address was found for \"no.such.host.invalid\": ";
    QTest::newRow("hash") << ""
                          << "There is no folder to hash: please enter one.";
    QTest::newRow("hash/missing") << "/no/such"
                                  << "The folder /no/such cannot be read: no such file or directory.";
    QTest::newRow("run") << " "
                         << "There is no program to run: please enter a command line.";
    QTest::newRow("run/missing") << "no-such-program -x"
                                 << "The program \"no-such-program\" cannot be started: no such file or directory.";
    QTest::newRow("run/failed") << "sh -c \"kill -9 $$\""
                                << "Ended with signal 9 (Killed): sh";
    QTest::newRow("redis") << "here"
                           << "\"here\" is no address of a redis-server: 127.0.0.1:6379 is one.";
    QTest::newRow("redis/none") << "127.0.0.1:1"
                                << "No redis-server answers at 127.0.0.1:1: connection refused.";
    QTest::newRow("signal") << "SIGNOTHING"
                            << "There is no signal \"SIGNOTHING\"";
    QTest::newRow("signal/refused") << "SIGKILL"
                                    << "SIGKILL";
    QTest::newRow("race") << "soon"
                          << "\"soon\" is no time: please enter seconds, 0 to 3600.";
}

void TestWorkbench::saysWhatWentWrong()
{
    QFETCH(QString, argument);
    QFETCH(QString, sentence);
    Desk desk;
    desk.page.setTimeout(1);
    const QByteArray action = QByteArray(QTest::currentDataTag()).split('/').first();
    const QString result = desk.press(action, argument);
    QVERIFY2(result.contains(sentence, Qt::CaseInsensitive), qPrintable(result));
    QCOMPARE(desk.complaint, result.section('\n', 0, 0));
    QCOMPARE(desk.note(action), desk.complaint);
    QVERIFY(desk.waits.all().isEmpty());
}

void TestWorkbench::cancelEndsTheNewestOrItsOwn()
{
    Desk desk(m_server.url() + "/stall");
    const auto count = [&desk](int waits) { return [&desk, waits] { return desk.waits.all().size() == waits; }; };
    desk.meanwhile(count(1), [&] { desk.find<QAbstractButton>("signal").click(); });
    desk.meanwhile(count(2), [&] { desk.waits.cancelNewest(); });
    desk.meanwhile([&] { return desk.said == "Cancelled: Signal."; },
                   [&] { desk.find<QAbstractButton>("cancelFetch").click(); });
    QCOMPARE(desk.press("fetch"), QString("Cancelled: Fetch."));
    QVERIFY(desk.allStepsDone());
    QCOMPARE(desk.said, QString("Cancelled: Fetch."));
    QVERIFY(!desk.find<QAbstractButton>("cancelFetch").isEnabled());
    QVERIFY(!desk.isRunning("signal"));
}

void TestWorkbench::longResultsComeInPieces()
{
    Desk desk(m_server.url() + "/big?bytes=300000");
    desk.press("fetch");
    QTRY_VERIFY(desk.result().size() > 100000);
    QVERIFY2(desk.said.endsWith(", the first 100,000 are shown."), qPrintable(desk.said));
    for (const QString &line : desk.result().split('\n'))
        QVERIFY(line.size() <= 500);

    // A program without end is not shown without end, and the window stays alive.
    desk.meanwhile([&] { return desk.result().contains("The rest is not shown."); },
                   [&] { desk.waits.cancelNewest(); });
    QVERIFY(desk.press("run", "yes a long line, so that it does not take long").endsWith("Cancelled: Run."));
}

void TestWorkbench::showsTheCodeThatRuns()
{
    for (const Action &action : workbenchActions()) {
        const QStringList lines = action.code().trimmed().split('\n');
        QVERIFY2(lines.size() >= 4 && lines.size() <= 14, qPrintable(action.name + ": " + action.code()));
        QVERIFY2(action.code().contains("runSync(wait.watch("), qPrintable(action.code()));
        for (const QString &line : lines)
            QVERIFY2(line.size() <= 110 && !line.contains("//!"), qPrintable(line));
    }
    QCOMPARE(codeOf("workbench/nowhere.cpp"), QString());
    QCOMPARE(codeOf("workbench/fetch.cpp", "nothing"), QString());

    Desk desk;
    const QPlainTextEdit &code = desk.find<QPlainTextEdit>("code");
    QVERIFY(code.toPlainText().contains("fetchPage"));
    QFocusEvent focus(QEvent::FocusIn);
    QCoreApplication::sendEvent(&desk.find<QLineEdit>("hashArgument"), &focus);
    QVERIFY(code.toPlainText().contains("hashFolder"));
}

void TestWorkbench::everyControlSaysWhatItIs()
{
    Desk desk;
    QStringList names;
    QStringList mnemonics;
    for (const QWidget *widget : desk.page.findChildren<QWidget *>()) {
        if (widget->focusPolicy() == Qt::NoFocus || widget->objectName().startsWith("qt_"))
            continue;
        const auto *button = qobject_cast<const QAbstractButton *>(widget);
        QVERIFY2(!widget->objectName().isEmpty(), widget->metaObject()->className());
        QVERIFY2(!widget->accessibleName().isEmpty() || (button && button->text().contains('&')),
                 qPrintable(widget->objectName()));
        QVERIFY2(!names.contains(widget->objectName()), qPrintable(widget->objectName()));
        names << widget->objectName();
    }
    QVERIFY(names.size() >= 26);
    QStringList texts;
    for (const QAbstractButton *button : desk.page.findChildren<QAbstractButton *>())
        texts << button->text();
    for (const QLabel *label : desk.page.findChildren<QLabel *>())
        texts << label->text();
    for (const QString &text : texts) {
        if (text.contains('&')) {
            const QString letter = text.section('&', 1).left(1).toUpper();
            QVERIFY2(!mnemonics.contains(letter) && !QString("CMOTUW").contains(letter), qPrintable(text));
            mnemonics << letter;
        }
    }
    QCOMPARE(mnemonics.size(), 10); // the buttons, the code and the result
}

void TestWorkbench::coloursStandOutFromTheBase()
{
    const QPalette light(Qt::black, Qt::white, Qt::white, Qt::gray, Qt::lightGray, Qt::black, Qt::white, Qt::white,
                         Qt::white);
    const QColor night(30, 30, 32);
    const QPalette dark(Qt::white, night, night, Qt::black, Qt::darkGray, Qt::white, Qt::white, night, night);
    for (const Colours::Role role : Colours::all()) {
        for (const QPalette &palette : {light, dark}) {
            const double ratio = Colours::contrast(Colours::of(role, palette), palette.color(QPalette::Base));
            QVERIFY2(ratio >= Colours::leastContrast(role), qPrintable(QString("%1: %2").arg(int(role)).arg(ratio)));
        }
    }
}

INTERLOOP_TEST_MAIN(TestWorkbench)
#include "tst_workbench.moc"
