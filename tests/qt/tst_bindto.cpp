// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>
#include <interloop/test/verify.h>
#include <interloop/test/waituntilidle.h>

#include <tests/cleanupcheck.h>
#include <tests/messages.h>
#include <tests/testmain.h>

#include <QPointer>
#include <QThread>

#include <memory>

/*
 * Tasks and slots whose object dies: bindTo() ends their waits, Guarded keeps them from touching what is left.
 */

using namespace interloop;
using namespace interloop::test;
using namespace std::chrono_literals;

static_assert(!std::is_aggregate_v<BoundScope> && !std::is_copy_constructible_v<BoundScope>);
static_assert(!std::is_aggregate_v<Guarded<QObject>> && !std::is_convertible_v<Guarded<QObject>, QObject *>);
static_assert(std::is_same_v<decltype(*Guarded(std::declval<const QTimer *>())), const QTimer &>);

class Source : public QObject
{
    Q_OBJECT

signals:
    void fired();
};

// Whose member functions are seen to be called on it, dead or alive, without touching it.
class Page : public QObject
{
    Q_OBJECT

public:
    static inline int shown = 0;
    void show() const { ++shown; }

    Task<> load(Future<> gate)
    {
        const auto bound = bindTo(this);
        co_await gate;
        show();
    }
};

namespace {

enum class Form { Plain, Nested, Coroutine };

Outcome outcomeOf(const TaskHandle<> &handle)
{
    return tryRunSync(handle).outcome();
}

// How an await of `awaitable` ended, and for whom the cancellation was meant.
template<typename A>
Task<QString> endOf(A awaitable)
{
    QString end = "Value";
    try {
        co_await std::move(awaitable);
    } catch (const Cancelled &cancelled) {
        end = QString::fromLatin1(nameOf(cancelled.outcome()));
        end += cancelled.whom() == Cancelled::Whom::Self ? ", self" : ", awaited";
    }
    co_return end;
}

} // namespace

class TestBindTo : public QObject
{
    Q_OBJECT

private slots:
    void init()
    {
        m_leaks.begin();
        Page::shown = 0;
    }
    void cleanup() { m_leaks.check(); }

    void aTaskEndsWhenItsObjectDies();
    void control_withoutItTheTaskGoesOnWithADeadObject();
    void onlyToTheEndOfTheScope();
    void everyFurtherAwaitThrows();
    void aDeathWithinAStepIsNoticedByTheNextAwait();
    void noObjectCancelsAtOnce();
    void anyOfSeveralObjectsEndsTheTask_data();
    void anyOfSeveralObjectsEndsTheTask();
    void aShieldIsLeftFirst();
    void aBlockingWaitIsReachedAtOnce_data();
    void aBlockingWaitIsReachedAtOnce();
    void slotsMayBeBoundToo_data();
    void slotsMayBeBoundToo();
    void theBodyOfAGeneratorIsBoundNotItsConsumer();
    void outsideATaskAndForOtherThreadsItThrows();

    void aBoundTaskGivesItsResult();
    void aBoundTaskIsCancelledAndTheAwaitingOneGoesOn();
    void aBoundTaskWhoseObjectIsGoneNeverBegins();
    void cancellationsFromOutsideStayWhatTheyAre();

    void guardedGivesAccessWhileTheObjectLives();
    void guardedThrowsWhenItIsGone_data();
    void guardedThrowsWhenItIsGone();

private:
    CleanupCheck m_leaks;
};

void TestBindTo::aTaskEndsWhenItsObjectDies()
{
    const UnhandledErrors errors;
    const LoggedMessages log;
    Future<> gate;
    auto page = std::make_unique<Page>();
    const TaskHandle<> handle = spawn(page->load(gate));
    Page living;
    const TaskHandle<> other = spawn(living.load(gate));
    runSync(waitUntilIdle());
    page.reset();
    gate.setResult(); // too late
    QCOMPARE(outcomeOf(handle), Outcome::ContextDestroyed);
    QVERIFY(handle.isCancelled());
    QCOMPARE(outcomeOf(other), Outcome::Value);
    QCOMPARE(Page::shown, 1);
    QCOMPARE(errors.texts(), QStringList());
    QCOMPARE(log.texts(), QStringList());
}

