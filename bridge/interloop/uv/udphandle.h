// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/loop/uvhandle.h>
#include <interloop/task/listnode.h>
#include <interloop/uv/address.h>

#include <uv.h>

#include <cstddef>
#include <string>
#include <vector>

/*
 * libuv's side of a UDP socket.
 *
 * Receiving stays on from the first receive, as switching it costs system calls. When a datagram comes while nobody
 * receives, libuv is given no memory for it, so it stays in the kernel, and receiving is switched off until somebody
 * wants it: the kernel's buffer is the only one, and what does not fit there the kernel drops.
 *
 * libuv has one datagram to send at a time, in memory of the handle's own; what else must wait is on a list here. So
 * every wait can end at once although libuv cannot take a send back (libuv manual, "uv_cancel").
 */

namespace interloop {

class ReceiveOperation;
class SendOperation;

class UdpHandle final : public UvHandle
{
public:
    explicit UdpHandle(Pump &pump);

    uv_udp_t *udp() noexcept { return &m_udp; }

    SocketAddress localAddress() const; // invalid when there is none

    // What the socket is connected to; invalid: nothing.
    const SocketAddress &peer() const noexcept { return m_peer; }
    void updatePeer(); // as the kernel has it now

    // "receive on 127.0.0.1:80", also when closed.
    std::string describe(const char *operation) const;

private:
    friend class ReceiveOperation;
    friend class SendOperation;
    ~UdpHandle() = default;
    static void allocate(uv_handle_t *handle, std::size_t suggested, uv_buf_t *buffer);
    static void received(uv_udp_t *udp, ssize_t count, const uv_buf_t *buffer, const sockaddr *sender, unsigned flags);
    static void sent(uv_udp_send_t *request, int status);
    void closing() noexcept override;
    int startReceiving() noexcept;
    void stopReceiving() noexcept;
    int trySend(const SendOperation &operation) noexcept;
    int handOver(SendOperation &operation);
    void sendWaiting() noexcept;

    uv_udp_t m_udp;
    uv_udp_send_t m_request;
    SocketAddress m_peer;
    SocketAddress m_lastAddress; // localAddress() when it was closed
    std::vector<std::byte> m_outgoing; // what libuv sends, kept for its memory
    List<ReceiveOperation> m_receivers; // in order
    List<SendOperation> m_senders; // in order, behind what libuv sends
    SendOperation *m_sender = nullptr; // who waits for what libuv sends; nullptr: nobody any more
    bool m_isSending = false; // libuv has m_request and m_outgoing
    bool m_isReceiving = false;
};

// Throws std::system_error that names `operation` when `handle` is null or closed, RunSyncError (WrongThread) on
// another thread than the handle's.
void requireOpenUdp(const char *operation, const UvRef<UdpHandle> &handle);

// Throws std::system_error for libuv's error code that is not 0.
void requireUdpSuccess(int error, const std::string &what);

} // namespace interloop
