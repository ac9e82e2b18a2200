// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>

#include <tests/cleanupcheck.h>
#include <tests/messages.h>
#include <tests/testmain.h>

using namespace interloop;
using namespace std::chrono_literals;

namespace {

// A value whose every read and whose death are seen; reading a dead one says so, also without a sanitizer.
class Tracked
{
public:
    Tracked(QString text, int *alive) : m_text(std::move(text)), m_alive(alive) { ++*m_alive; }
    Tracked(const Tracked &other) : m_text(other.m_text), m_alive(other.m_alive) { ++*m_alive; }
    Tracked &operator=(const Tracked &) = delete;
    ~Tracked()
    {
        --*m_alive;
        m_text = QStringLiteral("dead");
    }

    const QString &text() const { return m_text; }

private:
    QString m_text;
    int *m_alive;
};

} // namespace

class Source : public QObject
{
    Q_OBJECT

signals:
    void fired();
    void said(const QString &text, int number);
    void gave(const Tracked &tracked);
};

class Receiver : public QObject
{
    Q_OBJECT

public:
    void onSaid(const QString &text, int number) { heard += text + QString::number(number); }
    void onText(const QString &text) { heard += text; }
    void onSaidByCopy(QString text) { heard += text.append('!'); }
    void remembersSender()
    {
        senders += sender();
        runSync(sleepFor(5ms));
        senders += sender();
    }
    Task<> load(QString text)
    {
        co_await sleepFor(1ms);
        heard += text;
    }

    void onFired() const noexcept { ++timesFired; }

    QStringList heard;
    QList<QObject *> senders;
    mutable int timesFired = 0;
};

class TestConnect : public QObject
{
    Q_OBJECT

private slots:
    void init() { m_leaks.begin(); }
    void cleanup() { m_leaks.check(); }

    void plainBodyMayBlock();
    void coroutineBodyStartsAtOnceAndGoesOn();
    void bodiesMayTakeFewerArguments();
    void privateSignals();
    void memberFunctions();
    void senderIsKnownInAPlainBody();
    void dropIgnoresSignalsWhileABodyRuns_data();
    void dropIgnoresSignalsWhileABodyRuns();
    void parallelStartsAnotherBody_data();
    void parallelStartsAnotherBody();
    void cancelEndsTheBodiesAndKeepsTheConnection_data();
    void cancelEndsTheBodiesAndKeepsTheConnection();
    void convertsToQtsConnection();
    void impossibleConnectionsAreFalse();
    void Q11_contextDiesUnderASuspendedBody_data();
    void Q11_contextDiesUnderASuspendedBody();
    void Q11_connectionIsCutUnderASuspendedBody_data();
    void Q11_connectionIsCutUnderASuspendedBody();
    void senderDiesUnderASuspendedBody_data();
    void senderDiesUnderASuspendedBody();
    void contextDiesBeforeAQueuedWaitBegins();
    void exceptionsGoToTheHookWithTheConnectionsName_data();
    void exceptionsGoToTheHookWithTheConnectionsName();
    void withoutAHookTheLogIsTold();
    void cancelledIsSilent();
    void signalsFromARawLibuvCallback();

private:
    test::CleanupCheck m_leaks;
};

namespace {

// What a wait in a body ended with.
class Ends
{
public:
    QStringList texts;

    void note(const Tracked &capture, const Tracked &argument, const QString &how)
    {
        texts += capture.text() + ' ' + argument.text() + ' ' + how;
    }
};

QString named(Outcome outcome)
{
    return QString::fromLatin1(nameOf(outcome));
}

// Connects a body that waits until it is ended, with a tracked capture and a tracked argument; both are looked at
// when the wait has ended.
Connection connectWaiting(bool isCoroutine, Source &source, QObject *context, int &alive, Ends &ends,
                          std::chrono::milliseconds time)
{
    const Tracked capture(QStringLiteral("capture"), &alive);
    if (isCoroutine) {
        return interloop::connect(&source, &Source::gave, context,
                                  [capture, &ends, time](const Tracked &argument) -> Task<> {
                                      QString how = QStringLiteral("Value");
                                      try {
                                          co_await sleepFor(time);
                                      } catch (const Cancelled &cancelled) {
                                          how = named(cancelled.outcome());
                                      }
                                      ends.note(capture, argument, how);
                                  });
    }
    return interloop::connect(&source, &Source::gave, context, [capture, &ends, time](const Tracked &argument) {
        const Result<> result = tryRunSync(sleepFor(time));
        ends.note(capture, argument, named(result.outcome()));
    });
}

void give(Source &source, int &alive)
{
    const Tracked argument(QStringLiteral("argument"), &alive); // dies with this function
    emit source.gave(argument);
}

// Later, from the event loop: so that a plain body is on the stack, waiting.
void soon(std::function<void()> function)
{
    QTimer::singleShot(1, QCoreApplication::instance(), std::move(function));
}

// In which of its two forms a plain body waits here.
bool isParking()
{
    return Bridge::current().isParking();
}

void addBodies()
{
    QTest::addColumn<bool>("isCoroutine");
    QTest::newRow("plain") << false;
    QTest::newRow("coroutine") << true;
}

} // namespace

