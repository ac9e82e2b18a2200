// SPDX-License-Identifier: MIT
#include <demo/threads/ping.h>

#include <interloop/loop/runon.h>
#include <interloop/task/progress.h>

#include <QCoreApplication>

#include <algorithm>
#include <utility>
#include <vector>

using interloop::Task;
using Direction = Crossing::Direction;

namespace {

// Runs in the other thread, and sets out on its way back.
Task<Crossing> turnBack(std::shared_ptr<Crossings> crossings, Crossing there, QString what)
{
    crossings->arrive(there);
    co_return crossings->depart(Direction::ToWindow, what);
}

qint64 quantile(std::vector<qint64> &values, double part)
{
    const auto at = values.begin() + std::min(qsizetype(part * double(values.size())), qsizetype(values.size()) - 1);
    std::nth_element(values.begin(), at, values.end());
    return *at;
}

} // namespace

Task<PingFigures> pingBridge(interloop::BridgeRemote bridge, std::shared_ptr<Crossings> crossings, int rounds)
{
    interloop::Progress progress = interloop::Progress::current();
    progress.setRange(0, rounds);
    const QString what = QCoreApplication::translate("Ping", QT_TRANSLATE_NOOP("Ping", "ping"));
    std::vector<qint64> times;
    const qint64 begin = Crossings::now();
    while (int(times.size()) < rounds) {
        const Crossing there = crossings->depart(Direction::ToWorker, what);
        const Crossing back = co_await interloop::runOn(bridge, turnBack(crossings, there, what));
        crossings->arrive(back);
        times.push_back(Crossings::now() - there.posted);
        progress.setValue(int(times.size()));
    }
    PingFigures figures;
    figures.rounds = rounds;
    figures.median = quantile(times, 0.5);
    figures.p99 = quantile(times, 0.99);
    figures.postsPerSecond = 2e9 * rounds / double(Crossings::now() - begin);
    co_return figures;
}
