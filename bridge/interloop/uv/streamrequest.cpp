// SPDX-License-Identifier: MIT
#include <interloop/uv/streamrequest.h>

#include <interloop/loop/pump.h>
#include <interloop/task/errors.h>

#include <algorithm>

namespace interloop {

void StreamRequest::finished(int status) noexcept
{
    m_status = status;
    if (m_isAborted && status == UV_ECANCELED)
        completeCancelled();
    else
        complete();
}

void StreamRequest::throwUnlessDone(const char *operation) const
{
    throwIfCancelled();
    if (m_status < 0)
        throw uvError(m_status, m_stream.describe(operation));
}

WaitOperation::Begun StreamRequest::begin()
{
    if (!m_stream.isOpen()) {
        m_status = UV_ECANCELED;
        return Begun::Ready;
    }
    const int result = issue();
    m_stream.pump().touch();
    if (result == 0)
        return Begun::Waiting;
    m_status = result == Done ? 0 : result;
    return Begun::Ready;
}

bool StreamRequest::abandon(CancelMode)
{
    m_isAborted = true;
    m_stream.close(); // the request's callback comes, with UV_ECANCELED
    return false;
}

int ConnectOperation::await_resume() const
{
    throwIfCancelled();
    return status();
}

void ConnectOperation::connected(uv_connect_t *request, int status)
{
    static_cast<ConnectOperation *>(request->data)->finished(status);
}

int WriteOperation::issue()
{
    skipSent(0);
    if (!m_sent && !m_buffers.empty()) {
        const int taken = uv_try_write(stream().stream(), m_buffers.data(), static_cast<unsigned>(m_buffers.size()));
        if (taken < 0 && taken != UV_EAGAIN)
            return taken;
        skipSent(static_cast<std::size_t>(std::max(taken, 0)));
    }
    if (m_buffers.empty())
        return Done;
    const auto written = [](uv_write_t *request, int status) {
        static_cast<WriteOperation *>(request->data)->finished(status);
    };
    const unsigned count = static_cast<unsigned>(m_buffers.size());
    if (m_sent)
        return uv_write2(&m_request, stream().stream(), m_buffers.data(), count, m_sent, written);
    return uv_write(&m_request, stream().stream(), m_buffers.data(), count, written);
}

void WriteOperation::skipSent(std::size_t count) noexcept
{
    while (!m_buffers.empty() && count >= m_buffers.front().len) {
        count -= m_buffers.front().len;
        m_buffers = m_buffers.subspan(1);
    }
    if (count == 0)
        return;
    m_buffers.front().base += count;
    m_buffers.front().len -= count;
}

int ShutdownOperation::issue()
{
    return uv_shutdown(&m_request, stream().stream(), [](uv_shutdown_t *request, int status) {
        auto *self = static_cast<ShutdownOperation *>(request->data);
        const bool isOneWay = status == UV_ENOTSOCK && !uv_is_readable(request->handle);
        if (isOneWay)
            self->stream().close(); // all is written; a pipe that can only be written to has no other way to end
        self->finished(isOneWay ? 0 : status);
    });
}

} // namespace interloop
