// SPDX-License-Identifier: MIT
#include <demo/http/http.h>

#include <demo/http/httperrors.h>
#include <demo/http/httptransfer.h>

#include <interloop/interloop.h>

#include <QCoreApplication>
#include <QLocale>

#include <algorithm>

using interloop::Progress;
using interloop::SocketAddress;
using interloop::Task;
using std::chrono::milliseconds;

namespace {

// libcurl's resolver cannot be interrupted; interloop's can.
Task<QList<SocketAddress>> addressesOf(QUrl url, milliseconds timeout)
{
    try {
        const int port = url.port(url.scheme() == QLatin1String("https") ? 443 : 80);
        co_return co_await interloop::withTimeout(timeout, interloop::resolve(url.host(QUrl::FullyEncoded), port));
    } catch (const interloop::TimeoutError &) {
        throw HttpError(slowLookupSentence(url, timeout));
    } catch (const std::system_error &error) {
        throw HttpError(failedLookupSentence(url, error));
    }
}

Task<> nextPiece(HttpTransfer &transfer, milliseconds timeout)
{
    try {
        co_await interloop::withTimeout(timeout, transfer.news());
    } catch (const interloop::TimeoutError &) {
        throw HttpError(stallSentence(transfer, timeout));
    }
}

void tell(const HttpTransfer &transfer)
{
    const auto sentence = [](const char *text) { return QCoreApplication::translate("Http", text); };
    const QLocale locale;
    Progress progress = Progress::current();
    if (transfer.expected() > 0) {
        progress.setRange(0, int(std::min<qint64>(transfer.expected(), HttpTransfer::largestBody)));
        progress.setValue(int(transfer.received()));
        progress.setText(sentence(QT_TRANSLATE_NOOP("Http", "%1 of %2 bytes"))
                                 .arg(locale.toString(transfer.received()), locale.toString(transfer.expected()))
                                 .toStdString());
    } else {
        progress.setText(sentence(QT_TRANSLATE_NOOP("Http", "%1 bytes"))
                                 .arg(locale.toString(transfer.received()))
                                 .toStdString());
    }
}

} // namespace

Task<HttpReply> httpGet(QString address, milliseconds timeout)
{
    const QUrl url = webAddress(address);
    const QList<SocketAddress> addresses = co_await addressesOf(url, timeout);
    HttpTransfer transfer(url, addresses);
    while (!transfer.isDone()) {
        co_await nextPiece(transfer, timeout);
        tell(transfer);
    }
    if (transfer.result() != CURLE_OK)
        throw HttpError(failureSentence(transfer));
    co_return transfer.reply();
}
