// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>

#include <tests/cleanupcheck.h>
#include <tests/drivers.h>
#include <tests/testmain.h>

#include <QFile>
#include <QProcess>
#include <QTemporaryDir>

#include <csignal>
#include <sys/stat.h>
#include <thread>
#include <type_traits>
#include <unistd.h>

using namespace interloop;
using namespace interloop::test;
using namespace std::chrono_literals;

using Kind = FileEvent::Kind;

static_assert(!std::is_aggregate_v<FileEvent> && !std::is_aggregate_v<FileWatcher>);
static_assert(!std::is_aggregate_v<FileStatusChange> && !std::is_aggregate_v<FilePoller>);

namespace {

constexpr int kernelsQueue = 16'384; // events, unless somebody has changed it

// A folder of the test's own.
class Folder
{
public:
    QString path() const { return m_folder.path(); }
    QString operator/(const QString &name) const { return m_folder.filePath(name); }

    void make(const QString &name, const QByteArray &content = QByteArray()) const
    {
        QFile file(*this / name);
        if (!file.open(QIODevice::WriteOnly | QIODevice::Append | QIODevice::Unbuffered))
            qFatal("no file");
        if (!content.isEmpty())
            file.write(content);
    }
    void remove(const QString &name) const { QFile::remove(*this / name); }

private:
    QTemporaryDir m_folder;
};

// A shell whose working directory is the folder.
void startShell(QProcess &shell, const Folder &folder, const QString &script)
{
    shell.setWorkingDirectory(folder.path());
    shell.start(QStringLiteral("bash"), {QStringLiteral("-c"), script});
}

class Seen
{
public:
    explicit Seen(const FileEvent &event) : kind(event.kind()), name(event.name()), renameId(event.renameId()) { }
    Kind kind;
    QString name;
    std::uint32_t renameId;
};

// Takes events until there have been `count`, or the end.
Task<std::vector<Seen>> take(FileWatcher &watcher, std::size_t count)
{
    std::vector<Seen> all;
    while (all.size() < count) {
        const std::optional<FileEvent> event = co_await watcher.next();
        if (!event)
            break;
        all.emplace_back(*event);
    }
    co_return all;
}

Task<QStringList> namesCreated(FileWatcher &watcher, QString last)
{
    QStringList names;
    for (auto event = co_await watcher.next(); event; event = co_await watcher.next()) {
        if (event->kind() == Kind::Created)
            names.append(event->name());
        if (event->name() == last)
            break;
    }
    co_return names;
}

// How many events there are before the error, and the error.
class Ending
{
public:
    std::size_t count = 0;
    std::error_code code;
    std::string text;
};

Task<Ending> untilError(FileWatcher &watcher)
{
    Ending ending;
    try {
        for (auto event = co_await watcher.next(); event; event = co_await watcher.next())
            ++ending.count;
    } catch (const std::system_error &error) {
        ending.code = error.code();
        ending.text = error.what();
    }
    co_return ending;
}

template<typename T>
T inTime(Task<T> task)
{
    return runSync(std::move(task), RunOptions().timeout(isSanitized ? 40s : 15s));
}

Task<bool> isAtEnd(FileWatcher &watcher)
{
    const std::optional<FileEvent> event = co_await watcher.next();
    co_return !event;
}

// More events than the kernel keeps, while nobody looks. Turn about, as it merges equal ones that follow each other.
void flood(const Folder &folder)
{
    QFile files[2];
    for (QFile &file : files) {
        file.setFileName(folder / QString::number(&file - files));
        if (!file.open(QIODevice::WriteOnly | QIODevice::Unbuffered))
            qFatal("no file");
    }
    for (int i = 0; i < 9000; ++i) {
        for (QFile &file : files) {
            if (::pwrite(file.handle(), "x", 1, 0) != 1)
                qFatal("write failed");
        }
    }
}

} // namespace

