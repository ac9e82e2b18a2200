// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/loop/pump.h>
#include <interloop/task/errors.h>
#include <interloop/uv/tcpstream.h>

#include <algorithm>
#include <cstddef>
#include <span>

/*
 * A wait for one request on a stream that libuv can only end by closing the handle: connect, write, shutdown.
 */

namespace interloop {

class StreamRequest : public WaitOperation
{
protected:
    explicit StreamRequest(TcpStream &stream) noexcept : m_stream(stream) { }
    ~StreamRequest() = default;

    // Issues the request; libuv's error code, or `Done` when nothing is left to wait for.
    static constexpr int Done = 1;
    virtual int issue() = 0;

    // From the request's callback.
    void finished(int status) noexcept
    {
        m_status = status;
        if (m_isAborted && status == UV_ECANCELED)
            completeCancelled();
        else
            complete();
    }

    TcpStream &stream() const noexcept { return m_stream; }
    int status() const noexcept { return m_status; }

    void throwUnlessDone(const char *operation) const
    {
        throwIfCancelled();
        if (m_status < 0)
            throw uvError(m_status, m_stream.describe(operation));
    }

private:
    Begun begin() final
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

    bool abandon(CancelMode) final
    {
        m_isAborted = true;
        m_stream.close(); // the request's callback comes, with UV_ECANCELED
        return false;
    }

    TcpStream &m_stream;
    int m_status = 0; // libuv's error code
    bool m_isAborted = false; // cancelled: the socket was closed for it
};

class ConnectOperation final : public StreamRequest
{
public:
    ConnectOperation(TcpStream &stream, const SocketAddress &address) noexcept
        : StreamRequest(stream), m_address(address)
    {
        m_request.data = this;
    }

    // libuv's error code.
    int await_resume() const
    {
        throwIfCancelled();
        return status();
    }
    std::string describe() const override { return "connect " + m_address.toString().toStdString(); }

private:
    int issue() override
    {
        return uv_tcp_connect(&m_request, stream().tcp(), m_address.data(), [](uv_connect_t *request, int status) {
            static_cast<ConnectOperation *>(request->data)->finished(status);
        });
    }

    SocketAddress m_address;
    uv_connect_t m_request;
};

// All of the data; most often the kernel takes it at once.
class WriteOperation final : public StreamRequest
{
public:
    WriteOperation(TcpStream &stream, std::span<const std::byte> data) noexcept : StreamRequest(stream), m_data(data)
    {
        m_request.data = this;
    }
    void await_resume() const { throwUnlessDone("write"); }
    std::string describe() const override { return stream().describe("write"); }

private:
    int issue() override
    {
        uv_buf_t buffer = rest();
        const int taken = m_data.empty() ? 0 : uv_try_write(stream().stream(), &buffer, 1);
        if (taken < 0 && taken != UV_EAGAIN)
            return taken;
        m_data = m_data.subspan(static_cast<std::size_t>(std::max(taken, 0)));
        if (m_data.empty())
            return Done;
        buffer = rest();
        return uv_write(&m_request, stream().stream(), &buffer, 1, [](uv_write_t *request, int status) {
            static_cast<WriteOperation *>(request->data)->finished(status);
        });
    }
    uv_buf_t rest() const noexcept
    {
        char *data = const_cast<char *>(reinterpret_cast<const char *>(m_data.data())); // libuv only reads it
        return uv_buf_init(data, static_cast<unsigned>(m_data.size()));
    }

    std::span<const std::byte> m_data;
    uv_write_t m_request;
};

class ShutdownOperation final : public StreamRequest
{
public:
    explicit ShutdownOperation(TcpStream &stream) noexcept : StreamRequest(stream) { m_request.data = this; }
    void await_resume() const { throwUnlessDone("shutdown"); }
    std::string describe() const override { return stream().describe("shutdown"); }

private:
    int issue() override
    {
        return uv_shutdown(&m_request, stream().stream(), [](uv_shutdown_t *request, int status) {
            static_cast<ShutdownOperation *>(request->data)->finished(status);
        });
    }

    uv_shutdown_t m_request;
};

} // namespace interloop
