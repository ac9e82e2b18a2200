// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/task.h>
#include <interloop/uv/tcp.h>

#include <atomic>

/*
 * What the demo's server answers:
 *
 *     /                 a page that lists the others
 *     /slow?ms=3000     a page that takes 3 s to come, line by line
 *     /big?bytes=1000   so many bytes
 *     /stall            nothing, ever
 *     /cut              half a page, then the end of the connection
 *     /reset            a connection reset
 *
 * unless it misbehaves: then it does the same to all of them.
 */

enum class Misbehaviour : unsigned char {
    None,
    Stall, // no answer, ever
    Reset, // the connection is reset
    Flood, // a page without an end, as fast as the network takes it
};

// Reads one request from `socket` and answers it, or does to the client what the path says, or `misbehaviour` does when
// the request has been read. Throws std::system_error when the client goes away.
interloop::Task<> answer(interloop::TcpSocket &socket, const std::atomic<Misbehaviour> &misbehaviour);
