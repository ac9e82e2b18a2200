// SPDX-License-Identifier: MIT
#include <interloop/qml/qmlresult.h>

#include <utility>

namespace interloop {

QmlResult::QmlResult(QmlTaskState::Pointer state, QVariant placeholder)
    : m_state(std::move(state)), m_placeholder(std::move(placeholder))
{
    if (!m_state)
        return;
    m_isDone = m_state->isSettled();
    if (!m_isDone)
        connect(m_state.get(), &QmlTaskState::settled, this, &QmlResult::finish);
}

QVariant QmlResult::value() const
{
    return m_isDone && !m_state->isRejected() ? m_state->value() : m_placeholder;
}

QString QmlResult::errorString() const
{
    if (!m_isDone || !m_state->isRejected())
        return QString();
    m_state->markHandled();
    return m_state->errorString();
}

void QmlResult::finish()
{
    if (std::exchange(m_isDone, true))
        return;
    Q_EMIT settled();
}

} // namespace interloop
