// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>
#include <interloop/test/test.h>

#include <tests/cleanupcheck.h>
#include <tests/sockets.h>
#include <tests/testmain.h>

#include <QTemporaryDir>
#include <QTemporaryFile>

#include <algorithm>
#include <limits>
#include <span>
#include <thread>

using namespace interloop;
using namespace interloop::test;
using namespace std::chrono_literals;

/*
 * What all streams have in common, over TCP. Each way of reading is tried with its bytes cut at every place: into
 * chunks, by a cancellation, by the end, by a reset.
 */

namespace {

using Reading = std::function<Task<QByteArray>(Stream &)>;

QByteArray bytesOf(const std::vector<std::byte> &buffer, std::size_t count)
{
    return QByteArray(reinterpret_cast<const char *>(buffer.data()), qsizetype(count));
}

Task<QByteArray> fill(Stream &stream, std::size_t size)
{
    std::vector<std::byte> buffer(size);
    const std::size_t count = co_await stream.readExactly(std::span<std::byte>(buffer));
    co_return bytesOf(buffer, count);
}

Task<QByteArray> readOnce(Stream &stream, std::size_t size)
{
    std::vector<std::byte> buffer(size);
    const std::size_t count = co_await stream.read(std::span<std::byte>(buffer));
    co_return bytesOf(buffer, count);
}

QByteArray pattern(qsizetype size)
{
    QByteArray bytes(size, Qt::Uninitialized);
    for (qsizetype i = 0; i < size; ++i)
        bytes[i] = char('a' + i % 23);
    return bytes;
}

class Way
{
public:
    Way(const char *name, Reading read, const QByteArray &incoming, qsizetype needed)
        : name(name), read(std::move(read)), incoming(incoming), needed(needed)
    {
    }

    QByteArray expected() const { return incoming.left(needed); }
    QByteArray rest() const { return incoming.mid(needed); }

    // Where the bytes are cut: everywhere, or at what is interesting.
    QList<qsizetype> cuts() const
    {
        QList<qsizetype> all;
        for (qsizetype i = 0; i <= incoming.size(); ++i) {
            if (incoming.size() < 100 || i < 3 || i > incoming.size() - 6)
                all << i;
        }
        return all;
    }

    const char *name;
    Reading read;
    QByteArray incoming;
    qsizetype needed; // so many of `incoming` does it return
};

const std::vector<Way> &ways()
{
    static const std::vector<Way> all{
        Way("readExactly(6)", [](Stream &stream) { return stream.readExactly(6); }, "abcdefghi", 6),
        Way("readExactly(memory of 6)", [](Stream &stream) { return fill(stream, 6); }, "abcdefghi", 6),
        Way("readExactly(memory of 4100)", [](Stream &stream) { return fill(stream, 4100); }, pattern(4103), 4100),
        Way("readLine", [](Stream &stream) { return stream.readLine(); }, "one\ntwo\n", 4),
        Way("readLine(just enough)", [](Stream &stream) { return stream.readLine(4); }, "one\ntwo\n", 4),
        Way("readUntil a long separator", [](Stream &stream) { return stream.readUntil("\r\n\r\n"); },
            "a\r\nb\r\r\n\r\n\r\nc", 9),
        Way("readUntil what half repeats", [](Stream &stream) { return stream.readUntil("aab"); }, "aaaabaab", 5),
        Way("readAll", [](Stream &stream) { return stream.readAll(); }, QByteArray("abc\n\0def", 8), 8),
    };
    return all;
}

void addWays()
{
    QTest::addColumn<QByteArray>("name");
    for (const Way &way : ways())
        QTest::newRow(way.name) << QByteArray(way.name);
}

// Of the data row.
const Way &fetchWay()
{
    QFETCH(QByteArray, name);
    return *std::find_if(ways().begin(), ways().end(), [&name](const Way &way) { return way.name == name; });
}

template<Awaitable A>
auto wait(A awaitable)
{
    return runSync(std::move(awaitable), RunOptions().timeout(10s));
}

constexpr qint64 fileSize = 1'000'003; // some pieces and a bit

void send(Pair &pair, const QByteArray &bytes)
{
    wait(pair.far.write(bytes));
}

void arrive(Pair &pair, const QByteArray &bytes)
{
    send(pair, bytes);
    wait(waitUntilIdle());
}

} // namespace

