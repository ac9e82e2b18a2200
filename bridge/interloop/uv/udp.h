// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/loop/uvhandle.h>
#include <interloop/task/task.h>
#include <interloop/uv/datagram.h>

#include <QByteArray>
#include <QString>

#include <cstddef>
#include <span>

/*
 * UDP: datagrams to and from any address, or one; to groups and to everybody on a network. libuv manual, "uv_udp_t".
 *
 * A datagram arrives whole or not at all, once or twice, in any order, and nobody says so. What comes while nobody
 * receives stays in the kernel, which drops what its buffer has no room for; nothing is kept here. A socket belongs to
 * the thread of the bridge it was made on. Any number of tasks may send and receive at the same time. Failures are
 * std::system_error with uvCategory(), and name operation and object: "send 127.0.0.1:80: message too long".
 */

namespace interloop {

class UdpHandle;

// How a socket is bound.
class UdpOptions
{
public:
    UdpOptions() noexcept = default;

    // Several sockets may have the address: for groups, where each gets its copy. Of other datagrams the last one bound
    // gets all.
    UdpOptions &reuseAddress() noexcept
    {
        m_reusesAddress = true;
        return *this;
    }

    // A socket on "::" leaves IPv4 alone.
    UdpOptions &onlyIp6() noexcept
    {
        m_isOnlyIp6 = true;
        return *this;
    }

    bool reusesAddress() const noexcept { return m_reusesAddress; }
    bool isOnlyIp6() const noexcept { return m_isOnlyIp6; }

private:
    bool m_reusesAddress = false;
    bool m_isOnlyIp6 = false;
};

class INTERLOOP_EXPORT UdpSocket
{
public:
    UdpSocket() noexcept; // closed
    UdpSocket(UdpSocket &&other) noexcept;
    UdpSocket &operator=(UdpSocket &&other) noexcept;
    ~UdpSocket(); // closes

    // Without an address: gets one, with a free port, when it first sends, receives (0.0.0.0) or connects.
    static UdpSocket open();

    // On a numeric address; port 0 takes any free one. Throws std::system_error that names the address.
    static UdpSocket bind(const QString &host, int port, UdpOptions options = UdpOptions());

    // Owns `descriptor` from now on, a datagram socket of any family; on failure the caller still does. Throws
    // std::system_error. libuv makes it non-blocking.
    static UdpSocket fromDescriptor(int descriptor);

    // Resolves `host`: a socket that is connected to its first address that can be reached; see the other connect().
    // Starts: when awaited. Resumes: from the ready queue, at once when `host` is numeric. Cancel: as resolve().
    static Task<UdpSocket> connect(QString host, int port);

    // From now on datagrams come from `peer` only and go there, and a send or receive fails with connection_refused
    // when the peer's host has answered that nobody listens (each answer is told once). Sends nothing. A connected
    // socket may be connected again. Throws std::system_error.
    void connect(const SocketAddress &peer);

    // Undoes it. A port that was not asked for by number is given back: the next send gets another one.
    void disconnect();

    // One datagram; returns when the kernel has it, which says nothing about its arrival.
    // Starts: when awaited, in the order of the awaits. Resumes: at once when the kernel takes it, else from the ready
    // queue. Cancel: at once, and the socket stays as it is; the first datagram that waits is sent nevertheless, from a
    // copy of the socket's own, those behind it are not. Buffers: `data` may go when the task has ended, in any way.
    // Throws std::system_error: message_size over 65,507 bytes (IPv4), destination_address_required without an address
    // to send to, already_connected with one on a connected socket, what the network said.
    Task<> send(QByteArray data, SocketAddress receiver);
    Task<> send(std::span<const std::byte> data, SocketAddress receiver);
    Task<> send(QByteArray data); // on a connected socket
    Task<> send(std::span<const std::byte> data); // likewise

    // The next datagram, whole. Several tasks may wait, first come, first served.
    // Starts: when awaited. Resumes: from the ready queue. Cancel: at once; what comes later is for the next receive.
    Task<Datagram> receive();

    // The same into the caller's memory, which must live until the task has ended; what does not fit is lost, which the
    // result says.
    Task<DatagramInfo> receive(std::span<std::byte> buffer);

    // Waits in flight end with operation_canceled. Does nothing when closed.
    void close() noexcept;
    bool isOpen() const noexcept;

    // The operating system's, and the socket's: -1 when closed.
    int descriptor() const noexcept;

    SocketAddress localAddress() const; // invalid when closed or without one
    int port() const { return localAddress().port(); }
    SocketAddress peerAddress() const; // what it is connected to; invalid when closed or not connected
    bool isConnected() const { return peerAddress().isValid(); }

    // Receives what is sent to the multicast group from now on, by all senders or by `source`, until it leaves the
    // group or is closed. All are numeric; `networkInterface` is an address of it, for IPv6 with its name ("::%eth0");
    // empty: the kernel chooses one. Throws std::system_error that names the group.
    void joinGroup(const QString &group, const QString &networkInterface = QString());
    void leaveGroup(const QString &group, const QString &networkInterface = QString());
    void joinGroupOfSource(const QString &group, const QString &source, const QString &networkInterface = QString());
    void leaveGroupOfSource(const QString &group, const QString &source, const QString &networkInterface = QString());

    // For datagrams sent to groups, once the socket has an address: whether this host gets them too (yes unless told),
    // over how many networks they go (1 to 255; 1 unless told), by which interface they leave (as above).
    void setMulticastLoop(bool enabled);
    void setMulticastHops(int count);
    void setMulticastInterface(const QString &networkInterface);

    // Over how many networks other datagrams go, 1 to 255, once the socket has an address, as all below.
    void setHops(int count);

    // Allows sending to broadcast addresses, which is permission_denied unless told.
    void setBroadcast(bool enabled);

    // The kernel's buffers in bytes, which include its book-keeping; Linux doubles what it is told.
    void setReceiveBufferSize(int bytes);
    void setSendBufferSize(int bytes);

private:
    explicit UdpSocket(UvRef<UdpHandle> handle) noexcept;

    UvRef<UdpHandle> m_handle; // null: never opened, or moved from
};

} // namespace interloop
