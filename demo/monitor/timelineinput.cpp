// SPDX-License-Identifier: MIT
#include <demo/monitor/timeline.h>

#include <QHelpEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QToolTip>
#include <QWheelEvent>

#include <cmath>

/*
 * How keys, the wheel and the mouse move through a timeline.
 */

void Timeline::resizeEvent(QResizeEvent *event)
{
    QAbstractScrollArea::resizeEvent(event);
    measureFont();
    updateRange();
}

void Timeline::changeEvent(QEvent *event)
{
    QAbstractScrollArea::changeEvent(event);
    if (event->type() != QEvent::FontChange && event->type() != QEvent::PaletteChange)
        return;
    measureFont();
    updateRange();
    updateAll();
}

void Timeline::keyPressEvent(QKeyEvent *event)
{
    const double page = viewport()->width() - nameWidth();
    switch (event->key()) {
    case Qt::Key_Space:
        setPaused(!m_isPaused);
        break;
    case Qt::Key_Plus:
    case Qt::Key_Equal:
        zoomIn();
        break;
    case Qt::Key_Minus:
        zoomOut();
        break;
    case Qt::Key_Left:
        scrollBy(-page / 8);
        break;
    case Qt::Key_Right:
        scrollBy(page / 8);
        break;
    case Qt::Key_End:
        follow();
        break;
    case Qt::Key_Up:
        select(-1);
        break;
    case Qt::Key_Down:
        select(1);
        break;
    default:
        QAbstractScrollArea::keyPressEvent(event); // Page Up and Page Down among them
    }
}

void Timeline::wheelEvent(QWheelEvent *event)
{
    const QPoint angle = event->angleDelta();
    if (event->modifiers() & Qt::ControlModifier) {
        QAbstractScrollArea::wheelEvent(event);
        return;
    }
    if (angle.y() != 0 && !(event->modifiers() & Qt::ShiftModifier))
        zoomBy(std::pow(2, -angle.y() / 240.0), event->position().x());
    else
        scrollBy(-(angle.x() + angle.y()) / 2.0);
    event->accept();
}

void Timeline::mouseMoveEvent(QMouseEvent *event)
{
    m_pointer = event->pos();
    Q_EMIT detailChanged();
}

void Timeline::mousePressEvent(QMouseEvent *event)
{
    const Lane *lane = laneAt(event->pos().y());
    m_selected = lane ? lane->serial : 0;
    updateAll();
    Q_EMIT detailChanged();
}

void Timeline::focusInEvent(QFocusEvent *event)
{
    QAbstractScrollArea::focusInEvent(event);
    updateAll();
}

void Timeline::focusOutEvent(QFocusEvent *event)
{
    QAbstractScrollArea::focusOutEvent(event);
    updateAll();
}

bool Timeline::viewportEvent(QEvent *event)
{
    if (event->type() == QEvent::Leave) {
        m_pointer.reset();
        Q_EMIT detailChanged();
    } else if (event->type() == QEvent::ToolTip) {
        const auto *help = static_cast<QHelpEvent *>(event);
        QToolTip::showText(help->globalPos(), detailAt(help->pos()), viewport());
        return true;
    }
    return QAbstractScrollArea::viewportEvent(event);
}
