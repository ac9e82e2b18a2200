// SPDX-License-Identifier: MIT
#include <demo/inside/requeststrip.h>

#include <demo/parts/colours.h>

#include <QPainter>

#include <algorithm>

using Fate = RequestLoad::Fate;

namespace {

Colours::Role roleOf(Fate fate)
{
    if (fate == Fate::Waiting)
        return Colours::Role::Faint;
    return fate == Fate::Served ? Colours::Role::Good : Colours::Role::Bad;
}

} // namespace

RequestStrip::RequestStrip(QWidget *parent) : QWidget(parent)
{
    setAccessibleName(tr("Requests of the last load"));
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
    showFates({});
}

void RequestStrip::showFates(const QList<Fate> &fates)
{
    m_fates = fates;
    const QString words = tr("%1 requests: %2 waiting, %3 served, %4 failed")
                                  .arg(fates.size())
                                  .arg(fates.count(Fate::Waiting))
                                  .arg(fates.count(Fate::Served))
                                  .arg(fates.count(Fate::Failed));
    setAccessibleDescription(words);
    setToolTip(tr("Hollow: waits. Full: served. Crossed: failed.") + '\n' + words);
    update();
}

QSize RequestStrip::sizeHint() const
{
    return QSize(25 * fontMetrics().lineSpacing(), 3 * fontMetrics().lineSpacing());
}

QSize RequestStrip::minimumSizeHint() const
{
    return QSize(12 * fontMetrics().lineSpacing(), 2 * fontMetrics().lineSpacing());
}

int RequestStrip::cellSize() const
{
    int size = 2 * fontMetrics().lineSpacing();
    while (size > 4 && (width() / size) * (height() / size) < m_fates.size())
        --size;
    return size;
}

void RequestStrip::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    const int size = cellSize();
    const int columns = std::max(width() / size, 1);
    for (int i = 0; i < m_fates.size(); ++i) {
        const qreal gap = size / 8.0;
        const QRectF square((i % columns) * size, (i / columns) * size, size, size);
        const QRectF cell = square.adjusted(gap, gap, -gap, -gap);
        const QColor colour = Colours::of(roleOf(m_fates[i]), palette());
        painter.setPen(QPen(colour, size / 12.0));
        painter.setBrush(m_fates[i] == Fate::Served ? QBrush(colour) : QBrush(Qt::NoBrush));
        if (m_fates[i] == Fate::Failed) {
            painter.drawLine(cell.topLeft(), cell.bottomRight());
            painter.drawLine(cell.topRight(), cell.bottomLeft());
        }
        painter.drawRect(cell);
    }
}
