// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>

#include <tests/testmain.h>
#include <tests/timeline.h>

#ifdef INTERLOOP_TEST_QCORO
#include <QCoroTask>
#include <QCoroTimer>
#endif

#include <QEvent>
#include <QEventLoop>
#include <QWidget>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <dlfcn.h>
#include <optional>
#include <thread>
#include <unistd.h>

/*
 * An application that is told to end while it waits; tst_quit.cpp and parking/tst_parkedquit.cpp start one for each
 * cell of their tables.
 *
 *     interloop-quitcell inside  WAY DEPTH [WAITER]   in exec(), with DEPTH waits on the stack
 *     interloop-quitcell outside PLACE WAY            in aboutToQuit, after exec() or before it
 *     interloop-quitcell parked  WAY PARKED NESTED    in exec(), with PARKED stacks parked and NESTED waits nested
 *     interloop-quitcell parked-cleanup | parked-noexec
 *     interloop-quitcell firststep WAY PLACE          in the first step of what a wait in PLACE is for
 *     interloop-quitcell later | nested-later | cleanup | nextwindow [WAITER]
 *
 * It prints what it saw, one "key value" a line, and returns what exec() returned. 86: it hung.
 */

using namespace interloop;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

void say(const char *key, const QByteArray &value)
{
    std::printf("%s %s\n", key, value.constData());
    std::fflush(stdout);
}

void say(const char *key, qint64 value)
{
    say(key, QByteArray::number(value));
}

void sayMessage(QtMsgType, const QMessageLogContext &, const QString &text)
{
    // The offscreen platform says so of each window.
    if (!text.contains(QStringLiteral("propagateSizeHints")))
        say("message", text.toUtf8());
}

void hang(int)
{
    constexpr char text[] = "hang yes\n";
    static_cast<void>(!write(STDOUT_FILENO, text, sizeof(text) - 1));
    _exit(86);
}

// A body that began must end.
class Alive
{
public:
    Alive() { ++begun; }
    ~Alive() { ++ended; }
    Alive(const Alive &) = delete;
    Alive &operator=(const Alive &) = delete;

    static inline int begun = 0;
    static inline int ended = 0;
};

std::optional<test::OwnTime> sinceToldToEnd; // the application was

Task<int> answerAfter(std::chrono::milliseconds delay)
{
    const Alive alive;
    co_await sleepFor(delay);
    co_return 42;
}

constexpr std::chrono::milliseconds aMinute = 60s;

Task<> background(std::function<void()> hasBegun)
{
    const Alive alive;
    hasBegun();
    co_await sleepFor(aMinute);
}

// The ways to tell an application to end.
class Teller
{
public:
    explicit Teller(const QByteArray &way) : m_way(way)
    {
        if (m_way == "sigterm") {
            uv_signal_init(Bridge::current().uvLoop(), &signalHandle);
            uv_signal_start(
                    &signalHandle, [](uv_signal_t *, int) { QCoreApplication::quit(); }, SIGTERM);
        }
        if (m_way == "windowclosed") {
            m_window = std::make_unique<QWidget>();
            m_window->show();
        }
    }
    ~Teller()
    {
        if (m_way == "sigterm")
            uv_close(reinterpret_cast<uv_handle_t *>(&signalHandle), nullptr);
    }

    // Whether it is to be told by code that parks.
    bool isInASlot() const { return m_way == "inaslot"; }

    // Whether the way is to leave an event behind before a wait begins.
    bool isBeforeWait() const { return m_way == "postedquit"; }

