// SPDX-License-Identifier: MIT
#include "waits.h"

#include <algorithm>

QString Waits::cancelNewest()
{
    if (m_waits.isEmpty() || !m_waits.last()->m_cancel)
        return QString();
    const Wait &newest = *m_waits.last();
    return newest.m_cancel() ? newest.m_title : QString();
}

Wait::Wait(Waits &waits, QString title) : m_waits(waits), m_title(std::move(title))
{
    m_waits.m_waits.append(this);
    m_waits.m_deepest = std::max(m_waits.m_deepest, int(m_waits.m_waits.size()));
    Q_EMIT m_waits.changed();
}

Wait::~Wait()
{
    m_waits.m_waits.removeOne(this);
    Q_EMIT m_waits.changed();
}

QString Wait::text() const
{
    if (m_sinceEnd.isValid() && m_waits.all().last() != this) {
        const double seconds = double(m_sinceEnd.elapsed()) / 1000;
        return Waits::tr("%1: done, but held back for %2 s by what waits above").arg(m_title).arg(seconds, 0, 'f', 1);
    }
    return m_detail.isEmpty() ? m_title : QStringLiteral("%1: %2").arg(m_title, m_detail);
}
