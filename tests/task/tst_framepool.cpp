// SPDX-License-Identifier: MIT
#include <tests/allocations.h>
#include <tests/task/virtualscheduler.h>

#include <interloop/task/framepool.h>
#include <interloop/task/task.h>

#include <QObject>
#include <QTest>

#include <cstring>
#include <optional>
#include <thread>
#include <vector>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define PLAIN_FRAMES
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define PLAIN_FRAMES
#endif
#endif

using namespace interloop;
using namespace interloop::test;

namespace {

#ifdef PLAIN_FRAMES
constexpr bool isPooled = false;
#else
constexpr bool isPooled = true;
#endif

constexpr int rounds = 10'000;

Task<int> child(int n)
{
    co_return n;
}

Task<int> sleepingChild()
{
    co_await sleepFor(1ms);
    co_return 1;
}

// Heap allocations of `rounds` rounds, after a few that fill the pool.
template<typename Round>
Task<long> countAllocations(Round round)
{
    for (int warmUp = 0; warmUp < 100; ++warmUp)
        co_await round();
    const long before = allocations;
    for (int n = 0; n < rounds; ++n)
        co_await round();
    co_return allocations - before;
}

} // namespace

class TestFramePool : public QObject
{
    Q_OBJECT

private slots:
    void init() { loop.emplace(); }
    void cleanup() { QCOMPARE(end(loop), QStringList()); }

    void steadyStateAllocatesNothing_data();
    void steadyStateAllocatesNothing();
    void largeFramesAreNotKept();
    void blockIsReusedForItsSize();
    void blocksOfAllSizesAreUsable();
    void blockMayBeFreedOnAnotherThread();
    void endOfAThreadFreesItsBlocks();
    void newestFrameIsKnown();
    void argumentsMoveIntoTheNewestFrame();

private:
    std::optional<VirtualScheduler> loop;
};

void TestFramePool::steadyStateAllocatesNothing_data()
{
    QTest::addColumn<int>("kind");
    QTest::newRow("await a child") << 0;
    QTest::newRow("yield") << 1;
    QTest::newRow("sleep") << 2;
    QTest::newRow("await a child that sleeps") << 3;
}

void TestFramePool::steadyStateAllocatesNothing()
{
    QFETCH(int, kind);
    const auto awaitChild = [] { return child(1); };
    const auto awaitYield = [] { return yield(); };
    const auto awaitSleep = [] { return sleepFor(1ms); };
    const auto awaitSleepingChild = [] { return sleepingChild(); };
    long count = 0;
    int framesPerRound = 0;
    switch (kind) {
    case 0:
        count = loop->runTask(countAllocations(awaitChild));
        framesPerRound = 1;
        break;
    case 1:
        count = loop->runTask(countAllocations(awaitYield));
        break;
    case 2:
        count = loop->runTask(countAllocations(awaitSleep));
        break;
    default:
        count = loop->runTask(countAllocations(awaitSleepingChild));
        framesPerRound = 1;
        break;
    }
    // Under sanitizers each frame is an allocation of its own, so that use after free is seen.
    QCOMPARE(count, isPooled ? 0 : long(framesPerRound) * rounds);
}

void TestFramePool::largeFramesAreNotKept()
{
    const long before = allocations;
    for (int n = 0; n < 10; ++n)
        freeFrame(allocateFrame(1'000'000), 1'000'000);
    QCOMPARE(allocations - before, 10);
}

void TestFramePool::blockIsReusedForItsSize()
{
    void *first = allocateFrame(200);
    freeFrame(first, 200);
    const long before = allocations;
    void *second = allocateFrame(193); // the same class of sizes
    QCOMPARE(allocations - before, isPooled ? 0 : 1);
    QCOMPARE(second == first, isPooled || second == first);
    freeFrame(second, 193);
}

void TestFramePool::blocksOfAllSizesAreUsable()
{
    for (int round = 0; round < 2; ++round) {
        std::vector<std::pair<unsigned char *, std::size_t>> blocks;
        for (std::size_t size = 1; size < 2'500; ++size) {
            auto *block = static_cast<unsigned char *>(allocateFrame(size));
            QVERIFY(reinterpret_cast<std::uintptr_t>(block) % alignof(std::max_align_t) == 0);
            std::memset(block, int(size % 251), size);
            blocks.emplace_back(block, size);
        }
        for (const auto &[block, size] : blocks) {
            QCOMPARE(block[0], size % 251);
            QCOMPARE(block[size - 1], size % 251);
            freeFrame(block, size);
        }
    }
}

void TestFramePool::blockMayBeFreedOnAnotherThread()
{
    void *block = allocateFrame(300);
    std::thread([block] { freeFrame(block, 300); }).join();
    void *other = nullptr;
    std::thread([&other] { other = allocateFrame(300); }).join();
    freeFrame(other, 300);
}

void TestFramePool::endOfAThreadFreesItsBlocks()
{
    const auto work = [] {
        std::vector<void *> blocks;
        for (int n = 0; n < 500; ++n)
            blocks.push_back(allocateFrame(500));
        for (void *block : blocks)
            freeFrame(block, 500);
    };
    std::thread(work).join(); // whatever a first thread makes once
    const long before = allocations - frees;
    std::thread(work).join();
    QCOMPARE(allocations - frees, before);
}

void TestFramePool::newestFrameIsKnown()
{
    auto *first = static_cast<char *>(allocateFrame(200));
    QCOMPARE(newestFrameAround(first), static_cast<void *>(first));
    QCOMPARE(newestFrameAround(first + 199), static_cast<void *>(first));
    QCOMPARE(newestFrameAround(first + 200), static_cast<void *>(nullptr));
    QCOMPARE(newestFrameAround(nullptr), static_cast<void *>(nullptr));

    auto *second = static_cast<char *>(allocateFrame(200));
    QCOMPARE(newestFrameAround(first), static_cast<void *>(nullptr));
    freeFrame(first, 200);
    QCOMPARE(newestFrameAround(second + 1), static_cast<void *>(second));
    freeFrame(second, 200);

    // given back: anything may lie there now
    auto *large = static_cast<char *>(allocateFrame(100'000));
    QCOMPARE(newestFrameAround(large), static_cast<void *>(large));
    freeFrame(large, 100'000);
    QCOMPARE(newestFrameAround(large), static_cast<void *>(nullptr));
}

namespace {

// Knows in which coroutine it was when it was last moved.
class Traveller
{
public:
    Traveller() = default;
    Traveller(Traveller &&) noexcept : frame(newestFrameAround(this)) { }

    void *frame = nullptr;
};

Task<void *> frameOf(Traveller traveller)
{
    co_return traveller.frame;
}

} // namespace

void TestFramePool::argumentsMoveIntoTheNewestFrame()
{
    Task<void *> task = frameOf(Traveller());
    void *frame = task.handle().address();
    QCOMPARE(loop->runTask(std::move(task)), frame);
}

QTEST_APPLESS_MAIN(TestFramePool)
#include "tst_framepool.moc"