    void tell()
    {
        sinceToldToEnd.emplace();
        if (m_way == "quit")
            QCoreApplication::quit();
        else if (m_way == "exit" || m_way == "inaslot")
            QCoreApplication::exit(7);
        else if (m_way == "windowclosed")
            m_window->close();
        else if (m_way == "otherthread")
            m_thread = std::jthread([] { QCoreApplication::quit(); }); // under a platform it waits for this thread
        else if (m_way == "postedquit" || m_way == "postedlater")
            QCoreApplication::postEvent(QCoreApplication::instance(), new QEvent(QEvent::Quit));
        else if (m_way == "sigterm")
            raise(SIGTERM);
        else
            qFatal("unknown way %s", m_way.constData());
    }

private:
    QByteArray m_way;
    std::unique_ptr<QWidget> m_window;
    std::jthread m_thread;
    static inline uv_signal_t signalHandle = {}; // outlives its close callback
};

void queue(std::function<void()> function)
{
    QMetaObject::invokeMethod(QCoreApplication::instance(), std::move(function), Qt::QueuedConnection);
}

// How a wait is done: ours, or the naive way for the negative controls.
QByteArray waiter = "interloop";
constexpr std::chrono::milliseconds naiveDelay = 300ms;

#ifdef INTERLOOP_TEST_QCORO
QCoro::Task<QString> qcoroAnswer()
{
    co_await QCoro::sleepFor(naiveDelay);
    co_return QStringLiteral("answer");
}
#endif

// Waits on this stack for what takes a minute; not so the controls, who must show what they do afterwards.
QByteArray wait()
{
    if (waiter == "interloop") {
        const Result<int> result = tryRunSync(answerAfter(aMinute));
        return nameOf(result.outcome());
    }
    if (waiter == "qeventloop") {
        QEventLoop loop;
        bool hasCome = false;
        QTimer::singleShot(naiveDelay, &loop, [&] {
            hasCome = true;
            loop.quit();
        });
        loop.exec();
        return hasCome ? "Value" : "valueless";
    }
#ifdef INTERLOOP_TEST_QCORO
    if (waiter == "qcoro")
        return QCoro::waitFor(qcoroAnswer()) == QStringLiteral("answer") ? "Value" : "valueless";
#endif
    qFatal("unknown waiter %s", waiter.constData());
}

// Waits on top of each other, each in another kind of place: a queued slot, a task, a posted function. On top of the
// last one the application is told to end.
class Tower
{
public:
    Tower(Teller &teller, int depth) : m_teller(teller), m_left(depth), m_isIdle(depth == 0) { }

    void grow()
    {
        if (m_left == 0) {
            if (!m_teller.isBeforeWait() || m_isIdle)
                m_teller.tell();
            return;
        }
        const int floor = m_left--;
        if (waiter != "interloop" || floor % 3 == 0)
            hold(floor);
        else if (floor % 3 == 1)
            spawn(holdInTask(this, floor), "tower");
        else
            Bridge::current().post([this, floor] { hold(floor); });
    }

private:
    void hold(int floor)
    {
        if (m_left == 0 && m_teller.isBeforeWait())
            m_teller.tell();
        queue([this] { grow(); });
        const QByteArray outcome = wait();
        say("outcome", QByteArray::number(floor) + ' ' + outcome);
    }

    static Task<> holdInTask(Tower *tower, int floor)
    {
        const Alive alive;
        tower->hold(floor);
        co_return;
    }

    Teller &m_teller;
    int m_left;
    bool m_isIdle;
};

void inside(QCoreApplication &application, const QByteArray &way, int depth, int &code)
{
    Teller teller(way);
    Tower tower(teller, depth);
    if (waiter == "interloop") {
        Bridge::current().setMaximumDepth(200);
        spawn(background([] { }), "background");
        spawn(background([&] { queue([&] { tower.grow(); }); }), "last background");
    } else {
        queue([&] { tower.grow(); });
    }
    code = application.exec();
}