class TestFsevent : public QObject
{
    Q_OBJECT

private slots:
    void init() { m_leaks.begin(); }
    void cleanup() { m_leaks.check(); }

    void aChangeEndsTheWaitForIt_data() { addDrivers(); }
    void aChangeEndsTheWaitForIt();
    void aBurstIsCompleteAndInOrder_data();
    void aBurstIsCompleteAndInOrder();
    void eachKindOfEventIsTold();
    void aWatchedFileTellsOfItself();
    void moreThanTheCapacityIsAnErrorAfterWhatWasKept();
    void whatTheKernelLosesIsAnErrorOfEveryWatcher();
    void libuvAloneLosesEventsInSilence();
    void theEndOfThePathIsTold_data();
    void theEndOfThePathIsTold();
    void watchersOfOnePathAreIndependent();
    void whatWasKeptOutlivesTheWatching();
    void aWaitEndsWithItsWatcher();
    void aCancelledWaitLosesNothing();
    void whatCannotBeWatchedIsRefused_data();
    void whatCannotBeWatchedIsRefused();
    void anEmptyWatcherAndAForeignThreadAreErrors();

    void aPollerTellsTheStatesOfAFile();
    void aPollerTellsOfAFileThatComesAndGoes();
    void aPollersUntakenChangesBecomeOne();
    void aPollersWaitsEndAndAreCancelled();
    void whatCannotBePolledIsRefused();

    void sequencesAndHandlesOutliveTheirLoop();

private:
    CleanupCheck m_leaks;
};

void TestFsevent::aChangeEndsTheWaitForIt()
{
    drive([] {
        const Folder folder;
        FileWatcher watcher(folder.path());
        QTimer::singleShot(2ms, Qt::PreciseTimer, [&] { folder.make(QStringLiteral("new")); });
        const auto event = inTime(watcher.next());
        QCOMPARE(event->kind(), Kind::Created);
        QCOMPARE(event->name(), QStringLiteral("new"));
    });
}

void TestFsevent::aBurstIsCompleteAndInOrder_data()
{
    QTest::addColumn<bool>("blocks");
    QTest::newRow("while the event loop runs") << false;
    QTest::newRow("while the thread is blocked") << true;
}

void TestFsevent::aBurstIsCompleteAndInOrder()
{
    QFETCH(bool, blocks);
    const Folder folder;
    FileWatcher watcher(folder.path());
    QProcess shell;
    startShell(shell, folder, QStringLiteral("for i in {1..1000}; do echo $i > f$i; done; : > last"));
    if (blocks) {
        shell.waitForStarted(5000);
        std::this_thread::sleep_for(50ms);
    }

    const QStringList names = inTime(namesCreated(watcher, QStringLiteral("last")));

    QCOMPARE(names.size(), 1001);
    for (int i = 0; i < 1000; ++i)
        QCOMPARE(names[i], QStringLiteral("f%1").arg(i + 1));
    QVERIFY(shell.state() == QProcess::NotRunning || shell.waitForFinished(5000));
}

void TestFsevent::eachKindOfEventIsTold()
{
    const Folder folder;
    FileWatcher watcher(folder.path());
    folder.make(QStringLiteral("ä b"), "x");
    ::chmod(QFile::encodeName(folder / QStringLiteral("ä b")).constData(), 0600);
    QFile::rename(folder / QStringLiteral("ä b"), folder / QStringLiteral("c"));
    folder.remove(QStringLiteral("c"));
    ::mkdir(QFile::encodeName(folder / QStringLiteral("d")).constData(), 0700);

    const std::vector<Seen> seen = inTime(take(watcher, 6));
    const auto directory = inTime(watcher.next());

    const Kind kinds[] = {Kind::Created, Kind::Changed, Kind::AttributesChanged, Kind::MovedOut, Kind::MovedIn, Kind::Deleted};
    QCOMPARE(seen.size(), std::size(kinds));
    for (std::size_t i = 0; i < seen.size(); ++i) {
        QCOMPARE(seen[i].kind, kinds[i]);
        QCOMPARE(seen[i].name, i < 4 ? QStringLiteral("ä b") : QStringLiteral("c"));
    }
    QVERIFY(seen[3].renameId != 0);
    QCOMPARE(seen[3].renameId, seen[4].renameId);
    QCOMPARE(seen[5].renameId, 0U);
    QCOMPARE(directory->kind(), Kind::Created);
    QVERIFY(directory->isDirectory());
}

