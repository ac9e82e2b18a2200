// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>

#include <tests/cleanupcheck.h>
#include <tests/testmain.h>

#include <QFile>
#include <QProcess>
#include <QTemporaryDir>
#include <QTemporaryFile>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <set>
#include <thread>

using namespace interloop;
using namespace std::chrono_literals;

static_assert(!std::is_aggregate_v<Process> && !std::is_aggregate_v<ProcessOptions> && !std::is_aggregate_v<ProcessExit>
              && !std::is_aggregate_v<Stdio> && !std::is_aggregate_v<ProcessOutput>);

namespace {

// A pipe of the operating system's, for what a program reads.
class RawPipe
{
public:
    RawPipe()
    {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) == 0) {
            m_in = ends[0];
            m_out = ends[1];
        }
    }
    ~RawPipe()
    {
        closeEnd(m_in);
        closeEnd(m_out);
    }
    RawPipe(const RawPipe &) = delete;
    RawPipe &operator=(const RawPipe &) = delete;

    Stdio input() const { return Stdio::fromDescriptor(m_in); }
    void closeOutput() { closeEnd(m_out); }

private:
    static void closeEnd(int &end)
    {
        if (end >= 0)
            ::close(std::exchange(end, -1));
    }
    int m_in = -1;
    int m_out = -1;
};

ProcessOptions bash(const char *script)
{
    return ProcessOptions(QStringLiteral("bash"), {QStringLiteral("-c"), QString::fromUtf8(script)});
}

// Runs until its input ends.
ProcessOptions catOn(const RawPipe &pipe)
{
    return ProcessOptions(QStringLiteral("cat")).standardInput(pipe.input()).standardOutput(Stdio::null());
}

ProcessExit runToEnd(const ProcessOptions &options)
{
    Process process = Process::start(options);
    return runSync(process.wait(), RunOptions().timeout(10s));
}

// What the program writes, by way of a file.
QByteArray outputOf(ProcessOptions options)
{
    QTemporaryFile file;
    if (!file.open())
        return "no temporary file";
    runToEnd(options.standardOutput(Stdio::fromDescriptor(file.handle())));
    file.seek(0);
    return file.readAll();
}

bool isAlive(int processId)
{
    return ::kill(processId, 0) == 0; // a zombie is alive, too
}

// Neither running children nor zombies.
bool hasNoChild()
{
    siginfo_t info = {};
    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 && errno == ECHILD;
}

std::error_code startError(const ProcessOptions &options, QString &text)
{
    try {
        Process::start(options);
    } catch (const std::system_error &error) {
        text = QString::fromStdString(error.what());
        return error.code();
    }
    text = QStringLiteral("it has started");
    return {};
}

std::set<int> inheritable()
{
    std::set<int> descriptors;
    for (int fd = 0; fd < 1024; ++fd) {
        const int flags = fcntl(fd, F_GETFD);
        if (flags >= 0 && !(flags & FD_CLOEXEC))
            descriptors.insert(fd);
    }
    return descriptors;
}

ProcessOptions exitingWith(int status)
{
    return ProcessOptions(QStringLiteral("bash"), {QStringLiteral("-c"), QStringLiteral("exit %1").arg(status)});
}

Task<int> statusOf(ProcessOptions options)
{
    Process process = Process::start(options);
    const ProcessExit exit = co_await process.wait();
    co_return exit.exitStatus();
}

Task<int> statusOf(QProcess *process)
{
    process->start(QStringLiteral("bash"), {QStringLiteral("-c"), process->objectName()});
    const int status = co_await awaitFinished(process);
    co_return status;
}

ProcessOptions piped(ProcessOptions options)
{
    return options.standardInput(Stdio::pipe()).standardOutput(Stdio::pipe()).standardError(Stdio::pipe());
}

ProcessOutput outputsOf(const ProcessOptions &options, const QByteArray &input)
{
    Process process = Process::start(piped(options));
    return runSync(process.communicate(input), RunOptions().timeout(10s));
}

QByteArray someBytes(int size)
{
    QByteArray bytes(size, Qt::Uninitialized);
    for (int i = 0; i < size; ++i)
        bytes[i] = char(i * 7 + i / 251);
    return bytes;
}

} // namespace

class TestProcess : public QObject
{
    Q_OBJECT

private slots:
    void init() { m_check.begin(); }
    void cleanup()
    {
        m_check.check();
        QVERIFY2(hasNoChild(), "a child is left");
    }

