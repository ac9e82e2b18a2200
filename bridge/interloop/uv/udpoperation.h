// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/waitoperation.h>
#include <interloop/uv/datagram.h>
#include <interloop/uv/udphandle.h>

#include <uv.h>

#include <cstddef>
#include <span>
#include <string>

/*
 * The waits on a UDP socket. Both can end at once: libuv never has memory of theirs beyond a callback.
 */

namespace interloop {

// Waits for a datagram: into memory, or into an array of its own.
class ReceiveOperation final : public WaitOperation
{
public:
    ReceiveOperation(UdpHandle &handle, std::span<std::byte> buffer) noexcept : m_handle(handle), m_buffer(buffer) { }
    ReceiveOperation(UdpHandle &handle, QByteArray &bytes) noexcept : m_handle(handle), m_bytes(&bytes) { }

    // Throws std::system_error.
    DatagramInfo await_resume() const;
    std::string describe() const override { return m_handle.describe("receive"); }

private:
    friend class UdpHandle;
    Begun begin() override;
    bool abandon(CancelMode mode) override;
    uv_buf_t target() const noexcept;
    void take(const char *data, const DatagramInfo &info);
    void end(int status) noexcept;

    UdpHandle &m_handle;
    std::span<std::byte> m_buffer;
    QByteArray *m_bytes = nullptr; // nullptr: into m_buffer
    DatagramInfo m_info;
    int m_status = 0; // libuv's error code
};

// Sends a datagram; most often the kernel takes it at once.
class SendOperation final : public WaitOperation
{
public:
    // No `receiver`: to the address that the socket is connected to.
    SendOperation(UdpHandle &handle, std::span<const std::byte> data, const SocketAddress &receiver) noexcept
        : m_handle(handle), m_data(data), m_receiver(receiver)
    {
    }

    // Throws std::system_error.
    void await_resume() const;
    std::string describe() const override;

private:
    friend class UdpHandle;
    Begun begin() override;
    bool abandon(CancelMode mode) override;
    const sockaddr *receiver() const noexcept { return m_receiver.isValid() ? m_receiver.data() : nullptr; }
    void end(int status) noexcept;

    UdpHandle &m_handle;
    std::span<const std::byte> m_data;
    SocketAddress m_receiver;
    int m_status = 0; // libuv's error code
};

} // namespace interloop
