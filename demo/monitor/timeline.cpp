// SPDX-License-Identifier: MIT
#include <demo/monitor/timeline.h>

#include <QScrollBar>

#include <algorithm>

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

namespace {

constexpr double smallestScale = 1e3; // nanoseconds for each pixel
constexpr double greatestScale = 1e9;
constexpr double present = 0.7; // of the width: where the present is put when it comes to the edge

} // namespace

Timeline::Timeline(QWidget *parent) : QAbstractScrollArea(parent)
{
    setFocusPolicy(Qt::StrongFocus);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    viewport()->setMouseTracking(true);
    viewport()->setAttribute(Qt::WA_OpaquePaintEvent);
    m_left = m_now = std::chrono::steady_clock::now();
    measureFont();
    setMinimumHeight(axisHeight() + 4 * rowHeight());
}

void Timeline::setRecording(const std::shared_ptr<const Recording> &recording)
{
    m_lanes.reset();
    m_selected = 0;
    m_pointer.reset();
    if (recording) {
        m_lanes.emplace(recording);
        m_lanes->update();
    }
    m_isFollowing = true;
    m_now = std::chrono::steady_clock::now();
    m_left = m_now - nanosecondsOf(m_scale * 0.2 * (viewport()->width() - nameWidth()));
    updateRange();
    updateAll();
}

void Timeline::setPaused(bool paused)
{
    if (paused == m_isPaused)
        return;
    m_isPaused = paused;
    Q_EMIT pausedChanged(paused);
    refresh();
    updateAll();
}

nanoseconds Timeline::span() const
{
    return nanosecondsOf(m_scale * std::max(1, viewport()->width() - nameWidth()));
}

void Timeline::refresh()
{
    if (!m_lanes || m_isPaused)
        return;
    const Lanes::Change change = m_lanes->update();
    if (change == Lanes::Change::Nothing && m_lanes->alive() == 0)
        return;
    const RecordedTime before = std::exchange(m_now, std::chrono::steady_clock::now());
    if (change == Lanes::Change::Order)
        updateRange();
    if (m_isFollowing && m_now >= shownEnd()) {
        m_left = m_now - nanosecondsOf(double(span().count()) * present);
        updateAll();
        return;
    }
    if (change == Lanes::Change::Order) {
        updateAll();
        return;
    }
    const int from = std::max(pixelAt(before) - 1, nameWidth());
    const int to = pixelAt(m_now) + 3;
    QRegion dirty(from, 0, std::max(0, to - from), viewport()->height());
    addGrownTexts(dirty, before);
    viewport()->repaint(dirty & viewport()->rect()); // at once: another turn of the event loop would cost more than it
}

// A text is written when its bar is wide enough, grows with it, and is written anew when it is over.
void Timeline::addGrownTexts(QRegion &dirty, RecordedTime before) const
{
    for (const auto &[id, entry] : m_lanes->tracks()) {
        const Track &track = entry.track;
        if (!track.isAlive() || track.text.empty() || !entry.lane)
            continue;
        const double begin = xAt(track.since);
        if (xAt(m_now) - begin >= m_textWidth && xAt(before) - begin < m_textWidth)
            dirty += placeOf(*entry.lane, track.since, m_now);
    }
    const std::deque<Span> &spans = m_lanes->spans();
    const auto count = std::min(m_lanes->newSpans(), spans.size());
    for (auto span = spans.end() - std::ptrdiff_t(count); span != spans.end(); ++span) {
        const Lanes::Entry *entry = m_lanes->find(span->track);
        if (entry && entry->lane && !span->text.empty() && xAt(span->end) - xAt(span->begin) >= m_textWidth)
            dirty += placeOf(*entry->lane, span->begin, span->end);
    }
}

QRect Timeline::placeOf(const Lane &lane, RecordedTime begin, RecordedTime end) const
{
    const int left = std::max(pixelAt(begin), nameWidth());
    const int right = std::min(pixelAt(end) + 1, viewport()->width());
    return QRect(left, topOf(lane), std::max(0, right - left), rowHeight());
}

void Timeline::measureFont()
{
    const QFontMetrics metrics = fontMetrics();
    m_axisHeight = metrics.height() + 4;
    m_rowHeight = metrics.height() + 8;
    m_nameWidth = std::min(34 * metrics.averageCharWidth(), viewport()->width() / 3);
    m_textWidth = 8 * metrics.averageCharWidth();
}

int Timeline::topOf(const Lane &lane) const
{
    return axisHeight() + lane.index * rowHeight() - verticalScrollBar()->value();
}

double Timeline::xAt(RecordedTime time) const
{
    return nameWidth() + double((time - m_left).count()) / m_scale;
}

int Timeline::pixelAt(RecordedTime time) const
{
    return int(std::clamp(xAt(time), -1e6, 1e6));
}

RecordedTime Timeline::timeAt(double x) const
{
    return m_left + nanosecondsOf((x - nameWidth()) * m_scale);
}

void Timeline::zoomIn()
{
    zoomBy(0.5, m_isFollowing ? xAt(m_now) : viewport()->width() / 2);
}

void Timeline::zoomOut()
{
    zoomBy(2, m_isFollowing ? xAt(m_now) : viewport()->width() / 2);
}

void Timeline::zoomBy(double factor, double x)
{
    const double scale = std::clamp(m_scale * factor, smallestScale, greatestScale);
    const RecordedTime kept = timeAt(x);
    m_scale = scale;
    m_left = kept - nanosecondsOf((x - nameWidth()) * scale);
    updateAll();
}

void Timeline::scrollBy(double pixels)
{
    m_left += nanosecondsOf(pixels * m_scale);
    m_isFollowing = m_now >= m_left && m_now < shownEnd();
    updateAll();
}

void Timeline::follow()
{
    m_isFollowing = true;
    m_left = m_now - nanosecondsOf(double(span().count()) * present);
    updateAll();
}

void Timeline::select(int step)
{
    if (!m_lanes || m_lanes->all().empty())
        return;
    const auto &lanes = m_lanes->all();
    const Lane *lane = m_lanes->bySerial(m_selected);
    const int index = std::clamp(lane ? lane->index + step : 0, 0, int(lanes.size()) - 1);
    lane = lanes[std::size_t(index)].get();
    m_selected = lane->serial;
    m_pointer.reset();
    QScrollBar *bar = verticalScrollBar();
    const int top = lane->index * rowHeight();
    const int page = viewport()->height() - axisHeight();
    bar->setValue(std::clamp(bar->value(), top + rowHeight() - page, top));
    updateAll();
    Q_EMIT detailChanged();
}

void Timeline::updateRange()
{
    const int page = std::max(rowHeight(), viewport()->height() - axisHeight());
    const int total = m_lanes ? int(m_lanes->all().size()) * rowHeight() : 0;
    verticalScrollBar()->setPageStep(page);
    verticalScrollBar()->setSingleStep(rowHeight());
    verticalScrollBar()->setRange(0, std::max(0, total - page));
}

void Timeline::updateAll()
{
    viewport()->update();
}
