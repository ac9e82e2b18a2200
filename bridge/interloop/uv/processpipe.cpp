// SPDX-License-Identifier: MIT
#include <interloop/uv/processpipe.h>

#include <interloop/loop/pump.h>

namespace interloop {

ProcessPipe::ProcessPipe(Pump &pump, const char *file, QString program)
    : StreamHandle(pump, reinterpret_cast<uv_stream_t *>(&m_pipe)), m_file(file), m_program(std::move(program))
{
    uv_pipe_init(pump.uvLoop(), &m_pipe, 0);
    initialised();
}

int ProcessPipe::open(int descriptor) noexcept
{
    return uv_pipe_open(&m_pipe, descriptor);
}

std::string ProcessPipe::name() const
{
    return std::string(m_file) + " of " + m_program.toStdString() + " (" + std::to_string(m_processId) + ')';
}

} // namespace interloop
