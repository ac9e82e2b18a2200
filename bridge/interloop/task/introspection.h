// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/chain.h>

#include <cstdint>
#include <string>
#include <vector>

/*
 * What the tasks of this thread are doing: asyncio's current_task and all_tasks, as snapshots for logs, debuggers and
 * tests. Nothing here changes anything, and a thread without a bridge simply has no tasks.
 */

namespace interloop {

enum class TaskStatus : unsigned char {
    Created, // spawned, and has not begun
    Ready, // goes on when its turn comes
    Running, // its code is on a stack, be it beneath a blocking wait, be it parked in one
    Waiting, // for what awaiting() says
};

INTERLOOP_EXPORT const char *nameOf(TaskStatus status) noexcept;

// A spawned task, or the task that a blocking wait is for, as it was when asked. Stays valid when the task has ended.
class INTERLOOP_EXPORT TaskInfo
{
public:
    TaskInfo() = default; // no task
    explicit TaskInfo(const Chain &chain);

    // False: there is no task, as in a plain callback.
    explicit operator bool() const noexcept { return m_id != 0; }

    // The same task, whatever it was doing.
    bool operator==(const TaskInfo &other) const noexcept { return m_id == other.m_id; }

    std::uint32_t id() const noexcept { return m_id; } // unique in this thread; of spawned tasks, in order
    std::uint32_t parentId() const noexcept { return m_parentId; } // who spawned it; 0: plain code
    const std::string &name() const noexcept { return m_name; } // given to spawn; may be empty
    const std::string &description() const noexcept { return m_description; } // "task 'load'", "runSync at depth 1 (main.cpp:9)"
    TaskStatus status() const noexcept { return m_status; }
    const std::string &awaiting() const noexcept { return m_awaiting; } // "read 127.0.0.1:80"; empty unless Waiting or Running
    const std::source_location &location() const noexcept { return m_location; } // of its last await, or of the spawn; line() is 0 when unknown

    // All of it in a line.
    std::string toString() const;

private:
    std::uint32_t m_id = 0; // 0: no task
    std::uint32_t m_parentId = 0;
    std::string m_name;
    std::string m_description;
    std::string m_awaiting;
    std::source_location m_location;
    TaskStatus m_status = TaskStatus::Created;
    bool m_isCancelled = false;
};

// The task whose code is running; none in plain callbacks, slots among them.
INTERLOOP_EXPORT TaskInfo currentTask();

// All tasks of this thread that have not ended: those of the blocking waits on the stack, outermost first, then
// those of parked stacks, then the spawned ones in the order of their spawning.
INTERLOOP_EXPORT std::vector<TaskInfo> allTasks();

// allTasks() for people: a line each, spawned ones beneath the one that spawned them.
INTERLOOP_EXPORT std::string dumpTasks();

} // namespace interloop
