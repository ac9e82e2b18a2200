// SPDX-License-Identifier: MIT
#pragma once

#include <QLabel>

/*
 * A line of text that is cut off with dots where there is no room; its tool tip has all of it, and so has text().
 */

class ElidedLabel final : public QLabel
{
public:
    explicit ElidedLabel(QWidget *parent = nullptr);

    enum class Tone { Plain, Bad };

    void showText(const QString &text, Tone tone = Tone::Plain); // its first line; the tool tip has 20

private:
    void paintEvent(QPaintEvent *event) override;

    Tone m_tone = Tone::Plain;
};
