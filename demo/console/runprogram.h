// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/task.h>

#include <QString>
#include <QStringList>

#include <functional>

/*
 * A program, whose lines are printed as it writes them. One that writes faster than they can be shown waits for the
 * window: its pipe is full.
 */

// `words` are a program and its arguments; a single one is a text for the shell. How the program ended. Throws
// CommandError when that was a failure, std::system_error when it cannot be started.
// Starts: when awaited. Resumes: from the ready queue. Cancel: kills the program and all that it has started.
interloop::Task<QString> runProgram(QStringList words, std::function<void(const QString &)> print);
