// SPDX-License-Identifier: MIT
#include <interloop/loop/uvhandle.h>

#include <interloop/loop/pump.h>

namespace interloop {

UvHandle::UvHandle(Pump &pump, uv_handle_t *handle) noexcept : m_pump(&pump), m_handle(handle)
{
    pump.handles().append(*this);
}

UvHandle::~UvHandle()
{
    unlink();
}

void UvHandle::close() noexcept
{
    if (!m_isOpen)
        return;
    m_isOpen = false;
    closing();
    m_handle->data = this;
    m_pump->closingHandles++;
    uv_close(m_handle, &UvHandle::closed);
    m_pump->touch();
}

void UvHandle::abandon() noexcept
{
    m_isAbandoned = true;
    if (m_isClosed)
        delete this;
    else
        close();
}

void UvHandle::closed(uv_handle_t *handle)
{
    auto *self = static_cast<UvHandle *>(handle->data);
    self->unlink();
    self->m_pump->closingHandles--;
    self->m_pump = nullptr;
    self->m_isClosed = true;
    if (self->m_isAbandoned)
        delete self;
}

} // namespace interloop
