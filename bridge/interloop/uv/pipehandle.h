// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/uv/pipecontent.h>
#include <interloop/uv/streamhandle.h>
#include <interloop/uv/streamlistener.h>
#include <interloop/uv/streamrequest.h>

#include <QByteArray>
#include <QString>
#include <uv.h>

#include <cstddef>
#include <string>
#include <vector>

/*
 * A uv_pipe_t on this thread's loop: as a connection, and as what listens for connections.
 */

namespace interloop {

// The names that a socket and its other side were bound to; empty: none.
QByteArray localNameOf(const uv_pipe_t &pipe);
QByteArray peerNameOf(const uv_pipe_t &pipe);

// The name of a socket as the operating system has it. Throws std::system_error that names `operation` unless it is not
// empty, without NUL and at most 107 bytes long: libuv cuts it silently. Abstract names begin with a NUL.
QByteArray pipeName(const char *operation, const QString &name);

class PipeStream final : public StreamHandle
{
public:
    explicit PipeStream(Pump &pump, PipeContent content = PipeContent::Bytes);

    // Takes `descriptor` over and makes it non-blocking: libuv's error code, then it is still the caller's.
    int open(int descriptor);

    uv_pipe_t *pipe() noexcept { return &m_pipe; }
    std::string name() const override { return m_name.toStdString(); }

    // What is at the other end.
    void setName(const QByteArray &name) { m_name = name; }

    PipeContent content() const noexcept { return m_pipe.ipc ? PipeContent::BytesAndHandles : PipeContent::Bytes; }

    // The descriptors that have come and that nobody has taken, in order. One that was not kept is an error instead.
    bool hasReceived() const noexcept { return !m_received.empty(); }
    std::size_t receivedCount() const noexcept { return m_received.size(); }
    int takeReceived(); // REQUIRES: hasReceived(); the caller's from now on, or libuv's error code

private:
    int beforeRead(uv_buf_t &buffer) noexcept override;
    void bytesCame() override;
    bool isEnd(int error) const noexcept override;
    void closing() noexcept override;
    int takePending();

    uv_pipe_t m_pipe;
    QByteArray m_name;
    std::vector<int> m_received; // libuv's error code: that one is closed, as it could not be kept
};

class PipeListener final : public StreamListener
{
public:
    explicit PipeListener(Pump &pump);

    // Makes a socket file, which goes when this is closed: libuv's error code.
    int bind(const QByteArray &name);
    int allowAllUsers(); // REQUIRES: bound
    int listen(int backlog) { return startListening(backlog); } // REQUIRES: bound

    // Takes over a descriptor that listens already: libuv's error code, then it is still the caller's.
    int open(int descriptor);

    uv_pipe_t *pipe() noexcept { return &m_pipe; }
    std::string name() const override { return m_name.toStdString(); }
    const QByteArray &fileName() const noexcept { return m_name; }

private:
    uv_pipe_t m_pipe;
    QByteArray m_name;
};

class PipeConnect final : public ConnectOperation
{
public:
    // `name` must live until the await has begun.
    PipeConnect(PipeStream &stream, const QByteArray &name) noexcept
        : ConnectOperation(stream), m_stream(stream), m_name(name)
    {
    }

private:
    int issue() override;

    PipeStream &m_stream;
    const QByteArray &m_name;
};

} // namespace interloop
