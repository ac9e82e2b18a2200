// SPDX-License-Identifier: MIT
#pragma once

#include <demo/inside/requestload.h>

#include <QWidget>

/*
 * A small square for each request of a load: hollow while it waits, full when it was served, crossed when it failed.
 * Says the same in words as its accessible description.
 */

class RequestStrip final : public QWidget
{
    Q_OBJECT

public:
    explicit RequestStrip(QWidget *parent = nullptr);

    void showFates(const QList<RequestLoad::Fate> &fates);

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

private:
    void paintEvent(QPaintEvent *event) override;
    int cellSize() const; // in pixels, with the space to the next; so that all have room

    QList<RequestLoad::Fate> m_fates;
};