void TestBindTo::control_withoutItTheTaskGoesOnWithADeadObject()
{
    Future<> gate;
    auto page = std::make_unique<Page>();
    bool wasReached = false;
    bool wasAlive = true;
    const auto load = [&](QPointer<Page> canary) -> Task<> {
        co_await gate;
        wasReached = true; // here m_label->setText() would write into freed memory
        wasAlive = canary;
    };
    const TaskHandle<> handle = spawn(load(page.get()));
    runSync(waitUntilIdle());
    page.reset();
    gate.setResult();
    QCOMPARE(outcomeOf(handle), Outcome::Value);
    QVERIFY(wasReached);
    QVERIFY(!wasAlive);
}

void TestBindTo::onlyToTheEndOfTheScope()
{
    auto object = std::make_unique<QObject>();
    const auto body = [&]() -> Task<> {
        {
            const auto bound = bindTo(object.get());
            co_await yield();
        }
        object.reset();
        co_await yield();
    };
    QCOMPARE(tryRunSync(body()).outcome(), Outcome::Value);
}

void TestBindTo::everyFurtherAwaitThrows()
{
    auto object = std::make_unique<QObject>();
    QStringList ends;
    const auto body = [&]() -> Task<> {
        const auto bound = bindTo(object.get());
        INTERLOOP_VERIFY(!bound.isCancelled());
        for (int i = 0; i < 2; ++i) {
            const QString end = co_await endOf(sleepFor(60s));
            ends += end;
        }
        INTERLOOP_VERIFY(bound.isCancelled());
    };
    const TaskHandle<> handle = spawn(body());
    runSync(waitUntilIdle());
    object.reset();
    QCOMPARE(outcomeOf(handle), Outcome::Value); // as it has swallowed them
    QCOMPARE(ends.join("; "), "ContextDestroyed, self; ContextDestroyed, self");
}

void TestBindTo::aDeathWithinAStepIsNoticedByTheNextAwait()
{
    auto object = std::make_unique<QObject>();
    bool wasReached = false;
    const auto body = [&]() -> Task<> {
        const auto bound = bindTo(object.get());
        co_await yield();
        object.reset(); // itself
        wasReached = true;
        co_await yield();
        INTERLOOP_FAIL("a dead object");
    };
    QCOMPARE(tryRunSync(body()).outcome(), Outcome::ContextDestroyed);
    QVERIFY(wasReached);
}

void TestBindTo::noObjectCancelsAtOnce()
{
    const QPointer<QObject> gone;
    bool wasReached = false;
    const auto body = [&]() -> Task<> {
        const auto bound = bindTo(gone);
        wasReached = true;
        co_await yield();
        INTERLOOP_FAIL("no object");
    };
    QCOMPARE(tryRunSync(body()).outcome(), Outcome::ContextDestroyed);
    QVERIFY(wasReached);
}

void TestBindTo::anyOfSeveralObjectsEndsTheTask_data()
{
    QTest::addColumn<int>("first");
    QTest::addColumn<int>("second");
    for (int first = 0; first < 3; ++first) {
        for (int second = 0; second < 3; ++second)
            QTest::addRow("%d, then %d", first, second) << first << second;
    }
}

void TestBindTo::anyOfSeveralObjectsEndsTheTask()
{
    QFETCH(int, first);
    QFETCH(int, second);
    std::unique_ptr<QObject> objects[] = {std::make_unique<QObject>(), std::make_unique<QObject>(), std::make_unique<QObject>()};
    Future<> gate;
    QStringList ends;
    const auto body = [&]() -> Task<> {
        const auto outer = bindTo(objects[0].get());
        {
            const auto middle = bindTo(objects[1].get());
            auto inner = std::make_unique<BoundScope>(objects[2].get());
            const QString all = co_await endOf(gate);
            ends += all;
            inner.reset();
            const QString two = co_await endOf(yield());
            ends += two;
        }
        const QString one = co_await endOf(yield());
        ends += one;
    };
    const TaskHandle<> handle = spawn(body());
    runSync(waitUntilIdle());
    objects[first].reset();
    objects[second].reset();
    gate.setResult();
    QCOMPARE(outcomeOf(handle), Outcome::Value);
    const auto expected = [&](int bound) {
        return std::min(first, second) < bound ? QString("ContextDestroyed, self") : QString("Value");
    };
    QCOMPARE(ends, QStringList({expected(3), expected(2), expected(1)}));
}

