// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>

#include <tests/cleanupcheck.h>
#include <tests/testmain.h>
#include <tests/ticks.h>

#include <QCryptographicHash>
#include <QFile>
#include <QRegularExpression>
#include <QStorageInfo>
#include <QTemporaryDir>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <new>
#include <semaphore>
#include <thread>
#include <type_traits>

using namespace interloop;
using namespace std::chrono_literals;

namespace {

// What is taken from the heap. Qt takes a block of one size for each start of a timer, which is how a loop is told that
// there is something to do; those are not counted.
std::atomic<long> allocations = 0;
std::atomic<std::size_t> sizeOfATimer = 0;
std::atomic<std::size_t> lastSize = 0;

} // namespace

void *operator new(std::size_t size)
{
    lastSize = size;
    if (size != sizeOfATimer)
        ++allocations;
    if (void *block = std::malloc(size ? size : 1))
        return block;
    throw std::bad_alloc();
}

void operator delete(void *block) noexcept
{
    std::free(block);
}

void operator delete(void *block, std::size_t) noexcept
{
    std::free(block);
}

namespace {

static_assert(!std::is_aggregate_v<FilePath> && !std::is_aggregate_v<File> && !std::is_aggregate_v<FileStatus>
              && !std::is_aggregate_v<FileSystemStatus> && !std::is_aggregate_v<Directory>
              && !std::is_aggregate_v<DirectoryEntry>);

constexpr int poolSize = 4; // libuv's default

// Keeps all threads of the pool busy, so that nothing else begins there.
class BusyPool
{
public:
    BusyPool()
    {
        for (int i = 0; i < poolSize; ++i)
            m_jobs.push_back(spawn(toThread(&BusyPool::stay, this), "busy"));
        while (m_begun < poolSize)
            runSync(sleepFor(1ms));
    }
    ~BusyPool() { open(); }

    void open()
    {
        if (m_jobs.empty())
            return;
        m_gate.release(poolSize);
        for (const TaskHandle<> &job : m_jobs)
            runSync(job);
        m_jobs.clear();
    }

private:
    static void stay(BusyPool *self)
    {
        ++self->m_begun;
        self->m_gate.acquire();
    }

    std::counting_semaphore<poolSize> m_gate = std::counting_semaphore<poolSize>(0);
    std::atomic<int> m_begun = 0;
    std::vector<TaskHandle<>> m_jobs;
};

// Returns when the pool has begun what was spawned last: it takes the jobs in their order. REQUIRES: FifoOrder, no BusyPool
void awaitBegun()
{
    runSync(yield()); // queued; a wait's own task would start before what is ready
    runSync(toThread([] { }));
}

// What the unhandled-error hook was told.
class Hook
{
public:
    Hook()
    {
        Bridge::current().setUnhandledErrorHandler([this](const QString &text, std::exception_ptr error) {
            told += text + QStringLiteral(": ") + QString::fromStdString(errorText(error)) + QLatin1Char('\n');
        });
    }
    ~Hook() { Bridge::current().setUnhandledErrorHandler({}); }

    QString told;
};

std::string errorOf(Task<> task)
{
    const Result<> result = tryRunSync(std::move(task), RunOptions().timeout(5s));
    return result ? "no error" : result.errorString();
}

template<typename T>
Task<> ignoring(Task<T> task)
{
    co_await std::move(task);
}

// What libuv keeps of a moment.
bool isAbout(FileTime time, FileTime expected)
{
    return time >= expected && time < expected + 1us;
}

QByteArray contentsOf(const QString &path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray("(cannot be opened)");
}

void write(const QString &path, const QByteArray &contents)
{
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    QCOMPARE(file.write(contents), contents.size());
}

} // namespace

class TestFs : public QObject
{
    Q_OBJECT

private slots:
    void init()
    {
        m_leaks.begin();
        // In memory where there is plenty: what the disk is busy with is not the subject.
        const bool hasRoom = QStorageInfo(QStringLiteral("/dev/shm")).bytesAvailable() > qint64(1) << 30;
        m_folder.emplace((hasRoom ? QStringLiteral("/dev/shm") : QDir::tempPath()) + QStringLiteral("/tst_fs-XXXXXX"));
        QVERIFY(m_folder->isValid());
    }
    void cleanup()
    {
        QTRY_VERIFY(currentPump().poolWork().isEmpty()); // destructors close in the pool
        m_folder.reset();
        m_leaks.check();
    }

    void readsAndWritesAtThePositionAndElsewhere();
    void openFlagsAreThoseOfQFile();
    void statusTellsWhatTheKernelKnows();
    void metadataOfAnOpenFileCanBeChanged();
    void temporaryFilesGetNamesOfTheirOwn();
    void sendToCopiesWithoutReading();
    void badPathsAreRefusedByName_data();
    void badPathsAreRefusedByName();
    void errorsNameCallAndFile();
    void closedFileRefusesAndClosesOnce();
    void destructorClosesWithoutBlocking();
    void errorOfTheDestructorsCloseIsReported();
    void closeWaitsForWhoeverUsesTheDescriptor();
    void abandonedOpenIsClosed();
    void abandonedTemporaryFileIsRemoved();
    void cancelledReadLeavesTheArrayToThePool();
    void cancelledReadIntoTheCallersMemoryWaitsForThePool();
    void otherThreadsAreRefused();
    void readsAndWritesTakeNothingFromTheHeap();
    void readFileReadsAnything();
    void directoryGivesEveryEntryOnce();
    void cancelledNextLosesNoEntry();
    void directoryMayDieWhileItIsRead();
    void abandonedDirectoriesAreClosedAndRemoved();
    void namesCanBeMadeChangedAndRemoved();
    void writeFileKeepsWhatThereIsToKeep();
    void writeFileLeavesNothingBehindWhenItFails();
    void linksThatLeadNowhereYetAreFollowed_data();
    void linksThatLeadNowhereYetAreFollowed();
    void readersNeverSeeHalfAFile_data();
    void readersNeverSeeHalfAFile();
    void cancelledWritesAndCopiesLeaveTheOldFile_data();
    void cancelledWritesAndCopiesLeaveTheOldFile();
    void copyFileTellsItsProgress();
    void copyFileRefusesWhatIsNoFile();
    void bridgesEndLeavesNothingOpen();
    void tenThousandFilesAreReadWhileTheTimerKeepsTime();

private:
    QStringList inFolder() const
    {
        return QDir(m_folder->path()).entryList(QDir::AllEntries | QDir::Hidden | QDir::NoDotAndDotDot);
    }
    QString path(const char *name) const { return m_folder->filePath(QString::fromLatin1(name)); }

