// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>

#include <tests/cleanupcheck.h>
#include <tests/testmain.h>

#include <QCryptographicHash>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <pty.h>
#include <span>
#include <stdexcept>
#include <unistd.h>
#include <vector>

/*
 * 64 MiB through each kind of stream, compared by hash: with readers of one byte, of seven and of 64 KiB a read, left
 * alone or cancelled at random points and begun again. Then writers that are cancelled half-way. Afterwards no handle
 * and no descriptor is left.
 *
 * Small reads and terminals take long: they get a part of it, as do further forms of reading, unless INTERLOOP_BULK=1
 * asks for all. INTERLOOP_BULK_SEED=n gives other data and other points.
 */

using namespace interloop;
using namespace interloop::test;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t mebibyte = 1 << 20;
const QString loopback = QStringLiteral("127.0.0.1");

std::uint64_t baseSeed()
{
    return std::uint64_t(qEnvironmentVariableIntValue("INTERLOOP_BULK_SEED")) + 1;
}

// Numbers that are the same for the same seed (xorshift64*).
class Numbers
{
public:
    explicit Numbers(std::uint64_t seed) noexcept : m_state(seed * 0x9e3779b97f4a7c15u | 1) { }

    std::uint64_t next() noexcept
    {
        m_state ^= m_state >> 12;
        m_state ^= m_state << 25;
        m_state ^= m_state >> 27;
        return m_state * 0x2545f4914f6cdd1du;
    }
    std::size_t below(std::size_t limit) noexcept { return std::size_t(next() >> 33) % limit; }

private:
    std::uint64_t m_state;
};

// The bytes that are sent. Another one with the same seed says what they must be.
class Source
{
public:
    explicit Source(std::uint64_t seed) : m_numbers(seed), m_block(mebibyte / sizeof(std::uint64_t)) { }

    // The next `count` bytes, and a few spare ones behind them that come again. REQUIRES: count <= mebibyte
    std::span<const std::byte> next(std::size_t count)
    {
        for (std::size_t i = 0; i * sizeof(std::uint64_t) < count; ++i)
            m_block[i] = m_numbers.next();
        return std::as_bytes(std::span(m_block)).first(count);
    }

private:
    Numbers m_numbers;
    std::vector<std::uint64_t> m_block;
};

// What has arrived. Hashes in large pieces, as a hash of single bytes costs more than reading them.
class Received
{
public:
    std::size_t count() const noexcept { return m_count; }

    void add(std::span<const std::byte> bytes)
    {
        m_count += bytes.size();
        m_pending.insert(m_pending.end(), bytes.begin(), bytes.end());
        if (m_pending.size() >= 65536)
            flush();
    }
    QByteArray hash()
    {
        flush();
        return m_hash.result().toHex();
    }

private:
    void flush()
    {
        m_hash.addData(QByteArrayView(reinterpret_cast<const char *>(m_pending.data()), qsizetype(m_pending.size())));
        m_pending.clear();
    }

    QCryptographicHash m_hash{QCryptographicHash::Sha1};
    std::vector<std::byte> m_pending;
    std::size_t m_count = 0;
};

QByteArray hashOfFirst(std::uint64_t seed, std::size_t count)
{
    Source source(seed);
    Received expected;
    while (expected.count() < count)
        expected.add(source.next(std::min(mebibyte, count - expected.count())));
    return expected.hash();
}

// A stream to write to, and the one that the bytes come out of.
class Channel
{
public:
    virtual ~Channel() = default;
    virtual Stream &in() = 0;
    virtual Stream &out() = 0;

    // What there is to await once both are closed.
    virtual Task<> ended() { co_return; }

    // There the end may be an error.
    virtual bool isTerminal() const { return false; }
};

Task<> connectEnds(TcpSocket &near, TcpSocket &far)
{
    TcpServer server = TcpServer::listen(loopback, 0);
    near = co_await TcpSocket::connect(loopback, server.port());
    far = co_await server.accept();
}

class TcpChannel final : public Channel
{
public:
    TcpChannel() { runSync(connectEnds(m_near, m_far)); }
    Stream &in() override { return m_near; }
    Stream &out() override { return m_far; }

private:
    TcpSocket m_near;
    TcpSocket m_far;
};

class PipeChannel final : public Channel
{
public:
    Stream &in() override { return m_ends.first; }
    Stream &out() override { return m_ends.second; }

private:
    std::pair<PipeSocket, PipeSocket> m_ends = PipeSocket::pair();
};

// The program copies what comes.
class ProcessChannel final : public Channel
{
public:
    Stream &in() override { return m_cat.standardInput(); }
    Stream &out() override { return m_cat.standardOutput(); }
    Task<> ended() override
    {
        const ProcessExit exit = co_await m_cat.wait();
        if (!exit.isSuccess())
            throw std::runtime_error("cat: " + exit.toString().toStdString());
    }

private:
    Process m_cat = Process::start(
            ProcessOptions(QStringLiteral("cat")).standardInput(Stdio::pipe()).standardOutput(Stdio::pipe()));
};

