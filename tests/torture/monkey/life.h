// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/interloop.h>

#include <tests/torture/monkey/journal.h>
#include <tests/torture/monkey/worker.h>

#include <QObject>
#include <QPointer>
#include <QString>

#include <cstdint>
#include <exception>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

/*
 * One life of the application: from the begin of an exec() to its end, and to the end of all that was begun in it.
 *
 * It is what all code on all stacks refers to: it waits in all the ways that the library has, and knows of each wait
 * what may come out of it. A value is computed from the wait's key on the way that the wait took, so that one which
 * nobody produced is noticed; each exception has a number that was thrown before.
 */

namespace interloop::monkey {

// What begins must end.
class Alive
{
public:
    Alive() noexcept { ++begun; }
    ~Alive() { ++ended; }
    Alive(const Alive &) = delete;
    Alive &operator=(const Alive &) = delete;

    static inline std::atomic<int> begun = 0; // workers have some, too
    static inline std::atomic<int> ended = 0;
};

// What a task throws, and a slot.
class Number
{
public:
    explicit Number(int number) noexcept : value(number) { }
    int value;
};

// How waits keep their stacks.
enum class Form : unsigned char { Parked, Nested, Mixed };

// Who waits: the library, or the naive way of a negative control.
enum class Waiter : unsigned char { Interloop, QEventLoop, QCoro };

// Sends what others hear. May be deleted at any time, also by a slot that it has called.
class Emitter : public QObject
{
    Q_OBJECT

Q_SIGNALS:
    void asked(quint64 key);
    void told(const QString &text, int number);
    void filled(QString &text); // whose slots nest, as it is read afterwards
    void aboutToBeTold(); // likewise
};

class Life : public QObject
{
    Q_OBJECT

public:
    enum class Phase : unsigned char {
        Acting,
        Quitting, // told to quit
        Closing, // the bridge is
        Ending, // exec() has returned: what is left is cancelled
    };

    Life(std::uint64_t seed, Form form, Waiter waiter);
    ~Life() override;

    // nullptr: between two lives. For code that may come too late.
    static Life *current() noexcept { return theLife; }

    Form form() const noexcept { return m_form; }
    Phase phase() const noexcept { return m_phase; }
    void setPhase(Phase phase) noexcept { m_phase = phase; }
    bool isActing() const noexcept { return m_phase == Phase::Acting; }
    bool mayBeginMore() const; // not too much goes on already
    int waiting() const noexcept { return m_waiting; }
    std::uint64_t nextKey() noexcept;

    // A body of a slot or a posted function: waits, throws, spawns, emits. What it throws must reach the hook.
    void perform(QObject *context, int energy);

    // The same as a coroutine: the body of a slot, or spawned.
    Task<> play(QPointer<QObject> context, int energy);

    // For plain slots, virtual overrides and event filters.
    void performQuietly(const char *place, QObject *context, int energy);

    // A task that gives answerTo(key), or throws a Number. It takes a way that depends on the key.
    Task<quint64> answer(quint64 key, int energy);
    static quint64 answerTo(quint64 key) noexcept { return Dice(key).next(); }

    // Hears a signal in one of all ways, in the name of `context`.
    template<typename Sender, typename Signal>
    void hear(Sender *sender, Signal signal, QObject *context, Dice &dice);

    // What the monkey does to all this. Each says whether there was something to do it to.
    void emitSomething(Dice &dice, int energy);
    void spawnSomething(Dice &dice);
    void postSomething(Dice &dice);
    bool cancelATask(Dice &dice);
    bool cancelAConnection(Dice &dice);
    bool disconnectSomething(Dice &dice);
    void replaceAnEmitter(Dice &dice);
    void replaceAContext(Dice &dice);
    void replaceAWorker(Dice &dice);
    QObject *anyContext(Dice &dice) const; // may be nullptr

    // Runs a modal dialog, message box or menu, in whatever place this is.
    void runADialog(Dice &dice, int energy);

    // The bridge's hook.
    void unhandled(const QString &text, std::exception_ptr error);

    void closeTheBridge();

    // What this life holds is cancelled and let go; tasks end in the event loop's next turns.
    void cancelAll();

    // Names what should not be there any more; empty when all is gone.
    std::string leftovers() const;

