// SPDX-License-Identifier: MIT
#include <tests/allocations.h>

#include <interloop/interloop.h>

#include <tests/cleanupcheck.h>
#include <tests/sockets.h>
#include <tests/testmain.h>

#include <QNetworkProxy>
#include <QUdpSocket>
#include <uv.h>

#include <algorithm>
#include <array>
#include <limits>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

using namespace interloop;
using test::Failure;
using test::failureOf;
using test::loopback;
using namespace std::chrono_literals;

static_assert(!std::is_aggregate_v<Datagram> && !std::is_aggregate_v<DatagramInfo>);
static_assert(!std::is_aggregate_v<UdpOptions> && !std::is_aggregate_v<UdpSocket>);

namespace {

const QString group = QStringLiteral("239.255.71.3");

// How a plain call failed.
template<typename Call>
Failure failureOfCall(const Call &call)
{
    const auto inTask = [](const Call *call) -> Task<> {
        (*call)();
        co_return;
    };
    return failureOf(inTask(&call));
}

Datagram receiveFrom(UdpSocket &socket)
{
    return runSync(socket.receive(), RunOptions().timeout(10s));
}

Failure receiveNothing(UdpSocket &socket)
{
    return Failure(tryRunSync(socket.receive(), RunOptions().timeout(20ms)));
}

std::span<const std::byte> bytesOf(const QByteArray &text)
{
    return std::as_bytes(std::span(text.constData(), std::size_t(text.size())));
}

// Tasks and libuv have had several turns.
void letThingsHappen()
{
    for (int i = 0; i < 5; ++i)
        runSync(sleepFor(1ms));
}

class Pair
{
public:
    UdpSocket near = UdpSocket::bind(loopback, 0);
    UdpSocket far = UdpSocket::bind(loopback, 0);

    void connect() { near.connect(far.localAddress()); }
};

// A socket whose peer lets senders wait: of the local domain, where the kernel drops nothing.
class Narrow
{
public:
    Narrow()
    {
        int ends[2];
        if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends) != 0)
            qFatal("socketpair failed");
        socket = UdpSocket::fromDescriptor(ends[0]);
        m_peer = ends[1];
    }
    ~Narrow() { ::close(m_peer); }
    Narrow(const Narrow &) = delete;
    Narrow &operator=(const Narrow &) = delete;

    // Sends empty datagrams until one has to wait, which takes as many as the kernel allows.
    TaskHandle<> fill()
    {
        for (;;) {
            const TaskHandle<> sending = spawn(socket.send(QByteArrayLiteral("fill")), "fill");
            runSync(yield());
            if (!sending.isDone())
                return sending;
        }
    }

    // Takes what has come, "fill" apart.
    QList<QByteArray> drain()
    {
        QList<QByteArray> texts;
        std::array<char, 64> buffer;
        for (int quiet = 0; quiet < 3;) {
            const ssize_t count = recv(m_peer, buffer.data(), buffer.size(), MSG_DONTWAIT);
            const QByteArray text(buffer.data(), std::max<ssize_t>(count, 0));
            if (count >= 0 && text != "fill")
                texts.append(text);
            quiet = count < 0 ? quiet + 1 : 0;
            if (count < 0)
                letThingsHappen();
        }
        return texts;
    }

    UdpSocket socket;

private:
    const FifoOrder m_fifo; // a send has begun when a later yield has returned
    int m_peer = -1;
};

Task<> echo(UdpSocket &socket)
{
    for (;;) {
        const Datagram datagram = co_await socket.receive();
        co_await socket.send(datagram.data(), datagram.sender());
    }
}

Task<> pingPong(UdpSocket &near, UdpSocket &far, int rounds)
{
    std::array<std::byte, 64> buffer = {};
    const SocketAddress receiver = far.localAddress();
    for (int i = 0; i < rounds; ++i) {
        co_await near.send(std::span<const std::byte>(buffer), receiver);
        const DatagramInfo there = co_await far.receive(std::span<std::byte>(buffer));
        co_await far.send(std::span<const std::byte>(buffer).first(there.size()), there.sender());
        co_await near.receive(std::span<std::byte>(buffer));
    }
}

} // namespace

