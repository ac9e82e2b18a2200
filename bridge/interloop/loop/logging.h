// SPDX-License-Identifier: MIT
#pragma once

#include <QLoggingCategory>

/*
 * The categories of this library's messages, for QT_LOGGING_RULES. Warnings are on unless told; "interloop.wait.info=true"
 * adds advice, and "interloop.*.debug=true" what tasks and waits do. What is off costs one look at a flag (bench: Logging).
 */

namespace interloop {

Q_DECLARE_LOGGING_CATEGORY(loopLog) // interloop.loop: bridges, their beginning and their end
Q_DECLARE_LOGGING_CATEGORY(waitLog) // interloop.wait: blocking waits
Q_DECLARE_LOGGING_CATEGORY(taskLog) // interloop.task: tasks

} // namespace interloop