    test::CleanupCheck m_leaks;
    std::optional<QTemporaryDir> m_folder;
};

void TestFs::readsAndWritesAtThePositionAndElsewhere()
{
    const auto body = [](QString path) -> Task<QByteArrayList> {
        File file = co_await File::open(path, O_RDWR | O_CREAT);
        co_await file.write("one two");
        co_await file.write(QByteArrayView(" three"));
        const std::array<std::byte, 3> capitals = {std::byte('T'), std::byte('W'), std::byte('O')};
        co_await file.writeAt(4, capitals);
        co_await file.writeAt(0, QByteArray("O"));
        QByteArrayList found;
        found += co_await file.read();
        found += co_await file.readAt(4, 3);
        std::array<std::byte, 100> memory;
        const std::size_t count = co_await file.readAt(8, memory);
        found += QByteArray(reinterpret_cast<const char *>(memory.data()), qsizetype(count));
        const qint64 size = co_await file.size();
        found += QByteArray::number(size);
        co_await file.close();
        found += file.isOpen() ? "open" : "closed";
        co_return found;
    };
    QCOMPARE(runSync(body(path("a"))), (QByteArrayList{"", "TWO", "three", "13", "closed"}));
    QCOMPARE(contentsOf(path("a")), QByteArray("One TWO three"));

    const auto inPieces = [](QString path) -> Task<QByteArray> {
        const File file = co_await File::open(path);
        QByteArray all;
        std::array<std::byte, 5> memory;
        for (std::size_t count = co_await file.read(memory); count > 0; count = co_await file.read(memory))
            all += QByteArray(reinterpret_cast<const char *>(memory.data()), qsizetype(count)) + '|';
        co_return all;
    };
    QCOMPARE(runSync(inPieces(path("a"))), QByteArray("One T|WO th|ree|"));
}

