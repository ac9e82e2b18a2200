// SPDX-License-Identifier: MIT
#include <interloop/uv/streamlistener.h>

#include <interloop/loop/pump.h>
#include <interloop/task/errors.h>
#include <interloop/uv/streamhandle.h>

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace interloop {

// Tells when a listening socket has a connection.
class ListenerWatch final : public UvHandle
{
public:
    // libuv's error code. REQUIRES: the listener closes it before itself
    static int make(UvRef<ListenerWatch> &watch, StreamListener &listener)
    {
        auto *made = new ListenerWatch(listener);
        if (const int error = uv_poll_init(listener.pump().uvLoop(), &made->m_poll, listener.descriptor())) {
            delete made;
            return error;
        }
        made->initialised();
        watch = UvRef<ListenerWatch>(made);
        return 0;
    }

    void start() noexcept
    {
        if (!isOpen() || std::exchange(m_isOn, true))
            return;
        uv_poll_start(&m_poll, UV_READABLE, [](uv_poll_t *poll, int, int) {
            from<ListenerWatch>(poll)->m_listener.m_first->arrived(); // an error is what accept will say
        });
        pump().touch();
    }

    void stop() noexcept
    {
        if (isOpen() && std::exchange(m_isOn, false))
            uv_poll_stop(&m_poll);
    }

private:
    explicit ListenerWatch(StreamListener &listener) noexcept
        : UvHandle(listener.pump(), reinterpret_cast<uv_handle_t *>(&m_poll)), m_listener(listener)
    {
    }

    StreamListener &m_listener; // closes this before it goes
    uv_poll_t m_poll;
    bool m_isOn = false;
};

StreamListener::StreamListener(Pump &pump, uv_stream_t *stream) noexcept
    : UvHandle(pump, reinterpret_cast<uv_handle_t *>(stream))
{
}

StreamListener::~StreamListener() = default;

int StreamListener::startListening(int backlog)
{
    return ::listen(descriptor(), backlog) == 0 ? 0 : uv_translate_sys_error(errno);
}

void StreamListener::addSibling(StreamListener &sibling)
{
    sibling.m_first = this;
    m_siblings.push_back(UvRef<StreamListener>(&sibling));
}

int StreamListener::acceptDescriptor() const noexcept
{
    for (;;) {
        const int accepted = ::accept4(descriptor(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (accepted >= 0)
            return accepted;
        if (errno != EINTR && errno != ECONNABORTED) // this one has left again
            return uv_translate_sys_error(errno);
    }
}

bool StreamListener::take(StreamHandle &stream)
{
    int descriptor = UV_EAGAIN;
    for (std::size_t i = 0; i <= m_siblings.size() && descriptor == UV_EAGAIN; ++i) {
        const StreamListener &asked = m_nextTurn == 0 ? *this : *m_siblings[m_nextTurn - 1];
        descriptor = asked.acceptDescriptor();
        m_nextTurn = (m_nextTurn + 1) % (m_siblings.size() + 1);
    }
    if (descriptor == UV_EAGAIN)
        return false;
    if (descriptor < 0)
        throw uvError(descriptor, describe("accept"));
    const int error = stream.stream()->type == UV_TCP
        ? uv_tcp_open(reinterpret_cast<uv_tcp_t *>(stream.stream()), descriptor)
        : uv_pipe_open(reinterpret_cast<uv_pipe_t *>(stream.stream()), descriptor);
    if (error) {
        ::close(descriptor);
        throw uvError(error, describe("accept"));
    }
    return true;
}

int StreamListener::watch()
{
    if (!m_watch) {
        if (const int error = ListenerWatch::make(m_watch, *this))
            return error;
    }
    m_watch->start();
    for (const UvRef<StreamListener> &sibling : m_siblings) {
        if (const int error = sibling->watch())
            return error;
    }
    return 0;
}

void StreamListener::stopWatching() noexcept
{
    if (m_watch)
        m_watch->stop();
    for (const UvRef<StreamListener> &sibling : m_siblings)
        sibling->stopWatching();
}

// Each connection wakes one task; the next one comes when that has had its chance.
void StreamListener::arrived() noexcept
{
    if (m_isWoken || m_waiters.isEmpty()) {
        stopWatching();
        return;
    }
    m_isWoken = true;
    m_waiters.takeFirst().wake();
}

void StreamListener::goOn() noexcept
{
    m_isWoken = false;
    if (isOpen() && !m_waiters.isEmpty())
        watch();
}

void StreamListener::closing() noexcept
{
    while (!m_waiters.isEmpty())
        m_waiters.takeFirst().wake();
    if (m_watch)
        m_watch->close();
    for (const UvRef<StreamListener> &sibling : m_siblings)
        sibling->close();
}

WaitOperation::Begun AcceptOperation::begin()
{
    m_error = m_listener.m_isWoken ? 0 : m_listener.watch();
    if (m_error)
        return Begun::Ready;
    m_listener.m_waiters.append(*this);
    return Begun::Waiting;
}

bool AcceptOperation::abandon(CancelMode)
{
    unlink();
    return true;
}

void AcceptOperation::await_resume()
{
    throwIfCancelled();
    if (m_error)
        throw uvError(m_error, m_listener.describe("accept"));
    m_listener.goOn();
}

Task<> awaitConnection(StreamListener *listener)
{
    if (!listener || !listener->isOpen())
        throw uvError(UV_ECANCELED, "accept: the server is closed");
    listener->requireOwnThread("accept");
    AcceptOperation operation(*listener);
    co_await inPlace(operation);
    if (!listener->isOpen())
        throw uvError(UV_ECANCELED, listener->describe("accept"));
}

} // namespace interloop
