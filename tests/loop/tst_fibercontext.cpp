// SPDX-License-Identifier: MIT
#include <tests/cleanupcheck.h>
#include <tests/testmain.h>

#include <interloop/loop/fences.h>
#include <interloop/loop/fibercontext.h>
#include <interloop/loop/sanitizers.h>

#include <QFile>
#include <QObject>
#include <QTest>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <limits>
#include <new>
#include <random>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace interloop;

class TestFiberContext : public QObject
{
    Q_OBJECT

private slots:
    void initTestCase();

    void startRunsUntilTheParkAndResumeToTheEnd();
    void stacksEndInAnyOrder();
    void parkReturnsToWhoeverResumedLast();
    void eachThreadHasStacksOfItsOwn();

    void handlersOnTwoStacksKeepTheirExceptions();
    void control_handlersOnTwoStacksMixTheirExceptions();
    void startInAHandlerSeesNoException();
    void unwindingOnOneStackIsNotSeenOnAnother();
    void exceptionsKeepToTheirStackInAnyOrder();

    void localsAreFoundOnTheirStack();
    void localsAreFoundWhileAnotherStackRuns();
    void everythingLiesBelowTheBase();
    void highWaterMarkGrowsWithUse();
    void sizeIsRoundedUp_data();
    void sizeIsRoundedUp();
    void impossibleSizeThrows_data();
    void impossibleSizeThrows();
    void tenThousandSuspendedStacksTakeOnePageEach();

    void overflowIsASegmentationFault_data();
    void overflowIsASegmentationFault();
    void misuseEndsTheProgramWithAMessage_data();
    void misuseEndsTheProgramWithAMessage();
};

namespace {

constexpr std::size_t stackSize = 256 * 1024;

// Runs `body` on `context`, until it parks or ends. REQUIRES: it lives until it has ended
template<typename Body>
void start(FiberContext &context, Body &body)
{
    context.start([](void *argument) { (*static_cast<Body *>(argument))(); }, &body);
}

// A process of its own for what may crash: `body` in a child, which exits with what it returns.
class Child
{
public:
    explicit Child(int (*body)())
    {
        std::fflush(nullptr);
        int ends[2];
        if (pipe(ends) != 0)
            return;
        const pid_t child = fork();
        if (child == 0) {
            constexpr rlimit noCore = {0, 0};
            setrlimit(RLIMIT_CORE, &noCore);
            dup2(ends[1], STDERR_FILENO);
            for (const int signal : {SIGSEGV, SIGBUS, SIGABRT, SIGILL}) // Qt Test and sanitizers have handlers
                std::signal(signal, SIG_DFL);
            qInstallMessageHandler(nullptr);
            alarm(20);
            _exit(body());
        }
        close(ends[1]);
        char buffer[4096];
        for (ssize_t size = 0; (size = read(ends[0], buffer, sizeof(buffer))) > 0;)
            m_errors.append(buffer, static_cast<std::size_t>(size));
        close(ends[0]);
        waitpid(child, &m_status, 0);
    }

    int code() const { return WIFEXITED(m_status) ? WEXITSTATUS(m_status) : -1; }
    int signal() const { return WIFSIGNALED(m_status) ? WTERMSIG(m_status) : 0; }
    const std::string &errors() const { return m_errors; }

private:
    int m_status = -1;
    std::string m_errors;
};

int numberOf(const std::exception_ptr &exception)
{
    try {
        if (exception)
            std::rethrow_exception(exception);
    } catch (int number) {
        return number;
    } catch (...) {
    }
    return -1;
}

// A body that waits in a handler, in a destructor during unwinding, and in a handler within a handler.
class Thrower
{
public:
    Thrower(FiberContext &context, int number) : m_context(context), m_number(number) {}

    void operator()()
    {
        expect(!std::current_exception() && std::uncaught_exceptions() == 0);
        try {
            fail();
        } catch (int number) {
            expect(number == m_number);
            m_context.park();
            expect(numberOf(std::current_exception()) == m_number);
            try {
                try {
                    throw m_number + 1'000'000;
                } catch (int) {
                    m_context.park();
                    expect(numberOf(std::current_exception()) == m_number + 1'000'000);
                }
                m_context.park();
                throw;
            } catch (int again) {
                expect(again == m_number);
            }
        }
        expect(!std::current_exception() && std::uncaught_exceptions() == 0);
        m_hasEnded = true;
    }

