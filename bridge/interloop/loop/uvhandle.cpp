// SPDX-License-Identifier: MIT
#include <interloop/loop/uvhandle.h>

#include <interloop/loop/bridge.h>
#include <interloop/loop/pump.h>
#include <interloop/task/errors.h>

#include <string>

namespace interloop {

UvHandle::UvHandle(Pump &pump, uv_handle_t *handle) noexcept : m_pump(&pump), m_handle(handle) { }

void UvHandle::initialised() noexcept
{
    m_handle->data = this; // which libuv's init functions clear
    m_pump->handles().append(*this);
}

void UvHandle::close() noexcept
{
    if (m_state != State::Open)
        return;
    m_state = State::Closing;
    closing();
    unlink();
    ++m_pump->closingHandles;
    uv_close(m_handle, &UvHandle::closed);
    m_pump->touch();
}

int UvHandle::descriptor() const noexcept
{
    uv_os_fd_t descriptor = -1;
    uv_fileno(m_handle, &descriptor);
    return descriptor;
}

void UvHandle::requireOwnThread(const char *operation) const
{
    if (existingPump() != m_pump)
        throw RunSyncError(Refusal::WrongThread, std::string(operation) + ": the handle belongs to another thread");
}

void UvHandle::release() noexcept
{
    if (--m_references > 0)
        return;
    if (m_state == State::Closed)
        delete this;
    else
        close();
}

void UvHandle::closed(uv_handle_t *handle)
{
    auto *self = static_cast<UvHandle *>(handle->data);
    --self->m_pump->closingHandles;
    self->m_state = State::Closed;
    if (self->m_references == 0)
        delete self;
}

} // namespace interloop
