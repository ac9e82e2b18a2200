// SPDX-License-Identifier: MIT
#include <interloop/task/queuebase.h>

namespace interloop {

namespace {

QueueClosed putIntoClosed()
{
    return QueueClosed("put: the queue is closed");
}

} // namespace

QueueBase::~QueueBase()
{
    failAll(m_getters, "a queue");
    failAll(m_putters, "a queue");
}

void QueueBase::close() noexcept
{
    m_isClosed = true;
    while (hasGetter())
        wakeFirstGetter();
    if (!hasPutter())
        return;
    const std::exception_ptr error = std::make_exception_ptr(putIntoClosed());
    while (hasPutter())
        m_putters.takeFirst().fail(error);
}

void throwPutIntoClosed()
{
    throw putIntoClosed();
}

void throwGetFromClosed()
{
    throw QueueClosed("get: the queue is closed and has no item left");
}

} // namespace interloop
