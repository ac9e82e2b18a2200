// SPDX-License-Identifier: MIT
#include <tests/testmain.h>

#include <interloop/loop/stackbounds.h>

#include <QObject>
#include <QTest>

#include <functional>
#include <memory>
#include <thread>

using namespace interloop;

class TestStackBounds : public QObject
{
    Q_OBJECT

private slots:
    void localsLieOnTheStack();
    void objectsElsewhereDoNot();
    void olderFramesLieHigher();
    void theUsefulPartEndsAboveTheLowestAddress();
    void eachThreadHasItsOwn();
};

namespace {

// A local whose address is known outside, so that it is where AddressSanitizer wants it.
class Local
{
public:
    Local() { seen = this; }
    static inline const void *volatile seen = nullptr;
    int number = 1;
};

// The places of `calls` locals, each in a call of the one before.
[[gnu::noinline]] void recurse(int calls, const std::function<void(const void *)> &visit)
{
    const Local local;
    visit(&local);
    if (calls > 1)
        recurse(calls - 1, visit);
}

} // namespace

void TestStackBounds::localsLieOnTheStack()
{
    const StackBounds stack;
    const Local local;
    const void *place = stack.addressOf(&local);
    QVERIFY(place);
    QVERIFY(place >= stack.lowest() && place < stack.highest());
    QVERIFY(stack.addressOf(&local.number));
}

void TestStackBounds::objectsElsewhereDoNot()
{
    static int global = 0;
    const StackBounds stack;
    const auto object = std::make_unique<Local>();
    QCOMPARE(stack.addressOf(object.get()), static_cast<const void *>(nullptr));
    QCOMPARE(stack.addressOf(&global), static_cast<const void *>(nullptr));
    QCOMPARE(stack.addressOf(nullptr), static_cast<const void *>(nullptr));
}

void TestStackBounds::olderFramesLieHigher()
{
    const StackBounds stack;
    const void *last = stack.highest();
    int ordered = 0;
    recurse(20, [&](const void *object) {
        const void *place = stack.addressOf(object);
        ordered += place && place < last;
        last = place;
    });
    QCOMPARE(ordered, 20);
}

void TestStackBounds::theUsefulPartEndsAboveTheLowestAddress()
{
    const StackBounds stack;
    QVERIFY(stack.lowest() < stack.lowestUseful() && stack.lowestUseful() < stack.highest());
    QVERIFY(__builtin_frame_address(0) > stack.lowestUseful());
}

void TestStackBounds::eachThreadHasItsOwn()
{
    const StackBounds stack;
    const Local local;
    bool isOwnFound = false;
    bool isOtherFound = true;
    std::thread([&] {
        const StackBounds own;
        const Local mine;
        isOwnFound = own.addressOf(&mine);
        isOtherFound = own.addressOf(&local);
    }).join();
    QVERIFY(isOwnFound);
    QVERIFY(!isOtherFound);
}

INTERLOOP_TEST_MAIN(TestStackBounds)
#include "tst_stackbounds.moc"
