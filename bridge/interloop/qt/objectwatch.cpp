// SPDX-License-Identifier: MIT
#include <interloop/qt/objectwatch.h>

#include <QThread>

#include <stdexcept>

namespace interloop {

ObjectWatch::ObjectWatch(SignalSource source) : m_source(std::move(source))
{
    static_cast<void>(livingObject());
}

ObjectWatch::~ObjectWatch() = default;

void ObjectWatch::requireOwnThread() const
{
    if (livingObject()->thread() != QThread::currentThread())
        throw std::logic_error(m_source.name() + ": the object lives in another thread");
}

QObject *ObjectWatch::livingObject() const
{
    QObject *object = m_source.sender();
    if (!object)
        std::rethrow_exception(m_source.senderDestroyed());
    return object;
}

void ObjectWatch::ring() noexcept
{
    m_isRung = true;
    if (!m_waiter.isEmpty())
        m_waiter.takeFirst().wake();
}

void ObjectWatch::connectionEnded(std::exception_ptr error) noexcept
{
    m_error = std::move(error);
    if (!m_waiter.isEmpty())
        m_waiter.takeFirst().wake();
}

void ObjectWatch::fail(const std::string &text) const
{
    throw std::runtime_error(m_source.name() + ": " + text);
}

WaitOperation::Begun WatchAwaiter::begin()
{
    if (m_watch.m_isRung || m_watch.m_error)
        return Begun::Ready;
    m_watch.m_waiter.append(*this);
    return Begun::Waiting;
}

void WatchAwaiter::await_resume() const
{
    throwUnlessGranted();
    if (!std::exchange(m_watch.m_isRung, false) && m_watch.m_error)
        std::rethrow_exception(m_watch.m_error);
}

std::string WatchAwaiter::describe() const
{
    return "signal " + m_watch.m_source.name();
}

} // namespace interloop
