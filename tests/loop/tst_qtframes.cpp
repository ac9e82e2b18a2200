// SPDX-License-Identifier: MIT
#include <tests/testmain.h>

#include <interloop/loop/fences.h>
#include <interloop/loop/fibercontext.h>
#include <interloop/loop/qtframes.h>

#include <QEventLoop>
#include <QMetaType>
#include <QObject>
#include <QScopeGuard>
#include <QTest>
#include <QTimer>
#include <QVariant>

#include <algorithm>
#include <array>
#include <coroutine>
#include <cstdlib>
#include <dlfcn.h>
#include <functional>
#include <optional>
#include <vector>

using namespace interloop;

extern "C" void interloopRelay(void (*function)(void *), void *argument); // without tables for unwinding

class TestQtFrames : public QObject
{
    Q_OBJECT

private slots:
    void noneInPlainCalls();
    void noneThroughAStdFunction();
    void noneThroughAComparisonOfSort();
    void noneThroughACoroutine();
    void noneThroughACallbackFromC();
    void foundThroughASignal();
    void foundThroughInvokeMethod();
    void foundThroughSendEvent();
    void foundThroughAConversionOfQVariant();
    void foundThroughAnEventFilter();
    void foundThroughProcessEvents();
    void foundWhereverBetweenTheyLie();
    void notFoundBelowTheBaseNorAboveThePosition();
    void pointersToQtsCodeDoNotCount();
    void theQuickLookSeesEachWord();
    void theQuickLookPassesByOtherWords();
    void codeThatIsLoadedLaterCountsFromItsFirstCall();
    void codeThatIsUnloadedCountsNoMore();
    void codeOfOthersThatIsLoadedLaterDoesNotCount();
    void foundBeneathFramesThatCannotBeUnwound();
    void whatLooksLikeOneCountsBeneathFramesThatCannotBeUnwound();
    void rightOnABigStack();
    void rightOnAFiber();
    void rightAboutAFiberThatIsParked();
    void noneWithTheFenceDown();
};

namespace {

using Callback = std::function<void()>;

// A word that looks as if a function of Qt's had called something.
std::uintptr_t wordOfQt()
{
    return reinterpret_cast<std::uintptr_t>(QObject::staticMetaObject.d.static_metacall);
}

// The answer in a callback about the stack down to the call of `through`, which gets the callback.
[[gnu::noinline]] std::optional<bool> answerIn(QtFrames &frames, const std::function<void(const Callback &)> &through)
{
    const void *base = __builtin_frame_address(0);
    std::optional<bool> answer;
    through([&] { answer = frames.areBetween(__builtin_frame_address(0), base); });
    return answer;
}

std::optional<bool> answerIn(const std::function<void(const Callback &)> &through)
{
    QtFrames frames;
    return answerIn(frames, through);
}

class Emitter : public QObject
{
    Q_OBJECT

public:
    Q_INVOKABLE void call() { callback(); }
    bool event(QEvent *event) override
    {
        if (event->type() == QEvent::User)
            callback();
        return QObject::event(event);
    }
    bool eventFilter(QObject *, QEvent *) override
    {
        callback();
        return true;
    }

    Callback callback;

Q_SIGNALS:
    void happened();
};

class Celsius
{
public:
    double degrees = 0;
    const Callback *callback = nullptr;
};

class Kelvin
{
public:
    double degrees = 0;
};

class Coroutine
{
public:
    struct promise_type
    {
        Coroutine get_return_object() { return Coroutine(std::coroutine_handle<promise_type>::from_promise(*this)); }
        std::suspend_always initial_suspend() noexcept { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        void return_void() { }
        void unhandled_exception() { std::abort(); }
    };

