// SPDX-License-Identifier: MIT
#include <demo/monitor/timeline.h>

#include <demo/monitor/words.h>
#include <demo/parts/colours.h>

#include <QLocale>
#include <QPaintEvent>
#include <QPainter>

#include <algorithm>
#include <array>
#include <cmath>

/*
 * What a timeline looks like.
 */

namespace {

// The time between two lines of the grid, at least `least`: 1, 2 or 5 of a power of ten.
double gridStep(double least)
{
    double step = std::pow(10, std::floor(std::log10(least)));
    for (const double factor : {2.0, 2.5, 2.0}) {
        if (step >= least)
            break;
        step *= factor;
    }
    return step;
}

} // namespace

// Draws bars, each only where no more important one has been drawn: what is narrower than a pixel shares one.
class Timeline::Bars
{
public:
    Bars(const Timeline &timeline, QPainter &painter, const QRect &area)
        : m_timeline(timeline), m_painter(painter), m_area(area), m_reached(timeline.m_lanes->all().size())
    {
        for (std::size_t i = 0; i < m_colours.size(); ++i)
            m_colours[i] = Colours::of(words::roleOf(Activity(i)), timeline.palette());
        m_text = timeline.palette().color(QPalette::Text);
    }

    // A bar that still grows is painted piece by piece: each piece shows more of the same letters.
    void draw(const Lane &lane, Activity activity, RecordedTime begin, RecordedTime end, const std::string &text,
              Qt::TextElideMode elision)
    {
        const int top = m_timeline.topOf(lane);
        if (top > m_area.bottom() || top + m_timeline.rowHeight() < m_area.top())
            return;
        const int left = std::max(m_timeline.pixelAt(begin), m_area.left() - 1);
        const int right = std::min(std::max(m_timeline.pixelAt(end), left + 1), m_area.right() + 2);
        if (left > m_area.right() || right < m_area.left())
            return;
        Reached &reached = m_reached[std::size_t(lane.index)];
        if (right <= reached.right && importance(activity) <= reached.importance)
            return;
        reached = Reached{right, importance(activity)};

        const int height = m_timeline.rowHeight() - 3;
        const int thickness = thicknessOf(activity, height);
        const QRect bar(left, top + 1 + height - thickness, right - left, thickness);
        const QColor &colour = m_colours[std::size_t(activity)];
        if (activity == Activity::Created && bar.width() > 2) {
            m_painter.setPen(colour);
            m_painter.drawRect(bar.adjusted(0, 0, -1, -1));
        } else {
            m_painter.fillRect(bar, colour);
        }
        const int width = m_timeline.m_textWidth;
        if (!text.empty() && thickness * 2 < height && m_timeline.xAt(end) - m_timeline.xAt(begin) >= width)
            drawText(QRect(QPoint(m_timeline.pixelAt(begin), top), QPoint(m_timeline.pixelAt(end), bar.top() - 1)),
                     text, elision);
    }

private:
    struct Reached
    {
        int right = -1;
        int importance = -1;
    };

    static int importance(Activity activity)
    {
        constexpr int order[] = {1, 3, 5, 0, 2, 2, 4}; // as Activity
        return order[std::size_t(activity)];
    }

    static int thicknessOf(Activity activity, int height)
    {
        switch (activity) {
        case Activity::Running:
        case Activity::HeldBack:
            return height;
        case Activity::Created:
        case Activity::Ready:
            return height * 6 / 10;
        case Activity::Waiting:
            break;
        case Activity::Nested:
        case Activity::Parked:
            return std::max(4, height * 3 / 10);
        }
        return std::max(2, height / 6);
    }

    void drawText(QRect place, const std::string &text, Qt::TextElideMode elision)
    {
        place.setLeft(std::max(place.left(), m_timeline.nameWidth()) + 2);
        place.setRight(std::min(place.right(), m_timeline.viewport()->width()));
        if (place.width() < m_timeline.m_textWidth / 2)
            return;
        m_painter.setPen(m_text);
        const QString shown =
                m_painter.fontMetrics().elidedText(QString::fromStdString(text), elision, place.width());
        m_painter.drawText(place, Qt::AlignLeft | Qt::AlignVCenter, shown);
    }

    const Timeline &m_timeline;
    QPainter &m_painter;
    QRect m_area;
    std::vector<Reached> m_reached; // for each lane
    std::array<QColor, 7> m_colours;
    QColor m_text;
};

