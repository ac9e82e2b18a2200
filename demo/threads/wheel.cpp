// SPDX-License-Identifier: MIT
#include <demo/threads/wheel.h>

#include <QPainter>

#include <algorithm>

Wheel::Wheel()
{
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
}

void Wheel::setTurns(int turns)
{
    if (m_turns == turns)
        return;
    m_turns = turns;
    update();
}

void Wheel::paintEvent(QPaintEvent *)
{
    constexpr int spokes = 8;
    const double radius = std::min(width(), height()) * 0.44;
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.translate(width() / 2.0, height() / 2.0);
    painter.rotate(m_turns % 100 * 3.6);
    painter.setPen(QPen(palette().color(QPalette::Highlight), radius / 6));
    painter.drawEllipse(QPointF(0, 0), radius, radius);
    for (int spoke = 0; spoke < spokes; ++spoke) {
        painter.drawLine(QPointF(0, 0), QPointF(0, spoke == 0 ? -radius : -radius * 0.55));
        painter.rotate(360.0 / spokes);
    }
}
