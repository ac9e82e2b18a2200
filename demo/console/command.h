// SPDX-License-Identifier: MIT
#pragma once

#include <QCoreApplication>
#include <QList>
#include <QString>
#include <QStringList>

#include <stdexcept>

/*
 * The console's language: a line of text to a command that can be carried out.
 *
 *     command = name { word }  |  "gather" "{" command { ";" command } "}"
 *     word    = letters without blanks, quotes, braces and ";"  |  "text"  |  'text'       \" and \\ in double quotes
 */

class Command
{
    Q_DECLARE_TR_FUNCTIONS(Command)

public:
    enum class Kind { Sleep, Fetch, Resolve, Run, Gather, Deep, Tasks, Cancel, History, Clear, Help, Quit };

    Command() = default;

    // Throws CommandError, which says what was expected instead of what is there. REQUIRES: line is not blank
    static Command parse(const QString &line);

    Kind kind = Kind::Help;
    QString text; // as it was written
    QStringList arguments;
    double seconds = 0; // of Sleep and Deep
    int number = 0; // of Deep: how many waits; of Cancel: which command, 0: the newest
    QList<Command> members; // of Gather, at least one
};

// What is wrong with a command or went wrong in it; what() is a sentence for a person, UTF-8.
class CommandError : public std::runtime_error
{
public:
    explicit CommandError(const QString &sentence) : std::runtime_error(sentence.toStdString()) { }
};
