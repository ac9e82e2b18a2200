// SPDX-License-Identifier: MIT
#include "rows.h"

namespace interloop::bench {

const std::vector<Row> &rows()
{
    using enum Aim;
    static const std::vector<Row> table = {
        {"runSync, ready; bare call", "RunSyncReady/interloop", "RunSyncReady/bareCall", "", "ns", {RatioAtMost, 2}},
        {"runSync, ready; QCoro waitFor", "RunSyncReady/interloop", "RunSyncReady/qcoro", "", "ns", {RatioAtMost, 0.1, 0.4}},
        {"runSync, one yield; QCoro waitFor", "RunSyncYield/interloop", "RunSyncYield/qcoro", "", "ns", {RatioAtMost, 0.05, 0.35}},
        {"runSync, one yield; nested QEventLoop", "RunSyncYield/interloop", "RunSyncWokenByEvent/eventLoop", "", "ns", {}},
        {"runSync(sleepFor(0)); QCoro waitFor(sleepFor(0))", "RunSyncSleepZero/interloop", "RunSyncSleepZero/qcoro", "", "ns", {RatioAtMost, 0.2}},
        {"runSync woken by a posted event; QEventLoop", "RunSyncWokenByEvent/interloop", "RunSyncWokenByEvent/eventLoop", "", "ns", {RatioAtMost, 1.15, 2}},
        {"runSync woken by a 0 ms QTimer; QEventLoop", "RunSyncWokenByTimer/interloop", "RunSyncWokenByTimer/eventLoop", "", "ns", {RatioAtMost, 1.15, 2}},
        {"await an immediate child, queue alone", "AwaitChild/queue", "", "", "ns", {AtMost, 10}},
        {"await an immediate child, under Qt", "AwaitChild/qt", "", "", "ns", {AtMost, 10}},
        {"yield, queue alone", "Yield/queue", "", "", "ns", {AtMost, 5}},
        {"yield, under Qt; one uv_run each", "Yield/qt", "Yield/uvRun", "", "ns", {}},
        {"yield, under Qt", "Yield/qt", "", "", "ns", {AtMost, 10}},
        {"await a child that yields, queue alone", "AwaitYieldingChild/queue", "", "", "ns", {AtMost, 15}},
        {"await a child that yields, under Qt", "AwaitYieldingChild/qt", "", "", "ns", {}},
        {"arm and cancel a sleep; uv_timer start + stop", "SleepArmCancel/interloop", "SleepArmCancel/uvStartStop", "", "ns", {AtMost, 40}},
        {"arm and cancel a sleep; uv_timer init + close", "SleepArmCancel/interloop", "SleepArmCancel/uvInitClose", "", "ns", {}},
        {"withTimeout of a ready task", "WithTimeoutReady/interloop", "", "", "ns", {}},
    };
    return table;
}

} // namespace interloop::bench