class TestStream : public QObject
{
    Q_OBJECT

private slots:
    void init() { m_leaks.begin(); }
    void cleanup() { m_leaks.check(); }

    void chunksMakeNoDifference_data() { addWays(); }
    void chunksMakeNoDifference();
    void cancelledAtAnyByteNothingIsLost_data() { addWays(); }
    void cancelledAtAnyByteNothingIsLost();
    void theEndAtAnyByteIsAValue_data() { addWays(); }
    void theEndAtAnyByteIsAValue();
    void resetAtAnyByteIsAnErrorBehindTheBytes_data() { addWays(); }
    void resetAtAnyByteIsAnErrorBehindTheBytes();
    void whatWasReadAheadComesFirst();
    void limitsAreErrorsThatLoseNothing();
    void impossibleRequestsAreNamed();
    void secondReadersAreRefused_data() { addWays(); }
    void secondReadersAreRefused();
    void closedStreamsSaySo_data() { addWays(); }
    void closedStreamsSaySo();
    void otherThreadsAreRefused_data() { addWays(); }
    void otherThreadsAreRefused();
    void closeEndsEachWay_data() { addWays(); }
    void closeEndsEachWay();
    void allFormsOfWritesArriveInTheirOrder();
    void thousandsOfBuffersAreOneWrite();
    void severalLargeBuffersWaitForTheReader();
    void aReaderThatSleepsHoldsTheWriterBack();
    void filesAreSentInPieces_data();
    void filesAreSentInPieces();
    void cancelledFileLeavesNoDoubt();
    void filesThatCannotBeSentAreNamed();

private:
    CleanupCheck m_leaks;
};

void TestStream::chunksMakeNoDifference()
{
    const Way &way = fetchWay();
    for (const qsizetype cut : way.cuts()) {
        Pair pair;
        const auto reading = spawn(way.read(pair.near), "read");
        arrive(pair, way.incoming.left(cut));
        arrive(pair, way.incoming.mid(cut));
        wait(pair.far.shutdown());
        QCOMPARE(wait(reading), way.expected());
        QCOMPARE(wait(pair.near.readAll()), way.rest());
    }

    Pair pair;
    const auto reading = spawn(way.read(pair.near), "read");
    for (const char byte : way.incoming.size() < 100 ? way.incoming : QByteArray())
        arrive(pair, QByteArray(1, byte));
    if (way.incoming.size() >= 100)
        arrive(pair, way.incoming);
    wait(pair.far.shutdown());
    QCOMPARE(wait(reading), way.expected());
    QCOMPARE(wait(pair.near.readAll()), way.rest());
}

void TestStream::cancelledAtAnyByteNothingIsLost()
{
    const Way &way = fetchWay();
    for (const qsizetype cut : way.cuts()) {
        for (const bool isSeen : {true, false}) { // before the cancellation
            Pair pair;
            const auto reading = spawn(way.read(pair.near), "read");
            wait(waitUntilIdle());
            if (isSeen)
                arrive(pair, way.incoming.left(cut));
            else
                send(pair, way.incoming.left(cut));
            const bool isInTime = reading.cancel();
            const Result<QByteArray> first = tryRunSync(reading, RunOptions().timeout(10s));
            arrive(pair, way.incoming.mid(cut));
            wait(pair.far.shutdown());
            if (first) {
                QCOMPARE(first.value(), way.expected());
            } else {
                QVERIFY(isInTime);
                QCOMPARE(first.outcome(), Outcome::Cancelled);
                QCOMPARE(wait(way.read(pair.near)), way.expected());
            }
            QCOMPARE(wait(pair.near.readAll()), way.rest());
        }
    }
}

