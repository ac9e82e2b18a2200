// SPDX-License-Identifier: MIT
#include <interloop/qml/qmltaskstate.h>

#include <interloop/qml/qmlthenable.h>
#include <interloop/task/errors.h>

#include <QDebug>
#include <QJSManagedValue>
#include <QQmlEngine>
#include <QQmlError>
#include <QUrl>

#include <string>
#include <utility>

namespace interloop {

namespace {

// Whatever becomes of the coroutine that it is given to: its end is told.
class EndTeller
{
public:
    explicit EndTeller(QmlTaskState::Pointer state) noexcept : m_state(std::move(state)) { }
    EndTeller(EndTeller &&) noexcept = default;
    EndTeller &operator=(EndTeller &&) = delete;
    ~EndTeller()
    {
        if (m_state)
            m_state->deliverLater();
    }

private:
    QmlTaskState::Pointer m_state;
};

Task<QVariant> runAndTell([[maybe_unused]] EndTeller teller, Task<QVariant> task)
{
    co_return co_await std::move(task);
}

// The engine that made `function`, which Qt does not say: `likely` when it has the same Function, otherwise that of the
// global object Qt, which every QQmlEngine has. Null when `function` is none, or of another engine than `likely` that
// is no QQmlEngine.
QJSEngine *engineOf(const QJSValue &function, QJSEngine *likely)
{
    if (!function.isCallable())
        return nullptr;
    const QJSValue constructor = function.prototype().property(QStringLiteral("constructor"));
    if (likely && constructor.strictlyEquals(likely->globalObject().property(QStringLiteral("Function"))))
        return likely;
    const QJSValue source(QStringLiteral("return typeof Qt === 'object' ? Qt : null"));
    const QObject *global = constructor.callAsConstructor({source}).call().toQObject();
    return global ? qjsEngine(global) : nullptr;
}

// As the engine itself tells of an exception in a signal handler.
void warn(QJSEngine &engine, const QJSValue &exception)
{
    QQmlError error;
    if (exception.isError()) {
        error.setUrl(QUrl(exception.property(QStringLiteral("fileName")).toString()));
        error.setLine(exception.property(QStringLiteral("lineNumber")).toInt());
    }
    error.setDescription(exception.toString());
    error.setMessageType(QtWarningMsg);
    auto *qml = qobject_cast<QQmlEngine *>(&engine);
    if (qml)
        Q_EMIT qml->warnings({error});
    if (!qml || qml->outputWarningsToStandardError())
        QMessageLogger(qPrintable(error.url().toString()), error.line(), nullptr).warning().noquote()
                << error.toString();
}

} // namespace

QmlTaskState::Pointer QmlTaskState::start(QObject *owner, Task<QVariant> task, std::source_location location)
{
    const auto state = std::make_shared<QmlTaskState>();
    if (owner) {
        state->m_engine = qjsEngine(owner);
        state->bindTo(owner);
    }
    const std::string name = owner ? std::string("QmlTask of ") + owner->metaObject()->className() : "QmlTask";
    try {
        state->m_handle = spawn(runAndTell(EndTeller(state), std::move(task)), name, location);
    } catch (...) { // out of a Q_INVOKABLE it would cross the engine's frames
        qCritical("interloop: a %s did not begin: %s", name.c_str(), errorText(std::current_exception()).c_str());
        state->settle(Stage::Rejected, QVariant(), std::current_exception());
    }
    return state;
}

void QmlTaskState::bindTo(const QObject *object)
{
    if (!object) {
        qWarning("interloop: QmlTask::bindTo: there is no object");
        return;
    }
    root().m_isBound = true;
    connect(object, &QObject::destroyed, &root(), &QmlTaskState::abandon);
}

void QmlTaskState::abandon()
{
    const Pointer kept = shared_from_this();
    m_isAbandoned = true;
    cancel(Outcome::ContextDestroyed);
    deliver();
}

bool QmlTaskState::cancel(Outcome outcome)
{
    const TaskHandle<QVariant> handle = root().m_handle;
    return handle.isValid() && !handle.isDone() && handle.state().requestCancel(outcome);
}

bool QmlTaskState::isDone() const
{
    return isSettled() || (m_handle.isValid() && m_handle.isDone());
}

QmlTaskState::Pointer QmlTaskState::then(const QJSValue &onFulfilled, const QJSValue &onRejected)
{
    const QJSValue &function = onFulfilled.isCallable() ? onFulfilled : onRejected;
    QJSEngine *engine = engineOf(function, m_engine);
    if (!engine && function.isCallable())
        qWarning("interloop: QmlTask::then: the task's owner is not known to the engine; nothing will be called");
    if (engine && !root().m_isBound)
        bindTo(engine);
    const auto next = std::make_shared<QmlTaskState>();
    next->m_parent = shared_from_this();
    next->m_engine = engine ? engine : m_engine.data();
    m_reactions.emplace_back(onFulfilled, onRejected, engine, next);
    if (isDone())
        deliverLater();
    return next;
}

void QmlTaskState::deliverLater()
{
    QMetaObject::invokeMethod(
            this, [state = shared_from_this()] { state->deliver(); }, Qt::QueuedConnection);
}

void QmlTaskState::settle(Stage stage, QVariant value, std::exception_ptr error)
{
    m_value = std::move(value);
    m_error = std::move(error);
    m_stage = stage;
}

// REQUIRES: the task has ended
void QmlTaskState::takeResult()
{
    const Slot<QVariant> &slot = m_handle.state().slot();
    if (slot.exception())
        settle(Stage::Rejected, QVariant(), slot.exception());
    else
        settle(Stage::Fulfilled, slot.get(), nullptr);
}

void QmlTaskState::deliver()
{
    if (!isSettled() && m_handle.isValid() && m_handle.isDone())
        takeResult();
    if (isSettled() && !root().m_isAbandoned)
        Q_EMIT settled();
    while (!m_reactions.empty() && (isSettled() || root().m_isAbandoned)) {
        const Reaction reaction = std::move(m_reactions.front());
        m_reactions.pop_front();
        if (root().m_isAbandoned)
            reaction.next->deliver(); // drops its own, in which functions may refer to it
        else
            react(reaction);
    }
    if (!isSettled() || !m_handle.isValid())
        return;
    if (m_isHandled)
        m_handle.state().markSeen();
    m_handle = {}; // a failure that nobody has seen is told now
}

void QmlTaskState::react(const Reaction &reaction)
{
    const QJSValue &callback = isRejected() ? reaction.onRejected : reaction.onFulfilled;
    if (!reaction.engine || !callback.isCallable()) {
        reaction.next->settle(m_stage, m_value, m_error);
        reaction.next->deliver();
        m_isHandled |= reaction.next->m_isHandled;
        return;
    }
    m_isHandled = true;
    const QJSValue result = QJSManagedValue(callback, reaction.engine).call({toScript(*reaction.engine)});
    if (!reaction.engine)
        return;
    if (reaction.engine->hasError())
        reaction.next->reject(*reaction.engine, reaction.engine->catchError());
    else
        reaction.next->resolve(*reaction.engine, result);
}

void QmlTaskState::resolve(QJSEngine &engine, const QJSValue &result)
{
    const QJSValue then = result.property(QStringLiteral("then"));
    if (then.isCallable()) {
        follow(engine, result, then, shared_from_this());
        return;
    }
    settle(Stage::Fulfilled, QVariant::fromValue(result), nullptr);
    deliver();
}

void QmlTaskState::reject(QJSEngine &engine, const QJSValue &error)
{
    settle(Stage::Rejected, QVariant::fromValue(error), nullptr);
    deliver();
    if (!m_isHandled)
        warn(engine, error);
}

QVariant QmlTaskState::value() const
{
    if (m_value.metaType() == QMetaType::fromType<QPointer<QObject>>())
        return QVariant::fromValue<QObject *>(m_value.value<QPointer<QObject>>());
    return m_value;
}

QString QmlTaskState::errorString() const
{
    return m_error ? QString::fromStdString(errorText(m_error)) : m_value.value<QJSValue>().toString();
}

QJSValue QmlTaskState::toScript(QJSEngine &engine) const
{
    if (!m_error)
        return engine.toScriptValue(value());
    QJSValue error = engine.newErrorObject(QJSValue::GenericError, errorString());
    error.setProperty(QStringLiteral("outcome"), QString::fromLatin1(nameOf(outcomeOf(m_error))));
    error.setProperty(QStringLiteral("isCancelled"), isCancellation(m_error));
    return error;
}

} // namespace interloop
