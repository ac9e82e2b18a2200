// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>

#include <tests/cleanupcheck.h>
#include <tests/messages.h>
#include <tests/testmain.h>

#include <QPointer>
#include <QThread>

#include <sched.h>

#include <atomic>
#include <semaphore>
#include <thread>

using namespace interloop;
using namespace std::chrono_literals;

class Emitter : public QObject
{
    Q_OBJECT

public:
    using QObject::QObject;

    void mark() { emit marked(QPrivateSignal()); }
    void markWith(int number) { emit markedWith(number, QPrivateSignal()); }
    bool isConnected() const
    {
        return isSignalConnected(QMetaMethod::fromSignal(&Emitter::fired))
                || isSignalConnected(QMetaMethod::fromSignal(&Emitter::numbered));
    }

signals:
    void fired();
    void said(const QString &text);
    void numbered(int number);
    void gave(const QString &text, int number);
    void marked(QPrivateSignal);
    void markedWith(int number, QPrivateSignal);
};

class DerivedEmitter : public Emitter
{
    Q_OBJECT
};

// Emits as soon as somebody listens.
class EagerEmitter : public Emitter
{
    Q_OBJECT

protected:
    void connectNotify(const QMetaMethod &) override { emit numbered(7); }
};

// Says how often it was copied, and can fail in it.
class Fragile
{
public:
    Fragile() = default;
    Fragile(const Fragile &)
    {
        if (isBroken)
            throw std::runtime_error("no copy");
    }
    Fragile &operator=(const Fragile &) = default;

    static inline bool isBroken = false;
};

class FragileEmitter : public QObject
{
    Q_OBJECT

signals:
    void gave(const Fragile &value);
};

class TestSignal : public QObject
{
    Q_OBJECT

private slots:
    void init() { m_leaks.begin(); }
    void cleanup() { m_leaks.check(); }

    void resultIsWhatTheSignalCarries();
    void connectsWhenAwaitedAndDisconnectsWhenOver();
    void goesOnAfterTheEmitterHasReturned();
    void oneAwaitTakesOneEmission();
    void senderMayEmitWhenItIsConnectedTo();
    void failingCopiesReachTheAwaiter();
    void combinatorsTakeIt();
    void plainSlotsAndConnectBodiesMayWaitForIt();
    void signalsFromARawLibuvCallback();
    void Q03_awaitedSenderDies_data();
    void Q03_awaitedSenderDies();
    void Q03_bareEventLoopWaitsForADeadSender();
    void senderDiesInItsOwnEmission();
    void emissionThatCameBeforeTheDeathWins();
    void destroyedIsASignalLikeOthers();
    void whoeverDisconnectsEndsTheWait_data();
    void whoeverDisconnectsEndsTheWait();
    void cancelDisconnectsAtOnce();
    void emissionThatCameBeforeTheCancelWins();
    void senderInAnotherThread();
    void senderDiesInAnotherThread();
    void exactlyOneOutcomeAcrossThreads();
    void anEmissionUnderWayReachesNoWaitThatIsOver();
    void waitsAreNamed();

    void sequenceListensFromTheCallOn();
    void sequenceKeepsUpToItsCapacity();
    void sequenceEndsWithItsSender();
    void sequenceEndsWhenItIsClosed();
    void sequenceLosesNothingToACancel();
    void sequenceFromAnotherThread();
    void tenThousandSignalsASecond_data();
    void tenThousandSignalsASecond();

private:
    test::CleanupCheck m_leaks;
};

namespace {

// In a turn of the loop: tasks that were spawned before, or are spawned by the caller's wait, are waiting by then.
void soon(std::function<void()> function)
{
    Bridge &bridge = Bridge::current();
    bridge.post([&bridge, function = std::move(function)] { bridge.post(function); });
}

// How an await ended: its value, or its error's text.
template<Awaitable A>
Task<QString> endOf(A awaitable)
{
    QString end;
    try {
        if constexpr (std::is_void_v<AwaitResult<A>>) {
            co_await forAwait(awaitable);
            end = QStringLiteral("value");
        } else {
            const AwaitResult<A> value = co_await forAwait(awaitable);
            end = QStringLiteral("value ") + QVariant::fromValue(value).toString();
        }
    } catch (const SenderDestroyed &error) {
        end = QStringLiteral("SenderDestroyed ") + QString::fromUtf8(error.what());
    } catch (const std::runtime_error &error) {
        end = QStringLiteral("error ") + QString::fromUtf8(error.what());
    } catch (const Cancelled &cancelled) {
        end = QString::fromLatin1(nameOf(cancelled.outcome()));
    }
    co_return end;
}

} // namespace