    void exitStatusAndSignalAreTold();
    void argumentsReachTheProgramAsTheyAre();
    void environmentIsInheritedOrReplaced();
    void workingDirectoryIsSet();
    void standardFilesAreTheOnesAskedFor();
    void programHasNoOtherDescriptors();
    void sessionUserAndGroupAreSet();
    void whatCannotStartIsNamed_data();
    void whatCannotStartIsNamed();
    void anyNumberOfTasksWait();
    void killSendsSignals();
    void cancelledWaitLeavesTheProgramAlone();
    void cancelledWaitKillsWhenAsked();
    void droppedProgramRunsOnAndIsReaped();
    void closedHandleOfLibuvLeavesAZombie();
    void droppedProgramIsKilledWhenAsked();
    void programOutlivesItsBridge_data();
    void programOutlivesItsBridge();
    void pipesAreStreams();
    void shutdownEndsTheInput();
    void pipesCanBeOpenedByName();
    void pipesAreClosedInAProcessWithoutStandardFiles();
    void communicateCannotDeadlock();
    void communicateKeepsWithinItsLimit();
    void communicateLosesNothingWhenCancelled();
    void communicateHasNoOutputWhenTheBridgeEnds();
    void communicateLeavesOrKillsTheProgram();
    void inputNeedNotBeRead();
    void readersOutliveTheirProcess();
    void tooFewDescriptorsAreNamed();
    void liveBesideQProcess();
    void eachThreadHasItsOwn();

private:
    test::CleanupCheck m_check;
};

void TestProcess::exitStatusAndSignalAreTold()
{
    for (const int status : {0, 7, 255}) {
        const ProcessExit exit = runToEnd(exitingWith(status));
        QCOMPARE(exit.exitStatus(), status);
        QCOMPARE(exit.signal(), 0);
        QCOMPARE(exit.isSuccess(), status == 0);
        QCOMPARE(exit.toString(), QStringLiteral("exit status %1").arg(status));
    }
    const ProcessExit killed = runToEnd(bash("kill -KILL $$"));
    QCOMPARE(killed.signal(), SIGKILL);
    QCOMPARE(killed.exitStatus(), -SIGKILL);
    QVERIFY(!killed.isSuccess());
    QCOMPARE(killed.toString(), QStringLiteral("signal 9 (Killed)"));

    // This process ignores it.
    QCOMPARE(runToEnd(bash("kill -PIPE $$")).signal(), SIGPIPE);
}

void TestProcess::argumentsReachTheProgramAsTheyAre()
{
    const QStringList arguments = {QString(), QStringLiteral("two words"), QStringLiteral("\"'$HOME\\*"),
                                   QStringLiteral("line\nbreak"), QString::fromUtf8("gr\u00fc\u00dfe")};
    QStringList all = {QStringLiteral("-c"), QStringLiteral("printf '%s|' \"$0\" \"$@\"")};
    const QByteArray output = outputOf(ProcessOptions(QStringLiteral("bash"), all + arguments));
    QCOMPARE(output, (arguments.join(QStringLiteral("|")) + QStringLiteral("|")).toUtf8());
}

void TestProcess::environmentIsInheritedOrReplaced()
{
    const ProcessOptions env(QStringLiteral("/usr/bin/env"));
    QProcessEnvironment one;
    one.insert(QStringLiteral("ONE"), QStringLiteral("1 = one"));
    qputenv("INTERLOOP_TEST_INHERITED", "yes");

    QCOMPARE(outputOf(ProcessOptions(env).environment(one)), QByteArray("ONE=1 = one\n"));
    QCOMPARE(outputOf(ProcessOptions(env).environment(QProcessEnvironment())), QByteArray());
    QVERIFY(outputOf(env).contains("INTERLOOP_TEST_INHERITED=yes\n"));
    const QProcessEnvironment inherited(QProcessEnvironment::InheritFromParent);
    QVERIFY(outputOf(ProcessOptions(env).environment(inherited)).contains("INTERLOOP_TEST_INHERITED=yes\n"));
    qunsetenv("INTERLOOP_TEST_INHERITED");

    // Its own PATH tells where it is.
    const QTemporaryDir directory;
    QVERIFY(QFile::link(QStringLiteral("/bin/echo"), directory.filePath(QStringLiteral("only-here"))));
    const ProcessOptions onlyHere(QStringLiteral("only-here"), {QStringLiteral("found")});
    QProcessEnvironment path;
    path.insert(QStringLiteral("PATH"), directory.path());
    QString text;
    QCOMPARE(outputOf(ProcessOptions(onlyHere).environment(path)), QByteArray("found\n"));
    QCOMPARE(startError(onlyHere, text), std::errc::no_such_file_or_directory);
}