void TestFsevent::aWatchedFileTellsOfItself()
{
    const Folder folder;
    folder.make(QStringLiteral("file"));
    FileWatcher watcher(folder / QStringLiteral("file"));
    folder.make(QStringLiteral("other"), "x");
    folder.make(QStringLiteral("file"), "x");
    const auto event = inTime(watcher.next());
    QCOMPARE(event->kind(), Kind::Changed);
    QVERIFY(event->name().isEmpty());
    QCOMPARE(watcher.size(), std::size_t(0));
    QCOMPARE(watcher.path(), folder / QStringLiteral("file"));
}

void TestFsevent::moreThanTheCapacityIsAnErrorAfterWhatWasKept()
{
    const Folder folder;
    FileWatcher watcher(folder.path(), 10);
    FileWatcher roomy(folder.path());
    for (int i = 0; i < 11; ++i)
        folder.make(QString::number(i));
    QTRY_VERIFY(!watcher.isOpen());
    QCOMPARE(watcher.size(), std::size_t(10));

    const Ending ending = inTime(untilError(watcher));

    QCOMPARE(ending.count, std::size_t(10));
    QVERIFY2(ending.code == std::errc::no_buffer_space, ending.text.c_str());
    QVERIFY2(ending.text.find("more than 10 events") != std::string::npos, ending.text.c_str());
    QVERIFY(inTime(isAtEnd(watcher))); // thrown once
    QCOMPARE(roomy.size(), std::size_t(11));
}

void TestFsevent::whatTheKernelLosesIsAnErrorOfEveryWatcher()
{
    const Folder folder;
    const Folder quiet;
    FileWatcher watcher(folder.path(), 1'000'000);
    FileWatcher other(quiet.path());
    flood(folder);

    const Ending ending = inTime(untilError(watcher));
    const Ending othersEnding = inTime(untilError(other));

    QVERIFY2(ending.code == std::errc::no_buffer_space, ending.text.c_str());
    QVERIFY2(ending.text.find("max_queued_events") != std::string::npos, ending.text.c_str());
    QCOMPARE(ending.count, std::size_t(kernelsQueue));
    QCOMPARE(othersEnding.count, std::size_t(0)); // what it would have missed nobody knows
    QVERIFY(othersEnding.code == std::errc::no_buffer_space);
    // and one can begin anew
    FileWatcher next(folder.path());
    folder.make(QStringLiteral("new"));
    QVERIFY(inTime(next.next()).has_value());
}

void TestFsevent::libuvAloneLosesEventsInSilence()
{
    class Count
    {
    public:
        int events = 0;
        int errors = 0;
    };
    const Folder folder;
    Count count;
    uv_loop_t loop;
    uv_fs_event_t watcher;
    QCOMPARE(uv_loop_init(&loop), 0);
    uv_fs_event_init(&loop, &watcher);
    watcher.data = &count;
    const auto came = [](uv_fs_event_t *handle, const char *, int, int status) {
        auto *count = static_cast<Count *>(handle->data);
        ++(status < 0 ? count->errors : count->events);
    };
    uv_fs_event_start(&watcher, came, QFile::encodeName(folder.path()).constData(), 0);
    flood(folder);
    for (int i = 0; i < 100; ++i)
        uv_run(&loop, UV_RUN_NOWAIT);
    uv_close(reinterpret_cast<uv_handle_t *>(&watcher), nullptr);
    uv_run(&loop, UV_RUN_DEFAULT);
    QCOMPARE(uv_loop_close(&loop), 0);
    QCOMPARE(count.errors, 0);
    QCOMPARE(count.events, kernelsQueue); // of 18,000
}

