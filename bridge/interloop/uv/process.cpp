// SPDX-License-Identifier: MIT
#include <interloop/uv/process.h>

#include <interloop/task/errors.h>
#include <interloop/uv/communicate.h>
#include <interloop/uv/processhandle.h>
#include <interloop/uv/processstart.h>

#include <cstring>

namespace interloop {

namespace {

Task<ProcessExit> waitForEnd(UvRef<ProcessHandle> handle)
{
    requireProgram("wait for", handle);
    ProcessWait operation(*handle);
    const ProcessExit exit = co_await inPlace(operation);
    co_return exit;
}

} // namespace

QString ProcessExit::toString() const
{
    if (!m_signal)
        return QStringLiteral("exit status %1").arg(m_exitStatus);
    return QStringLiteral("signal %1 (%2)").arg(m_signal).arg(QString::fromLocal8Bit(strsignal(m_signal)));
}

Process::Process() noexcept = default;

Process::Process(UvRef<ProcessHandle> handle) noexcept : m_handle(std::move(handle))
{
    for (std::size_t i = 0; i < m_streams.size(); ++i) {
        if (m_handle->pipes()[i])
            m_streams[i] = Stream(UvRef<StreamHandle>(&*m_handle->pipes()[i]));
    }
}

Process::Process(Process &&other) noexcept = default;

Process &Process::operator=(Process &&other) noexcept
{
    Process taken(std::move(other));
    std::swap(m_handle, taken.m_handle);
    std::swap(m_streams, taken.m_streams);
    return *this;
}

Process::~Process()
{
    if (m_handle)
        m_handle->drop();
}

Process Process::start(const ProcessOptions &options)
{
    return Process(startProcess(options));
}

Task<ProcessExit> Process::wait()
{
    return waitForEnd(m_handle);
}

Task<ProcessOutput> Process::communicate(QByteArray input, qsizetype limit)
{
    return communicateWith(m_handle, std::move(input), limit);
}

void Process::kill(int signal)
{
    requireProgram("kill", m_handle);
    const auto refuse = [&](int error) { throw uvError(error, m_handle->describe("kill")); };
    if (m_handle->exit())
        refuse(UV_ESRCH);
    if (!m_handle->isOpen())
        refuse(UV_ECANCELED);
    if (const int error = m_handle->kill(signal))
        refuse(error);
}

int Process::processId() const noexcept
{
    return m_handle ? m_handle->processId() : 0;
}

bool Process::isRunning() const noexcept
{
    return m_handle && m_handle->isOpen() && !m_handle->exit();
}

} // namespace interloop