    int faults() const { return m_faults; }
    bool hasEnded() const { return m_hasEnded; }

private:
    class Parker
    {
    public:
        explicit Parker(Thrower &thrower) : m_thrower(thrower) {}
        ~Parker()
        {
            m_thrower.m_context.park();
            m_thrower.expect(std::uncaught_exceptions() == 1);
        }

    private:
        Thrower &m_thrower;
    };

    void fail()
    {
        const Parker parker(*this);
        throw int(m_number);
    }

    void expect(bool holds) { m_faults += !holds; }

    FiberContext &m_context;
    int m_number;
    int m_faults = 0;
    bool m_hasEnded = false;
};

// The number of faults that `count` throwers saw that went on in random order.
int faultsOfThrowers(int count, unsigned seed)
{
    std::mt19937 random(seed);
    std::vector<std::unique_ptr<FiberContext>> contexts;
    std::vector<std::unique_ptr<Thrower>> throwers;
    std::vector<int> left; // indices of those that have not ended
    int faults = 0;
    for (int i = 0; i < count; ++i) {
        contexts.push_back(std::make_unique<FiberContext>(stackSize));
        throwers.push_back(std::make_unique<Thrower>(*contexts.back(), i));
        left.push_back(i);
        start(*contexts.back(), *throwers.back());
    }
    while (!left.empty()) {
        const std::size_t at = random() % left.size();
        FiberContext &context = *contexts[left[at]];
        context.resume();
        if (context.isIdle())
            left.erase(left.begin() + static_cast<std::ptrdiff_t>(at));
    }
    for (const auto &thrower : throwers)
        faults += thrower->faults() + !thrower->hasEnded();
    return faults;
}

// Two stacks, each in the handler of an exception of its own; the one that came first goes on first.
int faultsOfTwoHandlers()
{
    int faults = 0;
    FiberContext contexts[] = {FiberContext(stackSize), FiberContext(stackSize)};
    const auto handle = [&](int number) {
        try {
            throw int(number);
        } catch (int) {
            contexts[number].park();
            try {
                throw;
            } catch (int seen) {
                faults += seen != number;
            }
        }
        faults += std::current_exception() != nullptr;
    };
    auto first = [&] { handle(0); };
    auto second = [&] { handle(1); };
    start(contexts[0], first);
    start(contexts[1], second);
    contexts[0].resume();
    contexts[1].resume();
    return faults;
}

// Writes over `bytes` of this stack.
[[gnu::noinline]] void useStack(std::size_t bytes)
{
    volatile char *room = static_cast<volatile char *>(__builtin_alloca(bytes));
    for (std::size_t i = 0; i < bytes; i += 64)
        room[i] = 1;
}

[[gnu::noinline]] int recurse(int calls, std::size_t frame)
{
    volatile char *room = static_cast<volatile char *>(__builtin_alloca(frame));
    room[0] = 1; // the lowest byte alone: what lies above is stepped over
    return calls == 0 ? room[0] : recurse(calls - 1, frame) + room[0];
}

// The number after `key` in /proc/self/status, in KiB.
long statusKiB(const char *key)
{
    QFile file(QStringLiteral("/proc/self/status"));
    if (!file.open(QIODevice::ReadOnly))
        return 0;
    const QByteArray text = file.readAll();
    const qsizetype at = text.indexOf(key);
    return at < 0 ? 0 : std::strtol(text.constData() + at + std::strlen(key), nullptr, 10);
}

} // namespace

void TestFiberContext::initTestCase()
{
    if (FiberContext::isBuilt())
        return;
    QVERIFY_THROWS_EXCEPTION(std::bad_alloc, FiberContext context(stackSize));
    QSKIP("built without INTERLOOP_PARKING");
}

