// SPDX-License-Identifier: MIT
#include <tests/cleanupcheck.h>
#include <tests/drivers.h>
#include <tests/messages.h>
#include <tests/testmain.h>
#include <tests/timeline.h>
#include <tests/windows.h>

#include <interloop/interloop.h>

#include <QCoreApplication>
#include <QEvent>
#include <QPushButton>
#include <QSocketNotifier>
#include <QTimer>
#include <QWidget>
#include <QWindow>
#include <qpa/qwindowsysteminterface.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <sys/eventfd.h>
#include <thread>
#include <type_traits>
#include <unistd.h>

/*
 * Blocking for a task: every way in, every way out.
 */

using namespace interloop;
using namespace interloop::test;

static_assert(!std::is_aggregate_v<RunOptions>); // g++ 12 destroys aggregates twice beside a co_await
static_assert(std::is_same_v<decltype(runSync(std::declval<Task<int &>>())), int &>);
static_assert(std::is_void_v<decltype(runSync(std::declval<Task<>>()))>);
static_assert(noexcept(tryRunSync(std::declval<Task<>>())));

class TestRunSync : public QObject
{
    Q_OBJECT

private slots:
    void initTestCase() { prepareWindows(); }
    void init() { m_leaks.begin(); }
    void cleanup() { m_leaks.check(); }

    void givesResultsOfAnyKind_data() { addDrivers(); }
    void givesResultsOfAnyKind();
    void throwsWhatTheTaskThrew_data() { addDrivers(); }
    void throwsWhatTheTaskThrew();
    void aTaskThatIsReadyNeedsNoTurn_data() { addDrivers(); }
    void aTaskThatIsReadyNeedsNoTurn();
    void runsAnythingAwaitable_data() { addDrivers(); }
    void runsAnythingAwaitable();
    void aMoveOnlyResultOfAHandleIsTakenOnce_data() { addDrivers(); }
    void aMoveOnlyResultOfAHandleIsTakenOnce();
    void emptyTasksAndHandlesAreErrors_data() { addDrivers(); }
    void emptyTasksAndHandlesAreErrors();
    void aRefusedTaskIsNotRunAndNotWarnedAbout_data() { addDrivers(); }
    void aRefusedTaskIsNotRunAndNotWarnedAbout();

    void aTimeoutCancelsTheTask_data() { addDrivers(); }
    void aTimeoutCancelsTheTask();
    void aTimeoutOfZeroEndsAtTheFirstSuspension_data() { addDrivers(); }
    void aTimeoutOfZeroEndsAtTheFirstSuspension();
    void aTimeoutThatDoesNotPassChangesNothing_data() { addDrivers(); }
    void aTimeoutThatDoesNotPassChangesNothing();
    void aResultThatBeatsTheTimeoutWins_data() { addDrivers(); }
    void aResultThatBeatsTheTimeoutWins();
    void aTimeoutWaitsForTheCleanUp_data() { addDrivers(); }
    void aTimeoutWaitsForTheCleanUp();

    void theContextsDeathEndsTheWait_data() { addDrivers(); }
    void theContextsDeathEndsTheWait();
    void theContextMayDieInTheTasksFirstStep_data() { addDrivers(); }
    void theContextMayDieInTheTasksFirstStep();
    void aContextThatLivesOrIsNullChangesNothing_data() { addDrivers(); }
    void aContextThatLivesOrIsNullChangesNothing();

    void excludedInputComesAfterTheWait();
    void allowedInputComesDuringTheWait();

    void sleepsOfNothingYield_data() { addDrivers(); }
    void sleepsOfNothingYield();

    void mayBeCalledFromAnyKindOfCallback();
    void aTaskKnowsWhatCancelledIt_data() { addDrivers(); }
    void aTaskKnowsWhatCancelledIt();

private:
    CleanupCheck m_leaks;
};

