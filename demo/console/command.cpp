// SPDX-License-Identifier: MIT
#include <demo/console/command.h>

#include <demo/console/commandtable.h>
#include <demo/console/token.h>

#include <limits>

namespace {

QString nameOf(const CommandInfo &info)
{
    return QString::fromLatin1(info.name);
}

[[noreturn]] void failInsteadOf(const CommandInfo &info, const QString &argument)
{
    throw CommandError(Command::tr("%1: %2 is needed, not \"%3\"").arg(nameOf(info), info.needs(), argument));
}

double readSeconds(const CommandInfo &info, const QString &argument)
{
    bool isNumber = false;
    const double seconds = argument.toDouble(&isNumber);
    if (!isNumber || !(seconds >= 0 && seconds <= 86400))
        failInsteadOf(info, argument);
    return seconds;
}

int readWhole(const CommandInfo &info, const QString &argument, int most)
{
    bool isNumber = false;
    const int number = argument.toInt(&isNumber);
    if (!isNumber || number < 1 || number > most)
        failInsteadOf(info, argument);
    return number;
}

void readArguments(Command &command, const CommandInfo &info)
{
    using Kind = Command::Kind;
    const QStringList &arguments = command.arguments;
    if (arguments.size() < info.least)
        throw CommandError(Command::tr("%1: %2 is needed").arg(nameOf(info), info.needs()));
    if (arguments.size() > info.most)
        throw CommandError(Command::tr("%1: \"%2\" is too much").arg(nameOf(info), arguments[info.most]));
    const QString first = arguments.value(0);
    if (command.kind == Kind::Sleep)
        command.seconds = readSeconds(info, first);
    else if (command.kind == Kind::Deep)
        command.number = readWhole(info, first, 100);
    else if (command.kind == Kind::Cancel && !arguments.isEmpty())
        command.number = readWhole(info, first, std::numeric_limits<int>::max());
    else if (command.kind == Kind::Fetch && !arguments.isEmpty() && !first.startsWith('/')
             && !first.startsWith(QLatin1String("http://")) && !first.startsWith(QLatin1String("https://")))
        failInsteadOf(info, first);
    else if (command.kind == Kind::Help && !arguments.isEmpty() && !findCommand(first))
        failInsteadOf(info, first);
    if (command.kind == Kind::Deep)
        command.seconds = arguments.size() > 1 ? readSeconds(info, arguments[1]) : 3;
}

class Parser
{
public:
    explicit Parser(const QString &line) : m_line(line), m_tokens(readTokens(line)) { }

    Command readLine()
    {
        const Command command = readCommand(0);
        if (next().kind != Token::Kind::End)
            fail(Command::tr("the end of the line is needed (braces and ; are for gather, or in quotes)"));
        return command;
    }

private:
    const Token &next() const { return m_tokens[m_position]; }
    bool take(Token::Kind kind)
    {
        if (next().kind != kind)
            return false;
        ++m_position;
        return true;
    }

    // At the next token, where `needed` belongs.
    [[noreturn]] void fail(const QString &needed) const
    {
        const Token &token = next();
        if (token.kind == Token::Kind::End)
            throw CommandError(Command::tr("at the end: %1").arg(needed));
        const QString found = m_line.mid(token.begin, token.end - token.begin);
        throw CommandError(Command::tr("character %1: %2, not %3").arg(token.begin + 1).arg(needed, found));
    }

    Command readCommand(int level)
    {
        const Token first = next();
        if (!take(Token::Kind::Word))
            fail(Command::tr("a command is needed"));
        const CommandInfo *info = findCommand(first.text);
        if (!info)
            throw CommandError(Command::tr("\"%1\" is no command; help lists them all").arg(first.text));
        if (level > 0 && info->answers != CommandInfo::Answers::Later)
            throw CommandError(Command::tr("gather: %1 has nothing to wait for").arg(nameOf(*info)));
        Command command;
        command.kind = info->kind;
        if (command.kind == Command::Kind::Gather)
            command.members = readMembers(level + 1);
        for (; command.members.isEmpty() && next().kind == Token::Kind::Word; ++m_position)
            command.arguments << next().text;
        readArguments(command, *info);
        command.text = m_line.mid(first.begin, m_tokens[m_position - 1].end - first.begin);
        return command;
    }

    QList<Command> readMembers(int level)
    {
        constexpr int deepest = 10;
        if (level > deepest)
            throw CommandError(Command::tr("gather: %1 within each other are the most").arg(deepest));
        if (!take(Token::Kind::Open))
            fail(Command::tr("gather needs {, as in gather { sleep 1; fetch }"));
        QList<Command> members;
        do {
            members << readCommand(level);
        } while (take(Token::Kind::Semicolon) && next().kind != Token::Kind::Close);
        if (!take(Token::Kind::Close))
            fail(Command::tr("gather needs } or ;"));
        return members;
    }

    const QString m_line;
    const QList<Token> m_tokens;
    qsizetype m_position = 0;
};

} // namespace

Command Command::parse(const QString &line)
{
    return Parser(line).readLine();
}