void TestFiberContext::startRunsUntilTheParkAndResumeToTheEnd()
{
    FiberContext context(stackSize);
    std::string order;
    auto body = [&] {
        order += "b";
        context.park();
        order += "d";
    };
    QVERIFY(context.isIdle());
    for (int round = 0; round < 3; ++round) {
        order.clear();
        order += "a";
        start(context, body);
        order += "c";
        QVERIFY(!context.isIdle());
        context.resume();
        order += "e";
        QVERIFY(context.isIdle());
        QCOMPARE(order, std::string("abcde"));
    }
}

void TestFiberContext::stacksEndInAnyOrder()
{
    std::string order;
    FiberContext a(stackSize);
    FiberContext b(stackSize);
    FiberContext c(stackSize);
    auto bodyOfA = [&] {
        a.park();
        order += "a";
    };
    auto bodyOfB = [&] {
        b.park();
        order += "b";
    };
    auto bodyOfC = [&] {
        c.park();
        order += "c";
    };
    start(a, bodyOfA);
    start(b, bodyOfB);
    start(c, bodyOfC);
    b.resume();
    a.resume();
    c.resume();
    QCOMPARE(order, std::string("bac"));
}

void TestFiberContext::parkReturnsToWhoeverResumedLast()
{
    std::string order;
    FiberContext inner(stackSize);
    FiberContext outer(stackSize);
    auto innerBody = [&] {
        order += "1";
        inner.park(); // to outer, which started it
        order += "3";
        inner.park(); // to the thread's own stack
        order += "5";
    };
    auto outerBody = [&] {
        start(inner, innerBody);
        order += "2";
        outer.park();
        order += "4";
        inner.resume();
        order += "6";
    };
    start(outer, outerBody);
    inner.resume();
    outer.resume();
    QCOMPARE(order, std::string("123456"));
    QVERIFY(inner.isIdle() && outer.isIdle());
}

void TestFiberContext::eachThreadHasStacksOfItsOwn()
{
    int faults[2] = {-1, -1};
    std::thread first([&] { faults[0] = faultsOfThrowers(20, 1); });
    std::thread second([&] { faults[1] = faultsOfThrowers(20, 2); });
    first.join();
    second.join();
    QCOMPARE(faults[0], 0);
    QCOMPARE(faults[1], 0);
}

void TestFiberContext::handlersOnTwoStacksKeepTheirExceptions()
{
    QCOMPARE(faultsOfTwoHandlers(), 0);
}

void TestFiberContext::control_handlersOnTwoStacksMixTheirExceptions()
{
    const Child fenced(faultsOfTwoHandlers);
    QCOMPARE(fenced.code(), 0);

    const Child naive([] {
        Fences::exceptionState = false;
        return faultsOfTwoHandlers();
    });
    QVERIFY2(naive.code() > 0 || naive.signal() != 0, "it works without the fence");
}

void TestFiberContext::startInAHandlerSeesNoException()
{
    FiberContext context(stackSize);
    bool isSeen = true;
    bool isSeenAgain = true;
    auto body = [&] {
        isSeen = std::current_exception() != nullptr;
        context.park();
        isSeenAgain = std::current_exception() != nullptr;
    };
    int caught = 0;
    try {
        throw 1;
    } catch (int) {
        start(context, body);
        try {
            throw 2;
        } catch (int) {
            context.resume();
        }
        caught = numberOf(std::current_exception());
    }
    QVERIFY(!isSeen);
    QVERIFY(!isSeenAgain);
    QCOMPARE(caught, 1);
    QVERIFY(!std::current_exception());
}

void TestFiberContext::unwindingOnOneStackIsNotSeenOnAnother()
{
    FiberContext context(stackSize);
    Thrower thrower(context, 7);
    start(context, thrower); // parks in a destructor during unwinding
    QCOMPARE(std::uncaught_exceptions(), 0);
    context.resume(); // parks in the handler
    QVERIFY(!std::current_exception());
    while (!context.isIdle())
        context.resume();
    QCOMPARE(thrower.faults(), 0);
}

void TestFiberContext::exceptionsKeepToTheirStackInAnyOrder()
{
    for (unsigned seed = 1; seed <= 20; ++seed)
        QCOMPARE(faultsOfThrowers(50, seed), 0);
}

