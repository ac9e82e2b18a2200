// SPDX-License-Identifier: MIT
#include <tests/cleanupcheck.h>
#include <tests/drivers.h>
#include <tests/testmain.h>
#include <tests/timeline.h>

#include <interloop/interloop.h>

#include <QByteArray>
#include <QFile>
#include <QTemporaryDir>
#include <uv.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <functional>
#include <memory>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <tuple>
#include <unistd.h>
#include <vector>

/*
 * N25: two requests of a kind complete in one batch of libuv's, and the first one's continuation blocks for the second.
 * A loop that runs uv_run inside its own callbacks loses the second completion, and hangs.
 */

using namespace interloop;
using namespace interloop::test;

class TestBatches : public QObject
{
    Q_OBJECT

private slots:
    void init() { m_leaks.begin(); }
    void cleanup() { m_leaks.check(); }

    void N25_theFirstOfABatchMayBlockForTheSecond_data();
    void N25_theFirstOfABatchMayBlockForTheSecond();
    void N25_aNestedUvRunLosesTheSecond();

private:
    CleanupCheck m_leaks;
};

namespace {

// Counts the runs of libuv's loop.
class LoopRuns
{
public:
    LoopRuns()
    {
        uv_prepare_init(Bridge::current().uvLoop(), &m_prepare);
        m_prepare.data = this;
        uv_prepare_start(&m_prepare, [](uv_prepare_t *prepare) { ++static_cast<LoopRuns *>(prepare->data)->count; });
        uv_unref(reinterpret_cast<uv_handle_t *>(&m_prepare));
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

// Two requests of one kind. Which of them ends first is up to the kind.
class Pair
{
public:
    virtual ~Pair() = default;

    virtual Task<> request(int index) = 0;

    // Both requests are under way: makes both complete behind the loop's back, which this thread is not running now.
    virtual void complete() = 0;
};

void sleepInTheKernel(std::chrono::milliseconds duration)
{
    std::this_thread::sleep_for(duration);
}

class SleepPair final : public Pair
{
public:
    Task<> request(int) override { co_await sleepUntil(m_deadline); }
    void complete() override { std::this_thread::sleep_until(m_deadline + 1ms); }

private:
    TimePoint m_deadline = std::chrono::steady_clock::now() + 20ms;
};

// How many jobs of a pair have ended. Outlives them.
using Counter = std::shared_ptr<std::atomic<int>>;

void countJob(Counter counter)
{
    ++*counter;
}

// libuv's word that a job has ended comes a moment after it.
void awaitJobs(const Counter &counter)
{
    while (*counter < 2)
        std::this_thread::yield();
    sleepInTheKernel(2ms);
}

class WorkPair final : public Pair
{
public:
    Task<> request(int) override { return toThread(&countJob, m_counter); }
    void complete() override { awaitJobs(m_counter); }

private:
    Counter m_counter = std::make_shared<std::atomic<int>>(0);
};

class DnsPair final : public Pair
{
public:
    Task<> request(int) override { static_cast<void>(co_await resolve(QStringLiteral("localhost"), 80)); }
    void complete() override { sleepInTheKernel(10ms); }
};

class ReversePair final : public Pair
{
public:
    Task<> request(int index) override
    {
        static_cast<void>(co_await reverseLookup(SocketAddress::fromNumeric(QStringLiteral("127.0.0.1"), 80 + index)));
    }
    void complete() override { sleepInTheKernel(10ms); }
};

class FilePair final : public Pair
{
public:
    ~FilePair()
    {
        for (File &file : m_files)
            static_cast<void>(tryRunSync(file.close()));
    }
    Task<> request(int index) override { static_cast<void>(co_await m_files[index].status()); }
    void complete() override { sleepInTheKernel(5ms); }

private:
    File m_files[2] = {runSync(File::open(QStringLiteral("/dev/null"))), runSync(File::open(QStringLiteral("/dev/null")))};
};

class AsyncPair final : public Pair
{
public:
    Task<> request(int index) override { co_await m_futures[index]; }
    void complete() override
    {
        std::thread([this, remote = Bridge::current().remote()] {
            for (Future<> &future : m_futures)
                static_cast<void>(remote.postThreadSafe([future]() mutable { future.setResult(); }));
        }).join();
    }

private:
    Future<> m_futures[2];
};

// Two connections, each with both of its ends here.
class Connections
{
public:
    Task<> open()
    {
        TcpServer server = TcpServer::listen(QStringLiteral("127.0.0.1"), 0);
        for (int i = 0; i < 2; ++i) {
            near[i] = co_await TcpSocket::connect(QStringLiteral("127.0.0.1"), server.port());
            far[i] = co_await server.accept();
        }
    }

    TcpSocket near[2];
    TcpSocket far[2];
};

class ReadPair final : public Pair
{
public:
    ReadPair() { runSync(m_connections.open()); }
    Task<> request(int index) override { static_cast<void>(co_await m_connections.near[index].read()); }
    void complete() override
    {
        for (TcpSocket &socket : m_connections.far)
            runSync(socket.write(QByteArrayLiteral("x"))); // the kernel takes it at once
    }

private:
    Connections m_connections;
};

// Plain sockets of the operating system's, connected to a server on the bridge.
class RawClients
{
public:
    ~RawClients()
    {
        for (const int descriptor : m_descriptors)
            ::close(descriptor);
    }
    void connectTo(const SocketAddress &first, const SocketAddress &second)
    {
        m_descriptors[0] = connected(first);
        m_descriptors[1] = connected(second);
    }
    // Reads all there is, until nothing more comes.
    void drain()
    {
        std::vector<char> buffer(1 << 20);
        for (int quietRounds = 0; quietRounds < 3;) {
            bool isQuiet = true;
            for (const int descriptor : m_descriptors) {
                while (recv(descriptor, buffer.data(), buffer.size(), MSG_DONTWAIT) > 0)
                    isQuiet = false;
            }
            quietRounds = isQuiet ? quietRounds + 1 : 0;
            sleepInTheKernel(1ms);
        }
    }

private:
    static int connected(const SocketAddress &address)
    {
        const int descriptor = socket(AF_INET, SOCK_STREAM, 0);
        if (::connect(descriptor, address.data(), sizeof(sockaddr_in)) != 0)
            qFatal("connect failed");
        return descriptor;
    }

    int m_descriptors[2] = {-1, -1};
};

// Each writes until the kernel takes no more; the rest of that write then fits in one go.
class WritePair final : public Pair
{
public:
    WritePair()
    {
        m_clients.connectTo(m_server.address(), m_server.address());
        for (TcpSocket &socket : m_sockets)
            socket = runSync(m_server.accept());
    }
    Task<> request(int index) override
    {
        while (!m_isDrained)
            co_await m_sockets[index].write(m_chunk);
    }
    void complete() override
    {
        m_clients.drain();
        m_isDrained = true;
    }

private:
    TcpServer m_server = TcpServer::listen(QStringLiteral("127.0.0.1"), 0);
    RawClients m_clients;
    TcpSocket m_sockets[2];
    QByteArray m_chunk = QByteArray(1 << 16, 'x');
    bool m_isDrained = false;
};

// A server each: one server's connections are accepted one in a turn.
class AcceptPair final : public Pair
{
public:
    AcceptPair()
    {
        for (TcpServer &server : m_servers)
            server = TcpServer::listen(QStringLiteral("127.0.0.1"), 0);
    }
    Task<> request(int index) override { m_accepted[index] = co_await m_servers[index].accept(); }
    void complete() override { m_clients.connectTo(m_servers[0].address(), m_servers[1].address()); }

private:
    TcpServer m_servers[2];
    RawClients m_clients;
    TcpSocket m_accepted[2];
};

class ConnectPair final : public Pair
{
public:
    Task<> request(int index) override
    {
        m_sockets[index] = co_await TcpSocket::connect(QStringLiteral("127.0.0.1"), m_server.port());
    }
    void complete() override { sleepInTheKernel(2ms); } // the backlog takes both

private:
    TcpServer m_server = TcpServer::listen(QStringLiteral("127.0.0.1"), 0);
    TcpSocket m_sockets[2];
};

class ReceivePair final : public Pair
{
public:
    Task<> request(int index) override { static_cast<void>(co_await m_sockets[index].receive()); }
    void complete() override
    {
        for (UdpSocket &socket : m_sockets)
            runSync(m_sender.send(QByteArrayLiteral("x"), socket.localAddress())); // the kernel takes it at once
    }

private:
    UdpSocket m_sender = UdpSocket::open();
    UdpSocket m_sockets[2] = {UdpSocket::bind(QStringLiteral("127.0.0.1"), 0),
                              UdpSocket::bind(QStringLiteral("127.0.0.1"), 0)};
};

// Each sends until the kernel takes no more, which over the network it always does; then there is room.
class SendPair final : public Pair
{
public:
    SendPair()
    {
        for (int i = 0; i < 2; ++i) {
            int ends[2];
            if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends) != 0)
                qFatal("socketpair failed");
            m_sockets[i] = UdpSocket::fromDescriptor(ends[0]);
            m_peers[i] = ends[1];
        }
    }
    ~SendPair()
    {
        for (const int peer : m_peers)
            ::close(peer);
    }
    Task<> request(int index) override
    {
        while (!m_isDrained)
            co_await m_sockets[index].send(QByteArrayLiteral("x"));
    }
    void complete() override
    {
        char byte;
        for (const int peer : m_peers) {
            while (recv(peer, &byte, 1, MSG_DONTWAIT) > 0) { }
        }
        m_isDrained = true;
    }

private:
    UdpSocket m_sockets[2];
    int m_peers[2];
    bool m_isDrained = false;
};

class PipePair final : public Pair
{
public:
    PipePair()
    {
        for (int i = 0; i < 2; ++i)
            std::tie(m_near[i], m_far[i]) = PipeSocket::pair();
    }
    Task<> request(int index) override { static_cast<void>(co_await m_near[index].read()); }
    void complete() override
    {
        for (PipeSocket &socket : m_far)
            runSync(socket.write(QByteArrayLiteral("x")));
    }

private:
    PipeSocket m_near[2];
    PipeSocket m_far[2];
};

class ProcessPair final : public Pair
{
public:
    Task<> request(int index) override { static_cast<void>(co_await m_processes[index].wait()); }
    void complete() override
    {
        for (Process &process : m_processes)
            process.kill(SIGKILL);
        for (const Process &process : m_processes) {
            siginfo_t info;
            waitid(P_PID, id_t(process.processId()), &info, WEXITED | WNOWAIT); // it has ended, and nobody has noticed
        }
    }

private:
    static Process sleeper() { return Process::start(ProcessOptions(QStringLiteral("sleep"), {QStringLiteral("60")})); }

