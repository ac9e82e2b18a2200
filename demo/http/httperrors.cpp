// SPDX-License-Identifier: MIT
#include <demo/http/httperrors.h>

#include <demo/http/http.h>
#include <demo/http/httptransfer.h>

#include <QLocale>

#include <cerrno>
#include <cstring>

namespace {

QString server(const QUrl &url)
{
    return QStringLiteral("The server at ") + url.adjusted(QUrl::RemoveUserInfo).authority();
}

QString seconds(std::chrono::milliseconds duration)
{
    return QLocale::c().toString(duration.count() / 1000.0, 'g', 6) + QStringLiteral(" s");
}

QString amountOf(const HttpTransfer &transfer)
{
    const QLocale locale;
    if (transfer.expected() < 0)
        return QStringLiteral("%1 bytes").arg(locale.toString(transfer.received()));
    return QStringLiteral("%1 of %2 bytes")
            .arg(locale.toString(transfer.received()), locale.toString(transfer.expected()));
}

QString failedConnection(const HttpTransfer &transfer)
{
    const long error = transfer.systemError();
    if (error == ECONNREFUSED)
        return server(transfer.url()) + QStringLiteral(" refused the connection.");
    const QString reason = error ? QString::fromLocal8Bit(std::strerror(int(error))).toLower() : transfer.explanation();
    return server(transfer.url()) + QStringLiteral(" cannot be reached: %1.").arg(reason);
}

QString brokenConnection(const HttpTransfer &transfer)
{
    if (transfer.systemError() == ECONNRESET || transfer.explanation().contains(QLatin1String("reset by peer")))
        return server(transfer.url()) + QStringLiteral(" reset the connection.");
    return server(transfer.url()) + QStringLiteral(" lost the connection after %1.").arg(amountOf(transfer));
}

} // namespace

QUrl webAddress(const QString &text)
{
    const QString address = text.trimmed();
    const auto refuse = [&address](const char *reason) {
        throw HttpError(QStringLiteral("\"%1\" cannot be fetched: %2.").arg(address.left(200), QLatin1String(reason)));
    };
    if (address.isEmpty())
        throw HttpError(QStringLiteral("There is no URL to fetch: please enter one."));
    const bool isWeb = address.startsWith(QLatin1String("http://"), Qt::CaseInsensitive)
            || address.startsWith(QLatin1String("https://"), Qt::CaseInsensitive);
    if (!isWeb)
        refuse("a URL must begin with http:// or https://");
    const QUrl url(address, QUrl::StrictMode);
    if (!url.isValid())
        refuse("it is not a valid URL");
    if (url.host().isEmpty())
        refuse("it names no server");
    if (url.port() == 0)
        refuse("0 is not a port");
    return url;
}

QString failedLookupSentence(const QUrl &url, const std::system_error &error)
{
    const QString reason = QString::fromStdString(error.code().message());
    return QStringLiteral("No address was found for the server \"%1\": %2.").arg(url.host(), reason);
}

QString slowLookupSentence(const QUrl &url, std::chrono::milliseconds timeout)
{
    return QStringLiteral("No address was found for the server \"%1\" within %2.").arg(url.host(), seconds(timeout));
}

QString stallSentence(const HttpTransfer &transfer, std::chrono::milliseconds timeout)
{
    if (transfer.received() == 0)
        return server(transfer.url()) + QStringLiteral(" did not answer within %1.").arg(seconds(timeout));
    return server(transfer.url())
            + QStringLiteral(" stopped sending: nothing came for %1 after %2.")
                      .arg(seconds(timeout), amountOf(transfer));
}

QString failureSentence(const HttpTransfer &transfer)
{
    const QUrl &url = transfer.url();
    switch (transfer.result()) {
    case CURLE_COULDNT_CONNECT:
        return failedConnection(transfer);
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
        return brokenConnection(transfer);
    case CURLE_GOT_NOTHING:
        return server(url) + QStringLiteral(" closed the connection without an answer.");
    case CURLE_PARTIAL_FILE:
        return server(url) + QStringLiteral(" closed the connection after %1.").arg(amountOf(transfer));
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
        return server(url) + QStringLiteral(" does not speak HTTP.");
    case CURLE_SSL_CONNECT_ERROR:
        return server(url) + QStringLiteral(" does not speak HTTPS.");
    case CURLE_PEER_FAILED_VERIFICATION:
        return server(url) + QStringLiteral(" has a certificate that cannot be trusted.");
    case CURLE_WRITE_ERROR:
        return server(url)
                + QStringLiteral(" sends more than %1 MiB, which is too much for this window.")
                          .arg(HttpTransfer::largestBody / 1024 / 1024);
    default:
        return QStringLiteral("The fetch from %1 failed: %2.").arg(url.authority(), transfer.explanation());
    }
}
