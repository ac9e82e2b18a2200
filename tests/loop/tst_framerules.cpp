// SPDX-License-Identifier: MIT
#include <tests/testmain.h>

#include <interloop/loop/framerules.h>

#include <QEventLoop>
#include <QObject>
#include <QTest>
#include <QTimer>

#include <algorithm>
#include <alloca.h>
#include <array>
#include <cstdlib>
#include <functional>
#include <stdexcept>
#include <unwind.h>
#include <vector>

using namespace interloop;

extern "C" void interloopRelay(void (*function)(void *), void *argument); // without tables for unwinding

class TestFrameRules : public QObject
{
    Q_OBJECT

private slots:
    void agreeWithTheUnwinderInPlainCalls();
    void agreeWithTheUnwinderInARecursion();
    void agreeWithTheUnwinderInAFunctionWithAFrameOfItsOwnSize();
    void agreeWithTheUnwinderInTheStandardLibrarys();
    void agreeWithTheUnwinderInACleanUp();
    void agreeWithTheUnwinderInQt();
    void endAtTheLimit();
    void knowNothingOfCodeWithoutTables();
    void knowTheSameAfterClear();
};

namespace {

using Callback = std::function<void()>;

class Step
{
public:
    std::uintptr_t address = 0;
    std::uintptr_t stackPointer = 0;
    friend bool operator==(const Step &, const Step &) = default;
};

// Both ways to know the frames that are beneath the callback.
class Walks
{
public:
    // To be called from the callback.
    [[gnu::noinline]] void walk()
    {
        m_byUnwinder.clear();
        m_byRules.clear();
        _Unwind_Backtrace(&Walks::takeStep, this);

        const auto *own = static_cast<const std::uintptr_t *>(__builtin_frame_address(0));
        Frame frame;
        frame.address = reinterpret_cast<std::uintptr_t>(__builtin_return_address(0));
        frame.stackPointer = reinterpret_cast<std::uintptr_t>(own + 2);
        frame.framePointer = own[0];
        do
            m_byRules.push_back(Step {frame.address, frame.stackPointer});
        while (rules.stepOut(frame, UINTPTR_MAX));

        const auto first = std::ranges::find(m_byUnwinder, m_byRules.front());
        m_byUnwinder.erase(m_byUnwinder.begin(), first); // of the unwinder itself and this function
    }

    // Whether the rules led to at least `count` frames, and where the unwinder came by.
    bool agree(std::size_t count) const
    {
        const auto [byRules, byUnwinder] = std::ranges::mismatch(m_byRules, m_byUnwinder);
        const bool isSame = byRules == m_byRules.end();
        if (!isSame || m_byRules.size() < count) {
            qWarning("%zu frames by rules, %zu by the unwinder, %zu the same", m_byRules.size(), m_byUnwinder.size(),
                     std::size_t(byRules - m_byRules.begin()));
        }
        return isSame && m_byRules.size() >= count;
    }

    std::size_t count() const { return m_byRules.size(); }

    FrameRules rules;

private:
    static _Unwind_Reason_Code takeStep(_Unwind_Context *context, void *data)
    {
        static_cast<Walks *>(data)->m_byUnwinder.push_back(Step {_Unwind_GetIP(context), _Unwind_GetCFA(context)});
        return _URC_NO_REASON;
    }

    std::vector<Step> m_byUnwinder;
    std::vector<Step> m_byRules;
};

bool isSupported()
{
    Walks walks;
    walks.walk();
    return walks.count() > 1;
}

[[gnu::noinline]] void recurse(int count, const Callback &callback)
{
    volatile char room[100];
    room[0] = char(count);
    if (count > 1)
        recurse(count - 1, callback);
    else
        callback();
    room[1] = room[0];
}

// The size of its frame is known only when it runs.
[[gnu::noinline]] void callWithRoom(std::size_t size, const Callback &callback)
{
    auto *room = static_cast<volatile char *>(alloca(size));
    room[0] = 1;
    callback();
    room[size - 1] = room[0];
}

class CleanUp
{
public:
    explicit CleanUp(const Callback &callback) : m_callback(callback) { }
    CleanUp(const CleanUp &) = delete;
    ~CleanUp() { m_callback(); }

private:
    const Callback &m_callback;
};

#define SKIP_WHERE_UNKNOWN()                                                                                           \
    if (!isSupported())                                                                                                \
    QSKIP("nothing is known on this processor")

} // namespace

void TestFrameRules::agreeWithTheUnwinderInPlainCalls()
{
    SKIP_WHERE_UNKNOWN();
    Walks walks;
    walks.walk();
    QVERIFY(walks.agree(4)); // this function, and Qt Test's
    walks.walk();
    QVERIFY(walks.agree(4));
}

