// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/waitoperation.h>
#include <interloop/uv/tcphandle.h>

#include <QByteArray>

#include <cstddef>
#include <span>
#include <string>

/*
 * libuv's side of a TCP connection.
 *
 * Reading stays on from the first read, as switching it costs two system calls each time; what arrives while nobody
 * reads is kept, one chunk at most, and reading then stops until that is taken.
 */

namespace interloop {

class ReadOperation;

class TcpStream final : public TcpHandle
{
public:
    explicit TcpStream(Pump &pump) : TcpHandle(pump) { }

    // "read 127.0.0.1:80", with the peer as it was when the connection was made.
    std::string describe(const char *operation) const;
    void setPeer(const SocketAddress &peer) { m_peer = peer; }
    const SocketAddress &peer() const noexcept { return m_peer; }

private:
    friend class ReadOperation;
    static void allocate(uv_handle_t *handle, std::size_t suggested, uv_buf_t *buffer);
    static void received(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer);
    void closing() noexcept override;
    int startReading() noexcept;
    void stopReading() noexcept;

    SocketAddress m_peer;
    ReadOperation *m_reader = nullptr; // nullptr: nobody reads
    QByteArray m_kept; // arrived while nobody read; not empty: reading is stopped
    int m_end = 0; // 0: open; UV_EOF or an error: nothing more comes
    bool m_isReading = false;
};

// Waits for bytes: into memory, or into an array of their own.
class ReadOperation final : public WaitOperation
{
public:
    ReadOperation(TcpStream &stream, std::span<std::byte> buffer) noexcept : m_stream(stream), m_buffer(buffer) { }
    ReadOperation(TcpStream &stream, QByteArray &bytes, qsizetype maximum) noexcept
        : m_stream(stream), m_bytes(&bytes), m_maximum(maximum)
    {
    }

    // How many bytes came; 0 at the end. Throws std::system_error.
    std::size_t await_resume() const;
    std::string describe() const override { return m_stream.describe("read"); }

private:
    friend class TcpStream;
    Begun begin() override;
    bool abandon(CancelMode mode) override;
    uv_buf_t target() const noexcept;
    void take(const char *data, std::size_t count);
    void end(int status) noexcept;

    TcpStream &m_stream;
    std::span<std::byte> m_buffer;
    QByteArray *m_bytes = nullptr; // nullptr: into m_buffer
    qsizetype m_maximum = 0;
    std::size_t m_count = 0;
    int m_status = 0;
};

} // namespace interloop
