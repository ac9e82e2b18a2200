// SPDX-License-Identifier: MIT
#include <interloop/loop/errand.h>

#include <interloop/loop/bridge.h>
#include <interloop/loop/pump.h>
#include <interloop/task/errors.h>
#include <interloop/task/spawn.h>

#include <QMetaObject>
#include <QObject>
#include <QPointer>

#include <mutex>
#include <stdexcept>
#include <utility>

namespace interloop {

// Shared by both threads. What is not said to be otherwise belongs to the sender's.
class Errand : public std::enable_shared_from_this<Errand>
{
public:
    enum class End : unsigned char {
        NotBegun,
        Ended,
        EndedWithBridge, // the other bridge's end was on
    };

    Errand(ErrandWait &wait, std::coroutine_handle<> coroutine, std::source_location origin)
        : m_wait(&wait), m_home(currentScheduler().mailbox()), m_coroutine(coroutine),
          m_name("runOn(" + functionName(origin) + ')')
    {
    }

    const std::string &name() const noexcept { return m_name; }
    void send(const ErrandPlace &place);

    // The task has not begun and now never will.
    bool revoke();
    void cancelThere(Outcome outcome, CancelMode mode);
    void forgetWait() noexcept { m_wait = nullptr; }

    // REQUIRES: answered
    End end() const noexcept { return m_end; }
    const std::exception_ptr &error() const noexcept { return m_error; }

private:
    class Carrier;
    class Run;
    class Door;

    void sendTo(QThread &thread);
    void begin(const std::shared_ptr<Carrier> &carrier);
    static Task<> execute(std::shared_ptr<Carrier> carrier);
    void answer();

    ErrandWait *m_wait; // nullptr: nobody waits any more
    const std::shared_ptr<Mailbox> m_home;
    const std::coroutine_handle<> m_coroutine;
    const std::string m_name;

    enum class State : unsigned char { Sent, Revoked, Begun };
    std::mutex m_mutex;
    State m_state = State::Sent; // under m_mutex, as the next one
    std::shared_ptr<Mailbox> m_there; // null: not begun

    TaskHandle<> m_task; // the other thread's; empty: not begun, or ended
    End m_end = End::NotBegun; // set there, read here once it is answered, as the next one
    std::exception_ptr m_error; // why it has not begun; null: see m_end
};

// Whoever has the errand: a letter, an event, the task there. The last one answers.
class Errand::Carrier
{
public:
    explicit Carrier(std::shared_ptr<Errand> errand) noexcept : m_errand(std::move(errand)) { }
    ~Carrier() { m_errand->answer(); }
    Carrier(const Carrier &) = delete;
    Carrier &operator=(const Carrier &) = delete;

    Errand &errand() const noexcept { return *m_errand; }

private:
    std::shared_ptr<Errand> m_errand;
};

// Awaits the sender's coroutine, which stays the sender's: no result is looked at.
class Errand::Run
{
public:
    using InterloopAwaitable = void;
    using InterloopKeepsLocation = void;

    explicit Run(std::coroutine_handle<> coroutine) noexcept : m_coroutine(coroutine) { }
    bool await_ready() const noexcept { return false; }
    template<TaskPromise Parent>
    bool await_suspend(std::coroutine_handle<Parent> parent)
    {
        auto &promise = std::coroutine_handle<PromiseBase>::from_address(m_coroutine.address()).promise();
        return promise.startChild(m_coroutine, parent, parent.promise().chain());
    }
    void await_resume() const noexcept { }

private:
    std::coroutine_handle<> m_coroutine;
};

// The way into a thread that may have no bridge yet: an object that lives there, with an event to come. It goes when that
// has come, or with the thread.
class Errand::Door : public QObject
{
public:
    void setThreadsEnd(QMetaObject::Connection connection) { m_threadsEnd = std::move(connection); }