void TestFs::openFlagsAreThoseOfQFile()
{
    const auto writing = [](QString path, QIODevice::OpenMode mode) -> Task<> {
        const File file = co_await File::open(path, mode);
        co_await file.write("new");
    };
    write(path("a"), "before");

    runSync(writing(path("a"), QIODevice::WriteOnly | QIODevice::Append));
    QCOMPARE(contentsOf(path("a")), QByteArray("beforenew"));
    runSync(writing(path("a"), QIODevice::ReadWrite));
    QCOMPARE(contentsOf(path("a")), QByteArray("neworenew"));
    runSync(writing(path("a"), QIODevice::WriteOnly));
    QCOMPARE(contentsOf(path("a")), QByteArray("new"));
    runSync(writing(path("b"), QIODevice::NewOnly));
    QCOMPARE(contentsOf(path("b")), QByteArray("new"));
    QCOMPARE(errorOf(writing(path("b"), QIODevice::NewOnly)), "open " + path("b").toStdString() + ": File exists");
    QCOMPARE(errorOf(writing(path("c"), QIODevice::WriteOnly | QIODevice::ExistingOnly)),
             "open " + path("c").toStdString() + ": No such file or directory");
    const auto refused = [&](QIODevice::OpenMode mode) { return errorOf(writing(path("c"), mode)); };
    const std::string start = "open " + path("c").toStdString();
    for (QIODevice::OpenMode neither : {QIODevice::OpenMode(QIODevice::NotOpen), QIODevice::Text | QIODevice::Truncate})
        QCOMPARE(refused(neither), start + ": neither to read nor to write: Invalid argument");
    QCOMPARE(refused(QIODevice::NewOnly | QIODevice::ExistingOnly), start + ": NewOnly and ExistingOnly: Invalid argument");
    QVERIFY(!QFile::exists(path("c")));
    const Result<File> flag = tryRunSync(File::open(path("a"), QIODevice::ReadOnly)); // not taken for O_WRONLY
    QCOMPARE(fcntl(flag.value().descriptor(), F_GETFL) & O_ACCMODE, O_RDONLY);
    QCOMPARE(fcntl(flag.value().descriptor(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

void TestFs::statusTellsWhatTheKernelKnows()
{
    write(path("a"), "12345");
    QVERIFY(chmod(path("a").toUtf8().constData(), 0640) == 0);
    struct stat expected;
    QVERIFY(stat(path("a").toUtf8().constData(), &expected) == 0);

    const auto asking = [](QString path) -> Task<FileStatus> {
        const File file = co_await File::open(path);
        co_return co_await file.status();
    };
    const FileStatus status = runSync(asking(path("a")));

    QVERIFY(status.isFile() && !status.isDirectory() && !status.isSymbolicLink());
    QCOMPARE(status.size(), 5);
    QCOMPARE(status.mode(), 0640);
    QCOMPARE(status.owner(), quint64(getuid()));
    QCOMPARE(status.inode(), quint64(expected.st_ino));
    QCOMPARE(status.device(), quint64(expected.st_dev));
    QCOMPARE(status.linkCount(), 1u);
    const auto nanoseconds = status.modified().time_since_epoch().count();
    QCOMPARE(nanoseconds, expected.st_mtim.tv_sec * 1000000000L + expected.st_mtim.tv_nsec);
    QCOMPARE(FileStatus().type(), FileType::Unknown);

    // The years 3237 and 702, which the kernel can keep, at least in memory.
    const int far = memfd_create("far", MFD_CLOEXEC);
    const timespec times[2] = {{40'000'000'000, 5}, {-40'000'000'000, 5}};
    QCOMPARE(futimens(far, times), 0);
    const FileStatus farStatus = runSync(fileStatus("/proc/self/fd/" + QByteArray::number(far)));
    QCOMPARE(::close(far), 0);
    QVERIFY(farStatus.accessed() == FileTime::max());
    QVERIFY(farStatus.modified() == FileTime::min());
}

void TestFs::metadataOfAnOpenFileCanBeChanged()
{
    const FileTime time(std::chrono::sys_days(std::chrono::year(2024) / 2 / 29) + 1h + 123457us);
    const auto body = [](QString path, FileTime time) -> Task<FileStatus> {
        const File file = co_await File::open(path, QIODevice::WriteOnly);
        co_await file.write("1234567890");
        co_await file.truncate(4);
        co_await file.setMode(0600);
        co_await file.setOwner(getuid(), getgid());
        co_await file.setTimes(time, time + 1s);
        co_await file.dataSync();
        co_await file.sync();
        co_return co_await file.status();
    };
    const FileStatus status = runSync(body(path("a"), time));
    QCOMPARE(status.size(), 4);
    QCOMPARE(status.mode(), 0600);
    QVERIFY(isAbout(status.accessed(), time));
    QVERIFY(isAbout(status.modified(), time + 1s));
    QCOMPARE(contentsOf(path("a")), QByteArray("1234"));
}

void TestFs::temporaryFilesGetNamesOfTheirOwn()
{
    const auto body = [](QString pattern) -> Task<QByteArray> {
        const File first = co_await File::openTemporary(pattern);
        const File second = co_await File::openTemporary(pattern);
        co_await first.write("1");
        co_return first.path() == second.path() ? QByteArray() : first.path().bytes();
    };
    const QByteArray made = runSync(body(path("t-XXXXXX")));
    QVERIFY2(made.startsWith(path("t-").toUtf8()) && !made.endsWith("XXXXXX"), made.constData());
    QCOMPARE(contentsOf(QString::fromUtf8(made)), QByteArray("1"));
    QCOMPARE(errorOf(ignoring(File::openTemporary(path("no-pattern")))),
             "mkstemp " + path("no-pattern").toStdString() + ": Invalid argument");
}

void TestFs::sendToCopiesWithoutReading()
{
    write(path("a"), "0123456789");
    const auto body = [](QString from, QString to) -> Task<qint64> {
        const File source = co_await File::open(from);
        const File target = co_await File::open(to, QIODevice::WriteOnly);
        qint64 sum = co_await source.sendTo(target, 7, 100);
        sum += co_await source.sendTo(target, 2, 2);
        sum += co_await source.sendTo(target, 10, 1);
        co_return sum;
    };
    QCOMPARE(runSync(body(path("a"), path("b"))), 5);
    QCOMPARE(contentsOf(path("b")), QByteArray("78923"));
}

void TestFs::badPathsAreRefusedByName_data()
{
    QTest::addColumn<QByteArray>("path");
    QTest::addColumn<QByteArray>("error");
    QTest::newRow("empty") << QByteArray() << QByteArray("open (an empty path): Invalid argument");
    QTest::newRow("NUL") << QByteArray("/etc/passwd\0.txt", 16)
                         << QByteArray("open /etc/passwd\\0.txt (with a NUL): Invalid argument");
    QTest::newRow("long") << QByteArray(5000, 'x')
                          << "open " + QByteArray(100, 'x') + "... (5000 bytes): File name too long";
}

void TestFs::badPathsAreRefusedByName()
{
    QFETCH(QByteArray, path);
    QFETCH(QByteArray, error);
    QCOMPARE(errorOf(ignoring(File::open(path))), error.toStdString());
    QCOMPARE(errorOf(ignoring(readFile(path))), error.toStdString());
}

void TestFs::errorsNameCallAndFile()
{
    const std::string missing = path("missing").toStdString();
    QCOMPARE(errorOf(ignoring(File::open(path("missing")))), "open " + missing + ": No such file or directory");
    QCOMPARE(errorOf(ignoring(readFile(path("missing")))), "open " + missing + ": No such file or directory");
    QCOMPARE(errorOf(ignoring(readFile(m_folder->path()))),
             "read " + m_folder->path().toStdString() + ": Is a directory");
    try {
        runSync(File::open(path("missing")));
        QFAIL("it was opened");
    } catch (const std::system_error &error) {
        QCOMPARE(error.code(), std::errc::no_such_file_or_directory);
    }

    write(path("a"), "1");
    const std::string name = path("a").toStdString();
    const File file = runSync(File::open(path("a")));
    QCOMPARE(errorOf(file.write("x")), "write " + name + ": Bad file descriptor");
    QCOMPARE(errorOf(ignoring(file.read(0))), "read " + name + ": no room for a byte: Invalid argument");
    QCOMPARE(errorOf(ignoring(file.read(std::span<std::byte>()))),
             "read " + name + ": no room for a byte: Invalid argument");
    QCOMPARE(errorOf(ignoring(file.readAt(-1, 10))), "read " + name + " at -1: Invalid argument");
    constexpr qsizetype tooMuch = std::numeric_limits<qsizetype>::max();
    QCOMPARE(errorOf(ignoring(file.read(tooMuch))),
             "read " + name + ": at most " + std::to_string(tooMuch) + " bytes: Cannot allocate memory");
    QCOMPARE(errorOf(ignoring(file.sendTo(File(), 0, 10))), std::string("sendfile (no file): Bad file descriptor"));
}

void TestFs::closedFileRefusesAndClosesOnce()
{
    write(path("a"), "1");
    File file = runSync(File::open(path("a")));
    const int descriptor = file.descriptor();
    Task<QByteArray> begunLater = file.read();
    File moved = std::move(file);
    QCOMPARE(file.descriptor(), -1);
    QCOMPARE(errorOf(ignoring(file.read())), std::string("read (no file): Bad file descriptor"));

    runSync(moved.close()); // does not wait for a task that has not been begun

    QVERIFY(!moved.isOpen());
    QCOMPARE(fcntl(descriptor, F_GETFD), -1);
    QCOMPARE(errorOf(ignoring(std::move(begunLater))),
             "read " + path("a").toStdString() + " (closed): Operation canceled");
    runSync(moved.close());
    runSync(File().close());
}

void TestFs::destructorClosesWithoutBlocking()
{
    write(path("a"), "1");
    std::optional<File> file = runSync(File::open(path("a")));
    const int descriptor = file->descriptor();
    BusyPool pool;

    file.reset();

    QVERIFY(fcntl(descriptor, F_GETFD) != -1); // later, by the pool
    pool.open();
    QTRY_COMPARE(fcntl(descriptor, F_GETFD), -1);
}

void TestFs::errorOfTheDestructorsCloseIsReported()
{
    Hook hook;
    write(path("a"), "1");
    {
        const File file = runSync(File::open(path("a")));
        ::close(file.descriptor());
    }
    const QString expected = QStringLiteral("a file was closed by its destructor: close ") + path("a")
            + QStringLiteral(": Bad file descriptor\n");
    QTRY_COMPARE(hook.told, expected);

    File file = runSync(File::open(path("a")));
    ::close(file.descriptor());
    QCOMPARE(errorOf(file.close()), "close " + path("a").toStdString() + ": Bad file descriptor");
    QCOMPARE(hook.told, expected); // told to the one who waited, not to the hook
}

void TestFs::closeWaitsForWhoeverUsesTheDescriptor()
{
    const FifoOrder fifo; // what was spawned has begun behind a yield
    QVERIFY(mkfifo(path("pipe").toUtf8().constData(), 0600) == 0);
    const int writer = ::open(path("pipe").toUtf8().constData(), O_RDWR | O_CLOEXEC);
    File file = runSync(File::open(path("pipe")));
    const int descriptor = file.descriptor();
    const auto reading = spawn(file.read(), "read");
    runSync(yield());

    const auto closing = spawn(file.close(), "close");
    runSync(sleepFor(5ms));
    QVERIFY(!closing.isDone());
    QVERIFY(fcntl(descriptor, F_GETFD) != -1);
    QCOMPARE(errorOf(ignoring(file.read())), std::string("read (no file): Bad file descriptor"));

    QCOMPARE(::write(writer, "text", 4), 4);
    QCOMPARE(runSync(reading), QByteArray("text"));
    runSync(closing);
    QCOMPARE(fcntl(descriptor, F_GETFD), -1);
    ::close(writer);
}

void TestFs::abandonedOpenIsClosed()
{
    const FifoOrder fifo; // what was spawned has begun behind a yield
    write(path("a"), "1");
    const int before = test::CleanupCheck::descriptorCount();
    for (int i = 0; i < 20; ++i) {
        const auto opening = spawn(File::open(path("a")), "open");
        runSync(yield());
        opening.cancel();
        QVERIFY(opening.isDone() || tryRunSync(opening).outcome() == Outcome::Cancelled);
    }

    // One that the pool has begun for certain: the other end of the pipe comes later.
    QVERIFY(mkfifo(path("pipe").toUtf8().constData(), 0600) == 0);
    const auto opening = spawn(File::open(path("pipe")), "open");
    runSync(yield());
    int writer = -1;
    while (writer < 0)
        writer = ::open(path("pipe").toUtf8().constData(), O_WRONLY | O_NONBLOCK); // fails until it is in open(2)
    QVERIFY(opening.cancel());
    QCOMPARE(tryRunSync(opening).outcome(), Outcome::Cancelled);
    ::close(writer);
    QTRY_COMPARE(test::CleanupCheck::descriptorCount(), before);
}

void TestFs::abandonedTemporaryFileIsRemoved()
{
    for (int i = 0; i < 20; ++i) {
        const auto making = spawn(File::openTemporary(path("t-XXXXXX")), "make");
        runSync(yield());
        making.cancel();
        QCOMPARE(tryRunSync(making).outcome(), Outcome::Cancelled);
    }
    BusyPool().open(); // what was begun before is over
    QTRY_COMPARE(QDir(m_folder->path()).entryList(QDir::Files), QStringList());
}

void TestFs::cancelledReadLeavesTheArrayToThePool()
{
    const FifoOrder fifo; // what was spawned has begun behind a yield
    QVERIFY(mkfifo(path("pipe").toUtf8().constData(), 0600) == 0);
    const int writer = ::open(path("pipe").toUtf8().constData(), O_RDWR | O_CLOEXEC);
    std::optional<File> file = runSync(File::open(path("pipe")));
    const int descriptor = file->descriptor();
    const auto reading = spawn(file->read(100), "read");
    awaitBegun(); // the pool is in read(2) or will be

    reading.cancel();
    QCOMPARE(tryRunSync(reading, RunOptions().timeout(5s)).outcome(), Outcome::Cancelled); // nothing was written
    file.reset();
    runSync(sleepFor(1ms));
    QVERIFY(fcntl(descriptor, F_GETFD) != -1); // not closed under the pool

    QCOMPARE(::write(writer, "text", 4), 4);
    QTRY_COMPARE(fcntl(descriptor, F_GETFD), -1);
    ::close(writer);
}

void TestFs::cancelledReadIntoTheCallersMemoryWaitsForThePool()
{
    const FifoOrder fifo; // what was spawned has begun behind a yield
    QVERIFY(mkfifo(path("pipe").toUtf8().constData(), 0600) == 0);
    const int writer = ::open(path("pipe").toUtf8().constData(), O_RDWR | O_CLOEXEC);
    const File file = runSync(File::open(path("pipe")));
    std::array<std::byte, 4> memory = {};
    const auto reading = spawn(file.read(memory), "read");
    awaitBegun();

    reading.cancel();
    runSync(sleepFor(5ms));
    QVERIFY(!reading.isDone());
    QCOMPARE(::write(writer, "text", 4), 4);
    QCOMPARE(runSync(reading), 4u); // it came: nothing is lost
    QVERIFY(memory[3] == std::byte('t'));
    ::close(writer);

    const BusyPool pool; // one that has not begun ends at once
    const auto waiting = spawn(file.read(memory), "read");
    runSync(yield());
    waiting.cancel();
    QCOMPARE(tryRunSync(waiting, RunOptions().timeout(5s)).outcome(), Outcome::Cancelled);
}

void TestFs::otherThreadsAreRefused()
{
    write(path("a"), "1");
    const File file = runSync(File::open(path("a")));
    std::string error;
    const std::unique_ptr<QThread> thread(QThread::create([&] {
        error = errorOf(ignoring(file.read()));
        Bridge::current().close();
    }));
    thread->start();
    QVERIFY(thread->wait(5000));
    QCOMPARE(error, std::string("WrongThread: read: the file belongs to another thread"));
}

void TestFs::readsAndWritesTakeNothingFromTheHeap()
{
    if (test::isSanitized)
        QSKIP("frames are not recycled under a sanitizer");
    write(path("a"), QByteArray(1000, 'x'));
    constexpr int rounds = 200;
    QTimer timer;
    timer.start(1h);
    timer.stop();
    timer.start(1h);
    sizeOfATimer = lastSize.load();
    const auto intoMemory = [](QString path) -> Task<long> {
        const File file = co_await File::open(path, O_RDWR);
        std::array<std::byte, 16> memory;
        long before = 0;
        for (int i = 0; i < 2 * rounds; ++i) {
            if (i == rounds)
                before = allocations;
            co_await file.read(memory);
            co_await file.writeAt(0, memory);
        }
        co_return allocations - before;
    };
    const auto arrays = [](QString path) -> Task<long> { // whose memory comes from malloc
        const File file = co_await File::open(path, O_RDWR);
        long before = 0;
        for (int i = 0; i < 2 * rounds; ++i) {
            if (i == rounds)
                before = allocations;
            const QByteArray bytes = co_await file.readAt(0, 16);
            co_await file.writeAt(0, bytes);
        }
        co_return allocations - before;
    };
    const long forMemory = runSync(intoMemory(path("a")));
    const long forArrays = runSync(arrays(path("a")));
    QCOMPARE(forMemory, 0);
    QCOMPARE(forArrays, 0);
}

void TestFs::readFileReadsAnything()
{
    QByteArray large(3 * 1024 * 1024 + 17, Qt::Uninitialized);
    for (qsizetype i = 0; i < large.size(); ++i)
        large[i] = char(i * 31 + i / 256);
    write(path("large"), large);
    write(path("empty"), {});
    QVERIFY(runSync(readFile(path("large"))) == large);
    QCOMPARE(runSync(readFile(path("empty"))), QByteArray());
    QVERIFY(runSync(readFile("/proc/self/status")).contains("VmRSS")); // its size is told as 0
    QCOMPARE(runSync(readFile(std::filesystem::path("/proc/self/comm"))), QByteArray("tst_uv_fs\n"));
    QCOMPARE(runSync(readFile(path("large"), large.size())).size(), large.size());
    const std::string tooLarge = "read " + path("large").toStdString() + ": File too large";
    QCOMPARE(errorOf(ignoring(readFile(path("large"), large.size() - 1))), tooLarge);
    QCOMPARE(errorOf(ignoring(readFile("/dev/zero", 100))), std::string("read /dev/zero: File too large"));

    const int sparse = memfd_create("sparse", MFD_CLOEXEC);
    QCOMPARE(ftruncate(sparse, std::numeric_limits<off_t>::max()), 0);
    const QByteArray endless = "/proc/self/fd/" + QByteArray::number(sparse);
    QCOMPARE(errorOf(ignoring(readFile(endless, 100))), "read " + endless.toStdString() + ": File too large");
    if (!test::isSanitized) // whose malloc ends the process
        QCOMPARE(errorOf(ignoring(readFile(endless))), "read " + endless.toStdString() + ": Cannot allocate memory");
    QCOMPARE(::close(sparse), 0);

    const QByteArray noText = m_folder->path().toUtf8() + "/\xff\xfe"; // a name that is no UTF-8
    QVERIFY(::close(::open(noText.constData(), O_CREAT | O_WRONLY, 0600)) == 0);
    QCOMPARE(runSync(readFile(noText)), QByteArray());

    const auto reading = spawn(readFile(path("large")), "read");
    runSync(yield());
    reading.cancel();
    QCOMPARE(tryRunSync(reading).outcome(), Outcome::Cancelled);
}

void TestFs::directoryGivesEveryEntryOnce()
{
    QStringList expected;
    for (int i = 0; i < 150; ++i) { // more than two batches
        expected += QStringLiteral("file-%1").arg(i, 3, 10, QLatin1Char('0'));
        write(path(expected.last().toUtf8().constData()), {});
    }
    const QByteArray noText = "no text \xff\xfe";
    QVERIFY(::close(::open(m_folder->path().toUtf8() + '/' + noText, O_CREAT | O_WRONLY, 0600)) == 0);
    QVERIFY(mkdir(path("sub").toUtf8().constData(), 0700) == 0);
    QVERIFY(symlink("nowhere", path("link").toUtf8().constData()) == 0);

    const auto body = [](QString path) -> Task<QList<DirectoryEntry>> {
        Directory directory = co_await Directory::open(path);
        QList<DirectoryEntry> entries;
        for (auto entry = co_await directory.next(); entry; entry = co_await directory.next())
            entries.append(*entry);
        const auto again = co_await directory.next();
        if (again)
            entries.clear();
        co_await directory.close();
        co_return entries;
    };
    QStringList names;
    int noTexts = 0;
    for (const DirectoryEntry &entry : runSync(body(m_folder->path()))) {
        if (entry.name() == QStringLiteral("sub"))
            QCOMPARE(entry.type(), FileType::Directory);
        else if (entry.name() == QStringLiteral("link"))
            QCOMPARE(entry.type(), FileType::SymbolicLink);
        else if (entry.bytes() == noText)
            noTexts += entry.type() == FileType::File;
        else
            names += entry.name();
    }
    names.sort();
    QCOMPARE(names, expected);
    QCOMPARE(noTexts, 1);

    const QList<DirectoryEntry> all = runSync(listDirectory(m_folder->path()));
    QCOMPARE(all.size(), 153);
    QCOMPARE(all.first().name(), QStringLiteral("file-000"));
    QCOMPARE(all.first().type(), FileType::File);
    QCOMPARE(runSync(listDirectory(path("sub"))).size(), 0);
    const std::string missing = path("missing").toStdString() + ": No such file or directory";
    QCOMPARE(errorOf(ignoring(Directory::open(path("missing")))), "opendir " + missing);
    QCOMPARE(errorOf(ignoring(listDirectory(path("missing")))), "scandir " + missing);
    QCOMPARE(errorOf(ignoring(Directory().next())), std::string("readdir (no directory): Bad file descriptor"));
}

void TestFs::cancelledNextLosesNoEntry()
{
    const FifoOrder fifo; // what was spawned has begun behind a yield
    for (int i = 0; i < 100; ++i)
        write(path(QByteArray::number(i).constData()), {});
    const Directory directory = runSync(Directory::open(m_folder->path()));
    QSet<QString> seen;
    {
        BusyPool pool;
        for (int i = 0; i < 3; ++i) {
            const auto next = spawn(directory.next(), "next");
            runSync(yield());
            next.cancel();
            QCOMPARE(tryRunSync(next).outcome(), Outcome::Cancelled); // while the pool is busy
        }
        const auto first = spawn(directory.next(), "first");
        const auto second = spawn(directory.next(), "second");
        runSync(yield());
        QVERIFY_THROWS_EXCEPTION(std::logic_error, runSync(second));
        pool.open();
        seen.insert(runSync(first)->name());
    }
    const auto rest = [](const Directory &directory) -> Task<QStringList> {
        QStringList names;
        for (auto entry = co_await directory.next(); entry; entry = co_await directory.next())
            names += entry->name();
        co_return names;
    };
    for (const QString &name : runSync(rest(directory)))
        seen.insert(name);
    QCOMPARE(seen.size(), 100);
}

void TestFs::directoryMayDieWhileItIsRead()
{
    const FifoOrder fifo;
    for (int i = 0; i < 100; ++i)
        write(path(QByteArray::number(i).constData()), {});
    const int before = test::CleanupCheck::descriptorCount();
    Directory waited = runSync(Directory::open(m_folder->path()));
    Directory abandoned = runSync(Directory::open(m_folder->path()));
    BusyPool pool;
    const auto reading = spawn(waited.next(), "waited for");
    const auto cancelled = spawn(abandoned.next(), "cancelled");
    runSync(yield());
    cancelled.cancel();

    waited = Directory();
    abandoned = Directory();
    pool.open();

    QVERIFY(runSync(reading)); // its entry was on the way
    QCOMPARE(tryRunSync(cancelled).outcome(), Outcome::Cancelled);
    QTRY_VERIFY(currentPump().poolWork().isEmpty());
    QCOMPARE(test::CleanupCheck::descriptorCount(), before);
}

void TestFs::abandonedDirectoriesAreClosedAndRemoved()
{
    const int before = test::CleanupCheck::descriptorCount();
    for (int i = 0; i < 20; ++i) {
        const auto opening = spawn(Directory::open(m_folder->path()), "open");
        const auto making = spawn(makeTemporaryDirectory(path("t-XXXXXX")), "make");
        runSync(yield());
        opening.cancel();
        making.cancel();
        QCOMPARE(tryRunSync(opening).outcome(), Outcome::Cancelled);
        QCOMPARE(tryRunSync(making).outcome(), Outcome::Cancelled);
    }
    QTRY_VERIFY(currentPump().poolWork().isEmpty());
    QCOMPARE(test::CleanupCheck::descriptorCount(), before);
    QCOMPARE(inFolder(), QStringList());

    const FilePath made = runSync(makeTemporaryDirectory(path("t-XXXXXX")));
    QCOMPARE(runSync(fileStatus(made)).mode(), 0700);
    runSync(removeDirectory(made));
    QCOMPARE(inFolder(), QStringList());
}

void TestFs::namesCanBeMadeChangedAndRemoved()
{
    const FileTime time(std::chrono::sys_days(std::chrono::year(2020) / 1 / 2) + 999999us);
    const auto body = [](QString folder, FileTime time) -> Task<QByteArrayList> {
        const QString sub = folder + QStringLiteral("/sub");
        const QString a = sub + QStringLiteral("/a");
        const QString b = sub + QStringLiteral("/b");
        const QString link = sub + QStringLiteral("/link");
        QByteArrayList found;
        co_await makeDirectory(sub);
        co_await writeFile(a, "text");
        co_await renameFile(a, b);
        co_await linkFile(b, a);
        co_await symlinkFile("b", link);
        const FilePath target = co_await readLink(link);
        const FilePath real = co_await realPath(link);
        found << target.bytes() << real.bytes().mid(real.bytes().lastIndexOf('/'));
        co_await setFileMode(link, 0400);
        co_await setFileOwner(link, getuid(), getgid());
        co_await setLinkOwner(link, getuid(), getgid());
        co_await setFileTimes(link, time, time + 1s);
        co_await setLinkTimes(link, time, time + 2s);
        const FileStatus status = co_await fileStatus(link);
        const FileStatus ofLink = co_await linkStatus(link);
        found << QByteArray::number(status.mode(), 8) << QByteArray::number(qint64(status.linkCount()));
        found << (isAbout(status.modified(), time + 1s) ? "file" : "?");
        found << (isAbout(ofLink.modified(), time + 2s) ? "link" : "?");
        found << (status.isFile() && ofLink.isSymbolicLink() ? "types" : "?");
        co_await checkAccess(b, R_OK);
        const FileSystemStatus system = co_await fileSystemStatus(sub);
        found << (system.size() >= system.free() && system.free() > 0 ? "statfs" : "?");
        co_await removeFile(a);
        co_await removeFile(b);
        co_await removeFile(link);
        co_await removeDirectory(sub);
        co_return found;
    };
    QCOMPARE(runSync(body(m_folder->path(), time)),
             (QByteArrayList{"b", "/b", "400", "2", "file", "link", "types", "statfs"}));
    QCOMPARE(inFolder(), QStringList());

    const std::string a = path("a").toStdString();
    const std::string b = path("b").toStdString();
    const std::string missing = ": No such file or directory";
    QCOMPARE(errorOf(renameFile(path("a"), path("b"))), "rename " + a + ' ' + b + missing);
    QCOMPARE(errorOf(removeFile(path("a"))), "unlink " + a + missing);
    QCOMPARE(errorOf(checkAccess(path("a"))), "access " + a + missing);
    QCOMPARE(errorOf(makeDirectory(m_folder->path())), "mkdir " + m_folder->path().toStdString() + ": File exists");
    QCOMPARE(errorOf(renameFile(path("a"), {})), std::string("rename (an empty path): Invalid argument"));
}

void TestFs::writeFileKeepsWhatThereIsToKeep()
{
    const mode_t mask = umask(027);
    runSync(writeFile(path("new"), "1"));
    umask(mask);
    QCOMPARE(runSync(fileStatus(path("new"))).mode(), 0640);

    write(path("old"), "before");
    QVERIFY(chmod(path("old").toUtf8().constData(), 0604) == 0);
    QVERIFY(symlink("old", path("link").toUtf8().constData()) == 0);
    QVERIFY(::link(path("old").toUtf8().constData(), path("hard").toUtf8().constData()) == 0);
    runSync(writeFile(path("link"), "after"));
    QCOMPARE(contentsOf(path("old")), QByteArray("after"));
    QCOMPARE(contentsOf(path("hard")), QByteArray("before"));
    QCOMPARE(runSync(fileStatus(path("old"))).mode(), 0604);
    QVERIFY(runSync(linkStatus(path("link"))).isSymbolicLink());

    runSync(writeFile(path("old"), QByteArray()));
    QCOMPARE(contentsOf(path("old")), QByteArray());
    const QString longName(250, QLatin1Char('n'));
    runSync(writeFile(path(longName.toUtf8().constData()), "1"));
    QCOMPARE(inFolder().size(), 5);
}

void TestFs::writeFileLeavesNothingBehindWhenItFails()
{
    const std::string folder = m_folder->path().toStdString();
    QCOMPARE(errorOf(writeFile(m_folder->path(), "1")), "write " + folder + ": Is a directory");
    QCOMPARE(errorOf(writeFile("/dev/null", "1")), std::string("write /dev/null (no regular file): Invalid argument"));
    const QRegularExpression missing(QStringLiteral("^write %1: open %2\\.\\w+: No such file or directory$")
                                             .arg(path("missing/file"), path("missing/\\.file")));
    const std::string missingError = errorOf(writeFile(path("missing/file"), "1"));
    QVERIFY2(missing.match(QString::fromStdString(missingError)).hasMatch(), missingError.c_str());
    QCOMPARE(errorOf(writeFile(FilePath(), "1")), std::string("write (an empty path): Invalid argument"));

    write(path("a"), "before");
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    rlimit small = limit;
    small.rlim_cur = 1500 * 1000; // a disk that gets full after one and a half megabytes
    setrlimit(RLIMIT_FSIZE, &small);
    const std::string error = errorOf(writeFile(path("a"), QByteArray(3 * 1024 * 1024, 'x')));
    write(path("large"), QByteArray(1400 * 1000, 'x'));
    small.rlim_cur = 100 * 1000;
    setrlimit(RLIMIT_FSIZE, &small);
    const std::string copyError = errorOf(copyFile(path("large"), path("a")));
    setrlimit(RLIMIT_FSIZE, &limit);
    const std::string a = path("a").toStdString();
    const std::string temporary = path(".a.").toStdString();
    QVERIFY2(error.starts_with("write " + a + ": write " + temporary), error.c_str());
    QVERIFY2(error.ends_with(": File too large"), error.c_str());
    QVERIFY2(copyError.starts_with("copy " + path("large").toStdString() + ' ' + a + ": sendfile " + temporary),
             copyError.c_str());
    QCOMPARE(errorOf(copyFile(path("large"), path("missing/file"))),
             "copy " + path("large").toStdString() + ' ' + path("missing/file").toStdString() + ": mkstemp "
                     + path("missing/.file.XXXXXX").toStdString() + ": No such file or directory");
    QCOMPARE(contentsOf(path("a")), QByteArray("before"));
    QCOMPARE(inFolder(), QStringList({QStringLiteral("a"), QStringLiteral("large")}));
}

void TestFs::linksThatLeadNowhereYetAreFollowed_data()
{
    QTest::addColumn<bool>("isCopy");
    QTest::newRow("write") << false;
    QTest::newRow("copy") << true;
}

void TestFs::linksThatLeadNowhereYetAreFollowed()
{
    QFETCH(bool, isCopy);
    write(path("source"), "new");
    const auto replace = [&](const char *name) {
        return errorOf(isCopy ? copyFile(path("source"), path(name)) : writeFile(path(name), "new"));
    };
    const auto link = [&](const char *to, const char *name) { return symlink(to, path(name).toUtf8().constData()); };
    runSync(makeDirectory(path("folder")));
    QCOMPARE(link("folder/next", "first"), 0);
    QCOMPARE(link("../last", "folder/next"), 0);
    QCOMPARE(link("loop", "loop"), 0);

    QCOMPARE(replace("first"), std::string("no error"));

    QCOMPARE(contentsOf(path("last")), QByteArray("new"));
    QVERIFY(runSync(linkStatus(path("first"))).isSymbolicLink());
    QVERIFY(runSync(linkStatus(path("folder/next"))).isSymbolicLink());
    QCOMPARE(replace("loop"), "realpath " + path("loop").toStdString() + ": Too many levels of symbolic links");
    QVERIFY(runSync(linkStatus(path("loop"))).isSymbolicLink());
}

void TestFs::readersNeverSeeHalfAFile_data()
{
    QTest::addColumn<bool>("isOurs");
    QTest::newRow("writeFile") << true;
    QTest::newRow("QFile, which must fail") << false;
}

void TestFs::readersNeverSeeHalfAFile()
{
    QFETCH(bool, isOurs);
    constexpr int size = 300 * 1000;
    const QString file = path("a");
    write(file, QByteArray(size, 'a'));
    std::atomic<bool> isOver = false;
    std::atomic<int> torn = 0;
    std::thread reader([&] {
        while (!isOver) {
            const QByteArray seen = contentsOf(file);
            if (seen.size() != size || seen.count(seen.front()) != size)
                ++torn;
        }
    });
    for (int i = 0; i < 200 && (isOurs ? i < 20 : torn == 0); ++i) {
        const QByteArray contents(size, char('a' + i % 26));
        if (isOurs)
            runSync(writeFile(file, contents));
        else
            write(file, contents);
    }
    isOver = true;
    reader.join();
    QCOMPARE(torn == 0, isOurs);
}

void TestFs::cancelledWritesAndCopiesLeaveTheOldFile_data()
{
    QTest::addColumn<bool>("isCopy");
    QTest::newRow("write") << false;
    QTest::newRow("copy") << true;
}

void TestFs::cancelledWritesAndCopiesLeaveTheOldFile()
{
    QFETCH(bool, isCopy);
    const QByteArray contents(8 * 1024 * 1024, 'n');
    write(path("source"), contents);
    int cancelled = 0;
    int done = 0;
    constexpr int last = 30; // which is not cancelled
    for (int point = 0; point <= last && done < 5; ++point) {
        write(path("a"), "old");
        Task<> task = isCopy ? copyFile(path("source"), path("a")) : writeFile(path("a"), contents);
        std::optional<BusyPool> pool;
        if (point == 0)
            pool.emplace(); // cancelled before it has begun
        const auto working = spawn(std::move(task), "work");
        runSync(yield());
        if (point > 0)
            runSync(sleepFor(point * point * 30us));
        if (point < last)
            working.cancel();
        pool.reset();
        const Result<> result = tryRunSync(working, RunOptions().timeout(10s));
        if (result)
            ++done;
        else
            ++cancelled;

        QVERIFY2(result || result.outcome() == Outcome::Cancelled, result.errorString().c_str());
        QVERIFY(contentsOf(path("a")) == (result ? contents : QByteArray("old")));
        QCOMPARE(inFolder(), QStringList({QStringLiteral("a"), QStringLiteral("source")}));
    }
    QVERIFY(cancelled > 0);
    QVERIFY(done > 0);
}

void TestFs::copyFileTellsItsProgress()
{
    QByteArray contents(5 * 1024 * 1024 + 3, Qt::Uninitialized);
    for (qsizetype i = 0; i < contents.size(); ++i)
        contents[i] = char(i * 7 + i / 1000);
    write(path("a"), contents);
    QVERIFY(chmod(path("a").toUtf8().constData(), 0751) == 0);
    write(path("b"), "before");
    Progress progress;
    QList<int> values;
    progress.setListener([&] { values.append(progress.value()); });

    runSync(progress.follow(copyFile(path("a"), path("b"))));

    progress.setListener({});
    QVERIFY(contentsOf(path("b")) == contents);
    QCOMPARE(runSync(fileStatus(path("b"))).mode(), 0751);
    QCOMPARE(progress.maximum(), 5 * 1024 + 1);
    QCOMPARE(progress.value(), progress.maximum());
    QVERIFY(values.contains(1024) && values.contains(4096) && std::is_sorted(values.begin(), values.end()));
    QCOMPARE(inFolder(), QStringList({QStringLiteral("a"), QStringLiteral("b")}));

    runSync(copyFile("/proc/self/comm", path("c"))); // the kernel says that it is empty
    QCOMPARE(contentsOf(path("c")), QByteArray("tst_uv_fs\n"));
}

void TestFs::copyFileRefusesWhatIsNoFile()
{
    write(path("a"), "1");
    const std::string a = path("a").toStdString();
    QVERIFY(::link(path("a").toUtf8().constData(), path("b").toUtf8().constData()) == 0);
    QCOMPARE(errorOf(copyFile(path("a"), path("b"))),
             "copy " + a + ' ' + path("b").toStdString() + " (the same file): Invalid argument");
    QCOMPARE(errorOf(copyFile(path("a"), "/dev/null")), "copy " + a + " /dev/null (no regular file): Invalid argument");
    QCOMPARE(errorOf(copyFile(path("a"), m_folder->path())),
             "copy " + a + ' ' + m_folder->path().toStdString() + ": Is a directory");
    QCOMPARE(errorOf(copyFile(path("missing"), path("c"))),
             "open " + path("missing").toStdString() + ": No such file or directory");
    QVERIFY(errorOf(copyFile(m_folder->path(), path("c"))).ends_with(": Is a directory"));
    QCOMPARE(inFolder(), QStringList({QStringLiteral("a"), QStringLiteral("b")}));
}

void TestFs::bridgesEndLeavesNothingOpen()
{
    write(path("a"), "old");
    const int before = test::CleanupCheck::descriptorCount();
    bool wasOpen = false;
    const std::unique_ptr<QThread> thread(QThread::create([&] {
        const QByteArray contents(1024 * 1024, 'n');
        std::optional<File> outlives = runSync(File::open(path("a")));
        File abandoned = runSync(File::open(path("a")));
        const auto reading = spawn(abandoned.read(), "read");
        const auto opening = spawn(File::open(path("a")), "open");
        const auto making = spawn(File::openTemporary(path("t-XXXXXX")), "make");
        const auto writing = spawn(writeFile(path("a"), contents), "write");
        const auto copying = spawn(copyFile(path("a"), path("b")), "copy");
        const auto listing = spawn(Directory::open(m_folder->path()), "list");
        runSync(yield());
        Bridge::current().close();
        wasOpen = fcntl(outlives->descriptor(), F_GETFD) != -1;
        outlives.reset(); // with no loop to close it
    }));
    thread->start();
    QVERIFY(thread->wait(10000));
    QVERIFY(wasOpen);
    QCOMPARE(test::CleanupCheck::descriptorCount(), before);
    QStringList left = inFolder();
    left.removeOne(QStringLiteral("b")); // which may have been complete
    QCOMPARE(left, QStringList(QStringLiteral("a")));
}

void TestFs::tenThousandFilesAreReadWhileTheTimerKeepsTime()
{
    constexpr int count = 10000;
    constexpr int workers = 16;
    const auto nameOf = [](const QString &folder, int i) { return folder + QLatin1Char('/') + QString::number(i); };
    const auto contentsFor = [](int i) { return QByteArray(2000, char(i)) + QByteArray::number(i); };
    const auto hashOf = [](const QByteArray &bytes) {
        return QCryptographicHash::hash(bytes, QCryptographicHash::Sha1);
    };
    const auto make = [&] {
        for (int i = 0; i < count; ++i) {
            const QByteArray name = nameOf(m_folder->path(), i).toUtf8();
            const QByteArray contents = contentsFor(i);
            const int file = ::open(name.constData(), O_CREAT | O_WRONLY, 0600);
            if (::write(file, contents.constData(), std::size_t(contents.size())) != contents.size())
                qFatal("cannot write the test's files");
            ::close(file);
        }
    };
    make();
    std::vector<QByteArray> hashes(count);
    int next = 0;
    const auto work = [&](QString folder) -> Task<> {
        while (next < count) {
            const int i = next++;
            QByteArray bytes = co_await readFile(nameOf(folder, i));
            hashes[std::size_t(i)] = co_await toThread(hashOf, std::move(bytes));
        }
    };

    // Under load this thread may wait for a lock of the allocator's whose owner in the pool has lost the processor, which
    // does not count as time taken by others: the best of three.
    int percent = 0;
    for (int round = 0; round < 3 && percent < 95; ++round) {
        next = 0;
        const test::Ticks ticks(10ms);
        std::vector<Task<>> tasks;
        for (int i = 0; i < workers; ++i)
            tasks.push_back(work(m_folder->path()));
        runSync(gather(std::move(tasks)));
        percent = ticks.percent();
        const int shots = ticks.count();

        for (int i = 0; i < count; ++i)
            QVERIFY(hashes[std::size_t(i)] == hashOf(contentsFor(i)));
        qInfo("%d shots, %d %%", shots, percent);
        QVERIFY(shots > 5);
    }
    QVERIFY2(percent >= 95, qPrintable(QString::number(percent)));

    const test::Ticks blocked(10ms); // the naive way
    for (int i = 0; i < count; ++i)
        QVERIFY(hashOf(contentsOf(nameOf(m_folder->path(), i))) == hashes[std::size_t(i)]);
    QTRY_VERIFY(blocked.count() > 0);
    QVERIFY2(blocked.percent() < 50, qPrintable(QString::number(blocked.percent())));
}

INTERLOOP_TEST_MAIN(TestFs)
#include "tst_fs.moc"