    Process m_processes[2] = {sleeper(), sleeper()};
};

class SignalPair final : public Pair
{
public:
    Task<> request(int index) override { co_await waitForUnixSignal(index ? SIGUSR2 : SIGUSR1); }
    void complete() override
    {
        raise(SIGUSR1);
        raise(SIGUSR2);
    }
};

class WatchPair final : public Pair
{
public:
    Task<> request(int index) override { static_cast<void>(co_await m_watchers[index].next()); }
    void complete() override
    {
        for (const QTemporaryDir &folder : m_folders)
            static_cast<void>(QFile(folder.filePath(QStringLiteral("new"))).open(QIODevice::WriteOnly));
    }

private:
    QTemporaryDir m_folders[2];
    FileWatcher m_watchers[2] = {FileWatcher(m_folders[0].path()), FileWatcher(m_folders[1].path())};
};

class PollPair final : public Pair
{
public:
    ~PollPair()
    {
        for (const int descriptor : m_descriptors)
            ::close(descriptor);
    }
    Task<> request(int index) override
    {
        PollHandle handle(m_descriptors[index]);
        co_await handle.waitReadable();
    }
    void complete() override
    {
        for (const int descriptor : m_descriptors)
            eventfd_write(descriptor, 1);
    }

private:
    int m_descriptors[2] = {eventfd(0, EFD_CLOEXEC), eventfd(0, EFD_CLOEXEC)};
};

using MakePair = std::function<std::unique_ptr<Pair>()>;

template<typename Kind>
MakePair makerOf()
{
    return [] { return std::make_unique<Kind>(); };
}

// What the task whose request ended first saw.
class Scene
{
public:
    explicit Scene(LoopRuns &loopRuns) : runs(loopRuns) { }