void TestFsevent::theEndOfThePathIsTold_data()
{
    QTest::addColumn<QString>("script");
    QTest::addColumn<QString>("told");
    QTest::newRow("deleted") << QStringLiteral("rm watched") << QStringLiteral("deleted");
    QTest::newRow("replaced") << QStringLiteral("echo new > temporary; mv temporary watched") << QStringLiteral("deleted");
    QTest::newRow("moved") << QStringLiteral("mv watched elsewhere") << QStringLiteral("moved away");
    QTest::newRow("directory") << QStringLiteral("rm watched; rmdir $PWD") << QStringLiteral("deleted");
}

void TestFsevent::theEndOfThePathIsTold()
{
    QFETCH(QString, script);
    QFETCH(QString, told);
    const Folder folder;
    folder.make(QStringLiteral("watched"));
    const bool isDirectory = script.contains(QStringLiteral("rmdir"));
    FileWatcher watcher(isDirectory ? folder.path() : folder / QStringLiteral("watched"));
    QProcess shell;
    startShell(shell, folder, script);

    const Ending ending = inTime(untilError(watcher));

    QVERIFY2(ending.code == std::errc::no_such_file_or_directory, ending.text.c_str());
    QVERIFY2(QString::fromStdString(ending.text).contains(told), ending.text.c_str());
    QVERIFY(!watcher.isOpen());
    QVERIFY(shell.state() == QProcess::NotRunning || shell.waitForFinished(5000));
}

void TestFsevent::watchersOfOnePathAreIndependent()
{
    const Folder folder;
    FileWatcher first(folder.path());
    folder.make(QStringLiteral("before"));
    FileWatcher second(folder.path()); // the kernel gives both the same watch
    folder.make(QStringLiteral("after"));
    QCOMPARE(inTime(first.next())->name(), QStringLiteral("before"));
    QCOMPARE(inTime(first.next())->name(), QStringLiteral("after"));
    QCOMPARE(inTime(second.next())->name(), QStringLiteral("after"));
    first.close();
    folder.make(QStringLiteral("later"));
    QCOMPARE(inTime(second.next())->name(), QStringLiteral("later"));
}

void TestFsevent::whatWasKeptOutlivesTheWatching()
{
    const Folder folder;
    FileWatcher watcher(folder.path());
    folder.make(QStringLiteral("1"));
    folder.make(QStringLiteral("2"));
    QTRY_COMPARE(watcher.size(), std::size_t(2));
    watcher.close();
    folder.make(QStringLiteral("3"));
    QCOMPARE(inTime(take(watcher, 10)).size(), std::size_t(2));
    QVERIFY(inTime(isAtEnd(watcher)));
}

void TestFsevent::aWaitEndsWithItsWatcher()
{
    const Folder folder;
    auto watcher = std::make_unique<FileWatcher>(folder.path());
    const TaskHandle<bool> first = spawn(isAtEnd(*watcher));
    const TaskHandle<bool> second = spawn(isAtEnd(*watcher));
    QTest::qWait(1);
    QVERIFY(!first.isDone());
    watcher.reset();
    QVERIFY(runSync(first));
    QVERIFY(runSync(second));
}

void TestFsevent::aCancelledWaitLosesNothing()
{
    const Folder folder;
    FileWatcher watcher(folder.path());
    const TaskHandle<bool> cancelled = spawn(isAtEnd(watcher));
    QTest::qWait(1);
    QVERIFY(cancelled.cancel());
    QCOMPARE(tryRunSync(cancelled).outcome(), Outcome::Cancelled);
    QCOMPARE(tryRunSync(watcher.next(), RunOptions().timeout(1ms)).outcome(), Outcome::TimedOut);
    folder.make(QStringLiteral("new"));
    QCOMPARE(inTime(watcher.next())->name(), QStringLiteral("new"));
}