void TestBindTo::aShieldIsLeftFirst()
{
    auto object = std::make_unique<QObject>();
    Future<> gate;
    bool wasSaved = false;
    const auto save = [&]() -> Task<> {
        co_await gate;
        wasSaved = true;
    };
    const auto body = [&]() -> Task<> {
        const auto bound = bindTo(object.get());
        co_await shield(save());
        co_await yield();
        INTERLOOP_FAIL("a dead object");
    };
    const TaskHandle<> handle = spawn(body());
    runSync(waitUntilIdle());
    object.reset();
    runSync(waitUntilIdle());
    QVERIFY(!handle.isDone());
    gate.setResult();
    QCOMPARE(outcomeOf(handle), Outcome::ContextDestroyed);
    QVERIFY(wasSaved);
}

void TestBindTo::aBlockingWaitIsReachedAtOnce_data()
{
    QTest::addColumn<Wait>("wait");
    QTest::newRow("parked, where it is possible") << Wait::Park;
    QTest::newRow("nested") << Wait::Nest;
}

void TestBindTo::aBlockingWaitIsReachedAtOnce()
{
    QFETCH(Wait, wait);
    auto object = std::make_unique<QObject>();
    Outcome inner = Outcome::Value;
    const auto body = [&]() -> Task<> {
        const auto bound = bindTo(object.get());
        inner = tryRunSync(sleepFor(60s), RunOptions().wait(wait)).outcome();
        co_await yield();
        INTERLOOP_FAIL("a dead object");
    };
    const TaskHandle<> handle = spawn(body());
    QTimer::singleShot(5ms, this, [&] { object.reset(); });
    QTRY_VERIFY(handle.isDone());
    QCOMPARE(inner, Outcome::ContextDestroyed);
    QVERIFY(handle.isCancelled());
}

void TestBindTo::slotsMayBeBoundToo_data()
{
    QTest::addColumn<Form>("form");
    QTest::addColumn<bool>("isContext");
    for (const bool isContext : {false, true}) {
        const char *which = isContext ? "its context" : "another object";
        QTest::addRow("plain, %s", which) << Form::Plain << isContext;
        QTest::addRow("nested, %s", which) << Form::Nested << isContext;
        QTest::addRow("coroutine, %s", which) << Form::Coroutine << isContext;
    }
}

void TestBindTo::slotsMayBeBoundToo()
{
    QFETCH(Form, form);
    QFETCH(bool, isContext);
    const UnhandledErrors errors;
    const LoggedMessages log;
    Source source;
    auto object = std::make_unique<QObject>();
    QObject *context = isContext ? object.get() : this;
    int begun = 0;
    int ended = 0;
    Connection connection;
    const auto plain = [&] {
        const auto bound = bindTo(object.get());
        ++begun;
        runSync(sleepFor(60s));
        ++ended;
    };
    const auto coroutine = [&]() -> Task<> {
        const auto bound = bindTo(object.get());
        ++begun;
        co_await sleepFor(60s);
        ++ended;
    };
    if (form == Form::Coroutine)
        connection = interloop::connect(&source, &Source::fired, context, coroutine);
    else
        connection = interloop::connect(&source, &Source::fired, context, plain, Overlap::Drop,
                                        form == Form::Plain ? Wait::Park : Wait::Nest);
    QTimer::singleShot(5ms, this, [&] { object.reset(); });
    emit source.fired();
    QTRY_VERIFY(!connection.isRunning());
    QCOMPARE(begun, 1);
    QCOMPARE(ended, 0);
    QVERIFY(!object);
    QCOMPARE(errors.texts(), QStringList());
    QCOMPARE(log.texts(), QStringList());
    QObject::disconnect(connection);
}

namespace {

AsyncGenerator<int> countWhile(QObject *object)
{
    const auto bound = bindTo(object);
    for (int i = 1;; ++i) {
        co_yield i;
        co_await yield();
    }
}

} // namespace

