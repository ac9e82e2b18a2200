// SPDX-License-Identifier: MIT
#include <interloop/loop/quitwatch.h>

#include <QCoreApplication>
#include <QEvent>
#include <QThread>

namespace interloop {

bool QuitWatch::isPossible()
{
    const QCoreApplication *application = QCoreApplication::instance();
    return application && application->thread() == QThread::currentThread();
}

bool QuitWatch::deliverPostedQuit()
{
    const unsigned before = m_seen;
    start();
    QCoreApplication::sendPostedEvents(QCoreApplication::instance(), QEvent::Quit);
    stop();
    return m_seen != before;
}

void QuitWatch::start()
{
    if (m_watching++ == 0)
        QCoreApplication::instance()->installEventFilter(this);
}

void QuitWatch::stop()
{
    QCoreApplication *application = QCoreApplication::instance();
    if (--m_watching == 0 && application)
        application->removeEventFilter(this);
}

bool QuitWatch::eventFilter(QObject *object, QEvent *event)
{
    if (event->type() == QEvent::Quit && object == QCoreApplication::instance())
        ++m_seen;
    return false;
}

} // namespace interloop
