// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/task.h>
#include <interloop/uv/address.h>

#include <QList>
#include <QString>

#include <utility>

/*
 * Names to addresses and back, by the system's resolver on libuv's thread pool. libuv manual, "DNS utility functions".
 *
 * Failures are std::system_error that names what was asked for: invalid_argument for a host or service that cannot be
 * one or a port out of range, libuv's EAI codes when the resolver knows no such thing. All waits can be cancelled at
 * once; a request that has begun runs on in the pool, and slow ones hold up its other work.
 */

namespace interloop {

// What a service runs on: a name may be a port on one and nothing, or another port, on the other.
enum class Transport : unsigned char { Tcp, Udp };

// All addresses of `host`, in the resolver's order, each with `port`; never empty. A numeric host needs no resolver.
// Starts: when awaited. Resumes: from the ready queue, at once when `host` is numeric. Cancel: at once.
INTERLOOP_EXPORT Task<QList<SocketAddress>> resolve(QString host, int port = 0);

// The same with the port of `service`: a name from the system's list of services, "https", or a number, "443".
INTERLOOP_EXPORT Task<QList<SocketAddress>> resolve(QString host, QString service,
                                                    Transport transport = Transport::Tcp);

// The names of an address and its port.
class ReverseName
{
public:
    ReverseName() noexcept = default; // no names
    ReverseName(QString host, QString service) noexcept : m_host(std::move(host)), m_service(std::move(service)) { }

    const QString &host() const noexcept { return m_host; }
    const QString &service() const noexcept { return m_service; } // the port's number when it has no name

private:
    QString m_host;
    QString m_service;
};

// What `address` is called. An address without a name is an error, libuv's EAI_NONAME.
// Starts: when awaited. Resumes: from the ready queue. Cancel: at once.
INTERLOOP_EXPORT Task<ReverseName> reverseLookup(SocketAddress address, Transport transport = Transport::Tcp);

} // namespace interloop
