// SPDX-License-Identifier: MIT
#include "http.h"

#include "httperrors.h"
#include "httptransfer.h"

#include <interloop/interloop.h>

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

} // namespace

Task<HttpReply> httpGet(QString address, milliseconds timeout, HttpProgress progress)
{
    const QUrl url = webAddress(address);
    const QList<SocketAddress> addresses = co_await addressesOf(url, timeout);
    HttpTransfer transfer(url, addresses);
    while (!transfer.isDone()) {
        co_await nextPiece(transfer, timeout);
        if (progress)
            progress(transfer.received(), transfer.expected());
    }
    if (transfer.result() != CURLE_OK)
        throw HttpError(failureSentence(transfer));
    co_return transfer.reply();
}
