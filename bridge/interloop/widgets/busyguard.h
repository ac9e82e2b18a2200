// SPDX-License-Identifier: MIT
#pragma once

#include <QPointer>

QT_BEGIN_NAMESPACE
class QWidget;
QT_END_NAMESPACE

/*
 * A widget that takes no input for as long as a wait lasts: disabled, with the wait cursor while the mouse is over it.
 *
 *     const BusyGuard busy(m_form);
 *     runSync(save());
 *
 * Guards of one widget, and of widgets within each other, may end in any order, as the slots do that hold them: the
 * last one of a widget gives it back. Then it is enabled as it was before the first, and has the keyboard focus again,
 * or that of its children which had it, unless somebody else in the window has it by then. The widget may die
 * meanwhile.
 *
 * Whoever calls setEnabled(true) meanwhile takes the widget over: it is usable at once, and stays as they leave it. A
 * setEnabled(false) meanwhile changes nothing, and so is forgotten: Qt tells nobody of it.
 *
 * The wait cursor is the application's override cursor (Qt shows no cursor of a disabled widget's own), one for all
 * guards, and only over busy widgets: other windows keep theirs. Who sets an override cursor meanwhile must restore it.
 */

namespace interloop {

class BusyState;

class BusyGuard final
{
public:
    explicit BusyGuard(QWidget *widget); // nullptr: guards nothing. On the application's thread
    ~BusyGuard();
    BusyGuard(const BusyGuard &) = delete;
    BusyGuard &operator=(const BusyGuard &) = delete;

private:
    QPointer<BusyState> m_state; // owned by the widget; null: it is dead, or there was none
};

} // namespace interloop
