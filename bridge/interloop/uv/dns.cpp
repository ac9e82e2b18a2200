// SPDX-License-Identifier: MIT
#include <interloop/uv/dns.h>

#include <interloop/task/errors.h>
#include <interloop/uv/pooljob.h>

#include <netdb.h>

namespace interloop {

namespace {

class ResolveJob final : public PoolJob
{
public:
    // `service` may be empty: then the addresses have no port.
    ResolveJob(QString host, QString service, Transport transport)
        : m_host(std::move(host)), m_service(std::move(service)), m_transport(transport)
    {
        m_request.data = this;
    }

    std::string name() const override
    {
        const std::string host = "resolve " + m_host.toStdString();
        return m_service.isEmpty() ? host : host + ", service " + m_service.toStdString();
    }

    QList<SocketAddress> take()
    {
        if (m_status < 0)
            throw uvError(m_status, name());
        return std::move(m_addresses);
    }

private:
    int start(uv_loop_t *loop) override
    {
        const auto done = [](uv_getaddrinfo_t *request, int status, addrinfo *found) {
            auto *job = static_cast<ResolveJob *>(request->data);
            job->m_status = status;
            for (const addrinfo *info = found; info; info = info->ai_next)
                job->m_addresses.append(SocketAddress(info->ai_addr));
            uv_freeaddrinfo(found);
            job->finished();
        };
        addrinfo hints = {};
        // Without a type each address comes once for each of them.
        hints.ai_socktype = m_transport == Transport::Udp ? SOCK_DGRAM : SOCK_STREAM;
        const QByteArray service = m_service.toUtf8();
        return uv_getaddrinfo(loop, &m_request, done, m_host.toUtf8().constData(),
                              service.isEmpty() ? nullptr : service.constData(), &hints);
    }
    uv_req_t *request() noexcept override { return reinterpret_cast<uv_req_t *>(&m_request); }

    QString m_host;
    QString m_service;
    Transport m_transport;
    QList<SocketAddress> m_addresses;
    uv_getaddrinfo_t m_request;
    int m_status = 0;
};

class ReverseJob final : public PoolJob
{
public:
    ReverseJob(const SocketAddress &address, Transport transport) : m_address(address), m_transport(transport)
    {
        m_request.data = this;
    }

    std::string name() const override { return "reverse lookup " + m_address.toString().toStdString(); }

    ReverseName take()
    {
        if (m_status < 0)
            throw uvError(m_status, name());
        return std::move(m_name);
    }

private:
    int start(uv_loop_t *loop) override
    {
        const auto done = [](uv_getnameinfo_t *request, int status, const char *host, const char *service) {
            auto *job = static_cast<ReverseJob *>(request->data);
            job->m_status = status;
            if (status == 0)
                job->m_name = ReverseName(QString::fromUtf8(host), QString::fromUtf8(service));
            job->finished();
        };
        const int flags = m_transport == Transport::Udp ? NI_NAMEREQD | NI_DGRAM : NI_NAMEREQD;
        return uv_getnameinfo(loop, &m_request, done, m_address.data(), flags);
    }
    uv_req_t *request() noexcept override { return reinterpret_cast<uv_req_t *>(&m_request); }

    SocketAddress m_address;
    Transport m_transport;
    ReverseName m_name;
    uv_getnameinfo_t m_request;
    int m_status = 0;
};

void requireService(const QString &service)
{
    const char *why = nullptr;
    if (service.isEmpty())
        why = "the service is empty";
    else if (service.contains(QChar(u'\0')))
        why = "the service contains a NUL";
    else if (service.size() > 255)
        why = "the service is longer than 255 characters";
    if (why)
        throw uvError(UV_EINVAL, std::string("resolve: ") + why);
    bool isNumber = false;
    const long long port = service.toLongLong(&isNumber);
    if (isNumber && (port < 0 || port > 65535))
        throw uvError(UV_EINVAL, "resolve, service " + service.toStdString() + ": the port is not within 0 to 65535");
}

Task<QList<SocketAddress>> resolveByPool(QString host, QString service, Transport transport)
{
    const auto job = std::make_shared<ResolveJob>(std::move(host), std::move(service), transport);
    PoolJobWait wait(job);
    co_await inPlace(wait);
    co_return job->take();
}

} // namespace

Task<QList<SocketAddress>> resolve(QString host, int port)
{
    requireHostAndPort("resolve", host, port);
    const SocketAddress numeric = SocketAddress::fromNumeric(host, port);
    QList<SocketAddress> addresses;
    if (numeric.isValid()) {
        addresses.append(numeric);
        co_return addresses;
    }
    addresses = co_await resolveByPool(std::move(host), QString(), Transport::Tcp);
    for (SocketAddress &address : addresses)
        address = address.withPort(port);
    co_return addresses;
}

Task<QList<SocketAddress>> resolve(QString host, QString service, Transport transport)
{
    requireHostAndPort("resolve", host, 0);
    requireService(service);
    QList<SocketAddress> addresses = co_await resolveByPool(std::move(host), std::move(service), transport);
    co_return addresses;
}

Task<ReverseName> reverseLookup(SocketAddress address, Transport transport)
{
    if (!address.isValid())
        throw uvError(UV_EINVAL, "reverse lookup of an invalid address");
    const auto job = std::make_shared<ReverseJob>(address, transport);
    PoolJobWait wait(job);
    co_await inPlace(wait);
    co_return job->take();
}

} // namespace interloop
