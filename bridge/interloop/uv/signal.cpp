// SPDX-License-Identifier: MIT
#include <interloop/uv/signal.h>

#include <interloop/loop/bridge.h>
#include <interloop/task/errors.h>
#include <interloop/uv/signalwatch.h>

#include <utility>

namespace interloop {

namespace {

Task<std::optional<UnixSignal>> nextOf(std::shared_ptr<UnixSignalWatch> watch)
{
    if (!watch)
        throw uvError(UV_EBADF, "next signal (of none)");
    if (watch->isOpen())
        watch->requireOwnThread();
    FeedNext<int> next(*watch);
    const std::optional<int> number = co_await inPlace(next);
    std::optional<UnixSignal> signal;
    if (number)
        signal.emplace(*number, watch->takeCount(*number));
    co_return signal;
}

} // namespace

std::string UnixSignal::name() const
{
    return unixSignalName(m_number);
}

UnixSignals::UnixSignals() noexcept = default;
UnixSignals::UnixSignals(const QList<int> &numbers) : m_watch(std::make_shared<UnixSignalWatch>(currentPump(), numbers)) { }
UnixSignals::UnixSignals(UnixSignals &&other) noexcept = default;

UnixSignals &UnixSignals::operator=(UnixSignals &&other) noexcept
{
    std::swap(m_watch, other.m_watch);
    return *this;
}

UnixSignals::~UnixSignals()
{
    close();
}

Task<std::optional<UnixSignal>> UnixSignals::next()
{
    return nextOf(m_watch);
}

void UnixSignals::close() noexcept
{
    if (m_watch)
        m_watch->close();
}

bool UnixSignals::isOpen() const noexcept
{
    return m_watch && m_watch->isOpen();
}

Task<> waitForUnixSignal(int number)
{
    UnixSignals heard(QList<int>(1, number));
    static_cast<void>(co_await heard.next());
}

} // namespace interloop
