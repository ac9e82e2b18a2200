// SPDX-License-Identifier: MIT
#include <interloop/uv/pipepassing.h>

#include <interloop/loop/pump.h>
#include <interloop/task/errors.h>
#include <interloop/uv/descriptor.h>
#include <interloop/uv/pipehandle.h>
#include <interloop/uv/streamreading.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <span>

namespace interloop {

namespace {

// Throws unless it carries handles.
PipeStream &passing(const char *operation, const UvRef<StreamHandle> &stream)
{
    requireOpenStream(operation, stream);
    auto &pipe = static_cast<PipeStream &>(*stream);
    if (pipe.content() != PipeContent::BytesAndHandles)
        throw uvError(UV_EINVAL, pipe.describe(operation) + ", which carries bytes only");
    return pipe;
}

// Makes what libuv can send of it. Takes `copy` over.
UvRef<PipeStream> makeCarrier(PipeStream &pipe, ReceivedHandle &copy)
{
    UvRef<PipeStream> carrier(new PipeStream(pipe.pump()));
    const int flags = fcntl(copy.descriptor(), F_GETFL);
    const int error = carrier->open(copy.descriptor());
    if (error)
        throw uvError(error, pipe.describe("send a handle to"));
    fcntl(copy.takeDescriptor(), F_SETFL, flags); // blocking, where it was: the sender's own is the same file
    return carrier;
}

// The descriptors that came with a message; closed with this.
class Arrived
{
public:
    static constexpr std::size_t most = 64; // as libuv has it

    explicit Arrived(msghdr &message) noexcept
    {
        for (cmsghdr *part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
            if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
                continue;
            m_count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
            std::memcpy(m_descriptors.data(), CMSG_DATA(part), m_count * sizeof(int));
        }
    }
    ~Arrived()
    {
        for (const int descriptor : std::span(m_descriptors).first(m_count))
            ::close(descriptor);
    }
    Arrived(const Arrived &) = delete;
    Arrived &operator=(const Arrived &) = delete;

    bool isFull() const noexcept { return m_count == most; }

    // Whether each can be kept: that takes one more, see PipeStream::takePending().
    bool canBeKept() const noexcept
    {
        const ReceivedHandle oneMore(m_count > 0 ? duplicate(m_descriptors.front()) : -1);
        return m_count == 0 || oneMore.descriptor() >= 0;
    }

private:
    std::array<int, most> m_descriptors;
    std::size_t m_count = 0;
};

} // namespace

// libuv does not look whether the kernel had a descriptor for each handle (uv__read in its stream.c): one without is
// gone, and nobody is told. So all that it will read is fetched once before, and stays where it is.
int lookAhead(int socket, uv_buf_t &buffer) noexcept
{
    alignas(cmsghdr) char control[CMSG_SPACE(Arrived::most * sizeof(int))];
    iovec bytes = {buffer.base, buffer.len};
    msghdr message = {};
    message.msg_iov = &bytes;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof(control);
    ssize_t count = -1;
    do
        count = recvmsg(socket, &message, MSG_PEEK | MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    while (count < 0 && errno == EINTR);
    if (count == 0 || (count < 0 && errno == ENOTSOCK))
        return 0; // the end, or what libuv cannot read either
    if (count < 0)
        return uv_translate_sys_error(errno);
    buffer.len = static_cast<std::size_t>(count);
    const Arrived arrived(message);
    if (message.msg_flags & MSG_CTRUNC)
        return arrived.isFull() ? UV_EMSGSIZE : UV_EMFILE;
    return arrived.canBeKept() ? 0 : UV_EMFILE;
}

Task<> sendCopy(UvRef<StreamHandle> stream, ReceivedHandle copy, QByteArray data)
{
    PipeStream &pipe = passing("send a handle to", stream);
    if (copy.descriptor() < 0)
        throw uvError(copy.descriptor(), pipe.describe("send a handle to"));
    if (data.isEmpty())
        throw uvError(UV_EINVAL, pipe.describe("send a handle to") + " without data");
    const UvRef<PipeStream> carrier = makeCarrier(pipe, copy);
    std::array<uv_buf_t, 1> buffers{uv_buf_init(data.data(), static_cast<unsigned>(data.size()))};
    buffers.front().len = static_cast<std::size_t>(data.size()); // uv_buf_init takes an unsigned int
    WriteOperation operation(pipe, buffers, carrier->stream());
    co_await inPlace(operation);
}

Task<ReceivedHandle> receiveNext(UvRef<StreamHandle> stream, qsizetype limit)
{
    constexpr const char *operationName = "receive a handle from";
    PipeStream &pipe = passing(operationName, stream);
    while (!pipe.hasReceived()) {
        if (pipe.kept().size() >= limit)
            throw uvError(UV_EMSGSIZE, pipe.describe(operationName) + ": none in " + std::to_string(limit) + " bytes");
        ReadOperation operation(pipe, operationName);
        const std::size_t count = co_await inPlace(operation);
        if (count == 0)
            co_return ReceivedHandle();
    }
    const int received = pipe.takeReceived();
    if (received < 0)
        throw uvError(received, pipe.describe(operationName));
    co_return ReceivedHandle(received);
}

} // namespace interloop
