// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/waitoperation.h>
#include <interloop/uv/process.h>
#include <interloop/uv/processstdio.h>

#include <uv.h>

#include <optional>
#include <string>

/*
 * libuv's side of a program that runs.
 *
 * libuv reaps the programs whose handles are open, and no others (uv__chld in its process.c). So the handle holds itself
 * from the start of the program until its end, however long its Process lives; it closes itself then. One that the
 * bridge's end closes while the program runs leaves that to a thread which does nothing but wait for it.
 */

namespace interloop {

class ProcessHandle final : public UvHandle
{
public:
    ProcessHandle(Pump &pump, const ProcessOptions &options, const ProcessPipes &pipes);

    // Starts the program: libuv's error code. To be called once, and first.
    int start(uv_process_options_t &options) noexcept;

    // Nobody will ask for it any more.
    void drop() noexcept;

    // libuv's error code.
    int kill(int signal) noexcept;

    int processId() const noexcept { return m_processId; }
    const std::optional<ProcessExit> &exit() const noexcept { return m_exit; }
    const ProcessPipes &pipes() const noexcept { return m_pipes; }
    Abandoned whenCancelled() const noexcept { return m_whenCancelled; }

    std::string describe(const char *operation) const; // "wait for sort (123)"

private:
    friend class ProcessWait;
    static void exited(uv_process_t *process, int64_t status, int signal);
    void closing() noexcept override;
    void wakeAll() noexcept;

    uv_process_t m_process;
    UvRef<ProcessHandle> m_self; // while the program runs
    List<Operation> m_waiters;
    std::optional<ProcessExit> m_exit; // empty: it runs, or the handle was closed while it did
    ProcessPipes m_pipes;
    std::string m_program;
    int m_processId = 0;
    Abandoned m_whenCancelled;
    Abandoned m_whenDropped;
};

// Waits for a program's end.
class ProcessWait final : public WaitOperation
{
public:
    explicit ProcessWait(ProcessHandle &process) noexcept : m_process(process) { }
    ProcessExit await_resume() const;
    void wake() override;
    std::string describe() const override { return m_process.describe("the end of"); }

private:
    Begun begin() override;
    bool abandon(CancelMode mode) override;
    void skip() override;

    ProcessHandle &m_process;
    bool m_hasKilled = false; // cancelled, and waits until the program has gone
};

} // namespace interloop