void TestProcess::workingDirectoryIsSet()
{
    const QTemporaryDir directory;
    const QByteArray here = QDir::currentPath().toUtf8();
    QVERIFY(QFile::link(QStringLiteral("/bin/pwd"), directory.filePath(QStringLiteral("where"))));

    QCOMPARE(outputOf(bash("pwd -P")), here + '\n');
    const QByteArray there = QDir(directory.path()).canonicalPath().toUtf8();
    QCOMPARE(outputOf(bash("pwd -P").workingDirectory(directory.path())), there + '\n');
    const ProcessOptions relative(QStringLiteral("./where"), {QStringLiteral("-P")});
    QCOMPARE(outputOf(ProcessOptions(relative).workingDirectory(directory.path())), there + '\n');
}

void TestProcess::standardFilesAreTheOnesAskedFor()
{
    const auto target = [](int fd) { return QFile::symLinkTarget(QStringLiteral("/proc/self/fd/%1").arg(fd)).toUtf8(); };
    const char *show = "readlink /proc/$$/fd/0 /proc/$$/fd/2";

    QCOMPARE(outputOf(bash(show).standardInput(Stdio::null()).standardError(Stdio::null())),
             QByteArray("/dev/null\n/dev/null\n"));
    const QList<QByteArray> inherited = outputOf(bash(show)).split('\n');
    QCOMPARE(inherited.size(), 3);
    QVERIFY2(target(0).endsWith(inherited[0]), inherited[0]);
    QVERIFY2(target(2).endsWith(inherited[1]), inherited[1]);

    // Both outputs to one file, and the caller's descriptor is the caller's still.
    QTemporaryFile file;
    QVERIFY(file.open());
    const Stdio both = Stdio::fromDescriptor(file.handle());
    runToEnd(bash("echo out; echo err >&2").standardOutput(both).standardError(both));
    QVERIFY(file.seek(0));
    QCOMPARE(file.readAll(), QByteArray("out\nerr\n"));
}

void TestProcess::programHasNoOtherDescriptors()
{
    const std::set<int> expected = inheritable(); // of whoever has started this test
    const RawPipe pipe;
    TcpServer server = TcpServer::listen(QStringLiteral("127.0.0.1"), 0);
    const auto connecting = spawn(server.accept(), "accept");
    TcpSocket socket = runSync(TcpSocket::connect(QStringLiteral("127.0.0.1"), server.port()));
    TcpSocket accepted = runSync(TaskHandle<TcpSocket>(connecting));
    Process first = Process::start(catOn(pipe));
    QProcess second;
    second.start(QStringLiteral("cat"), QStringList());
    QVERIFY(second.waitForStarted());

    const QByteArray output = outputOf(bash("for i in {3..99}; do test -e /proc/$$/fd/$i && echo $i; done"));
    for (const QByteArray &fd : output.simplified().split(' '))
        QVERIFY2(fd.isEmpty() || expected.contains(fd.toInt()), output);

    first.kill();
    runSync(first.wait());
    second.closeWriteChannel();
    QVERIFY(second.waitForFinished());
}

void TestProcess::sessionUserAndGroupAreSet()
{
    const RawPipe pipe;
    Process same = Process::start(catOn(pipe));
    QCOMPARE(getpgid(same.processId()), getpgrp());
    Process own = Process::start(catOn(pipe).newSession());
    QCOMPARE(getsid(own.processId()), own.processId());
    QCOMPARE(::kill(-own.processId(), SIGTERM), 0); // it leads a group
    QCOMPARE(runSync(own.wait()).signal(), SIGTERM);
    same.kill();
    runSync(same.wait());

    // Only root may become somebody else, and nobody may become root.
    constexpr unsigned nobody = 65534;
    const bool isRoot = getuid() == 0;
    const unsigned user = isRoot ? nobody : getuid();
    const unsigned group = isRoot ? nobody : getgid();
    const QByteArray ids = outputOf(bash("id -u; id -g").user(user).group(group));
    QCOMPARE(ids, QByteArray::number(user) + '\n' + QByteArray::number(group) + '\n');
    if (!isRoot) {
        QString text;
        QCOMPARE(startError(exitingWith(0).user(0), text), std::errc::operation_not_permitted);
    }
}

