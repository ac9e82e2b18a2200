// SPDX-License-Identifier: MIT
#pragma once

#include <demo/threads/crossings.h>

#include <QWidget>

#include <deque>

/*
 * The posts of the last seconds as arrows between two lines, one for each thread, from left to right as time goes by. An
 * upright arrow was quick; a slanted one had to wait for a thread that did not look.
 */

class PostStrip final : public QWidget
{
    Q_OBJECT

public:
    PostStrip();

    void add(const Crossing &crossing); // it departed, or arrived
    bool isMoving() const noexcept { return !m_crossings.empty(); } // something is in sight
    void moveOn(); // time has passed

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

private:
    void paintEvent(QPaintEvent *event) override;

    std::deque<Crossing> m_crossings; // in sight, or on the way; in the order of their ids
};
