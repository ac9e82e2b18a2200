// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>

#include <tests/cleanupcheck.h>
#include <tests/testmain.h>

#include <QProcess>

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cstring>
#include <thread>

using namespace interloop;
using namespace std::chrono_literals;

static_assert(!std::is_aggregate_v<Tty>);

namespace {

// A pseudo-terminal: what a terminal program has, and the terminal that programs see.
class Terminal
{
public:
    Terminal() : m_master(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC))
    {
        if (m_master < 0 || grantpt(m_master) != 0 || unlockpt(m_master) != 0 || ptsname_r(m_master, m_path, 256) != 0)
            qFatal("no pseudo-terminal");
        m_slave = ::open(m_path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    }
    ~Terminal()
    {
        hangUp();
        closeSlave();
    }
    Terminal(const Terminal &) = delete;
    Terminal &operator=(const Terminal &) = delete;

    int slave() const { return m_slave; }
    int master() const { return m_master; }
    QString path() const { return QString::fromLatin1(m_path); }

    void type(const QByteArray &keys) const
    {
        if (::write(m_master, keys.constData(), size_t(keys.size())) != keys.size())
            qFatal("typing failed");
    }

    // What is shown, as soon as there are `size` bytes.
    QByteArray shown(qsizetype size) const
    {
        QByteArray text;
        char byte;
        while (text.size() < size && isShowing(10'000) && ::read(m_master, &byte, 1) == 1)
            text.append(byte);
        return text;
    }
    bool isShowing(int limit = 0) const
    {
        pollfd fd = {m_master, POLLIN, 0};
        return poll(&fd, 1, limit) > 0 && (fd.revents & POLLIN);
    }

    void hangUp()
    {
        if (m_master >= 0)
            ::close(std::exchange(m_master, -1));
    }
    void closeSlave()
    {
        if (m_slave >= 0)
            ::close(std::exchange(m_slave, -1));
    }

    QByteArray settings() const
    {
        termios settings = {};
        if (tcgetattr(m_slave, &settings) != 0)
            qFatal("tcgetattr");
        return QByteArray::number(settings.c_iflag, 16) + ' ' + QByteArray::number(settings.c_oflag, 16) + ' '
            + QByteArray::number(settings.c_lflag, 16) + ' ' + QByteArray::number(settings.c_cflag, 16) + ' '
            + QByteArray(reinterpret_cast<const char *>(settings.c_cc), NCCS).toHex();
    }

private:
    int m_master;
    int m_slave;
    char m_path[256];
};

template<typename Call>
std::system_error failureOf(Call call)
{
    try {
        call();
    } catch (const std::system_error &error) {
        return error;
    }
    return std::system_error(std::error_code(), "nothing was thrown");
}

// The program that leaves a terminal in raw mode: its standard input, and its end, by `how`.
int leaveRaw(int argc, char **argv, const QByteArray &how)
{
    const QCoreApplication application(argc, argv);
    static Tty *const leaked = new Tty(Tty::open(0));
    leaked->setMode(TtyMode::Raw);
    if (how == "_exit")
        _exit(0);
    if (how == "exit")
        std::exit(0);
    return 0;
}

} // namespace

class TestTty : public QObject
{
    Q_OBJECT

private slots:
    void init() { m_leaks.begin(); }
    void cleanup() { m_leaks.check(); }

    void linesGoBothWays();
    void theSizeIsTheTerminals();
    void rawAndBinaryModeTranslateNothing();
    void theModeIsRestored_data();
    void theModeIsRestored();
    void theLastOfSeveralRestoresTheMode();
    void theModeIsRestoredWhenTheProcessExits_data();
    void theModeIsRestoredWhenTheProcessExits();
    void theDescriptorStaysAsItIs();
    void aHangUpIsTheEnd_data();
    void aHangUpIsTheEnd();
    void outputOfAProgramThatHasEndedIsReadWhole();
    void cancelAndCloseEndAReadAndLoseNothing();
    void whatIsNoTerminalIsRefused();

private:
    test::CleanupCheck m_leaks;
};

void TestTty::linesGoBothWays()
{
    const Terminal terminal;
    Tty tty = Tty::open(terminal.slave());
    QCOMPARE(tty.name(), terminal.path());
    QCOMPARE(tty.mode(), TtyMode::Normal);

    terminal.type("typo\x15one\ntwo\n"); // Ctrl-U takes the line back
    QCOMPARE(runSync(tty.readLine()), QByteArray("one\n"));
    QCOMPARE(runSync(tty.readLine()), QByteArray("two\n"));
    QVERIFY(terminal.shown(5).startsWith("typo")); // the echo
    while (terminal.isShowing())
        terminal.shown(1);

    runSync(tty.write("answer\n"));
    QCOMPARE(terminal.shown(8), QByteArray("answer\r\n"));

    terminal.type("last\n\x04"); // Ctrl-D
    QCOMPARE(runSync(tty.readAll()), QByteArray("last\n"));
}

void TestTty::theSizeIsTheTerminals()
{
    const Terminal terminal;
    const Tty tty = Tty::open(terminal.slave());
    QCOMPARE(tty.size(), QSize(0, 0)); // nobody has said
    for (const QSize size : {QSize(80, 25), QSize(132, 43)}) {
        winsize given = {};
        given.ws_col = static_cast<unsigned short>(size.width());
        given.ws_row = static_cast<unsigned short>(size.height());
        QCOMPARE(ioctl(terminal.master(), TIOCSWINSZ, &given), 0);
        QCOMPARE(tty.size(), size);
    }
}

void TestTty::rawAndBinaryModeTranslateNothing()
{
    const Terminal terminal;
    Tty tty = Tty::open(terminal.slave());

    tty.setMode(TtyMode::Raw);
    QCOMPARE(tty.mode(), TtyMode::Raw);
    terminal.type("a");
    QCOMPARE(runSync(tty.read()), QByteArray("a")); // no line, no echo
    terminal.type("\x03\x04\x15\r");
    QCOMPARE(runSync(tty.readExactly(4)), QByteArray("\x03\x04\x15\r"));
    QVERIFY(!terminal.isShowing());
    runSync(tty.write("x\n"));
    QCOMPARE(terminal.shown(3), QByteArray("x\r\n"));

    tty.setMode(TtyMode::Binary);
    runSync(tty.write("x\ny"));
    QCOMPARE(terminal.shown(3), QByteArray("x\ny"));

    tty.setMode(TtyMode::Normal);
    terminal.type("b");
    QCOMPARE(terminal.shown(1), QByteArray("b"));
    terminal.type("\n");
    QCOMPARE(runSync(tty.readLine()), QByteArray("b\n"));
}

void TestTty::theModeIsRestored_data()
{
    QTest::addColumn<QByteArray>("how");
    for (const char *how : {"set to normal", "closed", "destroyed", "another assigned", "end of the bridge"})
        QTest::newRow(how) << QByteArray(how);
}

void TestTty::theModeIsRestored()
{
    QFETCH(QByteArray, how);
    const Terminal terminal;
    termios odd = {};
    tcgetattr(terminal.slave(), &odd);
    odd.c_lflag &= ~tcflag_t(ECHO); // found in a mode that is not the usual one
    tcsetattr(terminal.slave(), TCSANOW, &odd);
    const QByteArray before = terminal.settings();

    Tty tty = Tty::open(terminal.slave());
    tty.setMode(TtyMode::Binary);
    tty.setMode(TtyMode::Raw);
    QVERIFY(terminal.settings() != before);

    if (how == "set to normal") {
        tty.setMode(TtyMode::Normal);
    } else if (how == "closed") {
        tty.close();
    } else if (how == "destroyed") {
        const Tty gone = std::move(tty);
    } else if (how == "another assigned") {
        Tty other = Tty::open(terminal.slave());
        tty = std::move(other);
        other.close(); // NOLINT: it has what `tty` had
    } else {
        Bridge::current().close();
    }

    QCOMPARE(terminal.settings(), before);
}

void TestTty::theLastOfSeveralRestoresTheMode()
{
    const Terminal terminal;
    const Terminal stranger;
    const QByteArray before = terminal.settings();
    Tty input = Tty::open(terminal.slave());
    Tty output = Tty::open(terminal.slave());
    Tty unconcerned = Tty::open(stranger.slave());

    input.setMode(TtyMode::Raw);
    output.setMode(TtyMode::Raw);
    const QByteArray raw = terminal.settings();
    QVERIFY(raw != before);
    input.close();
    QCOMPARE(terminal.settings(), raw);
    QCOMPARE(stranger.settings(), before);
    output.close();
    QCOMPARE(terminal.settings(), before);

    unconcerned.setMode(TtyMode::Raw); // a terminal's turn comes again and again
    QCOMPARE(stranger.settings(), raw);
    QCOMPARE(terminal.settings(), before);
}

void TestTty::theModeIsRestoredWhenTheProcessExits_data()
{
    QTest::addColumn<QByteArray>("how");
    for (const char *how : {"return", "exit", "_exit"})
        QTest::newRow(how) << QByteArray(how);
}

void TestTty::theModeIsRestoredWhenTheProcessExits()
{
    QFETCH(QByteArray, how);
    const Terminal terminal;
    const QByteArray before = terminal.settings();
    QProcess program;
    program.setProcessChannelMode(QProcess::ForwardedChannels);
    program.setStandardInputFile(terminal.path());
    program.start(QCoreApplication::applicationFilePath(), {QStringLiteral("--leave-raw"), QString::fromLatin1(how)});
    QVERIFY(program.waitForFinished(20'000));
    QCOMPARE(program.exitCode(), 0);
    if (how == "_exit")
        QVERIFY(terminal.settings() != before); // it was raw, and nobody was asked
    else
        QCOMPARE(terminal.settings(), before);
}

void TestTty::theDescriptorStaysAsItIs()
{
    const Terminal terminal;
    const int flags = fcntl(terminal.slave(), F_GETFL);
    {
        Tty tty = Tty::open(terminal.slave());
        QVERIFY(tty.descriptor() != terminal.slave());
        runSync(tty.write("x"));
        QCOMPARE(terminal.shown(1), QByteArray("x"));
        QCOMPARE(fcntl(terminal.slave(), F_GETFL), flags);
    }
    QCOMPARE(::write(terminal.slave(), "y", 1), ssize_t(1));
    QCOMPARE(terminal.shown(1), QByteArray("y"));
}

void TestTty::aHangUpIsTheEnd_data()
{
    QTest::addColumn<bool>("isWaiting");
    QTest::newRow("under a read") << true;
    QTest::newRow("before a read") << false;
}

void TestTty::aHangUpIsTheEnd()
{
    QFETCH(bool, isWaiting);
    Terminal terminal;
    Tty tty = Tty::open(terminal.slave());
    auto reading = spawn(tty.readAll(), "read");
    if (isWaiting)
        runSync(sleepFor(2ms));
    terminal.hangUp();

    QCOMPARE(runSync(std::move(reading), RunOptions().timeout(10s)), QByteArray());
    QCOMPARE(runSync(tty.read(), RunOptions().timeout(10s)), QByteArray());
    const std::string path = terminal.path().toStdString();
    const std::system_error writing = failureOf([&] { runSync(tty.write("x")); });
    QVERIFY2(writing.code() == std::errc::io_error, writing.what());
    QVERIFY2(std::string(writing.what()).find("write " + path) == 0, writing.what());
}

// The other side of a terminal, where the end is an error of read().
void TestTty::outputOfAProgramThatHasEndedIsReadWhole()
{
    QByteArray expected;
    for (int number = 1; number <= 3000; ++number)
        expected += QByteArray::number(number) + "\r\n";
    for (int round = 0; round < 5; ++round) {
        Terminal terminal;
        terminal.closeSlave();
        QProcess program;
        program.setStandardOutputFile(terminal.path());
        PipeSocket screen = PipeSocket::fromDescriptor(dup(terminal.master()));
        program.start(QStringLiteral("seq"), {QStringLiteral("3000")});
        const QByteArray shown = runSync(screen.readAll(), RunOptions().timeout(20s));
        QCOMPARE(shown.size(), expected.size());
        QVERIFY(shown == expected);
        QTRY_COMPARE_WITH_TIMEOUT(program.state(), QProcess::NotRunning, 20'000);
    }
}

void TestTty::cancelAndCloseEndAReadAndLoseNothing()
{
    const Terminal terminal;
    Tty tty = Tty::open(terminal.slave());
    QCOMPARE(tryRunSync(tty.read(), RunOptions().timeout(1ms)).outcome(), Outcome::TimedOut);
    terminal.type("line\n");
    runSync(sleepFor(2ms));
    QCOMPARE(runSync(tty.readLine()), QByteArray("line\n"));

    const auto reading = spawn(tty.read(), "read");
    runSync(yield());
    tty.close();
    const std::system_error failure = failureOf([&] { runSync(reading); });
    QVERIFY2(failure.code() == std::errc::operation_canceled, failure.what());
    for (const std::system_error &error : {failureOf([&] { static_cast<void>(tty.size()); }),
                                           failureOf([&] { tty.setMode(TtyMode::Raw); })})
        QVERIFY2(error.code() == std::errc::operation_canceled, error.what());
    QCOMPARE(tty.mode(), TtyMode::Normal);
    QVERIFY(failureOf([] { static_cast<void>(Tty().size()); }).code() == std::errc::not_connected);

    Tty other = Tty::open(terminal.slave());
    std::thread([&] {
        QVERIFY_THROWS_EXCEPTION(RunSyncError, other.setMode(TtyMode::Raw));
        QVERIFY_THROWS_EXCEPTION(RunSyncError, static_cast<void>(other.size()));
    }).join();
}

void TestTty::whatIsNoTerminalIsRefused()
{
    const Terminal terminal;
    const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    int ends[2];
    QCOMPARE(pipe2(ends, O_CLOEXEC), 0);
    for (const int descriptor : {null, ends[0], ends[1], terminal.master(), -1, 12'345}) {
        const std::system_error error = failureOf([&] { Tty::open(descriptor); });
        QVERIFY2(error.code() == std::errc::inappropriate_io_control_operation, error.what());
        const std::string expected = "open the terminal of descriptor " + std::to_string(descriptor);
        QVERIFY2(std::string(error.what()).find(expected) == 0, error.what());
    }
    QVERIFY(Tty::isTerminal(terminal.slave()));
    QVERIFY(!Tty::isTerminal(null));
    for (const int descriptor : {null, ends[0], ends[1]})
        ::close(descriptor);
}

int main(int argc, char **argv)
{
    if (argc == 3 && argv[1] == QByteArray("--leave-raw"))
        return leaveRaw(argc, argv, argv[2]);
    const auto application = test::makeApplication(argc, argv);
    TestTty test;
    QTEST_SET_MAIN_SOURCE_PATH
    return test::underOrderFromEnvironment([&] { return QTest::qExec(&test, argc, argv); });
}

#include "tst_tty.moc"
