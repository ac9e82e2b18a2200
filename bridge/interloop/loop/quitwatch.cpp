// SPDX-License-Identifier: MIT
#include <interloop/loop/quitwatch.h>

#include <QCoreApplication>
#include <QEvent>
#include <QThread>

namespace interloop {

QuitWatch::QuitWatch()
{
    QCoreApplication::instance()->installEventFilter(this);
}

QuitWatch::~QuitWatch()
{
    if (QCoreApplication *application = QCoreApplication::instance())
        application->removeEventFilter(this);
}

bool QuitWatch::isPossible()
{
    const QCoreApplication *application = QCoreApplication::instance();
    return application && application->thread() == QThread::currentThread();
}

bool QuitWatch::deliverPostedQuit()
{
    if (!isPossible())
        return false;
    const QuitWatch watch;
    QCoreApplication::sendPostedEvents(QCoreApplication::instance(), QEvent::Quit);
    return watch.hasSeenQuit();
}

bool QuitWatch::eventFilter(QObject *object, QEvent *event)
{
    if (event->type() == QEvent::Quit && object == QCoreApplication::instance())
        m_hasSeenQuit = true;
    return false;
}

} // namespace interloop
