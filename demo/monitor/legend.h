// SPDX-License-Identifier: MIT
#pragma once

#include <QWidget>

/*
 * Which colour of a timeline's bars is what, in as many lines as its width asks for.
 */

class Legend final : public QWidget
{
public:
    explicit Legend(QWidget *parent);

    QSize sizeHint() const override { return place(nullptr, 100000); }
    QSize minimumSizeHint() const override { return QSize(10 * fontMetrics().averageCharWidth(), sizeHint().height()); }
    bool hasHeightForWidth() const override { return true; }
    int heightForWidth(int width) const override { return place(nullptr, width).height(); }

private:
    void paintEvent(QPaintEvent *event) override;
    void resizeEvent(QResizeEvent *) override { setMinimumHeight(heightForWidth(width())); }

    // Paints it for that width; `painter`: nullptr only measures. Returns the size.
    QSize place(QPainter *painter, int width) const;
};