void TestSignal::resultIsWhatTheSignalCarries()
{
    DerivedEmitter emitter;

    soon([&] { emit emitter.fired(); });
    static_assert(std::is_void_v<decltype(runSync(signalOf(&emitter, &Emitter::fired)))>);
    runSync(signalOf(&emitter, &DerivedEmitter::fired));

    soon([&] { emit emitter.said(QStringLiteral("text")); });
    static_assert(std::is_same_v<decltype(runSync(signalOf(&emitter, &Emitter::said))), QString>);
    QCOMPARE(runSync(signalOf(&emitter, &Emitter::said)), QStringLiteral("text"));

    soon([&] { emit emitter.gave(QStringLiteral("text"), 2); });
    const auto [text, number] = runSync(signalOf(&emitter, &Emitter::gave));
    static_assert(std::is_same_v<decltype(text), const QString>);
    QCOMPARE(text, QStringLiteral("text"));
    QCOMPARE(number, 2);

    // Qt 6.4's moc cannot write a noexcept signal, but others can be.
    static_assert(std::is_same_v<SignalParts<void (Emitter::*)(int) noexcept>::Value, int>);

    soon([&] { emitter.mark(); });
    static_assert(std::is_void_v<decltype(runSync(signalOf(&emitter, &Emitter::marked)))>);
    runSync(signalOf(&emitter, &Emitter::marked));

    soon([&] { emitter.markWith(4); });
    QCOMPARE(runSync(signalOf(&emitter, &Emitter::markedWith)), 4);

    QTimer timer;
    timer.start(1ms);
    runSync(signalOf(&timer, &QTimer::timeout));

    static_assert(!std::is_aggregate_v<SignalOf<decltype(&Emitter::gave)>>);
    static_assert(!std::is_aggregate_v<SignalAwaiter<decltype(&Emitter::gave)>>);
}

void TestSignal::connectsWhenAwaitedAndDisconnectsWhenOver()
{
    Emitter emitter;
    auto next = signalOf(&emitter, &Emitter::numbered);
    QVERIFY(!emitter.isConnected());
    emit emitter.numbered(1); // nobody listens

    const auto handle = spawn(endOf(next));
    QVERIFY(!emitter.isConnected());
    soon([&] {
        QVERIFY(emitter.isConnected());
        emit emitter.numbered(2);
        QVERIFY(!emitter.isConnected());
    });

    QCOMPARE(runSync(handle), QStringLiteral("value 2"));
    soon([&] { emit emitter.numbered(3); });
    QCOMPARE(runSync(next), 3); // and again
    QVERIFY(!emitter.isConnected());
}

void TestSignal::goesOnAfterTheEmitterHasReturned()
{
    Emitter emitter;
    QStringList order;
    const auto note = [](Emitter &emitter, QStringList &order) -> Task<> {
        co_await signalOf(&emitter, &Emitter::fired);
        order += QStringLiteral("resumed");
    };
    const auto handle = spawn(note(emitter, order));
    soon([&] {
        emit emitter.fired();
        order += QStringLiteral("emitted");
        runSync(yield());
        order += QStringLiteral("waited");
    });

    runSync(handle);

    QTRY_COMPARE(order.size(), 3);
    QCOMPARE(order.first(), QStringLiteral("emitted"));
}

void TestSignal::oneAwaitTakesOneEmission()
{
    Emitter emitter;
    const auto handle = spawn(endOf(signalOf(&emitter, &Emitter::numbered)));
    const auto other = spawn(endOf(signalOf(&emitter, &Emitter::numbered)));
    soon([&] {
        emit emitter.numbered(1);
        emit emitter.numbered(2);
    });

    QCOMPARE(runSync(handle), QStringLiteral("value 1"));
    QCOMPARE(runSync(other), QStringLiteral("value 1"));
}

void TestSignal::senderMayEmitWhenItIsConnectedTo()
{
    EagerEmitter emitter;
    QCOMPARE(runSync(signalOf(&emitter, &Emitter::numbered)), 7);
    QVERIFY(!emitter.isConnected());
}

void TestSignal::failingCopiesReachTheAwaiter()
{
    FragileEmitter emitter;
    const auto gives = [&emitter] {
        const Fragile value;
        Fragile::isBroken = true;
        emit emitter.gave(value);
        Fragile::isBroken = false;
    };
    const auto errorOfWait = [&emitter] {
        return QString::fromStdString(tryRunSync(signalOf(&emitter, &FragileEmitter::gave)).errorString());
    };
    soon(gives);
    QCOMPARE(errorOfWait(), QStringLiteral("no copy"));

    std::thread other; // and from there
    soon([&] { other = std::thread(gives); });
    QCOMPARE(errorOfWait(), QStringLiteral("no copy"));
    other.join();
}

