// SPDX-License-Identifier: MIT
#pragma once

#include <demo/threads/crossings.h>

#include <interloop/task/task.h>

#include <QtGlobal>

/*
 * How fast two threads answer each other.
 */

class PingFigures
{
public:
    PingFigures() = default;

    int rounds = 0; // two posts each
    qint64 median = 0; // of a round, there and back, in ns
    qint64 p99 = 0;
    double postsPerSecond = 0;
};

// Goes to the thread of `bridge` and comes back, `rounds` times, one after the other. Tells its Progress.
// Starts: when awaited. Resumes: from the ready queue. Cancel: after the round that is under way.
// Throws RunSyncError (ShuttingDown) when that bridge has ended.
interloop::Task<PingFigures> pingBridge(interloop::BridgeRemote bridge, std::shared_ptr<Crossings> crossings,
                                        int rounds);