void TestFsevent::whatCannotBeWatchedIsRefused_data()
{
    QTest::addColumn<QString>("path");
    QTest::addColumn<std::size_t>("capacity");
    QTest::addColumn<int>("error");
    QTest::newRow("missing") << QStringLiteral("/nowhere/at all") << std::size_t(1) << ENOENT;
    QTest::newRow("empty") << QString() << std::size_t(1) << EINVAL;
    QTest::newRow("NUL") << QStringLiteral("/tmp") + QChar() + QStringLiteral("x") << std::size_t(1) << EINVAL;
    QTest::newRow("too long") << QString(5000, u'x') << std::size_t(1) << ENAMETOOLONG;
    QTest::newRow("no capacity") << QStringLiteral("/tmp") << std::size_t(0) << EINVAL;
}

void TestFsevent::whatCannotBeWatchedIsRefused()
{
    QFETCH(QString, path);
    QFETCH(std::size_t, capacity);
    QFETCH(int, error);
    try {
        const FileWatcher watcher(path, capacity);
        QFAIL("accepted");
    } catch (const std::system_error &refusal) {
        QVERIFY2(refusal.code() == std::errc(error), refusal.what());
        QVERIFY2(QByteArray(refusal.what()).startsWith("watch "), refusal.what());
    }
}

void TestFsevent::anEmptyWatcherAndAForeignThreadAreErrors()
{
    const Folder folder;
    FileWatcher from(folder.path());
    FileWatcher watcher(std::move(from));
    QVERIFY_THROWS_EXCEPTION(std::system_error, runSync(from.next()));
    QVERIFY_THROWS_EXCEPTION(std::system_error, runSync(FileWatcher().next()));
    QVERIFY(from.path().isEmpty());
    Refusal refusal = Refusal::Deadlock;
    std::thread([&] {
        try {
            runSync(watcher.next());
        } catch (const RunSyncError &error) {
            refusal = error.reason();
        }
        Bridge::current().close();
    }).join();
    QCOMPARE(refusal, Refusal::WrongThread);
}

void TestFsevent::aPollerTellsTheStatesOfAFile()
{
    const Folder folder;
    folder.make(QStringLiteral("file"), "1");
    FilePoller poller(folder / QStringLiteral("file"), 5ms);
    // given: it has looked once. What it saw is nobody's news
    QCOMPARE(tryRunSync(poller.next(), RunOptions().timeout(30ms)).outcome(), Outcome::TimedOut);
    folder.make(QStringLiteral("file"), "23");

    const auto change = inTime(poller.next());

    QVERIFY(change->existed() && change->exists() && !change->error());
    QCOMPARE(change->previous().size(), 1);
    QCOMPARE(change->current().size(), 3);
    QVERIFY(change->current().isFile());
    QCOMPARE(poller.path(), folder / QStringLiteral("file"));
}

void TestFsevent::aPollerTellsOfAFileThatComesAndGoes()
{
    const Folder folder;
    FilePoller poller(folder / QStringLiteral("file"), 2ms);
    const auto missing = inTime(poller.next());
    QVERIFY(!missing->existed() && !missing->exists());
    QVERIFY(missing->error() == std::errc::no_such_file_or_directory);

    folder.make(QStringLiteral("file"));
    const auto made = inTime(poller.next());
    QVERIFY(!made->existed() && made->exists());

    folder.remove(QStringLiteral("file"));
    const auto removed = inTime(poller.next());
    QVERIFY(removed->existed() && !removed->exists());
    QCOMPARE(removed->previous().inode(), made->current().inode());
}

