// SPDX-License-Identifier: MIT
#include <demo/parts/waits.h>
#include <demo/workbench/actions.h>

#include <interloop/loop/runsync.h>
#include <interloop/uv/dns.h>

#include <system_error>

using interloop::runSync;
using interloop::SocketAddress;
using interloop::Task;

QString addressesText(const QString &host, const QStringList &addresses)
{
    if (addresses.size() == 1)
        return Action::tr("%1 is at %2.").arg(host, addresses.first());
    return Action::tr("%1 has %2 addresses: %3.")
            .arg(host)
            .arg(addresses.size())
            .arg(addresses.join(QStringLiteral(", ")));
}

Task<QStringList> addressesOf(QString host)
{
    QStringList found;
    try {
        const QList<SocketAddress> addresses = co_await interloop::resolve(host);
        for (const SocketAddress &address : addresses)
            found << address.host();
    } catch (const std::system_error &error) {
        throw ActionError(Action::tr("No address was found for \"%1\": %2.").arg(host.left(200), reasonOf(error)));
    }
    found.removeDuplicates();
    co_return found;
}

//! [code]
QString resolveName(Wait &wait, const QString &host)
{
    // getaddrinfo() blocks, so it runs in libuv's thread pool.
    // addressesOf() awaits its answer, and runSync awaits that.
    const QStringList addresses = runSync(wait.watch(addressesOf(host)));

    return addressesText(host, addresses);
}
//! [code]