void TestSignal::combinatorsTakeIt()
{
    Emitter emitter;
    Emitter other;

    soon([&] { emit emitter.numbered(1); });
    soon([&] { emit other.numbered(2); });
    const auto both = runSync(gather(signalOf(&emitter, &Emitter::numbered), signalOf(&other, &Emitter::numbered)));
    QCOMPARE(std::get<0>(both) + std::get<1>(both), 3);

    soon([&] { emit other.numbered(3); });
    const auto first = runSync(race(signalOf(&emitter, &Emitter::fired), signalOf(&other, &Emitter::numbered)));
    QCOMPARE(first.index(), 1u);
    QCOMPARE(std::get<1>(first), 3);
    QVERIFY(!emitter.isConnected());

    QVERIFY_THROWS_EXCEPTION(TimeoutError, runSync(withTimeout(5ms, signalOf(&emitter, &Emitter::fired))));
    QVERIFY(!emitter.isConnected());
    QCOMPARE(tryRunSync(signalOf(&emitter, &Emitter::fired), RunOptions().timeout(5ms)).outcome(), Outcome::TimedOut);
    QVERIFY(!emitter.isConnected());

    const TaskHandle<int> handle = spawn(asTask(signalOf(&emitter, &Emitter::numbered)));
    soon([&] { emit emitter.numbered(5); });
    QCOMPARE(runSync(handle), 5);
}

void TestSignal::plainSlotsAndConnectBodiesMayWaitForIt()
{
    Emitter emitter;
    QStringList got;
    QObject::connect(&emitter, &Emitter::fired, this, [&] {
        soon([&] { emit emitter.said(QStringLiteral("plain")); });
        got += runSync(signalOf(&emitter, &Emitter::said));
    });
    emit emitter.fired();
    QCOMPARE(got, QStringList(QStringLiteral("plain")));
    emitter.disconnect();

    const auto saySoon = [&] { QTimer::singleShot(1, this, [&] { emit emitter.said(QStringLiteral("later")); }); };
    const Connection blocking = interloop::connect(&emitter, &Emitter::fired, this, [&] {
        got += runSync(signalOf(&emitter, &Emitter::said));
    });
    saySoon();
    emit emitter.fired();
    QTRY_VERIFY(!blocking.isRunning());
    emitter.disconnect();
    const Connection awaiting = interloop::connect(&emitter, &Emitter::fired, this, [&]() -> Task<> {
        const QString text = co_await signalOf(&emitter, &Emitter::said);
        got += text;
    });
    saySoon();
    emit emitter.fired();
    QTRY_VERIFY(!awaiting.isRunning());
    QCOMPARE(got.join(' '), QStringLiteral("plain later later"));
}

void TestSignal::signalsFromARawLibuvCallback()
{
    auto *emitter = new Emitter;
    Emitter living;
    QStringList order;
    class Work
    {
    public:
        Emitter *doomed;
        Emitter *living;
        QStringList *order;
    };
    Work work{emitter, &living, &order};
    uv_timer_t timer;
    uv_timer_init(Bridge::current().uvLoop(), &timer);
    timer.data = &work;
    const auto note = [](Emitter &emitter, QStringList &order) -> Task<> {
        co_await signalOf(&emitter, &Emitter::fired);
        order += QStringLiteral("resumed");
    };
    const auto resumed = spawn(note(living, order));
    const auto failed = spawn(endOf(signalOf(emitter, &Emitter::fired)));
    uv_timer_start(&timer, [](uv_timer_t *timer) {
        const auto &work = *static_cast<Work *>(timer->data);
        emit work.living->fired();
        delete work.doomed;
        *work.order += QStringLiteral("callback");
    }, 1, 0);

    runSync(resumed);

    QCOMPARE(order.join(' '), QStringLiteral("callback resumed"));
    QCOMPARE(runSync(failed), QStringLiteral("SenderDestroyed Emitter::fired(): the sender was destroyed"));
    uv_close(reinterpret_cast<uv_handle_t *>(&timer), nullptr);
    QTRY_COMPARE(m_leaks.handleCount(), 1);
}

void TestSignal::Q03_awaitedSenderDies_data()
{
    QTest::addColumn<int>("when");
    QTest::addColumn<QString>("end");
    const QString destroyed = QStringLiteral("SenderDestroyed Emitter::numbered(int) of 'meter': the sender was destroyed");
    QTest::newRow("null") << 0 << QStringLiteral("SenderDestroyed Emitter::numbered(int): there is no sender");
    QTest::newRow("before the await") << 1 << destroyed;
    QTest::newRow("waiting") << 2 << destroyed;
    QTest::newRow("waiting, deleteLater") << 3 << destroyed;
    QTest::newRow("in its destroyed()") << 4 << destroyed;
    QTest::newRow("while its children die") << 5 << destroyed;
    QTest::newRow("a timer") << 6 << QStringLiteral("SenderDestroyed QTimer::timeout() of 'clock': the sender was destroyed");
}

