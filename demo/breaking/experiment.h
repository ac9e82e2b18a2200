// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/task.h>

#include <QElapsedTimer>
#include <QString>

#include <chrono>

/*
 * What the experiments have in common: they take their time, and tell how long it was.
 */

// "1.50 s", "35 ms", "0.2 ms"
QString inWords(std::chrono::nanoseconds time);
QString inWords(const QElapsedTimer &clock); // since its start

interloop::Task<> pauseFor(std::chrono::milliseconds duration); // and says so, where waits are listed
