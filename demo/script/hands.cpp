// SPDX-License-Identifier: MIT
#include <demo/script/hands.h>

#include <interloop/task/future.h>

#include <QAbstractButton>
#include <QAbstractSpinBox>
#include <QApplication>
#include <QComboBox>
#include <QKeyEvent>
#include <QLineEdit>
#include <QMouseEvent>

#include <stdexcept>

using interloop::Task;

namespace {

interloop::Future<> delivered()
{
    interloop::Future<> future;
    QMetaObject::invokeMethod(
            qApp, [future]() mutable { future.setResult(); }, Qt::QueuedConnection);
    return future;
}

void requireReachable(const QWidget *widget)
{
    if (!widget->isVisible())
        throw std::runtime_error("it is not visible: its page is not the one that is shown");
    if (!widget->isEnabled())
        throw std::runtime_error("it is disabled");
}

void postKey(QWidget *widget, QKeyCombination key, const QString &text = {})
{
    for (const QEvent::Type type : {QEvent::KeyPress, QEvent::KeyRelease}) {
        QCoreApplication::postEvent(widget, new QKeyEvent(type, key.key(), key.keyboardModifiers(), text));
    }
}

} // namespace

Task<> clickOn(QWidget *widget)
{
    co_await delivered(); // a slot that was parked or has ended may have posted what switches the button
    requireReachable(widget);
    if (!qobject_cast<QAbstractButton *>(widget))
        throw std::runtime_error("it is neither a button nor a box");
    const QPointF at = widget->rect().center();
    const QPointF global = widget->mapToGlobal(at);
    const auto post = [&](QEvent::Type type, Qt::MouseButtons buttons) {
        QCoreApplication::postEvent(widget, new QMouseEvent(type, at, global, Qt::LeftButton, buttons, Qt::NoModifier));
    };
    post(QEvent::MouseButtonPress, Qt::LeftButton);
    post(QEvent::MouseButtonRelease, Qt::NoButton);
    co_await delivered();
}

Task<> pressKey(QWidget *widget, int keyAndModifiers)
{
    postKey(widget, QKeyCombination::fromCombined(keyAndModifiers));
    co_await delivered();
}

Task<> typeInto(QWidget *widget, QString text)
{
    co_await delivered();
    requireReachable(widget);
    if (!qobject_cast<QLineEdit *>(widget) && !qobject_cast<QAbstractSpinBox *>(widget))
        throw std::runtime_error("nothing can be typed there");
    widget->setFocus(Qt::TabFocusReason); // which selects what is there
    postKey(widget, Qt::ControlModifier | Qt::Key_A);
    postKey(widget, Qt::Key_Delete);
    for (const QChar character : text)
        postKey(widget, QKeyCombination(Qt::Key(character.toUpper().unicode())), character);
    co_await delivered();
}

Task<> selectIn(QWidget *widget, QString entry)
{
    co_await delivered();
    requireReachable(widget);
    auto *box = qobject_cast<QComboBox *>(widget);
    const int index = box ? box->findText(entry) : -1;
    if (index < 0)
        throw std::runtime_error("there is no such entry");
    box->setFocus(Qt::TabFocusReason);
    postKey(box, Qt::Key_Home);
    for (int i = 0; i < index; ++i)
        postKey(box, Qt::Key_Down);
    co_await delivered();
}
