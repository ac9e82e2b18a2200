// SPDX-License-Identifier: MIT
#pragma once

#include <demo/threads/crossings.h>

#include <QList>
#include <QTimer>
#include <QWidget>

QT_BEGIN_NAMESPACE
class QLabel;
class QListWidget;
QT_END_NAMESPACE

class PostStrip;

/*
 * The posts between two threads, as they are written down: a list with the newest last, and figures. Feeds a picture.
 */

class PostLog final : public QWidget
{
    Q_OBJECT

public:
    PostLog(std::shared_ptr<Crossings> crossings, PostStrip &strip); // which must live as long
    ~PostLog() override;

    int posts() const noexcept { return m_posts; } // that have arrived
    qint64 median() const; // of their latencies, of the newest few thousand, in ns
    qint64 worst() const noexcept { return m_worst; } // of all

private:
    // Posts of the same kind, one after the other: a line of the list.
    class Row
    {
    public:
        QString text() const;
        bool holds(const Crossing &crossing) const;
        bool isLike(const Crossing &crossing) const;

        Crossing newest;
        qint64 firstId = 0;
        int count = 0;
        int arrived = 0;
        qint64 latency = 0; // of the one that arrived last, in ns
        bool isShown = false; // as it is
    };

    void stayAtEnd();
    void takeNews();
    void takeDeparture(const Crossing &crossing);
    void takeArrival(const Crossing &crossing);
    void showRows();
    void showFigures();

    const std::shared_ptr<Crossings> m_crossings;
    QList<Row> m_rows; // as in the list
    std::vector<qint64> m_latencies; // a ring
    int m_posts = 0;
    qint64 m_worst = 0;
    bool m_isAtEnd = true; // the list is
    QTimer m_refresh; // while something is in sight, or on its way
    PostStrip &m_strip;
    QListWidget *m_list;
    QLabel *m_figures;
};

// "12 µs", "3.4 ms", "1.2 s"
QString durationText(qint64 nanoseconds);