class TestUdp : public QObject
{
    Q_OBJECT

private slots:
    void init() { m_leaks.begin(); }
    void cleanup() { m_leaks.check(); }

    void datagramsKeepTheirBoundsAndSenders();
    void whatDoesNotFitIsLostAndSaidSo();
    void qtIsAPeer();
    void nothingIsTakenFromTheKernelWhileNobodyReceives();
    void warmSendsAndReceivesTakeNothingFromTheHeap();
    void receiversAreServedInOrder();
    void receivesThatAreCancelledAllTheTimeLoseNothing();
    void sendersWaitForRoomInOrder();
    void cancelledSendsEndAtOnceAndLeaveTheSocketOpen();
    void closeEndsEveryWait();
    void connectedSocketsHearTheirPeerOnly();
    void refusedDatagramsAreToldToConnectedSockets();
    void connectResolves();
    void whereADatagramCannotGoIsNamed();
    void groupsGetTheirCopies();
    void settingsReachTheKernel();
    void groupsOfOneSource();
    void broadcastsMustBeAllowed();
    void ip6();
    void impossibleAddressesAreNamed_data();
    void impossibleAddressesAreNamed();
    void usedPortsAreNamedUnlessShared();
    void descriptorsOfOthers();
    void closedAndForeignSocketsSaySo();

private:
    test::CleanupCheck m_leaks;
};

void TestUdp::datagramsKeepTheirBoundsAndSenders()
{
    Pair pair;
    UdpSocket third = UdpSocket::open();
    const SocketAddress receiver = pair.far.localAddress();
    const QByteArray longest(65507, 'x');
    runSync(pair.near.send(QByteArray(), receiver));
    runSync(pair.near.send("two", receiver));
    runSync(third.send(bytesOf(longest), receiver));

    const Datagram empty = receiveFrom(pair.far);
    const Datagram two = receiveFrom(pair.far);
    const Datagram all = receiveFrom(pair.far);

    QCOMPARE(empty.size(), std::size_t(0));
    QVERIFY(empty.sender() == pair.near.localAddress());
    QCOMPARE(two.data(), QByteArray("two"));
    QCOMPARE(all.data(), longest);
    QVERIFY(!all.isTruncated());
    QCOMPARE(all.sender().port(), third.port()); // which the first send has got
    QVERIFY(!(all.sender() == two.sender()));
}

void TestUdp::whatDoesNotFitIsLostAndSaidSo()
{
    Pair pair;
    const SocketAddress receiver = pair.far.localAddress();
    for (const char *text : {"whole", "too long", "next"})
        runSync(pair.near.send(text, receiver));
    std::array<std::byte, 5> buffer;
    const auto received = [&] {
        const DatagramInfo info = runSync(pair.far.receive(std::span<std::byte>(buffer)), RunOptions().timeout(10s));
        const QByteArray text(reinterpret_cast<const char *>(buffer.data()), qsizetype(info.size()));
        return info.isTruncated() ? text + "..." : text;
    };
    QCOMPARE(received(), QByteArray("whole"));
    QCOMPARE(received(), QByteArray("too l..."));
    QCOMPARE(received(), QByteArray("next"));

    QCOMPARE(failureOf(pair.far.receive(std::span<std::byte>())).code, std::errc::invalid_argument);
}

void TestUdp::qtIsAPeer()
{
    UdpSocket socket = UdpSocket::bind(loopback, 0);
    const auto echoing = spawn(echo(socket), "echo");
    QUdpSocket qt;
    qt.setProxy(QNetworkProxy::NoProxy); // else Qt starts a thread that stays
    QVERIFY(qt.bind(QHostAddress(QHostAddress::LocalHost), 0));
    QList<QByteArray> received;
    QObject::connect(&qt, &QUdpSocket::readyRead, &qt, [&] {
        while (qt.hasPendingDatagrams()) {
            QByteArray text(int(qt.pendingDatagramSize()), 0);
            qt.readDatagram(text.data(), text.size());
            received.append(text);
        }
    });
    QList<QByteArray> sent;
    for (int i = 0; i < 100; ++i) {
        sent.append(QByteArray::number(i));
        qt.writeDatagram(sent.last(), QHostAddress(QHostAddress::LocalHost), quint16(socket.port()));
    }
    QTRY_COMPARE(received.size(), sent.size());
    QCOMPARE(received, sent);
    echoing.cancel();
    QCOMPARE(tryRunSync(echoing).outcome(), Outcome::Cancelled);
}

