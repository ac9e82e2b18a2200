// SPDX-License-Identifier: MIT
#include <interloop/uv/poll.h>

#include <interloop/loop/bridge.h>
#include <interloop/task/errors.h>
#include <interloop/uv/pollwatch.h>

namespace interloop {

static_assert(int(PollEvent::Readable) == UV_READABLE && int(PollEvent::Writable) == UV_WRITABLE
              && int(PollEvent::Disconnected) == UV_DISCONNECT && int(PollEvent::Prioritized) == UV_PRIORITIZED);

namespace {

Task<PollEvents> waitOn(UvRef<PollWatch> watch, PollEvents events)
{
    if (!watch)
        throw uvError(UV_EBADF, "poll (no descriptor)");
    if (!watch->isOpen())
        throw uvError(UV_ECANCELED, watch->describe());
    watch->requireOwnThread("poll");
    constexpr PollEvents all = PollEvent::Readable | PollEvent::Writable | PollEvent::Disconnected | PollEvent::Prioritized;
    if (!events || (events & ~all))
        throw uvError(UV_EINVAL, watch->describe() + " for events " + std::to_string(int(events)));
    PollOperation operation(*watch, int(events));
    const int seen = co_await inPlace(operation);
    co_return PollEvents(seen);
}

Task<> waitFor(UvRef<PollWatch> watch, PollEvent event)
{
    static_cast<void>(co_await waitOn(std::move(watch), event));
}

} // namespace

PollHandle::PollHandle() noexcept = default;
PollHandle::PollHandle(PollHandle &&other) noexcept = default;

PollHandle::PollHandle(int descriptor) : m_watch(new PollWatch(currentPump(), descriptor)) { }

PollHandle &PollHandle::operator=(PollHandle &&other) noexcept
{
    std::swap(m_watch, other.m_watch);
    return *this;
}

PollHandle::~PollHandle()
{
    close();
}

Task<PollEvents> PollHandle::wait(PollEvents events)
{
    return waitOn(m_watch, events);
}

Task<> PollHandle::waitReadable()
{
    return waitFor(m_watch, PollEvent::Readable);
}

Task<> PollHandle::waitWritable()
{
    return waitFor(m_watch, PollEvent::Writable);
}

void PollHandle::close() noexcept
{
    if (m_watch)
        m_watch->close();
}

bool PollHandle::isOpen() const noexcept
{
    return m_watch && m_watch->isOpen();
}

int PollHandle::descriptor() const noexcept
{
    return isOpen() ? m_watch->descriptor() : -1;
}

} // namespace interloop
