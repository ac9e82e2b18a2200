// SPDX-License-Identifier: MIT
#pragma once

#include <QString>
#include <QUrl>

#include <chrono>
#include <system_error>

/*
 * What can go wrong with a fetch, in plain sentences that name the server.
 */

class HttpTransfer;

// The URL that `text` is. Throws HttpError when it is none that can be fetched.
QUrl webAddress(const QString &text);

QString failedLookupSentence(const QUrl &url, const std::system_error &error);
QString slowLookupSentence(const QUrl &url, std::chrono::milliseconds timeout);
QString stallSentence(const HttpTransfer &transfer, std::chrono::milliseconds timeout);
QString failureSentence(const HttpTransfer &transfer); // REQUIRES: the transfer has failed