void TestSignal::Q03_awaitedSenderDies()
{
    QFETCH(int, when);
    QFETCH(QString, end);
    QPointer<Emitter> emitter = when == 0 ? nullptr : new Emitter;
    if (emitter)
        emitter->setObjectName(QStringLiteral("meter"));
    TaskHandle<QString> handle;
    const auto await = [&handle](Emitter *emitter) { handle = spawn(endOf(signalOf(emitter, &Emitter::numbered))); };
    switch (when) {
    case 0:
        await(emitter);
        break;
    case 1:
        await(emitter); // spawn only schedules
        delete emitter;
        break;
    case 2:
        await(emitter);
        soon([&] { delete emitter; });
        break;
    case 3:
        await(emitter);
        soon([&] { emitter->deleteLater(); });
        break;
    case 4:
        QObject::connect(emitter, &QObject::destroyed, this, [&, dying = emitter.data()] { await(dying); });
        delete emitter;
        break;
    case 5: { // Qt has ended the connections by then, and would keep a new one for ever
        auto *child = new QObject(emitter);
        QObject::connect(child, &QObject::destroyed, this, [&, dying = emitter.data()] { await(dying); });
        delete emitter;
        break;
    }
    case 6: {
        auto *timer = new QTimer;
        timer->setObjectName(QStringLiteral("clock"));
        timer->start(1h);
        handle = spawn(endOf(signalOf(timer, &QTimer::timeout)));
        soon([timer] { delete timer; });
        delete emitter;
        break;
    }
    }

    QCOMPARE(runSync(handle, RunOptions().timeout(5s)), end);
    delete emitter;
}

void TestSignal::Q03_bareEventLoopWaitsForADeadSender()
{
    auto *emitter = new Emitter;
    QEventLoop loop;
    QObject::connect(emitter, &Emitter::fired, &loop, &QEventLoop::quit);
    bool isHanging = false;
    QTimer::singleShot(0, this, [emitter] { delete emitter; });
    QTimer::singleShot(100, this, [&] {
        isHanging = loop.isRunning();
        loop.quit();
    });
    loop.exec();
    QVERIFY(isHanging);
}

void TestSignal::senderDiesInItsOwnEmission()
{
    auto *emitter = new Emitter;
    QObject::connect(emitter, &Emitter::fired, this, [emitter] { delete emitter; });
    const auto handle = spawn(endOf(signalOf(emitter, &Emitter::fired))); // its slot would come after that one
    soon([emitter] { emit emitter->fired(); });
    QCOMPARE(runSync(handle), QStringLiteral("SenderDestroyed Emitter::fired(): the sender was destroyed"));
}

void TestSignal::emissionThatCameBeforeTheDeathWins()
{
    auto *emitter = new Emitter;
    const auto handle = spawn(endOf(signalOf(emitter, &Emitter::numbered)));
    soon([emitter] {
        emit emitter->numbered(1);
        delete emitter;
    });
    QCOMPARE(runSync(handle), QStringLiteral("value 1"));
}

void TestSignal::destroyedIsASignalLikeOthers()
{
    auto *emitter = new Emitter;
    QObject *const address = emitter;
    soon([emitter] { delete emitter; });
    QCOMPARE(runSync(signalOf(emitter, &QObject::destroyed)), address);
}

void TestSignal::whoeverDisconnectsEndsTheWait_data()
{
    QTest::addColumn<int>("how");
    QTest::newRow("all") << 0;
    QTest::newRow("the signal") << 1;
    QTest::newRow("in an emission, before its turn") << 2;
}

void TestSignal::whoeverDisconnectsEndsTheWait()
{
    QFETCH(int, how);
    Emitter emitter;
    if (how == 2)
        QObject::connect(&emitter, &Emitter::fired, this, [&] { emitter.disconnect(); });
    const auto handle = spawn(endOf(signalOf(&emitter, &Emitter::fired)));
    soon([&] {
        if (how == 0)
            emitter.disconnect();
        else if (how == 1)
            QObject::disconnect(&emitter, &Emitter::fired, nullptr, nullptr);
        else
            emit emitter.fired();
    });
    QCOMPARE(runSync(handle, RunOptions().timeout(5s)),
             QStringLiteral("error Emitter::fired(): the connection was cut while a task waited for it"));
}

