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
        {"await a child that fails after a yield, tryAwait; catch", "FailedAwait/tryAwait", "FailedAwait/catch", "", "ns", {}},
        {"arm and cancel a sleep; uv_timer start + stop", "SleepArmCancel/interloop", "SleepArmCancel/uvStartStop", "", "ns", {AtMost, 40}},
        {"arm and cancel a sleep; uv_timer init + close", "SleepArmCancel/interloop", "SleepArmCancel/uvInitClose", "", "ns", {}},
        {"withTimeout of a ready task", "WithTimeoutReady/interloop", "", "", "ns", {}},
        {"one TCP round trip inside runSync; raw libuv", "RunSyncTcpRoundTrip/interloop", "TcpPingPong/raw/1", "", "ns", {RatioAtMost, 1.05}},
        {"TCP ping-pong under Qt, 1 connection; raw libuv", "TcpPingPong/qt/1", "TcpPingPong/raw/1", "", "/s", {RatioAtLeast, 0.97}},
        {"TCP ping-pong under Qt, 64 connections; raw libuv", "TcpPingPong/qt/64", "TcpPingPong/raw/64", "", "/s", {RatioAtLeast, 0.97}},
        {"TCP ping-pong inside runSync, 1 connection; raw libuv", "TcpPingPong/runSync/1", "TcpPingPong/raw/1", "", "/s", {RatioAtLeast, 0.95}},
        {"TCP ping-pong inside runSync, 64 connections; raw libuv", "TcpPingPong/runSync/64", "TcpPingPong/raw/64", "", "/s", {RatioAtLeast, 0.95}},
        {"TCP ping-pong with another process, 1 connection; raw libuv", "TcpOtherProcess/qt/1", "TcpOtherProcess/raw/1", "", "/s", {RatioAtLeast, 0.9}},
        {"TCP ping-pong with another process, 64 connections; raw libuv", "TcpOtherProcess/qt/64", "TcpOtherProcess/raw/64", "", "/s", {RatioAtLeast, 0.9}},
        {"GUI lag p99 under 8 echo connections; no load", "GuiLag/qt/8", "GuiLag/noLoad", "p99", "µs", {AtMost, 300}},
        {"GUI lag p99 under 64 echo connections; no load", "GuiLag/qt/64", "GuiLag/noLoad", "p99", "µs", {AtMost, 800}},
        {"GUI lag p50 under 64 echo connections; no load", "GuiLag/qt/64", "GuiLag/noLoad", "p50", "µs", {}},
        {"GUI lag max under 64 echo connections; no load", "GuiLag/qt/64", "GuiLag/noLoad", "max", "µs", {}},
        {"GUI lag p99 inside runSync, 8 connections; no load", "GuiLag/runSync/8", "GuiLag/noLoad", "p99", "µs", {AtMost, 300}},
        {"GUI lag p99 inside runSync, 64 connections; no load", "GuiLag/runSync/64", "GuiLag/noLoad", "p99", "µs", {AtMost, 800}},
        {"throughput meanwhile, 8 connections; raw libuv", "GuiLag/qt/8", "GuiLag/raw/8", "per_second", "/s", {RatioAtLeast, 0.95}},
        {"throughput meanwhile, 64 connections; raw libuv", "GuiLag/qt/64", "GuiLag/raw/64", "per_second", "/s", {RatioAtLeast, 0.95}},
        {"the same in processor time; raw libuv", "GuiLag/qt/64", "GuiLag/raw/64", "per_cpu_second", "/s", {RatioAtLeast, 0.95}},
        {"throughput meanwhile inside runSync, 64 connections; raw libuv", "GuiLag/runSync/64", "GuiLag/raw/64", "per_second", "/s", {RatioAtLeast, 0.95}},
        {"the same in processor time; raw libuv", "GuiLag/runSync/64", "GuiLag/raw/64", "per_cpu_second", "/s", {RatioAtLeast, 0.95}},
        {"posted event from another thread p99, 64 connections; no load", "PostedEventLag/qt/64", "PostedEventLag/noLoad", "p99", "µs", {AtMost, 800}},
        {"the same inside runSync; no load", "PostedEventLag/runSync/64", "PostedEventLag/noLoad", "p99", "µs", {AtMost, 800}},
        {"cross-thread wake, median; queued invokeMethod", "CrossThreadWake/interloop", "CrossThreadWake/invokeMethod", "p50", "µs", {AtMost, 20}},
        {"post from a thread into a nested run, median", "CrossThreadWake/nested", "", "p50", "µs", {AtMost, 100}},
        {"stack a nested level; QEventLoop", "StackPerLevel/interloop", "StackPerLevel/eventLoop", "bytes", "B", {RatioAtMost, 1.3}},
        {"heap allocations: runSync that awaits a child", "Allocations/await", "", "allocations", "", {AtMost, 0}},
        {"heap allocations: runSync of a yield", "Allocations/yield", "", "allocations", "", {AtMost, 0}},
        {"heap allocations: runSync of a 1 ms sleep; QEventLoop and QTimer", "Allocations/sleep", "Allocations/eventLoop", "allocations", "", {}},
        {"heap allocations: runSync of a TCP round trip", "Allocations/tcp", "", "allocations", "", {AtMost, 0}},
        {"memory of a sleeping spawned task, beyond its frame", "SleepingTask/interloop", "", "bytes", "B", {AtMost, 256}},
        {"no frames of Qt's on 1 KiB of stack; modules alone", "QtFrames/none/1024", "QtFrames/none/0", "", "ns", {AtMost, 40}},
        {"no frames of Qt's on 2 KiB of stack; modules alone", "QtFrames/none/2048", "QtFrames/none/0", "", "ns", {AtMost, 60}},
        {"the same beside a pointer to Qt's code, 8 frames", "QtFrames/pointer", "", "", "ns", {AtMost, 1500}},
        {"start and finish on a pooled stack; nested QEventLoop", "Fiber/startAndFinish", "RunSyncWokenByEvent/eventLoop", "", "ns", {RatioAtMost, 0.03, 0.25}},
        {"park and resume a stack: a pair of switches", "Fiber/switchPair", "", "", "ns", {}},
        {"runSync, one yield, parked; nested QEventLoop", "ParkedYield/interloop", "RunSyncWokenByEvent/eventLoop", "", "ns", {RatioAtMost, 0.06, 0.5}},
        {"a pump's switch to a worker's stack and back", "Worker/perPump", "", "ns", "ns", {AtMost, 20}},
        {"memory of a parked wait, resident", "ParkedWait/interloop", "", "bytes", "B", {AtMost, 6144}},
        {"a step under Qt, slow steps watched; not watched", "SlowSteps/watched", "SlowSteps/off", "", "ns", {}},
        {"spawn and await a task, log off; one look at a category", "Logging/off", "Logging/look", "", "ns", {}},
        {"spawn and await a task, log on; log off", "Logging/on", "Logging/off", "", "ns", {}},
        {"lock and unlock a free Mutex", "Mutex/free", "", "", "ns", {}},
        {"wait for a Mutex that another task holds", "Mutex/byTurns", "", "", "ns", {}},
        {"set an Event and wait for the other task's answer", "Event/roundTrip", "", "", "ns", {}},
    };
    return table;
}

} // namespace interloop::bench
