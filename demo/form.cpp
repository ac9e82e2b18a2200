// SPDX-License-Identifier: MIT
#include "form.h"

#include <QAccessible>
#include <QFontDatabase>
#include <QStyle>
#include <QVBoxLayout>

Form::Form()
{
    setTexts();
    setKeyboard();
    arrange();
}

void Form::setTexts()
{
    setWindowTitle(tr("Interloop"));
    url->setPlaceholderText(tr("http://"));
    url->setClearButtonEnabled(true);
    timeout->setRange(1, 600);
    timeout->setSuffix(tr(" s"));
    timeout->setToolTip(tr("How long the server may be silent"));
    fetch->setText(tr("&Fetch"));
    fetch->setToolTip(tr("Gets the URL in a slot that blocks until the answer is there"));
    second->setText(tr("&Wait 3 s too"));
    second->setToolTip(tr("Starts another blocking wait, beside those that wait already"));
    cancel->setText(tr("&Cancel"));
    cancel->setToolTip(tr("Ends the newest wait (Esc)"));
    cancel->setEnabled(false);
    progress->setAccessibleName(tr("Progress of the fetch"));
    waits->setAccessibleName(tr("Waits, the newest first"));
    result->setAccessibleName(tr("Result"));
    status->setAccessibleName(tr("Status"));
}

void Form::setKeyboard()
{
    const QList<QWidget *> order = {url, timeout, fetch, second, cancel, waits, result};
    for (qsizetype i = 1; i < order.size(); ++i)
        setTabOrder(order[i - 1], order[i]);
    result->setReadOnly(true);
    result->setTabChangesFocus(true);
    result->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    url->setFocus();
}

void Form::arrange()
{
    auto *urlLabel = new QLabel(tr("&URL:"), this);
    urlLabel->setBuddy(url);
    auto *timeoutLabel = new QLabel(tr("&Timeout:"), this);
    timeoutLabel->setBuddy(timeout);
    auto *waitsLabel = new QLabel(tr("Wait&s, the newest first:"), this);
    waitsLabel->setBuddy(waits);
    auto *resultLabel = new QLabel(tr("&Result:"), this);
    resultLabel->setBuddy(result);

    auto *address = new QHBoxLayout;
    address->addWidget(urlLabel);
    address->addWidget(url, 1);
    address->addWidget(timeoutLabel);
    address->addWidget(timeout);

    auto *buttons = new QHBoxLayout;
    buttons->addWidget(fetch);
    buttons->addWidget(second);
    buttons->addWidget(cancel);
    buttons->addStretch();
    buttons->addWidget(depth);
    buttons->addWidget(spinner);

    waits->setFixedHeight(4 * fontMetrics().lineSpacing() + 4 * waits->frameWidth() + 8);
    result->setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
    result->setLineWrapMode(QPlainTextEdit::WidgetWidth);

    auto *all = new QVBoxLayout(this);
    all->addLayout(address);
    all->addLayout(buttons);
    all->addWidget(progress);
    all->addWidget(waitsLabel);
    all->addWidget(waits);
    all->addWidget(resultLabel);
    all->addWidget(result, 1);
    all->addLayout(statusLine());
    all->setSizeConstraint(QLayout::SetNoConstraint);
    setMinimumSize(all->minimumSize()); // once, whatever the status line says
    resize(76 * fontMetrics().averageCharWidth() + 120, 32 * fontMetrics().lineSpacing());
}

QBoxLayout *Form::statusLine()
{
    status->setTextFormat(Qt::PlainText);
    status->setWordWrap(true);
    status->setMinimumHeight(2 * fontMetrics().lineSpacing());
    status->setTextInteractionFlags(Qt::TextSelectableByMouse);
    status->setFocusPolicy(Qt::NoFocus);
    auto *line = new QHBoxLayout;
    line->addWidget(statusIcon);
    line->addWidget(status, 1);
    return line;
}

void Form::showInfo(const QString &sentence)
{
    statusIcon->setPixmap(style()->standardIcon(QStyle::SP_MessageBoxInformation).pixmap(fontMetrics().height()));
    status->setText(sentence);
    QAccessibleEvent event(status, QAccessible::Alert);
    QAccessible::updateAccessibility(&event);
}

void Form::showError(const QString &sentence)
{
    showInfo(sentence);
    statusIcon->setPixmap(style()->standardIcon(QStyle::SP_MessageBoxWarning).pixmap(fontMetrics().height()));
}

void Form::setAvailable(QPushButton *button, bool isAvailable, QPushButton *other)
{
    if (!isAvailable && button->hasFocus()) {
        other->setEnabled(true);
        other->setFocus();
    }
    button->setEnabled(isAvailable);
}
