// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>

#include <tests/cleanupcheck.h>
#include <tests/messages.h>
#include <tests/testmain.h>

#include <QEventLoop>

using namespace interloop;
using namespace std::chrono_literals;

/*
 * Row Q05: somebody else's exception during a wait.
 */

namespace {

Task<int> answer()
{
    co_await sleepFor(20ms);
    co_return 42;
}

Task<> fail()
{
    co_await yield();
    throw std::runtime_error("boom");
}

// An object whose plain event handler throws: a posted event comes straight out of Qt's event loop.
class Thrower : public QObject
{
    Q_OBJECT

public:
    bool event(QEvent *event) override
    {
        if (event->type() != QEvent::User)
            return QObject::event(event);
        throw std::runtime_error("boom");
    }

    Q_INVOKABLE void throwInASlot() { throw std::runtime_error("boom"); }

signals:
    void fired();
};

} // namespace

class TestStrangers : public QObject
{
    Q_OBJECT

private slots:
    void init() { m_leaks.begin(); }
    void cleanup() { m_leaks.check(); }

    void Q05_strangersExceptionGoesToTheHook_data();
    void Q05_strangersExceptionGoesToTheHook();
    void Q05_plainSlotThrowsAgainAndAgain();
    void Q05_hookThatThrowsIsSurvived();
    void Q05_control_bareEventLoopLetsItOut();

private:
    test::CleanupCheck m_leaks;
};

void TestStrangers::Q05_strangersExceptionGoesToTheHook_data()
{
    QTest::addColumn<QString>("stranger");
    QTest::addColumn<QString>("report");
    QTest::addColumn<int>("depth");
    for (const int depth : {1, 3}) {
        const auto add = [depth](const char *name, const char *report) {
            QTest::addRow("%s, depth %d", name, depth)
                    << QString::fromLatin1(name) << QString::fromLatin1(report) << depth;
        };
        add("connected slot", "a slot of Thrower::fired() threw: boom");
        add("connected coroutine", "a slot of Thrower::fired() threw: boom");
        add("task", "task 'stranger' failed and nobody looked at its result: boom");
        add("post", "a posted function threw: boom");
        add("thread-safe post", "a posted function threw: boom");
        add("plain event handler", "a plain slot threw through Qt's event loop: boom");
        add("plain queued slot", "a plain slot threw through Qt's event loop: boom");
        add("plain queued function", "a plain slot threw through Qt's event loop: boom");
    }
}

void TestStrangers::Q05_strangersExceptionGoesToTheHook()
{
    QFETCH(QString, stranger);
    QFETCH(QString, report);
    QFETCH(int, depth);
    const test::UnhandledErrors errors;
    Thrower thrower;
    const auto disturb = [&] {
        const QByteArray name = stranger.toLatin1();
        if (name == "connected slot") {
            interloop::connect(&thrower, &Thrower::fired, this, [] { throw std::runtime_error("boom"); });
            emit thrower.fired();
        } else if (name == "connected coroutine") {
            interloop::connect(&thrower, &Thrower::fired, this, []() -> Task<> { return fail(); });
            emit thrower.fired();
        } else if (name == "task") {
            spawn(fail(), "stranger");
        } else if (name == "post") {
            Bridge::current().post([] { throw std::runtime_error("boom"); });
        } else if (name == "thread-safe post") {
            Bridge::current().postThreadSafe([] { throw std::runtime_error("boom"); });
        } else if (name == "plain event handler") {
            QCoreApplication::postEvent(&thrower, new QEvent(QEvent::User));
        } else if (name == "plain queued slot") {
            QMetaObject::invokeMethod(&thrower, "throwInASlot", Qt::QueuedConnection);
        } else {
            QMetaObject::invokeMethod(
                    &thrower, [] { throw std::runtime_error("boom"); }, Qt::QueuedConnection);
        }
    };
    QList<int> answers;
    std::function<void(int)> wait = [&](int left) {
        if (left == 1)
            QMetaObject::invokeMethod(this, disturb, Qt::QueuedConnection);
        else
            QMetaObject::invokeMethod(
                    this, [&, left] { wait(left - 1); }, Qt::QueuedConnection);
        answers += runSync(answer(), RunOptions().timeout(10s));
    };

    wait(depth);

    QCOMPARE(answers, QList<int>(depth, 42)); // each wait had its own result
    QCOMPARE(errors.texts(), QStringList(report));
    QCOMPARE(runSync(answer()), 42);
}

// Qt warns that throwing from an event handler is unsupported; the wait goes on each time.
void TestStrangers::Q05_plainSlotThrowsAgainAndAgain()
{
    const test::UnhandledErrors errors;
    const test::LoggedMessages log; // Qt's warning, each time
    Thrower thrower;
    const auto pending = spawn(answer(), "pending");
    for (int i = 0; i < 10; ++i)
        QCoreApplication::postEvent(&thrower, new QEvent(QEvent::User));

    QCOMPARE(runSync(answer(), RunOptions().timeout(10s)), 42);

    QCOMPARE(errors.texts().size(), 10);
    QCOMPARE(runSync(pending, RunOptions().timeout(10s)), 42);
    int fires = 0;
    QTimer timer;
    QObject::connect(&timer, &QTimer::timeout, &timer, [&] { ++fires; });
    timer.start(1ms);
    for (int i = 0; i < 100 && fires < 5; ++i)
        QCOMPARE(runSync(answer()), 42);
    QVERIFY2(fires >= 5, QByteArray::number(fires)); // Qt's timers are still well
}

void TestStrangers::Q05_hookThatThrowsIsSurvived()
{
    const test::LoggedMessages log;
    Bridge::current().setUnhandledErrorHandler(
            [](const QString &, std::exception_ptr) { throw std::runtime_error("bang"); });
    spawn(fail(), "stranger");

    QCOMPARE(runSync(answer()), 42);

    Bridge::current().setUnhandledErrorHandler({});
    QCOMPARE(log.texts(),
             QStringList({QStringLiteral("the unhandled-error handler threw: bang"),
                          QStringLiteral("task 'stranger' failed and nobody looked at its result: boom")}));
}

void TestStrangers::Q05_control_bareEventLoopLetsItOut()
{
    const test::LoggedMessages log;
    Thrower thrower;
    QCoreApplication::postEvent(&thrower, new QEvent(QEvent::User));
    QEventLoop loop;
    QTimer::singleShot(20, &loop, &QEventLoop::quit);
    QVERIFY_THROWS_EXCEPTION(std::runtime_error, loop.exec());
}

INTERLOOP_TEST_MAIN(TestStrangers)
#include "tst_strangers.moc"
