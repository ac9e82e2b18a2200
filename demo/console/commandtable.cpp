// SPDX-License-Identifier: MIT
#include <demo/console/commandtable.h>

#include <algorithm>
#include <iterator>
#include <limits>

namespace {

using Kind = Command::Kind;
using Answers = CommandInfo::Answers;

constexpr int anyNumber = std::numeric_limits<int>::max();

// Usage, needs, brief and details are translated where they are shown.
constexpr CommandInfo table[] = {
        {Kind::Sleep, "sleep", Answers::Later, 1, 1, QT_TRANSLATE_NOOP("Command", "sleep SECONDS"),
         QT_TRANSLATE_NOOP("Command", "a number of seconds from 0 to 86400"),
         QT_TRANSLATE_NOOP("Command", "waits for so long"), QT_TRANSLATE_NOOP("Command", "Example: sleep 2.5")},
        {Kind::Fetch, "fetch", Answers::Later, 0, 1, QT_TRANSLATE_NOOP("Command", "fetch [ADDRESS]"),
         QT_TRANSLATE_NOOP("Command", "an address that begins with http:// or https://"),
         QT_TRANSLATE_NOOP("Command", "gets a page"),
         QT_TRANSLATE_NOOP(
                 "Command",
                 "An address that begins with / is one of the demo's own server: fetch / lists its pages. Without an "
                 "address: a page that takes three seconds.\nExample: fetch /slow?ms=500")},
        {Kind::Resolve, "resolve", Answers::Later, 1, 1, QT_TRANSLATE_NOOP("Command", "resolve NAME"),
         QT_TRANSLATE_NOOP("Command", "the name of a host"),
         QT_TRANSLATE_NOOP("Command", "looks up the addresses of a host"),
         QT_TRANSLATE_NOOP("Command", "Example: resolve localhost")},
        {Kind::Run, "run", Answers::Later, 1, anyNumber, QT_TRANSLATE_NOOP("Command", "run PROGRAM [ARGUMENT ...]"),
         QT_TRANSLATE_NOOP("Command", "a program, or a text in quotes for the shell,"),
         QT_TRANSLATE_NOOP("Command", "runs a program and shows what it writes"),
         QT_TRANSLATE_NOOP(
                 "Command",
                 "A single text in quotes is for the shell. cancel ends the program. One that fails is an error.\n"
                 "Examples: run date, run \"for i in 1 2 3; do echo $i; sleep 1; done\"")},
        {Kind::Gather, "gather", Answers::Later, 0, 0, QT_TRANSLATE_NOOP("Command", "gather { COMMAND; ... }"), nullptr,
         QT_TRANSLATE_NOOP("Command", "carries out several commands at once, and waits for all"),
         QT_TRANSLATE_NOOP(
                 "Command",
                 "As asyncio's: when one fails, so does the gather, at once, and the others go on by themselves.\n"
                 "Example: gather { sleep 1; fetch; run date }")},
        {Kind::Deep, "deep", Answers::Later, 1, 2, QT_TRANSLATE_NOOP("Command", "deep COUNT [SECONDS]"),
         QT_TRANSLATE_NOOP("Command", "a number of waits from 1 to 100, and perhaps one of seconds,"),
         QT_TRANSLATE_NOOP("Command", "piles up waits, each in a slot that runs during the one before"),
         QT_TRANSLATE_NOOP("Command",
                           "All of them end after 3 seconds unless told. From depth 65 on a wait is refused.\nExample: "
                           "deep 5 10")},
        {Kind::Tasks, "tasks", Answers::AtOnce, 0, 0, QT_TRANSLATE_NOOP("Command", "tasks"), nullptr,
         QT_TRANSLATE_NOOP("Command", "shows all tasks of this thread, and what each waits for"), nullptr},
        {Kind::Cancel, "cancel", Answers::AtOnce, 0, 1, QT_TRANSLATE_NOOP("Command", "cancel [NUMBER]"),
         QT_TRANSLATE_NOOP("Command", "the number of a command that waits"),
         QT_TRANSLATE_NOOP("Command", "ends a command that waits, the newest unless told"),
         QT_TRANSLATE_NOOP("Command", "Example: cancel 3, which ends the command that began as In [3]")},
        {Kind::History, "history", Answers::AtOnce, 0, 0, QT_TRANSLATE_NOOP("Command", "history"), nullptr,
         QT_TRANSLATE_NOOP("Command", "lists what was entered"),
         QT_TRANSLATE_NOOP("Command", "The Up and Down keys bring it back.")},
        {Kind::Clear, "clear", Answers::AtOnce, 0, 0, QT_TRANSLATE_NOOP("Command", "clear"), nullptr,
         QT_TRANSLATE_NOOP("Command", "empties the output, as Ctrl+L does"), nullptr},
        {Kind::Help, "help", Answers::AtOnce, 0, 1, QT_TRANSLATE_NOOP("Command", "help [COMMAND]"),
         QT_TRANSLATE_NOOP("Command", "the name of a command"),
         QT_TRANSLATE_NOOP("Command", "lists the commands, or tells more about one"), nullptr},
        {Kind::Quit, "quit", Answers::AtOnce, 0, 0, QT_TRANSLATE_NOOP("Command", "quit"), nullptr,
         QT_TRANSLATE_NOOP("Command", "ends the program; whatever waits is cancelled first"), nullptr},
};

} // namespace

QString CommandInfo::usage() const
{
    return Command::tr(m_usage);
}

QString CommandInfo::needs() const
{
    return Command::tr(m_needs);
}

QString CommandInfo::help() const
{
    QString help = Command::tr("%1: %2").arg(usage(), Command::tr(m_brief));
    if (m_details)
        help += '\n' + Command::tr(m_details);
    return help;
}

std::span<const CommandInfo> commandTable()
{
    return table;
}

const CommandInfo *findCommand(const QString &name)
{
    const auto *found = std::find_if(std::begin(table), std::end(table), [&name](const CommandInfo &info) {
        return name.compare(QLatin1String(info.name), Qt::CaseInsensitive) == 0;
    });
    return found == std::end(table) ? nullptr : found;
}

const CommandInfo &infoOf(Command::Kind kind)
{
    return *std::find_if(std::begin(table), std::end(table),
                         [kind](const CommandInfo &info) { return info.kind == kind; });
}

QString helpOverview()
{
    qsizetype width = 0;
    for (const CommandInfo &info : table)
        width = std::max(width, info.usage().size());
    QStringList lines;
    for (const CommandInfo &info : table)
        lines << info.usage().leftJustified(width + 2) + Command::tr(info.m_brief);
    return lines.join('\n');
}
