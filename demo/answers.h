// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/task.h>
#include <interloop/uv/tcp.h>

/*
 * What the demo's server answers:
 *
 *     /                 a page that lists the others
 *     /slow?ms=3000     a page that takes 3 s to come, line by line
 *     /big?bytes=1000   so many bytes
 *     /stall            nothing, ever
 *     /cut              half a page, then the end of the connection
 *     /reset            a connection reset
 */

// Reads one request from `socket` and answers it, or does to the client what the path says.
// Throws std::system_error when the client goes away.
interloop::Task<> answer(interloop::TcpSocket &socket);
