// SPDX-License-Identifier: MIT
#include <interloop/task/taskstate.h>

#include <interloop/task/chainextras.h>
#include <interloop/task/errors.h>
#include <interloop/task/instrument.h>

#include <cstdio>

namespace interloop {

TaskState::TaskState(Scheduler &scheduler, std::string label, std::source_location location)
    : Chain(scheduler), m_mailbox(scheduler.mailbox())
{
    setLocation(location);
    if (!label.empty())
        extras().label = std::move(label);
}

void TaskState::schedule() noexcept
{
    registerTask();
    scheduler().post(*this);
}

void TaskState::startNow() noexcept
{
    registerTask();
    m_isStarted = true;
    start();
}

void TaskState::registerTask() noexcept
{
    static_cast<void>(id());
    scheduler().m_tasks.append(*this);
    ++scheduler().m_taskCount;
    scheduler().taskSpawned(*this);
    if (Instrument *instrument = scheduler().instrument()) [[unlikely]]
        instrument->taskSpawned(*this);
}

void TaskState::run()
{
    m_isStarted = true;
    if (!isCancelPending()) {
        start();
        return;
    }
    markDone();
    setLocation(origin());
    discard(pendingCancel());
    finish(outcomeOf(failure()));
}

bool TaskState::requestCancel(Outcome outcome, CancelMode mode)
{
    requireOwnThread("cancel");
    if (isDone())
        return false;
    cancel(outcome, mode);
    return true;
}

const std::string &TaskState::label() const noexcept
{
    static const std::string none;
    return hasExtras() ? extras().label : none;
}

std::string TaskState::name() const
{
    if (!label().empty())
        return "task '" + label() + '\'';
    const std::string function = functionName(isDone() ? location() : origin());
    return "task #" + std::to_string(id()) + (function.empty() ? "" : " (" + function + ')');
}

void TaskState::rethrowFailure()
{
    if (m_outcome == Outcome::Value)
        return;
    if (isCancelled())
        throw Cancelled(m_outcome, Cancelled::Whom::Awaited);
    m_isSeen = true;
    std::rethrow_exception(failure());
}

void TaskState::ended() noexcept
{
    setLocation(origin()); // names it when the coroutine is gone
    finish(takeResult());
}

void TaskState::finish(Outcome outcome) noexcept
{
    m_outcome = outcome;
    m_isCancelled = outcome != Outcome::Value && outcome != Outcome::Exception && isCancellation(failure());
    scheduler().taskEnded(*this);
    if (scheduler().instrument()) [[unlikely]]
        tellExited();
    TaskRegistration::unlink();
    --scheduler().m_taskCount;
    while (!m_waiters.isEmpty())
        m_waiters.takeFirst().wake();
    release();
}

void TaskState::requireOwnThread(const char *operation) const
{
    const Scheduler *here = existingScheduler();
    if (here && here->mailbox() == m_mailbox) [[likely]]
        return;
    if (m_mailbox->isClosed())
        throw RunSyncError(Refusal::ShuttingDown, std::string(operation) + ": " + name() + " belongs to a bridge that has ended");
    throw RunSyncError(Refusal::WrongThread, std::string(operation) + ": " + name() + " belongs to another thread");
}

void TaskState::release() noexcept
{
    if (m_references.fetch_sub(1, std::memory_order_acq_rel) != 1)
        return;
    Scheduler *here = existingScheduler();
    const bool isOwnThread = here && here->mailbox() == m_mailbox;
    if (!isOwnThread && m_mailbox->put([this] { m_references = 1; release(); }))
        return;
    if (isDone() && !m_isSeen && !isCancelled() && failure()) {
        const std::string text = name() + " failed and nobody looked at its result";
        if (isOwnThread)
            here->report(Report::UnhandledError, text, failure());
        else
            std::fprintf(stderr, "interloop: %s: %s\n", text.c_str(), errorText(failure()).c_str());
    }
    delete this;
}

std::exception_ptr makeCancelled(Outcome outcome) noexcept
{
    return std::make_exception_ptr(Cancelled(outcome, Cancelled::Whom::Self));
}

namespace {

constinit thread_local bool isQuiet = false;

} // namespace

void destroyQuietly(std::coroutine_handle<> coroutine) noexcept
{
    const bool wasQuiet = std::exchange(isQuiet, true);
    coroutine.destroy();
    isQuiet = wasQuiet;
}

namespace {

void reportCoroutine(Report kind, std::source_location origin, const char *fate) noexcept
{
    Scheduler *here = existingScheduler();
    if (isQuiet || !here)
        return;
    here->report(kind, "a task of " + functionName(origin) + " (" + toString(origin) + ") was destroyed " + fate, nullptr);
}

} // namespace

void reportNeverAwaited(std::source_location origin) noexcept
{
    reportCoroutine(Report::NeverAwaited, origin, "without having been awaited, spawned or run");
}

void reportDestroyedPending(std::source_location origin) noexcept
{
    reportCoroutine(Report::DestroyedPending, origin, "while it was pending");
}

} // namespace interloop
