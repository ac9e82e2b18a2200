// SPDX-License-Identifier: MIT
#include <demo/http/http.h>
#include <demo/parts/waits.h>
#include <demo/workbench/actions.h>

#include <interloop/loop/runsync.h>
#include <interloop/task/race.h>
#include <interloop/task/sleep.h>

using interloop::race;
using interloop::runSync;
using interloop::sleepFor;
using namespace std::chrono_literals;

//! [code]
QString raceTheClock(Wait &wait, const QString &url, std::chrono::milliseconds limit)
{
    // Both run at once; the loser is cancelled and has cleaned up
    // before runSync returns.
    const auto winner = runSync(wait.watch(race(httpGet(url, 60s), sleepFor(limit))));

    const QString seconds = QString::number(double(limit.count()) / 1000);
    if (winner.index() == 1)
        return Action::tr("The clock won: after %1 s the fetch was cancelled.").arg(seconds);
    return Action::tr("The fetch won, within %1 s. %2").arg(seconds, pageText(std::get<0>(winner)));
}
//! [code]
