// SPDX-License-Identifier: MIT
#pragma once

#include <QApplication>
#include <QPointer>

/*
 * Which objects' event handlers are on the GUI thread's stacks: what may be destroyed is a question of that.
 *
 * Qt's widgets are not made to be destroyed by what their own event handlers call, except buttons that are clicked and
 * windows that are closed. So an application must not delete a widget that nests a wait in one of its handlers, nor a window that holds
 * such a one, and the monkey does not. (When the wait is parked no handler is on any stack, and all may be deleted.)
 */

QT_BEGIN_NAMESPACE
class QWidget;
QT_END_NAMESPACE

namespace interloop::monkey {

// An event that is being delivered.
class Handler
{
public:
    Handler(QObject *receiver, const QEvent &event) noexcept;
    ~Handler();
    Handler(const Handler &) = delete;
    Handler &operator=(const Handler &) = delete;

    static bool isNone() noexcept { return !top; }

    // Whether no handler of `widget`, or of what it holds, is on the stack.
    static bool mayDelete(const QWidget *widget);

    // Whether those that are stand it that the widget dies when they have called others: as deleteLater() may be
    // carried out in a nested event loop.
    static bool mayDeleteLater(const QWidget *widget);

private:
    enum class Stands : unsigned char { Nothing, Clicks };
    static bool isFree(const QWidget *widget, Stands stands);

    QPointer<QObject> m_receiver;
    bool m_isClick;
    bool m_isClose;
    Handler *m_beneath;
    static inline Handler *top = nullptr;
};

// Records each handler that is called. A widget's deferred deletion is put off while the widget may not be deleted:
// asked for in one nested event loop, Qt carries it out in another one, which a handler of that very widget may have
// begun.
class Application final : public QApplication
{
public:
    using QApplication::QApplication;
    bool notify(QObject *receiver, QEvent *event) override;
};

} // namespace interloop::monkey
