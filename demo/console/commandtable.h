// SPDX-License-Identifier: MIT
#pragma once

#include <demo/console/command.h>

#include <span>

/*
 * All there is to know about each command but how it is carried out: its name, what may follow, what it is good for.
 */

class CommandInfo
{
public:
    enum class Answers { AtOnce, Later }; // Later: the slot waits for it; only those may be members of a gather

    constexpr CommandInfo(Command::Kind kind, const char *name, Answers answers, int least, int most, const char *usage,
                          const char *needs, const char *brief, const char *details)
        : kind(kind), answers(answers), name(name), least(least), most(most), m_usage(usage), m_needs(needs),
          m_brief(brief), m_details(details)
    { }

    QString usage() const; // "sleep SECONDS"
    QString needs() const; // "a number of seconds from 0 to 86400"
    QString help() const; // several lines

    const Command::Kind kind;
    const Answers answers;
    const char *const name;
    const int least; // arguments
    const int most;

private:
    friend QString helpOverview();

    const char *m_usage;
    const char *m_needs;
    const char *m_brief;
    const char *m_details;
};

std::span<const CommandInfo> commandTable();
const CommandInfo *findCommand(const QString &name); // nullptr: there is none
const CommandInfo &infoOf(Command::Kind kind);
QString helpOverview(); // a line for each command
