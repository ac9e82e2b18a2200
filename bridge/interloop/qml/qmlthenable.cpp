// SPDX-License-Identifier: MIT
#include <interloop/qml/qmlthenable.h>

#include <QJSManagedValue>

namespace interloop {

void QmlSettler::resolve(const QJSValue &value)
{
    if (const QmlTaskState::Pointer state = std::exchange(m_state, nullptr); state && m_engine)
        state->resolve(*m_engine, value);
}

void QmlSettler::reject(const QJSValue &error)
{
    if (const QmlTaskState::Pointer state = std::exchange(m_state, nullptr); state && m_engine)
        state->reject(*m_engine, error);
}

void follow(QJSEngine &engine, const QJSValue &thenable, const QJSValue &then, QmlTaskState::Pointer state)
{
    auto *settler = new QmlSettler(engine, std::move(state));
    const QJSValue object = engine.newQObject(settler);
    const QPointer<QJSEngine> alive(&engine);
    QJSManagedValue(then, &engine)
            .callWithInstance(thenable,
                              {object.property(QStringLiteral("resolve")), object.property(QStringLiteral("reject"))});
    if (alive && engine.hasError())
        settler->reject(engine.catchError());
}

} // namespace interloop