std::chrono::nanoseconds cpuTime()
{
    timespec time = {};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

// A wait that the application's end comes into, and two more behind it.
void waitOutside(const QByteArray &way)
{
    if (way == "leftoverexit") {
        QCoreApplication::exit(3); // nobody is there to be told
    } else {
        Teller teller(way);
        if (teller.isBeforeWait())
            teller.tell();
        else
            queue([&] { teller.tell(); });
        const bool isIgnored = way == "quit" || way == "windowclosed";
        const Result<int> result = tryRunSync(answerAfter(isIgnored ? 100ms : aMinute));
        say("outside", nameOf(result.outcome()));
    }
    // What Qt remembers of the exit must neither end these nor make them spin.
    const auto begin = Clock::now();
    const auto cpuBegin = cpuTime();
    const Result<int> next = tryRunSync(answerAfter(300ms));
    const auto took = Clock::now() - begin;
    const auto cpuTook = cpuTime() - cpuBegin;
    say("next", nameOf(next.outcome()));
    say("next-ms", std::chrono::duration_cast<std::chrono::milliseconds>(took).count());
    say("next-cpu-ms", std::chrono::duration_cast<std::chrono::milliseconds>(cpuTook).count());
    const Result<int> afterNext = tryRunSync(answerAfter(1ms));
    say("after-next", nameOf(afterNext.outcome()));
}

void outside(QCoreApplication &application, const QByteArray &place, const QByteArray &way, int &code)
{
    if (place == "aboutToQuit")
        QObject::connect(&application, &QCoreApplication::aboutToQuit, &application, [&way] { waitOutside(way); });
    if (place == "beforeExec")
        waitOutside(way);
    const auto begin = Clock::now();
    QTimer::singleShot(50, &application, [] {
        sinceToldToEnd.emplace();
        QCoreApplication::exit(5);
    });
    code = application.exec();
    say("exec-ms", std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin).count());
    if (place == "afterExec")
        waitOutside(way);
    sinceToldToEnd.emplace();
}

// Waits begun after the quit, in the same slot.
void waitLater()
{
    const auto begin = Clock::now();
    sinceToldToEnd.emplace();
    QCoreApplication::exit(7);
    const Result<int> quick = tryRunSync(answerAfter(20ms));
    say("quick", nameOf(quick.outcome()));
    const Result<int> slow = tryRunSync(answerAfter(aMinute));
    say("slow", nameOf(slow.outcome()));
    say("slow-ms", std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin).count());
}

void later(QCoreApplication &application, bool isNested, int &code)
{
    Bridge::current().setShutdownLimit(300ms);
    queue([isNested] {
        if (!isNested) {
            waitLater();
            return;
        }
        queue([] { waitLater(); });
        const Result<int> beneath = tryRunSync(answerAfter(aMinute));
        say("beneath", nameOf(beneath.outcome()));
    });
    code = application.exec();
}

Task<> tellAndWait(Teller &teller)
{
    const Alive alive;
    teller.tell();
    co_await sleepFor(aMinute);
}

// A wait that begins, and then what it is for tells the application to end, before any event loop runs for it.
void firstStep(QCoreApplication &application, const QByteArray &way, const QByteArray &place, int &code)
{
    Teller teller(way);
    Bridge::current().setShutdownLimit(5s); // so long it would take if the wait were clean-up
    const auto wait = [&teller] { say("outcome", nameOf(tryRunSync(tellAndWait(teller)).outcome())); };
    queue([&] {
        if (place == "postedfunction") {
            Bridge::current().post(wait);
            return;
        }
        if (place == "slot") {
            wait();
            return;
        }
        queue(wait);
        say("beneath", nameOf(tryRunSync(answerAfter(aMinute)).outcome()));
    });
    code = application.exec();
}

// Saves something when its scope is left, and waits for that.
class Saver
{
public:
    explicit Saver(const char *key) noexcept : m_key(key) { }
    ~Saver()
    {
        const Result<int> saved = tryRunSync(answerAfter(20ms));
        say(m_key, nameOf(saved.outcome()));
    }
    Saver(const Saver &) = delete;
    Saver &operator=(const Saver &) = delete;

private:
    const char *m_key;
};

