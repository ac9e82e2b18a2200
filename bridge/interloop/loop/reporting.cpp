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

namespace {

std::string tookTooLong(std::chrono::nanoseconds time)
{
    const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
    return " has kept everything else on its thread waiting for " + std::to_string(milliseconds) + " ms";
}

} // namespace

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
    case Report::NotJoined:
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
        logTask(task, nameOf(task.outcome()));
}

void Pump::logTask(const TaskState &task, const char *event) noexcept
{
    qCDebug(taskLog, "#%u %s%s: %s", task.id(), task.name().c_str(), atLocation(task.location()).c_str(), event);
}

void Pump::stepEnded(const Chain &chain) noexcept
{
    m_hasStepEnded = true;
    if (const auto tooLong = m_stepWatch.stepEnded(); tooLong.count() > 0) [[unlikely]]
        reportSlowStep(chain, tooLong);
}

// What has run was a plain function, not a chain's step.
void Pump::callEnded() noexcept
{
    if (const auto tooLong = m_stepWatch.stepEnded(); tooLong.count() > 0) [[unlikely]]
        report(Report::SlowStep, "a posted function" + tookTooLong(tooLong), nullptr);
}

void Pump::reportSlowStep(const Chain &chain, std::chrono::nanoseconds time) noexcept
{
    const char *until = chain.isDone() ? ", and has ended; its last await was" : ", up to its await";
    report(Report::SlowStep, chain.name() + tookTooLong(time) + until + atLocation(chain.location()), nullptr);
}

void Pump::reportSlowBatch(std::chrono::nanoseconds time) noexcept
{
    report(Report::SlowStep, "a task" + tookTooLong(time) + "; the next time it will be named", nullptr);
}

void Pump::requireOpen() const
{
    if (m_isClosing && !currentChain() && !isUnwinding())
        throw RunSyncError(Refusal::ShuttingDown, "this thread's bridge is about to end");
}

} // namespace interloop
