// SPDX-License-Identifier: MIT
#include <demo/threads/poststrip.h>

#include <QPainter>

#include <algorithm>
#include <array>
#include <cmath>

namespace {

constexpr double span = 4e9; // in ns, from the left to the right
constexpr std::size_t most = 4000;
constexpr double leastGap = 3; // in pixels, between arrows
constexpr double leastSlant = 8;

void drawHead(QPainter &painter, const QPointF &tip, double height)
{
    const std::array<QPointF, 3> corners = {tip, tip + QPointF(-height / 2, height), tip + QPointF(height / 2, height)};
    painter.setBrush(painter.pen().color());
    painter.drawConvexPolygon(corners.data(), int(corners.size()));
}

} // namespace

PostStrip::PostStrip()
{
    setObjectName(QStringLiteral("postStrip"));
    setAccessibleName(tr("Posts of the last four seconds"));
    setToolTip(tr("Posts of the last four seconds, as arrows from thread to thread. An upright arrow was quick; a slanted "
                  "one had to wait for a thread that was blocked."));
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

QSize PostStrip::sizeHint() const
{
    return QSize(40 * fontMetrics().averageCharWidth(), 4 * fontMetrics().height());
}

QSize PostStrip::minimumSizeHint() const
{
    return sizeHint();
}

void PostStrip::add(const Crossing &crossing)
{
    const auto at = std::lower_bound(m_crossings.begin(), m_crossings.end(), crossing.id,
                                     [](const Crossing &each, qint64 id) { return each.id < id; });
    if (at == m_crossings.end() && !crossing.hasRun())
        m_crossings.push_back(crossing);
    else if (at != m_crossings.end() && at->id == crossing.id)
        *at = crossing;
    if (m_crossings.size() > most)
        m_crossings.pop_front();
}

void PostStrip::moveOn()
{
    const qint64 left = Crossings::now() - qint64(span);
    const auto isGone = [left](const Crossing &crossing) { return crossing.hasRun() && crossing.ran < left; };
    std::erase_if(m_crossings, isGone);
    update();
}

void PostStrip::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const QFontMetrics metrics = fontMetrics();
    const std::array<QString, 2> names = {tr("this window"), tr("the other thread")};
    const int nameWidth = std::max(metrics.horizontalAdvance(names[0]), metrics.horizontalAdvance(names[1]));
    const double begin = nameWidth + metrics.averageCharWidth();
    const double end = width() - 1.0;
    const std::array<double, 2> lanes = {metrics.height() / 2.0, height() - metrics.height() / 2.0};

    painter.setPen(palette().color(QPalette::WindowText));
    for (std::size_t lane = 0; lane < lanes.size(); ++lane) {
        const QRectF place(0, lanes[lane] - metrics.height() / 2.0, nameWidth, metrics.height());
        painter.drawText(place, Qt::AlignRight | Qt::AlignVCenter, names[lane]);
        painter.drawLine(QPointF(begin, lanes[lane]), QPointF(end, lanes[lane]));
    }

    painter.setClipRect(QRectF(begin, 0, end - begin, height()));
    const qint64 now = Crossings::now();
    const auto place = [&](qint64 time) { return end - double(now - time) / span * (end - begin); };
    std::array<QLineF, 2> drawn; // the last of each direction
    for (const Crossing &crossing : m_crossings) {
        const bool isDown = crossing.direction == Crossing::Direction::ToWorker;
        const QPointF from(place(crossing.posted), lanes[isDown ? 0 : 1]);
        const QPointF to(crossing.hasRun() ? place(crossing.ran) : end, lanes[isDown ? 1 : 0]);
        QLineF &before = drawn[isDown ? 0 : 1];
        if (std::abs(before.x1() - from.x()) < leastGap && std::abs(before.x2() - to.x()) < leastSlant)
            continue; // nobody could tell the two apart, and there may be thousands
        before = QLineF(from, to);
        const bool isSlanted = std::abs(before.dx()) >= leastSlant;
        painter.setRenderHint(QPainter::Antialiasing, isSlanted); // it costs ten times as much
        const QColor colour = palette().color(isDown ? QPalette::Highlight : QPalette::WindowText);
        painter.setPen(QPen(colour, isSlanted ? 2 : 1, crossing.hasRun() ? Qt::SolidLine : Qt::DashLine));
        painter.drawLine(before);
        if (crossing.hasRun())
            drawHead(painter, to, isDown ? -metrics.height() / 4.0 : metrics.height() / 4.0);
    }
}