void TestUdp::nothingIsTakenFromTheKernelWhileNobodyReceives()
{
    // given: a socket that has received once, and whose kernel buffer takes a few datagrams
    const int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const SocketAddress any = SocketAddress::fromNumeric(loopback, 0);
    QCOMPARE(bind(descriptor, any.data(), sizeof(sockaddr_in)), 0);
    UdpSocket socket = UdpSocket::fromDescriptor(descriptor);
    socket.setReceiveBufferSize(4096);
    UdpSocket sender = UdpSocket::open();
    runSync(sender.send("first", socket.localAddress()));
    QCOMPARE(receiveFrom(socket).data(), QByteArray("first"));
    int runs = 0;
    uv_prepare_t prepare;
    uv_prepare_init(Bridge::current().uvLoop(), &prepare);
    prepare.data = &runs;
    uv_prepare_start(&prepare, [](uv_prepare_t *handle) { ++*static_cast<int *>(handle->data); });

    // when: far more come than it takes
    constexpr int sent = 1000;
    for (int i = 0; i < sent; ++i)
        runSync(sender.send(QByteArray::number(i), socket.localAddress()));
    runs = 0;
    QTest::qWait(30);

    // then: nothing is polled, and what is kept is what the kernel keeps, the oldest
    const int runsWhileQuiet = runs;
    uv_close(reinterpret_cast<uv_handle_t *>(&prepare), nullptr);
    int waiting = 0;
    QCOMPARE(ioctl(descriptor, FIONREAD, &waiting), 0);
    QCOMPARE(waiting, 1); // the length of "0", which comes next
    QVERIFY2(runsWhileQuiet < 10, qPrintable(QString::number(runsWhileQuiet)));
    int kept = 0;
    for (;; ++kept) {
        const Result<Datagram> next = tryRunSync(socket.receive(), RunOptions().timeout(20ms));
        if (!next)
            break;
        QCOMPARE(next.value().data(), QByteArray::number(kept));
    }
    QVERIFY2(kept > 0 && kept < 100, qPrintable(QString::number(kept)));

    runSync(sender.send("again", socket.localAddress()));
    QCOMPARE(receiveFrom(socket).data(), QByteArray("again"));
}

void TestUdp::warmSendsAndReceivesTakeNothingFromTheHeap()
{
    Pair pair;
    runSync(pingPong(pair.near, pair.far, 10));
    // Qt takes some for a timer whenever it has a turn: the least of many short attempts is one without.
    const auto count = [](Pair *pair) -> Task<long> {
        const long before = test::allocations;
        co_await pingPong(pair->near, pair->far, 5);
        co_return test::allocations - before;
    };
    const auto leastOf = [](auto count, Pair *pair, int attempts) -> Task<long> {
        long least = std::numeric_limits<long>::max();
        for (int i = 0; i < attempts; ++i) {
            const long used = co_await count(pair);
            least = std::min(least, used);
        }
        co_return least;
    };
    const long least = runSync(leastOf(count, &pair, 100));
    if (test::isSanitized)
        QVERIFY(least > 0); // frames are not recycled there
    else
        QCOMPARE(least, 0L);
}

void TestUdp::receiversAreServedInOrder()
{
    Pair pair;
    std::vector<TaskHandle<Datagram>> receivers;
    const FifoOrder fifo;
    for (int i = 0; i < 5; ++i)
        receivers.push_back(spawn(pair.far.receive(), "receiver"));
    runSync(yield());
    receivers[1].cancel();
    for (int i = 0; i < 4; ++i)
        runSync(pair.near.send(QByteArray::number(i), pair.far.localAddress()));

    QCOMPARE(failureOf(receivers[1]).outcome, Outcome::Cancelled);
    int expected = 0;
    for (int i : {0, 2, 3, 4})
        QCOMPARE(runSync(receivers[std::size_t(i)], RunOptions().timeout(10s)).data(), QByteArray::number(expected++));
}

