// SPDX-License-Identifier: MIT
#include <interloop/task/taskstate.h>

#include <interloop/task/errors.h>

#include <cstdio>

namespace interloop {

TaskState::TaskState(Scheduler &scheduler, std::string label)
    : Chain(scheduler), m_mailbox(scheduler.mailbox()), m_label(std::move(label)), m_registration(*this)
{
}

void TaskState::schedule() noexcept
{
    Scheduler &mine = scheduler();
    mine.m_tasks.append(m_registration);
    ++mine.m_taskCount;
    mine.post(*this);
}

void TaskState::startNow() noexcept
{
    Scheduler &mine = scheduler();
    mine.m_tasks.append(m_registration);
    ++mine.m_taskCount;
    start();
}

void TaskState::run()
{
    if (!isCancelPending()) {
        start();
        return;
    }
    markDone();
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

std::string TaskState::name() const
{
    return m_label.empty() ? std::string("an unnamed task") : "task '" + m_label + '\'';
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
    finish(takeResult());
}

void TaskState::finish(Outcome outcome) noexcept
{
    m_outcome = outcome;
    m_isCancelled = outcome != Outcome::Value && outcome != Outcome::Exception && isCancellation(failure());
    m_registration.unlink();
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

void reportNeverAwaited() noexcept
{
    if (isQuiet)
        return;
    if (Scheduler *here = existingScheduler())
        here->report(Report::NeverAwaited, "a task was destroyed without having been awaited, spawned or run", nullptr);
}

} // namespace interloop
