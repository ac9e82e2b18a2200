// SPDX-License-Identifier: MIT
#include <interloop/qt/signallistener.h>

#include <interloop/task/errors.h>
#include <interloop/task/scheduler.h>

#include <stdexcept>

namespace interloop {

namespace {

// Lets us ask what a QPointer cannot tell when the first one is made: whether ~QObject has begun.
class Object : public QObject
{
public:
    static bool isDying(const QObject *object) { return (object->*&Object::d_ptr)->wasDeleted; }
};

QObject *livingOrNull(const QObject *object)
{
    return object && !Object::isDying(object) ? const_cast<QObject *>(object) : nullptr;
}

} // namespace

SignalSource::SignalSource(const QObject *sender, const QMetaMethod &signal)
    : m_sender(livingOrNull(sender)), m_signal(signal)
{
    if (!sender)
        return;
    const QMetaObject *meta = sender->metaObject();
    if (const QMetaObject *declaring = signal.enclosingMetaObject(); declaring && !meta->inherits(declaring))
        meta = declaring; // the sender is dying: that part of it is gone already
    m_className = meta->className();
    m_objectName = sender->objectName();
}

QObject *SignalSource::sender() const
{
    return livingOrNull(m_sender.data());
}

std::string SignalSource::name() const
{
    std::string name = m_className;
    if (const QMetaObject *meta = m_signal.enclosingMetaObject(); meta && name.empty())
        name = meta->className();
    name += "::" + m_signal.methodSignature().toStdString();
    if (!m_objectName.isEmpty())
        name += " of '" + m_objectName.toStdString() + '\'';
    return name;
}

std::exception_ptr SignalSource::senderDestroyed() const
{
    return std::make_exception_ptr(SenderDestroyed(name() + (m_className.empty() ? ": there is no sender"
                                                                                 : ": the sender was destroyed")));
}

std::exception_ptr SignalSource::disconnected() const
{
    return std::make_exception_ptr(std::runtime_error(name() + ": the connection was cut while a task waited for it"));
}

SignalGuard::~SignalGuard()
{
    if (!m_link)
        return;
    const bool isSenderAlive = m_link->sender;
    if (isHere()) {
        SignalListener::end(*m_link, isSenderAlive);
        return;
    }
    const std::shared_ptr<Mailbox> mailbox = m_link->mailbox;
    mailbox->put([link = std::move(m_link), isSenderAlive] { SignalListener::end(*link, isSenderAlive); });
}

bool SignalGuard::isHere() const noexcept
{
    const Scheduler *scheduler = existingScheduler();
    return scheduler && scheduler->mailbox() == m_link->mailbox;
}

void SignalGuard::fail(std::exception_ptr error) const
{
    carry([error = std::move(error)](SignalListener &listener) { listener.signalEnded(error); });
}

SignalListener::SignalListener(SignalSource source) : m_source(std::move(source)) { }

SignalListener::~SignalListener()
{
    stopListening();
}

bool SignalListener::startListening()
{
    QObject *sender = m_source.sender();
    if (!sender)
        return false;
    m_link = std::make_shared<SignalLink>(this, sender, currentScheduler().mailbox());
    m_receiver.emplace();
    connectSignal(sender, &*m_receiver, SignalGuard(m_link));
    return true;
}

void SignalListener::ignoreSignal() noexcept
{
    if (m_link)
        m_link->listener = nullptr;
}

void SignalListener::stopListening() noexcept
{
    ignoreSignal();
    m_receiver.reset();
}

void SignalListener::end(SignalLink &link, bool isSenderAlive) noexcept
{
    SignalListener *listener = std::exchange(link.listener, nullptr);
    if (listener)
        listener->signalEnded(isSenderAlive ? listener->m_source.disconnected() : listener->m_source.senderDestroyed());
}

} // namespace interloop
