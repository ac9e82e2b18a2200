// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>

#include <tests/cleanupcheck.h>
#include <tests/drivers.h>
#include <tests/testmain.h>

#include <QTemporaryFile>

#include <algorithm>
#include <fcntl.h>
#include <future>
#include <netinet/in.h>
#include <sys/socket.h>
#include <thread>
#include <type_traits>
#include <unistd.h>

using namespace interloop;
using namespace interloop::test;
using namespace std::chrono_literals;

static_assert(!std::is_aggregate_v<PollHandle> && !std::is_aggregate_v<PollEvents>);

namespace {

// Two connected descriptors.
class Ends
{
public:
    enum class Kind { Pipe, SocketPair };

    explicit Ends(Kind kind = Kind::SocketPair)
    {
        const int error = kind == Kind::Pipe ? pipe2(m_ends, O_CLOEXEC)
                                             : socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, m_ends);
        if (error)
            qFatal("no descriptors");
    }
    ~Ends()
    {
        closeEnd(0);
        closeEnd(1);
    }
    Ends(const Ends &) = delete;
    Ends &operator=(const Ends &) = delete;

    int operator[](int index) const { return m_ends[index]; }
    void closeEnd(int index)
    {
        if (m_ends[index] >= 0)
            ::close(std::exchange(m_ends[index], -1));
    }

private:
    int m_ends[2];
};

void put(int descriptor, const char *text)
{
    if (::write(descriptor, text, strlen(text)) < 0)
        qFatal("write failed");
}

void fill(int descriptor)
{
    fcntl(descriptor, F_SETFL, O_NONBLOCK);
    const QByteArray block(65536, 'x');
    while (::write(descriptor, block.constData(), std::size_t(block.size())) > 0) { }
}

QByteArray drain(int descriptor)
{
    QByteArray all;
    char buffer[65536];
    for (ssize_t size; (size = ::read(descriptor, buffer, sizeof(buffer))) > 0;)
        all.append(buffer, size);
    return all;
}

// Counts the turns of libuv's loop.
class LoopRuns
{
public:
    LoopRuns()
    {
        uv_prepare_init(Bridge::current().uvLoop(), &m_prepare);
        m_prepare.data = this;
        uv_prepare_start(&m_prepare, [](uv_prepare_t *prepare) { ++static_cast<LoopRuns *>(prepare->data)->count; });
    }
    ~LoopRuns()
    {
        uv_close(reinterpret_cast<uv_handle_t *>(&m_prepare), nullptr);
        static_cast<void>(QTest::qWaitFor([] { return CleanupCheck::handleCount() == 1; }));
    }
    LoopRuns(const LoopRuns &) = delete;
    LoopRuns &operator=(const LoopRuns &) = delete;

    int count = 0;

private:
    uv_prepare_t m_prepare;
};

template<typename T>
std::error_code errorOf(Task<T> task)
{
    const auto result = tryRunSync(std::move(task), RunOptions().timeout(5s));
    try {
        if (result.outcome() == Outcome::Exception)
            std::rethrow_exception(result.error());
    } catch (const std::system_error &error) {
        return error.code();
    }
    return std::error_code();
}

Task<PollEvents> waitNested(PollHandle &handle)
{
    co_return runSync(handle.wait(PollEvent::Readable), RunOptions().timeout(5s));
}

// Keeps all threads of libuv's pool busy until it is opened.
class BusyPool
{
public:
    BusyPool()
    {
        for (int i = 0; i < 4; ++i) {
            m_jobs.push_back(spawn(toThread([](std::shared_future<void> opened) { opened.wait(); }, m_opened)));
        }
        QTest::qWait(1);
    }
    void open()
    {
        m_gate.set_value();
        for (const TaskHandle<> &job : m_jobs)
            runSync(job);
    }

private:
    std::promise<void> m_gate;
    std::shared_future<void> m_opened = m_gate.get_future().share();
    std::vector<TaskHandle<>> m_jobs;
};

} // namespace

class TestPoll : public QObject
{
    Q_OBJECT

private slots:
    void init() { m_leaks.begin(); }
    void cleanup() { m_leaks.check(); }