void TestProcess::whatCannotStartIsNamed_data()
{
    QTest::addColumn<ProcessOptions>("options");
    QTest::addColumn<std::errc>("code");
    QTest::addColumn<QString>("text");
    const auto add = [](const char *name, const ProcessOptions &options, std::errc code, const char *text) {
        QTest::newRow(name) << options << code << QString::fromUtf8(text);
    };
    const ProcessOptions missing(QStringLiteral("/no/such/program"));
    const ProcessOptions here = exitingWith(0);
    const QString nul = QStringLiteral("a") + QChar(u'\0');
    QProcessEnvironment badName;
    badName.insert(QStringLiteral("A=B"), QStringLiteral("C"));
    QProcessEnvironment badValue;
    badValue.insert(QStringLiteral("A"), nul);

    add("missing", missing, std::errc::no_such_file_or_directory, "start /no/such/program");
    add("missing in PATH", ProcessOptions(QStringLiteral("no-such-program")), std::errc::no_such_file_or_directory,
        "start no-such-program");
    add("a directory", ProcessOptions(QStringLiteral("/etc")), std::errc::permission_denied,
        "start /etc");
    add("no interpreter", ProcessOptions(QStringLiteral("./script")).workingDirectory(QStringLiteral("DIRECTORY")),
        std::errc::no_such_file_or_directory, "start ./script: its interpreter");
    add("missing directory", ProcessOptions(here).workingDirectory(QStringLiteral("/no/such/place")),
        std::errc::no_such_file_or_directory, "start bash: working directory /no/such/place");
    add("a file for a directory", ProcessOptions(here).workingDirectory(QStringLiteral("/etc/passwd")),
        std::errc::not_a_directory, "start bash: working directory /etc/passwd");
    add("both missing", ProcessOptions(missing).workingDirectory(QStringLiteral("/no")),
        std::errc::no_such_file_or_directory, "start /no/such/program: working directory /no");
    add("nothing", ProcessOptions(QString()), std::errc::invalid_argument,
        "start : the program's name is empty");
    add("NUL in the name", ProcessOptions(nul), std::errc::invalid_argument,
        "start a\\0: the program's name contains a NUL");
    add("NUL in an argument", ProcessOptions(QStringLiteral("echo"), {nul}), std::errc::invalid_argument,
        "start echo: an argument contains a NUL");
    add("NUL in the directory", ProcessOptions(here).workingDirectory(nul), std::errc::invalid_argument,
        "start bash: the working directory contains a NUL");
    add("bad variable", ProcessOptions(here).environment(badName), std::errc::invalid_argument,
        "start bash: A=B cannot be the name of an environment variable");
    add("NUL in a variable", ProcessOptions(here).environment(badValue), std::errc::invalid_argument,
        "start bash: an environment variable contains a NUL");
    add("closed descriptor", ProcessOptions(here).standardError(Stdio::fromDescriptor(900)),
        std::errc::bad_file_descriptor, "start bash: standard error, descriptor 900");
    add("no descriptor", ProcessOptions(here).standardInput(Stdio::fromDescriptor(-1)),
        std::errc::bad_file_descriptor, "start bash: standard input, descriptor -1");
}

void TestProcess::whatCannotStartIsNamed()
{
    QFETCH(ProcessOptions, options);
    QFETCH(std::errc, code);
    QFETCH(QString, text);
    const QTemporaryDir directory;
    QFile script(directory.filePath(QStringLiteral("script")));
    QVERIFY(script.open(QFile::WriteOnly) && script.write("#!/no/such/interpreter\n") > 0);
    QVERIFY(script.setPermissions(QFile::ReadOwner | QFile::ExeOwner));
    script.close();
    if (options.workingDirectory() == QStringLiteral("DIRECTORY"))
        options.workingDirectory(directory.path());

    QString actual;
    const std::error_code error = startError(options, actual);
    QCOMPARE(actual, text + QStringLiteral(": ") + QString::fromStdString(error.message()));
    QCOMPARE(error, code);
}

void TestProcess::anyNumberOfTasksWait()
{
    RawPipe pipe;
    Process process = Process::start(catOn(pipe));
    QVERIFY(process.isRunning());
    QVERIFY(isAlive(process.processId()));
    const auto first = spawn(process.wait(), "first");
    const auto second = spawn(process.wait(), "second");
    runSync(yield());
    Process moved = std::move(process);
    QCOMPARE(process.processId(), 0);
    QVERIFY_THROWS_EXCEPTION(std::system_error, runSync(process.wait()));

    pipe.closeOutput();
    QVERIFY(runSync(first).isSuccess());
    QVERIFY(runSync(second).isSuccess());
    QVERIFY(runSync(moved.wait()).isSuccess());
    QVERIFY(!moved.isRunning());
    QVERIFY(moved.processId() > 0);
}