void TestSignal::cancelDisconnectsAtOnce()
{
    Emitter emitter;
    const auto unstarted = spawn(endOf(signalOf(&emitter, &Emitter::fired)));
    unstarted.cancel();
    QVERIFY(!tryRunSync(unstarted));
    QVERIFY(!emitter.isConnected());

    const auto waiting = spawn(endOf(signalOf(&emitter, &Emitter::fired)));
    soon([&] {
        QVERIFY(emitter.isConnected());
        waiting.cancel();
        QVERIFY(!emitter.isConnected());
        emit emitter.fired();
    });
    QCOMPARE(runSync(waiting), QStringLiteral("Cancelled"));
}

void TestSignal::emissionThatCameBeforeTheCancelWins()
{
    Emitter emitter;
    const TaskHandle<int> handle = spawn(asTask(signalOf(&emitter, &Emitter::numbered)));
    soon([&] {
        emit emitter.numbered(1);
        handle.cancel();
    });
    QCOMPARE(runSync(handle), 1);
}

void TestSignal::senderInAnotherThread()
{
    // Sender there, emission there.
    QThread thread;
    Emitter emitter;
    emitter.moveToThread(&thread);
    thread.start();
    const auto handle = spawn(endOf(signalOf(&emitter, &Emitter::numbered)));
    soon([&] {
        QMetaObject::invokeMethod(&emitter, [&] {
            for (int i = 1; i <= 100; ++i)
                emit emitter.numbered(i);
        });
    });
    QCOMPARE(runSync(handle), QStringLiteral("value 1"));

    // Sender there, emission here; sender here, emission there.
    soon([&] { emit emitter.gave(QStringLiteral("here"), 1); });
    QCOMPARE(std::get<0>(runSync(signalOf(&emitter, &Emitter::gave))), QStringLiteral("here"));
    Emitter local;
    soon([&] { QMetaObject::invokeMethod(&emitter, [&] { emit local.said(QStringLiteral("there")); }); });
    QCOMPARE(runSync(signalOf(&local, &Emitter::said)), QStringLiteral("there"));

    // A plain thread that waits.
    QString got;
    std::atomic<bool> isWaiting = false;
    std::thread waiter([&] {
        got = runSync(race(signalOf(&emitter, &Emitter::said), [](std::atomic<bool> &isWaiting) -> Task<> {
                          isWaiting = true;
                          co_await sleepFor(10s);
                      }(isWaiting))).index() == 0 ? QStringLiteral("said") : QStringLiteral("nothing");
    });
    QTRY_VERIFY(isWaiting);
    emit emitter.said(QString());
    waiter.join();
    QCOMPARE(got, QStringLiteral("said"));

    thread.quit();
    thread.wait();
}

void TestSignal::senderDiesInAnotherThread()
{
    QThread thread;
    thread.start();
    auto *emitter = new Emitter;
    emitter->moveToThread(&thread);
    const auto handle = spawn(endOf(signalOf(emitter, &Emitter::fired)));
    soon([emitter] { emitter->deleteLater(); });
    QCOMPARE(runSync(handle), QStringLiteral("SenderDestroyed Emitter::fired(): the sender was destroyed"));

    auto *worker = new Emitter; // dies with its thread
    worker->moveToThread(&thread);
    QObject::connect(&thread, &QThread::finished, worker, &QObject::deleteLater);
    const auto other = spawn(endOf(signalOf(worker, &Emitter::fired)));
    soon([&] { thread.quit(); });
    QCOMPARE(runSync(other), QStringLiteral("SenderDestroyed Emitter::fired(): the sender was destroyed"));
    thread.wait();
}

