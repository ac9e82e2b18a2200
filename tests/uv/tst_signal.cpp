// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>

#include <tests/cleanupcheck.h>
#include <tests/drivers.h>
#include <tests/testmain.h>
#include <tests/ticks.h>

#include <QProcess>

#include <atomic>
#include <csignal>
#include <thread>
#include <type_traits>
#include <unistd.h>

using namespace interloop;
using namespace interloop::test;
using namespace std::chrono_literals;

static_assert(!std::is_aggregate_v<UnixSignal> && !std::is_aggregate_v<UnixSignals>);

namespace {

std::atomic<int> ownCalls = 0; // of a handler that the program itself has installed

void ownHandler(int)
{
    ++ownCalls;
}

// Installs a handler, and puts back what there was.
class OwnHandler
{
public:
    explicit OwnHandler(int number, void (*handler)(int) = &ownHandler) : m_number(number)
    {
        ownCalls = 0;
        struct sigaction action = {};
        action.sa_handler = handler;
        sigaction(number, &action, &m_before);
    }
    ~OwnHandler() { sigaction(m_number, &m_before, nullptr); }
    OwnHandler(const OwnHandler &) = delete;
    OwnHandler &operator=(const OwnHandler &) = delete;

private:
    int m_number;
    struct sigaction m_before = {};
};

void (*handlerOf(int number))(int)
{
    struct sigaction action = {};
    sigaction(number, nullptr, &action);
    return action.sa_handler;
}

void sendMyself(int number)
{
    kill(getpid(), number);
}

// A shell that sends heard to this process.
void startShell(QProcess &shell, const QString &script)
{
    shell.start(QStringLiteral("bash"), {QStringLiteral("-c"), script, QString::number(getpid())}); // $0: us
}

Task<unsigned> countUntil(UnixSignals &heard, int last, QList<int> &order)
{
    unsigned count = 0;
    for (auto signal = co_await heard.next(); signal; signal = co_await heard.next()) {
        order.append(signal->number());
        if (signal->number() == last)
            break;
        count += signal->count();
    }
    co_return count;
}

Task<bool> isAtEnd(UnixSignals &heard)
{
    const std::optional<UnixSignal> signal = co_await heard.next();
    co_return !signal;
}

} // namespace

class TestSignal : public QObject
{
    Q_OBJECT

private slots:
    void init() { m_leaks.begin(); }
    void cleanup() { m_leaks.check(); }

    void aSignalEndsTheWaitForIt_data() { addDrivers(); }
    void aSignalEndsTheWaitForIt();
    void signalsOfABurstAreCountedAndKeepTheirOrder();
    void moreThanLibuvKeepsAreStillOneItem();
    void aStormFromAnotherProcessIsNotLostAndDoesNotStopTheEventLoop();
    void theProgramsOwnHandlerIsBackAfterwards();
    void libuvAloneForgetsTheProgramsOwnHandler();
    void anIgnoredSignalIsIgnoredAgain();
    void everyThreadThatListensHearsIt();
    void qProcessAndChildSignalsGetAlong();
    void whatWasKeptOutlivesTheListening();
    void closingWithSignalsUnderWayIsClean();
    void aWaitEndsWithItsSequence();
    void aWaitCanBeCancelledAndTimedOut();
    void whatCannotBeWaitedForIsRefused_data();
    void whatCannotBeWaitedForIsRefused();
    void anEmptySequenceAndAForeignThreadAreErrors();

private:
    CleanupCheck m_leaks;
};

void TestSignal::aSignalEndsTheWaitForIt()
{
    drive([] {
        const TaskHandle<> waiting = spawn(waitForUnixSignal(SIGUSR1));
        QTimer::singleShot(5ms, Qt::PreciseTimer, [] { sendMyself(SIGUSR1); });
        runSync(waiting, RunOptions().timeout(5s));
    });
    QVERIFY(handlerOf(SIGUSR1) == SIG_DFL);
}

void TestSignal::signalsOfABurstAreCountedAndKeepTheirOrder()
{
    // given: a thread that does not look at its loop while they come
    UnixSignals heard({SIGUSR1, SIGUSR2, SIGHUP, SIGUSR1}); // one of them twice, which means nothing
    sendMyself(SIGHUP);
    for (int i = 0; i < 3000; ++i)
        sendMyself(SIGUSR1); // each is handled before this returns
    sendMyself(SIGHUP);
    sendMyself(SIGUSR2);
    QTest::qWait(1);

    const auto hangup = runSync(heard.next());
    const auto first = runSync(heard.next());
    const auto second = runSync(heard.next());

    QCOMPARE(hangup->name(), std::string("SIGHUP"));
    QCOMPARE(hangup->count(), 2U);
    QCOMPARE(first->number(), SIGUSR1);
    QCOMPARE(first->count(), 3000U);
    QCOMPARE(second->number(), SIGUSR2);
    QCOMPARE(second->count(), 1U);
    const auto none = tryRunSync(heard.next(), RunOptions().timeout(5ms));
    QCOMPARE(none.outcome(), Outcome::TimedOut);
}