void TestConnect::plainBodyMayBlock()
{
    Source source;
    QStringList order;
    const Connection connection =
            interloop::connect(&source, &Source::said, this, [&](const QString &text, int number) {
                order += QStringLiteral("begin");
                runSync(sleepFor(5ms));
                order += text + QString::number(number);
            });
    soon([&] { order += QStringLiteral("meanwhile"); });

    emit source.said(QStringLiteral("text"), 1);

    order += QStringLiteral("after");
    QTRY_VERIFY(!connection.isRunning());
    QCOMPARE(order.join(' '), isParking() ? QStringLiteral("begin after meanwhile text1")
                                          : QStringLiteral("begin meanwhile text1 after"));
}

void TestConnect::coroutineBodyStartsAtOnceAndGoesOn()
{
    Source source;
    QStringList order;
    const Connection connection =
            interloop::connect(&source, &Source::said, this, [&](const QString &text, int number) -> Task<> {
                order += QStringLiteral("begin");
                co_await sleepFor(1ms);
                order += text + QString::number(number);
            });

    emit source.said(QStringLiteral("text"), 1);
    order += QStringLiteral("after");
    QVERIFY(connection.isRunning());
    QTRY_VERIFY(!connection.isRunning());

    QCOMPARE(order.join(' '), QStringLiteral("begin after text1"));
}

void TestConnect::bodiesMayTakeFewerArguments()
{
    const FifoOrder fifo;
    Source source;
    QStringList heard;
    interloop::connect(&source, &Source::said, this, [&] { heard += QStringLiteral("none"); });
    interloop::connect(&source, &Source::said, this, [&](const QString &text) { heard += text; });
    interloop::connect(&source, &Source::said, this,
                       [&](QString text, long number) { heard += text.append('+') + QString::number(number); });
    interloop::connect(&source, &Source::said, this,
                       [&](auto... arguments) { heard += QString::number(sizeof...(arguments)); });
    interloop::connect(&source, &Source::said, this, [&]() -> Task<> {
        co_await yield();
        heard += QStringLiteral("task");
    });
    interloop::connect(&source, &Source::said, this, [&](const QString &text) -> Task<> {
        co_await yield();
        heard += text;
    });

    emit source.said(QStringLiteral("text"), 1);

    QTRY_COMPARE(heard.join(' '), QStringLiteral("none text text+1 2 task text"));
}

void TestConnect::privateSignals()
{
    QTimer timer;
    timer.setSingleShot(true);
    int plain = 0;
    int coroutine = 0;
    interloop::connect(&timer, &QTimer::timeout, this, [&] {
        runSync(sleepFor(1ms));
        ++plain;
    });
    interloop::connect(&timer, &QTimer::timeout, this, [&]() -> Task<> {
        co_await sleepFor(1ms);
        ++coroutine;
    });
    timer.start(0);
    QTRY_COMPARE(plain, 1);
    QTRY_COMPARE(coroutine, 1);
}