namespace {

int shared = 7;

template<typename T>
Task<T> giveAtOnce(T value)
{
    co_return value;
}

Task<std::unique_ptr<int>> giveMoveOnly(int number)
{
    co_await sleepFor(1ms);
    co_return std::make_unique<int>(number);
}

Task<int &> giveReference()
{
    co_await sleepFor(1ms);
    co_return shared;
}

Task<std::string> giveLater(std::string text)
{
    co_await sleepFor(1ms);
    co_return text;
}

Task<> failLater()
{
    co_await sleepFor(1ms);
    throw std::out_of_range("the task's own");
}

Task<> failAtOnce()
{
    throw std::out_of_range("the task's own");
    co_return;
}

Task<> throwNumber()
{
    co_await yield();
    throw 42;
}

template<typename Exception, typename Function>
bool throws(Function function)
{
    try {
        function();
    } catch (const Exception &) {
        return true;
    }
    return false;
}

} // namespace

void TestRunSync::givesResultsOfAnyKind()
{
    drive([] {
        QCOMPARE(runSync(giveAtOnce(5)), 5);
        QCOMPARE(runSync(giveLater("text")), std::string("text"));
        QCOMPARE(*runSync(giveMoveOnly(6)), 6);
        QCOMPARE(&runSync(giveReference()), &shared);
        const auto result = tryRunSync(giveLater("result"));
        QCOMPARE(result.outcome(), Outcome::Value);
        QCOMPARE(result.value(), std::string("result"));
        std::unique_ptr<int> taken = tryRunSync(giveMoveOnly(8)).value();
        QCOMPARE(*taken, 8);
        QCOMPARE(&tryRunSync(giveReference()).value(), &shared);
    });
}

void TestRunSync::throwsWhatTheTaskThrew()
{
    drive([] {
        QVERIFY(throws<std::out_of_range>([] { runSync(failLater()); }));
        QVERIFY(throws<std::out_of_range>([] { runSync(failAtOnce()); }));
        QVERIFY(throws<int>([] { runSync(throwNumber()); }));
        const auto result = tryRunSync(failLater());
        QCOMPARE(result.outcome(), Outcome::Exception);
        QCOMPARE(result.errorString(), std::string("the task's own"));
        QVERIFY(throws<std::out_of_range>([&result] { result.value(); }));
        QCOMPARE(tryRunSync(throwNumber()).outcome(), Outcome::Exception);
    });
}

void TestRunSync::aTaskThatIsReadyNeedsNoTurn()
{
    drive([] {
        bool hasTurned = false;
        Bridge::current().post([&hasTurned] { hasTurned = true; });
        QCOMPARE(runSync(giveAtOnce(1)), 1);
        QVERIFY(!hasTurned);
        runSync(sleepFor(1ms));
        QVERIFY(hasTurned);
    });
}

void TestRunSync::runsAnythingAwaitable()
{
    Timeline log;
    drive([&] {
        log.start();
        runSync(sleepFor(unit / 2));
        log.note("sleep");
        runSync(yield());
        Future<int> future;
        QTimer::singleShot(0, this, [future]() mutable { future.setResult(4); });
        QCOMPARE(runSync(future), 4);
        const TaskHandle<std::string> handle = spawn(giveLater("x"));
        QCOMPARE(runSync(handle), std::string("x"));
        QCOMPARE(runSync(handle), std::string("x")); // copied
        QCOMPARE(runSync(withTimeout(1s, giveLater("y"))), std::string("y"));
        const auto both = runSync(gather(giveAtOnce(1), giveLater("z")));
        QCOMPARE(std::get<1>(both), std::string("z"));
        QCOMPARE(runSync(race(giveLater("w"), sleepFor(1h))).index(), std::size_t(0));
        QCOMPARE(runSync(shield(giveAtOnce(3))), 3);
    });
    COMPARE_TIMELINE(log, "sleep@.5");
}

void TestRunSync::aMoveOnlyResultOfAHandleIsTakenOnce()
{
    const auto takes = [](TaskHandle<std::unique_ptr<int>> handle) -> Task<std::unique_ptr<int>> {
        co_return co_await std::move(handle);
    };
    drive([&takes] {
        const TaskHandle<std::unique_ptr<int>> handle = spawn(giveMoveOnly(9));
        QCOMPARE(*runSync(takes(handle)), 9);
        QVERIFY(throws<std::logic_error>([&] { runSync(takes(handle)); }));
    });
}

