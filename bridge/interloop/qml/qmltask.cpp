// SPDX-License-Identifier: MIT
#include <interloop/qml/qmltask.h>

namespace interloop {

QmlTask QmlTask::then(const QJSValue &onFulfilled, const QJSValue &onRejected) const
{
    return m_state ? QmlTask(m_state->then(onFulfilled, onRejected)) : QmlTask();
}

QmlResult *QmlTask::await(const QVariant &placeholder) const
{
    return new QmlResult(m_state, placeholder);
}

QmlTask QmlTask::bindTo(QObject *object) const
{
    if (m_state)
        m_state->bindTo(object);
    return *this;
}

bool QmlTask::cancel() const
{
    return m_state && m_state->cancel(Outcome::Cancelled);
}

bool QmlTask::isDone() const
{
    return m_state && m_state->isDone();
}

} // namespace interloop
