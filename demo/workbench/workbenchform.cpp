// SPDX-License-Identifier: MIT
#include <demo/workbench/workbenchform.h>

#include <demo/parts/codeview.h>
#include <demo/workbench/actionrow.h>
#include <demo/workbench/elidedlabel.h>
#include <demo/workbench/resultview.h>

#include <QGridLayout>
#include <QLabel>
#include <QLineEdit>
#include <QProgressBar>
#include <QPushButton>
#include <QScrollArea>
#include <QSpinBox>
#include <QSplitter>
#include <QToolButton>
#include <QVBoxLayout>

WorkbenchForm::WorkbenchForm(const QString &pageName, const QString &title, const QString &prefix,
                             const QString &firstUrl)
    : Page(pageName, title), actions(workbenchActions()), timeout(new QSpinBox(this)), codeTitle(new QLabel(this)),
      code(new CodeView(this)), resultTitle(new QLabel(this)), result(new ResultView(this)), m_prefix(prefix),
      m_introduction(new QLabel(this)), m_texts(new QWidget(this))
{
    m_introduction->setWordWrap(true);
    setIntroduction(
            tr("Each button's slot blocks: it calls runSync, as the code on the right does, and goes on when the "
               "result is there. Meanwhile the window stays alive: press several, type, cancel."));
    timeout->setObjectName(nameOf(QStringLiteral("timeout")));
    timeout->setRange(1, 600);
    timeout->setValue(5);
    timeout->setSuffix(tr(" s"));
    timeout->setToolTip(tr("How long the server may be silent before the fetch gives up"));
    timeout->setAccessibleName(tr("Timeout of the fetch"));
    code->setObjectName(nameOf(QStringLiteral("code")));
    codeTitle->setBuddy(code);
    result->setObjectName(nameOf(QStringLiteral("result")));
    result->setAccessibleName(tr("Result"));
    resultTitle->setText(tr("Resu&lt:"));
    resultTitle->setBuddy(result);
    makeRows(firstUrl);
    arrange();
    setOrder();
}

void WorkbenchForm::setIntroduction(const QString &sentence)
{
    m_introduction->setText(sentence);
}

void WorkbenchForm::setTimeout(int seconds)
{
    timeout->setValue(seconds);
}

void WorkbenchForm::hideTexts()
{
    m_texts->hide();
}

QWidget *WorkbenchForm::firstFocus()
{
    return rows.first()->button;
}

QString WorkbenchForm::nameOf(const QString &name) const
{
    return m_prefix.isEmpty() ? name : m_prefix + name.at(0).toUpper() + name.mid(1);
}

void WorkbenchForm::makeRows(const QString &firstUrl)
{
    actions[Action::Fetch].defaultArgument = firstUrl;
    for (int action = 0; action < actions.size(); ++action) {
        const QString name = actions[action].name;
        const QString cancelName = QStringLiteral("cancel") + name.at(0).toUpper() + name.mid(1);
        rows << new ActionRow(actions[action], nameOf(name), nameOf(cancelName), this);
    }
    rows[Action::Signal]->note->showText(tr("Send it: kill -USR1 %1").arg(QCoreApplication::applicationPid()));
}

void WorkbenchForm::arrange()
{
    auto *list = new QWidget(this);
    auto *grid = new QGridLayout(list);
    grid->setContentsMargins(0, 0, 0, 0);
    const int letter = fontMetrics().averageCharWidth();
    for (int i = 0; i < rows.size(); ++i) {
        ActionRow &row = *rows[i];
        grid->addWidget(row.button, i, 0);
        if (row.argument)
            grid->addWidget(row.argument, i, 1, 1, i == Action::Fetch || i == Action::Race ? 1 : 2);
        row.progress->setFixedWidth(10 * letter);
        row.progress->setMaximumHeight(fontMetrics().height());
        grid->addWidget(row.progress, i, 3);
        grid->addWidget(row.cancel, i, 4);
        grid->addWidget(row.note, i, 5);
    }
    grid->addWidget(timeout, Action::Fetch, 2);
    grid->addWidget(new QLabel(tr("The first four, all at once"), list), Action::Gather, 1, 1, 2);
    grid->addWidget(new QLabel(tr("seconds"), list), Action::Race, 2);
    grid->setColumnMinimumWidth(1, 16 * letter);
    grid->setColumnStretch(1, 3);
    grid->setColumnMinimumWidth(5, 12 * letter);
    grid->setColumnStretch(5, 4);
    grid->setRowStretch(int(rows.size()), 1);

    auto *scroll = new QScrollArea(this);
    scroll->setWidget(list);
    scroll->setWidgetResizable(true);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setFocusPolicy(Qt::NoFocus);

    auto *column = new QVBoxLayout(m_texts);
    column->setContentsMargins(0, 0, 0, 0);
    column->addWidget(codeTitle);
    column->addWidget(code, 5);
    column->addWidget(resultTitle);
    column->addWidget(result, 2);

    auto *halves = new QSplitter(this);
    halves->setObjectName(nameOf(QStringLiteral("halves")));
    halves->addWidget(scroll);
    halves->addWidget(m_texts);
    halves->setSizes({width(), width()}); // as much for each
    halves->setStretchFactor(0, 1);
    halves->setStretchFactor(1, 1);
    halves->setChildrenCollapsible(false);

    auto *all = new QVBoxLayout(this);
    all->addWidget(m_introduction);
    all->addWidget(halves, 1);
}

void WorkbenchForm::setOrder()
{
    QList<QWidget *> order;
    for (int i = 0; i < rows.size(); ++i) {
        order << rows[i]->button;
        if (rows[i]->argument)
            order << rows[i]->argument;
        if (i == Action::Fetch)
            order << timeout;
        order << rows[i]->cancel;
    }
    order << code << result;
    for (qsizetype i = 1; i < order.size(); ++i)
        setTabOrder(order[i - 1], order[i]);
}