// A sender in another thread emits (or not) and dies at once, while the wait is begun, going on, or being cancelled.
void TestSignal::exactlyOneOutcomeAcrossThreads()
{
    QThread thread;
    QObject context;
    context.moveToThread(&thread);
    thread.start();
    int values = 0;
    int deaths = 0;
    int cancels = 0;
    const int rounds = test::isSanitized ? 300 : 2000;
    for (int i = 0; i < rounds; ++i) {
        auto *emitter = new Emitter;
        emitter->moveToThread(&thread);
        std::atomic<bool> isConnected = false;
        std::binary_semaphore hasDied(0);
        QMetaObject::invokeMethod(&context, [emitter, i, &isConnected, &hasDied] {
            while (!isConnected)
                std::this_thread::yield();
            if (i % 2 == 0)
                emit emitter->numbered(i);
            delete emitter;
            hasDied.release();
        });
        const auto handle = spawn(endOf(signalOf(emitter, &Emitter::numbered)));
        soon([&, i] {
            isConnected = true;
            if (i % 3 != 0)
                return;
            std::atomic<int> spins = i % 50 * 20; // so that the cancel comes earlier or later
            while (spins-- > 0) {
            }
            handle.cancel();
        });
        const Result<QString> result = tryRunSync(handle, RunOptions().timeout(5s));
        hasDied.acquire(); // a cancelled wait does not wait for it
        const QString end = result ? result.value() : QString::fromLatin1(nameOf(result.outcome()));
        if (end == QStringLiteral("value ") + QString::number(i) && i % 2 == 0)
            ++values;
        else if (end.startsWith(QStringLiteral("SenderDestroyed")) && i % 2 != 0)
            ++deaths;
        else if (end == QStringLiteral("Cancelled") && i % 3 == 0)
            ++cancels;
        else
            QFAIL(qPrintable(QString::number(i) + QStringLiteral(": ") + end));
    }
    QCOMPARE(values + deaths + cancels, rounds);
    QVERIFY(values >= rounds / 3);
    QVERIFY(deaths >= rounds / 3);
    thread.quit();
    thread.wait();
}

namespace {

// Says when its own thread disconnects one of its signals, as an emission that is to be the only one does.
class Disconnected final : public Emitter
{
public:
    std::binary_semaphore isDisconnected{0};

private:
    void disconnectNotify(const QMetaMethod &) override
    {
        if (QThread::currentThread() == thread())
            isDisconnected.release();
    }
};

// Events that carry a queued emission, of all objects of the main thread.
class QueuedEmissions final : public QObject
{
public:
    QueuedEmissions() { QCoreApplication::instance()->installEventFilter(this); }
    int count = 0;

private:
    bool eventFilter(QObject *, QEvent *event) override
    {
        count += event->type() == QEvent::MetaCall;
        return false;
    }
};

// While it lives, this thread and the threads that it starts share one processor.
class OneProcessor
{
public:
    OneProcessor()
    {
        sched_getaffinity(0, sizeof(m_before), &m_before);
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(sched_getcpu(), &one);
        sched_setaffinity(0, sizeof(one), &one);
    }
    ~OneProcessor() { sched_setaffinity(0, sizeof(m_before), &m_before); }
    OneProcessor(const OneProcessor &) = delete;
    OneProcessor &operator=(const OneProcessor &) = delete;

private:
    cpu_set_t m_before;
};

} // namespace

// The emitting thread has idle priority: it stands still, wherever in its emission it is, as soon as this one can go on,
// as when Qt gives up the lock for which this one waits to destroy the receiver. A queued single shot of Qt 6.4's is posted
// to that all the same.
void TestSignal::anEmissionUnderWayReachesNoWaitThatIsOver()
{
    const OneProcessor one;
    QThread thread;
    Disconnected emitter;
    emitter.moveToThread(&thread);
    thread.start();
    QMetaObject::invokeMethod(&emitter, [] {
        const sched_param none = {};
        sched_setscheduler(0, SCHED_IDLE, &none);
    });
    QueuedEmissions queued;
    QElapsedTimer time;
    time.start();
    for (int i = 0; i < 500 && time.elapsed() < 1000; ++i) { // on a busy machine an idle thread waits long
        const auto handle = spawn(endOf(signalOf(&emitter, &Emitter::numbered)));
        runSync(yield());
        std::atomic<bool> hasEmitted = false;
        QMetaObject::invokeMethod(&emitter, [&] {
            emit emitter.numbered(1);
            hasEmitted = true;
            hasEmitted.notify_one();
        });
        emitter.isDisconnected.acquire();
        handle.cancel();
        hasEmitted.wait(false);
        queued.count = 0;
        QCOMPARE(runSync(handle), QStringLiteral("Cancelled"));
        QCoreApplication::processEvents();
        QCOMPARE(queued.count, 0);
    }
    thread.quit();
    thread.wait();
}

void TestSignal::waitsAreNamed()
{
    Emitter emitter;
    emitter.setObjectName(QStringLiteral("meter"));
    const auto handle = spawn(endOf(signalOf(&emitter, &Emitter::fired)), "reader");
    runSync(yield());
    runSync(yield());
    QVERIFY2(QString::fromStdString(dumpTasks()).contains(QStringLiteral("signal Emitter::fired() of 'meter'")),
             dumpTasks().c_str());
    handle.cancel();
    static_cast<void>(tryRunSync(handle));
}