void TestUdp::receivesThatAreCancelledAllTheTimeLoseNothing()
{
    Pair pair;
    constexpr int count = 300;
    const auto send = [](Pair *pair) -> Task<> {
        const SocketAddress receiver = pair->far.localAddress();
        for (int i = 0; i < count; ++i) {
            co_await pair->near.send(QByteArray::number(i), receiver);
            if (i % 7 == 0)
                co_await sleepFor(1ms);
            else if (i % 3 == 0)
                co_await yield();
        }
    };
    const auto sending = spawn(send(&pair), "send");
    int received = 0;
    int cancelled = 0;
    while (received < count) {
        const auto limit = std::chrono::microseconds(20 * ((received + cancelled) % 8));
        const Result<Datagram> result = tryRunSync(pair.far.receive(), RunOptions().timeout(limit));
        if (result)
            QCOMPARE(result.value().data(), QByteArray::number(received++));
        else
            ++cancelled;
    }
    runSync(sending);
    QVERIFY(cancelled > 0);
}

void TestUdp::sendersWaitForRoomInOrder()
{
    Narrow narrow;
    const TaskHandle<> first = narrow.fill();
    QList<QByteArray> expected;
    std::vector<TaskHandle<>> senders;
    for (int i = 0; i < 50; ++i) {
        expected.append(QByteArray::number(i));
        senders.push_back(spawn(narrow.socket.send(expected.last()), "sender"));
        runSync(yield());
    }
    letThingsHappen();
    QVERIFY(!first.isDone());

    QCOMPARE(narrow.drain(), expected);

    runSync(first);
    for (const auto &sender : senders)
        runSync(sender);
}

void TestUdp::cancelledSendsEndAtOnceAndLeaveTheSocketOpen()
{
    // given: one that libuv has, and three behind it
    Narrow narrow;
    narrow.fill().cancel();
    letThingsHappen();
    narrow.drain();
    const auto filled = narrow.fill();
    QByteArray memory("second");
    const auto second = spawn(narrow.socket.send(bytesOf(memory)), "second");
    const auto third = spawn(narrow.socket.send("third"), "third");
    const auto receiving = spawn(narrow.socket.receive(), "receive");
    letThingsHappen();

    // when: the first and the second are cancelled, and their memory is used for something else
    filled.cancel();
    second.cancel();
    QCOMPARE(failureOf(filled).outcome, Outcome::Cancelled);
    QCOMPARE(failureOf(second).outcome, Outcome::Cancelled);
    memory.fill('?');

    // then: the socket goes on, without the second
    QVERIFY(!third.isDone());
    QVERIFY(!receiving.isDone());
    QCOMPARE(narrow.drain(), QList<QByteArray>({"third"}));
    runSync(third);

    // and the first of those that wait is sent as it was
    static_cast<void>(narrow.fill().cancel());
    letThingsHappen();
    narrow.drain();
    QByteArray overwritten("kept");
    for (bool isSent = true; isSent;) {
        const auto sending = spawn(narrow.socket.send(bytesOf(overwritten)), "sending");
        runSync(yield());
        isSent = sending.isDone();
        sending.cancel();
        QCOMPARE(failureOf(sending).outcome, isSent ? Outcome::Value : Outcome::Cancelled);
    }
    overwritten.fill('?');
    const QList<QByteArray> sent = narrow.drain();
    QCOMPARE(sent.count("kept"), sent.size());
    QVERIFY(narrow.socket.isOpen());
    receiving.cancel();
    QCOMPARE(failureOf(receiving).outcome, Outcome::Cancelled);
}

void TestUdp::closeEndsEveryWait()
{
    Narrow narrow;
    const auto first = narrow.fill();
    const auto second = spawn(narrow.socket.send("second"), "second");
    const auto receiving = spawn(narrow.socket.receive(), "receive");
    Pair pair;
    pair.connect();
    const auto onNetwork = spawn(pair.near.receive(), "receive");
    const QString place = pair.near.localAddress().toString();
    letThingsHappen();

    narrow.socket.close();
    pair.near.close();

    for (const Failure &failure : {failureOf(first), failureOf(second), failureOf(receiving), failureOf(onNetwork)})
        QCOMPARE(failure.code, std::errc::operation_canceled);
    QVERIFY2(failureOf(onNetwork).text.contains(QStringLiteral("receive on ") + place), qPrintable(failureOf(onNetwork).text));
    narrow.drain();
}