    void dataEndsTheWaitForIt_data() { addDrivers(); }
    void dataEndsTheWaitForIt();
    void roomEndsTheWaitForIt();
    void readerAndWriterWaitForOneDescriptor();
    void severalWaitsEndTogether();
    void whatNobodyWaitsForCostsNoTurns();
    void waitsNest();
    void theEndOfThePeerIsReadableAndDisconnected();
    void anErrorOfTheDescriptorIsToldByItsName();
    void aDescriptorMayBeClosedBetweenWaits();
    void closingEndsTheWaits();
    void cancellingEndsOneWaitOnly();
    void unusableDescriptorsAreRefused();
    void unusableEventsAndHandlesAreRefused();

    void randomBytesAreRandomAndAsManyAsAsked();
    void randomBytesFillTheCallersMemory();
    void aCancelledWaitForRandomBytesEnds();
    void tooManyRandomBytesAreRefused();

private:
    CleanupCheck m_leaks;
};

void TestPoll::dataEndsTheWaitForIt()
{
    drive([] {
        Ends ends;
        PollHandle handle(ends[0]);
        for (const char *text : {"one", "two"}) {
            QTimer::singleShot(2ms, Qt::PreciseTimer, [&] { put(ends[1], text); });
            runSync(handle.waitReadable(), RunOptions().timeout(5s));
            QCOMPARE(drain(ends[0]), QByteArray(text));
        }
        put(ends[1], "three"); // there already
        QCOMPARE(runSync(handle.wait(PollEvent::Readable), RunOptions().timeout(5s)), PollEvent::Readable);
    });
}

void TestPoll::roomEndsTheWaitForIt()
{
    Ends ends(Ends::Kind::Pipe);
    PollHandle handle(ends[1]);
    runSync(handle.waitWritable(), RunOptions().timeout(5s));
    fill(ends[1]);
    const TaskHandle<> waiting = spawn(handle.waitWritable());
    QTest::qWait(2);
    QVERIFY(!waiting.isDone());
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    drain(ends[0]);
    runSync(waiting, RunOptions().timeout(5s));
}

void TestPoll::readerAndWriterWaitForOneDescriptor()
{
    Ends ends;
    PollHandle handle(ends[0]);
    fill(ends[0]);
    const TaskHandle<PollEvents> reader = spawn(handle.wait(PollEvent::Readable));
    const TaskHandle<PollEvents> writer = spawn(handle.wait(PollEvent::Writable));
    QTest::qWait(1);
    put(ends[1], "x");
    QCOMPARE(runSync(reader, RunOptions().timeout(5s)), PollEvent::Readable);
    QVERIFY(!writer.isDone());
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    drain(ends[1]);
    QCOMPARE(runSync(writer, RunOptions().timeout(5s)), PollEvent::Writable);
}

void TestPoll::severalWaitsEndTogether()
{
    Ends ends;
    PollHandle handle(ends[0]);
    const TaskHandle<> first = spawn(handle.waitReadable());
    const TaskHandle<PollEvents> second = spawn(handle.wait(PollEvent::Readable | PollEvent::Disconnected));
    QTest::qWait(1);
    put(ends[1], "x");
    runSync(first, RunOptions().timeout(5s));
    QCOMPARE(runSync(second, RunOptions().timeout(5s)), PollEvent::Readable);
}

void TestPoll::whatNobodyWaitsForCostsNoTurns()
{
    LoopRuns runs;
    Ends ends;
    PollHandle handle(ends[0]);
    put(ends[1], "x");
    runSync(handle.waitReadable(), RunOptions().timeout(5s));
    runs.count = 0;
    QTest::qWait(30); // still readable
    QVERIFY2(runs.count < 20, qPrintable(QString::number(runs.count)));
}

void TestPoll::waitsNest()
{
    Ends first;
    Ends second;
    PollHandle outer(first[0]);
    PollHandle inner(second[0]);
    const TaskHandle<PollEvents> waiting = spawn(waitNested(inner));
    QTimer::singleShot(1ms, [&] {
        put(first[1], "x");
        put(second[1], "x");
    });
    runSync(outer.waitReadable(), RunOptions().timeout(5s));
    QCOMPARE(runSync(waiting, RunOptions().timeout(5s)), PollEvent::Readable);
}

