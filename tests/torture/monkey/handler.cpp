// SPDX-License-Identifier: MIT
#include <tests/torture/monkey/handler.h>

#include <tests/torture/monkey/journal.h>

#include <QAbstractButton>
#include <QMouseEvent>
#include <QThread>
#include <QTimer>
#include <QWidget>
#include <QWindow>

#include <optional>

namespace interloop::monkey {

namespace {

// The widget that an event to `receiver` is for; nullptr when it is for none.
const QObject *widgetOf(QObject *receiver)
{
    if (!receiver->isWindowType())
        return receiver;
    for (const QWidget *widget : QApplication::allWidgets()) {
        if (widget->windowHandle() == receiver)
            return widget;
    }
    return nullptr;
}

// Qt expects it of these that the widget is gone when they have been handled: not of keys, which go on to the parent, not of
// the right mouse button, after which the window is asked for a context menu, and not of a mnemonic, after which the button
// that was pressed starts a timer.
bool isClick(const QEvent &event)
{
    switch (event.type()) {
    case QEvent::MouseButtonRelease:
        return static_cast<const QMouseEvent &>(event).button() == Qt::LeftButton;
    case QEvent::Close:
        return true;
    default:
        return false;
    }
}

bool isIn(const QObject *object, const QWidget *widget)
{
    while (object && object != widget)
        object = object->parent();
    return object;
}

} // namespace

Handler::Handler(QObject *receiver, const QEvent &event) noexcept
    : m_receiver(receiver), m_isClick(isClick(event)), m_isClose(event.type() == QEvent::Close),
      m_beneath(std::exchange(top, this))
{
}

Handler::~Handler()
{
    if (top != this)
        Journal::instance().wrong("event handlers do not return last in, first out");
    top = m_beneath;
}

bool Handler::isFree(const QWidget *widget, Stands stands)
{
    for (const Handler *handler = top; handler; handler = handler->m_beneath) {
        QObject *receiver = handler->m_receiver;
        if (!receiver || !isIn(widgetOf(receiver), widget))
            continue;
        const bool isButton = qobject_cast<QAbstractButton *>(receiver) || receiver->isWindowType();
        if (stands == Stands::Nothing || !handler->m_isClick || !(isButton || handler->m_isClose))
            return false;
    }
    return true;
}

bool Handler::mayDelete(const QWidget *widget)
{
    return isFree(widget, Stands::Nothing);
}

bool Handler::mayDeleteLater(const QWidget *widget)
{
    return isFree(widget, Stands::Clicks);
}

bool Application::notify(QObject *receiver, QEvent *event)
{
    if (QThread::currentThread() != thread())
        return QApplication::notify(receiver, event);
    if (event->type() == QEvent::DeferredDelete && receiver->isWidgetType()) {
        const auto *widget = static_cast<const QWidget *>(receiver);
        if (!Handler::mayDeleteLater(widget)) {
            Journal::instance().count("deletions put off");
            QTimer::singleShot(20, receiver, &QObject::deleteLater);
            return true;
        }
    }
    const Handler handler(receiver, *event);
    return QApplication::notify(receiver, event);
}

} // namespace interloop::monkey