void TestUdp::connectedSocketsHearTheirPeerOnly()
{
    Pair pair;
    UdpSocket stranger = UdpSocket::bind(loopback, 0);
    pair.connect();
    QVERIFY(pair.near.isConnected());
    QVERIFY(pair.near.peerAddress() == pair.far.localAddress());
    runSync(stranger.send("strange", pair.near.localAddress()));
    runSync(pair.far.send("known", pair.near.localAddress()));
    QCOMPARE(receiveFrom(pair.near).data(), QByteArray("known"));
    QCOMPARE(receiveNothing(pair.near).outcome, Outcome::TimedOut);
    runSync(pair.near.send("to the peer"));
    QCOMPARE(receiveFrom(pair.far).data(), QByteArray("to the peer"));

    pair.near.connect(stranger.localAddress()); // another peer
    runSync(pair.near.send("to another"));
    const Datagram toAnother = receiveFrom(stranger);
    QCOMPARE(toAnother.data(), QByteArray("to another"));
    runSync(stranger.send("answer", toAnother.sender()));
    QCOMPARE(receiveFrom(pair.near).data(), QByteArray("answer"));

    pair.near.disconnect();
    QVERIFY(!pair.near.isConnected());
    runSync(pair.near.send("unconnected", pair.far.localAddress()));
    const Datagram unconnected = receiveFrom(pair.far);
    runSync(stranger.send("no longer strange", unconnected.sender()));
    QCOMPARE(receiveFrom(pair.near).data(), QByteArray("no longer strange"));
}

void TestUdp::refusedDatagramsAreToldToConnectedSockets()
{
    Pair pair;
    pair.connect();
    const SocketAddress peer = pair.far.localAddress();
    pair.far.close();
    letThingsHappen();

    // a receive that waits hears of it
    const auto receiving = spawn(pair.near.receive(), "receive");
    letThingsHappen();
    runSync(pair.near.send("to nobody"));
    const Failure refused = failureOf(receiving);
    QCOMPARE(refused.code, std::errc::connection_refused);
    QVERIFY2(refused.text.contains(QStringLiteral("receive on 127.0.0.1:")), qPrintable(refused.text));

    // or else the next send does
    runSync(pair.near.send("to nobody"));
    const Failure next = failureOf(pair.near.send("to nobody"));
    QCOMPARE(next.code, std::errc::connection_refused);
    QVERIFY2(next.text.contains(QStringLiteral("send ") + peer.toString()), qPrintable(next.text));

    // the socket goes on, and so does a peer that has come back
    UdpSocket again = UdpSocket::bind(loopback, peer.port());
    runSync(pair.near.send("to somebody"));
    QCOMPARE(receiveFrom(again).data(), QByteArray("to somebody"));

    // others hear nothing
    UdpSocket unconnected = UdpSocket::open();
    again.close();
    letThingsHappen();
    runSync(unconnected.send("to nobody", peer));
    QCOMPARE(receiveNothing(unconnected).outcome, Outcome::TimedOut);
}

void TestUdp::connectResolves()
{
    UdpSocket server = UdpSocket::bind(loopback, 0);
    const auto echoing = spawn(echo(server), "echo");
    UdpSocket socket = runSync(UdpSocket::connect(loopback, server.port()));
    runSync(socket.send("hello"));
    QCOMPARE(receiveFrom(socket).data(), QByteArray("hello"));

    UdpSocket byName = runSync(UdpSocket::connect(QStringLiteral("localhost"), server.port()), RunOptions().timeout(10s));
    QCOMPARE(byName.peerAddress().port(), server.port());
    echoing.cancel();
    static_cast<void>(tryRunSync(echoing));
}

