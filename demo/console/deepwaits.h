// SPDX-License-Identifier: MIT
#pragma once

#include <demo/parts/waits.h>

#include <interloop/task/task.h>

#include <QString>

#include <chrono>

/*
 * Waits on top of each other: the slot of a timer begins a wait, during which the next timer's slot begins one, and so
 * on. The slots are plain ones, so that these waits nest.
 */

// As one of `count` waits, the lowest: the others are begun on top of it, and end with it. Says how many there were.
// Throws RunSyncError when one of them was refused.
// Starts: when awaited, by a blocking wait. Resumes: from the ready queue. Cancel: ends all of them.
interloop::Task<QString> deepWaits(Waits &waits, int count, std::chrono::duration<double> duration);
