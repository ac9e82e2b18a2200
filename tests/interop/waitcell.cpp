// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>

#include <tests/testmain.h>

#ifdef INTERLOOP_TEST_QCORO
#include <QCoroFuture>
#include <QCoroSignal>
#include <QCoroTask>
#include <QCoroTimer>
#endif

#include <QEvent>
#include <QEventLoop>
#include <QFutureWatcher>
#include <QPointer>
#include <QPromise>
#include <QPushButton>
#include <QThread>
#include <QWidget>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <dlfcn.h>
#include <set>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

/*
 * One cell of tst_qcoro.cpp's table: the same accident under a wait of Interloop's, of QCoro's and of a bare
 * QEventLoop's.
 *
 *     interloop-waitcell interloop|qcoro|qeventloop CELL [ARGUMENT...]
 *
 * It prints what happened, one thing a line. What never ends is ended: "hangs".
 */

using namespace interloop;
using namespace std::chrono_literals;

namespace {

enum class Column { Interloop, QCoro, QEventLoop };
Column column = Column::Interloop;

void say(const QByteArray &text)
{
    std::printf("%s\n", text.constData());
    std::fflush(stdout);
}

void hang(int)
{
    constexpr char text[] = "hangs\n";
    static_cast<void>(!write(STDOUT_FILENO, text, sizeof(text) - 1));
    _exit(0);
}

// What QCoro's waits give. One that is written to after its death is not: the process ends instead.
class Answer
{
public:
    Answer() { alive().insert(this); }
    explicit Answer(int number) : m_number(number) { alive().insert(this); }
    Answer(const Answer &other) : m_number(other.m_number) { alive().insert(this); }
    Answer &operator=(const Answer &other)
    {
        if (!alive().contains(this)) {
            say("writes into a dead frame");
            _exit(0);
        }
        m_number = other.m_number;
        return *this;
    }
    ~Answer() { alive().erase(this); }

    int number() const { return m_number; }

private:
    static std::set<const void *> &alive()
    {
        static thread_local std::set<const void *> objects;
        return objects;
    }

    int m_number = 0;
};

// A body that began must end.
class Alive
{
public:
    Alive() { ++count; }
    ~Alive() { --count; }
    Alive(const Alive &) = delete;
    Alive &operator=(const Alive &) = delete;

