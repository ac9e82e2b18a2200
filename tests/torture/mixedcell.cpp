// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>
#include <interloop/loop/fences.h>

#include <tests/testmain.h>

#include <QDialog>
#include <QEventLoop>
#include <QPointer>
#include <QTimer>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <functional>
#include <random>
#include <string>
#include <unistd.h>
#include <vector>

/*
 * An application in which everything waits at once; tst_mixedwaits.cpp starts it.
 *
 *     interloop-mixedcell SEED WAITS [WITHOUT]
 *
 * Code on all kinds of stacks makes random moves until that many waits have ended: it blocks, emits, throws and
 * catches, runs dialogs, cancels, destroys objects that others use. The application quits now and then, and goes on.
 * What must hold is looked at all the time. The last line is "ok"; 86: it hung. WITHOUT "parking" all waits nest;
 * without one of its fences, "qtframes" or "exceptions", parking breaks this program.
 */

using namespace interloop;
using namespace std::chrono_literals;

namespace {

// What is made must go.
class Counted
{
public:
    Counted() { ++alive; }
    Counted(const Counted &) { ++alive; }
    Counted &operator=(const Counted &) = delete;
    ~Counted() { --alive; }

    static inline int alive = 0;
};

class Number
{
public:
    explicit Number(int number) noexcept : value(number) { }
    int value;
};

bool isHandled(int number)
{
    try {
        throw;
    } catch (const Number &caught) {
        return caught.value == number && std::current_exception();
    } catch (...) {
        return false;
    }
}

} // namespace

class Actor;

class Mix
{
public:
    explicit Mix(unsigned seed) : m_random(seed) { }

    int below(int limit) { return int(m_random() % unsigned(limit)); }
    std::chrono::microseconds time() { return below(2) * below(4) * 100us; }

    void populate();
    void depopulate();

    // Makes some random moves. Throws Cancelled, and RunSyncError where a wait is refused.
    void act(int energy);

    // The same in code that must not throw.
    void actQuietly(int energy);

    // One of those that may be cancelled.
    void addConnection(Connection connection) { m_connections.push_back(std::move(connection)); }

    // Begins something new in one of all kinds of places.
    void begin();

    void wrong(const char *what)
    {
        if (m_wrongs++ == 0)
            std::printf("wrong %s\n", what);
    }

    int wrongs() const { return m_wrongs; }
    int waits() const { return m_waits; }
    int acting() const { return m_acting; }
    int mostParked() const { return m_mostParked; }
    int mostDepth() const { return m_mostDepth; }
    void setStopping(bool isStopping) { m_isStopping = isStopping; }

    static Task<> acts(Mix *mix, int energy, Counted argument);

private:
    void move(int energy);
    void wait();
    void waitInAHandler(int energy);
    void waitWhileUnwinding(int energy);
    void runADialog(int energy);
    void replaceAnActor();
    void cancelSomething();
    Actor *anyActor();

    class Acting;

    std::minstd_rand m_random;
    std::vector<QPointer<Actor>> m_actors;
    std::vector<TaskHandle<>> m_tasks; // some of those that run
    std::vector<Connection> m_connections; // likewise
    int m_waits = 0;
    int m_wrongs = 0;
    int m_acting = 0;
    int m_mostParked = 0;
    int m_mostDepth = 0;
    bool m_isStopping = false;

    static constexpr int actorCount = 12;
    static constexpr int mostActing = 40;
};

// Sends to other actors and hears from them, in bodies of connections and in plain slots.
class Actor : public QObject
{
    Q_OBJECT

public:
    explicit Actor(Mix &mix) : m_mix(mix) { }

    void hear(Actor &sender)
    {
        const auto body = [&mix = m_mix, counted = Counted()](int energy) { mix.act(energy); };
        static constexpr Overlap overlaps[] = {Overlap::Drop, Overlap::Parallel, Overlap::Parallel, Overlap::Restart};
        const Wait wait = m_mix.below(10) == 0 ? Wait::Nest : Wait::Park;
        m_mix.addConnection(interloop::connect(&sender, &Actor::asked, this, body, overlaps[m_mix.below(4)], wait));

        const QPointer<Actor> receiver(this);
        const QPointer<Actor> from(&sender);
        connect(&sender, &Actor::askedPlainly, this, [&mix = m_mix, receiver, from](int energy) {
            mix.actQuietly(energy);
            if (receiver && from && receiver->sender() != from)
                mix.wrong("sender() is another");
        });
    }

signals:
    void asked(int energy);
    void askedPlainly(int energy);

private:
    Mix &m_mix;
    Counted m_counted;
};

class Mix::Acting
{
public:
    explicit Acting(Mix &mix) : m_mix(mix) { ++m_mix.m_acting; }
    ~Acting() { --m_mix.m_acting; }
    Acting(const Acting &) = delete;
    Acting &operator=(const Acting &) = delete;

private:
    Mix &m_mix;
    Counted m_counted;
};