    LoopRuns &runs;
    TaskHandle<> handles[2];
    int begun = 0;
    int ended = 0;
    int runsBeforeBlocking = 0;
    int runsAfterBlocking = -1;
};

Task<> requestThenBlockForOther(Pair &pair, Scene &scene, int index)
{
    ++scene.begun;
    co_await pair.request(index);
    if (++scene.ended > 1)
        co_return;
    scene.runsBeforeBlocking = scene.runs.count;
    const auto other = tryRunSync(scene.handles[1 - index], RunOptions().timeout(3s));
    scene.runsAfterBlocking = other ? scene.runs.count : -1;
}

} // namespace

Q_DECLARE_METATYPE(MakePair)

void TestBatches::N25_theFirstOfABatchMayBlockForTheSecond_data()
{
    QTest::addColumn<MakePair>("makePair");
    QTest::newRow("timer") << makerOf<SleepPair>();
    QTest::newRow("fs") << makerOf<FilePair>();
    QTest::newRow("work") << makerOf<WorkPair>();
    QTest::newRow("dns") << makerOf<DnsPair>();
    QTest::newRow("dns reverse") << makerOf<ReversePair>();
    QTest::newRow("async") << makerOf<AsyncPair>();
    QTest::newRow("tcp read") << makerOf<ReadPair>();
    QTest::newRow("tcp accept") << makerOf<AcceptPair>();
    QTest::newRow("tcp connect") << makerOf<ConnectPair>();
    QTest::newRow("tcp write") << makerOf<WritePair>();
    QTest::newRow("udp receive") << makerOf<ReceivePair>();
    QTest::newRow("udp send") << makerOf<SendPair>();
    QTest::newRow("pipe") << makerOf<PipePair>();
    QTest::newRow("process") << makerOf<ProcessPair>();
    QTest::newRow("signal") << makerOf<SignalPair>();
    QTest::newRow("fs event") << makerOf<WatchPair>();
    QTest::newRow("poll") << makerOf<PollPair>();
}