void TestConnect::memberFunctions()
{
    Source source;
    Receiver receiver;
    interloop::connect(&source, &Source::said, &receiver, &Receiver::onSaid);
    interloop::connect(&source, &Source::said, &receiver, &Receiver::onText);
    interloop::connect(&source, &Source::said, &receiver, &Receiver::onSaidByCopy);
    interloop::connect(&source, &Source::said, &receiver, &Receiver::load);

    emit source.said(QStringLiteral("text"), 1);

    QTRY_COMPARE(receiver.heard.join(' '), QStringLiteral("text1 text text! text"));

    interloop::connect(&source, &Source::fired, &receiver, &Receiver::onFired); // const and noexcept ones too
    emit source.fired();
    QCOMPARE(receiver.timesFired, 1);
}

void TestConnect::senderIsKnownInAPlainBody()
{
    Source source;
    Source other;
    Receiver receiver;
    interloop::connect(&source, &Source::fired, &receiver, &Receiver::remembersSender);
    interloop::connect(&other, &Source::fired, &receiver, &Receiver::remembersSender);
    soon([&] { emit other.fired(); }); // during the first one's wait

    emit source.fired();

    QTRY_COMPARE(receiver.senders.size(), 4);
    const QList<QObject *> nested = {&source, &other, &other, &source};
    const QList<QObject *> parked = {&source, &other, nullptr, nullptr}; // the emitters have gone on
    QCOMPARE(receiver.senders, isParking() ? parked : nested);
}

void TestConnect::dropIgnoresSignalsWhileABodyRuns_data()
{
    addBodies();
}

void TestConnect::dropIgnoresSignalsWhileABodyRuns()
{
    QFETCH(bool, isCoroutine);
    Source source;
    int begun = 0;
    int ended = 0;
    Connection connection;
    if (isCoroutine) {
        connection = interloop::connect(&source, &Source::fired, this, [&]() -> Task<> {
            ++begun;
            co_await sleepFor(10ms);
            ++ended;
        });
    } else {
        connection = interloop::connect(&source, &Source::fired, this, [&] {
            ++begun;
            runSync(sleepFor(10ms));
            ++ended;
        });
    }
    for (int i = 0; i < 3; ++i) {
        soon([&] {
            QVERIFY(connection.isRunning());
            emit source.fired();
        });
    }

    emit source.fired();
    QTRY_VERIFY(!connection.isRunning());
    QCOMPARE(begun, 1);
    QCOMPARE(ended, 1);

    emit source.fired();
    QTRY_COMPARE(ended, 2);
    QCOMPARE(begun, 2);
}

void TestConnect::parallelStartsAnotherBody_data()
{
    addBodies();
}

void TestConnect::parallelStartsAnotherBody()
{
    QFETCH(bool, isCoroutine);
    Source source;
    QStringList order;
    if (isCoroutine) {
        interloop::connect(
                &source, &Source::said, this,
                [&](const QString &text) -> Task<> {
                    order += text + '+';
                    co_await sleepFor(5ms);
                    order += text + '-';
                },
                Overlap::Parallel);
    } else {
        interloop::connect(
                &source, &Source::said, this,
                [&](const QString &text) {
                    order += text + '+';
                    runSync(sleepFor(5ms));
                    order += text + '-';
                },
                Overlap::Parallel);
    }
    soon([&] { emit source.said(QStringLiteral("b"), 0); });

    emit source.said(QStringLiteral("a"), 0);

    QTRY_COMPARE(order.size(), 4);
    // On one stack the first can only return after the second.
    QCOMPARE(order.join(' '),
             isCoroutine || isParking() ? QStringLiteral("a+ b+ a- b-") : QStringLiteral("a+ b+ b- a-"));
}

void TestConnect::cancelEndsTheBodiesAndKeepsTheConnection_data()
{
    addBodies();
}

void TestConnect::cancelEndsTheBodiesAndKeepsTheConnection()
{
    QFETCH(bool, isCoroutine);
    Source source;
    int alive = 0;
    Ends ends;
    Connection connection = connectWaiting(isCoroutine, source, this, alive, ends, 60s);
    QVERIFY(!connection.cancel()); // nothing runs
    bool wasRunning = false;
    soon([&] { wasRunning = connection.cancel(); });

    give(source, alive);
    QTRY_VERIFY(!connection.isRunning());

    QVERIFY(wasRunning);
    QVERIFY(bool(connection));
    QCOMPARE(ends.texts, QStringList(QStringLiteral("capture argument Cancelled")));
    soon([&] { connection.cancel(); });
    give(source, alive);
    QTRY_COMPARE(ends.texts.size(), 2);
    QObject::disconnect(connection);
}

