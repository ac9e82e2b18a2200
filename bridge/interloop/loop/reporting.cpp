// SPDX-License-Identifier: MIT
#include <interloop/loop/logging.h>
#include <interloop/loop/pump.h>
#include <interloop/task/errors.h>
#include <interloop/task/taskstate.h>

/*
 * Who is told what: rule 10, every failure reaches somebody.
 */

namespace interloop {

Q_LOGGING_CATEGORY(loopLog, "interloop.loop", QtWarningMsg)
Q_LOGGING_CATEGORY(waitLog, "interloop.wait", QtWarningMsg)
Q_LOGGING_CATEGORY(taskLog, "interloop.task", QtWarningMsg)

void Pump::report(Report kind, const std::string &text, std::exception_ptr error) noexcept
{
    const QString message = QString::fromStdString(text);
    switch (kind) {
    case Report::UnhandledError:
        if (m_limits.unhandledErrorHandler) {
            try {
                m_limits.unhandledErrorHandler(message, error);
                return;
            } catch (...) {
                qCCritical(taskLog, "the unhandled-error handler threw: %s", errorText(std::current_exception()).c_str());
            }
        }
        qCCritical(taskLog, "%s: %s", text.c_str(), error ? errorText(error).c_str() : "no exception");
        break;
    case Report::HeldBack:
        qCWarning(waitLog, "%s", text.c_str());
        break;
    case Report::NeverAwaited:
    case Report::DestroyedPending:
    case Report::SlowStep:
        qCWarning(taskLog, "%s", text.c_str());
        break;
    case Report::Advice:
        qCInfo(waitLog, "%s", text.c_str());
        break;
    case Report::Shutdown:
        qCWarning(loopLog, "%s", text.c_str());
        break;
    }
}

void Pump::taskSpawned(const TaskState &task) noexcept
{
    if (taskLog().isDebugEnabled()) [[unlikely]]
        logTask(task, "spawned");
}

void Pump::taskEnded(const TaskState &task) noexcept
{
    if (taskLog().isDebugEnabled()) [[unlikely]]
        logTask(task, toString(task.outcome()));
}

void Pump::logTask(const TaskState &task, const char *event) noexcept
{
    qCDebug(taskLog, "#%u %s%s: %s", task.id(), task.name().c_str(), atLocation(task.location()).c_str(), event);
}

void Pump::requireOpen() const
{
    if (m_isClosing && !currentChain() && !isUnwinding())
        throw RunSyncError(Refusal::ShuttingDown, "this thread's bridge is about to end");
}

} // namespace interloop
