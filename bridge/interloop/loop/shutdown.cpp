// SPDX-License-Identifier: MIT
#include <interloop/loop/shutdown.h>

#include <interloop/loop/fiber.h>
#include <interloop/loop/logging.h>
#include <interloop/loop/owner.h>
#include <interloop/loop/pump.h>
#include <interloop/task/syncframe.h>
#include <interloop/task/taskstate.h>

#include <poll.h>

#include <algorithm>

namespace interloop {

using namespace std::chrono_literals;

namespace {

void cancelTasks(Pump &pump, CancelMode mode)
{
    const List<TaskRegistration> &tasks = pump.tasks();
    for (TaskRegistration *task = tasks.firstOrNull(); task; task = tasks.after(*task))
        task->task().cancel(Outcome::Cancelled, mode);
    pump.cancelParked(Outcome::Cancelled, mode);
}

// Sleeps until libuv or a timer has something to do, at most until `limit`.
void waitForWork(Pump &pump, TimePoint limit)
{
    uv_update_time(pump.uvLoop());
    const int uvTimeout = uv_backend_timeout(pump.uvLoop());
    if (pump.hasReady() || uvTimeout == 0)
        return;
    if (!pump.timers().isEmpty())
        limit = std::min(limit, pump.timers().firstDeadline());
    auto timeout = std::chrono::ceil<std::chrono::milliseconds>(limit - pump.now());
    if (uvTimeout > 0)
        timeout = std::min(timeout, std::chrono::milliseconds(uvTimeout));
    pollfd fd = {uv_backend_fd(pump.uvLoop()), POLLIN, 0};
    poll(&fd, 1, static_cast<int>(std::clamp(timeout, 0ms, std::chrono::milliseconds(1s)).count()));
}

std::string namesOfWhatIsLeft(Pump &pump)
{
    std::string names;
    const auto add = [&names](const std::string &name) { names += (names.empty() ? "" : ", ") + name; };
    for (TaskRegistration *task = pump.tasks().firstOrNull(); task; task = pump.tasks().after(*task))
        add(task->task().name());
    for (Stack *stack = pump.parkedStacks().firstOrNull(); stack; stack = pump.parkedStacks().after(*stack))
        add(stack->topFrame()->target()->name());
    for (PoolWork *work = pump.poolWork().firstOrNull(); work; work = pump.poolWork().after(*work))
        add(work->name());
    return names;
}

// Runs the loop until `isOver()`.
template<typename Condition>
void runUntil(Pump &pump, Condition isOver)
{
    const TimePoint begin = pump.now();
    const TimePoint force = begin + pump.limits().shutdownLimit;
    const TimePoint warn = begin + 1s;
    bool isForced = false;
    bool isWarned = false;
    for (pump.drain(); !isOver(); pump.drain()) {
        const TimePoint now = pump.now();
        if (!isForced && now >= force) {
            isForced = true;
            cancelTasks(pump, CancelMode::Forced);
        }
        if (!isWarned && now >= warn) {
            isWarned = true;
            pump.report(Report::Shutdown, "the bridge's end is waiting for " + namesOfWhatIsLeft(pump), nullptr);
        }
        waitForWork(pump, !isForced ? force : !isWarned ? warn : now + 1s);
    }
}

void closeHandles(Pump &pump)
{
    while (!pump.handles().isEmpty())
        pump.handles().first().close();
}

// Handles of other people's that were left open on the bridge's own loop. Their memory stays theirs.
void closeForeignHandles(Pump &pump)
{
    const auto close = [](uv_handle_t *handle, void *self) {
        if (uv_is_closing(handle))
            return;
        const std::string type = uv_handle_type_name(uv_handle_get_type(handle));
        static_cast<Pump *>(self)->report(Report::Shutdown, "a libuv " + type + " handle was still open at the bridge's end",
                                          nullptr);
        uv_close(handle, nullptr);
    };
    uv_walk(pump.uvLoop(), close, &pump);
}

} // namespace

void beginShutdown(Pump &pump)
{
    if (pump.isClosing())
        return;
    pump.setClosing();
    cancelTasks(pump, CancelMode::Polite);
    for (SyncFrame *frame = pump.topFrame(); frame; frame = frame->below())
        frame->target()->cancel(Outcome::Cancelled);
    pump.touch(); // the end follows from a turn when it cannot follow from here
}

void shutDown(Pump &pump)
{
    if (!pump.isListening())
        return;
    if (pump.depth() > 0 || pump.isPumping() || !pump.isOnOwnStack())
        qFatal("interloop: the bridge was destroyed while a wait or a task of its own was on the stack");
    beginShutdown(pump);
    pump.mailbox()->close(); // what has come is still carried out, or told that it will not be
    runUntil(pump, [&pump] { return pump.taskCount() == 0 && pump.parkedCount() == 0 && pump.poolWork().isEmpty() && !pump.hasReady();
    });
    pump.mailbox()->end();
    closeHandles(pump);
    pump.stopListening();
    if (pump.ownsLoop()) {
        closeForeignHandles(pump);
        runUntil(pump, [&pump] { return !uv_loop_alive(pump.uvLoop()); });
        if (const int error = uv_loop_close(pump.uvLoop()))
            pump.report(Report::Shutdown, std::string("uv_loop_close: ") + uv_strerror(error), nullptr);
    } else {
        runUntil(pump, [&pump] { return pump.closingHandles == 0 && pump.poolWork().isEmpty(); });
    }
    if (waitLog().isDebugEnabled()) [[unlikely]] {
        if (const std::size_t mark = pump.fibers().highWaterMark())
            qCDebug(waitLog, "of the bridge's stacks one has used %zu bytes, the others less", mark);
    }
    forgetBridge(pump);
}

} // namespace interloop
