// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/uv/streamhandle.h>

#include <span>

/*
 * Waits for requests on a stream that libuv can only end by closing the handle: connect, write, shutdown.
 */

namespace interloop {

class INTERLOOP_EXPORT StreamRequest : public WaitOperation
{
protected:
    explicit StreamRequest(StreamHandle &stream) noexcept : m_stream(stream) { }
    ~StreamRequest() = default;

    // Issues the request; libuv's error code, or `Done` when nothing is left to wait for.
    static constexpr int Done = 1;
    virtual int issue() = 0;

    // From the request's callback.
    void finished(int status) noexcept;

    StreamHandle &stream() const noexcept { return m_stream; }
    int status() const noexcept { return m_status; }
    void throwUnlessDone(const char *operation) const;

private:
    Begun begin() final;
    bool abandon(CancelMode mode) final;

    StreamHandle &m_stream;
    int m_status = 0; // libuv's error code
    bool m_isAborted = false; // cancelled: the stream was closed for it
};

// Each kind of stream issues it its own way.
class INTERLOOP_EXPORT ConnectOperation : public StreamRequest
{
public:
    // libuv's error code.
    int await_resume() const;
    std::string describe() const override { return stream().describe("connect"); }

protected:
    explicit ConnectOperation(StreamHandle &stream) noexcept : StreamRequest(stream) { m_request.data = this; }
    ~ConnectOperation() = default;

    static void connected(uv_connect_t *request, int status);
    uv_connect_t *request() noexcept { return &m_request; }

private:
    uv_connect_t m_request;
};

// All of the data; most often the kernel takes it at once. With `sent`, a handle goes along with the first bytes (pipes
// alone: libuv manual, "uv_write2").
class INTERLOOP_EXPORT WriteOperation final : public StreamRequest
{
public:
    // The buffers' places in `buffers` are used up.
    WriteOperation(StreamHandle &stream, std::span<uv_buf_t> buffers, uv_stream_t *sent = nullptr) noexcept
        : StreamRequest(stream), m_buffers(buffers), m_sent(sent)
    {
        m_request.data = this;
    }
    void await_resume() const { throwUnlessDone("write"); }
    std::string describe() const override { return stream().describe("write"); }

private:
    int issue() override;
    void skipSent(std::size_t count) noexcept;

    std::span<uv_buf_t> m_buffers; // what is not sent yet
    uv_stream_t *m_sent;
    uv_write_t m_request;
};

class INTERLOOP_EXPORT ShutdownOperation final : public StreamRequest
{
public:
    explicit ShutdownOperation(StreamHandle &stream) noexcept : StreamRequest(stream) { m_request.data = this; }
    void await_resume() const { throwUnlessDone("shutdown"); }
    std::string describe() const override { return stream().describe("shutdown"); }

private:
    int issue() override;

    uv_shutdown_t m_request;
};

} // namespace interloop
