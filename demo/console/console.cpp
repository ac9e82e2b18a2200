// SPDX-License-Identifier: MIT
#include <demo/console/console.h>

#include <demo/console/command.h>
#include <demo/console/commandline.h>
#include <demo/console/commandtable.h>
#include <demo/console/commandtask.h>
#include <demo/console/transcript.h>
#include <demo/parts/errorsentence.h>

#include <interloop/interloop.h>

#include <QPointer>
#include <QPushButton>
#include <QShortcut>

using namespace std::chrono_literals;
using interloop::Outcome;

namespace {

// Of the wait that has just returned.
QString heldBack()
{
    const std::chrono::duration<double> time = interloop::Bridge::current().lastHeldBack();
    if (time < 50ms)
        return QString();
    return Console::tr(" (it ended %1 s before: waits on top of it had to end first)").arg(time.count(), 0, 'f', 1);
}

} // namespace

Console::Console(Waits &waits, const QString &firstUrl) : m_waits(waits), m_firstUrl(firstUrl)
{
    interloop::connect(
            input, &QLineEdit::returnPressed, this, [this] { enter(input->text().trimmed()); },
            interloop::Overlap::Parallel);
    connect(run, &QPushButton::clicked, input, &QLineEdit::returnPressed);
    connect(help, &QPushButton::clicked, this, [this] { enter(QStringLiteral("help")); });
    auto *clear = new QShortcut(Qt::CTRL | Qt::Key_L, this);
    clear->setContext(Qt::WidgetWithChildrenShortcut);
    connect(clear, &QShortcut::activated, output, &Transcript::clear);
}

QStringList Console::history() const
{
    return input->history();
}

void Console::setHistory(const QStringList &lines)
{
    input->setHistory(lines);
}

void Console::enter(const QString &line)
{
    if (line.isEmpty())
        return;
    const int number = ++m_count;
    setPrompt(number + 1);
    input->clear();
    input->remember(line);
    output->add(tr("In [%1]: ").arg(number), line);
    try {
        const Command command = Command::parse(line);
        if (infoOf(command.kind).answers == CommandInfo::Answers::Later)
            waitFor(number, command);
        else
            showAnswer(number, answer(command));
    } catch (const CommandError &) {
        showFailure(number, errorSentence(std::current_exception()));
    }
}

void Console::waitFor(int number, const Command &command)
{
    const QPointer<Console> self(this);
    const CommandContext context(m_waits, m_firstUrl, [self, number](const QString &lines) {
        if (self)
            self->print(number, lines);
    });
    Wait wait(m_waits, tr("In [%1]: %2").arg(number).arg(command.text));
    m_waiting.insert(number, wait.id());
    Q_EMIT said(tr("In [%1] waits, and its slot with it. The next command can be entered.").arg(number));
    const interloop::Result<QString> result = interloop::tryRunSync(wait.watch(commandTask(command, context)));
    if (!self)
        return;
    m_waiting.remove(number);
    if (result)
        showAnswer(number, result.value() + heldBack());
    else if (result.outcome() == Outcome::Cancelled)
        showFailure(number, tr("Cancelled."));
    else if (result.outcome() != Outcome::Quit)
        showFailure(number, errorSentence(result.error()));
}

QString Console::answer(const Command &command)
{
    switch (command.kind) {
    case Command::Kind::Tasks:
        return QString::fromStdString(interloop::dumpTasks()).trimmed();
    case Command::Kind::Cancel:
        return cancel(command.number);
    case Command::Kind::History:
        return history().join('\n');
    case Command::Kind::Clear:
        output->clear();
        return QString();
    case Command::Kind::Quit:
        QCoreApplication::quit();
        return QString();
    default:
        return command.arguments.isEmpty() ? helpOverview() : findCommand(command.arguments.first())->help();
    }
}

// Of the command with the number; 0: of the newest that waits.
QString Console::cancel(int number)
{
    if (m_waiting.isEmpty())
        throw CommandError(tr("cancel: no command waits"));
    const int which = number == 0 ? m_waiting.lastKey() : number;
    if (m_waits.cancel(m_waiting.value(which)).isEmpty())
        throw CommandError(tr("cancel: command %1 does not wait").arg(which));
    return tr("In [%1] is cancelled").arg(which);
}

// Lines of a command that goes on; whose they are, when there are several.
void Console::print(int number, const QString &lines)
{
    const QString label = m_waiting.size() > 1 ? tr("[%1] ").arg(number) : QString();
    output->add(label.leftJustified(tr("Out[%1]: ").arg(number).size()), lines);
}

void Console::showAnswer(int number, const QString &text)
{
    if (text.isEmpty())
        return;
    output->add(tr("Out[%1]: ").arg(number), text);
    Q_EMIT said(tr("Command %1 has ended.").arg(number));
}

void Console::showFailure(int number, const QString &sentence)
{
    output->add(tr("Error[%1]: ").arg(number), sentence, Transcript::Kind::Failure);
    Q_EMIT complained(sentence);
}