    static inline std::atomic<int> count = 0;
};

Task<int> answerAfter(std::chrono::milliseconds delay)
{
    const Alive alive;
    co_await sleepFor(delay);
    co_return 42;
}

Task<int> failAfter(std::chrono::milliseconds delay)
{
    co_await sleepFor(delay);
    throw std::runtime_error("its own");
}

#ifdef INTERLOOP_TEST_QCORO
QCoro::Task<Answer> qcoroAnswer(std::chrono::milliseconds delay)
{
    const Alive alive;
    co_await QCoro::sleepFor(delay);
    co_return Answer(42);
}

QCoro::Task<Answer> qcoroFailure(std::chrono::milliseconds delay)
{
    co_await QCoro::sleepFor(delay);
    throw std::runtime_error("its own");
}
#endif

// Waits on this stack for an answer, and says what it got. Whether it is the answer, as far as the waiter is told.
bool wait(std::chrono::milliseconds delay, QObject *context = nullptr)
{
    QByteArray got;
    switch (column) {
    case Column::Interloop:
        got = nameOf(tryRunSync(answerAfter(delay), RunOptions().context(context)).outcome());
        break;
    case Column::QCoro:
#ifdef INTERLOOP_TEST_QCORO
        got = QCoro::waitFor(qcoroAnswer(delay)).number() == 42 ? "Value" : "no value";
#endif
        break;
    case Column::QEventLoop: {
        QEventLoop loop;
        bool hasCome = false;
        QTimer::singleShot(delay, &loop, [&] {
            hasCome = true;
            loop.quit();
        });
        loop.exec();
        got = hasCome ? "Value" : "no value";
        break;
    }
    }
    say(got);
    return got == "Value" || got == "no value";
}

constexpr std::chrono::milliseconds naiveDelay = 250ms;

// A wait that something is to end before its answer comes. The naive ones get theirs soon, to show what they do then.
bool waitLong(QObject *context = nullptr)
{
    return wait(column == Column::Interloop ? 60'000ms : naiveDelay, context);
}

void queue(std::function<void()> function)
{
    QMetaObject::invokeMethod(QCoreApplication::instance(), std::move(function), Qt::QueuedConnection);
}

// Runs the application for a body that is called as a slot, and then ends it.
void execFor(const std::function<void()> &body)
{
    queue([&body] {
        body();
        QCoreApplication::quit();
    });
    QCoreApplication::exec();
}

std::jthread quitter;

// The ways to tell an application to end.
void tell(const QByteArray &way, QWidget *window)
{
    if (way == "quit")
        QCoreApplication::quit();
    else if (way == "exit")
        QCoreApplication::exit(7);
    else if (way == "otherthread")
        quitter = std::jthread([] { QCoreApplication::quit(); }); // under a platform it waits for this thread
    else if (way == "postedquit")
        QCoreApplication::postEvent(QCoreApplication::instance(), new QEvent(QEvent::Quit));
    else if (way == "windowclosed")
        window->close();
    else
        qFatal("unknown way %s", way.constData());
}

// Q01a. Waits on top of each other; on top of the last one, or right before it begins, the application is told to end.
// Then the program waits for one thing more, as it may save something.
void quitInside(const QByteArray &way, int depth)
{
    QWidget window;
    if (way == "windowclosed")
        window.show();
    std::function<void(int)> grow = [&](int left) {
        if (left == 0) {
            tell(way, &window);
            return;
        }
        if (left == 1 && way == "postedquit")
            tell(way, &window);
        else
            queue([&grow, left] { grow(left - 1); });
        waitLong();
    };
    queue([&] { grow(depth); });
    say("exec " + QByteArray::number(QCoreApplication::exec()));
    wait(2 * naiveDelay);
}

// Q01b, Q01c. Outside exec() the application is told to end; two waits, the first in the middle of it.
void quitOutside(const QByteArray &place, const QByteArray &way)
{
    const auto waits = [&way] {
        if (way == "exit before")
            QCoreApplication::exit(3);
        else
            queue([&way] { tell(way, nullptr); });
        if (way == "exit")
            waitLong();
        else
            wait(20ms);
        wait(20ms);
    };
    if (place == "before exec")
        waits();
    if (place == "aboutToQuit")
        QObject::connect(qApp, &QCoreApplication::aboutToQuit, qApp, waits);
    QTimer::singleShot(2 * naiveDelay, qApp, [] { QCoreApplication::exit(5); });
    say("exec " + QByteArray::number(QCoreApplication::exec()));
    if (place == "after exec")
        waits();
}

// Q01d. "Close the login window, wait, show the main window".
void nextWindow()
{
    QWidget login;
    QWidget main;
    login.show();
    queue([&] {
        login.close();
        waitLong();
        main.show();
        QTimer::singleShot(naiveDelay, &main, [] {
            say("goes on");
            QCoreApplication::exit(1);
        });
    });
    QCoreApplication::exec();
}

class Form : public QWidget
{
    Q_OBJECT

public:
    void load()
    {
        const QPointer<Form> self = this;
        if (waitLong(this) && !self)
            say("the slot goes on in a dead object");
    }

signals:
    void fired();
};

// Q02. The object whose slot waits dies meanwhile.
void objectDies(const QByteArray &how)
{
    QPointer<Form> form = new Form;
    form->setAttribute(Qt::WA_DeleteOnClose);
    form->show();
    qApp->setQuitOnLastWindowClosed(false);
    execFor([&] {
        queue([&] {
            if (how == "window closed")
                form->close();
            else
                delete form;
        });
        form->load();
    });
    delete form;
}

// Q02. The thread of a slot that waits is told to end.
void threadEnds()
{
    QThread thread;
    thread.start();
    QObject worker;
    worker.moveToThread(&thread);
    std::atomic<bool> isWaiting = false;
    QMetaObject::invokeMethod(&worker, [&isWaiting] {
        QTimer::singleShot(0, [&isWaiting] { isWaiting = true; });
        waitLong();
    });
    while (!isWaiting)
        std::this_thread::yield();
    thread.quit();
    thread.wait();
    say(Alive::count == 0 ? "all unwound" : "not all unwound");
}

// Q02. exec() has returned, the application is destroyed, and something still waits.
void beginBackground()
{
    if (column == Column::Interloop)
        spawn(answerAfter(60s), "background");
#ifdef INTERLOOP_TEST_QCORO
    if (column == Column::QCoro)
        qcoroAnswer(60s);
#endif
    QTimer::singleShot(10, qApp, &QCoreApplication::quit);
    QCoreApplication::exec();
}

// Q03. What is waited for is a signal, or a timer's timeout; Q04: a promise's result.
class Sender : public QObject
{
    Q_OBJECT

signals:
    void fired();
};

#ifdef INTERLOOP_TEST_QCORO
QCoro::Task<> qcoroSignal(Sender *sender)
{
    co_await qCoro(sender, &Sender::fired);
}
QCoro::Task<> qcoroTimer(QTimer *timer)
{
    co_await timer;
}
#endif

template<typename Object, typename Signal>
void waitForSignal(Object *object, Signal signal)
{
    try {
        runSync(signalOf(object, signal));
    } catch (const SenderDestroyed &) {
        say("SenderDestroyed");
    }
}

template<typename Object, typename Signal>
void waitForSignalBarely(Object *object, Signal signal)
{
    QEventLoop loop;
    QObject::connect(object, signal, &loop, &QEventLoop::quit);
    loop.exec();
}

void senderDies()
{
    execFor([] {
        auto *sender = new Sender;
        QTimer::singleShot(10, qApp, [sender] { delete sender; });
        if (column == Column::Interloop)
            waitForSignal(sender, &Sender::fired);
        if (column == Column::QEventLoop)
            waitForSignalBarely(sender, &Sender::fired);
#ifdef INTERLOOP_TEST_QCORO
        if (column == Column::QCoro)
            QCoro::waitFor(qcoroSignal(sender));
#endif
        say("came back");
    });
}

void timerDies()
{
    execFor([] {
        auto *timer = new QTimer;
        timer->start(60s);
        QTimer::singleShot(10, qApp, [timer] { delete timer; });
        if (column == Column::Interloop)
            waitForSignal(timer, &QTimer::timeout);
        if (column == Column::QEventLoop)
            waitForSignalBarely(timer, &QTimer::timeout);
#ifdef INTERLOOP_TEST_QCORO
        if (column == Column::QCoro)
            QCoro::waitFor(qcoroTimer(timer));
#endif
        say("came back");
    });
}

#ifdef INTERLOOP_TEST_QCORO
QCoro::Task<int> qcoroFuture(QFuture<int> future)
{
    co_return co_await future;
}
#endif

void futureEnds(const QByteArray &how)
{
    execFor([&how] {
        auto promise = std::make_unique<QPromise<int>>();
        promise->start();
        QFuture<int> future = promise->future();
        if (how == "cancelled before")
            future.cancel();
        else
            QTimer::singleShot(10, qApp, [&] {
                if (how == "cancelled")
                    future.cancel();
                else
                    promise.reset();
            });
        if (column == Column::Interloop)
            say(nameOf(tryRunSync(awaitFuture(future)).outcome()));
        if (column == Column::QEventLoop) {
            QFutureWatcher<int> watcher;
            watcher.setFuture(future);
            waitForSignalBarely(&watcher, &QFutureWatcherBase::finished);
            say("gives " + QByteArray::number(future.result()));
        }
#ifdef INTERLOOP_TEST_QCORO
        if (column == Column::QCoro)
            say("gives " + QByteArray::number(QCoro::waitFor(qcoroFuture(future))));
#endif
    });
}

class Thrower : public QObject
{
public:
    bool event(QEvent *event) override
    {
        if (event->type() != QEvent::User)
            return QObject::event(event);
        throw std::runtime_error("a stranger's");
    }
};

// Q05. Somebody else throws during the wait.
void strangerThrows()
{
    Bridge::current().setUnhandledErrorHandler([](const QString &, std::exception_ptr error) {
        say("the hook has " + QByteArray::fromStdString(errorText(error)) + " exception");
    });
    execFor([] {
        Thrower thrower;
        QCoreApplication::postEvent(&thrower, new QEvent(QEvent::User));
        try {
            wait(naiveDelay);
        } catch (const std::exception &error) {
            say("out of the wait comes " + QByteArray(error.what()) + " exception");
            _exit(0); // what waits refers to frames that are gone
        }
    });
    Bridge::current().setUnhandledErrorHandler({});
}

// The awaited task itself throws.
void taskThrows()
{
    execFor([] {
        try {
            if (column == Column::Interloop)
                runSync(failAfter(10ms));
#ifdef INTERLOOP_TEST_QCORO
            if (column == Column::QCoro)
                QCoro::waitFor(qcoroFailure(10ms));
#endif
            say("no exception");
        } catch (const std::exception &error) {
            say("out of the wait comes " + QByteArray(error.what()) + " exception");
        }
    });
}

// Q06. Answers from another thread, at the worst moment: the event loop has been called, and has not begun.
class Answerer
{
public:
    // Who is asked next is answered by `answer`.
    static void setNext(std::function<void()> answer) { next = std::move(answer); }

    static void answerNow()
    {
        if (const std::function<void()> answer = std::exchange(next, nullptr))
            std::thread(answer).join();
    }

private:
    static inline std::function<void()> next;
};

#ifdef INTERLOOP_TEST_QCORO
class FromAnswerer
{
public:
    bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<> coroutine)
    {
        Answerer::setNext([coroutine] { coroutine.resume(); });
    }
    void await_resume() const { }
};
#endif

void completeFromThread()
{
    for (int round = 0; round < 100; ++round) {
        switch (column) {
        case Column::Interloop: {
            Future<> future;
            Answerer::setNext([future = &future, remote = Bridge::current().remote()] {
                static_cast<void>(remote.postThreadSafe([future] { future->setResult(); }));
            });
            runSync(future);
            break;
        }
        case Column::QCoro:
#ifdef INTERLOOP_TEST_QCORO
            QCoro::waitFor(FromAnswerer());
#endif
            break;
        case Column::QEventLoop: {
            QEventLoop loop;
            std::atomic<bool> hasCome = false;
            Answerer::setNext([&] {
                hasCome = true;
                loop.quit();
            });
            if (!hasCome)
                loop.exec();
            break;
        }
        }
    }
    say("none is lost");
}

// Q07. Three clicks on a button whose slot waits.
void tripleClick()
{
    QPushButton button;
    button.show();
    int clicks = 0;
    int left = 0;
    const auto slot = [&] {
        const int click = ++clicks;
        ++left;
        say(QByteArray::number(click) + '+');
        if (column == Column::Interloop)
            runSync(sleepFor(naiveDelay));
        else
            wait(naiveDelay);
        say(QByteArray::number(click) + '-');
        --left;
    };
    if (column == Column::Interloop)
        interloop::connect(&button, &QPushButton::clicked, &button, slot);
    else
        QObject::connect(&button, &QPushButton::clicked, &button, slot);
    for (int n = 0; n < 3; ++n)
        QTimer::singleShot(5 * (n + 1), &button, [&button] { QTest::mouseClick(&button, Qt::LeftButton); });
    QTimer ended;
    QObject::connect(&ended, &QTimer::timeout, [&] {
        if (clicks > 0 && left == 0)
            QCoreApplication::quit();
    });
    ended.start(1);
    QCoreApplication::exec();
}

// Q09. A task fails, and nobody looks.
void nobodyLooks()
{
    qInstallMessageHandler([](QtMsgType, const QMessageLogContext &, const QString &text) { say(text.toUtf8()); });
    if (column == Column::Interloop)
        spawn(failAfter(1ms), "job");
#ifdef INTERLOOP_TEST_QCORO
    if (column == Column::QCoro)
        qcoroFailure(1ms);
#endif
    QTimer::singleShot(50, qApp, &QCoreApplication::quit);
    QCoreApplication::exec();
    say("end");
    qInstallMessageHandler(nullptr);
}

// Q10. deleteLater() before the wait in the same slot.
void deleteLaterBefore()
{
    QPointer<QObject> object = new QObject;
    Sender sender;
    const auto slot = [&] {
        object->deleteLater();
        wait(20ms);
        say(object ? "kept" : "gone");
        QCoreApplication::quit();
    };
    if (column == Column::Interloop)
        interloop::connect(&sender, &Sender::fired, &sender, slot);
    else
        QObject::connect(&sender, &Sender::fired, &sender, slot);
    QTimer::singleShot(0, &sender, &Sender::fired);
    QCoreApplication::exec();
}

// N04. A slot's short wait, and on top of it a long one.
void overlap()
{
    Sender shorter;
    Sender longer;
    int left = 2;
    const auto slotOf = [&left](const char *name, std::chrono::milliseconds time) {
        return [&left, name, time] {
            wait(time);
            say(name);
            if (--left == 0)
                QCoreApplication::quit();
        };
    };
    if (column == Column::Interloop) {
        interloop::connect(&shorter, &Sender::fired, &shorter, slotOf("short", 30ms));
        interloop::connect(&longer, &Sender::fired, &longer, slotOf("long", 90ms));
    } else {
        QObject::connect(&shorter, &Sender::fired, &shorter, slotOf("short", 30ms));
        QObject::connect(&longer, &Sender::fired, &longer, slotOf("long", 90ms));
    }
    QTimer::singleShot(0, &shorter, &Sender::fired);
    QTimer::singleShot(1, &longer, &Sender::fired);
    QCoreApplication::exec();
}

} // namespace

