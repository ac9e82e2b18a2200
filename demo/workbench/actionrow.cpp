// SPDX-License-Identifier: MIT
#include <demo/workbench/actionrow.h>

#include <demo/parts/waits.h>
#include <demo/workbench/elidedlabel.h>

#include <QLineEdit>
#include <QProgressBar>
#include <QPushButton>
#include <QToolButton>

ActionRow::ActionRow(const Action &action, const QString &name, const QString &cancelName, QWidget *page)
    : QObject(page), button(new QPushButton(action.text, page)),
      argument(action.argumentTip.isEmpty() ? nullptr : new QLineEdit(action.defaultArgument, page)),
      progress(new QProgressBar(page)), cancel(new QToolButton(page)), note(new ElidedLabel(page))
{
    button->setObjectName(name);
    button->setToolTip(action.tip);
    if (argument) {
        argument->setObjectName(name + QStringLiteral("Argument"));
        argument->setToolTip(action.argumentTip);
        argument->setAccessibleName(action.argumentTip);
        argument->setCursorPosition(0);
        connect(argument, &QLineEdit::returnPressed, button, &QPushButton::click);
    }
    progress->setObjectName(name + QStringLiteral("Progress"));
    progress->setAccessibleName(Action::tr("Progress of %1").arg(action.title));
    progress->setTextVisible(false);
    progress->setRange(0, 1);
    cancel->setObjectName(cancelName);
    cancel->setText(QStringLiteral("\u2715")); // a cross
    cancel->setToolTip(Action::tr("Cancels %1 (Esc cancels the newest wait)").arg(action.title));
    cancel->setAccessibleName(Action::tr("Cancel %1").arg(action.title));
    cancel->setFocusPolicy(Qt::StrongFocus);
    cancel->setEnabled(false);
    note->setObjectName(name + QStringLiteral("Note"));
}

void ActionRow::begin()
{
    m_isRunning = true;
    waitId = 0;
    output.clear();
    const bool hadFocus = button->hasFocus();
    cancel->setEnabled(true);
    if (hadFocus)
        cancel->setFocus(); // else it would go wherever the tab order leads
    button->setEnabled(false);
    progress->setRange(0, 0);
    note->showText(Action::tr("The slot of this button waits."));
}

void ActionRow::showProgress(const WaitInfo &wait)
{
    progress->setRange(wait.minimum, wait.maximum); // from 0 to 0: something goes on
    if (wait.maximum > wait.minimum)
        progress->setValue(wait.value);
    if (wait.heldBack >= 0)
        note->showText(wait.text());
    else if (!wait.detail.isEmpty())
        note->showText(wait.detail);
}

void ActionRow::end(End how, const QString &text)
{
    m_isRunning = false;
    waitId = 0;
    const bool hadFocus = cancel->hasFocus();
    button->setEnabled(true);
    if (hadFocus)
        button->setFocus();
    cancel->setEnabled(false);
    progress->setRange(0, 1);
    progress->setValue(how == End::Finished ? 1 : 0);
    note->showText(text, how == End::Failed ? ElidedLabel::Tone::Bad : ElidedLabel::Tone::Plain);
}