class TtyChannel : public Channel
{
public:
    TtyChannel()
    {
        int master = -1;
        int slave = -1;
        if (openpty(&master, &slave, nullptr, nullptr, nullptr) != 0)
            throw std::runtime_error("no pseudo-terminal");
        m_master = PipeSocket::fromDescriptor(master);
        m_terminal = Tty::open(slave);
        m_terminal.setMode(TtyMode::Binary);
        ::close(slave);
    }
    bool isTerminal() const override { return true; }

protected:
    PipeSocket m_master;
    Tty m_terminal;
};

// What is typed, and what is shown.
class TtyInputChannel final : public TtyChannel
{
public:
    Stream &in() override { return m_master; }
    Stream &out() override { return m_terminal; }
};

class TtyOutputChannel final : public TtyChannel
{
public:
    Stream &in() override { return m_terminal; }
    Stream &out() override { return m_master; }
};

using MakeChannel = std::function<std::unique_ptr<Channel>()>;

template<typename Kind>
MakeChannel makerOf()
{
    return [] { return std::make_unique<Kind>(); };
}

// How the bytes are asked for.
enum class Form { IntoMemory, AsArray, Exactly };

class Reader
{
public:
    Reader(Form how, std::size_t bytes) : form(how), size(bytes) { }

    Form form;
    std::size_t size; // of a read
};

// Reads on until `total` bytes have come, all in all.
Task<> receive(Stream &stream, Received &received, Reader reader, std::size_t total)
{
    std::vector<std::byte> buffer(reader.size);
    while (received.count() < total) {
        const std::span<std::byte> wanted(buffer.data(), std::min(buffer.size(), total - received.count()));
        std::size_t count = 0;
        if (reader.form == Form::AsArray) {
            const QByteArray bytes = co_await stream.read(qsizetype(wanted.size()));
            count = std::size_t(bytes.size());
            received.add(std::as_bytes(std::span(bytes.constData(), count)));
        } else {
            if (reader.form == Form::Exactly)
                count = co_await stream.readExactly(wanted);
            else
                count = co_await stream.read(wanted);
            received.add(wanted.first(count));
        }
        if (count == 0)
            throw std::runtime_error("the end came after " + std::to_string(received.count()) + " bytes");
    }
}

// The same by readers that are cancelled at random points. Returns how many were.
Task<int> receiveThroughCancels(Stream &stream, Received &received, Reader reader, std::size_t total, Numbers points)
{
    int cancels = 0;
    while (received.count() < total) {
        const TaskHandle<> reading = spawn(receive(stream, received, reader, total), "reader");
        const std::size_t turns = points.below(100);
        for (std::size_t turn = 0; turn < turns && !reading.isDone(); ++turn)
            co_await yield();
        reading.cancel();
        try {
            co_await reading;
        } catch (const Cancelled &) {
            ++cancels;
        }
    }
    co_return cancels;
}

Task<> send(Stream &stream, std::uint64_t seed, std::size_t total)
{
    Source source(seed);
    Numbers sizes(seed + 1);
    for (std::size_t sent = 0; sent < total;) {
        const std::size_t count = std::min(sizeof(std::uint64_t) * (1 + sizes.below(32768)), total - sent);
        co_await stream.write(source.next(count));
        sent += count;
    }
}

} // namespace

Q_DECLARE_METATYPE(MakeChannel)
Q_DECLARE_METATYPE(Form)

class TestBulk : public QObject
{
    Q_OBJECT

private slots:
    void init();
    void cleanup() { m_leaks.check(); }

    void everyByteArrives_data();
    void everyByteArrives();
    void everyByteArrivesThroughCancelledReads_data() { everyByteArrives_data(); }
    void everyByteArrivesThroughCancelledReads();
    void aCancelledWriteClosesItsStream_data();
    void aCancelledWriteClosesItsStream();

private:
    CleanupCheck m_leaks;
};

namespace {

void addKinds(const std::function<void(const char *, const MakeChannel &)> &add)
{
    add("tcp", makerOf<TcpChannel>());
    add("pipe", makerOf<PipeChannel>());
    add("process", makerOf<ProcessChannel>());
    add("tty, typed", makerOf<TtyInputChannel>());
    add("tty, shown", makerOf<TtyOutputChannel>());
}

bool isAllAskedFor()
{
    return qEnvironmentVariableIntValue("INTERLOOP_BULK") > 0;
}

// How much such a reader gets. The kernel moves what goes over a terminal in small pieces, by a thread of its own.
std::size_t amountFor(const Channel &channel, Reader reader)
{
    if (isAllAskedFor())
        return 64 * mebibyte;
    const std::size_t whole = isSanitized ? 2 * mebibyte : 64 * mebibyte;
    if (channel.isTerminal())
        return whole / 16;
    if (reader.size == 1)
        return whole / (isSanitized ? 4 : 16);
    return reader.size == 7 || reader.form != Form::IntoMemory ? whole / 4 : whole;
}

// Nothing follows, and nothing is left of the channel's ends.
Task<> end(Channel &channel)
{
    channel.in().close();
    const Result<QByteArray> rest = co_await tryAwait(channel.out().read());
    if (!rest && !channel.isTerminal())
        throw std::runtime_error(rest.errorString());
    if (rest && !rest.value().isEmpty())
        throw std::runtime_error("there is more than was sent");
    channel.out().close();
    co_await channel.ended();
}

} // namespace

