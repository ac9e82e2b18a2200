// SPDX-License-Identifier: MIT
#include <interloop/qt/connection.h>

#include <interloop/loop/bridge.h>
#include <interloop/loop/postedcall.h>
#include <interloop/loop/pump.h>
#include <interloop/task/errors.h>

#include <QDebug>
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

} // namespace

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
            if (const auto alive = weak.lock()) {
                alive->m_next = nullptr;
                alive->cancelAll(Outcome::ContextDestroyed);
            }
        });
    }
    return state;
}

ConnectionState::~ConnectionState()
{
    QObject::disconnect(m_contextDeath);
}

void ConnectionState::restartWith(std::function<void()> start)
{
    m_next = std::move(start);
    cancelAll(Outcome::Cancelled);
}

void ConnectionState::remove(BodyRun &run) noexcept
{
    run.unlink();
    if (!m_next || isRunning())
        return;
    if (Pump *pump = existingPump())
        postCall(schedulerOf(*pump), [state = shared_from_this()] { state->startNext(); });
    else
        m_next = nullptr; // which refers to this
}

// From the ready queue: not on top of the body before.
void ConnectionState::startNext() noexcept
{
    if (isRunning()) // another signal has come first
        return;
    const std::function<void()> start = std::exchange(m_next, nullptr);
    const Pump *pump = existingPump();
    if (start && m_connection && pump && !pump->isClosing())
        start();
}

void ConnectionState::cancelAll(Outcome outcome)
{
    if (m_runs.isEmpty())
        return;
    for (BodyRun *run = &m_runs.first(); run; run = m_runs.after(*run))
        run->cancel(outcome);
}

bool ConnectionState::cancel()
{
    const bool hasBodies = isRunning() || m_next;
    m_next = nullptr;
    cancelAll(Outcome::Cancelled);
    return hasBodies;
}

void ConnectionState::reportCurrentException() const noexcept
{
    try {
        throw;
    } catch (const Cancelled &) {
    } catch (...) {
        const std::string text = "a slot of " + m_name + " threw";
        if (Pump *pump = existingPump())
            pump->report(Report::UnhandledError, text, std::current_exception());
        else
            qCritical("interloop: %s: %s", text.c_str(), errorText(std::current_exception()).c_str());
    }
}

} // namespace interloop