void TestStream::theEndAtAnyByteIsAValue()
{
    const Way &way = fetchWay();
    for (const qsizetype cut : way.cuts()) {
        if (cut >= way.needed)
            break;
        Pair pair;
        const auto reading = spawn(way.read(pair.near), "read");
        arrive(pair, way.incoming.left(cut));
        wait(pair.far.shutdown());
        QCOMPARE(wait(reading), way.incoming.left(cut));
        QCOMPARE(wait(way.read(pair.near)), QByteArray());
        QCOMPARE(wait(pair.near.read()), QByteArray());
        QCOMPARE(wait(readOnce(pair.near, 1)), QByteArray());
    }
}

void TestStream::resetAtAnyByteIsAnErrorBehindTheBytes()
{
    const Way &way = fetchWay();
    for (const qsizetype cut : way.cuts()) {
        if (cut >= way.needed)
            break;
        Pair pair;
        const QString text = QStringLiteral("read %1: Connection reset by peer").arg(pair.near.peerAddress().toString());
        const auto reading = spawn(way.read(pair.near), "read");
        arrive(pair, way.incoming.left(cut));
        pair.far.reset();
        QCOMPARE(failureOf(reading).text, text);
        QByteArray came;
        if (cut > 0)
            came = wait(pair.near.read());
        QCOMPARE(came, way.incoming.left(cut));
        QCOMPARE(failureOf(way.read(pair.near)).code, std::errc::connection_reset);
        QCOMPARE(failureOf(pair.near.read()).text, text);
    }
}

void TestStream::whatWasReadAheadComesFirst()
{
    Pair pair;
    // A cancelled wait gives back what it has, in front of what came meanwhile.
    for (const std::size_t size : {9, 5000, 100}) {
        const auto reading = spawn(fill(pair.near, size), "read");
        arrive(pair, "ab");
        arrive(pair, "c");
        reading.cancel();
        send(pair, "de");
        QCOMPARE(failureOf(reading).outcome, Outcome::Cancelled);
        arrive(pair, "f");
    }
    QCOMPARE(wait(pair.near.read(1)), QByteArray("a"));
    QCOMPARE(wait(readOnce(pair.near, 2)), QByteArray("bc"));
    QCOMPARE(wait(pair.near.readUntil("fa")), QByteArray("defa"));
    QCOMPARE(wait(fill(pair.near, 3)), QByteArray("bcd"));
    arrive(pair, "\n!");
    QCOMPARE(wait(pair.near.readExactly(4)), QByteArray("efab"));
    QCOMPARE(wait(pair.near.readLine()), QByteArray("cdef\n"));
    wait(pair.far.shutdown());
    QCOMPARE(wait(readOnce(pair.near, 8000)), QByteArray("!"));
    QCOMPARE(wait(pair.near.readAll()), QByteArray());
}

void TestStream::limitsAreErrorsThatLoseNothing()
{
    Pair pair;
    const std::string peer = pair.near.peerAddress().toString().toStdString();
    const auto refused = [&](Task<QByteArray> read, const char *why) {
        const Failure failure = failureOf(std::move(read));
        QCOMPARE(failure.code, std::errc::message_size);
        QCOMPARE(failure.text, QString::fromStdString("read " + peer + ": " + why + ": Message too long"));
    };
    arrive(pair, "four\nsix...");
    refused(pair.near.readLine(4), "no separator in 4 bytes");
    refused(pair.near.readLine(1), "no separator in 1 bytes");
    refused(pair.near.readUntil("\ns", 5), "no separator in 5 bytes");
    QCOMPARE(wait(pair.near.readLine(5)), QByteArray("four\n"));
    refused(pair.near.readLine(6), "no separator in 6 bytes");

    // The limit is found out when so many have come, not later.
    const auto reading = spawn(pair.near.readLine(7), "read");
    wait(waitUntilIdle());
    QVERIFY(!reading.isDone());
    arrive(pair, ".");
    refused(asTask(reading), "no separator in 7 bytes");

    refused(pair.near.readAll(6), "more than 6 bytes");
    wait(pair.far.shutdown());
    refused(pair.near.readAll(6), "more than 6 bytes");
    refused(pair.near.readAll(1), "more than 1 bytes");
    QCOMPARE(wait(pair.near.readAll(7)), QByteArray("six...."));
}