void TestConnect::convertsToQtsConnection()
{
    Source source;
    int count = 0;
    const QMetaObject::Connection connection = interloop::connect(&source, &Source::fired, this, [&] { ++count; });
    QVERIFY(connection);
    emit source.fired();
    QVERIFY(QObject::disconnect(connection));
    emit source.fired();
    QCOMPARE(count, 1);
    QVERIFY(!QObject::disconnect(connection));

    const Connection none;
    QVERIFY(!none);
    QVERIFY(!none.isRunning());
    QVERIFY(!QMetaObject::Connection(none));
}

void TestConnect::impossibleConnectionsAreFalse()
{
    const test::LoggedMessages log;
    Source source;
    const Connection noSender = interloop::connect(static_cast<Source *>(nullptr), &Source::fired, this, [] { });
    const Connection noContext = interloop::connect(&source, &Source::fired, static_cast<QObject *>(nullptr), [] { });
    QVERIFY(!noSender);
    QVERIFY(!noContext);
    QCOMPARE(log.texts().size(), 2); // Qt's own
}

void TestConnect::Q11_contextDiesUnderASuspendedBody_data()
{
    addBodies();
}

void TestConnect::Q11_contextDiesUnderASuspendedBody()
{
    QFETCH(bool, isCoroutine);
    Source source;
    int alive = 0;
    Ends ends;
    auto context = std::make_unique<QObject>();
    const Connection connection = connectWaiting(isCoroutine, source, context.get(), alive, ends, 60s);
    soon([&] {
        context.reset();
        QVERIFY(alive > 0);
    });

    give(source, alive);
    QTRY_COMPARE(ends.texts.size(), 1);

    QCOMPARE(ends.texts.first(), QStringLiteral("capture argument ContextDestroyed"));
    QTRY_VERIFY(!connection.isRunning());
    QTRY_COMPARE(alive, 0); // neither the functor nor the copies outlive the body
    QVERIFY(!connection);
}

void TestConnect::Q11_connectionIsCutUnderASuspendedBody_data()
{
    addBodies();
}

void TestConnect::Q11_connectionIsCutUnderASuspendedBody()
{
    QFETCH(bool, isCoroutine);
    Source source;
    int alive = 0;
    Ends ends;
    const Connection connection = connectWaiting(isCoroutine, source, this, alive, ends, 10ms);
    soon([&] {
        QVERIFY(QObject::disconnect(connection));
        QVERIFY(alive > 0);
    });

    give(source, alive);
    QTRY_COMPARE(ends.texts.size(), 1);

    QCOMPARE(ends.texts.first(), QStringLiteral("capture argument Value")); // what has begun goes on
    QTRY_COMPARE(alive, 0);
}

void TestConnect::senderDiesUnderASuspendedBody_data()
{
    addBodies();
}

void TestConnect::senderDiesUnderASuspendedBody()
{
    QFETCH(bool, isCoroutine);
    auto source = std::make_unique<Source>();
    int alive = 0;
    Ends ends;
    const Connection connection = connectWaiting(isCoroutine, *source, this, alive, ends, 10ms);
    Source &gone = *source;
    if (isCoroutine || isParking()) {
        give(gone, alive);
        source.reset();
    } else {
        // The emitter is still on the stack. Qt lets a sender die in its own signal only by deleteLater or, as here, beneath a queued event.
        soon([&] { source.release()->deleteLater(); });
        soon([&] { QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete); });
        give(gone, alive);
    }
    QTRY_COMPARE(ends.texts.size(), 1);

    QCOMPARE(ends.texts.first(), QStringLiteral("capture argument Value"));
    QTRY_COMPARE(alive, 0);
}

void TestConnect::contextDiesBeforeAQueuedWaitBegins()
{
    // The body itself destroys the context, then waits: the wait ends at once.
    Source source;
    auto context = std::make_unique<QObject>();
    Outcome plain = Outcome::Value;
    interloop::connect(&source, &Source::fired, context.get(), [&] {
        context.reset();
        plain = tryRunSync(sleepFor(60s)).outcome();
    });
    emit source.fired();
    QCOMPARE(plain, Outcome::ContextDestroyed);

    context = std::make_unique<QObject>();
    Outcome coroutine = Outcome::Value;
    interloop::connect(&source, &Source::fired, context.get(), [&]() -> Task<> {
        context.reset();
        try {
            co_await sleepFor(60s);
        } catch (const Cancelled &cancelled) {
            coroutine = cancelled.outcome();
        }
    });
    emit source.fired();
    QTRY_COMPARE(coroutine, Outcome::ContextDestroyed);
}