void TestProcess::killSendsSignals()
{
    RawPipe pipe;
    Process process = Process::start(catOn(pipe));
    const std::string name = "kill cat (" + std::to_string(process.processId()) + "): ";
    const auto failure = [&process](int signal) {
        try {
            process.kill(signal);
        } catch (const std::system_error &error) {
            return std::string(error.what());
        }
        return std::string();
    };
    QCOMPARE(failure(999), name + "Invalid argument");
    QCOMPARE(failure(0), std::string());
    QCOMPARE(failure(SIGUSR1), std::string());
    QCOMPARE(runSync(process.wait()).signal(), SIGUSR1);
    QCOMPARE(failure(SIGTERM), name + "No such process");

    Process other = Process::start(catOn(pipe));
    other.kill();
    QCOMPARE(runSync(other.wait()).signal(), SIGTERM);
}

void TestProcess::cancelledWaitLeavesTheProgramAlone()
{
    RawPipe pipe;
    Process process = Process::start(catOn(pipe));
    QVERIFY_THROWS_EXCEPTION(TimeoutError, runSync(withTimeout(5ms, process.wait())));
    QVERIFY_THROWS_EXCEPTION(TimeoutError, runSync(withTimeout(0ms, process.wait())));
    QVERIFY(process.isRunning());

    pipe.closeOutput();
    QVERIFY(runSync(process.wait()).isSuccess());
}

void TestProcess::cancelledWaitKillsWhenAsked()
{
    for (const auto limit : {5ms, 0ms}) {
        const RawPipe pipe;
        Process process = Process::start(catOn(pipe).whenCancelled(Abandoned::Killed));
        QVERIFY_THROWS_EXCEPTION(TimeoutError, runSync(withTimeout(limit, process.wait())));
        if (limit > 0ms)
            QVERIFY(!isAlive(process.processId())); // it was waited for
        QCOMPARE(runSync(process.wait()).signal(), SIGKILL);
    }
}

void TestProcess::droppedProgramRunsOnAndIsReaped()
{
    const QTemporaryDir directory;
    RawPipe pipe;
    int processId = 0;
    {
        const ProcessOptions options = bash("read; echo done > result").workingDirectory(directory.path());
        const Process process = Process::start(ProcessOptions(options).standardInput(pipe.input()));
        processId = process.processId();
    }
    runSync(sleepFor(5ms));
    QVERIFY(isAlive(processId));
    pipe.closeOutput();
    QVERIFY(QTest::qWaitFor(&hasNoChild));
    QVERIFY(QFile::exists(directory.filePath(QStringLiteral("result"))));

    // What ended before it was dropped, and had not been waited for.
    {
        const Process process = Process::start(exitingWith(0));
        siginfo_t info = {};
        QCOMPARE(waitid(P_PID, id_t(process.processId()), &info, WEXITED | WNOWAIT), 0);
    }
    QVERIFY(QTest::qWaitFor(&hasNoChild));
}

// What would become of a dropped program if its handle were closed with its Process.
void TestProcess::closedHandleOfLibuvLeavesAZombie()
{
    uv_process_t handle;
    const char *arguments[] = {"true", nullptr};
    uv_process_options_t options = {};
    options.file = arguments[0];
    options.args = const_cast<char **>(arguments);
    QCOMPARE(uv_spawn(Bridge::current().uvLoop(), &handle, &options), 0);
    uv_close(reinterpret_cast<uv_handle_t *>(&handle), nullptr);
    siginfo_t info = {};
    QCOMPARE(waitid(P_PID, id_t(handle.pid), &info, WEXITED | WNOWAIT), 0); // it has ended

    QCOMPARE(runToEnd(exitingWith(3)).exitStatus(), 3);

    QVERIFY(!hasNoChild());
    QCOMPARE(waitpid(handle.pid, nullptr, 0), handle.pid);
}

void TestProcess::droppedProgramIsKilledWhenAsked()
{
    const RawPipe pipe;
    Process process = Process::start(catOn(pipe).whenDropped(Abandoned::Killed));
    const auto waiting = spawn(process.wait(), "wait");
    runSync(yield());
    process = Process();
    QCOMPARE(runSync(waiting).signal(), SIGKILL);
}

void TestProcess::programOutlivesItsBridge_data()
{
    QTest::addColumn<bool>("isKilled");
    QTest::newRow("runs on") << false;
    QTest::newRow("killed") << true;
}

