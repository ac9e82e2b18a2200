// SPDX-License-Identifier: MIT
#include <tests/torture/monkey/life.h>

#include <interloop/widgets/withprogress.h>

#include <QAction>
#include <QApplication>
#include <QDialog>
#include <QEventLoop>
#include <QMenu>
#include <QMessageBox>
#include <QTimer>
#include <QVBoxLayout>
#include <QPushButton>

#ifdef INTERLOOP_TEST_QCORO
#include <QCoroTask>
#include <QCoroTimer>
#endif

#include <algorithm>

namespace interloop::monkey {

using namespace std::chrono_literals;

namespace {

constexpr int emitterCount = 6;
constexpr int contextCount = 4;
constexpr int mostWaiting = 60;
constexpr int mostDepth = 24;
constexpr int mostDialogs = 4;
constexpr std::size_t mostKept = 40;

Journal &journal()
{
    return Journal::instance();
}

template<typename T>
T *anyOf(const std::vector<QPointer<T>> &objects, Dice &dice)
{
    return objects[std::size_t(dice.below(int(objects.size())))];
}

} // namespace

Life::Life(std::uint64_t seed, Form form, Waiter waiter)
    : m_form(form), m_waiter(waiter), m_keys(seed), m_mutex(std::make_unique<Mutex>("shared")),
      m_semaphore(std::make_unique<Semaphore>(2))
{
    theLife = this;
    Bridge &bridge = Bridge::current();
    bridge.setParking(form != Form::Nested);
    bridge.setHeldBackThreshold(60s); // with so many waits on top of each other it says nothing
    bridge.setSlowStepThreshold(0ms);
    bridge.setUnhandledErrorHandler([](const QString &text, std::exception_ptr error) {
        if (theLife)
            theLife->unhandled(text, std::move(error));
        else
            journal().wrong("a failure came after its life: " + text.toStdString() + ": " + errorText(error));
    });
    TcpServer server = TcpServer::listen(QStringLiteral("127.0.0.1"), 0);
    m_port = server.port();
    m_server = spawn(serve(std::move(server)), "echo server");
    Dice dice(seed);
    m_emitters.resize(emitterCount);
    m_contexts.resize(contextCount);
    for (int n = 0; n < contextCount; ++n)
        m_contexts[std::size_t(n)] = new QObject;
    for (int n = 0; n < 2 * emitterCount; ++n)
        replaceAnEmitter(dice);
    for (QPointer<Emitter> &emitter : m_emitters) {
        if (!emitter)
            emitter = new Emitter;
    }
    m_settler = std::make_unique<Worker>(dice.next());
    hear(m_settler.get(), &Worker::ticked, this, dice);
    replaceAWorker(dice);
}

Life::~Life()
{
    theLife = nullptr;
}

std::uint64_t Life::nextKey() noexcept
{
    return m_keys.next();
}

bool Life::mayBeginMore() const
{
    if (!isActing() || m_waiting >= mostWaiting || !Bridge::exists())
        return false;
    const Bridge &bridge = Bridge::current();
    journal().atLeast("most-parked", bridge.parked());
    journal().atLeast("most-depth", bridge.depth());
    journal().atLeast("most-tasks", bridge.taskCount());
    return bridge.depth() < mostDepth;
}

int Life::newNumber()
{
    m_thrown.insert(++m_nextNumber);
    journal().count("thrown");
    return m_nextNumber;
}

void Life::throwToTheHook()
{
    const int number = newNumber();
    m_owed.insert(number);
    throw Number(number);
}

bool Life::isExpected(const std::exception_ptr &error) const
{
    try {
        std::rethrow_exception(error);
    } catch (const Number &number) {
        return m_thrown.contains(number.value);
    } catch (const RunSyncError &refused) {
        switch (refused.reason()) {
        case Refusal::TooDeep:
        case Refusal::Deadlock:
        case Refusal::StackLow:
            return true;
        case Refusal::ShuttingDown:
            return m_phase >= Phase::Closing;
        default:
            return false;
        }
    } catch (const SenderDestroyed &) {
        return true; // of an emitter that was awaited, or a dialog
    } catch (const TimeoutError &) {
        return true; // of a wait that has a limit, which is looked at where it ends
    } catch (const std::exception &) {
        return m_phase >= Phase::Closing; // connections that break off, and what is dropped
    } catch (...) {
        return false;
    }
}

void Life::unhandled(const QString &text, std::exception_ptr error)
{
    journal().count("hook");
    try {
        if (error)
            std::rethrow_exception(error);
    } catch (const Number &number) {
        m_owed.erase(number.value);
    } catch (...) {
    }
    if (!error || !isExpected(error))
        journal().wrong("the hook got " + text.toStdString() + ": " + (error ? errorText(error) : "nothing"));
}

RunOptions Life::options(Dice &dice, QObject *context) const
{
    RunOptions options;
    if (dice.oneIn(5))
        options.timeout(dice.time());
    if (context && dice.oneIn(2))
        options.context(context);
    else if (dice.oneIn(4))
        options.context(anyContext(dice));
    if (dice.oneIn(12))
        options.input(Input::Exclude);
    if (dice.oneIn(8))
        options.wait(Wait::Nest);
    return options;
}

Overlap Life::overlap(Dice &dice) const
{
    static constexpr Overlap overlaps[] = {Overlap::Drop, Overlap::Restart, Overlap::Parallel, Overlap::Enqueue,
                                           Overlap::KeepLatest};
    return overlaps[dice.below(int(std::size(overlaps)))];
}

void Life::keep(Connection connection)
{
    m_connections.push_back(std::move(connection));
    if (m_connections.size() > 3 * mostKept)
        m_connections.erase(m_connections.begin(), m_connections.begin() + int(mostKept));
}

// What came out of a wait that has returned.
void Life::ended(quint64 key, const Result<quint64> &result)
{
    std::string kind = nameOf(result.outcome());
    switch (result.outcome()) {
    case Outcome::Value:
        if (result.value() != answerTo(key))
            journal().wrong("a wait returned a value that nobody produced");
        break;
    case Outcome::Exception:
        if (!isExpected(result.error()))
            journal().wrong("a wait ended with " + result.errorString());
        break;
    case Outcome::TimedOut: // its own limit, or that of a wait or a scope that it is in, or that is in it
    case Outcome::Cancelled:
    case Outcome::ContextDestroyed:
        break;
    case Outcome::Quit:
        if (m_phase == Phase::Acting)
            journal().wrong("a wait ended with Quit, and nobody has told the application to");
        break;
    case Outcome::Refused:
        if (!isExpected(result.error()))
            journal().wrong("a wait was refused: " + result.errorString());
        kind += ' ' + result.errorString().substr(0, result.errorString().find(':'));
        break;
    }
    journal().count("outcome " + kind);
}

void Life::wait(Dice &dice, QObject *context, int energy)
{
    if (!Bridge::exists())
        return;
    const quint64 key = nextKey();
    journal().count("waits");
    if (m_waiter != Waiter::Interloop) {
        waitNaively(dice, key);
        return;
    }
    class Waiting
    {
    public:
        explicit Waiting(int &count) noexcept : m_count(count) { ++m_count; }
        ~Waiting() { --m_count; }

    private:
        int &m_count;
    };
    const Waiting waiting(m_waiting);
    const RunOptions how = options(dice, context);
    if (dice.oneIn(2)) {
        const Result<quint64> result = tryRunSync(answer(key, energy), how);
        ended(key, result);
        if (!result)
            std::rethrow_exception(result.error());
        return;
    }
    try {
        const quint64 value = runSync(answer(key, energy), how);
        if (value != answerTo(key))
            journal().wrong("runSync returned a value that nobody produced");
        journal().count("outcome Value");
    } catch (const RunSyncError &) {
        ended(key, Result<quint64>(Outcome::Refused, std::current_exception()));
        throw;
    } catch (...) {
        ended(key, Result<quint64>(outcomeOf(std::current_exception()), std::current_exception()));
        throw;
    }
}

#ifdef INTERLOOP_TEST_QCORO
namespace {

QCoro::Task<quint64> naiveAnswer(quint64 key, std::chrono::microseconds time)
{
    co_await QCoro::sleepFor(std::chrono::ceil<std::chrono::milliseconds>(time));
    co_return Life::answerTo(key);
}

} // namespace
#endif

void Life::waitNaively(Dice &dice, quint64 key)
{
    const auto time = dice.time();
    quint64 value = 0;
    ++m_waiting;
    if (m_waiter == Waiter::QEventLoop) {
        QEventLoop loop;
        QTimer::singleShot(std::chrono::ceil<std::chrono::milliseconds>(time), &loop, [&value, &loop, key] {
            value = answerTo(key);
            loop.quit();
        });
        loop.exec();
    } else {
#ifdef INTERLOOP_TEST_QCORO
        value = QCoro::waitFor(naiveAnswer(key, time));
#endif
    }
    --m_waiting;
    if (value != answerTo(key))
        journal().wrong("a naive wait returned a value that nobody produced");
}

void Life::waitForAKnownTask(Dice &dice)
{
    if (m_known.empty() || !Bridge::exists() || m_waiter != Waiter::Interloop)
        return;
    const Known known = m_known[std::size_t(dice.below(int(m_known.size())))];
    const RunOptions how = RunOptions().timeout(dice.time());
    journal().count("waits");
    ++m_waiting;
    const Result<quint64> result = tryRunSync(known.handle, how);
    --m_waiting;
    ended(known.key, result);
}

void Life::waitWithProgress(int energy)
{
    if (!Bridge::exists() || m_waiter != Waiter::Interloop || m_dialogs >= mostDialogs)
        return;
    const quint64 key = nextKey();
    journal().count("waits");
    journal().count("waits with progress");
    ++m_waiting;
    ++m_dialogs;
    const Result<quint64> result = tryWithProgress(QApplication::activeWindow(), QStringLiteral("Waiting"),
                                                   answer(key, energy), ProgressOptions().delay(5ms));
    --m_dialogs;
    --m_waiting;
    ended(key, result);
}

void Life::waitInAHandler(Dice &dice, QObject *context)
{
    const int number = newNumber();
    try {
        throw Number(number);
    } catch (const Number &) {
        try {
            wait(dice, context, 0);
        } catch (...) {
        }
        try {
            throw;
        } catch (const Number &again) {
            if (again.value != number)
                journal().wrong("another exception is handled behind a wait");
        } catch (...) {
            journal().wrong("an exception of another type is handled behind a wait");
        }
    }
}

void Life::waitWhileUnwinding(Dice &dice, QObject *context)
{
    class WaitsWhenItDies
    {
    public:
        WaitsWhenItDies(Life &life, Dice &dice, QObject *context) : m_life(life), m_dice(dice), m_context(context) { }
        ~WaitsWhenItDies()
        {
            try {
                m_life.wait(m_dice, m_context, 0);
            } catch (...) {
            }
        }

    private:
        Life &m_life;
        Dice &m_dice;
        QPointer<QObject> m_context;
    };
    const int number = newNumber();
    try {
        const WaitsWhenItDies dies(*this, dice, context);
        throw Number(number);
    } catch (const Number &caught) {
        if (caught.value != number)
            journal().wrong("another exception was caught behind a wait");
    }
}

void Life::perform(QObject *context, int energy)
{
    if (!mayBeginMore())
        return;
    const Alive alive;
    const QPointer<QObject> guarded(context);
    Dice dice(nextKey());
    const int moves = 1 + dice.below(2);
    for (int n = 0; n < moves; ++n) {
        switch (dice.below(16)) {
        case 0:
            throwToTheHook();
        case 1:
            spawnSomething(dice);
            break;
        case 2:
            if (energy > 0 && mayBeginMore())
                emitSomething(dice, energy - 1);
            break;
        case 3:
            waitInAHandler(dice, guarded);
            break;
        case 4:
            waitWhileUnwinding(dice, guarded);
            break;
        case 5:
            if (mayBeginMore())
                runADialog(dice, energy);
            break;
        case 6:
        case 7:
            waitForAKnownTask(dice);
            break;
        case 8:
            waitWithProgress(energy);
            break;
        default:
            wait(dice, guarded, energy);
            break;
        }
    }
}

void Life::performQuietly(const char *place, QObject *context, int energy)
{
    if (!mayBeginMore())
        return;
    journal().count(std::string("place ") + place);
    const Alive alive;
    const QPointer<QObject> guarded(context);
    Dice dice(nextKey());
    try {
        switch (dice.below(6)) {
        case 0:
            waitForAKnownTask(dice);
            break;
        case 1:
            waitInAHandler(dice, guarded);
            break;
        default:
            wait(dice, guarded, energy);
            break;
        }
    } catch (...) {
        if (!isExpected(std::current_exception()) && outcomeOf(std::current_exception()) == Outcome::Exception)
            journal().wrong("a plain slot got " + errorText(std::current_exception()));
    }
}

Task<> Life::play(QPointer<QObject> context, int energy)
{
    const Alive alive;
    if (!mayBeginMore() || m_waiter != Waiter::Interloop)
        co_return;
    Dice dice(nextKey());
    const quint64 key = nextKey();
    const quint64 value = co_await answer(key, energy);
    if (value != answerTo(key))
        journal().wrong("a task got a value that nobody produced");
    journal().count("awaited");
    switch (dice.below(6)) {
    case 0:
        throwToTheHook();
    case 1:
        if (mayBeginMore())
            runADialog(dice, 0);
        break;
    case 2:
        if (mayBeginMore())
            emitSomething(dice, energy - 1);
        break;
    case 3:
        break;
    default:
        if (mayBeginMore())
            wait(dice, context, 0);
        break;
    }
    co_await yield();
}

void Life::runADialog(Dice &dice, int energy)
{
    if (m_dialogs >= mostDialogs)
        return;
    journal().count("dialogs");
    ++m_dialogs;
    QWidget *active = QApplication::activeWindow();
    QWidget *parent = dice.oneIn(2) ? active : nullptr;
    const auto limit = std::chrono::ceil<std::chrono::milliseconds>(dice.time());
    QPointer<QWidget> window;
    switch (dice.below(3)) {
    case 0: {
        auto *box = new QMessageBox(QMessageBox::Question, QStringLiteral("title"), QStringLiteral("text"),
                                    QMessageBox::Yes | QMessageBox::No | QMessageBox::Cancel, parent);
        window = box;
        hear(box->button(QMessageBox::Yes), &QAbstractButton::clicked, this, dice);
        QTimer::singleShot(limit, box, &QDialog::reject);
        box->exec();
        break;
    }
    case 1: {
        auto *dialog = new QDialog(parent);
        window = dialog;
        auto *layout = new QVBoxLayout(dialog);
        auto *button = new QPushButton(QStringLiteral("&Wait"), dialog);
        layout->addWidget(button);
        hear(button, &QAbstractButton::clicked, dialog, dice);
        QTimer::singleShot(0, dialog, [this, energy, dialog] { performQuietly("timer in a dialog", dialog, energy); });
        QTimer::singleShot(limit, dialog, &QDialog::accept);
        dialog->exec();
        break;
    }
    default: {
        auto *menu = new QMenu(parent);
        window = menu;
        QAction *action = menu->addAction(QStringLiteral("&Wait"));
        menu->addAction(QStringLiteral("&Other"));
        hear(action, &QAction::triggered, this, dice);
        QTimer::singleShot(limit, menu, &QWidget::close);
        menu->exec(QPoint(10, 10));
        break;
    }
    }
    if (window)
        window->deleteLater(); // a click on it may still be on its way back to it
    --m_dialogs;
}

QObject *Life::anyContext(Dice &dice) const
{
    return anyOf(m_contexts, dice);
}

void Life::emitSomething(Dice &dice, int energy)
{
    Emitter *emitter = anyOf(m_emitters, dice);
    if (energy < 0 || !emitter)
        return;
    switch (dice.below(6)) {
    case 0: {
        QString text;
        Q_EMIT emitter->filled(text);
        break;
    }
    case 1:
        Q_EMIT emitter->aboutToBeTold();
        break;
    case 2:
    case 3:
        Q_EMIT emitter->told(QStringLiteral("text"), dice.below(100));
        break;
    default:
        Q_EMIT emitter->asked(dice.next());
        break;
    }
}

void Life::spawnSomething(Dice &dice)
{
    if (!mayBeginMore() || m_waiter != Waiter::Interloop)
        return;
    journal().count("spawned");
    if (dice.oneIn(2)) {
        const quint64 key = nextKey();
        m_known.emplace_back(key, spawn(answer(key, 2), "known"));
        if (m_known.size() > mostKept)
            m_known.erase(m_known.begin());
    } else {
        m_players.push_back(spawn(play(anyContext(dice), 2), "player"));
        if (m_players.size() > mostKept)
            m_players.erase(m_players.begin());
    }
}

void Life::postSomething(Dice &dice)
{
    if (!mayBeginMore())
        return;
    Bridge &bridge = Bridge::current();
    const auto function = [life = QPointer<Life>(this), energy = dice.below(3)] {
        if (life)
            life->perform(nullptr, energy);
    };
    if (dice.oneIn(2))
        bridge.post(function);
    else
        static_cast<void>(bridge.postThreadSafe(function));
}

bool Life::cancelATask(Dice &dice)
{
    if (dice.oneIn(2) && !m_known.empty())
        return m_known[std::size_t(dice.below(int(m_known.size())))].handle.cancel();
    if (!m_players.empty())
        return m_players[std::size_t(dice.below(int(m_players.size())))].cancel();
    return false;
}

bool Life::cancelAConnection(Dice &dice)
{
    return !m_connections.empty() && m_connections[std::size_t(dice.below(int(m_connections.size())))].cancel();
}

bool Life::disconnectSomething(Dice &dice)
{
    return !m_connections.empty()
            && QObject::disconnect(m_connections[std::size_t(dice.below(int(m_connections.size())))]);
}

void Life::replaceAnEmitter(Dice &dice)
{
    QPointer<Emitter> &place = m_emitters[std::size_t(dice.below(emitterCount))];
    Emitter *old = place;
    auto *emitter = new Emitter;
    place = emitter;
    for (int n = 0; n < 4; ++n) {
        QObject *context = dice.oneIn(3) ? static_cast<QObject *>(emitter) : anyContext(dice);
        if (!context)
            context = this;
        switch (dice.below(4)) {
        case 0:
            hear(emitter, &Emitter::filled, context, dice);
            break;
        case 1:
            hear(emitter, &Emitter::aboutToBeTold, context, dice);
            break;
        case 2:
            hear(emitter, &Emitter::told, context, dice);
            break;
        default:
            hear(emitter, &Emitter::asked, context, dice);
            break;
        }
    }
    if (dice.oneIn(2))
        delete old;
    else if (old)
        old->deleteLater();
}

void Life::replaceAContext(Dice &dice)
{
    QPointer<QObject> &place = m_contexts[std::size_t(dice.below(contextCount))];
    QObject *old = place;
    place = new QObject;
    if (Emitter *emitter = anyOf(m_emitters, dice))
        hear(emitter, &Emitter::asked, place.data(), dice);
    if (dice.oneIn(2))
        delete old;
    else if (old)
        old->deleteLater();
}

void Life::replaceAWorker(Dice &dice)
{
    m_worker = std::make_unique<Worker>(dice.next());
    QObject *context = anyContext(dice);
    hear(m_worker.get(), &Worker::ticked, context ? context : this, dice);
}

void Life::closeTheBridge()
{
    m_players.clear(); // so that their failures reach the hook
    Bridge::current().close();
}

void Life::cancelAll()
{
    m_worker.reset(); // not yet the settler: futures that are waited for must not be dropped in its thread
    for (const QPointer<Emitter> &emitter : m_emitters)
        delete emitter;
    for (const QPointer<QObject> &context : m_contexts)
        delete context;
    if (!Bridge::exists()) { // its end has cancelled them
        m_known.clear(); // who has failed unseen is now told of on stderr
        m_players.clear();
        m_connections.clear();
        m_server = TaskHandle<>();
        return;
    }
    for (const Connection &connection : m_connections)
        Connection(connection).cancel();
    for (const Known &known : m_known)
        known.handle.cancel();
    for (const TaskHandle<> &player : m_players)
        player.cancel();
    m_server.cancel();
    m_known.clear();
    m_players.clear();
    m_connections.clear();
}

std::string Life::leftovers() const
{
    std::string text;
    const auto add = [&text](const char *what, int count) {
        if (count != 0)
            text += std::string(text.empty() ? "" : ", ") + std::to_string(count) + ' ' + what;
    };
    if (Bridge::exists()) {
        const Bridge &bridge = Bridge::current();
        add("tasks", bridge.taskCount());
        add("parked stacks", bridge.parked());
        add("nested waits", bridge.depth());
    }
    add("waits", m_waiting);
    add("bodies", Alive::begun - Alive::ended);
    add("dialogs", m_dialogs);
    add("failures that have not reached the hook", int(m_owed.size()));
    return text;
}

} // namespace interloop::monkey