void TestStream::impossibleRequestsAreNamed()
{
    Pair pair;
    const QString read = QStringLiteral("read %1 ").arg(pair.near.peerAddress().toString());
    std::vector<std::pair<Failure, QString>> failures;
    failures.emplace_back(failureOf(pair.near.read(0)), QStringLiteral("at most 0 bytes"));
    failures.emplace_back(failureOf(pair.near.read(-5)), QStringLiteral("at most -5 bytes"));
    failures.emplace_back(failureOf(readOnce(pair.near, 0)), QStringLiteral("into an empty buffer"));
    failures.emplace_back(failureOf(pair.near.readExactly(0)), QStringLiteral("exactly 0 bytes"));
    failures.emplace_back(failureOf(pair.near.readExactly(-1)), QStringLiteral("exactly -1 bytes"));
    failures.emplace_back(failureOf(pair.near.readLine(0)), QStringLiteral("at most 0 bytes"));
    failures.emplace_back(failureOf(pair.near.readUntil("")), QStringLiteral("until an empty separator"));
    failures.emplace_back(failureOf(pair.near.readAll(-1)), QStringLiteral("at most -1 bytes"));
    for (const auto &[failure, why] : failures) {
        QCOMPARE(failure.text, read + why + QStringLiteral(": Invalid argument"));
        QCOMPARE(failure.code, std::errc::invalid_argument);
    }
    constexpr qsizetype tooMuch = std::numeric_limits<qsizetype>::max();
    const Failure noRoom = failureOf(pair.near.readExactly(tooMuch));
    QCOMPARE(noRoom.text, read + QStringLiteral("exactly %1 bytes: Cannot allocate memory").arg(tooMuch));
    QCOMPARE(noRoom.code, std::errc::not_enough_memory);
    QCOMPARE(wait(fill(pair.near, 0)), QByteArray()); // there is nothing to wait for
}

void TestStream::secondReadersAreRefused()
{
    const Way &way = fetchWay();
    Pair pair;
    const auto first = spawn(way.read(pair.near), "first");
    wait(waitUntilIdle());
    const Failure failure = failureOf(way.read(pair.near));
    QVERIFY2(failure.text.contains(QStringLiteral("another task is reading")), qPrintable(failure.text));
    QVERIFY(!failureOf(pair.near.read()).text.isEmpty());

    send(pair, way.incoming);
    wait(pair.far.shutdown());
    QCOMPARE(wait(first), way.expected());
    QCOMPARE(wait(pair.near.readAll()), way.rest());
}

void TestStream::closedStreamsSaySo()
{
    const Way &way = fetchWay();
    Stream never;
    QCOMPARE(failureOf(way.read(never)).code, std::errc::not_connected);
    QCOMPARE(failureOf(never.writev({"x"})).code, std::errc::not_connected);
    QCOMPARE(never.writeQueueSize(), std::size_t(0));
    QCOMPARE(never.descriptor(), -1);
    QVERIFY(!never.isOpen());
    Pair pair;
    arrive(pair, "kept");
    pair.near.close();
    pair.near.close();
    QCOMPARE(failureOf(way.read(pair.near)).code, std::errc::operation_canceled);
    QCOMPARE(failureOf(pair.near.writev({"x"})).code, std::errc::operation_canceled);
    const TcpSocket moved = std::move(pair.far);
    QCOMPARE(failureOf(way.read(pair.far)).code, std::errc::not_connected); // NOLINT: moved from
}

