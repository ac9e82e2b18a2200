// SPDX-License-Identifier: MIT
#include <interloop/uv/pollwatch.h>

#include <interloop/loop/pump.h>
#include <interloop/task/errors.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

namespace interloop {

namespace {

// Whether a handle of the loop has the descriptor already: libuv keeps one for each, and 1.44 does not tell of a second
// one before that has been started.
bool isTaken(uv_loop_t *loop, int descriptor)
{
    class Search
    {
    public:
        explicit Search(int descriptor) noexcept : descriptor(descriptor) { }
        int descriptor;
        bool isFound = false;
    };
    Search search(descriptor);
    const auto compare = [](uv_handle_t *handle, void *argument) {
        auto *search = static_cast<Search *>(argument);
        uv_os_fd_t descriptor = -1;
        if (!uv_is_closing(handle) && uv_fileno(handle, &descriptor) == 0 && descriptor == search->descriptor)
            search->isFound = true;
    };
    uv_walk(loop, compare, &search);
    return search.isFound;
}

bool isOpenDescriptor(int descriptor)
{
    return fcntl(descriptor, F_GETFD) != -1;
}

} // namespace

PollWatch::PollWatch(Pump &pump, int descriptor)
    : UvHandle(pump, reinterpret_cast<uv_handle_t *>(&m_poll)), m_descriptor(descriptor)
{
    int error = UV_EBADF;
    if (descriptor >= 0 && isOpenDescriptor(descriptor))
        error = isTaken(pump.uvLoop(), descriptor) ? UV_EEXIST : uv_poll_init(pump.uvLoop(), &m_poll, descriptor);
    if (error)
        throw uvError(error, describe());
    initialised();
}

void PollWatch::ready(uv_poll_t *poll, int status, int events)
{
    auto *self = from<PollWatch>(poll);
    if (status < 0) {
        self->m_polledFor = 0; // libuv has stopped
        self->endAll(self->descriptorError());
        return;
    }
    List<Operation> &waiters = self->m_waiters;
    for (Operation *next = waiters.firstOrNull(); next;) {
        auto &waiter = static_cast<PollOperation &>(*next);
        next = waiters.after(waiter);
        if (waiter.m_wanted & events) {
            waiter.unlink();
            waiter.finish(0, waiter.m_wanted & events);
        }
    }
    self->pollForWaiters();
}

void PollWatch::closing() noexcept
{
    endAll(UV_ECANCELED);
}

void PollWatch::endAll(int status) noexcept
{
    while (!m_waiters.isEmpty())
        static_cast<PollOperation &>(m_waiters.takeFirst()).finish(status, 0);
}

void PollWatch::pollForWaiters() noexcept
{
    int wanted = 0;
    for (const Operation *waiter = m_waiters.firstOrNull(); waiter; waiter = m_waiters.after(*waiter))
        wanted |= static_cast<const PollOperation *>(waiter)->m_wanted;
    if (wanted == m_polledFor)
        return;
    m_polledFor = wanted;
    if (wanted)
        uv_poll_start(&m_poll, wanted, &PollWatch::ready);
    else
        uv_poll_stop(&m_poll);
    pump().touch();
}

// libuv calls every error condition a bad descriptor; what it is can be asked.
int PollWatch::descriptorError() const noexcept
{
    int error = 0;
    socklen_t size = sizeof(error);
    if (getsockopt(m_descriptor, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error != 0)
        return uv_translate_sys_error(error);
    struct stat status = {};
    if (fstat(m_descriptor, &status) == 0 && S_ISFIFO(status.st_mode))
        return UV_EPIPE;
    return UV_EBADF;
}

WaitOperation::Begun PollOperation::begin()
{
    if (!m_watch.isOpen())
        m_status = UV_ECANCELED;
    else if (!isOpenDescriptor(m_watch.m_descriptor))
        m_status = UV_EBADF; // libuv would end the process
    if (m_status)
        return Begun::Ready;
    m_watch.m_waiters.append(*this);
    m_watch.pollForWaiters();
    return Begun::Waiting;
}

bool PollOperation::abandon(CancelMode)
{
    unlink();
    m_watch.pollForWaiters();
    return true;
}

void PollOperation::finish(int status, int events) noexcept
{
    m_status = status;
    m_events = events;
    complete();
}

int PollOperation::await_resume() const
{
    throwIfCancelled();
    if (m_status < 0)
        throw uvError(m_status, describe());
    return m_events;
}

} // namespace interloop