void TestProcess::programOutlivesItsBridge()
{
    QFETCH(bool, isKilled);
    RawPipe pipe;
    Process process = Process::start(catOn(pipe).whenDropped(isKilled ? Abandoned::Killed : Abandoned::RunsOn));
    const auto waiting = spawn(process.wait(), "wait");
    runSync(yield());

    Bridge::current().close();

    QVERIFY(!process.isRunning());
    QVERIFY_THROWS_EXCEPTION(std::system_error, process.kill());
    Bridge::current(); // another one
    QVERIFY_THROWS_EXCEPTION(std::system_error, runSync(process.wait()));
    if (!isKilled) {
        QVERIFY(isAlive(process.processId()));
        pipe.closeOutput();
    }
    QVERIFY(QTest::qWaitFor(&hasNoChild)); // though no loop of ours waits for it
}

void TestProcess::pipesAreStreams()
{
    Process cat = Process::start(piped(ProcessOptions(QStringLiteral("cat"))));
    runSync(cat.standardInput().write(QByteArray("one\ntwo")));
    QCOMPARE(runSync(cat.standardOutput().readLine()), QByteArray("one\n"));
    QCOMPARE(runSync(cat.standardOutput().readExactly(3)), QByteArray("two"));
    cat.standardInput().close();
    QCOMPARE(runSync(cat.standardOutput().read()), QByteArray());
    QCOMPARE(runSync(cat.standardError().readAll()), QByteArray());
    QVERIFY(runSync(cat.wait()).isSuccess());

    // What it has written can be read after its end.
    Process echo = Process::start(piped(bash("echo out; echo err >&2; exit 3")));
    QCOMPARE(runSync(echo.wait()).exitStatus(), 3);
    QCOMPARE(runSync(echo.standardOutput().readAll()), QByteArray("out\n"));
    QCOMPARE(runSync(echo.standardError().readAll()), QByteArray("err\n"));

    // One that was not asked for is a closed stream; so is each of none.
    Process none = Process::start(exitingWith(0).standardOutput(Stdio::null()));
    QVERIFY(!none.standardOutput().isOpen());
    QVERIFY_THROWS_EXCEPTION(std::system_error, runSync(none.standardOutput().read()));
    QVERIFY(!Process().standardInput().isOpen());
    runSync(none.wait());

    echo.standardOutput().close();
    const Result<QByteArray> result = tryRunSync(echo.standardOutput().read());
    const std::string name = "read standard output of bash (" + std::to_string(echo.processId()) + "): ";
    QVERIFY2(result.errorString().starts_with(name), result.errorString().c_str());
}

void TestProcess::shutdownEndsTheInput()
{
    const QByteArray data = someBytes(300000); // more than a pipe holds
    Process cat = Process::start(piped(ProcessOptions(QStringLiteral("cat"))));
    const auto reading = spawn(cat.standardOutput().readAll(), "read");
    runSync(cat.standardInput().write(data));
    runSync(cat.standardInput().shutdown());
    QVERIFY(!cat.standardInput().isOpen()); // it goes one way only
    QVERIFY(runSync(reading) == data);
    QVERIFY(runSync(cat.wait()).isSuccess());
}

void TestProcess::pipesCanBeOpenedByName()
{
    const ProcessOutput output = outputsOf(bash("cat /dev/stdin > /dev/stdout; echo err > /dev/stderr"), "in");
    QCOMPARE(output.standardOutput(), QByteArray("in"));
    QCOMPARE(output.standardError(), QByteArray("err\n"));
    QVERIFY(output.exit().isSuccess());
}

void TestProcess::pipesAreClosedInAProcessWithoutStandardFiles()
{
    const int input = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 10);
    ::close(STDIN_FILENO); // the next descriptor that is made gets its number
    ProcessOptions options(QStringLiteral("yes"));
    Process yes = Process::start(options.standardInput(Stdio::null()).standardOutput(Stdio::pipe()));
    const bool isUsed = fcntl(STDIN_FILENO, F_GETFD) >= 0;
    if (input >= 0)
        dup2(input, STDIN_FILENO);
    ::close(input);

    yes.standardOutput().close();
    const Result<ProcessExit> exit = tryRunSync(yes.wait(), RunOptions().timeout(5s));

    if (!exit)
        yes.kill(SIGKILL);
    QVERIFY(!isUsed);
    QVERIFY2(exit, exit.errorString().c_str());
    QCOMPARE(exit.value().signal(), SIGPIPE);
}

