// SPDX-License-Identifier: MIT
#include <demo/console/consoleform.h>

#include <demo/console/commandline.h>
#include <demo/console/commandtable.h>
#include <demo/console/transcript.h>

#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

namespace {

QStringList commandNames()
{
    QStringList names;
    for (const CommandInfo &info : commandTable())
        names << QString::fromLatin1(info.name);
    return names;
}

} // namespace

ConsoleForm::ConsoleForm()
    : Page(QStringLiteral("console"), tr("&2 Console")), input(new CommandLine(commandNames())), output(new Transcript),
      run(new QPushButton), help(new QPushButton), m_intro(new QLabel), m_prompt(new QLabel)
{
    setTexts();
    arrange();
    setPrompt(1);
}

void ConsoleForm::setTexts()
{
    m_intro->setText(tr("&Each command blocks in the slot that Enter calls: runSync returns there when the command has "
                        "ended. Meanwhile the window lives, and you can enter the next one."));
    input->setObjectName(QStringLiteral("consoleInput"));
    input->setAccessibleName(tr("Command"));
    input->setPlaceholderText(tr("A command, for example: gather { sleep 2; fetch; run date }"));
    input->setToolTip(tr("Enter runs the command, Tab completes it, Up and Down bring back earlier ones"));
    output->setObjectName(QStringLiteral("consoleOutput"));
    output->setAccessibleName(tr("Output of the console"));
    output->setPlaceholderText(tr("Try, for example:\n\n"
                                  "    sleep 5\n"
                                  "    fetch        before the five seconds are over\n"
                                  "    tasks        what waits, and for what\n"
                                  "    help"));
    output->setToolTip(tr("What the commands say; Ctrl+L empties it"));
    run->setObjectName(QStringLiteral("consoleRun"));
    run->setText(tr("&Run"));
    run->setToolTip(tr("Runs the command, as Enter does"));
    help->setObjectName(QStringLiteral("consoleHelp"));
    help->setText(tr("Hel&p"));
    help->setToolTip(tr("Lists the commands"));
}

void ConsoleForm::arrange()
{
    m_intro->setWordWrap(true);
    m_intro->setBuddy(output);
    m_prompt->setBuddy(input);
    auto *line = new QHBoxLayout;
    line->addWidget(m_prompt);
    line->addWidget(input, 1);
    line->addWidget(run);
    line->addWidget(help);
    auto *all = new QVBoxLayout(this);
    all->addWidget(m_intro);
    all->addWidget(output, 1);
    all->addLayout(line);
    setTabOrder(output, input);
    setTabOrder(input, run);
    setTabOrder(run, help);
}

void ConsoleForm::setPrompt(int number)
{
    m_prompt->setText(tr("I&n [%1]:").arg(number));
}

QWidget *ConsoleForm::firstFocus()
{
    return input;
}
