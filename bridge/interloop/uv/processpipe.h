// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/uv/streamhandle.h>

#include <QString>
#include <uv.h>

#include <string>

/*
 * This process's end of a pipe to or from a program that it has started.
 *
 * A pipe of the operating system's and not the pair of sockets that libuv would make (UV_CREATE_PIPE): a socket cannot be
 * opened by name, and scripts do that: `echo failed > /dev/stderr`.
 */

namespace interloop {

class ProcessPipe final : public StreamHandle
{
public:
    // `file`: "standard input", of which the text must live for ever; `program` has it.
    ProcessPipe(Pump &pump, const char *file, QString program);

    // Takes the descriptor over when it succeeds: libuv's error code.
    int open(int descriptor) noexcept;

    void setProcessId(int processId) noexcept { m_processId = processId; }
    std::string name() const override;

private:
    uv_pipe_t m_pipe;
    const char *m_file;
    QString m_program;
    int m_processId = 0;
};

} // namespace interloop
