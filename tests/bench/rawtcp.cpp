// SPDX-License-Identifier: MIT
#include "rawtcp.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

namespace interloop::bench {

namespace {

sockaddr_in loopback(int port)
{
    sockaddr_in address;
    uv_ip4_addr("127.0.0.1", port, &address);
    return address;
}

int echoPort = 0;

} // namespace

RawConnection::RawConnection(uv_loop_t *loop)
{
    uv_tcp_init(loop, &m_tcp);
    m_tcp.data = m_connect.data = this;
}

void RawConnection::accept(uv_stream_t *server)
{
    uv_accept(server, stream());
    startReading();
}

void RawConnection::connect(int port, std::function<void()> connected)
{
    m_connected = std::move(connected);
    const sockaddr_in address = loopback(port);
    uv_tcp_connect(&m_connect, &m_tcp, reinterpret_cast<const sockaddr *>(&address), [](uv_connect_t *request, int) {
        auto *self = static_cast<RawConnection *>(request->data);
        self->startReading();
        self->m_connected();
    });
}

void RawConnection::startReading()
{
    uv_tcp_nodelay(&m_tcp, 1);
    uv_read_start(
            stream(),
            [](uv_handle_t *handle, std::size_t, uv_buf_t *buffer) {
                auto *self = static_cast<RawConnection *>(handle->data);
                *buffer = uv_buf_init(self->m_bytes.data() + self->m_count, unsigned(bufferSize - self->m_count));
            },
            [](uv_stream_t *stream, ssize_t count, const uv_buf_t *) {
                RawConnection *self = from(stream);
                if (count < 0)
                    return self->close();
                self->m_count += std::size_t(count);
                if (self->m_count < messageSize)
                    return;
                self->m_count = 0;
                self->m_received();
            });
}

void RawConnection::send()
{
    uv_buf_t buffer = uv_buf_init(m_bytes.data(), messageSize);
    uv_write(&m_write, stream(), &buffer, 1, nullptr);
}

void RawConnection::close()
{
    auto *handle = reinterpret_cast<uv_handle_t *>(&m_tcp);
    if (!uv_is_closing(handle))
        uv_close(handle, nullptr);
}

RawEchoServer::RawEchoServer(uv_loop_t *loop) : m_loop(loop)
{
    uv_tcp_init(loop, &m_tcp);
    m_tcp.data = this;
    const sockaddr_in address = loopback(0);
    uv_tcp_bind(&m_tcp, reinterpret_cast<const sockaddr *>(&address), 0);
    uv_listen(reinterpret_cast<uv_stream_t *>(&m_tcp), 128, [](uv_stream_t *server, int) {
        auto *self = static_cast<RawEchoServer *>(server->data);
        auto &connection = *self->m_connections.emplace_back(std::make_unique<RawConnection>(self->m_loop));
        connection.setReceived([&connection] { connection.send(); });
        connection.accept(server);
    });
}

int RawEchoServer::port() const
{
    sockaddr_in address;
    int size = sizeof(address);
    uv_tcp_getsockname(&m_tcp, reinterpret_cast<sockaddr *>(&address), &size);
    return ntohs(address.sin_port);
}

void RawEchoServer::close()
{
    uv_close(reinterpret_cast<uv_handle_t *>(&m_tcp), nullptr);
}

RawLoop::~RawLoop()
{
    uv_walk(
            &loop,
            [](uv_handle_t *handle, void *) {
                if (!uv_is_closing(handle))
                    uv_close(handle, nullptr);
            },
            nullptr);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
}

void rawPingPong(uv_loop_t *loop, int port, int connections, const std::function<bool()> &next)
{
    std::vector<std::unique_ptr<RawConnection>> clients;
    int connected = 0;
    int running = connections;
    for (int i = 0; i < connections; ++i) {
        RawConnection &client = *clients.emplace_back(std::make_unique<RawConnection>(loop));
        client.setReceived([&client, &next, &running, loop] {
            if (next())
                client.send();
            else if (--running == 0)
                uv_stop(loop);
        });
        client.connect(port, [&connected, connections, loop] {
            if (++connected == connections)
                uv_stop(loop);
        });
    }
    uv_run(loop, UV_RUN_DEFAULT);
    for (auto &client : clients) {
        if (next())
            client->send();
        else
            --running;
    }
    if (running > 0)
        uv_run(loop, UV_RUN_DEFAULT);
    for (auto &client : clients)
        client->close();
    uv_run(loop, UV_RUN_NOWAIT);
}

void startEchoProcess()
{
    int ends[2];
    if (pipe(ends) != 0)
        return;
    const pid_t parent = getpid();
    if (fork() == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); // it must not outlive the benchmarks, however they end
        if (getppid() != parent)
            _exit(0);
        RawLoop loop;
        RawEchoServer server(&loop.loop);
        const int port = server.port();
        if (write(ends[1], &port, sizeof(port)) == sizeof(port))
            uv_run(&loop.loop, UV_RUN_DEFAULT);
        _exit(1);
    }
    if (read(ends[0], &echoPort, sizeof(echoPort)) != sizeof(echoPort))
        echoPort = 0;
    close(ends[0]);
    close(ends[1]);
}

int echoProcessPort() noexcept
{
    return echoPort;
}

} // namespace interloop::bench