void TestRunSync::emptyTasksAndHandlesAreErrors()
{
    drive([] {
        QVERIFY(throws<std::logic_error>([] { runSync(Task<int>()); }));
        QVERIFY(throws<std::logic_error>([] { runSync(TaskHandle<int>()); }));
        Task<int> moved = giveAtOnce(1);
        QCOMPARE(runSync(std::move(moved)), 1);
        QVERIFY(throws<std::logic_error>([&moved] { runSync(std::move(moved)); }));
        QCOMPARE(tryRunSync(Task<int>()).outcome(), Outcome::Exception);
        QCOMPARE(tryRunSync(TaskHandle<int>()).outcome(), Outcome::Exception);
        QCOMPARE(Bridge::current().depth(), 0);
    });
}

namespace {

Task<> notesItsRun(bool &hasRun)
{
    hasRun = true;
    co_return;
}

} // namespace

void TestRunSync::aRefusedTaskIsNotRunAndNotWarnedAbout()
{
    const LoggedMessages messages;
    bool hasRun = false;
    drive([&] {
        Bridge::current().setMaximumDepth(0);
        const auto result = tryRunSync(notesItsRun(hasRun));
        const bool hasThrown = throws<RunSyncError>([&hasRun] { runSync(notesItsRun(hasRun)); });
        Bridge::current().setMaximumDepth(64);
        QCOMPARE(result.outcome(), Outcome::Refused);
        QVERIFY(hasThrown);
    });
    QVERIFY(!hasRun);
    QCOMPARE(messages.texts(), QStringList());
}

namespace {

Task<> sleepsAndNotes(Timeline &log, std::chrono::nanoseconds delay)
{
    try {
        co_await sleepFor(delay);
        log.note("slept");
    } catch (const Cancelled &) {
        log.note("cancelled");
        throw;
    }
}

} // namespace

void TestRunSync::aTimeoutCancelsTheTask()
{
    Timeline log;
    drive([&] {
        log.start();
        QVERIFY(throws<TimeoutError>([&log] { runSync(sleepsAndNotes(log, 1h), RunOptions().timeout(unit)); }));
        QCOMPARE(tryRunSync(sleepsAndNotes(log, 1h), RunOptions().timeout(unit)).outcome(), Outcome::TimedOut);
        log.note("returned");
    });
    COMPARE_TIMELINE(log, "cancelled@1, cancelled@2, returned@2");
}

void TestRunSync::aTimeoutOfZeroEndsAtTheFirstSuspension()
{
    drive([&] {
        Timeline log;
        log.start();
        for (const std::chrono::nanoseconds limit : {0ns, -5ns, std::chrono::nanoseconds::min()})
            QCOMPARE(tryRunSync(sleepsAndNotes(log, 1h), RunOptions().timeout(limit)).outcome(), Outcome::TimedOut);
        QCOMPARE(log.order(), "cancelled, cancelled, cancelled");
        // what never suspends is not timed out
        QCOMPARE(runSync(giveAtOnce(2), RunOptions().timeout(0ns)), 2);
    });
}

void TestRunSync::aTimeoutThatDoesNotPassChangesNothing()
{
    drive([] {
        QCOMPARE(runSync(giveLater("in time"), RunOptions().timeout(5s)), std::string("in time"));
        QCOMPARE(runSync(giveLater("for ever"), RunOptions().timeout(std::chrono::nanoseconds::max())),
                 std::string("for ever"));
    });
}

namespace {

Task<int> ignoresCancellation()
{
    try {
        co_await sleepFor(1h);
    } catch (const Cancelled &) {
    }
    co_return 5;
}

} // namespace

void TestRunSync::aResultThatBeatsTheTimeoutWins()
{
    drive([] {
        // a task that swallows its cancellation and returns has returned
        const auto result = tryRunSync(ignoresCancellation(), RunOptions().timeout(unit / 4));
        QCOMPARE(result.outcome(), Outcome::Value);
        QCOMPARE(result.value(), 5);
    });
}

namespace {

Task<> cleansUpFor(Timeline &log, std::chrono::nanoseconds duration)
{
    try {
        co_await sleepFor(1h);
    } catch (const Cancelled &) {
        runSync(sleepFor(duration));
        log.note("clean");
        throw;
    }
}

} // namespace

