// SPDX-License-Identifier: MIT
#pragma once

#include <QObject>
#include <QPointer>
#include <QWidget>

/*
 * What the guards of one widget share: how many there are, and what the last one restores. A child of the widget's.
 */

namespace interloop {

class BusyState final : public QObject
{
    Q_OBJECT

public:
    static BusyState &of(QWidget &widget); // made when there is none

    explicit BusyState(QWidget &widget);
    ~BusyState() override;

    void begin(); // one guard more
    void end(); // one less; the last one deletes this

protected:
    bool eventFilter(QObject *watched, QEvent *event) override;

private:
    QWidget *focusToRestore() const;
    void restore();
    void setCursorOver(bool isOver);

    QWidget &m_widget;
    QPointer<QWidget> m_focus; // null: the focus was elsewhere, or what had it is dead
    int m_count = 0;
    bool m_wasEnabled = false; // by itself; its parents' state is theirs
    bool m_isTakenOver = false; // somebody has enabled it since
    bool m_hasCursor = false; // one of those whom the wait cursor is for
};

} // namespace interloop