void TestBulk::init()
{
    m_leaks.begin();
    if (isAllAskedFor())
        alarm(300); // the watchdog's is for less
}

void TestBulk::everyByteArrives_data()
{
    QTest::addColumn<MakeChannel>("makeChannel");
    QTest::addColumn<Form>("form");
    QTest::addColumn<quint64>("size");
    addKinds([](const char *kind, const MakeChannel &make) {
        QTest::addRow("%s, 1 byte a read", kind) << make << Form::IntoMemory << quint64(1);
        QTest::addRow("%s, 7 bytes a read", kind) << make << Form::IntoMemory << quint64(7);
        QTest::addRow("%s, 64 KiB a read", kind) << make << Form::IntoMemory << quint64(65536);
        QTest::addRow("%s, 64 KiB a read, as arrays", kind) << make << Form::AsArray << quint64(65536);
        QTest::addRow("%s, exactly 64 KiB a read", kind) << make << Form::Exactly << quint64(65536);
    });
}

void TestBulk::everyByteArrives()
{
    QFETCH(MakeChannel, makeChannel);
    QFETCH(Form, form);
    QFETCH(quint64, size);
    const Reader reader(form, size);
    const std::unique_ptr<Channel> channel = makeChannel();
    const std::size_t total = amountFor(*channel, reader);
    Received received;
    runSync(gather(send(channel->in(), baseSeed(), total), receive(channel->out(), received, reader, total)));
    runSync(end(*channel));
    QCOMPARE(received.count(), total);
    QCOMPARE(received.hash(), hashOfFirst(baseSeed(), total));
}

void TestBulk::everyByteArrivesThroughCancelledReads()
{
    QFETCH(MakeChannel, makeChannel);
    QFETCH(Form, form);
    QFETCH(quint64, size);
    const Reader reader(form, size);
    const std::unique_ptr<Channel> channel = makeChannel();
    const std::size_t total = amountFor(*channel, reader);
    Received received;
    const TaskHandle<> sending = spawn(send(channel->in(), baseSeed(), total), "sender");
    const int cancels = runSync(receiveThroughCancels(
            channel->out(), received, reader, total, Numbers(baseSeed() + size + std::uint64_t(form))));
    runSync(sending);
    runSync(end(*channel));
    QCOMPARE(received.count(), total);
    QCOMPARE(received.hash(), hashOfFirst(baseSeed(), total));
    QVERIFY2(cancels >= 3, qPrintable(QStringLiteral("%1 reads were cancelled").arg(cancels)));
}

void TestBulk::aCancelledWriteClosesItsStream_data()
{
    QTest::addColumn<MakeChannel>("makeChannel");
    addKinds([](const char *kind, const MakeChannel &make) { QTest::newRow(kind) << make; });
}

namespace {

// Lets the sender go on until the kernel takes no more, by random amounts, and cancels it there. What had been sent may
// still come, then the end.
Task<> cancelHalfWay(Channel &channel, Received &received, std::uint64_t seed, bool &hasClosed)
{
    Numbers points(seed);
    const TaskHandle<> sending = spawn(send(channel.in(), seed, 64 * mebibyte), "sender");
    const std::size_t before = points.below(channel.isTerminal() ? 65536 : mebibyte) + 1;
    co_await receive(channel.out(), received, Reader(Form::IntoMemory, 1 + points.below(65536)), before);
    while (channel.in().writeQueueSize() == 0)
        co_await yield();
    sending.cancel();
    try {
        co_await sending;
    } catch (const Cancelled &) {
        hasClosed = !channel.in().isOpen();
    }
    std::vector<std::byte> buffer(65536);
    for (;;) {
        const Result<std::size_t> count = co_await tryAwait(channel.out().read(std::span(buffer)));
        if (!count && !channel.isTerminal())
            throw std::runtime_error(count.errorString());
        if (!count || count.value() == 0)
            break;
        received.add(std::span(buffer).first(count.value()));
    }
    channel.out().close();
    co_await channel.ended();
}

} // namespace

void TestBulk::aCancelledWriteClosesItsStream()
{
    QFETCH(MakeChannel, makeChannel);
    for (std::uint64_t seed = baseSeed(); seed < baseSeed() + (isSanitized ? 5 : 20); ++seed) {
        const std::unique_ptr<Channel> channel = makeChannel();
        Received received;
        bool hasClosed = false;
        runSync(cancelHalfWay(*channel, received, seed, hasClosed));
        QVERIFY2(hasClosed, qPrintable(QStringLiteral("seed %1").arg(seed)));
        QCOMPARE(received.hash(), hashOfFirst(seed, received.count())); // what came is how it began
    }
}

INTERLOOP_TEST_MAIN(TestBulk)
#include "tst_bulk.moc"