void TestProcess::communicateCannotDeadlock()
{
    // It fills both outputs before it reads, and then answers while it reads.
    const char *script = "head -c 300000 /dev/zero >&2; head -c 300000 /dev/zero; exec cat";
    const QByteArray input = someBytes(4 << 20);

    const ProcessOutput output = outputsOf(bash(script), input);

    QVERIFY(output.exit().isSuccess());
    QVERIFY(output.standardOutput() == QByteArray(300000, '\0') + input);
    QVERIFY(output.standardError() == QByteArray(300000, '\0'));

    // One after the other does not do.
    Process process = Process::start(piped(bash(script)).whenDropped(Abandoned::Killed));
    QVERIFY_THROWS_EXCEPTION(TimeoutError, runSync(withTimeout(100ms, process.standardInput().write(input))));
}

void TestProcess::communicateKeepsWithinItsLimit()
{
    Process process = Process::start(piped(bash("seq 1 30000; echo err >&2")));
    const Result<ProcessOutput> result = tryRunSync(process.communicate({}, 1000));
    QVERIFY2(QString::fromStdString(result.errorString()).contains(QStringLiteral("more than 1000 bytes")),
             result.errorString().c_str());
    QVERIFY_THROWS_EXCEPTION(std::system_error, runSync(process.communicate({}, 0)));

    const ProcessOutput output = runSync(process.communicate());
    QVERIFY(output.standardOutput().startsWith("1\n2\n"));
    QVERIFY(output.standardOutput().endsWith("\n30000\n"));
    QCOMPARE(output.standardOutput().count('\n'), 30000);
    QCOMPARE(output.standardError(), QByteArray("err\n"));
}

void TestProcess::communicateLosesNothingWhenCancelled()
{
    Process process = Process::start(piped(bash("for i in {1..20}; do echo err$i >&2; seq 1 5000; done; exit 5")));
    int cancelled = 0;
    for (;; ++cancelled) {
        const auto task = spawn(process.communicate(), "communicate");
        for (int turns = 0; turns < cancelled && !task.isDone(); ++turns)
            runSync(yield());
        if (cancelled < 200)
            task.cancel();
        const Result<ProcessOutput> result = tryRunSync(task);
        if (!result)
            continue;
        QCOMPARE(result.value().exit().exitStatus(), 5);
        QCOMPARE(result.value().standardOutput().count('\n'), 100000);
        QCOMPARE(result.value().standardOutput().size(), 20 * 23893);
        QCOMPARE(result.value().standardError().count("err"), 20);
        break;
    }
    QVERIFY(cancelled > 3);

    // One output has ended, and all of it was in hand, when the wait for the rest is given up.
    RawPipe pipe;
    const ProcessOptions early = piped(bash("echo err >&2; exec 2>&-; echo out; read")).standardInput(pipe.input());
    Process half = Process::start(early);
    QCOMPARE(runSync(half.standardOutput().readLine()), QByteArray("out\n"));
    QVERIFY_THROWS_EXCEPTION(TimeoutError, runSync(withTimeout(5ms, half.communicate())));
    pipe.closeOutput();
    QCOMPARE(runSync(half.communicate()).standardError(), QByteArray("err\n"));
}

namespace {

Task<> communicateShielded(bool *hasOutput)
{
    ProcessOptions options = bash("sleep 100");
    Process process = Process::start(options.standardOutput(Stdio::pipe()).whenDropped(Abandoned::Killed));
    static_cast<void>(co_await shield(process.communicate()));
    *hasOutput = true;
}

} // namespace

