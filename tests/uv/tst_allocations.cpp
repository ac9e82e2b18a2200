// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>

#include <tests/bench/heap.h>
#include <tests/cleanupcheck.h>
#include <tests/testmain.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <new>
#include <span>
#include <tuple>

/*
 * What waiting costs the heap once it is warm: nothing. Every malloc of this thread counts, libuv's and Qt's too, with
 * one exception: Qt makes a record of each timer that is started, and the bridge wakes by such timers.
 *
 * Not built with sanitizers: there each frame and each handle is an allocation of its own.
 */

namespace {

thread_local long timerRecords = 0;

// Whether the code at `address` is QTimerInfoList::registerTimer.
bool isQtsTimerList(const void *address)
{
    Dl_info info = {};
    return dladdr(address, &info) != 0 && info.dli_sname && std::strstr(info.dli_sname, "QTimerInfoList13registerTimer");
}

} // namespace

void *operator new(std::size_t size)
{
    if (isQtsTimerList(__builtin_return_address(0)))
        ++timerRecords;
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

using namespace interloop;
using namespace interloop::test;
using namespace std::chrono_literals;

namespace {

constexpr int manyRounds = 1000;
const QString loopback = QStringLiteral("127.0.0.1");

using Buffer = std::array<std::byte, 8192>;

long allocationCount()
{
    return bench::allocationCount() - timerRecords;
}

// Of `rounds` rounds, after a few that fill the pools.
template<typename Round>
Task<long> allocationsOf(Round round, int rounds = manyRounds)
{
    for (int i = 0; i < rounds / 10; ++i)
        co_await round();
    const long before = allocationCount();
    for (int i = 0; i < rounds; ++i)
        co_await round();
    co_return allocationCount() - before;
}

Task<> connectTcp(Stream &near, Stream &far)
{
    TcpServer server = TcpServer::listen(loopback, 0);
    near = co_await TcpSocket::connect(loopback, server.port());
    far = co_await server.accept();
}

enum class Kind { Tcp, Pipe };

class Wire
{
public:
    explicit Wire(Kind kind)
    {
        if (kind == Kind::Tcp)
            runSync(connectTcp(near, far));
        else
            std::tie(near, far) = PipeSocket::pair();
    }

    Stream near;
    Stream far;
    Buffer sent = {};
    Buffer received = {};
};

Task<> echo(Stream &stream, Buffer &buffer)
{
    for (;;) {
        const std::size_t count = co_await stream.read(std::span(buffer));
        if (count == 0)
            break;
        co_await stream.write(std::span<const std::byte>(buffer).first(count));
    }
}

// There and back. `size` decides whether the bytes go into `received` directly, or through what is read ahead.
Task<> roundTrip(Stream &stream, std::span<const std::byte> sent, std::span<std::byte> received)
{
    co_await stream.write(sent);
    static_cast<void>(co_await stream.readExactly(received));
}

// Counts in a task that runs beside an echo at the far end.
long allocationsOfRoundTrips(Wire &wire, std::size_t size)
{
    Buffer echoed = {};
    const TaskHandle<> echoing = spawn(echo(wire.far, echoed), "echo");
    const auto round = [&] {
        return roundTrip(wire.near, std::span(wire.sent).first(size), std::span(wire.received).first(size));
    };
    const long count = runSync(allocationsOf(round));
    wire.near.close();
    runSync(echoing);
    return count;
}

} // namespace

Q_DECLARE_METATYPE(Kind)

class TestAllocations : public QObject
{
    Q_OBJECT

private slots:
    void init() { m_leaks.begin(); }
    void cleanup() { m_leaks.check(); }

    void aReadIntoMemoryAndAWriteTakeNothing_data();
    void aReadIntoMemoryAndAWriteTakeNothing();
    void aWriteThatWaitsTakesNothing_data();
    void aWriteThatWaitsTakesNothing();
    void aDatagramSentAndReceivedTakesNothing();
    void anAcceptTakesNothing();
    void aSleepTakesNothing_data();
    void aSleepTakesNothing();
    void aReadAsAnArrayTakesTheArray();
    void aTimerOfQtsTakesItsRecord();

private:
    CleanupCheck m_leaks;
};

void TestAllocations::aReadIntoMemoryAndAWriteTakeNothing_data()
{
    QTest::addColumn<Kind>("kind");
    QTest::addColumn<quint64>("size");
    QTest::newRow("tcp, through what is read ahead") << Kind::Tcp << quint64(64);
    QTest::newRow("tcp, directly") << Kind::Tcp << quint64(8192);
    QTest::newRow("pipe, through what is read ahead") << Kind::Pipe << quint64(64);
    QTest::newRow("pipe, directly") << Kind::Pipe << quint64(8192);
}

void TestAllocations::aReadIntoMemoryAndAWriteTakeNothing()
{
    QFETCH(Kind, kind);
    QFETCH(quint64, size);
    Wire wire(kind);
    QCOMPARE(allocationsOfRoundTrips(wire, size), 0);
}

namespace {

Task<> writeUntilClosed(Stream &stream, std::span<const std::byte> data)
{
    for (;;)
        co_await stream.write(data);
}

Task<> readAsMuch(Wire &wire, std::size_t size, std::span<std::byte> buffer, int &waits)
{
    for (std::size_t came = 0; came < size;) {
        waits += wire.near.writeQueueSize() > 0 ? 1 : 0;
        came += co_await wire.far.read(buffer);
    }
}

} // namespace

void TestAllocations::aWriteThatWaitsTakesNothing_data()
{
    QTest::addColumn<Kind>("kind");
    QTest::newRow("tcp") << Kind::Tcp;
    QTest::newRow("pipe") << Kind::Pipe;
}

void TestAllocations::aWriteThatWaitsTakesNothing()
{
    QFETCH(Kind, kind);
    Wire wire(kind);
    const std::vector<std::byte> data(8 << 20); // more than the kernel takes
    std::vector<std::byte> buffer(1 << 20);
    int waits = 0;
    const TaskHandle<> writing = spawn(writeUntilClosed(wire.near, data), "writer");
    const long count = runSync(allocationsOf([&] { return readAsMuch(wire, data.size(), buffer, waits); }, 20));
    writing.cancel();
    QCOMPARE(tryRunSync(writing).outcome(), Outcome::Cancelled);
    QVERIFY(waits > 20);
    QCOMPARE(count, 0);
}

namespace {

Task<> datagramAcross(UdpSocket &near, UdpSocket &far, std::span<const std::byte> sent, std::span<std::byte> received)
{
    co_await near.send(sent, far.localAddress());
    static_cast<void>(co_await far.receive(received));
}

} // namespace

void TestAllocations::aDatagramSentAndReceivedTakesNothing()
{
    UdpSocket near = UdpSocket::bind(loopback, 0);
    UdpSocket far = UdpSocket::bind(loopback, 0);
    const Buffer sent = {};
    Buffer received = {};
    const auto round = [&] { return datagramAcross(near, far, std::span(sent), std::span(received)); };
    QCOMPARE(runSync(allocationsOf(round)), 0);
}

namespace {

// Connects a plain socket of the operating system's, which this thread's heap knows nothing of.
Task<> acceptOne(TcpServer &server, const SocketAddress &address)
{
    const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    static_cast<void>(::connect(client, address.data(), sizeof(sockaddr_in)));
    const TcpSocket accepted = co_await server.accept();
    ::close(client);
}

} // namespace

void TestAllocations::anAcceptTakesNothing()
{
    TcpServer server = TcpServer::listen(loopback, 0);
    const SocketAddress address = server.address();
    QCOMPARE(runSync(allocationsOf([&] { return acceptOne(server, address); })), 0);
}

void TestAllocations::aSleepTakesNothing_data()
{
    QTest::addColumn<std::chrono::microseconds>("duration");
    QTest::newRow("a turn") << 0us;
    QTest::newRow("1 ms") << 1000us;
}

namespace {

Task<> sleepOnce(std::chrono::microseconds duration)
{
    co_await sleepFor(duration);
}

} // namespace

void TestAllocations::aSleepTakesNothing()
{
    QFETCH(std::chrono::microseconds, duration);
    QCOMPARE(runSync(allocationsOf([duration] { return sleepOnce(duration); }, 300)), 0);
}

namespace {

Task<> roundTripOfAnArray(Wire &wire)
{
    co_await wire.near.write(std::span<const std::byte>(wire.sent).first(64));
    static_cast<void>(co_await wire.far.read());
}

} // namespace

// The control: what counts is seen.
void TestAllocations::aReadAsAnArrayTakesTheArray()
{
    Wire wire(Kind::Tcp);
    const long count = runSync(allocationsOf([&] { return roundTripOfAnArray(wire); }));
    QVERIFY2(count >= manyRounds && count <= 2 * manyRounds, qPrintable(QString::number(count)));
}

// The control of the exception: a timer's record is one allocation, and seen as that.
void TestAllocations::aTimerOfQtsTakesItsRecord()
{
    QTimer timer;
    timer.start(1h);
    timer.stop();
    const long all = bench::allocationCount();
    const long besides = allocationCount();
    timer.start(1h);
    QCOMPARE(bench::allocationCount() - all, 1);
    QCOMPARE(allocationCount() - besides, 0);
}

INTERLOOP_TEST_MAIN(TestAllocations)
#include "tst_allocations.moc"