void TestRunSync::aTimeoutWaitsForTheCleanUp()
{
    Timeline log;
    drive([&] {
        log.start();
        QCOMPARE(tryRunSync(cleansUpFor(log, unit), RunOptions().timeout(unit)).outcome(), Outcome::TimedOut);
        log.note("returned");
    });
    COMPARE_TIMELINE(log, "clean@2, returned@2");
}

void TestRunSync::theContextsDeathEndsTheWait()
{
    Timeline log;
    drive([&] {
        log.start();
        auto *context = new QObject;
        QTimer::singleShot(unit, Qt::PreciseTimer, context, [context] { context->deleteLater(); });
        try {
            runSync(sleepsAndNotes(log, 1h), RunOptions().context(context));
        } catch (const Cancelled &cancelled) {
            log.note(nameOf(cancelled.outcome()));
        }
        context = new QObject;
        QTimer::singleShot(unit, Qt::PreciseTimer, this, [context] { delete context; });
        log.note(nameOf(tryRunSync(sleepsAndNotes(log, 1h), RunOptions().context(context)).outcome()));
    });
    COMPARE_TIMELINE(log, "cancelled@1, ContextDestroyed@1, cancelled@2, ContextDestroyed@2");
}

namespace {

Task<> deletesAndSleeps(QObject *object)
{
    delete object;
    co_await sleepFor(1h);
}

} // namespace

void TestRunSync::theContextMayDieInTheTasksFirstStep()
{
    drive([] {
        auto *context = new QObject;
        const auto result = tryRunSync(deletesAndSleeps(context), RunOptions().context(context).timeout(1s));
        QCOMPARE(result.outcome(), Outcome::ContextDestroyed);
    });
}

void TestRunSync::aContextThatLivesOrIsNullChangesNothing()
{
    drive([] {
        auto context = std::make_unique<QObject>();
        QCOMPARE(runSync(giveLater("a"), RunOptions().context(context.get())), std::string("a"));
        context.reset(); // nothing of the wait is connected to it any more
        QCOMPARE(runSync(giveLater("b"), RunOptions().context(nullptr)), std::string("b"));
    });
}

namespace {

// As the window system's, through Qt's queue of input events. Qt Test's own clicks are delivered at once.
void queueClick(QWindow *window)
{
    const QPointF local(20, 20);
    const QPointF global = window->mapToGlobal(local);
    const auto queue = [&](Qt::MouseButtons buttons, QEvent::Type type) {
        QWindowSystemInterface::handleMouseEvent<QWindowSystemInterface::AsynchronousDelivery>(
                window, local, global, buttons, Qt::LeftButton, type);
    };
    queue(Qt::LeftButton, QEvent::MouseButtonPress);
    queue(Qt::NoButton, QEvent::MouseButtonRelease);
}

// When, relative to a wait, a click that came during it was delivered.
QString orderOfClickAndWait(Input input)
{
    Timeline log;
    QPushButton button;
    button.resize(100, 40);
    button.show();
    if (!QTest::qWaitForWindowExposed(&button))
        return QStringLiteral("no window");
    QObject::connect(&button, &QPushButton::clicked, [&log] { log.note("click"); });
    drive(Driver::Slot, [&] {
        QTimer::singleShot(10, &button, [&button] { queueClick(button.windowHandle()); });
        runSync(sleepFor(unit), RunOptions().input(input));
        log.note("returned");
        QCoreApplication::processEvents();
    });
    return log.order();
}

} // namespace

void TestRunSync::excludedInputComesAfterTheWait()
{
    if (!hasWindows())
        QSKIP("needs windows");
    QCOMPARE(orderOfClickAndWait(Input::Exclude), "returned, click");
}

void TestRunSync::allowedInputComesDuringTheWait()
{
    if (!hasWindows())
        QSKIP("needs windows");
    QCOMPARE(orderOfClickAndWait(Input::Allow), "click, returned");
}