void TestProcess::communicateHasNoOutputWhenTheBridgeEnds()
{
    bool hasOutput = false;
    const std::unique_ptr<QThread> thread(QThread::create([&hasOutput] {
        const auto communicating = spawn(communicateShielded(&hasOutput), "communicate");
        runSync(sleepFor(1ms));
        Bridge::current().close(); // cancels its parts, but not who is shielded
    }));
    thread->start();
    QVERIFY(thread->wait(10'000));
    QVERIFY(!hasOutput);
    QTRY_VERIFY(hasNoChild()); // it was killed, and a thread reaps it
}

void TestProcess::communicateLeavesOrKillsTheProgram()
{
    for (const Abandoned abandoned : {Abandoned::RunsOn, Abandoned::Killed}) {
        RawPipe pipe;
        const ProcessOptions cat = ProcessOptions(catOn(pipe)).standardOutput(Stdio::pipe()).whenCancelled(abandoned);
        Process process = Process::start(cat);
        QVERIFY_THROWS_EXCEPTION(TimeoutError, runSync(withTimeout(5ms, process.communicate())));
        QCOMPARE(isAlive(process.processId()), abandoned == Abandoned::RunsOn);
        pipe.closeOutput();
        QCOMPARE(runSync(process.wait()).signal(), abandoned == Abandoned::RunsOn ? 0 : SIGKILL);
    }
}

void TestProcess::inputNeedNotBeRead()
{
    const ProcessOutput output = outputsOf(bash("exec <&-; echo done"), someBytes(1 << 20));
    QVERIFY(output.exit().isSuccess());
    QCOMPARE(output.standardOutput(), QByteArray("done\n"));

    Process process = Process::start(bash("echo").standardOutput(Stdio::pipe()));
    const Result<ProcessOutput> result = tryRunSync(process.communicate("input"));
    QVERIFY2(QString::fromStdString(result.errorString()).contains(QStringLiteral("its standard input is not an open pipe")),
             result.errorString().c_str());
    QCOMPARE(runSync(process.communicate()).standardOutput(), QByteArray("\n"));
}

void TestProcess::readersOutliveTheirProcess()
{
    const ProcessOptions cat = piped(ProcessOptions(QStringLiteral("cat")));
    std::optional<Process> process = Process::start(cat);
    const auto reading = spawn(process->standardOutput().read(), "read");
    const auto waiting = spawn(process->wait(), "wait");
    std::optional<Process> other = Process::start(cat);
    const auto communicating = spawn(other->communicate(someBytes(1 << 20)), "communicate");
    const auto late = spawn(Process::start(cat).communicate("text"), "late"); // its Process is gone before it begins
    runSync(yield());
    process.reset();
    other.reset();

    QVERIFY_THROWS_EXCEPTION(std::system_error, runSync(reading));
    QVERIFY(runSync(waiting).isSuccess()); // its input has ended
    QVERIFY_THROWS_EXCEPTION(std::system_error, runSync(communicating));
    QVERIFY_THROWS_EXCEPTION(std::system_error, runSync(late));
    QVERIFY(QTest::qWaitFor(&hasNoChild));
}

void TestProcess::tooFewDescriptorsAreNamed()
{
    rlimit before;
    QCOMPARE(getrlimit(RLIMIT_NOFILE, &before), 0);
    int refused = 0;
    bool hasStarted = false;
    for (int spare = 0; !hasStarted && spare < 30; ++spare) {
        const int next = fcntl(0, F_DUPFD_CLOEXEC, 0); // the lowest one that is free
        ::close(next);
        const rlimit few = {rlim_t(next + spare), before.rlim_max};
        setrlimit(RLIMIT_NOFILE, &few);
        QString text;
        const std::error_code error = startError(piped(exitingWith(0)), text);
        setrlimit(RLIMIT_NOFILE, &before);
        hasStarted = !error;
        if (error) {
            ++refused;
            QCOMPARE(error, std::errc::too_many_files_open);
            QVERIFY2(text.startsWith(QStringLiteral("start bash")), qPrintable(text));
        }
    }
    QVERIFY(hasStarted);
    QVERIFY(refused >= 6); // a pair for each of three pipes
    QVERIFY(QTest::qWaitFor(&hasNoChild));
}

void TestProcess::liveBesideQProcess()
{
    constexpr int count = 100;
    std::vector<std::unique_ptr<QProcess>> theirs;
    std::vector<TaskHandle<int>> handles;
    for (int i = 0; i < count; ++i) {
        handles.push_back(spawn(statusOf(exitingWith(i)), "ours"));
        theirs.push_back(std::make_unique<QProcess>());
        theirs.back()->setObjectName(QStringLiteral("exit %1").arg(i + count));
        handles.push_back(spawn(statusOf(theirs.back().get()), "theirs"));
    }
    const std::vector<int> statuses = runSync(gather(std::move(handles)));
    for (int i = 0; i < count; ++i) {
        QCOMPARE(statuses[std::size_t(2 * i)], i);
        QCOMPARE(statuses[std::size_t(2 * i + 1)], i + count);
    }
}

void TestProcess::eachThreadHasItsOwn()
{
    const RawPipe pipe;
    Process process = Process::start(catOn(pipe));
    std::vector<int> statuses;
    int refused = 0;
    std::thread([&] {
        for (int i = 0; i < 10; ++i)
            statuses.push_back(runSync(statusOf(exitingWith(i))));
        try {
            process.kill();
        } catch (const RunSyncError &error) {
            refused += error.reason() == Refusal::WrongThread;
        }
        try {
            runSync(process.wait());
        } catch (const RunSyncError &error) {
            refused += error.reason() == Refusal::WrongThread;
        }
    }).join();
    QCOMPARE(statuses, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
    QCOMPARE(refused, 2);
    process.kill();
    QCOMPARE(runSync(process.wait()).signal(), SIGTERM);
}

INTERLOOP_TEST_MAIN(TestProcess)

#include "tst_process.moc"