void TestUdp::whereADatagramCannotGoIsNamed()
{
    Pair pair;
    const SocketAddress far = pair.far.localAddress();
    QCOMPARE(failureOf(pair.near.send("x")).code, std::errc::destination_address_required);
    QCOMPARE(failureOf(pair.near.send("x", SocketAddress())).code, std::errc::destination_address_required);
    QCOMPARE(failureOf(pair.near.send("x", far.withPort(0))).code, std::errc::invalid_argument);
    const Failure tooLong = failureOf(pair.near.send(QByteArray(65508, 'x'), far));
    QCOMPARE(tooLong.code, std::errc::message_size);
    QVERIFY2(tooLong.text.contains(QStringLiteral("send %1: ").arg(far.toString())), qPrintable(tooLong.text));
    pair.connect();
    QCOMPARE(failureOf(pair.near.send("x", far)).code, std::errc::already_connected);
    QCOMPARE(failureOfCall([&] { pair.near.connect(SocketAddress()); }).code, std::errc::destination_address_required);
    runSync(pair.near.send("unharmed"));
    QCOMPARE(receiveFrom(pair.far).data(), QByteArray("unharmed"));
}

void TestUdp::groupsGetTheirCopies()
{
    UdpSocket first = UdpSocket::bind(group, 0, UdpOptions().reuseAddress());
    UdpSocket second = UdpSocket::bind(group, first.port(), UdpOptions().reuseAddress());
    const SocketAddress address = first.localAddress();
    first.joinGroup(group, loopback);
    second.joinGroup(group, loopback);
    UdpSocket sender = UdpSocket::bind(loopback, 0);
    sender.setMulticastInterface(loopback);

    runSync(sender.send("to all", address));
    QCOMPARE(receiveFrom(first).data(), QByteArray("to all"));
    QCOMPARE(receiveFrom(second).data(), QByteArray("to all"));

    // Linux looks at the host, not at the socket, so what tells is the host's last member leaving
    first.leaveGroup(group, loopback);
    second.leaveGroup(group, loopback);
    runSync(sender.send("to nobody", address));
    first.joinGroup(group, loopback);
    runSync(sender.send("to the first", address));
    QCOMPARE(receiveFrom(first).data(), QByteArray("to the first"));
    QCOMPARE(failureOfCall([&] { second.leaveGroup(group, loopback); }).outcome, Outcome::Exception); // left already
}

void TestUdp::settingsReachTheKernel()
{
    const int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    UdpSocket socket = UdpSocket::fromDescriptor(descriptor);
    const auto option = [descriptor](int level, int name) {
        int value = 0;
        socklen_t size = sizeof(value);
        return getsockopt(descriptor, level, name, &value, &size) == 0 ? value : -1;
    };
    for (const int value : {0, 1}) {
        socket.setMulticastLoop(value);
        socket.setBroadcast(value);
        socket.setMulticastHops(2 + value);
        socket.setHops(4 + value);
        QCOMPARE(option(IPPROTO_IP, IP_MULTICAST_LOOP), value);
        QCOMPARE(option(SOL_SOCKET, SO_BROADCAST), value);
        QCOMPARE(option(IPPROTO_IP, IP_MULTICAST_TTL), 2 + value);
        QCOMPARE(option(IPPROTO_IP, IP_TTL), 4 + value);
        socket.setReceiveBufferSize(20000 + value);
        socket.setSendBufferSize(10000 + value);
        QCOMPARE(option(SOL_SOCKET, SO_RCVBUF), 2 * (20000 + value));
        QCOMPARE(option(SOL_SOCKET, SO_SNDBUF), 2 * (10000 + value));
    }
    QCOMPARE(failureOfCall([&] { socket.setHops(0); }).code, std::errc::invalid_argument);
    QCOMPARE(failureOfCall([&] { socket.setMulticastHops(256); }).code, std::errc::invalid_argument);
    QCOMPARE(failureOfCall([&] { socket.setReceiveBufferSize(0); }).code, std::errc::invalid_argument);
    QCOMPARE(failureOfCall([&] { socket.setMulticastInterface(QStringLiteral("lo")); }).code, std::errc::invalid_argument);
    QCOMPARE(failureOfCall([] { UdpSocket::open().setBroadcast(true); }).code, std::errc::bad_file_descriptor);
}

