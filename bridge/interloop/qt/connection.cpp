// SPDX-License-Identifier: MIT
#include <interloop/qt/connection.h>

#include <interloop/loop/bridge.h>
#include <interloop/loop/pump.h>
#include <interloop/task/errors.h>

#include <QDebug>

namespace interloop {

std::shared_ptr<ConnectionState> ConnectionState::make(const QObject *sender, const QMetaMethod &signal,
                                                       QObject *context, Overlap overlap)
{
    const char *className = sender ? sender->metaObject()->className() : "(null)";
    std::string name = std::string(className) + "::" + signal.methodSignature().toStdString();
    std::shared_ptr<ConnectionState> state(new ConnectionState(std::move(name), overlap));
    if (context) {
        const std::weak_ptr<ConnectionState> weak = state;
        state->m_contextDeath = QObject::connect(context, &QObject::destroyed, [weak] {
            if (const auto alive = weak.lock())
                alive->cancelAll(Outcome::ContextDestroyed);
        });
    }
    return state;
}

ConnectionState::~ConnectionState()
{
    QObject::disconnect(m_contextDeath);
}

void ConnectionState::cancelAll(Outcome outcome)
{
    if (m_runs.isEmpty())
        return;
    for (BodyRun *run = &m_runs.first(); run; run = m_runs.after(*run))
        run->cancel(outcome);
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
