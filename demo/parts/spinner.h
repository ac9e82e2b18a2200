// SPDX-License-Identifier: MIT
#pragma once

#include <QElapsedTimer>
#include <QTimer>
#include <QWidget>

/*
 * A wheel that turns sixty times a second while Qt's event loop runs, and stutters when it does not. It measures
 * itself: how often it was painted, and the longest time between two paintings.
 */

class Spinner final : public QWidget
{
public:
    explicit Spinner(QWidget *parent = nullptr);

    QSize sizeHint() const override { return QSize(32, 32); }

    int frames() const noexcept { return m_frames; }
    double longestGap() const noexcept { return double(m_longestGap) / 1e6; } // in ms
    double elapsed() const { return double(m_total.nsecsElapsed()) / 1e6; } // in ms, since restart()
    void restart(); // begins to measure anew

private:
    void paintEvent(QPaintEvent *event) override;

    QTimer m_timer;
    QElapsedTimer m_clock; // since it began to turn
    QElapsedTimer m_total;
    QElapsedTimer m_sincePainted;
    qint64 m_longestGap = 0; // in ns
    int m_frames = 0;
};
