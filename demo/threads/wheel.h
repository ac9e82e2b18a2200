// SPDX-License-Identifier: MIT
#pragma once

#include <QWidget>

/*
 * A wheel that somebody else's loop turns: it shows how far that has come, and stands still when that loop does.
 */

class Wheel final : public QWidget
{
public:
    Wheel();

    void setTurns(int turns);

    QSize sizeHint() const override { return QSize(32, 32); }

private:
    void paintEvent(QPaintEvent *event) override;

    int m_turns = 0; // of a hundred to go round once
};