void TestBindTo::theBodyOfAGeneratorIsBoundNotItsConsumer()
{
    auto object = std::make_unique<QObject>();
    QStringList ends;
    const auto consume = [&]() -> Task<> {
        auto numbers = countWhile(object.get());
        const std::optional<int> first = co_await numbers.next();
        ends += QString::number(first.value_or(-1));
        object.reset();
        const QString between = co_await endOf(yield());
        ends += between;
        const QString next = co_await endOf(numbers.next());
        ends += next;
    };
    QCOMPARE(tryRunSync(consume()).outcome(), Outcome::Value);
    QCOMPARE(ends.join("; "), "1; Value; ContextDestroyed, self");
}

void TestBindTo::outsideATaskAndForOtherThreadsItThrows()
{
    const auto textOf = [](auto function) {
        try {
            function();
        } catch (const std::logic_error &error) {
            return QString(error.what());
        }
        return QString("nothing");
    };
    QObject object;
    const auto bind = [&] { const auto bound = bindTo(&object); };
    QCOMPARE(textOf(bind), "bindTo outside a task");

    // A plain slot on top of a task is not the task.
    QString inner;
    const auto openLoop = [&]() -> Task<> {
        QEventLoop loop;
        QTimer::singleShot(0, &loop, [&] {
            inner = textOf(bind);
            loop.quit();
        });
        loop.exec();
        co_return;
    };
    runSync(openLoop());
    QCOMPARE(inner, "bindTo outside a task");

    QThread thread;
    auto *foreign = new QTimer;
    foreign->moveToThread(&thread);
    const auto work = []() -> Task<> { co_return; };
    QCOMPARE(textOf([&] { runSync(bindTo(foreign, sleepFor(0s))); }), "bindTo: the QTimer lives in another thread");
    const auto body = [&]() -> Task<> {
        const auto bound = bindTo(foreign);
        co_return;
    };
    QCOMPARE(textOf([&] { runSync(body()); }), "bindTo: the QTimer lives in another thread");
    runSync(bindTo(&object, work()));
    thread.start();
    foreign->deleteLater();
    thread.quit();
    QVERIFY(thread.wait());
}

void TestBindTo::aBoundTaskGivesItsResult()
{
    QObject object;
    const auto give = []() -> Task<std::unique_ptr<int>> {
        co_await yield();
        co_return std::make_unique<int>(42);
    };
    QCOMPARE(*runSync(bindTo(&object, give())), 42);
    const TaskHandle<std::unique_ptr<int>> handle = spawn(give());
    QCOMPARE(*runSync(bindTo(&object, handle)), 42);
    const auto fail = []() -> Task<> {
        co_await yield();
        throw std::runtime_error("boom");
    };
    QCOMPARE(tryRunSync(bindTo(&object, fail())).errorString(), "boom");
}

void TestBindTo::aBoundTaskIsCancelledAndTheAwaitingOneGoesOn()
{
    const UnhandledErrors errors;
    auto object = std::make_unique<QObject>();
    QStringList ends;
    const auto body = [&]() -> Task<> {
        auto work = bindTo(object.get(), sleepFor(60s));
        const QString end = co_await endOf(std::move(work));
        ends += end;
        const QString next = co_await endOf(yield());
        ends += next;
    };
    const TaskHandle<> handle = spawn(body());
    const TaskHandle<> bare = spawn(bindTo(object.get(), sleepFor(60s)));
    runSync(waitUntilIdle());
    object.reset();
    QCOMPARE(outcomeOf(handle), Outcome::Value);
    QCOMPARE(ends.join("; "), "ContextDestroyed, awaited; Value");
    QCOMPARE(outcomeOf(bare), Outcome::ContextDestroyed);
    QVERIFY(bare.isCancelled());
    QCOMPARE(errors.texts(), QStringList());
}

