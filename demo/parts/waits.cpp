// SPDX-License-Identifier: MIT
#include <demo/parts/waits.h>

#include <algorithm>
#include <atomic>

using namespace std::chrono_literals;

QString WaitInfo::text() const
{
    if (heldBack >= 0) {
        return Waits::tr("%1: done, but held back for %2 s by what waits above")
                .arg(title)
                .arg(double(heldBack) / 1000, 0, 'f', 1);
    }
    return detail.isEmpty() ? title : QStringLiteral("%1: %2").arg(title, detail);
}

Waits::Waits()
{
    connect(&m_refresh, &QTimer::timeout, this, &Waits::tell);
}

QList<WaitInfo> Waits::all() const
{
    QList<WaitInfo> infos;
    for (const Wait *wait : m_waits)
        infos << wait->info();
    return infos;
}

QString Waits::cancelNewest()
{
    return m_waits.isEmpty() ? QString() : cancel(m_waits.last()->m_id);
}

QString Waits::cancel(int id)
{
    const auto found = std::find_if(m_waits.begin(), m_waits.end(), [id](Wait *wait) { return wait->m_id == id; });
    return found != m_waits.end() && (*found)->cancel() ? (*found)->m_title : QString();
}

int Waits::cancelAll()
{
    return int(std::count_if(m_waits.rbegin(), m_waits.rend(), [](const Wait *wait) { return wait->cancel(); }));
}

void Waits::tell()
{
    if (m_waits.isEmpty())
        m_refresh.stop();
    else if (!m_refresh.isActive())
        m_refresh.start(50ms);
    Q_EMIT changed(all());
}

Wait::Wait(Waits &waits, const QString &title) : m_waits(waits), m_title(title)
{
    static std::atomic<int> last = 0;
    m_id = ++last;
    m_waits.m_waits.append(this);
    m_waits.m_deepest = std::max(m_waits.m_deepest, int(m_waits.m_waits.size()));
    m_waits.tell();
}

Wait::~Wait()
{
    m_waits.m_waits.removeOne(this);
    m_waits.tell();
}

WaitInfo Wait::info() const
{
    WaitInfo info;
    info.id = m_id;
    info.title = m_title;
    info.detail = QString::fromStdString(m_progress.text());
    info.minimum = m_progress.minimum();
    info.maximum = m_progress.maximum();
    info.value = m_progress.value();
    if (m_sinceEnd.isValid() && m_waits.m_waits.last() != this)
        info.heldBack = m_sinceEnd.elapsed();
    return info;
}

bool Wait::cancel() const
{
    return m_cancel && m_cancel();
}
