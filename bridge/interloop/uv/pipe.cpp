// SPDX-License-Identifier: MIT
#include <interloop/uv/pipe.h>

#include <interloop/loop/bridge.h>
#include <interloop/task/errors.h>
#include <interloop/uv/descriptor.h>
#include <interloop/uv/pipehandle.h>
#include <interloop/uv/pipepassing.h>

#include <QFile>

#include <sys/stat.h>
#include <unistd.h>

namespace interloop {

namespace {

using Kind = ReceivedHandle::Kind;

Task<PipeSocket> acceptOn(UvRef<PipeListener> listener, PipeContent content)
{
    StreamListener *const waited = listener ? &*listener : nullptr;
    for (;;) {
        co_await awaitConnection(waited);
        UvRef<PipeStream> stream(new PipeStream(listener->pump(), content));
        const bool isTaken = listener->take(*stream);
        if (!isTaken)
            continue; // by another task, which was faster
        stream->setName(listener->fileName());
        co_return PipeSocket(std::move(stream));
    }
}

// What is in the way of a new socket file.
const char *hint(const QByteArray &name)
{
    struct stat status = {};
    if (lstat(name.constData(), &status) != 0)
        return "";
    return S_ISSOCK(status.st_mode) ? " (the socket of a server that runs, or left behind by one)"
                                    : " (there is a file that is no socket)";
}

[[noreturn]] void refuse(const char *operation, int descriptor, const char *why, int code = UV_EINVAL)
{
    throw uvError(code, std::string(operation) + " descriptor " + std::to_string(descriptor) + why);
}

} // namespace

PipeSocket::PipeSocket(UvRef<PipeStream> stream) noexcept : Stream(UvRef<StreamHandle>(&*stream)) { }

Task<PipeSocket> PipeSocket::connect(QString name, PipeContent content)
{
    const QByteArray encoded = pipeName("connect", name);
    UvRef<PipeStream> stream(new PipeStream(currentPump(), content));
    stream->setName(encoded);
    PipeConnect operation(*stream, encoded);
    const int error = co_await inPlace(operation);
    if (error)
        throw uvError(error, stream->describe("connect"));
    co_return PipeSocket(std::move(stream));
}

std::pair<PipeSocket, PipeSocket> PipeSocket::pair(PipeContent content)
{
    const UvRef<PipeStream> one(new PipeStream(currentPump(), content));
    const UvRef<PipeStream> other(new PipeStream(currentPump(), content));
    int descriptors[2];
    int error = uv_socketpair(SOCK_STREAM, 0, descriptors, UV_NONBLOCK_PIPE, UV_NONBLOCK_PIPE);
    if (error)
        throw uvError(error, "pair");
    ReceivedHandle rest[2] = {ReceivedHandle(descriptors[0]), ReceivedHandle(descriptors[1])};
    for (int i = 0; i < 2 && error == 0; ++i) {
        const UvRef<PipeStream> &stream = i == 0 ? one : other;
        stream->setName(QByteArrayLiteral("(pair)"));
        error = stream->open(descriptors[i]);
        if (error == 0)
            rest[i].takeDescriptor();
    }
    if (error)
        throw uvError(error, "pair");
    return {PipeSocket(one), PipeSocket(other)};
}

PipeSocket PipeSocket::fromDescriptor(int descriptor, PipeContent content)
{
    const Kind kind = ReceivedHandle::kindOf(descriptor);
    if (kind != Kind::PipeSocket && !isatty(descriptor))
        refuse("take over", descriptor, ": not a pipe or a Unix socket");
    UvRef<PipeStream> stream(new PipeStream(currentPump(), content));
    if (const int error = stream->open(descriptor))
        refuse("take over", descriptor, "", error);
    return PipeSocket(std::move(stream));
}

PipeStream &PipeSocket::pipe() const noexcept
{
    return static_cast<PipeStream &>(*m_handle); // made by the constructor above
}

QString PipeSocket::localName() const
{
    return isOpen() ? QFile::decodeName(localNameOf(*pipe().pipe())) : QString();
}

QString PipeSocket::peerName() const
{
    return isOpen() ? QFile::decodeName(peerNameOf(*pipe().pipe())) : QString();
}

Task<> PipeSocket::sendDescriptor(int descriptor, QByteArray data)
{
    return sendCopy(m_handle, ReceivedHandle(duplicate(descriptor)), std::move(data));
}

Task<ReceivedHandle> PipeSocket::receiveHandle(qsizetype limit)
{
    return receiveNext(m_handle, limit);
}

std::size_t PipeSocket::receivedHandles() const noexcept
{
    return isOpen() ? pipe().receivedCount() : 0;
}

PipeServer::PipeServer() noexcept = default;
PipeServer::PipeServer(UvRef<PipeListener> listener) noexcept : m_listener(std::move(listener)) { }
PipeServer::PipeServer(PipeServer &&other) noexcept = default;

PipeServer &PipeServer::operator=(PipeServer &&other) noexcept
{
    std::swap(m_listener, other.m_listener);
    return *this;
}

PipeServer::~PipeServer()
{
    close();
}

PipeServer PipeServer::listen(const QString &name, PipeAccess access, int backlog)
{
    const QByteArray encoded = pipeName("listen", name);
    if (backlog <= 0)
        throw uvError(UV_EINVAL, "listen " + encoded.toStdString() + ": a backlog of " + std::to_string(backlog));
    UvRef<PipeListener> listener(new PipeListener(currentPump()));
    int error = listener->bind(encoded);
    if (error == 0 && access == PipeAccess::AllUsers)
        error = listener->allowAllUsers();
    if (error == 0)
        error = listener->listen(backlog);
    if (error)
        throw uvError(error, "listen " + encoded.toStdString() + (error == UV_EADDRINUSE ? hint(encoded) : ""));
    return PipeServer(std::move(listener));
}

PipeServer PipeServer::fromDescriptor(int descriptor)
{
    if (ReceivedHandle::kindOf(descriptor) != Kind::PipeServer)
        refuse("take over", descriptor, ": not a Unix socket that listens");
    UvRef<PipeListener> listener(new PipeListener(currentPump()));
    if (const int error = listener->open(descriptor))
        refuse("take over", descriptor, "", error);
    return PipeServer(std::move(listener));
}

Task<PipeSocket> PipeServer::accept(PipeContent content)
{
    return acceptOn(m_listener, content);
}

void PipeServer::close() noexcept
{
    if (m_listener)
        m_listener->close();
}

bool PipeServer::isOpen() const noexcept
{
    return m_listener && m_listener->isOpen();
}

int PipeServer::descriptor() const noexcept
{
    return isOpen() ? m_listener->descriptor() : -1;
}

QString PipeServer::name() const
{
    return isOpen() ? QFile::decodeName(m_listener->fileName()) : QString();
}

} // namespace interloop