void Timeline::paintEvent(QPaintEvent *event)
{
    QPainter painter(viewport());
    const QRect area = event->rect();
    painter.fillRect(area, palette().base());
    if (!m_lanes) {
        painter.setPen(palette().color(QPalette::Text));
        painter.drawText(viewport()->rect(), Qt::AlignCenter, tr("Nothing is recorded."));
        return;
    }
    if (const Lane *lane = m_lanes->bySerial(m_selected))
        painter.fillRect(QRect(0, topOf(*lane), viewport()->width(), rowHeight()) & area,
                         Colours::of(Colours::Role::Stripe, palette()));
    const QRect barArea = area & QRect(nameWidth(), 0, viewport()->width(), viewport()->height());
    if (!barArea.isEmpty()) {
        painter.setClipRect(barArea);
        paintAxis(painter, barArea);
        painter.setClipRect(barArea & viewport()->rect().adjusted(0, axisHeight(), 0, 0));
        Bars bars(*this, painter, barArea);
        const std::deque<Span> &spans = m_lanes->spans();
        const auto first = std::lower_bound(spans.begin(), spans.end(), timeAt(barArea.left() - 1),
                                            [](const Span &span, RecordedTime time) { return span.end < time; });
        for (auto span = first; span != spans.end(); ++span) {
            if (const Lanes::Entry *entry = m_lanes->find(span->track); entry && entry->lane)
                bars.draw(*entry->lane, span->activity, span->begin, span->end, span->text, Qt::ElideRight);
        }
        for (const auto &[id, entry] : m_lanes->tracks()) {
            if (entry.track.isAlive() && entry.lane)
                bars.draw(*entry.lane, entry.track.activity, entry.track.since, m_now, entry.track.text,
                          Qt::ElideNone);
        }
        painter.fillRect(pixelAt(m_now) + 1, axisHeight(), 1, viewport()->height(),
                         Colours::of(Colours::Role::Faint, palette()));
    }
    if (area.left() < nameWidth()) {
        painter.setClipRect(area & QRect(0, 0, nameWidth(), viewport()->height()));
        paintNames(painter, area);
    }
    if (hasFocus()) {
        painter.setClipRect(area);
        painter.setPen(palette().color(QPalette::Highlight));
        painter.drawRect(viewport()->rect().adjusted(0, 0, -1, -1));
    }
}

void Timeline::paintAxis(QPainter &painter, const QRect &area)
{
    const QColor grid = Colours::of(Colours::Role::Grid, palette());
    const double step = gridStep(m_scale * 9 * fontMetrics().averageCharWidth()); // nanoseconds
    const RecordedTime origin = m_lanes->recording().begin();
    const double labelWidth = step / m_scale;
    const double first = std::floor(double((timeAt(area.left() - labelWidth) - origin).count()) / step);
    const int decimals = std::max(0, int(std::ceil(9 - std::log10(step) - 0.01)));
    for (double mark = first;; ++mark) {
        const int x = pixelAt(origin + nanosecondsOf(mark * step));
        if (x > area.right())
            break;
        painter.fillRect(x, 0, 1, viewport()->height(), grid);
        painter.setPen(Colours::of(Colours::Role::Faint, palette()));
        if (mark >= 0)
            painter.drawText(QRect(x + 3, 0, int(labelWidth) - 3, axisHeight()), Qt::AlignLeft | Qt::AlignVCenter,
                             tr("%1 s").arg(locale().toString(mark * step / 1e9, 'f', decimals)));
    }
    painter.fillRect(area.left(), axisHeight() - 1, area.width(), 1, grid);
}

void Timeline::paintNames(QPainter &painter, const QRect &area)
{
    const QColor grid = Colours::of(Colours::Role::Grid, palette());
    const int space = fontMetrics().averageCharWidth();
    for (const auto &lane : m_lanes->all()) {
        const int top = topOf(*lane);
        const Lanes::Entry *newest = m_lanes->find(lane->newest);
        if (!newest || top > area.bottom() || top + rowHeight() < std::max(area.top(), axisHeight()))
            continue;
        painter.setPen(newest->track.isAlive() ? palette().color(QPalette::Text)
                                               : Colours::of(Colours::Role::Faint, palette()));
        const int left = space + 2 * space * std::min(lane->indent, 6);
        const QRect place(left, top, nameWidth() - left - space, rowHeight());
        painter.drawText(place, Qt::AlignLeft | Qt::AlignVCenter,
                         fontMetrics().elidedText(words::titleOf(newest->track), Qt::ElideMiddle, place.width()));
    }
    const QRect corner(0, 0, nameWidth(), axisHeight());
    painter.fillRect(corner, palette().base());
    painter.setPen(Colours::of(Colours::Role::Faint, palette()));
    QString title = m_isPaused ? tr("Paused") : tr("Tasks");
    if (const int more = m_lanes->aliveWithoutLane(); more > 0)
        title += tr("; not shown: %1").arg(locale().toString(more));
    painter.drawText(corner.adjusted(space, 0, 0, 0), Qt::AlignLeft | Qt::AlignVCenter, title);
    painter.fillRect(nameWidth() - 1, 0, 1, viewport()->height(), grid);
    painter.fillRect(0, axisHeight() - 1, nameWidth(), 1, grid);
}
