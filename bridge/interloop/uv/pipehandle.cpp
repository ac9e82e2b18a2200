// SPDX-License-Identifier: MIT
#include <interloop/uv/pipehandle.h>

#include <interloop/loop/pump.h>
#include <interloop/task/errors.h>
#include <interloop/uv/descriptor.h>
#include <interloop/uv/pipepassing.h>

#include <QFile>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>

namespace interloop {

namespace {

constexpr qsizetype longestName = sizeof(sockaddr_un::sun_path) - 1;

void initialise(Pump &pump, uv_pipe_t &pipe, PipeContent content)
{
    uv_pipe_init(pump.uvLoop(), &pipe, content == PipeContent::BytesAndHandles);
}

template<typename Ask>
QByteArray nameFrom(Ask ask, const uv_pipe_t &pipe)
{
    char name[sizeof(sockaddr_un::sun_path) + 1];
    std::size_t size = sizeof(name);
    if (ask(&pipe, name, &size) != 0)
        return QByteArray();
    return QByteArray(name, static_cast<qsizetype>(size));
}

} // namespace

QByteArray localNameOf(const uv_pipe_t &pipe)
{
    return nameFrom(&uv_pipe_getsockname, pipe);
}

QByteArray peerNameOf(const uv_pipe_t &pipe)
{
    return nameFrom(&uv_pipe_getpeername, pipe);
}

QByteArray pipeName(const char *operation, const QString &name)
{
    const QByteArray encoded = QFile::encodeName(name);
    const auto refuse = [&](int code, const char *why) {
        QByteArray shown = encoded.size() > longestName ? encoded.left(40) + "..." : encoded;
        shown.replace('\0', "\\0");
        throw uvError(code, std::string(operation) + " \"" + shown.toStdString() + "\": " + why);
    };
    if (encoded.isEmpty())
        refuse(UV_EINVAL, "the name is empty");
    if (encoded.startsWith('\0'))
        refuse(UV_ENOTSUP, "libuv has no abstract names before 1.46");
    if (encoded.contains('\0'))
        refuse(UV_EINVAL, "the name contains a NUL");
    if (encoded.size() > longestName)
        refuse(UV_ENAMETOOLONG, "the name has over 107 bytes");
    return encoded;
}

PipeStream::PipeStream(Pump &pump, PipeContent content) : StreamHandle(pump, reinterpret_cast<uv_stream_t *>(&m_pipe))
{
    initialise(pump, m_pipe, content);
    initialised();
}

int PipeStream::open(int descriptor)
{
    if (m_name.isEmpty())
        m_name = "descriptor " + QByteArray::number(descriptor);
    return uv_pipe_open(&m_pipe, descriptor);
}

int PipeStream::takeReceived()
{
    const int first = m_received.front();
    m_received.erase(m_received.begin());
    return first;
}

int PipeStream::beforeRead(uv_buf_t &buffer) noexcept
{
    return m_pipe.ipc ? lookAhead(descriptor(), buffer) : 0;
}

// At once: left to libuv, a handle that is accepted after reading has stopped makes the loop spin (uv_accept starts to
// poll, and nothing reads).
void PipeStream::bytesCame()
{
    while (uv_pipe_pending_count(&m_pipe) > 0)
        m_received.push_back(takePending());
}

int PipeStream::takePending()
{
    const UvRef<PipeStream> carrier(new PipeStream(pump())); // libuv hands out no bare descriptor
    if (const int error = uv_accept(stream(), carrier->stream()))
        return error;
    return duplicate(carrier->descriptor());
}

// A terminal's other side says goodbye with an error.
bool PipeStream::isEnd(int error) const noexcept
{
    return error == UV_EOF || (error == UV_EIO && isatty(descriptor()));
}

void PipeStream::closing() noexcept
{
    StreamHandle::closing();
    for (const int received : m_received) {
        if (received >= 0)
            ::close(received);
    }
    m_received.clear();
}

PipeListener::PipeListener(Pump &pump) : StreamListener(pump, reinterpret_cast<uv_stream_t *>(&m_pipe))
{
    initialise(pump, m_pipe, PipeContent::Bytes); // handles travel on the connections alone
    initialised();
}

int PipeListener::bind(const QByteArray &name)
{
    m_name = name;
    const int error = uv_pipe_bind(&m_pipe, name.constData());
    const QByteArray folder = name.left(name.lastIndexOf('/') + 1);
    if (error == UV_EACCES && !folder.isEmpty() && access(folder.constData(), F_OK) != 0)
        return uv_translate_sys_error(errno); // libuv says EACCES for Windows' sake
    return error;
}

int PipeListener::allowAllUsers()
{
    return uv_pipe_chmod(&m_pipe, UV_READABLE | UV_WRITABLE);
}

int PipeListener::open(int descriptor)
{
    if (const int error = uv_pipe_open(&m_pipe, descriptor))
        return error;
    m_name = localNameOf(m_pipe);
    return startListening(SOMAXCONN); // for the kernel that is only another backlog
}

int PipeConnect::issue()
{
    uv_pipe_connect(request(), m_stream.pipe(), m_name.constData(), &PipeConnect::connected);
    return 0; // an error is the request's
}

} // namespace interloop
