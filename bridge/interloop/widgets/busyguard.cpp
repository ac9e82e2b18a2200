// SPDX-License-Identifier: MIT
#include <interloop/widgets/busyguard.h>

#include <interloop/widgets/busystate.h>

#include <QEvent>
#include <QGuiApplication>

namespace interloop {

namespace {

// How many busy widgets the mouse is over.
int &cursorUsers()
{
    static int count = 0;
    return count;
}

bool isWithin(const QWidget *inner, const QWidget &outer)
{
    return inner && (inner == &outer || outer.isAncestorOf(inner));
}

} // namespace

BusyGuard::BusyGuard(QWidget *widget)
{
    if (!widget)
        return;
    m_state = &BusyState::of(*widget);
    m_state->begin();
}

BusyGuard::~BusyGuard()
{
    if (m_state)
        m_state->end();
}

BusyState &BusyState::of(QWidget &widget)
{
    auto *state = widget.findChild<BusyState *>(QString(), Qt::FindDirectChildrenOnly);
    return state ? *state : *new BusyState(widget);
}

BusyState::BusyState(QWidget &widget) : QObject(&widget), m_widget(widget)
{
    widget.installEventFilter(this);
}

BusyState::~BusyState()
{
    setCursorOver(false);
}

void BusyState::begin()
{
    if (m_count++ > 0 && !m_isTakenOver)
        return;
    m_wasEnabled = !m_widget.testAttribute(Qt::WA_ForceDisabled);
    m_isTakenOver = false;
    m_focus = focusToRestore();
    if (m_focus)
        m_focus->clearFocus(); // else Qt would give it to the next widget, which then gets the keys that are typed
    m_widget.setEnabled(false);
    setCursorOver(m_widget.underMouse());
}

// The focus within the widget: the window's, or what another guard is going to restore and finds disabled by then.
QWidget *BusyState::focusToRestore() const
{
    const QWidget *window = m_widget.window();
    if (isWithin(window->focusWidget(), m_widget))
        return window->focusWidget();
    for (const BusyState *other : window->findChildren<BusyState *>()) {
        if (isWithin(other->m_focus, m_widget))
            return other->m_focus;
    }
    return nullptr;
}

void BusyState::end()
{
    if (--m_count > 0)
        return;
    m_widget.removeEventFilter(this);
    setCursorOver(false);
    if (!m_isTakenOver)
        restore();
    delete this;
}

void BusyState::restore()
{
    if (m_wasEnabled)
        m_widget.setEnabled(true);
    if (isWithin(m_focus, m_widget) && !m_widget.window()->focusWidget())
        m_focus->setFocus(Qt::OtherFocusReason);
}

void BusyState::setCursorOver(bool isOver)
{
    if (m_hasCursor == isOver)
        return;
    m_hasCursor = isOver;
    if (isOver && cursorUsers()++ == 0)
        QGuiApplication::setOverrideCursor(Qt::WaitCursor);
    else if (!isOver && --cursorUsers() == 0 && qGuiApp)
        QGuiApplication::restoreOverrideCursor();
}

bool BusyState::eventFilter(QObject *watched, QEvent *event)
{
    switch (event->type()) {
    case QEvent::Enter:
    case QEvent::Leave:
        setCursorOver(event->type() == QEvent::Enter && !m_isTakenOver);
        break;
    case QEvent::EnabledChange:
        if (!m_widget.testAttribute(Qt::WA_ForceDisabled)) {
            m_isTakenOver = true;
            setCursorOver(false);
        }
        break;
    default:
        break;
    }
    return QObject::eventFilter(watched, event);
}

} // namespace interloop