    explicit Coroutine(std::coroutine_handle<promise_type> handle) : m_handle(handle) { }
    Coroutine(const Coroutine &) = delete;
    ~Coroutine() { m_handle.destroy(); }
    void resume() { m_handle.resume(); }

private:
    std::coroutine_handle<promise_type> m_handle;
};

Coroutine callInCoroutine(const Callback &callback)
{
    callback();
    co_return;
}

using Relay = void (*)(void (*)(void *), void *);

void callThrough(Relay relay, const Callback &callback)
{
    relay([](void *argument) { (*static_cast<const Callback *>(argument))(); }, const_cast<Callback *>(&callback));
}

// A module with interloopRelay, for as long as it lives.
class Module
{
public:
    explicit Module(const char *path) : m_handle(dlopen(path, RTLD_NOW | RTLD_LOCAL))
    {
        if (!m_handle)
            qFatal("%s", dlerror());
    }
    Module(const Module &) = delete;
    ~Module() { dlclose(m_handle); }
    Relay relay() const { return reinterpret_cast<Relay>(dlsym(m_handle, "interloopRelay")); }

private:
    void *m_handle;
};

// Calls `callback` on top of `count` frames of 1 KiB.
[[gnu::noinline]] void callOnTopOf(int count, const Callback &callback)
{
    volatile char room[1024];
    room[0] = char(count);
    if (count > 0)
        callOnTopOf(count - 1, callback);
    else
        callback();
    room[1] = room[0];
}

// Calls `callback` on top of a frame that holds pointers to Qt's code: really there, also under AddressSanitizer.
[[gnu::noinline, gnu::no_sanitize_address]] void callBesidePointers(const Callback &callback)
{
    volatile std::uintptr_t pointers[] = {wordOfQt(), wordOfQt() + 1, wordOfQt()};
    void (QObject::*volatile member)() = &QObject::deleteLater;
    callback();
    pointers[0] = pointers[1];
    static_cast<void>(member);
}

// Runs `callback` on `fiber` until it parks or ends. REQUIRES: it lives until it has ended
void startOn(FiberContext &fiber, const Callback &callback)
{
    const auto call = [](void *argument) { (*static_cast<const Callback *>(argument))(); };
    fiber.start(call, const_cast<Callback *>(&callback));
}

} // namespace

void TestQtFrames::noneInPlainCalls()
{
    QCOMPARE(answerIn([](const Callback &callback) { callback(); }), false);
    QCOMPARE(answerIn([](const Callback &callback) { callOnTopOf(3, callback); }), false);
}

void TestQtFrames::noneThroughAStdFunction()
{
    QCOMPARE(answerIn([](const Callback &callback) {
        const std::function<void(int)> function = [&](int) { callback(); };
        function(1);
    }), false);
}

void TestQtFrames::noneThroughAComparisonOfSort()
{
    QCOMPARE(answerIn([](const Callback &callback) {
        std::vector<int> numbers {2, 1};
        std::ranges::sort(numbers, [&](int a, int b) {
            callback();
            return a < b;
        });
    }), false);
}

void TestQtFrames::noneThroughACoroutine()
{
    QCOMPARE(answerIn([](const Callback &callback) {
        Coroutine coroutine = callInCoroutine(callback);
        coroutine.resume();
    }), false);
}

void TestQtFrames::noneThroughACallbackFromC()
{
    QCOMPARE(answerIn([](const Callback &callback) {
        static const Callback *present = nullptr;
        present = &callback;
        std::array numbers {2, 1};
        std::qsort(numbers.data(), numbers.size(), sizeof(int), [](const void *, const void *) {
            (*present)();
            return 0;
        });
    }), false);
}

void TestQtFrames::foundThroughASignal()
{
    QCOMPARE(answerIn([](const Callback &callback) {
        Emitter emitter;
        connect(&emitter, &Emitter::happened, callback);
        Q_EMIT emitter.happened();
    }), true);
}

void TestQtFrames::foundThroughInvokeMethod()
{
    QCOMPARE(answerIn([](const Callback &callback) {
        Emitter emitter;
        emitter.callback = callback;
        QMetaObject::invokeMethod(&emitter, "call", Qt::DirectConnection);
    }), true);
    QCOMPARE(answerIn([](const Callback &callback) {
        Emitter emitter;
        QMetaObject::invokeMethod(&emitter, callback, Qt::DirectConnection);
    }), true);
}

void TestQtFrames::foundThroughSendEvent()
{
    QCOMPARE(answerIn([](const Callback &callback) {
        Emitter emitter;
        emitter.callback = callback;
        QEvent event(QEvent::User);
        QCoreApplication::sendEvent(&emitter, &event);
    }), true);
}

void TestQtFrames::foundThroughAConversionOfQVariant()
{
    QMetaType::registerConverter<Celsius, Kelvin>([](const Celsius &from) {
        (*from.callback)();
        return Kelvin {from.degrees + 273.15};
    });
    QCOMPARE(answerIn([](const Callback &callback) {
        const QVariant variant = QVariant::fromValue(Celsius {20, &callback});
        QCOMPARE(variant.value<Kelvin>().degrees, 293.15);
    }), true);
}

void TestQtFrames::foundThroughAnEventFilter()
{
    QCOMPARE(answerIn([](const Callback &callback) {
        QObject watched;
        Emitter filter;
        filter.callback = callback;
        watched.installEventFilter(&filter);
        QEvent event(QEvent::User);
        QCoreApplication::sendEvent(&watched, &event);
        watched.removeEventFilter(&filter);
    }), true);
}

void TestQtFrames::foundThroughProcessEvents()
{
    QCOMPARE(answerIn([](const Callback &callback) {
        QTimer::singleShot(0, callback);
        QEventLoop loop;
        loop.processEvents(QEventLoop::WaitForMoreEvents);
    }), true);
}

void TestQtFrames::foundWhereverBetweenTheyLie()
{
    QCOMPARE(answerIn([](const Callback &callback) {
        Emitter emitter;
        connect(&emitter, &Emitter::happened, [&] { callOnTopOf(5, callback); });
        callOnTopOf(5, [&] { Q_EMIT emitter.happened(); });
    }), true);
}

void TestQtFrames::notFoundBelowTheBaseNorAboveThePosition()
{
    // given: Qt | base | plain frames that look like Qt's | position | Qt | the call
    std::optional<bool> beneath;
    std::optional<bool> onTop;
    std::optional<bool> whole;
    QtFrames frames;
    const void *lowest = __builtin_frame_address(0);
    Emitter emitter;
    connect(&emitter, &Emitter::happened, [&] {
        const void *base = __builtin_frame_address(0);
        callBesidePointers([&] {
            const void *position = __builtin_frame_address(0);
            Emitter upper;
            connect(&upper, &Emitter::happened, [&] {
                beneath = frames.areBetween(position, base);
                onTop = frames.areBetween(__builtin_frame_address(0), position);
                whole = frames.areBetween(position, lowest);
            });
            Q_EMIT upper.happened();
        });
    });

    Q_EMIT emitter.happened();

    QCOMPARE(beneath, false);
    QCOMPARE(onTop, true);
    QCOMPARE(whole, true);
}

void TestQtFrames::pointersToQtsCodeDoNotCount()
{
    QtFrames frames;
    const void *base = __builtin_frame_address(0);
    std::optional<bool> quick;
    std::optional<bool> exact;

    callBesidePointers([&] {
        quick = frames.mayBeBetween(__builtin_frame_address(0), base);
        exact = frames.areBetween(__builtin_frame_address(0), base);
    });

    QCOMPARE(quick, true);
    QCOMPARE(exact, false);
}

void TestQtFrames::theQuickLookSeesEachWord()
{
    QtFrames frames;
    for (std::size_t size = 1; size <= 40; ++size) {
        for (std::size_t i = 0; i < size; ++i) {
            std::vector<std::uintptr_t> words(size + 2);
            words[i + 1] = wordOfQt();
            const std::uintptr_t *begin = words.data() + 1;
            QVERIFY2(frames.mayBeBetween(begin, begin + size), qPrintable(QString::asprintf("%zu of %zu", i, size)));
            QVERIFY2(!frames.mayBeBetween(begin, begin + i), qPrintable(QString::asprintf("below %zu", i)));
            QVERIFY2(!frames.mayBeBetween(begin + i + 1, begin + size), qPrintable(QString::asprintf("above %zu", i)));
        }
    }
}

void TestQtFrames::theQuickLookPassesByOtherWords()
{
    QtFrames frames;
    std::vector<std::uintptr_t> words(1000);
    for (std::size_t i = 0; i + 5 <= words.size(); i += 5) {
        words[i] = reinterpret_cast<std::uintptr_t>(&words[i]);
        words[i + 1] = reinterpret_cast<std::uintptr_t>(&std::qsort);
        words[i + 2] = reinterpret_cast<std::uintptr_t>(&callOnTopOf);
        words[i + 3] = reinterpret_cast<std::uintptr_t>(&QObject::staticMetaObject); // Qt's data
        words[i + 4] = ~wordOfQt();
    }
    QVERIFY(!frames.mayBeBetween(words.data(), words.data() + words.size()));
    QVERIFY(!frames.mayBeBetween(words.data(), words.data()));
}

void TestQtFrames::codeThatIsLoadedLaterCountsFromItsFirstCall()
{
    // given: a look before
    QtFrames frames;
    QCOMPARE(answerIn(frames, [](const Callback &callback) { callback(); }), false);

    const Module module(INTERLOOP_NAMED_AS_QTS);

    QCOMPARE(answerIn(frames, [&](const Callback &callback) { callThrough(module.relay(), callback); }), true);
    QCOMPARE(answerIn(frames, [](const Callback &callback) { callback(); }), false);
}

void TestQtFrames::codeThatIsUnloadedCountsNoMore()
{
    QtFrames frames;
    std::uintptr_t word = 0;
    {
        const Module module(INTERLOOP_NAMED_AS_QTS);
        word = reinterpret_cast<std::uintptr_t>(module.relay());
        QVERIFY(frames.mayBeBetween(&word, &word + 1));
    }
    QVERIFY(!frames.mayBeBetween(&word, &word + 1));
}

void TestQtFrames::codeOfOthersThatIsLoadedLaterDoesNotCount()
{
    const Module module(INTERLOOP_STRANGER);
    QCOMPARE(answerIn([&](const Callback &callback) { callThrough(module.relay(), callback); }), false);
}

void TestQtFrames::foundBeneathFramesThatCannotBeUnwound()
{
    QCOMPARE(answerIn([](const Callback &callback) {
        Emitter emitter;
        connect(&emitter, &Emitter::happened, [&] { callThrough(&interloopRelay, callback); });
        Q_EMIT emitter.happened();
    }), true);
}

void TestQtFrames::whatLooksLikeOneCountsBeneathFramesThatCannotBeUnwound()
{
    QCOMPARE(answerIn([](const Callback &callback) {
        callBesidePointers([&] { callThrough(&interloopRelay, callback); });
    }), true);
    QCOMPARE(answerIn([](const Callback &callback) { // which can be unwound
        const Module module(INTERLOOP_STRANGER);
        callBesidePointers([&] { callThrough(module.relay(), callback); });
    }), false);
}

void TestQtFrames::rightOnABigStack()
{
    QCOMPARE(answerIn([](const Callback &callback) {
        callBesidePointers([&] { callOnTopOf(200, callback); });
    }), false);
    QCOMPARE(answerIn([](const Callback &callback) {
        Emitter emitter;
        connect(&emitter, &Emitter::happened, [&] { callOnTopOf(200, callback); });
        Q_EMIT emitter.happened();
    }), true);
}

void TestQtFrames::rightOnAFiber()
{
    if (!FiberContext::isBuilt())
        QSKIP("built without INTERLOOP_PARKING");
    QtFrames frames;
    FiberContext fiber(256 * 1024);
    std::optional<bool> answer;
    const Callback look = [&] { answer = frames.areBetween(__builtin_frame_address(0), fiber.base()); };

    startOn(fiber, [&] { callBesidePointers(look); });
    QCOMPARE(answer, false);

    Emitter emitter;
    connect(&emitter, &Emitter::happened, look);
    startOn(fiber, [&] { Q_EMIT emitter.happened(); });
    QCOMPARE(answer, true);
}

void TestQtFrames::rightAboutAFiberThatIsParked()
{
    if (!FiberContext::isBuilt())
        QSKIP("built without INTERLOOP_PARKING");
    QtFrames frames;
    FiberContext fiber(256 * 1024);
    const void *position = nullptr;
    const Callback park = [&] {
        position = __builtin_frame_address(0);
        fiber.park();
    };
    Emitter emitter;
    connect(&emitter, &Emitter::happened, park);

    const Callback emitSignal = [&] { Q_EMIT emitter.happened(); };
    startOn(fiber, emitSignal);
    QVERIFY(frames.mayBeBetween(position, fiber.base()));
    QVERIFY(frames.areBetween(position, fiber.base())); // not for this, but safe
    fiber.resume();
    QVERIFY(fiber.isIdle());
}

void TestQtFrames::noneWithTheFenceDown()
{
    const auto up = qScopeGuard([] { Fences::qtFrames = true; });
    Fences::qtFrames = false;
    QCOMPARE(answerIn([](const Callback &callback) {
        Emitter emitter;
        connect(&emitter, &Emitter::happened, callback);
        Q_EMIT emitter.happened();
    }), false);
}

INTERLOOP_TEST_MAIN(TestQtFrames)
#include "tst_qtframes.moc"
