// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>

/*
 * What came over a pipe from another process, until somebody makes something of it: a socket, a server, any descriptor.
 * Dropped, it closes.
 *
 *     ReceivedHandle handle = co_await pipe.receiveHandle();
 *     if (handle.kind() == ReceivedHandle::Kind::TcpSocket)
 *         TcpSocket socket = handle.take<TcpSocket>();
 */

namespace interloop {

class INTERLOOP_EXPORT ReceivedHandle
{
public:
    enum class Kind : unsigned char {
        Nothing, // the other side sent none and has closed; or it was taken
        TcpSocket,
        TcpServer,
        PipeSocket, // also an end of a nameless pipe
        PipeServer,
        UdpSocket,
        Other, // a file, a terminal, …
    };

    ReceivedHandle() noexcept = default; // nothing
    explicit ReceivedHandle(int descriptor) noexcept : m_descriptor(descriptor) { } // takes it over
    ReceivedHandle(ReceivedHandle &&other) noexcept : m_descriptor(other.takeDescriptor()) { }
    ReceivedHandle &operator=(ReceivedHandle &&other) noexcept;
    ~ReceivedHandle();

    Kind kind() const noexcept { return kindOf(m_descriptor); }
    static Kind kindOf(int descriptor) noexcept;

    // Makes it what it is, on this thread's bridge: TcpSocket, TcpServer, PipeSocket, PipeServer, UdpSocket. Throws
    // std::system_error when it is something else, and then it is still here.
    template<typename Handle>
    Handle take()
    {
        Handle handle = Handle::fromDescriptor(m_descriptor);
        m_descriptor = -1;
        return handle;
    }

    int descriptor() const noexcept { return m_descriptor; } // -1: nothing
    int takeDescriptor() noexcept; // the caller's from now on; -1: nothing

private:
    int m_descriptor = -1;
};

} // namespace interloop