void TestPoll::theEndOfThePeerIsReadableAndDisconnected()
{
    Ends ends;
    PollHandle handle(ends[0]);
    const TaskHandle<PollEvents> waiting = spawn(handle.wait(PollEvent::Readable | PollEvent::Disconnected));
    QTest::qWait(1);
    ends.closeEnd(1);
    QCOMPARE(runSync(waiting, RunOptions().timeout(5s)), PollEvent::Readable | PollEvent::Disconnected);
}

void TestPoll::anErrorOfTheDescriptorIsToldByItsName()
{
    // given: a pipe that nobody reads
    Ends ends(Ends::Kind::Pipe);
    PollHandle pipe(ends[1]);
    fill(ends[1]);
    const TaskHandle<> waiting = spawn(pipe.waitWritable());
    QTest::qWait(1);
    ends.closeEnd(0);
    const auto result = tryRunSync(waiting, RunOptions().timeout(5s));
    QVERIFY2(result.errorString().find("Broken pipe") != std::string::npos, result.errorString().c_str());
    pipe.close();

    // given: a connection that is refused
    const int port = TcpServer::listen(QStringLiteral("127.0.0.1"), 0).port();
    const SocketAddress nobody = SocketAddress::fromNumeric(QStringLiteral("127.0.0.1"), port);
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    QTest::qWait(1); // the server has closed
    {
        PollHandle handle(socket);
        QVERIFY(::connect(socket, nobody.data(), sizeof(sockaddr_in)) < 0);
        QVERIFY(errorOf(handle.waitWritable()) == std::errc::connection_refused);
    }
    ::close(socket);
}

void TestPoll::aDescriptorMayBeClosedBetweenWaits()
{
    Ends ends;
    PollHandle handle(ends[0]);
    put(ends[1], "x");
    runSync(handle.waitReadable(), RunOptions().timeout(5s));
    ends.closeEnd(0);
    QVERIFY(errorOf(handle.waitReadable()) == std::errc::bad_file_descriptor);
}

void TestPoll::closingEndsTheWaits()
{
    Ends ends;
    auto handle = std::make_unique<PollHandle>(ends[0]);
    const TaskHandle<> first = spawn(handle->waitReadable());
    const TaskHandle<> second = spawn(handle->waitReadable());
    QTest::qWait(1);
    handle.reset();
    for (const TaskHandle<> &waiting : {first, second}) {
        const auto result = tryRunSync(waiting, RunOptions().timeout(5s));
        QVERIFY2(result.errorString().find("Operation canceled") != std::string::npos, result.errorString().c_str());
    }
    put(ends[1], "x"); // the descriptor is still open
    QCOMPARE(drain(ends[0]).size(), 1);
}

void TestPoll::cancellingEndsOneWaitOnly()
{
    Ends ends;
    PollHandle handle(ends[0]);
    const TaskHandle<> cancelled = spawn(handle.waitReadable());
    const TaskHandle<> other = spawn(handle.waitReadable());
    QTest::qWait(1);
    QVERIFY(cancelled.cancel());
    QCOMPARE(tryRunSync(cancelled).outcome(), Outcome::Cancelled);
    QVERIFY(!other.isDone());
    put(ends[1], "x");
    runSync(other, RunOptions().timeout(5s));
    QCOMPARE(tryRunSync(handle.wait(PollEvent::Prioritized), RunOptions().timeout(1ms)).outcome(), Outcome::TimedOut);
}

void TestPoll::unusableDescriptorsAreRefused()
{
    const auto refusal = [](int descriptor) {
        try {
            const PollHandle handle(descriptor);
        } catch (const std::system_error &error) {
            if (QByteArray(error.what()).contains("poll descriptor " + QByteArray::number(descriptor)))
                return error.code();
        }
        return std::error_code();
    };
    QVERIFY(refusal(-1) == std::errc::bad_file_descriptor);
    QVERIFY(refusal(9999) == std::errc::bad_file_descriptor);
    QTemporaryFile file;
    QVERIFY(file.open());
    QVERIFY(refusal(file.handle()) == std::errc::operation_not_permitted);

    Ends ends;
    PollHandle first(ends[0]);
    QVERIFY(refusal(ends[0]) == std::errc::file_exists);
    first.close();
    PollHandle second(ends[0]);
    QCOMPARE(second.descriptor(), ends[0]);
}