void TestStream::otherThreadsAreRefused()
{
    const Way &way = fetchWay();
    Pair pair;
    QString texts;
    std::thread([&] {
        texts += failureOf(way.read(pair.near)).text.left(11);
        texts += failureOf(pair.near.writev({"x"})).text.left(11);
    }).join();
    QCOMPARE(texts, QStringLiteral("WrongThreadWrongThread"));
    arrive(pair, "unharmed");
    QCOMPARE(wait(pair.near.read()), QByteArray("unharmed"));
}

void TestStream::closeEndsEachWay()
{
    const Way &way = fetchWay();
    for (const bool isDestroyed : {false, true}) {
        Pair pair;
        const auto reading = spawn(way.read(pair.near), "read");
        arrive(pair, way.incoming.left(1));
        if (isDestroyed)
            const TcpSocket gone = std::move(pair.near);
        else
            pair.near.close();
        const Failure failure = failureOf(reading);
        QCOMPARE(failure.code, std::errc::operation_canceled);
        QVERIFY2(failure.text.startsWith(QStringLiteral("read 127.0.0.1:")), qPrintable(failure.text));
    }
}

void TestStream::allFormsOfWritesArriveInTheirOrder()
{
    Pair pair;
    const QByteArray much(8 << 20, '-'); // the first of them has to wait, and so has what follows
    const char view[] = "view ";
    const std::array<std::byte, 2> memory{std::byte('m'), std::byte(' ')};
    std::vector<TaskHandle<>> writes;
    writes.push_back(spawn(pair.near.write(much), "much"));
    writes.push_back(spawn(pair.near.write("array "), "array"));
    writes.push_back(spawn(pair.near.write(QByteArrayView(view)), "view"));
    writes.push_back(spawn(pair.near.write(std::span<const std::byte>(memory)), "memory"));
    writes.push_back(spawn(pair.near.writev({"l", "", "ist "}), "list"));
    writes.push_back(spawn(pair.near.writev({}), "nothing"));
    writes.push_back(spawn(pair.near.writev({"", ""}), "nothing"));
    writes.push_back(spawn(pair.near.shutdown(), "shutdown"));
    wait(waitUntilIdle());
    QVERIFY(pair.near.writeQueueSize() > 0);

    const QByteArray all = wait(pair.far.readAll());

    QCOMPARE(all.mid(much.size()), QByteArray("array view m list "));
    QVERIFY(all.startsWith(much));
    for (const TaskHandle<> &write : writes)
        wait(write);
    QCOMPARE(pair.near.writeQueueSize(), std::size_t(0));
}

void TestStream::thousandsOfBuffersAreOneWrite()
{
    Pair pair;
    QList<QByteArray> buffers;
    QByteArray expected;
    for (int i = 0; i < 5000; ++i) { // the kernel takes 1,024 at a time
        buffers << QByteArray::number(i * i);
        expected += buffers.last();
    }
    wait(pair.near.writev(buffers));
    wait(pair.near.shutdown());
    QCOMPARE(wait(pair.far.readAll()), expected);
}

void TestStream::severalLargeBuffersWaitForTheReader()
{
    Pair pair;
    QList<QByteArray> buffers;
    QByteArray expected;
    for (int i = 0; i < 7; ++i) {
        buffers << pattern(1'000'003 + i);
        expected += buffers.last();
    }
    const auto writing = spawn(pair.near.writev(buffers), "write");
    wait(waitUntilIdle());
    QVERIFY(!writing.isDone());

    const QByteArray first = wait(pair.far.readExactly(expected.size() - 5));
    QVERIFY(expected.startsWith(first));
    QCOMPARE(wait(fill(pair.far, 5)), expected.right(5));
    wait(writing);
}