namespace {

// Everything a sequence gives, then how it ended.
template<typename T>
Task<QString> drain(SignalSequence<T> sequence)
{
    QStringList items;
    try {
        for (auto item = co_await sequence.next(); item; item = co_await sequence.next()) {
            if constexpr (std::is_void_v<T>)
                items += QStringLiteral("x");
            else
                items += QVariant::fromValue(*item).toString();
        }
    } catch (const std::runtime_error &error) {
        items += QString::fromUtf8(error.what());
    }
    const auto after = co_await sequence.next();
    items += after ? QStringLiteral("more") : QStringLiteral("end");
    co_return items.join(QStringLiteral(", "));
}

} // namespace

void TestSignal::sequenceListensFromTheCallOn()
{
    DerivedEmitter emitter;
    {
        auto sequence = signalsOf(&emitter, &DerivedEmitter::numbered, 10);
        static_assert(std::is_same_v<decltype(sequence), SignalSequence<int>>);
        static_assert(!std::is_aggregate_v<SignalSequence<int>> && !std::is_aggregate_v<SignalNext<int>>);
        QVERIFY(emitter.isConnected());
        emit emitter.numbered(1);
        emit emitter.numbered(2);
        QCOMPARE(sequence.size(), 2u);
        QCOMPARE(runSync(sequence.next()), std::optional(1));
        QCOMPARE(runSync(sequence.next()), std::optional(2));
        soon([&] { emit emitter.numbered(3); });
        QCOMPARE(runSync(sequence.next()), std::optional(3));
    }
    QVERIFY(!emitter.isConnected());

    auto marks = signalsOf(&emitter, &Emitter::marked, 2);
    auto pairs = signalsOf(&emitter, &Emitter::gave, 2);
    emitter.mark();
    emit emitter.gave(QStringLiteral("text"), 5);
    QVERIFY(runSync(marks.next()).has_value());
    QCOMPARE(runSync(pairs.next()).value(), std::tuple(QStringLiteral("text"), 5));

    EagerEmitter eager;
    auto first = signalsOf(&eager, &Emitter::numbered, 1);
    QCOMPARE(first.size(), 1u);
    QVERIFY_THROWS_EXCEPTION(std::invalid_argument, static_cast<void>(signalsOf(&eager, &Emitter::numbered, 0)));
    auto taken = std::move(first);
    QVERIFY_THROWS_EXCEPTION(std::logic_error, static_cast<void>(first.next()));
    QCOMPARE(taken.size(), 1u);
}

void TestSignal::sequenceKeepsUpToItsCapacity()
{
    Emitter emitter;
    emitter.setObjectName(QStringLiteral("meter"));
    for (const int count : {3, 4}) {
        auto sequence = signalsOf(&emitter, &Emitter::numbered, 3);
        for (int i = 1; i <= count; ++i)
            emit emitter.numbered(i);
        if (count == 3)
            sequence.close();
        emit emitter.numbered(9);
        QCOMPARE(runSync(drain(std::move(sequence))),
                 count == 3 ? QStringLiteral("1, 2, 3, end")
                            : QStringLiteral("1, 2, 3, Emitter::numbered(int) of 'meter': more than 3 emissions that nobody has "
                                             "taken; the sequence has ended, end"));
        QVERIFY(!emitter.isConnected());
    }
    auto sequence = signalsOf(&emitter, &Emitter::fired, 1);
    emit emitter.fired();
    emit emitter.fired();
    QVERIFY(runSync(sequence.next()));
    QVERIFY_THROWS_EXCEPTION(SignalOverflow, runSync(sequence.next()));
}

void TestSignal::sequenceEndsWithItsSender()
{
    const QString death = QStringLiteral("Emitter::numbered(int): the sender was destroyed, end");
    auto *emitter = new Emitter;
    auto kept = signalsOf(emitter, &Emitter::numbered, 3);
    auto waited = spawn(drain(signalsOf(emitter, &Emitter::numbered, 3)));
    emit emitter->numbered(1);
    runSync(yield());
    runSync(yield());
    soon([emitter] {
        emit emitter->numbered(2);
        delete emitter;
    });
    QCOMPARE(runSync(waited), QStringLiteral("1, 2, ") + death);
    QCOMPARE(runSync(drain(std::move(kept))), QStringLiteral("1, 2, ") + death);

    QCOMPARE(runSync(drain(signalsOf(static_cast<Emitter *>(nullptr), &Emitter::numbered, 3))),
             QStringLiteral("Emitter::numbered(int): there is no sender, end"));

    Emitter cut;
    auto silent = spawn(drain(signalsOf(&cut, &Emitter::numbered, 3)));
    soon([&] { cut.disconnect(); });
    QCOMPARE(runSync(silent),
             QStringLiteral("Emitter::numbered(int): the connection was cut while a task waited for it, end"));
}