Actor *Mix::anyActor()
{
    return m_actors[std::size_t(below(actorCount))];
}

void Mix::populate()
{
    for (int n = 0; n < actorCount; ++n)
        m_actors.emplace_back(new Actor(*this));
    for (int n = 0; n < 3 * actorCount; ++n)
        anyActor()->hear(*anyActor());
}

void Mix::depopulate()
{
    for (const QPointer<Actor> &actor : m_actors)
        delete actor;
    m_tasks.clear();
    m_connections.clear();
}

void Mix::act(int energy)
{
    if (energy <= 0 || m_isStopping || m_acting > mostActing)
        return;
    const Acting acting(*this);
    m_mostParked = std::max(m_mostParked, Bridge::current().parked());
    m_mostDepth = std::max(m_mostDepth, Bridge::current().depth());
    const int moves = 1 + below(3);
    for (int n = 0; n < moves && !m_isStopping; ++n)
        move(energy - 1);
}

void Mix::actQuietly(int energy)
{
    try {
        act(energy);
    } catch (const Cancelled &) {
    } catch (const RunSyncError &) {
    }
}

Task<> Mix::acts(Mix *mix, int energy, Counted argument)
{
    static_cast<void>(argument);
    if (mix->below(2) == 0)
        co_await sleepFor(mix->time());
    const TaskInfo self = currentTask();
    mix->actQuietly(energy);
    if (!(currentTask() == self))
        mix->wrong("currentTask() is another");
    co_await yield();
    mix->act(energy);
}

void Mix::move(int energy)
{
    switch (below(18)) {
    case 0:
    case 1:
    case 2:
    case 3:
        wait();
        break;
    case 4: {
        ++m_waits;
        static_cast<void>(tryRunSync(acts(this, energy, Counted()), RunOptions().timeout(time())));
        break;
    }
    case 5:
        ++m_waits;
        runSync(acts(this, energy, Counted()));
        break;
    case 6:
        m_tasks.push_back(spawn(acts(this, energy, Counted())));
        if (m_tasks.size() > 20)
            m_tasks.erase(m_tasks.begin());
        break;
    case 7:
    case 8:
        emit anyActor()->asked(energy);
        break;
    case 9:
        emit anyActor()->askedPlainly(energy);
        break;
    case 10:
        QMetaObject::invokeMethod(anyActor(), [this, energy] { actQuietly(energy); }, Qt::DirectConnection);
        break;
    case 11:
        waitInAHandler(energy);
        break;
    case 12:
        waitWhileUnwinding(energy);
        break;
    case 13:
        runADialog(energy);
        break;
    case 14:
        replaceAnActor();
        break;
    case 15:
        cancelSomething();
        break;
    case 16: {
        const NoSuspend guard;
        wait();
        break;
    }
    default:
        Bridge::current().post([this, energy] { actQuietly(energy); });
        break;
    }
}

void Mix::wait()
{
    ++m_waits;
    switch (below(4)) {
    case 0:
        runSync(yield());
        break;
    case 1:
        runSync(sleepFor(time()), RunOptions().wait(Wait::Nest));
        break;
    default:
        runSync(sleepFor(time()));
        break;
    }
}

void Mix::waitInAHandler(int energy)
{
    const int number = below(1'000'000);
    const int uncaught = std::uncaught_exceptions();
    try {
        actQuietly(energy - 1);
        throw Number(number);
    } catch (const Number &caught) {
        ++m_waits;
        static_cast<void>(tryRunSync(sleepFor(time())));
        if (caught.value != number || !isHandled(number))
            wrong("another exception is handled behind a wait");
        actQuietly(energy - 1);
        if (!isHandled(number) || std::uncaught_exceptions() != uncaught)
            wrong("another exception is handled behind moves");
    }
}

void Mix::waitWhileUnwinding(int energy)
{
    class ActsWhenItDies
    {
    public:
        ActsWhenItDies(Mix &mix, int energy) : m_mix(mix), m_energy(energy) { }
        ~ActsWhenItDies()
        {
            const int uncaught = std::uncaught_exceptions();
            ++m_mix.m_waits;
            static_cast<void>(tryRunSync(sleepFor(m_mix.time())));
            m_mix.actQuietly(m_energy);
            if (std::uncaught_exceptions() != uncaught)
                m_mix.wrong("another number of exceptions is uncaught behind a wait");
        }
        ActsWhenItDies(const ActsWhenItDies &) = delete;
        ActsWhenItDies &operator=(const ActsWhenItDies &) = delete;

    private:
        Mix &m_mix;
        int m_energy;
    };

    const int number = below(1'000'000);
    try {
        const ActsWhenItDies dies(*this, energy - 1);
        throw Number(number);
    } catch (const Number &caught) {
        if (caught.value != number || !isHandled(number))
            wrong("another exception has unwound");
    }
}