void TestStream::aReaderThatSleepsHoldsTheWriterBack()
{
    Pair pair;
    QCOMPARE(tryRunSync(pair.far.read(), RunOptions().timeout(1ms)).outcome(), Outcome::TimedOut); // reading stays on
    const qsizetype size = 64 << 20;
    const auto writing = spawn(pair.near.write(QByteArray(size, 'x')), "write");
    wait(waitUntilIdle());
    QVERIFY(!writing.isDone());
    QVERIFY2(pair.near.writeQueueSize() > std::size_t(size) / 2, QByteArray::number(qulonglong(pair.near.writeQueueSize())));

    QVERIFY(writing.cancel());
    QCOMPARE(failureOf(writing).outcome, Outcome::Cancelled);
    QVERIFY(!pair.near.isOpen());
    QVERIFY(wait(pair.far.readAll()).size() < size);
}

void TestStream::filesAreSentInPieces_data()
{
    QTest::addColumn<qint64>("offset");
    QTest::addColumn<qint64>("count");
    QTest::addColumn<qint64>("sent");
    const qint64 all = std::numeric_limits<qint64>::max();
    QTest::newRow("all") << qint64(0) << all << fileSize;
    QTest::newRow("a part") << qint64(3) << qint64(300'000) << qint64(300'000);
    QTest::newRow("to the end") << fileSize - 5 << qint64(100) << qint64(5);
    QTest::newRow("behind the end") << fileSize + 1 << all << qint64(0);
    QTest::newRow("nothing") << qint64(0) << qint64(0) << qint64(0);
}

void TestStream::filesAreSentInPieces()
{
    QFETCH(qint64, offset);
    QFETCH(qint64, count);
    QFETCH(qint64, sent);
    QTemporaryDir folder;
    const QByteArray content = pattern(fileSize);
    const QString path = folder.filePath("content");
    wait(writeFile(path, content));
    File file = wait(File::open(path));

    Pair pair;
    const auto reading = spawn(pair.far.readAll(), "read");
    QCOMPARE(wait(pair.near.sendFile(file, offset, count)), sent);
    wait(pair.near.shutdown());
    QVERIFY(wait(reading) == content.mid(offset, sent));
    wait(file.close());
}

void TestStream::cancelledFileLeavesNoDoubt()
{
    QTemporaryFile sparse;
    QVERIFY(sparse.open() && sparse.resize(64 << 20)); // more than the kernel's buffers take
    File file = wait(File::open(sparse.fileName()));
    Pair pair;
    const auto sending = spawn(pair.near.sendFile(file), "send");
    QCOMPARE(wait(pair.far.read(1)).size(), 1);
    QVERIFY(sending.cancel());
    QCOMPARE(failureOf(sending).outcome, Outcome::Cancelled);
    QVERIFY(!pair.near.isOpen()); // a part has been sent
    const qsizetype came = wait(pair.far.readAll()).size();
    QVERIFY2(came < 64 << 20, QByteArray::number(came));

    Pair unused;
    const auto cancelled = spawn(unused.near.sendFile(file), "send");
    cancelled.cancel();
    QCOMPARE(failureOf(cancelled).outcome, Outcome::Cancelled);
    QVERIFY(unused.near.isOpen()); // nothing has
    wait(file.close());
}

void TestStream::filesThatCannotBeSentAreNamed()
{
    Pair pair;
    QTemporaryFile empty;
    QVERIFY(empty.open());
    File file = wait(File::open(empty.fileName()));
    const Failure negative = failureOf(pair.near.sendFile(file, -1));
    QVERIFY2(negative.code == std::errc::invalid_argument && negative.text.contains("sendFile"), qPrintable(negative.text));
    wait(file.close());
    const Failure closed = failureOf(pair.near.sendFile(file));
    QVERIFY2(closed.code == std::errc::bad_file_descriptor && closed.text.startsWith("read"), qPrintable(closed.text));
    QVERIFY(pair.near.isOpen());
}

INTERLOOP_TEST_MAIN(TestStream)
#include "tst_stream.moc"