void TestBatches::N25_theFirstOfABatchMayBlockForTheSecond()
{
    QFETCH(MakePair, makePair);
    // Whether two completions fall into one batch is the machine's decision: repeated until it has happened, and never
    // may one attempt hang.
    int batches = 0;
    LoopRuns runs;
    for (int attempt = 0; attempt < 50 && batches < 3; ++attempt) {
        const std::unique_ptr<Pair> pair = makePair();
        Scene scene(runs);
        // given: two requests under way
        for (int index = 0; index < 2; ++index)
            scene.handles[index] = spawn(requestThenBlockForOther(*pair, scene, index));
        while (scene.begun < 2)
            QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents);
        // when: both complete before libuv looks again
        pair->complete();
        const auto first = tryRunSync(scene.handles[0], RunOptions().timeout(3s));
        const auto second = tryRunSync(scene.handles[1], RunOptions().timeout(3s));
        // then: neither is lost
        QCOMPARE(first.outcome(), Outcome::Value);
        QCOMPARE(second.outcome(), Outcome::Value);
        QCOMPARE(scene.ended, 2);
        QVERIFY(scene.runsAfterBlocking >= 0);
        if (scene.runsAfterBlocking == scene.runsBeforeBlocking)
            ++batches; // the wait needed no further run of libuv's: the second had come with the first
    }
    QVERIFY2(batches > 0, "no two completions came in one batch");
}

namespace {

// The naive loop: its callback runs libuv again, on top of itself.
class NaiveScene
{
public:
    void completed()
    {
        if (++m_completed > 1)
            return;
        const auto end = std::chrono::steady_clock::now() + 100ms;
        while (m_completed < 2 && std::chrono::steady_clock::now() < end)
            uv_run(&loop, UV_RUN_NOWAIT);
        hasSeenSecond = m_completed == 2;
    }

    uv_loop_t loop;
    uv_work_t requests[2];
    Counter counter = std::make_shared<std::atomic<int>>(0);
    bool hasSeenSecond = false;

private:
    int m_completed = 0;
};

} // namespace

void TestBatches::N25_aNestedUvRunLosesTheSecond()
{
    NaiveScene scene;
    QCOMPARE(uv_loop_init(&scene.loop), 0);
    for (uv_work_t &request : scene.requests) {
        request.data = &scene;
        uv_queue_work(
                &scene.loop, &request, [](uv_work_t *work) { countJob(static_cast<NaiveScene *>(work->data)->counter); },
                [](uv_work_t *work, int) { static_cast<NaiveScene *>(work->data)->completed(); });
    }
    awaitJobs(scene.counter);
    uv_run(&scene.loop, UV_RUN_DEFAULT);
    QCOMPARE(uv_loop_close(&scene.loop), 0);
    QVERIFY(!scene.hasSeenSecond);
}

INTERLOOP_TEST_MAIN(TestBatches)
#include "tst_batches.moc"
