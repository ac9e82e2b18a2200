// SPDX-License-Identifier: MIT
#pragma once

#include <demo/http/curlloop.h>
#include <demo/http/http.h>

#include <interloop/task/future.h>
#include <interloop/uv/address.h>

#include <QElapsedTimer>
#include <QList>
#include <QUrl>

#include <memory>

/*
 * One transfer of libcurl's: runs from construction on and is aborted by destruction.
 *
 * libcurl's callbacks come inside libuv's, where nobody may wait: they keep the bytes and settle a Future, no more.
 * libcurl would go on as long as there are bytes, and nothing else in the thread would; so it is paused after each
 * piece until news() is asked for again.
 */

class HttpTransfer final : private CurlListener
{
public:
    HttpTransfer(const QUrl &url, const QList<interloop::SocketAddress> &addresses);
    ~HttpTransfer();
    HttpTransfer(const HttpTransfer &) = delete;
    HttpTransfer &operator=(const HttpTransfer &) = delete;

    // Settled when something has come since the last call, or the transfer has ended.
    interloop::Future<> news();

    bool isDone() const noexcept { return m_isDone; }
    qint64 received() const noexcept { return m_reply.body.size(); }
    qint64 expected() const; // -1: the server did not say

    const QUrl &url() const noexcept { return m_url; }
    CURLcode result() const noexcept { return m_result; } // REQUIRES: isDone()
    long systemError() const; // the errno of a failed connection, or 0
    QString explanation() const; // libcurl's words for the failure
    HttpReply reply(); // REQUIRES: isDone() and result() == CURLE_OK

    static constexpr qsizetype largestBody = 16 * 1024 * 1024;
    static constexpr std::size_t largestPiece = 128 * 1024;

private:
    class Cleanup
    {
    public:
        void operator()(CURL *easy) const noexcept { curl_easy_cleanup(easy); }
        void operator()(curl_slist *list) const noexcept { curl_slist_free_all(list); }
    };

    void setOptions(const QList<interloop::SocketAddress> &addresses);
    void transferEnded(CURLcode result) override;
    static std::size_t bodyCame(char *data, std::size_t size, std::size_t count, void *self);
    static std::size_t headerCame(char *data, std::size_t size, std::size_t count, void *self);

    QUrl m_url;
    QElapsedTimer m_clock;
    HttpReply m_reply;
    interloop::Future<> m_news;
    CURLcode m_result = CURLE_OK;
    std::size_t m_piece = 0; // bytes since news() was asked for
    bool m_isPaused = false; // until it is asked for again
    bool m_isDone = false;
    char m_explanation[CURL_ERROR_SIZE] = "";
    std::unique_ptr<curl_slist, Cleanup> m_addresses; // the host's, for libcurl
    std::unique_ptr<CURL, Cleanup> m_easy;
    std::shared_ptr<CurlLoop> m_loop;
};