void TestFsevent::aPollersUntakenChangesBecomeOne()
{
    const Folder folder;
    const QString path = folder / QStringLiteral("file");
    FilePoller poller(path, 1ms);
    FilePoller witness(path, 1ms);
    inTime(poller.next());
    inTime(witness.next()); // missing, both
    for (int size = 1; size <= 3; ++size) {
        folder.make(QStringLiteral("file"), "x");
        while (inTime(witness.next())->current().size() != size) { }
    }
    QTest::qWait(20); // the other poller has seen the last one, too

    const auto change = inTime(poller.next());

    QVERIFY(!change->existed());
    QCOMPARE(change->current().size(), 3);
    QCOMPARE(tryRunSync(poller.next(), RunOptions().timeout(10ms)).outcome(), Outcome::TimedOut);
}

namespace {

Task<bool> isAtEnd(FilePoller &poller)
{
    const std::optional<FileStatusChange> change = co_await poller.next();
    co_return !change;
}

} // namespace

void TestFsevent::aPollersWaitsEndAndAreCancelled()
{
    const Folder folder;
    folder.make(QStringLiteral("file"));
    auto poller = std::make_unique<FilePoller>(folder / QStringLiteral("file"), 1000ms);
    const TaskHandle<bool> cancelled = spawn(isAtEnd(*poller));
    const TaskHandle<bool> waiting = spawn(isAtEnd(*poller));
    QTest::qWait(1);
    QVERIFY(cancelled.cancel());
    QCOMPARE(tryRunSync(cancelled).outcome(), Outcome::Cancelled);
    poller.reset();
    QVERIFY(runSync(waiting));

    bool hasPolled = false;
    for (int wait = 20; !hasPolled && wait <= 2000; wait *= 10) { // in ms, for the pool's first look at the file
        FilePoller untaken(folder / QStringLiteral("missing"), 1ms);
        QTest::qWait(wait);
        untaken.close();
        const std::optional<FileStatusChange> change = inTime(untaken.next());
        hasPolled = change && !change->exists();
        QVERIFY(inTime(isAtEnd(untaken)));
    }
    QVERIFY(hasPolled);
}

void TestFsevent::whatCannotBePolledIsRefused()
{
    const auto refusal = [](const QString &path, std::chrono::milliseconds interval) {
        try {
            const FilePoller poller(path, interval);
        } catch (const std::system_error &error) {
            return error.code();
        }
        return std::error_code();
    };
    QVERIFY(refusal(QString(), 1ms) == std::errc::invalid_argument);
    QVERIFY(refusal(QString(5000, u'x'), 1ms) == std::errc::filename_too_long);
    QVERIFY(refusal(QStringLiteral("/tmp"), 0ms) == std::errc::invalid_argument);
    QVERIFY(refusal(QStringLiteral("/tmp"), 24h * 50) == std::errc::invalid_argument);
    QVERIFY_THROWS_EXCEPTION(std::system_error, runSync(FilePoller().next()));
}

void TestFsevent::sequencesAndHandlesOutliveTheirLoop()
{
    const Folder folder;
    int stillOpen = -1;
    std::thread([&] {
        int ends[2];
        if (pipe(ends) != 0)
            qFatal("no pipe");
        {
            FileWatcher watcher(folder.path());
            FilePoller poller(folder.path(), 1ms);
            UnixSignals heard(QList<int>{SIGUSR1});
            PollHandle handle(ends[0]);
            const auto waiting = tryRunSync(race(watcher.next(), poller.next(), heard.next(), handle.waitReadable()),
                                            RunOptions().timeout(2ms));
            Bridge::current().close();
            stillOpen = watcher.isOpen() + poller.isOpen() + heard.isOpen() + handle.isOpen();
        }
        ::close(ends[0]);
        ::close(ends[1]);
    }).join();
    QCOMPARE(stillOpen, 0);
}

INTERLOOP_TEST_MAIN(TestFsevent)
#include "tst_fsevent.moc"
