// SPDX-License-Identifier: MIT
#include <interloop/widgets/confirmclose.h>

#include <interloop/loop/unhandled.h>
#include <interloop/task/errors.h>
#include <interloop/widgets/pendingclose.h>

#include <QApplication>
#include <QEvent>
#include <QList>
#include <QWindow>

namespace interloop {

namespace {

QList<const QWidget *> &pendingWindows()
{
    static QList<const QWidget *> windows;
    return windows;
}

bool isBridgeGone(const std::exception_ptr &error)
{
    try {
        std::rethrow_exception(error);
    } catch (const RunSyncError &refused) {
        return refused.reason() == Refusal::ShuttingDown || refused.reason() == Refusal::NoApplication;
    } catch (...) {
        return false;
    }
}

} // namespace

bool PendingClose::isOneOf(const QWidget *window)
{
    return pendingWindows().contains(window);
}

PendingClose::PendingClose(QWidget *window) : m_window(window)
{
    m_name = window->metaObject()->className() + (" '" + window->objectName().toStdString() + '\'');
    pendingWindows() += window;
    qApp->installEventFilter(this);
    // Another may get its address.
    connect(window, &QObject::destroyed, this, [window] { pendingWindows().removeOne(window); });
}

PendingClose::~PendingClose()
{
    if (m_window)
        pendingWindows().removeOne(m_window);
}

bool PendingClose::eventFilter(QObject *watched, QEvent *event)
{
    const bool asksToClose = event->type() == QEvent::Close && m_window && watched == m_window->windowHandle();
    const bool asksToQuit = event->type() == QEvent::Quit && watched == qApp;
    if (asksToQuit)
        m_hasHeldQuit = true;
    if (asksToClose || asksToQuit)
        event->ignore();
    return asksToClose || asksToQuit;
}

CloseWait::CloseWait(QWidget *window, QCloseEvent *event) : m_event(event), m_window(window)
{
    if (!PendingClose::isOneOf(window))
        m_pending = std::make_unique<PendingClose>(window);
}

// What the wait kept from quitting quits now, and asks those windows that are left.
CloseWait::~CloseWait()
{
    m_event->setAccepted(m_mayClose);
    if (m_pending && m_pending->hasHeldQuit() && (m_mayClose || !m_window))
        QMetaObject::invokeMethod(qApp, &QCoreApplication::quit, Qt::QueuedConnection);
}

RunOptions CloseWait::options() const noexcept
{
    return RunOptions().context(m_window).wait(Wait::Nest);
}

void CloseWait::answered(bool mayClose)
{
    m_mayClose = mayClose;
}

void CloseWait::failed(Outcome outcome, std::exception_ptr error)
{
    if (!isCancellation(error))
        reportUnhandled("confirmClose of " + m_pending->windowName() + ": it stays open", error);
    m_mayClose = outcome == Outcome::Refused && isBridgeGone(error);
}

} // namespace interloop
