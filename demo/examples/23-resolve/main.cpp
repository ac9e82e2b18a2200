// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>

#include <QCoreApplication>
#include <QTextStream>

/*
 * Names to addresses and back: all that the resolver knows, several names at the same time. A name that does not exist
 * is an error that says which.
 */

using namespace interloop;
using namespace std::chrono_literals;

Task<QString> describe(QString host, QString service)
{
    QString text = host + QStringLiteral(", ") + service + QStringLiteral(":");
    const Result<QList<SocketAddress>> addresses = co_await tryAwait(withTimeout(1s, resolve(host, service)));
    if (!addresses)
        co_return text + QStringLiteral("\n    ") + QString::fromStdString(addresses.errorString());
    for (const SocketAddress &address : addresses.value()) {
        text += QStringLiteral("\n    ") + address.toString();
        const Result<ReverseName> name = co_await tryAwait(withTimeout(200ms, reverseLookup(address)));
        if (name)
            text += QStringLiteral(", which is called ") + name.value().host();
    }
    co_return text;
}

int main(int argc, char *argv[])
{
    const QCoreApplication application(argc, argv);
    QTextStream out(stdout);
    std::vector<Task<QString>> questions;
    questions.push_back(describe(QStringLiteral("localhost"), QStringLiteral("https")));
    questions.push_back(describe(QStringLiteral("::1"), QStringLiteral("8080")));
    questions.push_back(describe(QStringLiteral("127.0.0.1"), QStringLiteral("no-such-service")));
    for (const QString &answer : runSync(gather(std::move(questions))))
        out << answer << Qt::endl;
    Bridge::current().close();
    return 0;
}
