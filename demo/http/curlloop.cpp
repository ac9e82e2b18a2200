// SPDX-License-Identifier: MIT
#include <demo/http/curlloop.h>

#include <interloop/loop/bridge.h>

#include <new>

namespace {

void initialiseCurl()
{
    class Curl
    {
    public:
        Curl() { curl_global_init(CURL_GLOBAL_DEFAULT); }
        ~Curl() { curl_global_cleanup(); }
    };
    static const Curl curl;
}

} // namespace

// A socket of libcurl's, as libuv watches it. Freed by its close callback.
class CurlLoop::SocketWatch
{
public:
    SocketWatch(CurlLoop &loop, curl_socket_t socket) : m_owner(loop), m_socket(socket) { m_poll.data = this; }

    int open() { return uv_poll_init_socket(m_owner.m_loop, &m_poll, m_socket); }

    void start(int what) // CURL_POLL_IN, _OUT or _INOUT
    {
        const int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
        uv_poll_start(&m_poll, events, [](uv_poll_t *poll, int status, int events) {
            if (status < 0) // libcurl finds out by itself what is wrong with the socket
                events = UV_READABLE | UV_WRITABLE;
            const int flags =
                    (events & UV_READABLE ? CURL_CSELECT_IN : 0) | (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0);
            auto *self = static_cast<SocketWatch *>(poll->data);
            self->m_owner.act(self->m_socket, flags);
        });
    }

    void close()
    {
        uv_close(reinterpret_cast<uv_handle_t *>(&m_poll),
                 [](uv_handle_t *handle) { delete static_cast<SocketWatch *>(handle->data); });
    }

private:
    uv_poll_t m_poll;
    CurlLoop &m_owner;
    curl_socket_t m_socket;
};

std::shared_ptr<CurlLoop> CurlLoop::current()
{
    static thread_local std::weak_ptr<CurlLoop> shared;
    std::shared_ptr<CurlLoop> loop = shared.lock();
    if (!loop) {
        loop = std::make_shared<CurlLoop>(interloop::Bridge::current().uvLoop());
        shared = loop;
    }
    return loop;
}

CurlLoop::CurlLoop(uv_loop_t *loop) : m_loop(loop)
{
    initialiseCurl();
    m_multi = curl_multi_init();
    if (!m_multi)
        throw std::bad_alloc();
    m_timer = new uv_timer_t;
    uv_timer_init(m_loop, m_timer);
    m_timer->data = this;
    curl_multi_setopt(m_multi, CURLMOPT_SOCKETFUNCTION, &CurlLoop::watchSocket);
    curl_multi_setopt(m_multi, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(m_multi, CURLMOPT_TIMERFUNCTION, &CurlLoop::setTimer);
    curl_multi_setopt(m_multi, CURLMOPT_TIMERDATA, this);
}

CurlLoop::~CurlLoop()
{
    curl_multi_cleanup(m_multi); // lets go of its last sockets through watchSocket
    uv_close(reinterpret_cast<uv_handle_t *>(m_timer),
             [](uv_handle_t *handle) { delete reinterpret_cast<uv_timer_t *>(handle); });
}

void CurlLoop::add(CURL *easy, CurlListener &listener)
{
    curl_easy_setopt(easy, CURLOPT_PRIVATE, &listener);
    curl_multi_add_handle(m_multi, easy);
}

void CurlLoop::remove(CURL *easy) noexcept
{
    curl_multi_remove_handle(m_multi, easy);
}

int CurlLoop::watchSocket(CURL *, curl_socket_t socket, int what, void *self, void *watch)
{
    auto *loop = static_cast<CurlLoop *>(self);
    auto *socketWatch = static_cast<SocketWatch *>(watch);
    if (what == CURL_POLL_REMOVE) {
        if (socketWatch)
            socketWatch->close();
        return 0;
    }
    if (!socketWatch) {
        auto opened = std::make_unique<SocketWatch>(*loop, socket);
        if (opened->open() != 0)
            return -1; // fails the transfer
        socketWatch = opened.release();
        curl_multi_assign(loop->m_multi, socket, socketWatch);
    }
    socketWatch->start(what);
    return 0;
}

int CurlLoop::setTimer(CURLM *, long milliseconds, void *self)
{
    auto *loop = static_cast<CurlLoop *>(self);
    if (milliseconds < 0) {
        uv_timer_stop(loop->m_timer);
        return 0;
    }
    uv_update_time(loop->m_loop); // libuv counts from its cached clock, which may be old outside its callbacks
    const auto expired = [](uv_timer_t *timer) { static_cast<CurlLoop *>(timer->data)->act(CURL_SOCKET_TIMEOUT, 0); };
    uv_timer_start(loop->m_timer, expired, static_cast<std::uint64_t>(milliseconds), 0);
    return 0;
}

void CurlLoop::act(curl_socket_t socket, int events)
{
    int running = 0;
    curl_multi_socket_action(m_multi, socket, events, &running);
    int left = 0;
    while (const CURLMsg *message = curl_multi_info_read(m_multi, &left)) {
        if (message->msg != CURLMSG_DONE)
            continue;
        CurlListener *listener = nullptr;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &listener);
        listener->transferEnded(message->data.result);
    }
}