void TestConnect::exceptionsGoToTheHookWithTheConnectionsName_data()
{
    addBodies();
}

void TestConnect::exceptionsGoToTheHookWithTheConnectionsName()
{
    QFETCH(bool, isCoroutine);
    const test::UnhandledErrors errors;
    const test::LoggedMessages log;
    Source source;
    if (isCoroutine) {
        interloop::connect(&source, &Source::said, this, [](const QString &text) -> Task<> {
            co_await yield();
            throw std::runtime_error(text.toStdString());
        });
    } else {
        interloop::connect(&source, &Source::said, this,
                           [](const QString &text) { throw std::runtime_error(text.toStdString()); });
    }

    emit source.said(QStringLiteral("boom"), 1);
    QTRY_COMPARE(errors.texts().size(), 1);
    emit source.said(QStringLiteral("bang"), 1);
    QTRY_COMPARE(errors.texts().size(), 2);

    const QString name = QStringLiteral("a slot of Source::said(QString,int) threw: ");
    QCOMPARE(errors.texts(), QStringList({name + QStringLiteral("boom"), name + QStringLiteral("bang")}));
    QCOMPARE(log.texts(), QStringList());
}

void TestConnect::withoutAHookTheLogIsTold()
{
    const test::LoggedMessages log;
    Source source;
    interloop::connect(&source, &Source::fired, this, [] { throw std::runtime_error("boom"); });
    emit source.fired();
    QCOMPARE(log.texts(), QStringList(QStringLiteral("a slot of Source::fired() threw: boom")));
}

void TestConnect::cancelledIsSilent()
{
    const test::UnhandledErrors errors;
    const test::LoggedMessages log;
    Source source;
    Connection plain = interloop::connect(&source, &Source::fired, this, [] { runSync(sleepFor(60s)); });
    Connection coroutine =
            interloop::connect(&source, &Source::fired, this, []() -> Task<> { co_await sleepFor(60s); });
    soon([&] { plain.cancel(); });

    emit source.fired(); // nested, the coroutine begins when the plain body has ended
    QTRY_VERIFY(!plain.isRunning());
    QVERIFY(coroutine.cancel());
    QTRY_VERIFY(!coroutine.isRunning());

    QCOMPARE(errors.texts(), QStringList());
    QCOMPARE(log.texts(), QStringList());
}

void TestConnect::signalsFromARawLibuvCallback()
{
    const test::UnhandledErrors errors;
    Source source;
    QStringList heard;
    interloop::connect(&source, &Source::fired, this, [&] { heard += QStringLiteral("plain"); });
    interloop::connect(&source, &Source::fired, this, [&] {
        runSync(yield());
        heard += QStringLiteral("not reached");
    });
    interloop::connect(&source, &Source::fired, this, [&]() -> Task<> {
        heard += QStringLiteral("task");
        co_await sleepFor(1ms);
        heard += QString::number(runSync([]() -> Task<int> { co_return 42; }()));
    });
    static uv_timer_t timer; // outlives its close callback
    uv_timer_init(Bridge::current().uvLoop(), &timer);
    timer.data = &source;
    const auto emitSignal = [](uv_timer_t *timer) {
        auto *source = static_cast<Source *>(timer->data);
        emit source->fired();
        uv_close(reinterpret_cast<uv_handle_t *>(timer), nullptr);
    };
    uv_timer_start(&timer, emitSignal, 1, 0);

    QTRY_COMPARE(heard.join(' '), QStringLiteral("plain task 42"));

    QCOMPARE(errors.texts().size(), 1);
    QVERIFY2(errors.texts().first().startsWith(QStringLiteral("a slot of Source::fired() threw: InsideLibuvCallback")),
             qPrintable(errors.texts().first()));
}

INTERLOOP_TEST_MAIN(TestConnect)
#include "tst_connect.moc"
