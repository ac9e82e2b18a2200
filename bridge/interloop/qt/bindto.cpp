// SPDX-License-Identifier: MIT
#include <interloop/qt/bindto.h>

#include <interloop/task/chain.h>

#include <QThread>

#include <stdexcept>
#include <string>

namespace interloop {

void requireOwnThread(const QObject *object)
{
    if (object && object->thread() != QThread::currentThread())
        throw std::logic_error("bindTo: the " + std::string(object->metaObject()->className()) + " lives in another thread");
}

namespace {

// That of the code which calls, not one beneath a foreign event loop.
Chain &requireChain(const QObject *object)
{
    requireOwnThread(object);
    const Scheduler *scheduler = existingScheduler();
    if (Chain *chain = scheduler ? scheduler->callingChain() : nullptr)
        return *chain;
    throw std::logic_error("bindTo outside a task");
}

} // namespace

BoundScope::BoundScope(QObject *object) : ChainScope(requireChain(object), Shield::No)
{
    if (object)
        m_connection = QObject::connect(object, &QObject::destroyed, [this] { cancel(Outcome::ContextDestroyed); });
    else
        cancel(Outcome::ContextDestroyed);
}

BoundScope::~BoundScope()
{
    QObject::disconnect(m_connection);
}

} // namespace interloop