void TestUdp::groupsOfOneSource()
{
    const QString ownGroup = QStringLiteral("232.1.71.3");
    UdpSocket socket = UdpSocket::bind(ownGroup, 0, UdpOptions().reuseAddress());
    socket.joinGroupOfSource(ownGroup, loopback, loopback);
    UdpSocket source = UdpSocket::bind(loopback, 0);
    UdpSocket other = UdpSocket::bind(QStringLiteral("127.0.0.2"), 0);
    source.setMulticastInterface(loopback);
    other.setMulticastInterface(loopback);
    runSync(other.send("other", socket.localAddress()));
    runSync(source.send("source", socket.localAddress()));
    QCOMPARE(receiveFrom(socket).data(), QByteArray("source"));
    socket.leaveGroupOfSource(ownGroup, loopback, loopback);
    runSync(source.send("left", socket.localAddress()));
    QCOMPARE(receiveNothing(socket).outcome, Outcome::TimedOut);
}

void TestUdp::broadcastsMustBeAllowed()
{
    UdpSocket socket = UdpSocket::bind(QStringLiteral("0.0.0.0"), 0);
    const SocketAddress everybody = SocketAddress::fromNumeric(QStringLiteral("127.255.255.255"), socket.port());
    UdpSocket sender = UdpSocket::bind(loopback, 0);
    QCOMPARE(failureOf(sender.send("x", everybody)).code, std::errc::permission_denied);
    sender.setBroadcast(true);
    runSync(sender.send("to everybody", everybody));
    QCOMPARE(receiveFrom(socket).data(), QByteArray("to everybody"));
}

void TestUdp::ip6()
{
    const QString any = QStringLiteral("::");
    UdpSocket both = UdpSocket::bind(any, 0);
    UdpSocket ip4 = UdpSocket::bind(loopback, 0);
    UdpSocket ip6 = UdpSocket::bind(QStringLiteral("::1"), 0);
    runSync(ip4.send("4", SocketAddress::fromNumeric(loopback, both.port())));
    runSync(ip6.send("6", SocketAddress::fromNumeric(QStringLiteral("::1"), both.port())));
    QCOMPARE(receiveFrom(both).data(), QByteArray("4"));
    const Datagram second = receiveFrom(both);
    QCOMPARE(second.data(), QByteArray("6"));
    QVERIFY(second.sender() == ip6.localAddress());
    const int port = both.port();
    both.close();
    letThingsHappen();

    UdpSocket only = UdpSocket::bind(any, port, UdpOptions().onlyIp6());
    UdpSocket beside = UdpSocket::bind(QStringLiteral("0.0.0.0"), port); // the port is free there
    runSync(ip4.send("4", SocketAddress::fromNumeric(loopback, port)));
    QCOMPARE(receiveFrom(beside).data(), QByteArray("4"));
    QCOMPARE(failureOf(ip4.send("x", ip6.localAddress())).outcome, Outcome::Exception); // of another family
}

void TestUdp::impossibleAddressesAreNamed_data()
{
    QTest::addColumn<QString>("host");
    QTest::addColumn<int>("port");
    QTest::newRow("empty") << QString() << 1;
    QTest::newRow("a name") << QStringLiteral("localhost") << 1;
    QTest::newRow("NUL") << QString(QStringLiteral("127.0.0.1") + QChar(u'\0') + QStringLiteral(".example")) << 1;
    QTest::newRow("too long") << QString(300, QLatin1Char('x')) << 1;
    QTest::newRow("negative port") << loopback << -1;
    QTest::newRow("port too large") << loopback << 65536;
}

void TestUdp::impossibleAddressesAreNamed()
{
    QFETCH(QString, host);
    QFETCH(int, port);
    const Failure failure = failureOfCall([&] { UdpSocket::bind(host, port); });
    QCOMPARE(failure.code, std::errc::invalid_argument);
    QVERIFY2(failure.text.contains(QStringLiteral("bind")), qPrintable(failure.text));
    if (host == loopback)
        return;
    UdpSocket socket = UdpSocket::bind(loopback, 0);
    for (const Failure &joining : {failureOfCall([&] { socket.joinGroup(host); }),
                                   failureOfCall([&] { socket.joinGroupOfSource(group, host); })}) {
        QCOMPARE(joining.code, std::errc::invalid_argument);
        QVERIFY2(joining.text.contains(QStringLiteral("joinGroup")), qPrintable(joining.text));
    }
}

