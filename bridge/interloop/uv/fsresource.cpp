// SPDX-License-Identifier: MIT
#include <interloop/uv/fsresource.h>

#include <interloop/loop/bridge.h>
#include <interloop/loop/unhandled.h>
#include <interloop/task/errors.h>

#include <exception>

namespace interloop {

void CloseJob::callNow() noexcept
{
    fs().result = issue(nullptr, &fs(), nullptr);
}

void CloseJob::take()
{
    m_isTaken = true;
    result();
}

CloseJob::~CloseJob()
{
    if (status() < 0 && !m_isTaken) {
        const std::system_error error = uvError(static_cast<int>(status()), CloseJob::name());
        reportUnhandled("a file was closed by its destructor", std::make_exception_ptr(error));
    }
}

FsResource::FsResource(Pump &pump, QByteArray path, std::shared_ptr<CloseJob> closer)
    : m_pump(&pump), m_closer(std::move(closer))
{
    setPath(std::move(path));
}

FsResource::~FsResource()
{
    close();
}

void FsResource::setPath(QByteArray path)
{
    m_path = std::move(path);
    m_closer->setPath(m_path);
}

void FsResource::close() noexcept
{
    if (m_state != State::Open)
        return;
    m_state = State::Closing;
    if (m_uses == 0)
        startClosing();
}

void FsResource::startClosing() noexcept
{
    m_state = State::Closed;
    if (existingPump() == m_pump && m_pump->isListening())
        PoolJob::begin(m_closer, *m_pump);
    else
        m_closer->callNow(); // on another thread, or after the bridge's end
}

Task<> FsResource::closeAndWait(std::shared_ptr<FsResource> resource)
{
    if (!resource || !resource->isOpen())
        co_return;
    resource->requireUsable("close");
    const std::shared_ptr<CloseJob> closer = resource->m_closer;
    resource->close();
    PoolJobWait wait(closer, PoolJobWait::Start::Elsewhere);
    co_await inPlace(wait);
    closer->take();
}

void FsResource::requireUsable(const char *operation) const
{
    if (existingPump() != m_pump)
        throw RunSyncError(Refusal::WrongThread, std::string(operation) + ": the file belongs to another thread");
    if (!isOpen())
        throw uvError(UV_ECANCELED, std::string(operation) + ' ' + m_path.toStdString() + " (closed)");
}

} // namespace interloop
