// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/uv/processoptions.h>
#include <interloop/uv/processpipe.h>

#include <uv.h>

#include <array>

/*
 * A program's three standard files while it is being started: what the program gets, and the ends of pipes that stay here.
 * The program's ends are closed with this object; whatever has failed, no descriptor is left.
 */

namespace interloop {

constexpr int stdioCount = 3;
using ProcessPipes = std::array<UvRef<ProcessPipe>, stdioCount>; // null: that file is no pipe

class ProcessStdio
{
public:
    // Throws std::system_error that names program and file: bad_file_descriptor, or what a pipe could not be made for.
    explicit ProcessStdio(const ProcessOptions &options);
    ~ProcessStdio();
    ProcessStdio(const ProcessStdio &) = delete;
    ProcessStdio &operator=(const ProcessStdio &) = delete;

    uv_stdio_container_t *containers() noexcept { return m_containers; }
    const ProcessPipes &pipes() const noexcept { return m_pipes; }

private:
    int prepare(int index, Stdio stdio);
    int makePipe(int index);
    void inherit(int index, int descriptor) noexcept;
    void closeEnds() noexcept;

    const ProcessOptions &m_options;
    uv_stdio_container_t m_containers[stdioCount] = {}; // UV_IGNORE: /dev/null, as libuv does it for these three
    ProcessPipes m_pipes;
    int m_ends[stdioCount] = {-1, -1, -1}; // the program's, of pipes
};

} // namespace interloop
