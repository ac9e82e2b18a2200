// SPDX-License-Identifier: MIT
#include <tests/torture/monkey/handler.h>
#include <tests/torture/monkey/life.h>

#include <interloop/widgets/execdialog.h>

#include <QApplication>
#include <QDialog>
#include <QFuture>
#include <QTimer>

#include <cstring>

/*
 * The ways that a task takes to its answer: each through another part of the library.
 */

namespace interloop::monkey {

using namespace std::chrono_literals;

namespace {

constexpr qsizetype echoSize = sizeof(quint64);

QByteArray toBytes(quint64 value)
{
    return QByteArray(reinterpret_cast<const char *>(&value), echoSize);
}

void check(quint64 value, quint64 key)
{
    if (value != Life::answerTo(key))
        Journal::instance().wrong("a task got a value that nobody produced");
}

std::uint64_t childOf(quint64 key, int n)
{
    return key ^ (0x1234567u * unsigned(n + 1));
}

} // namespace

Task<quint64> Life::answer(quint64 key, int energy)
{
    Dice dice(~key);
    const int deeper = energy - 1;
    switch (dice.below(energy > 0 ? 30 : 15)) {
    case 0:
        return byYielding(key);
    case 1:
        return byMutex(key);
    case 2:
        return bySemaphore(key);
    case 3:
        return byQueue(key);
    case 4:
        return byEvent(key);
    case 5:
        return byFuture(key);
    case 6:
        return byThread(key);
    case 7:
        return byEcho(key);
    case 8:
        return byThrowing(key);
    case 9:
        return byBlockingWithMutex(key);
    case 10:
        return bySignal(key);
    case 11:
        return byBinding(key);
    case 12:
        return byQFuture(key);
    case 27:
        return byExecDialog(key);
    case 15:
    case 16:
        return bySpawning(key, deeper);
    case 17:
    case 18:
        return byGathering(key, deeper);
    case 19:
        return byGatheringResults(key, deeper);
    case 20:
        return byRacing(key, deeper);
    case 21:
        return byTimingOut(key, deeper);
    case 22:
        return byGroup(key, deeper);
    case 23:
        return byShielding(key, deeper);
    case 24:
    case 25:
        return byBlocking(key, deeper);
    case 26:
        return byDialog(key, deeper);
    default:
        return bySleeping(key);
    }
}

Task<quint64> Life::bySleeping(quint64 key)
{
    const Alive alive;
    Dice dice(key + 1);
    co_await sleepFor(dice.time());
    co_return answerTo(key);
}

Task<quint64> Life::byYielding(quint64 key)
{
    const Alive alive;
    for (int n = 0; n < 3; ++n)
        co_await yield();
    co_return answerTo(key);
}

Task<quint64> Life::bySpawning(quint64 key, int energy)
{
    const Alive alive;
    const quint64 child = childOf(key, 0);
    const TaskHandle<quint64> handle = spawn(answer(child, energy), "child");
    const quint64 value = co_await handle;
    check(value, child);
    co_return answerTo(key);
}

Task<quint64> Life::byGathering(quint64 key, int energy)
{
    const Alive alive;
    const auto values = co_await gather(answer(childOf(key, 0), energy), answer(childOf(key, 1), energy),
                                        bySleeping(childOf(key, 2)));
    check(std::get<0>(values), childOf(key, 0));
    check(std::get<1>(values), childOf(key, 1));
    check(std::get<2>(values), childOf(key, 2));
    co_return answerTo(key);
}

Task<quint64> Life::byGatheringResults(quint64 key, int energy)
{
    const Alive alive;
    const auto results = co_await gatherResults(answer(childOf(key, 0), energy), answer(childOf(key, 1), energy));
    const auto look = [this](const Result<quint64> &result, quint64 child) {
        if (result)
            check(result.value(), child);
        else if (result.outcome() == Outcome::Exception && !isExpected(result.error()))
            Journal::instance().wrong("a gathered task failed: " + result.errorString());
    };
    look(std::get<0>(results), childOf(key, 0));
    look(std::get<1>(results), childOf(key, 1));
    co_return answerTo(key);
}

Task<quint64> Life::byRacing(quint64 key, int energy)
{
    const Alive alive;
    Dice dice(key + 2);
    const auto winner = co_await race(answer(childOf(key, 0), energy), sleepFor(dice.time()),
                                      bySleeping(childOf(key, 1)));
    if (winner.index() == 0)
        check(std::get<0>(winner), childOf(key, 0));
    else if (winner.index() == 2)
        check(std::get<2>(winner), childOf(key, 1));
    co_return answerTo(key);
}

Task<quint64> Life::byTimingOut(quint64 key, int energy)
{
    const Alive alive;
    Dice dice(key + 3);
    const quint64 child = childOf(key, 0);
    try {
        const quint64 value = co_await withTimeout(dice.time(), answer(child, energy));
        check(value, child);
    } catch (const TimeoutError &) {
        Journal::instance().count("timed out in a task");
    }
    co_return answerTo(key);
}

Task<> Life::playChild(quint64 key, int energy)
{
    const quint64 value = co_await answer(key, energy);
    check(value, key);
}

Task<quint64> Life::byGroup(quint64 key, int energy)
{
    const Alive alive;
    TaskGroup group;
    for (int n = 0; n < 3; ++n)
        group.spawn(playChild(childOf(key, n), energy));
    co_await group.join();
    co_return answerTo(key);
}

Task<quint64> Life::byMutex(quint64 key)
{
    const Alive alive;
    Dice dice(key + 4);
    const MutexGuard guard = co_await m_mutex->lock();
    co_await sleepFor(dice.time() / 4);
    co_return answerTo(key);
}

// What waits for the lock on top of this would wait for ever, and is refused.
Task<quint64> Life::byBlockingWithMutex(quint64 key)
{
    const Alive alive;
    Dice dice(key + 5);
    const MutexGuard guard = co_await m_mutex->lock();
    if (dice.oneIn(2))
        runSync(sleepFor(dice.time() / 8));
    co_return answerTo(key);
}

Task<quint64> Life::bySemaphore(quint64 key)
{
    const Alive alive;
    Dice dice(key + 6);
    const SemaphoreGuard permit = co_await m_semaphore->acquireGuard();
    co_await sleepFor(dice.time() / 4);
    co_return answerTo(key);
}

namespace {

Task<> produce(std::shared_ptr<Queue<quint64>> queue, quint64 key)
{
    const Alive alive;
    for (int n = 0; n < 4; ++n)
        co_await queue->put(Life::answerTo(childOf(key, n)));
    queue->close();
}

quint64 computed(quint64 key, int milliseconds)
{
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
    return Life::answerTo(key);
}

} // namespace

Task<quint64> Life::byQueue(quint64 key)
{
    const Alive alive;
    const auto queue = std::make_shared<Queue<quint64>>(1);
    TaskGroup group;
    group.spawn(produce(queue, key), "producer");
    for (int n = 0;; ++n) {
        const std::optional<quint64> value = co_await queue->next();
        if (!value) {
            if (n != 4)
                Journal::instance().wrong("a queue lost an item");
            break;
        }
        check(*value, childOf(key, n));
    }
    co_await group.join();
    co_return answerTo(key);
}

Task<quint64> Life::byEvent(quint64 key)
{
    const Alive alive;
    Dice dice(key + 7);
    const auto event = std::make_shared<Event>();
    QTimer::singleShot(std::chrono::ceil<std::chrono::milliseconds>(dice.time()), this, [event] { event->set(); });
    co_await event->wait();
    co_return answerTo(key);
}

Task<quint64> Life::byFuture(quint64 key)
{
    const Alive alive;
    Dice dice(key + 8);
    Future<quint64> future;
    settleLater(dice, future, answerTo(key));
    const quint64 value = co_await future;
    check(value, key);
    co_return value;
}

// By a timer, or by a thread of the pool through the bridge's remote.
void Life::settleLater(Dice &dice, Future<quint64> future, quint64 value)
{
    const auto time = std::chrono::ceil<std::chrono::milliseconds>(dice.time());
    const auto settle = [future, value]() mutable { future.setResult(value); };
    if (dice.oneIn(2))
        QTimer::singleShot(time, this, settle);
    else
        m_settler->run([remote = Bridge::current().remote(), settle] {
            static_cast<void>(remote.postThreadSafe(settle));
        });
}

Task<quint64> Life::byThread(quint64 key)
{
    const Alive alive;
    Dice dice(key + 9);
    co_return co_await toThread(&computed, key, dice.below(4));
}

Task<quint64> Life::byEcho(quint64 key)
{
    const Alive alive;
    TcpSocket socket = co_await TcpSocket::connect(QStringLiteral("127.0.0.1"), m_port);
    const quint64 sent = answerTo(key);
    co_await socket.write(toBytes(sent));
    QByteArray bytes;
    while (bytes.size() < echoSize) {
        const QByteArray more = co_await socket.read(echoSize - bytes.size());
        if (more.isEmpty())
            throw std::runtime_error("the echo server has hung up");
        bytes += more;
    }
    quint64 value = 0;
    std::memcpy(&value, bytes.constData(), sizeof(value));
    co_return value;
}

Task<> Life::echo(TcpSocket socket)
{
    for (;;) {
        QByteArray bytes = co_await socket.read();
        if (bytes.isEmpty())
            co_return;
        co_await socket.write(std::move(bytes));
    }
}

namespace {

Task<> untilItEnds(Task<> echo)
{
    try {
        co_await std::move(echo);
    } catch (const std::system_error &) {
        // The client was cancelled and has gone.
    }
}

} // namespace

Task<> Life::serve(TcpServer server)
{
    const Alive alive;
    TaskGroup clients;
    for (;;) {
        TcpSocket socket = co_await server.accept();
        clients.spawn(untilItEnds(echo(std::move(socket))), "echo");
    }
}

Task<quint64> Life::byShielding(quint64 key, int)
{
    const Alive alive;
    const quint64 child = childOf(key, 0);
    const quint64 value = co_await shield(bySleeping(child));
    check(value, child);
    co_return answerTo(key);
}

// A plain function that waits, called by a task.
Task<quint64> Life::byBlocking(quint64 key, int energy)
{
    const Alive alive;
    co_await yield();
    if (mayBeginMore()) {
        Dice dice(key + 10);
        const QPointer<QObject> context(anyContext(dice));
        wait(dice, context, energy);
    }
    co_return answerTo(key);
}

Task<quint64> Life::byDialog(quint64 key, int energy)
{
    const Alive alive;
    co_await yield();
    if (mayBeginMore()) {
        Dice dice(key + 11);
        runADialog(dice, energy);
    }
    co_return answerTo(key);
}

// The signal may not come, and its sender may go.
Task<quint64> Life::bySignal(quint64 key)
{
    const Alive alive;
    Dice dice(key + 13);
    const QPointer<Emitter> emitter = m_emitters[std::size_t(dice.below(int(m_emitters.size())))];
    if (!emitter)
        co_return answerTo(key);
    auto signal = asTask(signalOf(emitter.data(), &Emitter::asked));
    static_cast<void>(co_await race(std::move(signal), sleepFor(dice.time())));
    co_return answerTo(key);
}

Task<quint64> Life::byBinding(quint64 key)
{
    const Alive alive;
    Dice dice(key + 14);
    const QPointer<QObject> context = anyContext(dice);
    if (!context)
        co_return answerTo(key);
    const auto bound = bindTo(context);
    co_await sleepFor(dice.time());
    co_return answerTo(key);
}

Task<quint64> Life::byQFuture(quint64 key)
{
    const Alive alive;
    const QFuture<quint64> future = toFuture(bySleeping(key));
    const quint64 value = co_await awaitFuture(future);
    co_return value;
}

namespace {

class DialogOwner
{
public:
    explicit DialogOwner(QDialog *dialog) : m_dialog(dialog) { }
    ~DialogOwner()
    {
        if (m_dialog && Handler::mayDelete(m_dialog))
            delete m_dialog;
        else if (m_dialog)
            m_dialog->deleteLater();
    }
    DialogOwner(const DialogOwner &) = delete;
    DialogOwner &operator=(const DialogOwner &) = delete;
    QDialog *dialog() const { return m_dialog; }

private:
    QPointer<QDialog> m_dialog; // its parent may have deleted it
};

} // namespace

// A dialog without an event loop of its own, which somebody closes.
Task<quint64> Life::byExecDialog(quint64 key)
{
    const Alive alive;
    Dice dice(key + 15);
    co_await yield();
    if (!mayBeginMore())
        co_return answerTo(key);
    const DialogOwner owner(new QDialog(dice.oneIn(2) ? QApplication::activeWindow() : nullptr));
    QDialog *dialog = owner.dialog();
    QTimer::singleShot(std::chrono::ceil<std::chrono::milliseconds>(dice.time()), dialog, &QDialog::accept);
    const int answer = co_await execDialog(dialog);
    if (answer != QDialog::Accepted && answer != QDialog::Rejected)
        Journal::instance().wrong("a dialog ended with " + std::to_string(answer));
    co_return answerTo(key);
}

Task<quint64> Life::byThrowing(quint64 key)
{
    const Alive alive;
    Dice dice(key + 12);
    co_await sleepFor(dice.time() / 4);
    throw Number(newNumber());
    co_return answerTo(key);
}

} // namespace interloop::monkey