    int port() const noexcept { return m_port; } // of the echo server

private:
    class Known
    {
    public:
        Known(quint64 key, TaskHandle<quint64> handle) : key(key), handle(std::move(handle)) { }
        quint64 key;
        TaskHandle<quint64> handle;
    };

    void wait(Dice &dice, QObject *context, int energy); // throws what the wait ends with
    void waitNaively(Dice &dice, quint64 key);
    void waitForAKnownTask(Dice &dice);
    void waitWithProgress(int energy);
    void waitInAHandler(Dice &dice, QObject *context);
    void waitWhileUnwinding(Dice &dice, QObject *context);
    void ended(quint64 key, const Result<quint64> &result);
    bool isExpected(const std::exception_ptr &error) const;
    int newNumber();
    [[noreturn]] void throwToTheHook();
    RunOptions options(Dice &dice, QObject *context) const;
    Overlap overlap(Dice &dice) const;
    void keep(Connection connection);

    Task<> serve(TcpServer server);
    static Task<> echo(TcpSocket socket);
    void settleLater(Dice &dice, Future<quint64> future, quint64 value);

    // The ways that a task takes.
    Task<quint64> bySleeping(quint64 key);
    Task<quint64> byYielding(quint64 key);
    Task<quint64> bySpawning(quint64 key, int energy);
    Task<quint64> byGathering(quint64 key, int energy);
    Task<quint64> byGatheringResults(quint64 key, int energy);
    Task<quint64> byRacing(quint64 key, int energy);
    Task<quint64> byTimingOut(quint64 key, int energy);
    Task<quint64> byGroup(quint64 key, int energy);
    Task<quint64> byMutex(quint64 key);
    Task<quint64> byBlockingWithMutex(quint64 key);
    Task<quint64> bySemaphore(quint64 key);
    Task<quint64> byQueue(quint64 key);
    Task<quint64> byEvent(quint64 key);
    Task<quint64> byFuture(quint64 key);
    Task<quint64> byThread(quint64 key);
    Task<quint64> byEcho(quint64 key);
    Task<quint64> byShielding(quint64 key, int energy);
    Task<quint64> byBlocking(quint64 key, int energy);
    Task<quint64> byDialog(quint64 key, int energy);
    Task<quint64> byThrowing(quint64 key);
    Task<quint64> bySignal(quint64 key);
    Task<quint64> byBinding(quint64 key);
    Task<quint64> byQFuture(quint64 key);
    Task<quint64> byExecDialog(quint64 key);
    Task<> playChild(quint64 key, int energy);

    static inline Life *theLife = nullptr;

    Form m_form;
    Waiter m_waiter;
    Phase m_phase = Phase::Acting;
    Dice m_keys;
    int m_port = 0;
    int m_waiting = 0; // waits that have not returned
    int m_dialogs = 0;
    int m_nextNumber = 0;
    std::set<int> m_thrown; // numbers
    std::set<int> m_owed; // those that the hook must get
    std::vector<Known> m_known;
    std::vector<TaskHandle<>> m_players;
    std::vector<Connection> m_connections;
    std::vector<QPointer<Emitter>> m_emitters;
    std::vector<QPointer<QObject>> m_contexts;
    std::unique_ptr<Mutex> m_mutex;
    std::unique_ptr<Semaphore> m_semaphore;
    TaskHandle<> m_server;
    std::unique_ptr<Worker> m_settler; // settles futures; lives as long as this
    std::unique_ptr<Worker> m_worker;
};

template<typename Sender, typename Signal>
void Life::hear(Sender *sender, Signal signal, QObject *context, Dice &dice)
{
    const QPointer<QObject> guarded(context);
    const int energy = dice.below(3);
    const Wait wait = dice.oneIn(6) ? Wait::Nest : Wait::Park;
    switch (dice.below(5)) {
    case 0:
        QObject::connect(sender, signal, context, [this, guarded, energy] { performQuietly("slot", guarded, energy); });
        break;
    case 1: {
        const auto body = [this, guarded, energy] { return play(guarded, energy); };
        keep(interloop::connect(sender, signal, context, body, overlap(dice), wait));
        break;
    }
    default: {
        const auto body = [this, guarded, energy] { perform(guarded, energy); };
        keep(interloop::connect(sender, signal, context, body, overlap(dice), wait));
        break;
    }
    }
}

} // namespace interloop::monkey