void TestFrameRules::agreeWithTheUnwinderInARecursion()
{
    SKIP_WHERE_UNKNOWN();
    Walks walks;
    recurse(1000, [&] { walks.walk(); });
    QVERIFY(walks.agree(1000));
}

void TestFrameRules::agreeWithTheUnwinderInAFunctionWithAFrameOfItsOwnSize()
{
    SKIP_WHERE_UNKNOWN();
    Walks walks;
    for (std::size_t size = 1; size < 5000; size += 97) {
        callWithRoom(size, [&] { walks.walk(); });
        QVERIFY(walks.agree(6));
        recurse(3, [&] { callWithRoom(size, [&] { recurse(3, [&] { walks.walk(); }); }); });
        QVERIFY(walks.agree(12));
    }
}

void TestFrameRules::agreeWithTheUnwinderInTheStandardLibrarys()
{
    SKIP_WHERE_UNKNOWN();
    static Walks *present = nullptr;
    Walks walks;
    present = &walks;
    std::array numbers {3, 1, 2};
    std::qsort(numbers.data(), numbers.size(), sizeof(int), [](const void *, const void *) {
        present->walk();
        return 0;
    });
    QVERIFY(walks.agree(6));
    std::ranges::sort(numbers, [&](int a, int b) {
        walks.walk();
        return a < b;
    });
    QVERIFY(walks.agree(4));
}

void TestFrameRules::agreeWithTheUnwinderInACleanUp()
{
    SKIP_WHERE_UNKNOWN();
    Walks walks;
    const Callback walk = [&] { walks.walk(); };
    try {
        const CleanUp cleanUp(walk);
        throw std::runtime_error("unwinds");
    } catch (const std::runtime_error &) {
        QVERIFY(walks.agree(5));
        walks.walk();
        QVERIFY(walks.agree(4));
    }
}

void TestFrameRules::agreeWithTheUnwinderInQt()
{
    SKIP_WHERE_UNKNOWN();
    Walks walks;
    QObject emitter;
    connect(&emitter, &QObject::objectNameChanged, [&] { walks.walk(); });
    emitter.setObjectName(QStringLiteral("another"));
    QVERIFY(walks.agree(7));

    QEventLoop loop;
    QTimer::singleShot(0, &loop, [&] {
        walks.walk();
        loop.quit();
    });
    loop.exec();
    QVERIFY(walks.agree(7));
}

void TestFrameRules::endAtTheLimit()
{
    SKIP_WHERE_UNKNOWN();
    const auto *own = static_cast<const std::uintptr_t *>(__builtin_frame_address(0));
    recurse(5, [&] {
        const auto *inner = static_cast<const std::uintptr_t *>(__builtin_frame_address(0));
        FrameRules rules;
        Frame frame;
        frame.address = inner[1];
        frame.stackPointer = reinterpret_cast<std::uintptr_t>(inner + 2);
        frame.framePointer = inner[0];
        const auto limit = reinterpret_cast<std::uintptr_t>(own);
        int steps = 0;
        while (frame.address != 0) {
            QVERIFY(rules.stepOut(frame, limit));
            ++steps;
        }
        QVERIFY(steps >= 5);
        QVERIFY(frame.stackPointer > limit);
    });
}

void TestFrameRules::knowNothingOfCodeWithoutTables()
{
    SKIP_WHERE_UNKNOWN();
    Walks walks;
    const auto walk = [](void *argument) { static_cast<Walks *>(argument)->walk(); };
    interloopRelay(walk, &walks);
    QVERIFY(walks.agree(1));
    QVERIFY(walks.count() <= 3); // the lambda's one or two, and the function

    FrameRules rules;
    Frame frame;
    std::uintptr_t stack[8] = {};
    frame.stackPointer = reinterpret_cast<std::uintptr_t>(stack);
    for (std::uintptr_t address : {std::uintptr_t(0), std::uintptr_t(1), reinterpret_cast<std::uintptr_t>(stack),
                                   UINTPTR_MAX}) {
        frame.address = address;
        QVERIFY(!rules.stepOut(frame, UINTPTR_MAX));
        QCOMPARE(frame.address, address);
    }
}

void TestFrameRules::knowTheSameAfterClear()
{
    SKIP_WHERE_UNKNOWN();
    Walks walks;
    walks.walk();
    const std::size_t before = walks.count();
    walks.rules.clear();
    walks.walk();
    QVERIFY(walks.agree(4));
    QCOMPARE(walks.count(), before);
}

INTERLOOP_TEST_MAIN(TestFrameRules)
#include "tst_framerules.moc"