    void enter(const std::shared_ptr<Carrier> &carrier)
    {
        disconnect(m_threadsEnd);
        deleteLater();
        carrier->errand().begin(carrier);
    }

private:
    QMetaObject::Connection m_threadsEnd;
};

void Errand::send(const ErrandPlace &place)
{
    if (place.m_thread) {
        sendTo(*place.m_thread);
        return;
    }
    const auto carrier = std::make_shared<Carrier>(shared_from_this());
    static_cast<void>(place.m_bridge->put([carrier] { carrier->errand().begin(carrier); }));
}

void Errand::sendTo(QThread &thread)
{
    m_error = std::make_exception_ptr(RunSyncError(Refusal::ShuttingDown, m_name + ": the QThread is not running, or has ended"));
    const auto carrier = std::make_shared<Carrier>(shared_from_this());
    if (!thread.isRunning())
        return;
    auto *door = new Door;
    const QPointer<Door> left(door);
    QMetaObject::invokeMethod(door, [door, carrier] { door->enter(carrier); }, Qt::QueuedConnection);
    door->setThreadsEnd(QObject::connect(&thread, &QThread::finished, [door] { door->deleteLater(); }));
    door->moveToThread(&thread); // from now on it is that thread's
    if (thread.isRunning())
        return;
    thread.wait(); // it is about to end, and may have done so without the door
    delete left.data();
}

// There.
void Errand::begin(const std::shared_ptr<Carrier> &carrier)
{
    try {
        const std::shared_ptr<Mailbox> &there = currentScheduler().mailbox();
        {
            const std::lock_guard lock(m_mutex);
            if (m_state == State::Revoked)
                return;
            m_state = State::Begun;
            m_there = there;
        }
        m_error = nullptr;
        m_task = spawn(execute(carrier), m_name);
    } catch (...) {
        m_error = std::current_exception();
    }
}

// There.
Task<> Errand::execute(std::shared_ptr<Carrier> carrier)
{
    co_await Run(carrier->errand().m_coroutine);
    const bool isClosing = currentPump().isClosing();
    carrier->errand().m_end = isClosing ? End::EndedWithBridge : End::Ended;
}

// Wherever the errand has ended.
void Errand::answer()
{
    m_task = TaskHandle<>();
    m_home->putAnswer([errand = shared_from_this()] {
        if (errand->m_wait)
            std::exchange(errand->m_wait, nullptr)->complete();
    });
}

bool Errand::revoke()
{
    const std::lock_guard lock(m_mutex);
    if (m_state == State::Begun)
        return false;
    m_state = State::Revoked;
    m_wait = nullptr;
    return true;
}

void Errand::cancelThere(Outcome outcome, CancelMode mode)
{
    const auto cancel = [errand = shared_from_this(), outcome, mode] {
        if (errand->m_task.isValid())
            errand->m_task.state().requestCancel(outcome, mode);
    };
    static_cast<void>(m_there->put(cancel)); // a bridge that ends cancels by itself
}

bool ErrandPlace::isHere() const
{
    if (m_bridge)
        return m_bridge == currentScheduler().mailbox();
    if (!m_thread)
        throw std::invalid_argument("runOn: no QThread");
    return m_thread == QThread::currentThread();
}

ErrandWait::ErrandWait(ErrandPlace place, std::coroutine_handle<> coroutine, std::source_location origin)
    : m_place(std::move(place)), m_errand(std::make_shared<Errand>(*this, coroutine, origin))
{
}

ErrandWait::~ErrandWait()
{
    m_errand->forgetWait();
}

WaitOperation::Begun ErrandWait::begin()
{
    m_errand->send(m_place);
    return Begun::Waiting;
}

bool ErrandWait::abandon(CancelMode mode)
{
    if (m_errand->revoke())
        return true;
    m_errand->cancelThere(chain().pendingCancel(), mode);
    return false;
}

void ErrandWait::await_resume() const
{
    throwIfCancelled();
    if (m_errand->end() != Errand::End::NotBegun)
        return;
    if (chain().isCancelPending())
        throw Cancelled(chain().pendingCancel(), Cancelled::Whom::Self);
    if (m_errand->error())
        std::rethrow_exception(m_errand->error());
    throw RunSyncError(Refusal::ShuttingDown, m_errand->name() + ": the other bridge ended before the task began");
}

void ErrandWait::rethrowCancellation(const std::exception_ptr &error) const
{
    if (!error || !isCancellation(error))
        return;
    if (chain().isCancelPending())
        throw Cancelled(chain().pendingCancel(), Cancelled::Whom::Self);
    if (m_errand->end() == Errand::End::EndedWithBridge)
        throw RunSyncError(Refusal::ShuttingDown, m_errand->name() + ": the other bridge ended while the task ran there");
    throw Cancelled(outcomeOf(error), Cancelled::Whom::Awaited);
}

std::string ErrandWait::describe() const
{
    return m_errand->name() + " in another thread";
}

} // namespace interloop
