// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>

#include <QString>

#include <sys/socket.h>

/*
 * An IP address and a port, as the operating system has them.
 */

namespace interloop {

class INTERLOOP_EXPORT SocketAddress
{
public:
    SocketAddress() noexcept = default; // no address
    explicit SocketAddress(const sockaddr *address) noexcept; // copied; IPv4 or IPv6, else no address

    // From "127.0.0.1" or "::1". No address when `host` is neither. REQUIRES: 0 <= port <= 65535
    static SocketAddress fromNumeric(const QString &host, int port);

    bool isValid() const noexcept { return m_storage.ss_family != AF_UNSPEC; }
    bool isIp6() const noexcept { return m_storage.ss_family == AF_INET6; }
    QString host() const;
    int port() const noexcept;
    SocketAddress withPort(int port) const noexcept; // REQUIRES: 0 <= port <= 65535
    QString toString() const; // "127.0.0.1:80", "[::1]:80"

    // The same IP address and port (and, of link-local IPv6 addresses, interface).
    bool operator==(const SocketAddress &other) const noexcept;

    const sockaddr *data() const noexcept { return reinterpret_cast<const sockaddr *>(&m_storage); }

private:
    sockaddr_storage m_storage = {};
};

// Throws std::system_error (invalid_argument) that names `operation` unless `host` can be a host name, not empty, at
// most 253 characters, without NUL, and `port` is within 0 to 65535: libuv and C's resolver would cut them silently.
INTERLOOP_EXPORT void requireHostAndPort(const char *operation, const QString &host, int port);

} // namespace interloop
