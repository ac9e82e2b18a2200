// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/loop/uvhandle.h>
#include <interloop/task/waitoperation.h>

#include <QByteArray>
#include <uv.h>

#include <cstddef>
#include <span>
#include <string>

/*
 * libuv's side of a stream, whatever its kind: a uv_stream_t, and the bytes that were read ahead.
 *
 * Reading stays on from the first read, as switching it costs two system calls each time; what arrives while nobody
 * reads is kept, one chunk at most, and reading then stops until that is taken. Kept bytes come before all later ones.
 */

namespace interloop {

class ReadOperation;

class INTERLOOP_EXPORT StreamHandle : public UvHandle
{
public:
    // What is at the other end, for messages: "127.0.0.1:80".
    virtual std::string name() const = 0;
    std::string describe(const char *operation) const { return std::string(operation) + ' ' + name(); }

    uv_stream_t *stream() noexcept { return m_stream; }

    // What was read from libuv and taken by nobody yet.
    const QByteArray &kept() const noexcept { return m_kept; }
    QByteArray takeKept(qsizetype maximum);
    std::size_t takeKept(std::span<std::byte> buffer);
    void putBack(std::span<const std::byte> bytes); // in front of what is kept

protected:
    StreamHandle(Pump &pump, uv_stream_t *stream) noexcept
        : UvHandle(pump, reinterpret_cast<uv_handle_t *>(stream)), m_stream(stream)
    {
    }

    void closing() noexcept override;

    // libuv is about to read as much as `buffer` has room for, which may be made less. 0, or libuv's error code, and it
    // reads nothing: UV_EAGAIN, there is nothing yet; UV_EMFILE and UV_EMSGSIZE end this read only; others are the end.
    virtual int beforeRead(uv_buf_t &buffer) noexcept;

    // libuv has read bytes. Inside its callback.
    virtual void bytesCame() { }

    // Whether a read that fails so has come to the end.
    virtual bool isEnd(int error) const noexcept { return error == UV_EOF; }

private:
    friend class ReadOperation;
    static void allocate(uv_handle_t *handle, std::size_t suggested, uv_buf_t *buffer);
    static void received(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer);
    int startReading() noexcept;
    void stopReading() noexcept;
    void fail(int error) noexcept;
    bool hasMore() const noexcept;

    uv_stream_t *m_stream;
    ReadOperation *m_reader = nullptr; // nullptr: nobody reads
    QByteArray m_kept;
    int m_end = 0; // 0: open; UV_EOF or an error: nothing more comes
    int m_refusal = 0; // between beforeRead() and libuv's callback: what it has said
    bool m_isReading = false;
};

// Waits for more bytes: into memory, or to be kept. Looks at what comes from libuv alone, not at what is kept already.
class INTERLOOP_EXPORT ReadOperation final : public WaitOperation
{
public:
    explicit ReadOperation(StreamHandle &stream, const char *operation = "read") noexcept
        : m_stream(stream), m_operation(operation)
    {
    }
    ReadOperation(StreamHandle &stream, std::span<std::byte> buffer) noexcept : m_stream(stream), m_buffer(buffer) { }

    // How many bytes came; 0 at the end. Throws std::system_error.
    std::size_t await_resume() const;
    std::string describe() const override { return m_stream.describe(m_operation); }

private:
    friend class StreamHandle;
    Begun begin() override;
    bool abandon(CancelMode mode) override;
    void take(const char *data, std::size_t count);
    void end(int status) noexcept;

    StreamHandle &m_stream;
    const char *m_operation = "read"; // for messages
    std::span<std::byte> m_buffer; // empty: what comes is kept
    std::size_t m_count = 0;
    int m_status = 0;
};

} // namespace interloop
