// SPDX-License-Identifier: MIT
#include <demo/parts/waitlist.h>

#include <QLabel>
#include <QVBoxLayout>

WaitList::WaitList(Waits &waits)
{
    auto *label = new QLabel(tr("&Waits, the newest first:"), this);
    label->setBuddy(m_list);
    m_list->setObjectName(QStringLiteral("waits"));
    m_list->setAccessibleName(tr("Waits, the newest first"));
    m_list->setToolTip(tr("Each line is a slot that blocks in runSync() at this moment"));
    m_cancel->setObjectName(QStringLiteral("cancel"));
    m_cancel->setText(tr("&Cancel newest"));
    m_cancel->setToolTip(tr("Ends the newest wait (Esc)"));

    auto *all = new QVBoxLayout(this);
    all->setContentsMargins(0, 0, 0, 0);
    all->addWidget(label);
    all->addWidget(m_list, 1);
    all->addWidget(m_cancel, 0, Qt::AlignLeft);

    connect(m_cancel, &QPushButton::clicked, this, &WaitList::cancelRequested);
    // Queued: a slot has left or parked by then.
    connect(&waits, &Waits::changed, this, &WaitList::show, Qt::QueuedConnection);
    show({});
}

void showWaits(QListWidget &list, const QList<WaitInfo> &waits, const QString &none)
{
    QStringList lines;
    for (const WaitInfo &wait : waits)
        lines.prepend(WaitList::tr("%1   %2").arg(lines.size() + 1).arg(wait.text()));
    if (lines.isEmpty())
        lines << none;
    while (list.count() > lines.size())
        delete list.takeItem(list.count() - 1);
    while (list.count() < lines.size())
        list.addItem(QString());
    for (int row = 0; row < list.count(); ++row)
        list.item(row)->setText(lines[row]);
}

void WaitList::show(const QList<WaitInfo> &waits)
{
    showWaits(*m_list, waits, tr("Nothing waits."));
    if (waits.isEmpty() && m_cancel->hasFocus())
        m_list->setFocus(); // a disabled button would lose it
    m_cancel->setEnabled(!waits.isEmpty());
}
