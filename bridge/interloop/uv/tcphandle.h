// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/loop/uvhandle.h>
#include <interloop/uv/address.h>

#include <uv.h>

/*
 * What a connection and a listening socket share: a uv_tcp_t on this thread's loop.
 */

namespace interloop {

class TcpHandle : public UvHandle
{
public:
    uv_tcp_t *tcp() noexcept { return &m_tcp; }
    uv_stream_t *stream() noexcept { return reinterpret_cast<uv_stream_t *>(&m_tcp); }

    SocketAddress localAddress() const; // invalid when there is none
    SocketAddress remoteAddress() const; // likewise

    using UvHandle::pump;

    // Throws RunSyncError (WrongThread) on another thread than the handle's. REQUIRES: isOpen()
    void requireOwnThread(const char *operation) const;

protected:
    explicit TcpHandle(Pump &pump);
    ~TcpHandle() = default;

    // The handle that a callback of libuv's is for.
    template<typename Handle, typename UvType>
    static Handle *from(UvType *handle) noexcept
    {
        return static_cast<Handle *>(static_cast<UvHandle *>(handle->data));
    }

private:
    uv_tcp_t m_tcp;
};

} // namespace interloop