void TestPoll::unusableEventsAndHandlesAreRefused()
{
    Ends ends;
    PollHandle handle(ends[0]);
    QVERIFY(errorOf(handle.wait(PollEvents())) == std::errc::invalid_argument);
    QVERIFY(errorOf(handle.wait(PollEvents(64))) == std::errc::invalid_argument);
    QVERIFY(errorOf(PollHandle().waitReadable()) == std::errc::bad_file_descriptor);
    PollHandle moved(std::move(handle));
    QVERIFY(errorOf(handle.waitReadable()) == std::errc::bad_file_descriptor);
    QCOMPARE(handle.descriptor(), -1);
    moved.close();
    QVERIFY(errorOf(moved.waitReadable()) == std::errc::operation_canceled);
}

void TestPoll::randomBytesAreRandomAndAsManyAsAsked()
{
    for (const qsizetype count : {0, 1, 32, 1 << 20})
        QCOMPARE(runSync(randomBytes(count)).size(), count);
    QVERIFY(runSync(randomBytes(32)) != runSync(randomBytes(32)));
    const QByteArray many = runSync(randomBytes(1 << 16));
    for (int byte = 0; byte < 256; ++byte)
        QVERIFY2(many.contains(char(byte)), qPrintable(QString::number(byte)));
}

void TestPoll::randomBytesFillTheCallersMemory()
{
    std::vector<std::byte> memory(100'000);
    runSync(randomBytes(std::span(memory).subspan(0, 99'000)));
    QVERIFY(std::any_of(memory.end() - 1'064, memory.end() - 1'000, [](std::byte byte) { return byte != std::byte(); }));
    QVERIFY(std::all_of(memory.end() - 1'000, memory.end(), [](std::byte byte) { return byte == std::byte(); }));
    runSync(randomBytes(std::span<std::byte>()));
}

void TestPoll::aCancelledWaitForRandomBytesEnds()
{
    // given: requests that the pool has not begun
    BusyPool pool;
    std::vector<std::byte> memory(1000);
    const TaskHandle<> filling = spawn(randomBytes(std::span(memory)));
    const TaskHandle<QByteArray> making = spawn(randomBytes(1000));
    QTest::qWait(1);
    filling.cancel();
    making.cancel();
    QCOMPARE(tryRunSync(filling, RunOptions().timeout(5s)).outcome(), Outcome::Cancelled);
    QCOMPARE(tryRunSync(making, RunOptions().timeout(5s)).outcome(), Outcome::Cancelled);
    QVERIFY(std::all_of(memory.begin(), memory.end(), [](std::byte byte) { return byte == std::byte(); }));
    pool.open();

    // given: one that the pool is at
    std::vector<std::byte> large(16 << 20);
    const TaskHandle<> running = spawn(randomBytes(std::span(large)));
    const std::byte *first = large.data();
    QVERIFY(QTest::qWaitFor([first] { // it has begun when there is something
        return std::any_of(first, first + 64, [](std::byte byte) { return byte != std::byte(); });
    }));
    running.cancel();
    static_cast<void>(tryRunSync(running, RunOptions().timeout(5s)));
    // then: nobody writes there any more
    QVERIFY(std::any_of(large.end() - 64, large.end(), [](std::byte byte) { return byte != std::byte(); }));
}

void TestPoll::tooManyRandomBytesAreRefused()
{
    QVERIFY(errorOf(randomBytes(-1)) == std::errc::invalid_argument);
    QVERIFY(errorOf(randomBytes(qsizetype(1) << 31)) == std::errc::invalid_argument);
}

INTERLOOP_TEST_MAIN(TestPoll)
#include "tst_poll.moc"