// In front of Qt's own: a thread answers before it begins.
int QEventLoop::exec(ProcessEventsFlags flags)
{
    Answerer::answerNow();
    using Exec = int (*)(QEventLoop *, ProcessEventsFlags);
    constexpr char name[] = "_ZN10QEventLoop4execE6QFlagsINS_17ProcessEventsFlagEE";
    static const auto qtsExec = reinterpret_cast<Exec>(dlsym(RTLD_NEXT, name));
    return qtsExec(this, flags);
}

int main(int argc, char **argv)
{
    std::vector<QByteArray> arguments(argv + 1, argv + argc);
    arguments.resize(4);
    const bool isControl = arguments[0] != "interloop";
    if (isControl)
        column = arguments[0] == "qcoro" ? Column::QCoro : Column::QEventLoop;
    std::signal(SIGALRM, &hang);
    const rlimit none = {};
    setrlimit(RLIMIT_CORE, &none); // a control may crash

    const QByteArray &cell = arguments[1];
    {
        const auto application = test::makeApplication(argc, argv);
        alarm(isControl ? 2 : 30);
        if (cell == "quit inside")
            quitInside(arguments[2], arguments[3].toInt());
        else if (cell == "quit outside")
            quitOutside(arguments[2], arguments[3]);
        else if (cell == "next window")
            nextWindow();
        else if (cell == "object dies")
            objectDies(arguments[2]);
        else if (cell == "thread ends")
            threadEnds();
        else if (cell == "application destroyed")
            beginBackground();
        else if (cell == "sender dies")
            senderDies();
        else if (cell == "timer dies")
            timerDies();
        else if (cell == "future")
            futureEnds(arguments[2]);
        else if (cell == "stranger throws")
            strangerThrows();
        else if (cell == "task throws")
            taskThrows();
        else if (cell == "other thread")
            completeFromThread();
        else if (cell == "triple click")
            tripleClick();
        else if (cell == "nobody looks")
            nobodyLooks();
        else if (cell == "deleteLater")
            deleteLaterBefore();
        else if (cell == "overlap")
            overlap();
        else
            qFatal("unknown cell %s", cell.constData());
    }
    if (cell == "application destroyed")
        say(Alive::count == 0 ? "all unwound" : "not all unwound");
    if (isControl)
        _exit(0); // it may have left frames behind
    return 0;
}

#include "waitcell.moc"