void TestSignal::moreThanLibuvKeepsAreStillOneItem()
{
    UnixSignals heard({SIGUSR1});
    for (int i = 0; i < 10'000; ++i)
        sendMyself(SIGUSR1);
    QTest::qWait(1);
    const unsigned count = runSync(heard.next(), RunOptions().timeout(5s))->count();
    QVERIFY2(count >= 1'000 && count < 10'000, qPrintable(QString::number(count)));
    // and it goes on
    sendMyself(SIGUSR1);
    QCOMPARE(runSync(heard.next(), RunOptions().timeout(5s))->count(), 1U);
}

void TestSignal::aStormFromAnotherProcessIsNotLostAndDoesNotStopTheEventLoop()
{
    UnixSignals heard({SIGUSR1, SIGUSR2});
    Ticks ticks(10ms);
    QProcess shell;
    QList<int> order;
    startShell(shell, QStringLiteral("for ((i = 0; i < 20000; ++i)); do kill -USR1 $0; done; kill -USR2 $0; exit 7"));

    const unsigned count = runSync(countUntil(heard, SIGUSR2, order), RunOptions().timeout(20s));

    QVERIFY2(count >= 1 && count <= 20000, qPrintable(QString::number(count)));
    QCOMPARE(order.last(), SIGUSR2);
    QCOMPARE(order.count(SIGUSR2), 1);
    QVERIFY(shell.state() == QProcess::NotRunning || shell.waitForFinished(5000));
    QCOMPARE(shell.exitCode(), 7);
    if (!isSanitized && ticks.count() >= 5)
        QVERIFY2(ticks.percent() >= 80, qPrintable(QString::number(ticks.percent())));
}

void TestSignal::theProgramsOwnHandlerIsBackAfterwards()
{
    const OwnHandler own(SIGUSR2);
    sendMyself(SIGUSR2);
    QCOMPARE(ownCalls.load(), 1);
    {
        // given: two that listen, and one that stops
        UnixSignals first({SIGUSR2});
        UnixSignals second({SIGUSR2});
        first.close();
        sendMyself(SIGUSR2);
        QVERIFY(runSync(second.next(), RunOptions().timeout(5s)).has_value());
        QCOMPARE(ownCalls.load(), 1);
    }
    sendMyself(SIGUSR2);
    QCOMPARE(ownCalls.load(), 2);
    // and when the wait was cancelled
    static_cast<void>(tryRunSync(waitForUnixSignal(SIGUSR2), RunOptions().timeout(1ms)));
    sendMyself(SIGUSR2);
    QCOMPARE(ownCalls.load(), 3);
}

void TestSignal::libuvAloneForgetsTheProgramsOwnHandler()
{
    const OwnHandler own(SIGUSR2);
    uv_loop_t loop;
    uv_signal_t signal;
    QCOMPARE(uv_loop_init(&loop), 0);
    uv_signal_init(&loop, &signal);
    uv_signal_start(&signal, [](uv_signal_t *, int) { }, SIGUSR2);
    uv_close(reinterpret_cast<uv_handle_t *>(&signal), nullptr);
    uv_run(&loop, UV_RUN_DEFAULT);
    QCOMPARE(uv_loop_close(&loop), 0);
    QVERIFY(handlerOf(SIGUSR2) == SIG_DFL);
}

void TestSignal::anIgnoredSignalIsIgnoredAgain()
{
    const OwnHandler own(SIGHUP, SIG_IGN);
    {
        UnixSignals heard({SIGHUP});
        sendMyself(SIGHUP);
        QVERIFY(runSync(heard.next(), RunOptions().timeout(5s)).has_value());
    }
    QVERIFY(handlerOf(SIGHUP) == SIG_IGN);
}

void TestSignal::everyThreadThatListensHearsIt()
{
    UnixSignals here({SIGUSR1});
    std::atomic<bool> isListening = false;
    std::atomic<int> number = 0;
    std::thread thread([&] {
        {
            UnixSignals there({SIGUSR1});
            isListening = true;
            number = runSync(there.next(), RunOptions().timeout(10s))->number();
        }
        Bridge::current().close();
    });
    while (!isListening)
        std::this_thread::yield();
    sendMyself(SIGUSR1);
    QCOMPARE(runSync(here.next(), RunOptions().timeout(10s))->number(), SIGUSR1);
    thread.join();
    QCOMPARE(number.load(), SIGUSR1);
}

void TestSignal::qProcessAndChildSignalsGetAlong()
{
    constexpr int count = 20;
    UnixSignals heard({SIGCHLD, SIGUSR1});
    std::vector<std::unique_ptr<QProcess>> children;
    for (int i = 0; i < count; ++i) {
        children.push_back(std::make_unique<QProcess>());
        startShell(*children.back(), QStringLiteral("kill -USR1 $0; exit %1").arg(i));
    }
    for (int i = 0; i < count; ++i) {
        QProcess &child = *children[std::size_t(i)];
        QTRY_COMPARE(child.state(), QProcess::NotRunning);
        QCOMPARE(child.exitCode(), i);
    }
    QVERIFY(runSync(heard.next(), RunOptions().timeout(5s)).has_value());
}

void TestSignal::whatWasKeptOutlivesTheListening()
{
    UnixSignals heard({SIGUSR1});
    sendMyself(SIGUSR1);
    QTest::qWait(5);
    heard.close();
    QVERIFY(!heard.isOpen());
    QVERIFY(handlerOf(SIGUSR1) == SIG_DFL);
    QCOMPARE(runSync(heard.next())->number(), SIGUSR1);
    QVERIFY(!runSync(heard.next()));
    QVERIFY(!runSync(heard.next()));
}

void TestSignal::closingWithSignalsUnderWayIsClean()
{
    UnixSignals heard({SIGUSR1, SIGUSR2});
    for (int i = 0; i < 100; ++i) {
        sendMyself(SIGUSR1);
        sendMyself(SIGUSR2);
    }
    heard.close(); // libuv closes a handle when it has seen all signals of it
    QVERIFY(!runSync(heard.next()));
    QVERIFY(handlerOf(SIGUSR1) == SIG_DFL);
}

void TestSignal::aWaitEndsWithItsSequence()
{
    auto heard = std::make_unique<UnixSignals>(QList<int>{SIGUSR1});
    const TaskHandle<bool> first = spawn(isAtEnd(*heard));
    const TaskHandle<bool> second = spawn(isAtEnd(*heard));
    QTest::qWait(1);
    QVERIFY(!first.isDone());
    heard.reset();
    QVERIFY(runSync(first));
    QVERIFY(runSync(second));
}

void TestSignal::aWaitCanBeCancelledAndTimedOut()
{
    UnixSignals heard({SIGUSR1});
    const TaskHandle<bool> cancelled = spawn(isAtEnd(heard));
    QTest::qWait(1);
    QVERIFY(cancelled.cancel());
    QCOMPARE(tryRunSync(cancelled).outcome(), Outcome::Cancelled);
    QCOMPARE(tryRunSync(heard.next(), RunOptions().timeout(1ms)).outcome(), Outcome::TimedOut);

    sendMyself(SIGUSR1); // nobody's wait has taken it away
    QCOMPARE(runSync(heard.next(), RunOptions().timeout(5s))->count(), 1U);
}

void TestSignal::whatCannotBeWaitedForIsRefused_data()
{
    QTest::addColumn<QList<int>>("numbers");
    QTest::addColumn<QString>("named");
    QTest::newRow("none") << QList<int>() << QStringLiteral("no signal");
    QTest::newRow("zero") << QList<int>{0} << QStringLiteral("signal 0");
    QTest::newRow("negative") << QList<int>{-1} << QStringLiteral("signal -1");
    QTest::newRow("too great") << QList<int>{65} << QStringLiteral("signal 65");
    QTest::newRow("kill") << QList<int>{SIGUSR1, SIGKILL} << QStringLiteral("SIGKILL");
    QTest::newRow("stop") << QList<int>{SIGSTOP} << QStringLiteral("SIGSTOP");
    QTest::newRow("crash") << QList<int>{SIGSEGV} << QStringLiteral("SIGSEGV");
    QTest::newRow("the C library's") << QList<int>{33} << QStringLiteral("signal 33");
}

void TestSignal::whatCannotBeWaitedForIsRefused()
{
    QFETCH(QList<int>, numbers);
    QFETCH(QString, named);
    try {
        const UnixSignals heard(numbers);
        QFAIL("accepted");
    } catch (const std::system_error &error) {
        QVERIFY(error.code() == std::errc::invalid_argument);
        QVERIFY2(QString::fromUtf8(error.what()).contains(named), error.what());
    }
    QVERIFY(handlerOf(SIGUSR1) == SIG_DFL);
}

void TestSignal::anEmptySequenceAndAForeignThreadAreErrors()
{
    UnixSignals from({SIGUSR1});
    UnixSignals heard(std::move(from));
    QVERIFY_THROWS_EXCEPTION(std::system_error, runSync(from.next()));
    QVERIFY_THROWS_EXCEPTION(std::system_error, runSync(UnixSignals().next()));
    Refusal refusal = Refusal::Deadlock;
    std::thread([&] {
        try {
            runSync(heard.next());
        } catch (const RunSyncError &error) {
            refusal = error.reason();
        }
        Bridge::current().close();
    }).join();
    QCOMPARE(refusal, Refusal::WrongThread);
}

INTERLOOP_TEST_MAIN(TestSignal)
#include "tst_signal.moc"
