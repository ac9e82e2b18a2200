// SPDX-License-Identifier: MIT
#include <demo/parts/statusline.h>

#include <QAccessible>
#include <QHBoxLayout>
#include <QStyle>

StatusLine::StatusLine()
{
    m_text->setObjectName(QStringLiteral("status"));
    m_text->setAccessibleName(tr("Status"));
    m_text->setTextFormat(Qt::PlainText);
    m_text->setWordWrap(true);
    m_text->setMinimumHeight(2 * fontMetrics().lineSpacing());
    m_text->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_text->setFocusPolicy(Qt::NoFocus);
    auto *line = new QHBoxLayout(this);
    line->setContentsMargins(0, 0, 0, 0);
    line->addWidget(m_icon);
    line->addWidget(m_text, 1);
}

void StatusLine::showInfo(const QString &sentence)
{
    m_icon->setPixmap(style()->standardIcon(QStyle::SP_MessageBoxInformation).pixmap(fontMetrics().height()));
    m_text->setText(sentence);
    QAccessibleEvent event(m_text, QAccessible::Alert);
    QAccessible::updateAccessibility(&event);
}

void StatusLine::showError(const QString &sentence)
{
    showInfo(sentence);
    m_icon->setPixmap(style()->standardIcon(QStyle::SP_MessageBoxWarning).pixmap(fontMetrics().height()));
}