Task<> saveInTask()
{
    const Alive alive;
    const Saver saver("in-task-destructor");
    try {
        co_await sleepFor(aMinute);
    } catch (const Cancelled &) {
        say("in-task-catch", QByteArray::number(runSync(answerAfter(20ms))));
        throw;
    }
}

void cleanUp(QCoreApplication &application, int &code)
{
    queue([] {
        queue([] {
            sinceToldToEnd.emplace();
            QCoreApplication::exit(7);
        });
        const Saver saver("in-slot-destructor");
        try {
            runSync(saveInTask());
        } catch (const Cancelled &cancelled) {
            say("caught", nameOf(cancelled.outcome()));
            say("in-slot-catch", QByteArray::number(runSync(answerAfter(20ms))));
        }
    });
    code = application.exec();
}

// Code on a stack that is parked, or nests, when the application is told to end: a slot, a task or a posted function.
class Parkers
{
public:
    Parkers()
    {
        Bridge::current().setParking(true);
        const auto slot = [this](const QString &) { hold("parked"); };
        interloop::connect(&m_sender, &QObject::objectNameChanged, &m_sender, slot, Overlap::Parallel);
    }

    void park(int count)
    {
        for (int n = 0; n < count; ++n) {
            ++m_begun;
            if (m_begun % 3 == 1)
                m_sender.setObjectName(QString::number(m_begun));
            else if (m_begun % 3 == 2)
                spawn(holdInTask(this), "parker");
            else
                Bridge::current().post([this] { hold("parked"); });
        }
    }

    void hold(const char *how)
    {
        const Alive alive;
        say("outcome", how + QByteArray(" ") + wait());
    }

private:
    static Task<> holdInTask(Parkers *parkers)
    {
        parkers->hold("parked");
        co_return;
    }

    QObject m_sender;
    int m_begun = 0;
};

// Plain slots that nest, and beneath each of them and on top of all some stacks that park; then tells.
class MixedTower
{
public:
    MixedTower(Teller &teller, int parked, int nested)
        : m_teller(teller), m_parked(parked), m_parkedEach(parked / (nested + 1)),
          m_parkedLast(parked - m_parkedEach * nested), m_left(nested)
    {
    }

    void grow()
    {
        if (m_left == 0) {
            m_parkers.park(m_parkedLast);
            tellWhenAllAreParked();
            return;
        }
        --m_left;
        m_parkers.park(m_parkedEach);
        queue([this] { grow(); });
        m_parkers.hold("nested");
    }

private:
    void tellWhenAllAreParked()
    {
        if (Bridge::current().parked() < m_parked) {
            QTimer::singleShot(1, QCoreApplication::instance(), [this] { tellWhenAllAreParked(); });
            return;
        }
        say("parked", Bridge::current().parked());
        say("depth", Bridge::current().depth());
        if (m_teller.isInASlot())
            spawn(tellInTask(this), "teller");
        else
            m_teller.tell();
    }

    static Task<> tellInTask(MixedTower *tower)
    {
        runSync(sleepFor(1ms)); // goes on on a stack of its own
        tower->m_teller.tell();
        co_return;
    }

    Teller &m_teller;
    Parkers m_parkers;
    int m_parked;
    int m_parkedEach;
    int m_parkedLast;
    int m_left;
};

void parked(QCoreApplication &application, const QByteArray &way, int parkedCount, int nestedCount, int &code)
{
    Teller teller(way);
    MixedTower tower(teller, parkedCount, nestedCount);
    Bridge::current().setMaximumDepth(200);
    queue([&tower] { tower.grow(); });
    code = application.exec();
    say("left-in-exec", Alive::begun - Alive::ended);
    say("parked-behind-exec", Bridge::current().parked());
}