void TestSignal::sequenceEndsWhenItIsClosed()
{
    Emitter emitter;
    auto sequence = std::make_unique<SignalSequence<int>>(signalsOf(&emitter, &Emitter::numbered, 3));
    const TaskHandle<std::optional<int>> closed = spawn(asTask(sequence->next()));
    soon([&] { sequence->close(); });
    QVERIFY(!runSync(closed).has_value());
    QVERIFY(!emitter.isConnected());

    sequence = std::make_unique<SignalSequence<int>>(signalsOf(&emitter, &Emitter::numbered, 3));
    const TaskHandle<std::optional<int>> left = spawn(asTask(sequence->next()));
    soon([&] { sequence.reset(); });
    QVERIFY(!runSync(left).has_value());
    QVERIFY(!emitter.isConnected());
}

void TestSignal::sequenceLosesNothingToACancel()
{
    Emitter emitter;
    auto sequence = signalsOf(&emitter, &Emitter::numbered, 3);
    const TaskHandle<std::optional<int>> early = spawn(asTask(sequence.next()));
    soon([&] {
        early.cancel();
        emit emitter.numbered(1);
    });
    QVERIFY_THROWS_EXCEPTION(Cancelled, runSync(early));
    QCOMPARE(sequence.size(), 1u);
    QCOMPARE(runSync(sequence.next()), std::optional(1));

    const TaskHandle<std::optional<int>> late = spawn(asTask(sequence.next()));
    soon([&] {
        emit emitter.numbered(2);
        late.cancel();
    });
    QCOMPARE(runSync(late), std::optional(2));
}

void TestSignal::sequenceFromAnotherThread()
{
    QThread thread;
    thread.start();
    const int count = 1000;
    auto *emitter = new Emitter;
    emitter->moveToThread(&thread);
    auto sequence = signalsOf(emitter, &Emitter::numbered, count);
    QMetaObject::invokeMethod(emitter, [emitter] {
        for (int i = 0; i < count; ++i)
            emit emitter->numbered(i);
        delete emitter;
    });
    const QString all = runSync(drain(std::move(sequence)));
    QStringList expected;
    for (int i = 0; i < count; ++i)
        expected += QString::number(i);
    QCOMPARE(all, expected.join(QStringLiteral(", ")) + QStringLiteral(", Emitter::numbered(int): the sender was destroyed, end"));
    thread.quit();
    thread.wait();
}

void TestSignal::tenThousandSignalsASecond_data()
{
    QTest::addColumn<bool>("isFastEnough");
    QTest::newRow("none is lost within the bound") << true;
    QTest::newRow("a clear error past it") << false;
}

namespace {

// Takes what comes until -1 comes, in order; a slow one stops taking for a while after 2,500.
Task<int> countNumbers(SignalSequence<int> sequence, bool isFastEnough)
{
    int count = 0;
    for (auto number = co_await sequence.next(); number && *number != -1; number = co_await sequence.next()) {
        if (*number != count)
            throw std::logic_error("lost or out of order: " + std::to_string(*number));
        if (++count == 2500 && !isFastEnough)
            co_await sleepFor(150ms);
    }
    co_return count;
}

} // namespace

// A batch of 100 each 10 ms, for a second.
void TestSignal::tenThousandSignalsASecond()
{
    QFETCH(bool, isFastEnough);
    constexpr int batch = 100;
    constexpr int total = 10000;
    constexpr int capacity = 1000;
    Emitter emitter;
    int sent = 0;
    QTimer timer;
    timer.setTimerType(Qt::PreciseTimer);
    QElapsedTimer clock;
    QObject::connect(&timer, &QTimer::timeout, this, [&] {
        // What is due by the clock, but a late timer does not make more of it than the sequence keeps.
        const int due = std::min({total, int(clock.elapsed()) * 10, sent + 5 * batch});
        while (sent < due)
            emit emitter.numbered(sent++);
        if (sent == total) {
            timer.stop();
            emit emitter.numbered(-1);
        }
    });
    auto sequence = signalsOf(&emitter, &Emitter::numbered, capacity);
    clock.start();
    timer.start(10ms);

    if (isFastEnough) {
        QCOMPARE(runSync(countNumbers(std::move(sequence), true)), total);
        QVERIFY(clock.elapsed() >= 1000);
        return;
    }
    QString text;
    try {
        runSync(countNumbers(std::move(sequence), false));
    } catch (const SignalOverflow &error) {
        text = QString::fromUtf8(error.what());
    }
    QCOMPARE(text, QStringLiteral("Emitter::numbered(int): more than 1000 emissions that nobody has taken; "
                                  "the sequence has ended"));
}

INTERLOOP_TEST_MAIN(TestSignal)
#include "tst_signal.moc"