void Mix::runADialog(int energy)
{
    if (Bridge::current().depth() > 10)
        return;
    if (qobject_cast<QApplication *>(QCoreApplication::instance())) {
        QDialog dialog;
        QTimer::singleShot(0, &dialog, [this, energy] { actQuietly(energy); });
        QTimer::singleShot(below(3), &dialog, &QDialog::accept);
        dialog.exec();
    } else {
        QEventLoop loop;
        QTimer::singleShot(0, &loop, [this, energy] { actQuietly(energy); });
        QTimer::singleShot(below(3), &loop, &QEventLoop::quit);
        loop.exec();
    }
}

// Destroys one, at once or later, whatever it sends or hears at the moment.
void Mix::replaceAnActor()
{
    QPointer<Actor> &place = m_actors[std::size_t(below(actorCount))];
    Actor *old = place;
    place = new Actor(*this);
    for (int n = 0; n < 3; ++n) {
        place->hear(*anyActor());
        anyActor()->hear(*place);
    }
    if (below(2) == 0)
        delete old;
    else
        old->deleteLater();
    if (m_connections.size() > 60)
        m_connections.erase(m_connections.begin(), m_connections.begin() + 20);
}

void Mix::cancelSomething()
{
    if (below(2) == 0 && !m_tasks.empty())
        m_tasks[std::size_t(below(int(m_tasks.size())))].cancel();
    else
        m_connections[std::size_t(below(int(m_connections.size())))].cancel();
}

void Mix::begin()
{
    const int energy = 2 + below(4);
    switch (below(4)) {
    case 0:
        emit anyActor()->asked(energy);
        break;
    case 1:
        emit anyActor()->askedPlainly(energy);
        break;
    case 2:
        m_tasks.push_back(spawn(acts(this, energy, Counted())));
        break;
    default:
        Bridge::current().post([this, energy] { actQuietly(energy); });
        break;
    }
}

namespace {

// Keeps the application busy until it quits, by chance or since there have been enough waits.
class Starter
{
public:
    Starter(Mix &mix, int waits) : m_mix(mix), m_waits(waits) { }

    void run()
    {
        m_mix.setStopping(false);
        m_hasQuit = false;
        schedule();
        QCoreApplication::exec();
    }

private:
    void schedule()
    {
        QTimer::singleShot(0, QCoreApplication::instance(), [this] { shoot(); });
    }

    void shoot()
    {
        if (m_hasQuit)
            return;
        if (m_mix.waits() >= m_waits || m_mix.below(3000) == 0) {
            m_hasQuit = true;
            m_mix.setStopping(true);
            QCoreApplication::quit();
            return;
        }
        schedule();
        if (m_mix.acting() < 20 && Bridge::current().depth() < 20)
            m_mix.begin();
    }

    Mix &m_mix;
    int m_waits;
    bool m_hasQuit = false;
};

void hang(int)
{
    constexpr char text[] = "hang yes\n";
    static_cast<void>(!write(STDOUT_FILENO, text, sizeof(text) - 1));
    _exit(86);
}

bool isAllGone()
{
    return Bridge::current().parked() == 0 && Bridge::current().taskCount() == 0;
}

} // namespace

int main(int argc, char **argv)
{
    const auto application = test::makeApplication(argc, argv);
    QGuiApplication::setQuitOnLastWindowClosed(false);
    const unsigned seed = unsigned(std::stoul(argv[1]));
    const int waits = std::stoi(argv[2]);
    const std::string without = argc > 3 ? argv[3] : "";
    Fences::qtFrames = without != "qtframes";
    Fences::exceptionState = without != "exceptions";
    std::signal(SIGALRM, &hang);
    alarm(100);

    Bridge &bridge = Bridge::current();
    bridge.setParking(without != "parking");
    bridge.setMaximumDepth(500);
    bridge.setHeldBackThreshold(60s);
    Mix mix(seed);
    bridge.setUnhandledErrorHandler([&mix](const QString &text, std::exception_ptr error) {
        const std::string what = errorText(error);
        if (what.rfind("TooDeep", 0) != 0)
            mix.wrong((text.toStdString() + ": " + what).c_str());
    });
    mix.populate();
    Starter starter(mix, waits);
    int quits = 0;
    for (; mix.waits() < waits && mix.wrongs() == 0; ++quits) {
        starter.run();
        if (bridge.parked() > 0)
            mix.wrong("a stack is parked behind exec()");
    }
    mix.setStopping(true);
    mix.depopulate();
    if (!QTest::qWaitFor([&mix] { return isAllGone() && mix.acting() == 0 && Counted::alive == 0; }, 5000))
        mix.wrong("something is left");

    std::printf("waits %d\nquits %d\nmost parked %d\nmost depth %d\nacting %d\ncounted %d\n", mix.waits(), quits,
                mix.mostParked(), mix.mostDepth(), mix.acting(), Counted::alive);
    bridge.close();
    std::printf(mix.wrongs() == 0 ? "ok\n" : "failed\n");
    return mix.wrongs() == 0 ? 0 : 1;
}

#include "mixedcell.moc"
