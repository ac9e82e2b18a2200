// SPDX-License-Identifier: MIT
#pragma once

#include <uv.h>

#include <array>
#include <functional>
#include <memory>
#include <vector>

/*
 * The peer of everything about TCP: an echo server and its clients in plain libuv callbacks.
 */

namespace interloop::bench {

constexpr std::size_t messageSize = 64;
constexpr std::size_t bufferSize = 1024; // a buffer that is full makes libuv read once more

// One end of a connection: sends messages and calls back for each one that came.
class RawConnection
{
public:
    explicit RawConnection(uv_loop_t *loop);
    void setReceived(std::function<void()> received) { m_received = std::move(received); }
    void accept(uv_stream_t *server);
    void connect(int port, std::function<void()> connected); // on the loopback interface
    void send();
    void close();

private:
    static RawConnection *from(const uv_stream_t *stream) { return static_cast<RawConnection *>(stream->data); }
    uv_stream_t *stream() { return reinterpret_cast<uv_stream_t *>(&m_tcp); }
    void startReading();

    uv_tcp_t m_tcp;
    uv_connect_t m_connect;
    uv_write_t m_write;
    std::array<char, bufferSize> m_bytes = {};
    std::size_t m_count = 0; // bytes of a message that has not come whole
    std::function<void()> m_received;
    std::function<void()> m_connected;
};

class RawEchoServer
{
public:
    explicit RawEchoServer(uv_loop_t *loop);
    int port() const;
    void close();

private:
    uv_loop_t *m_loop;
    uv_tcp_t m_tcp;
    std::vector<std::unique_ptr<RawConnection>> m_connections;
};

// A loop of its own, closed with everything on it.
class RawLoop
{
public:
    RawLoop() { uv_loop_init(&loop); }
    ~RawLoop();
    RawLoop(const RawLoop &) = delete;
    RawLoop &operator=(const RawLoop &) = delete;

    uv_loop_t loop;
};

// Connects `connections` clients to the server at `port`; each sends its next message when the last one has come back
// and `next()` says so. Runs the loop until all have stopped.
void rawPingPong(uv_loop_t *loop, int port, int connections, const std::function<bool()> &next);

// An echo server in a process of its own, made before anything else. REQUIRES: called once, without other threads
void startEchoProcess();
int echoProcessPort() noexcept;

} // namespace interloop::bench