void TestBindTo::aBoundTaskWhoseObjectIsGoneNeverBegins()
{
    const LoggedMessages log;
    auto object = std::make_unique<QObject>();
    bool hasBegun = false;
    const auto body = [&]() -> Task<> {
        hasBegun = true;
        co_return;
    };
    const TaskHandle<> handle = spawn(bindTo(object.get(), body()));
    object.reset(); // before it starts
    QCOMPARE(outcomeOf(handle), Outcome::ContextDestroyed);
    QVERIFY(handle.isCancelled());
    QCOMPARE(tryRunSync(bindTo(object.get(), body())).outcome(), Outcome::ContextDestroyed);
    QVERIFY(!hasBegun);
    const TaskHandle<> running = spawn(asTask(sleepFor(60s)));
    QCOMPARE(tryRunSync(bindTo(object.get(), running)).outcome(), Outcome::ContextDestroyed);
    QTRY_VERIFY(running.isCancelled()); // as its awaiter was
    QCOMPARE(log.texts(), QStringList());
}

void TestBindTo::cancellationsFromOutsideStayWhatTheyAre()
{
    auto object = std::make_unique<QObject>();
    QStringList ends;
    const auto body = [&]() -> Task<> {
        CancelScope scope;
        scope.cancel();
        auto both = bindTo(object.get(), sleepFor(60s));
        const QString end = co_await endOf(std::move(both));
        ends += end;
        object.reset();
        auto gone = bindTo(this, sleepFor(60s));
        const QString again = co_await endOf(std::move(gone));
        ends += again;
    };
    runSync(body());
    QCOMPARE(ends.join("; "), "Cancelled, self; Cancelled, self");
    const Result<> result = tryRunSync(bindTo(this, sleepFor(60s)), RunOptions().timeout(1ms));
    QCOMPARE(result.outcome(), Outcome::TimedOut);
}

void TestBindTo::guardedGivesAccessWhileTheObjectLives()
{
    auto page = std::make_unique<Page>();
    const Guarded guarded(page.get());
    const Guarded constant(static_cast<const Page *>(page.get()));
    guarded->show();
    (*constant).show();
    QCOMPARE(Page::shown, 2);
    QVERIFY(guarded);
    QCOMPARE(guarded.data(), page.get());
    const Guarded copy = guarded;
    page.reset();
    QVERIFY(!guarded && !copy && !constant);
    QCOMPARE(copy.data(), nullptr);
    const Guarded<Page> none(nullptr);
    for (const Guarded<Page> &gone : {guarded, copy, none}) {
        try {
            gone->show();
            QFAIL("a dead object");
        } catch (const Cancelled &cancelled) {
            QCOMPARE(cancelled.outcome(), Outcome::ContextDestroyed);
        }
    }
    QCOMPARE(Page::shown, 2);
}

void TestBindTo::guardedThrowsWhenItIsGone_data()
{
    QTest::addColumn<Form>("form");
    QTest::newRow("plain") << Form::Plain;
    QTest::newRow("nested") << Form::Nested;
    QTest::newRow("coroutine") << Form::Coroutine;
}

void TestBindTo::guardedThrowsWhenItIsGone()
{
    QFETCH(Form, form);
    const UnhandledErrors errors;
    const LoggedMessages log;
    Source source;
    auto page = std::make_unique<Page>();
    Future<> gate;
    int reached = 0;
    const auto plain = [&, gate, page = page.get()] {
        const Guarded self(page);
        runSync(gate);
        ++reached;
        self->show();
        ++reached;
    };
    const auto coroutine = [&, gate, page = page.get()]() -> Task<> {
        const Guarded self(page);
        co_await gate;
        ++reached;
        self->show();
        ++reached;
    };
    Connection connection;
    if (form == Form::Coroutine)
        connection = interloop::connect(&source, &Source::fired, this, coroutine);
    else
        connection = interloop::connect(&source, &Source::fired, this, plain, Overlap::Drop,
                                        form == Form::Plain ? Wait::Park : Wait::Nest);
    const TaskHandle<> handle = spawn(coroutine());
    QTimer::singleShot(1, this, [&] {
        page.reset();
        gate.setResult();
    });
    emit source.fired();
    QTRY_VERIFY(!connection.isRunning() && handle.isDone());
    QVERIFY(handle.isCancelled());
    QCOMPARE(reached, 2); // each once: they went on, and stopped at the access
    QCOMPARE(Page::shown, 0);
    QCOMPARE(errors.texts(), QStringList());
    QCOMPARE(log.texts(), QStringList());
    QObject::disconnect(connection);
}

INTERLOOP_TEST_MAIN(TestBindTo)
#include "tst_bindto.moc"