void TestFiberContext::localsAreFoundOnTheirStack()
{
    const StackBounds own;
    FiberContext context(stackSize);
    FiberContext other(stackSize);
    const int outside = 1;
    const void *ofLocal = nullptr;
    const void *ofOutside = &outside;
    const void *ofLocalElsewhere = &outside;
    const void *ofLocalOnOwn = &outside;
    const void *ofOutsideOnOwn = nullptr;
    auto body = [&] {
        const int local = 2;
        const void *place = &local;
        ofLocal = context.addressOf(place);
        ofLocalElsewhere = other.addressOf(place);
        ofLocalOnOwn = own.addressOf(place);
        ofOutside = context.addressOf(&outside);
        ofOutsideOnOwn = own.addressOf(&outside);
    };
    start(context, body);
    QVERIFY(ofLocal >= context.bounds().lowest() && ofLocal < context.base());
    QCOMPARE(ofLocalElsewhere, static_cast<const void *>(nullptr));
    QCOMPARE(ofLocalOnOwn, static_cast<const void *>(nullptr));
    QCOMPARE(ofOutside, static_cast<const void *>(nullptr));
    QVERIFY(ofOutsideOnOwn);
}

void TestFiberContext::localsAreFoundWhileAnotherStackRuns()
{
    FiberContext context(stackSize);
    FiberContext onTop(stackSize);
    const void *local = nullptr;
    const void *whileOnTop = nullptr;
    auto topBody = [&] {
        whileOnTop = context.addressOf(local);
        onTop.park();
    };
    auto body = [&] {
        const int number = 1;
        local = &number;
        start(onTop, topBody);
        context.park();
    };
    start(context, body);
    QVERIFY(whileOnTop);
    QCOMPARE(context.addressOf(local), whileOnTop); // suspended
    QCOMPARE(onTop.addressOf(local), static_cast<const void *>(nullptr));
    onTop.resume();
    context.resume();
}

void TestFiberContext::everythingLiesBelowTheBase()
{
    FiberContext context(stackSize);
    const char *frame = nullptr;
    auto body = [&] { frame = static_cast<const char *>(__builtin_frame_address(0)); };
    start(context, body);
    const char *base = static_cast<const char *>(context.base());
    const char *highest = static_cast<const char *>(context.bounds().highest());
    qInfo("base: %td bytes below the top, an entry's first frame: %td", highest - base, highest - frame);
    QVERIFY(frame < base && base < highest);
    QCOMPARE(reinterpret_cast<std::uintptr_t>(highest) % static_cast<std::uintptr_t>(getpagesize()), 0U);
    if (!test::isSanitized) // a wait that is parked shall take no more than one page
        QVERIFY(highest - frame < 300);
}

