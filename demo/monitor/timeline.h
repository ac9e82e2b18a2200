// SPDX-License-Identifier: MIT
#pragma once

#include <demo/monitor/lanes.h>

#include <QAbstractScrollArea>

#include <chrono>
#include <optional>

/*
 * The tasks of a recording as bars on a time axis. It stands still and the present moves to the right; when that comes
 * to the edge, everything moves left at once. So a frame only draws what is new, and a bar can be pointed at.
 *
 * Keys: Space stops and goes on, + and - zoom, Left and Right scroll, End is the present, Up and Down select a task.
 */

class Timeline final : public QAbstractScrollArea
{
    Q_OBJECT

public:
    explicit Timeline(QWidget *parent = nullptr);

    void setRecording(const std::shared_ptr<const Recording> &recording); // null: nothing is shown

    bool isPaused() const noexcept { return m_isPaused; }
    void setPaused(bool paused);
    void zoomIn();
    void zoomOut();
    std::chrono::nanoseconds span() const; // that the width shows

    // Takes over what is new and draws it; does nothing while it is paused.
    void refresh();

    // What is pointed at, or else selected; empty when that is nothing.
    QString detail() const;

    // The same as seen at a place of the viewport.
    QString detailAt(const QPoint &position) const;

    // What can be seen, in a sentence.
    QString summary() const;

Q_SIGNALS:
    void pausedChanged(bool paused);
    void detailChanged();

protected:
    void paintEvent(QPaintEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;
    void wheelEvent(QWheelEvent *event) override;
    void mouseMoveEvent(QMouseEvent *event) override;
    void mousePressEvent(QMouseEvent *event) override;
    void changeEvent(QEvent *event) override;
    void focusInEvent(QFocusEvent *event) override;
    void focusOutEvent(QFocusEvent *event) override;
    bool viewportEvent(QEvent *event) override;

private:
    class Bars; // draws them

    static std::chrono::nanoseconds nanosecondsOf(double value) { return std::chrono::nanoseconds(std::int64_t(value)); }

    void measureFont();
    int axisHeight() const { return m_axisHeight; }
    int rowHeight() const { return m_rowHeight; }
    int nameWidth() const { return m_nameWidth; }
    int topOf(const Lane &lane) const; // in the viewport
    double xAt(RecordedTime time) const;
    int pixelAt(RecordedTime time) const; // the same; of what is far away, something outside
    RecordedTime timeAt(double x) const;
    RecordedTime shownEnd() const { return timeAt(viewport()->width()); }

    void follow(); // the present is in sight, and stays so
    void zoomBy(double factor, double x); // what is at `x` stays there
    void scrollBy(double pixels);
    void select(int step);
    void updateRange();
    void updateAll();
    QRect placeOf(const Lane &lane, RecordedTime begin, RecordedTime end) const; // of a bar
    void addGrownTexts(QRegion &dirty, RecordedTime before) const;
    const Lane *laneAt(int y) const;
    QString describe(const Track &track, RecordedTime time) const;

    void paintAxis(QPainter &painter, const QRect &area);
    void paintNames(QPainter &painter, const QRect &area);

    std::optional<Lanes> m_lanes; // none: there is no recording
    RecordedTime m_left; // at the left edge of the bars
    RecordedTime m_now; // up to which everything is drawn
    double m_scale = 10e6; // nanoseconds for each pixel
    int m_textWidth = 0; // of the narrowest bar that has a text
    int m_axisHeight = 0;
    int m_rowHeight = 0;
    int m_nameWidth = 0;
    bool m_isPaused = false;
    bool m_isFollowing = true;
    std::uint64_t m_selected = 0; // serial of the lane; 0: none
    std::optional<QPoint> m_pointer;
};
