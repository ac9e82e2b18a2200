// SPDX-License-Identifier: MIT
#include <demo/parts/spinner.h>

#include <QPainter>

#include <algorithm>

Spinner::Spinner(QWidget *parent) : QWidget(parent)
{
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    setAccessibleName(tr("Spinner"));
    setToolTip(tr("Turns at 60 frames a second; it would stutter if the event loop did"));
    m_clock.start();
    restart();
    m_timer.setTimerType(Qt::PreciseTimer);
    connect(&m_timer, &QTimer::timeout, this, [this] { update(); });
    m_timer.start(16);
}

void Spinner::restart()
{
    m_total.start();
    m_sincePainted.invalidate();
    m_longestGap = 0;
    m_frames = 0;
}

void Spinner::paintEvent(QPaintEvent *)
{
    if (m_sincePainted.isValid())
        m_longestGap = std::max(m_longestGap, m_sincePainted.nsecsElapsed());
    m_sincePainted.start();
    ++m_frames;

    constexpr int dots = 12;
    constexpr double turnsPerSecond = 0.8;
    const double size = std::min(width(), height());
    const double angle = 360 * turnsPerSecond * double(m_clock.nsecsElapsed()) / 1e9;
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.translate(width() / 2.0, height() / 2.0);
    painter.rotate(angle);
    painter.setPen(Qt::NoPen);
    for (int dot = 0; dot < dots; ++dot) {
        QColor colour = palette().color(QPalette::Highlight);
        colour.setAlphaF(float(dot + 1) / dots);
        painter.setBrush(colour);
        painter.drawEllipse(QPointF(0, -size * 0.4), size * 0.08, size * 0.08);
        painter.rotate(360.0 / dots);
    }
}
