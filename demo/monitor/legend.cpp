// SPDX-License-Identifier: MIT
#include <demo/monitor/legend.h>

#include <demo/monitor/timeline.h>
#include <demo/monitor/words.h>

#include <QPainter>

#include <algorithm>

namespace {

constexpr int count = 7; // of activities

} // namespace

Legend::Legend(QWidget *parent) : QWidget(parent)
{
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    QStringList names;
    for (int i = 0; i < count; ++i)
        names += words::nameOf(Activity(i));
    setAccessibleName(Timeline::tr("Colours of the bars"));
    setAccessibleDescription(names.join(QLatin1String(", ")));
}

void Legend::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    place(&painter, width());
}

QSize Legend::place(QPainter *painter, int width) const
{
    const int line = fontMetrics().height() + 2;
    const int mark = fontMetrics().ascent();
    QPoint at(0, 0);
    int widest = 0;
    for (int i = 0; i < count; ++i) {
        const QString name = words::nameOf(Activity(i));
        const int advance = mark + 4 + fontMetrics().horizontalAdvance(name);
        if (at.x() > 0 && at.x() + advance > width)
            at = QPoint(0, at.y() + line);
        if (painter) {
            painter->fillRect(QRect(at.x(), at.y() + (line - mark) / 2, mark, mark),
                              Colours::of(words::roleOf(Activity(i)), palette()));
            painter->drawText(QRect(at.x() + mark + 4, at.y(), advance, line), Qt::AlignLeft | Qt::AlignVCenter, name);
        }
        widest = std::max(widest, at.x() + advance);
        at.rx() += advance + 2 * fontMetrics().averageCharWidth();
    }
    return QSize(widest, at.y() + line);
}