void TestFiberContext::highWaterMarkGrowsWithUse()
{
    FiberContext context(stackSize);
    const auto pageSize = static_cast<std::size_t>(getpagesize());
    QVERIFY(context.highWaterMark() >= pageSize && context.highWaterMark() <= 2 * pageSize);
    for (const std::size_t bytes : {20'000, 100'000, 200'000}) {
        auto body = [bytes] { useStack(bytes); };
        start(context, body);
        QVERIFY(context.highWaterMark() >= bytes && context.highWaterMark() <= bytes + 4 * pageSize);
    }
    auto body = [] {};
    start(context, body);
    QVERIFY(context.highWaterMark() >= 200'000);
}

void TestFiberContext::sizeIsRoundedUp_data()
{
    QTest::addColumn<qulonglong>("size");
    QTest::addColumn<qulonglong>("expected");
    QTest::newRow("nothing") << 0ULL << 16'384ULL;
    QTest::newRow("one byte more than pages") << 65'537ULL << 69'632ULL;
    QTest::newRow("64 KiB") << 65'536ULL << 65'536ULL;
    QTest::newRow("8 MiB") << 8'388'608ULL << 8'388'608ULL;
}

void TestFiberContext::sizeIsRoundedUp()
{
    QFETCH(const qulonglong, size);
    QFETCH(const qulonglong, expected);
    if (getpagesize() != 4096)
        QSKIP("the figures are for pages of 4 KiB");
    FiberContext context(size);
    QCOMPARE(qulonglong(context.bounds().size()), expected);
    const std::size_t used = std::min<std::size_t>(expected / 2, 1'000'000);
    auto body = [&] { useStack(used); };
    start(context, body);
    QVERIFY(context.highWaterMark() >= used);
}

void TestFiberContext::impossibleSizeThrows_data()
{
    QTest::addColumn<qulonglong>("size");
    constexpr qulonglong most = std::numeric_limits<std::size_t>::max();
    QTest::newRow("half of all addresses") << most / 2;
    QTest::newRow("all") << most;
    QTest::newRow("all but a few pages") << most - 3 * 4096;
}

void TestFiberContext::impossibleSizeThrows()
{
    QFETCH(const qulonglong, size);
    QVERIFY_THROWS_EXCEPTION(std::bad_alloc, FiberContext context(size));
}

void TestFiberContext::tenThousandSuspendedStacksTakeOnePageEach()
{
#ifdef INTERLOOP_HAS_TSAN
    constexpr int count = 2'000; // it knows 8,128 threads
#else
    constexpr int count = 10'000;
#endif
    const long residentBefore = statusKiB("VmRSS:");
    const long tablesBefore = statusKiB("VmPTE:");
    std::vector<std::unique_ptr<FiberContext>> contexts;
    int ended = 0;
    auto body = [&] {
        FiberContext &self = *contexts.back();
        self.park();
        ++ended;
    };
    for (int i = 0; i < count; ++i) {
        contexts.push_back(std::make_unique<FiberContext>(1024 * 1024));
        start(*contexts.back(), body);
    }
    const long resident = statusKiB("VmRSS:") - residentBefore;
    const long tables = statusKiB("VmPTE:") - tablesBefore;
    qInfo("%d suspended stacks: %.2f KiB each, and %.2f KiB of page tables", count, double(resident) / count,
          double(tables) / count);
    for (const auto &context : contexts)
        context->resume();
    QCOMPARE(ended, count);
    if (!test::isSanitized)
        QVERIFY2(resident < 5L * count, qPrintable(QString::number(resident)));
}

void TestFiberContext::overflowIsASegmentationFault_data()
{
    QTest::addColumn<int>("frame");
    QTest::newRow("small frames") << 100;
    QTest::newRow("frames of eight pages") << 32'768;
}

void TestFiberContext::overflowIsASegmentationFault()
{
    QFETCH(const int, frame);
    static std::size_t size = 0;
    size = static_cast<std::size_t>(frame);
    const Child child([] {
        FiberContext below(65'536); // or above: neighbours in memory
        FiberContext context(65'536);
        FiberContext above(65'536);
        auto body = [] { recurse(1'000'000, size); };
        start(context, body);
        return 0;
    });
    QCOMPARE(child.signal(), SIGSEGV);
}

void TestFiberContext::misuseEndsTheProgramWithAMessage_data()
{
    using Body = int (*)();
    QTest::addColumn<Body>("body");
    QTest::addColumn<std::string>("message");
    QTest::newRow("freed while suspended") << Body([] {
        FiberContext context(stackSize);
        auto body = [&] { context.park(); };
        start(context, body);
        return 0;
    }) << std::string("a stack was freed while code ran or was suspended on it");
    QTest::newRow("started while suspended") << Body([] {
        FiberContext context(stackSize);
        auto body = [&] { context.park(); };
        start(context, body);
        start(context, body);
        return 0;
    }) << std::string("a stack was started while code ran or was suspended on it");
    QTest::newRow("resumed while idle") << Body([] {
        FiberContext context(stackSize);
        context.resume();
        return 0;
    }) << std::string("a stack was resumed that was not suspended");
    QTest::newRow("parked while idle") << Body([] {
        FiberContext context(stackSize);
        context.park();
        return 0;
    }) << std::string("a stack was parked that did not run");
}

void TestFiberContext::misuseEndsTheProgramWithAMessage()
{
    using Body = int (*)();
    QFETCH(const Body, body);
    QFETCH(const std::string, message);
    const Child child(body);
    QCOMPARE(child.signal(), SIGABRT);
    QVERIFY2(child.errors().find(message) != std::string::npos, child.errors().c_str());
}

INTERLOOP_TEST_MAIN(TestFiberContext)
#include "tst_fibercontext.moc"