// Parked code that waits when it cleans up: briefly, and for longer than it may.
void parkedCleanUp(QCoreApplication &application, int &code)
{
    Bridge::current().setShutdownLimit(300ms);
    Parkers parkers;
    const auto slot = [] {
        const Alive alive;
        const Saver saver("in-slot-destructor");
        try {
            runSync(answerAfter(aMinute));
        } catch (const Cancelled &cancelled) {
            say("caught", nameOf(cancelled.outcome()));
            say("in-slot-catch", QByteArray::number(runSync(answerAfter(20ms))));
            const Result<int> slow = tryRunSync(answerAfter(aMinute));
            say("slow", nameOf(slow.outcome()));
        }
    };
    QObject sender;
    interloop::connect(&sender, &QObject::objectNameChanged, &sender, slot);
    queue([&] {
        sender.setObjectName(QStringLiteral("name"));
        parkers.park(2);
        QTimer::singleShot(20, &sender, [] {
            say("parked", Bridge::current().parked());
            sinceToldToEnd.emplace();
            QCoreApplication::exit(7);
        });
    });
    code = application.exec();
    say("left-in-exec", Alive::begun - Alive::ended);
    say("parked-behind-exec", Bridge::current().parked());
}

// Stacks are parked, and nobody has told the application to end: it is destroyed.
void parkedWithoutExec(QCoreApplication &application, int &code)
{
    static Parkers parkers;
    parkers.park(5);
    application.processEvents();
    say("parked", Bridge::current().parked());
    sinceToldToEnd.emplace();
    code = 0;
}

// "Close the login window, wait, show the main window".
void nextWindow(QCoreApplication &application, int &code)
{
    QWidget login;
    QWidget main;
    login.show();
    queue([&] {
        sinceToldToEnd.emplace();
        login.close();
        say("outcome", wait());
        main.show();
    });
    code = application.exec();
    say("main-visible", main.isVisible());
}

} // namespace

// In front of libuv's own: what it says about the loop's state.
extern "C" int uv_loop_close(uv_loop_t *loop)
{
    const auto close = reinterpret_cast<int (*)(uv_loop_t *)>(dlsym(RTLD_NEXT, "uv_loop_close"));
    const int error = close(loop);
    say("uv_loop_close", error);
    return error;
}

int main(int argc, char **argv)
{
    std::vector<QByteArray> arguments(argv + 1, argv + argc);
    arguments.resize(4);
    const QByteArray &what = arguments[0];
    const bool isControl = arguments[3] == "qeventloop" || arguments[3] == "qcoro";
    if (isControl)
        waiter = arguments[3];
    std::signal(SIGALRM, &hang);
    alarm(isControl ? 2 : 30);
    qInstallMessageHandler(&sayMessage);

    int code = -1;
    {
        const auto application = test::makeApplication(argc, argv);
        if (!isControl) { // any message is a fault, but it is none that another program had the processor
            Bridge::current().setSlowStepThreshold(0ms);
            Bridge::current().setHeldBackThreshold(1s);
        }
        if (what == "inside")
            inside(*application, arguments[1], arguments[2].toInt(), code);
        else if (what == "outside")
            outside(*application, arguments[1], arguments[2], code);
        else if (what == "later" || what == "nested-later")
            later(*application, what == "nested-later", code);
        else if (what == "firststep")
            firstStep(*application, arguments[1], arguments[2], code);
        else if (what == "cleanup")
            cleanUp(*application, code);
        else if (what == "parked")
            parked(*application, arguments[1], arguments[2].toInt(), arguments[3].toInt(), code);
        else if (what == "parked-cleanup")
            parkedCleanUp(*application, code);
        else if (what == "parked-noexec")
            parkedWithoutExec(*application, code);
        else if (what == "nextwindow")
            nextWindow(*application, code);
        else
            qFatal("unknown cell %s", what.constData());
        say("exec", code);
        if (isControl)
            _exit(code); // it has left frames behind
        if (what != "parked-noexec")
            Bridge::current().close();
    }
    say("ended-ms", std::chrono::duration_cast<std::chrono::milliseconds>(sinceToldToEnd->elapsed()).count());
    say("begun", Alive::begun);
    say("unwound", Alive::ended);
    return code;
}
