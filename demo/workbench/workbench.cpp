// SPDX-License-Identifier: MIT
#include <demo/workbench/workbench.h>

#include <demo/parts/codeview.h>
#include <demo/workbench/actionrow.h>
#include <demo/workbench/resultview.h>
#include <demo/workbench/runner.h>

#include <QEvent>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSpinBox>
#include <QToolButton>

#include <algorithm>

Workbench::Workbench(const QString &pageName, const QString &title, const QString &prefix, const QString &firstUrl)
    : WorkbenchForm(pageName, title, prefix, firstUrl)
{
    for (int action = 0; action < rows.size(); ++action) {
        ActionRow *row = rows[action];
        connect(row->button, &QPushButton::clicked, this, [this, action] { press(action); });
        connect(row->cancel, &QToolButton::clicked, this, [this, row] {
            if (row->waitId != 0)
                Q_EMIT cancelRequested(row->waitId);
        });
        row->button->installEventFilter(this);
        if (row->argument)
            row->argument->installEventFilter(this);
    }
    showCode(Action::Fetch);
}

void Workbench::follow(const ActionRunner &runner, const Waits &waits)
{
    connect(&runner, &ActionRunner::started, this, &Workbench::actionStarted);
    connect(&runner, &ActionRunner::output, this, &Workbench::actionTold);
    connect(&runner, &ActionRunner::finished, this, &Workbench::actionFinished);
    connect(&runner, &ActionRunner::failed, this, &Workbench::actionFailed);
    connect(&runner, &ActionRunner::cancelled, this, &Workbench::actionCancelled);
    connect(&waits, &Waits::changed, this, &Workbench::showWaits);
}

void Workbench::press(int action)
{
    if (rows[action]->isRunning())
        return;
    showCode(action);
    m_shown = action;
    resultTitle->setText(tr("Resu&lt of %1:").arg(actions[action].title));
    result->showText(QString());
    rows[action]->begin();
    Q_EMIT said(tr("%1: the slot of the button blocks until the result is there.").arg(actions[action].title));
    Q_EMIT requested(action, inputsOf(action));
}

QString Workbench::inputsOf(int action) const
{
    const auto argument = [this](int of) { return rows[of]->argument->text(); };
    if (action == Action::Fetch)
        return argument(Action::Fetch) + '\n' + QString::number(timeout->value());
    if (action == Action::Gather)
        return QStringList{argument(Action::Fetch), argument(Action::Resolve), argument(Action::Hash),
                           argument(Action::Run)}
                .join('\n');
    if (action == Action::Race)
        return argument(Action::Race) + '\n' + argument(Action::Fetch);
    return argument(action);
}

void Workbench::showCode(int action)
{
    codeTitle->setText(tr("The code th&at runs for %1:").arg(actions[action].title));
    code->showCode(actions[action].code());
}

void Workbench::actionStarted(int action, int waitId)
{
    rows[action]->waitId = waitId;
}

void Workbench::actionTold(int action, const QString &text)
{
    rows[action]->output += text;
    if (action == m_shown)
        result->addText(text);
}

void Workbench::actionFinished(int action, const QString &text)
{
    rows[action]->end(ActionRow::End::Finished, text);
    showResult(action, text);
    Q_EMIT said(text.section('\n', 0, 0));
}

void Workbench::actionFailed(int action, const QString &sentence)
{
    rows[action]->end(ActionRow::End::Failed, sentence);
    showResult(action, sentence);
    Q_EMIT complained(sentence.section('\n', 0, 0));
}

void Workbench::actionCancelled(int action)
{
    const QString sentence = tr("Cancelled: %1.").arg(actions[action].title);
    rows[action]->end(ActionRow::End::Cancelled, sentence);
    showResult(action, sentence);
    Q_EMIT said(sentence);
}

// Behind the output that has come, if any.
void Workbench::showResult(int action, const QString &text)
{
    const QString &output = rows[action]->output;
    const QString end = output.isEmpty() || output.endsWith('\n') ? text : '\n' + text;
    if (action == m_shown && !output.isEmpty())
        result->addText(end);
    else
        result->showText(output + end);
    m_shown = action;
    resultTitle->setText(tr("Resu&lt of %1:").arg(actions[action].title));
}

void Workbench::showWaits(const QList<WaitInfo> &waits)
{
    for (ActionRow *row : rows) {
        const auto isOurs = [row](const WaitInfo &wait) { return wait.id == row->waitId; };
        const auto found = std::find_if(waits.begin(), waits.end(), isOurs);
        if (row->isRunning() && found != waits.end())
            row->showProgress(*found);
    }
}

// The code is that of the action which was touched last.
bool Workbench::eventFilter(QObject *watched, QEvent *event)
{
    if (event->type() == QEvent::FocusIn || event->type() == QEvent::Enter) {
        for (int action = 0; action < rows.size(); ++action) {
            if (watched == rows[action]->button || watched == rows[action]->argument)
                showCode(action);
        }
    }
    return Page::eventFilter(watched, event);
}
