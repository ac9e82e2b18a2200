// SPDX-License-Identifier: MIT
#include <demo/workbench/elidedlabel.h>

#include <demo/parts/colours.h>

#include <QPainter>

ElidedLabel::ElidedLabel(QWidget *parent) : QLabel(parent)
{
    setTextFormat(Qt::PlainText);
    setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
}

void ElidedLabel::showText(const QString &text, Tone tone)
{
    m_tone = tone;
    const QString line = text.section('\n', 0, 0);
    if (line != QLabel::text())
        setText(line);
    setToolTip(text.section('\n', 0, 19).left(2000));
}

void ElidedLabel::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.setPen(m_tone == Tone::Bad ? Colours::of(Colours::Role::Bad, palette())
                                       : palette().color(foregroundRole()));
    painter.drawText(rect(), Qt::AlignLeft | Qt::AlignVCenter | Qt::TextSingleLine,
                     fontMetrics().elidedText(text(), Qt::ElideRight, width()));
}
