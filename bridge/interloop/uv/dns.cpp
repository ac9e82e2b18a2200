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
    explicit ResolveJob(QString host) : m_host(std::move(host)) { m_request.data = this; }

    std::string name() const override { return "resolve " + m_host.toStdString(); }

    QList<SocketAddress> take(int port)
    {
        if (m_status < 0)
            throw uvError(m_status, name());
        return withPort(port);
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
        hints.ai_socktype = SOCK_STREAM; // else each address comes once for each type
        return uv_getaddrinfo(loop, &m_request, done, m_host.toUtf8().constData(), nullptr, &hints);
    }
    uv_req_t *request() noexcept override { return reinterpret_cast<uv_req_t *>(&m_request); }

    QList<SocketAddress> withPort(int port) const
    {
        QList<SocketAddress> addresses;
        for (const SocketAddress &address : m_addresses)
            addresses.append(address.withPort(port));
        return addresses;
    }

    QString m_host;
    QList<SocketAddress> m_addresses;
    uv_getaddrinfo_t m_request;
    int m_status = 0;
};

} // namespace

Task<QList<SocketAddress>> resolve(QString host, int port)
{
    requireHostAndPort("resolve", host, port);
    const SocketAddress numeric = SocketAddress::fromNumeric(host, port);
    if (numeric.isValid()) {
        QList<SocketAddress> one;
        one.append(numeric);
        co_return one;
    }
    const std::shared_ptr<ResolveJob> job = std::make_shared<ResolveJob>(host);
    PoolJobWait wait(job);
    co_await inPlace(wait);
    co_return job->take(port);
}

} // namespace interloop
