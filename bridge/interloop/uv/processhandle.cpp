// SPDX-License-Identifier: MIT
#include <interloop/uv/processhandle.h>

#include <interloop/loop/pump.h>
#include <interloop/task/errors.h>

#include <sys/wait.h>

#include <cerrno>
#include <thread>

namespace interloop {

namespace {

// Waits for the end of a program that no loop waits for any more.
void reapElsewhere(int processId) noexcept
{
    if (waitpid(processId, nullptr, WNOHANG) != 0)
        return;
    try {
        std::thread([processId] {
            while (waitpid(processId, nullptr, 0) < 0 && errno == EINTR) { }
        }).detach();
    } catch (const std::system_error &) {
        // No thread to be had: its entry stays until this process ends.
    }
}

} // namespace

ProcessHandle::ProcessHandle(Pump &pump, const ProcessOptions &options, const ProcessPipes &pipes)
    : UvHandle(pump, reinterpret_cast<uv_handle_t *>(&m_process)),
      m_pipes(pipes),
      m_program(options.program().toStdString()),
      m_whenCancelled(options.whenCancelled()),
      m_whenDropped(options.whenDropped())
{
}

int ProcessHandle::start(uv_process_options_t &options) noexcept
{
    options.exit_cb = &ProcessHandle::exited;
    const int error = uv_spawn(pump().uvLoop(), &m_process, &options);
    initialised();
    pump().touch();
    if (error) {
        m_pipes = {}; // their descriptors are free at once, this handle's memory only later
        return error;
    }
    m_processId = m_process.pid;
    m_self = UvRef<ProcessHandle>(this);
    for (const UvRef<ProcessPipe> &pipe : m_pipes) {
        if (pipe)
            pipe->setProcessId(m_processId);
    }
    return 0;
}

void ProcessHandle::drop() noexcept
{
    if (!isOpen())
        return;
    if (m_whenDropped == Abandoned::Killed)
        kill(SIGKILL);
    uv_unref(reinterpret_cast<uv_handle_t *>(&m_process)); // it keeps no loop alive that others count on to end
}

int ProcessHandle::kill(int signal) noexcept
{
    return uv_process_kill(&m_process, signal);
}

std::string ProcessHandle::describe(const char *operation) const
{
    return std::string(operation) + ' ' + m_program + " (" + std::to_string(m_processId) + ')';
}

void ProcessHandle::exited(uv_process_t *process, int64_t status, int signal)
{
    auto *self = from<ProcessHandle>(process);
    self->m_exit = ProcessExit(static_cast<int>(status), signal);
    self->close();
}

void ProcessHandle::closing() noexcept
{
    const UvRef<ProcessHandle> self = std::move(m_self);
    if (self && !m_exit) {
        if (m_whenDropped == Abandoned::Killed)
            kill(SIGKILL);
        reapElsewhere(m_processId);
    }
    wakeAll();
}

void ProcessHandle::wakeAll() noexcept
{
    while (!m_waiters.isEmpty())
        m_waiters.takeFirst().wake();
}

WaitOperation::Begun ProcessWait::begin()
{
    if (!m_process.isOpen())
        return Begun::Ready;
    m_process.m_waiters.append(*this);
    return Begun::Waiting;
}

bool ProcessWait::abandon(CancelMode mode)
{
    if (m_process.whenCancelled() == Abandoned::Killed) {
        m_process.kill(SIGKILL);
        m_hasKilled = true;
        if (mode == CancelMode::Polite)
            return false;
    }
    unlink();
    return true;
}

void ProcessWait::skip()
{
    if (m_process.isOpen() && m_process.whenCancelled() == Abandoned::Killed)
        m_process.kill(SIGKILL);
}

void ProcessWait::wake()
{
    if (m_hasKilled)
        completeCancelled();
    else
        complete();
}

ProcessExit ProcessWait::await_resume() const
{
    throwIfCancelled();
    if (!m_process.exit())
        throw uvError(UV_ECANCELED, m_process.describe("wait for"));
    return *m_process.exit();
}

} // namespace interloop
