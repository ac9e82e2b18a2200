// SPDX-License-Identifier: MIT
#include <interloop/uv/address.h>

#include <interloop/task/errors.h>

#include <netinet/in.h>
#include <uv.h>

#include <cstdint>
#include <cstring>

namespace interloop {

SocketAddress::SocketAddress(const sockaddr *address) noexcept
{
    if (address->sa_family == AF_INET)
        std::memcpy(&m_storage, address, sizeof(sockaddr_in));
    else if (address->sa_family == AF_INET6)
        std::memcpy(&m_storage, address, sizeof(sockaddr_in6));
}

SocketAddress SocketAddress::fromNumeric(const QString &host, int port)
{
    if (host.contains(QChar(u'\0')))
        return SocketAddress(); // libuv would look at what is before it
    const QByteArray text = host.toLatin1();
    SocketAddress address;
    auto *ip4 = reinterpret_cast<sockaddr_in *>(&address.m_storage);
    if (uv_ip4_addr(text.constData(), port, ip4) == 0)
        return address;
    auto *ip6 = reinterpret_cast<sockaddr_in6 *>(&address.m_storage);
    if (uv_ip6_addr(text.constData(), port, ip6) == 0)
        return address;
    return SocketAddress();
}

QString SocketAddress::host() const
{
    char text[64] = "";
    if (isValid())
        uv_ip_name(data(), text, sizeof(text));
    return QString::fromLatin1(text);
}

int SocketAddress::port() const noexcept
{
    switch (m_storage.ss_family) {
    case AF_INET:
        return ntohs(reinterpret_cast<const sockaddr_in *>(&m_storage)->sin_port);
    case AF_INET6:
        return ntohs(reinterpret_cast<const sockaddr_in6 *>(&m_storage)->sin6_port);
    default:
        return 0;
    }
}

SocketAddress SocketAddress::withPort(int port) const noexcept
{
    SocketAddress other = *this;
    if (m_storage.ss_family == AF_INET)
        reinterpret_cast<sockaddr_in *>(&other.m_storage)->sin_port = htons(static_cast<std::uint16_t>(port));
    else if (m_storage.ss_family == AF_INET6)
        reinterpret_cast<sockaddr_in6 *>(&other.m_storage)->sin6_port = htons(static_cast<std::uint16_t>(port));
    return other;
}

bool SocketAddress::operator==(const SocketAddress &other) const noexcept
{
    if (m_storage.ss_family != other.m_storage.ss_family || port() != other.port())
        return false;
    switch (m_storage.ss_family) {
    case AF_INET:
        return reinterpret_cast<const sockaddr_in *>(&m_storage)->sin_addr.s_addr
                == reinterpret_cast<const sockaddr_in *>(&other.m_storage)->sin_addr.s_addr;
    case AF_INET6: {
        const auto *own = reinterpret_cast<const sockaddr_in6 *>(&m_storage);
        const auto *theirs = reinterpret_cast<const sockaddr_in6 *>(&other.m_storage);
        return std::memcmp(&own->sin6_addr, &theirs->sin6_addr, sizeof(in6_addr)) == 0
                && own->sin6_scope_id == theirs->sin6_scope_id;
    }
    default:
        return true;
    }
}

QString SocketAddress::toString() const
{
    const QString pattern = m_storage.ss_family == AF_INET6 ? QStringLiteral("[%1]:%2") : QStringLiteral("%1:%2");
    return isValid() ? pattern.arg(host()).arg(port()) : QString();
}

void requireHostAndPort(const char *operation, const QString &host, int port)
{
    const auto refuse = [&](const QString &why) {
        const QString shown = host.size() > 40 ? host.left(40) + QStringLiteral("…") : host;
        QString text = QStringLiteral("%1 \"%2\", port %3: %4").arg(QLatin1String(operation), shown).arg(port).arg(why);
        throw uvError(UV_EINVAL, text.replace(QChar(u'\0'), QStringLiteral("\\0")).toStdString());
    };
    if (host.isEmpty())
        refuse(QStringLiteral("the host name is empty"));
    if (host.contains(QChar(u'\0')))
        refuse(QStringLiteral("the host name contains a NUL"));
    if (host.size() > 253)
        refuse(QStringLiteral("the host name has %1 characters, at most 253 are possible").arg(host.size()));
    if (port < 0 || port > 65535)
        refuse(QStringLiteral("the port is not within 0 to 65535"));
}

} // namespace interloop
