// SPDX-License-Identifier: MIT
#pragma once

#include <curl/curl.h>
#include <uv.h>

#include <memory>

/*
 * libcurl's multi interface on a bridge's libuv loop: libcurl says which sockets and which time it waits for, libuv
 * watches them. One for each thread, shared by its transfers; the last one that goes closes it.
 *
 * Source: libcurl, "curl_multi_socket_action" and the example multi-uv.c.
 */

class CurlListener
{
public:
    // Inside a libuv callback: record, settle a Future, no more.
    virtual void transferEnded(CURLcode result) = 0;

protected:
    ~CurlListener() = default;
};

class CurlLoop
{
public:
    // This thread's: the one that somebody holds, else a new one on Bridge::current().
    static std::shared_ptr<CurlLoop> current();

    explicit CurlLoop(uv_loop_t *loop);
    ~CurlLoop();
    CurlLoop(const CurlLoop &) = delete;
    CurlLoop &operator=(const CurlLoop &) = delete;

    // Starts the transfer. Its CURLOPT_PRIVATE is taken; `listener` must live until it is removed.
    void add(CURL *easy, CurlListener &listener);

    // Aborts the transfer if it runs. Not inside one of libcurl's callbacks.
    void remove(CURL *easy) noexcept;

private:
    class SocketWatch;
    static int watchSocket(CURL *easy, curl_socket_t socket, int what, void *self, void *watch);
    static int setTimer(CURLM *multi, long milliseconds, void *self);
    void act(curl_socket_t socket, int events);

    uv_loop_t *m_loop;
    uv_timer_t *m_timer; // freed by its close callback
    CURLM *m_multi;
};
