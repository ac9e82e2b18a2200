// SPDX-License-Identifier: MIT
#include <interloop/qt/connectionstate.h>

#include <interloop/loop/bridge.h>
#include <interloop/loop/nosuspend.h>
#include <interloop/loop/postedcall.h>
#include <interloop/loop/pump.h>
#include <interloop/loop/unhandled.h>
#include <interloop/task/errors.h>

#include <QThread>

#include <algorithm>
#include <iterator>
#include <utility>

namespace interloop {

namespace {

// Signals whose emitter does something as soon as the slots have returned, which they were to come before.
bool isFollowedUp(const QMetaMethod &signal)
{
    static constexpr QByteArrayView names[] = {"destroyed",        "closing",           "finished",
                                               "lastWindowClosed", "commitDataRequest", "saveStateRequest"};
    const QByteArray name = signal.name();
    if (name.startsWith("aboutTo") || name.contains("AboutTo"))
        return true;
    if (name == "finished" && !signal.enclosingMetaObject()->inherits(&QThread::staticMetaObject))
        return false;
    return std::ranges::find(names, QByteArrayView(name)) != std::end(names);
}

// Nothing begins by itself any more: the application quits, or the bridge ends.
bool isEnding(const Pump &pump)
{
    return pump.isClosing() || pump.isQuitting() || pump.quitDeadline() > pump.now();
}

} // namespace

// Qt's own lists know what to do when a listener goes, or brings others, while they are told.
class RunningSignal final : public QObject
{
    Q_OBJECT

Q_SIGNALS:
    void changed();
};

ConnectionState::ConnectionState(std::string name, Overlap overlap, bool mayPark)
    : m_name(std::move(name)), m_overlap(overlap), m_mayPark(mayPark)
{
}

std::shared_ptr<ConnectionState> ConnectionState::make(const QObject *sender, const QMetaMethod &signal,
                                                       QObject *context, Overlap overlap, Wait wait)
{
    const char *className = sender ? sender->metaObject()->className() : "(null)";
    std::string name = std::string(className) + "::" + signal.methodSignature().toStdString();
    const bool mayPark = wait == Wait::Park && !isFollowedUp(signal);
    std::shared_ptr<ConnectionState> state(new ConnectionState(std::move(name), overlap, mayPark));
    if (context) {
        const std::weak_ptr<ConnectionState> weak = state;
        state->m_contextDeath = QObject::connect(context, &QObject::destroyed, [weak] {
            if (const auto alive = weak.lock())
                alive->contextDied();
        });
    }
    return state;
}

ConnectionState::~ConnectionState()
{
    QObject::disconnect(m_contextDeath);
    forgetPending();
}

void ConnectionState::take(BodyStart::Owner start) noexcept
{
    const bool isBusy = m_overlap != Overlap::Parallel && isRunning();
    if (!isBusy) {
        const Pump *pump = existingPump();
        const bool mustWait = start->kind() == BodyStart::Kind::Coroutine && pump && pump->isInUvRun();
        append(std::move(start));
        if (mustWait)
            lookLater();
        else
            startFirst();
        return;
    }
    if (m_overlap != Overlap::Enqueue)
        forgetPending(); // the newest takes its place
    if (Pump *pump = existingPump())
        pump->watchForQuit(); // which makes it void
    append(std::move(start));
    if (m_overlap == Overlap::Restart)
        cancelRuns(Outcome::Cancelled);
}

void ConnectionState::append(BodyStart::Owner start) noexcept
{
    if (m_pendingCount < maximumPending) {
        m_pending.append(*start.release());
        ++m_pendingCount;
        return;
    }
    if (!std::exchange(m_isFull, true))
        reportUnhandled("a slot of " + m_name + " is behind by " + std::to_string(maximumPending)
                                + " signals: this one is lost, and others until it has caught up",
                        nullptr);
}

void ConnectionState::forgetPending() noexcept
{
    while (!m_pending.isEmpty())
        BodyStart::Owner(&m_pending.takeFirst()).reset();
    m_pendingCount = 0;
    m_isFull = false;
}

void ConnectionState::forgetPendingIfOver() noexcept
{
    const Pump *pump = existingPump();
    if (!m_connection || !pump || isEnding(*pump))
        forgetPending();
}

bool ConnectionState::canStart() const noexcept
{
    return !m_pending.isEmpty() && (m_overlap == Overlap::Parallel || m_runs.isEmpty());
}

// Not on top of the body before: that one has left the stack.
void ConnectionState::startFirst() noexcept
{
    if (!canStart())
        return;
    const std::shared_ptr<ConnectionState> kept = shared_from_this();
    const bool wasConnected = bool(m_connection);
    tell(true);
    if (wasConnected && !m_connection) // by who was told
        forgetPending();
    if (canStart()) {
        BodyStart::Owner first(&m_pending.takeFirst());
        m_isFull &= --m_pendingCount > 0;
        runBody(std::move(first));
    }
    lookLater();
}

namespace {

class FiberStart
{
public:
    BodyStart::Owner start;
    std::shared_ptr<ConnectionState> state;
};

} // namespace

void ConnectionState::runBody(BodyStart::Owner start) noexcept
{
    if (!m_mayPark) {
        const NoSuspend guard; // what starts it may be the ready queue, on a stack that could be parked
        start->run(shared_from_this());
        return;
    }
    try {
        FiberStart fiberStart{std::move(start), shared_from_this()};
        const auto entry = [](void *argument) {
            FiberStart moved = std::move(*static_cast<FiberStart *>(argument)); // the starter goes on when this waits
            moved.start->run(std::move(moved.state));
        };
        if (!currentPump().startOnFiber(entry, &fiberStart))
            fiberStart.start->run(std::move(fiberStart.state));
    } catch (...) {
        reportCurrentException();
    }
}

void ConnectionState::remove(BodyRun &run) noexcept
{
    run.unlink();
    forgetPendingIfOver(); // now: when exec() has returned, its quit is forgotten
    lookLater();
}

// What can start does so from the ready queue, and who wants to know hears of the end there.
void ConnectionState::lookLater() noexcept
{
    if (m_isLookQueued || !(canStart() || (m_isToldRunning && !isRunning())))
        return;
    Pump *pump = existingPump();
    if (!pump) {
        look();
        return;
    }
    m_isLookQueued = true;
    postCall(schedulerOf(*pump), [state = shared_from_this()] {
        state->m_isLookQueued = false;
        state->look();
    });
}

void ConnectionState::look() noexcept
{
    forgetPendingIfOver();
    startFirst();
    if (!isRunning())
        tell(false);
}

void ConnectionState::cancelRuns(Outcome outcome)
{
    for (BodyRun *run = m_runs.firstOrNull(); run; run = m_runs.after(*run))
        run->cancel(outcome);
}

bool ConnectionState::cancel()
{
    const bool hasBodies = isRunning();
    forgetPending();
    cancelRuns(Outcome::Cancelled);
    lookLater();
    return hasBodies;
}

void ConnectionState::contextDied()
{
    m_hasEnded = true;
    forgetPending();
    cancelRuns(Outcome::ContextDestroyed);
    lookLater();
}

QMetaObject::Connection ConnectionState::onRunningChanged(QObject *context, std::function<void(bool)> changed)
{
    if (!m_running) {
        m_running = std::make_unique<RunningSignal>();
        m_isToldRunning = isRunning();
    }
    const auto tell = [weak = weak_from_this(), changed = std::move(changed)] {
        const std::shared_ptr<ConnectionState> state = weak.lock();
        if (!state)
            return;
        try {
            changed(state->m_isToldRunning); // not what it was when the telling began: an earlier listener may have waited
        } catch (...) {
            state->reportCurrentException();
        }
    };
    const QMetaObject::Connection connection = QObject::connect(m_running.get(), &RunningSignal::changed, context, tell);
    tell();
    return connection;
}

void ConnectionState::tell(bool isRunning) noexcept
{
    if (!m_running || m_isToldRunning == isRunning)
        return;
    m_isToldRunning = isRunning;
    Q_EMIT m_running->changed();
}

void ConnectionState::reportCurrentException() const noexcept
{
    try {
        throw;
    } catch (const Cancelled &) {
    } catch (...) {
        reportUnhandled("a slot of " + m_name + " threw", std::current_exception());
    }
}

} // namespace interloop

#include "connectionstate.moc"