namespace {

Task<> sleepsOfNothing(Timeline &log)
{
    for (const std::chrono::nanoseconds delay : {0ns, -1ns, -1'000'000'000ns, std::chrono::nanoseconds::min()}) {
        co_await sleepFor(delay);
        log.note("slept");
    }
    co_await sleepUntil(TimePoint::min());
    co_await sleepUntil(std::chrono::steady_clock::now() - 1h);
    log.note("slept");
}

Task<> notesAfterAYield(Timeline &log, QString name)
{
    co_await yield();
    log.note(name);
}

} // namespace

void TestRunSync::sleepsOfNothingYield()
{
    const FifoOrder fifo;
    Timeline log;
    drive([&] {
        log.start();
        const auto other = spawn(notesAfterAYield(log, "other"));
        runSync(sleepsOfNothing(log));
        runSync(other);
    });
    COMPARE_TIMELINE(log, "slept@0, other@0, slept@0, slept@0, slept@0, slept@0");
}

namespace {

// Blocks in its event handler.
class BlockingObject final : public QObject
{
public:
    int result = 0;

protected:
    bool event(QEvent *event) override
    {
        if (event->type() == QEvent::User)
            result = tryRunSync(giveAtOnce(0)).value() + int(tryRunSync(giveLater("four")).value().size());
        return QObject::event(event);
    }
};

} // namespace

void TestRunSync::mayBeCalledFromAnyKindOfCallback()
{
    QStringList results;
    const auto block = [&results](const char *from) {
        results += QString::fromLatin1(from) + ' ' + QString::fromStdString(runSync(giveLater("ok")));
    };

    QTimer::singleShot(0, this, [&] { block("timer"); });
    QTRY_COMPARE(results.size(), 1);

    QMetaObject::invokeMethod(this, [&] { block("posted event"); }, Qt::QueuedConnection);
    QTRY_COMPARE(results.size(), 2);

    const int descriptor = eventfd(1, EFD_NONBLOCK);
    {
        QSocketNotifier notifier(descriptor, QSocketNotifier::Read);
        connect(&notifier, &QSocketNotifier::activated, this, [&] {
            eventfd_t value;
            if (eventfd_read(descriptor, &value) == 0)
                block("notifier");
        });
        QTRY_COMPARE(results.size(), 3);
    }
    ::close(descriptor);

    BlockingObject object;
    QCoreApplication::postEvent(&object, new QEvent(QEvent::User));
    QTRY_COMPARE(object.result, 4);
    QEvent direct(QEvent::User);
    object.result = 0;
    QCoreApplication::sendEvent(&object, &direct);
    QCOMPARE(object.result, 4);

    Bridge::current().post([&] { block("post"); });
    QTRY_COMPARE(results.size(), 4);

    auto *dying = new QObject;
    connect(dying, &QObject::destroyed, this, [&] { block("destroyed"); });
    delete dying;
    QCOMPARE(results, QStringList({"timer ok", "posted event ok", "notifier ok", "post ok", "destroyed ok"}));
}

namespace {

Task<> notesHowItWasCancelled(QStringList &outcomes)
{
    try {
        co_await sleepFor(1h);
    } catch (const Cancelled &cancelled) {
        outcomes += nameOf(cancelled.outcome());
        throw;
    }
}

} // namespace

void TestRunSync::aTaskKnowsWhatCancelledIt()
{
    QStringList outcomes;
    drive([&] {
        outcomes += nameOf(tryRunSync(notesHowItWasCancelled(outcomes), RunOptions().timeout(1ms)).outcome());

        auto *context = new QObject;
        QTimer::singleShot(1, context, [context] { delete context; });
        outcomes += nameOf(tryRunSync(notesHowItWasCancelled(outcomes), RunOptions().context(context)).outcome());

        const auto handle = spawn(notesHowItWasCancelled(outcomes));
        QTimer::singleShot(1, this, [&handle] { handle.cancel(); });
        outcomes += nameOf(tryRunSync(handle).outcome());
    });
    QCOMPARE(outcomes, QStringList({"TimedOut", "TimedOut", "ContextDestroyed", "ContextDestroyed", "Cancelled", "Cancelled"}));
}

INTERLOOP_TEST_MAIN(TestRunSync)
#include "tst_runsync.moc"
