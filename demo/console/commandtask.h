// SPDX-License-Identifier: MIT
#pragma once

#include <demo/console/command.h>
#include <demo/parts/waits.h>

#include <interloop/task/task.h>

#include <QString>

#include <functional>

/*
 * The commands that take time, each as a task. A member of a gather that has failed goes on by itself, even when the
 * console is gone: what it needs is copied.
 */

class CommandContext
{
public:
    CommandContext(Waits &waits, const QString &firstUrl, std::function<void(const QString &)> print)
        : waits(&waits), firstUrl(firstUrl), print(std::move(print))
    { }

    Waits *waits; // outlives whatever waits
    QString firstUrl; // what fetch gets unless told; a path is one of this server's
    std::function<void(const QString &)> print; // shows lines while the command goes on
};

// What the command says in the end. Throws CommandError, HttpError or std::system_error.
// Starts: when awaited. Resumes: from the ready queue. Cancel: reaches what the command waits for; a program is killed.
// REQUIRES: a command that answers later
interloop::Task<QString> commandTask(Command command, CommandContext context);