void TestUdp::usedPortsAreNamedUnlessShared()
{
    UdpSocket first = UdpSocket::bind(loopback, 0);
    const Failure used = failureOfCall([&] { UdpSocket::bind(loopback, first.port()); });
    QCOMPARE(used.code, std::errc::address_in_use);
    QVERIFY2(used.text.contains(QStringLiteral("bind ") + first.localAddress().toString()), qPrintable(used.text));

    UdpSocket shared = UdpSocket::bind(loopback, 0, UdpOptions().reuseAddress());
    UdpSocket sharing = UdpSocket::bind(loopback, shared.port(), UdpOptions().reuseAddress());
    QVERIFY(sharing.localAddress() == shared.localAddress());
    QCOMPARE(failureOfCall([&] { shared.joinGroup(loopback); }).outcome, Outcome::Exception); // no group
}

void TestUdp::descriptorsOfOthers()
{
    QCOMPARE(failureOfCall([] { UdpSocket::fromDescriptor(-1); }).code, std::errc::bad_file_descriptor);
    const int file = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    const int stream = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    QCOMPARE(failureOfCall([&] { UdpSocket::fromDescriptor(file); }).code, std::errc::not_a_socket);
    QCOMPARE(failureOfCall([&] { UdpSocket::fromDescriptor(stream); }).code, std::errc::wrong_protocol_type);
    QCOMPARE(::close(file), 0); // still the caller's
    QCOMPARE(::close(stream), 0);

    UdpSocket peer = UdpSocket::bind(loopback, 0);
    const int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    QCOMPARE(::connect(descriptor, peer.localAddress().data(), sizeof(sockaddr_in)), 0);
    UdpSocket socket = UdpSocket::fromDescriptor(descriptor);
    QVERIFY(socket.peerAddress() == peer.localAddress());
    QCOMPARE(socket.descriptor(), descriptor);
    runSync(socket.send("connected before"));
    QCOMPARE(receiveFrom(peer).data(), QByteArray("connected before"));
}

void TestUdp::closedAndForeignSocketsSaySo()
{
    UdpSocket never;
    UdpSocket closed = UdpSocket::bind(loopback, 0);
    closed.close();
    closed.close(); // does nothing
    UdpSocket moved = UdpSocket::bind(loopback, 0);
    UdpSocket target = std::move(moved);
    for (UdpSocket *socket : {&never, &closed, &moved}) {
        QVERIFY(!socket->isOpen());
        QVERIFY(!socket->localAddress().isValid());
        QVERIFY(!socket->isConnected());
        QCOMPARE(socket->descriptor(), -1);
        QCOMPARE(failureOf(socket->receive()).code, std::errc::operation_canceled);
        QCOMPARE(failureOf(socket->send("x", target.localAddress())).code, std::errc::operation_canceled);
        QCOMPARE(failureOfCall([&] { socket->connect(target.localAddress()); }).code, std::errc::operation_canceled);
        QCOMPARE(failureOfCall([&] { socket->joinGroup(group); }).code, std::errc::operation_canceled);
    }

    std::vector<QString> texts;
    std::thread([&] {
        texts.push_back(failureOf(target.receive()).text);
        texts.push_back(failureOf(target.send("x", SocketAddress::fromNumeric(loopback, 1))).text);
        texts.push_back(failureOfCall([&] { target.setBroadcast(true); }).text);
    }).join();
    for (const QString &text : texts)
        QVERIFY2(text.startsWith(QStringLiteral("WrongThread")), qPrintable(text));

    const auto receiving = spawn(target.receive(), "receive");
    letThingsHappen();
    Bridge::current().close();
    QVERIFY(!target.isOpen());
    Bridge::current(); // another one
    QCOMPARE(failureOf(target.receive()).code, std::errc::operation_canceled);
}

INTERLOOP_TEST_MAIN(TestUdp)
#include "tst_udp.moc"
