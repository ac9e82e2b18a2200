// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/loop/uvhandle.h>
#include <interloop/task/task.h>

#include <QFlags>

/*
 * Waits until a file descriptor is readable or writable: for libraries that hand out a descriptor and do the reading
 * themselves, and for sockets, pipes, eventfds and terminals of your own. Regular files are always ready and refused.
 * libuv manual, "uv_poll_t".
 *
 * The descriptor stays the caller's and must stay open while anybody waits: libuv ends the process when one that it
 * polls has been closed behind its back. Between waits it is not polled; close the handle before the number can mean
 * another file. The descriptor is set to not blocking, and stays so, for whoever shares it too (a terminal's is shared
 * with the shell). What a stream has belongs to the stream.
 */

namespace interloop {

class PollWatch;

enum class PollEvent {
    Readable = 1,
    Writable = 2,
    Disconnected = 4, // the peer has ended its side
    Prioritized = 8, // urgent data, or a change of a file in sysfs
};
Q_DECLARE_FLAGS(PollEvents, PollEvent)
Q_DECLARE_OPERATORS_FOR_FLAGS(PollEvents)

class INTERLOOP_EXPORT PollHandle
{
public:
    PollHandle() noexcept; // closed
    PollHandle(PollHandle &&other) noexcept;
    PollHandle &operator=(PollHandle &&other) noexcept;
    ~PollHandle(); // closes

    // Not owned. Throws std::system_error that names the descriptor: bad_file_descriptor when it is none,
    // operation_not_permitted for a regular file or a directory, file_exists when this thread's loop has it already.
    explicit PollHandle(int descriptor);

    // Until one of `events` is there; returns those of them that are. Several tasks may wait, each for its own. The end
    // of what a peer sends counts as Readable; an error of the descriptor ends every wait: std::system_error with the
    // socket's own error (connection_refused), broken_pipe for a pipe that nobody reads any more.
    // Starts: when awaited. Resumes: from the ready queue. Cancel: at once, nothing is lost: readiness is a state.
    Task<PollEvents> wait(PollEvents events);
    Task<> waitReadable();
    Task<> waitWritable();

    // Waits in flight end with operation_canceled. The descriptor stays open. Does nothing when closed.
    void close() noexcept;
    bool isOpen() const noexcept;

    int descriptor() const noexcept; // -1 when closed

private:
    UvRef<PollWatch> m_watch; // null: none, or moved from
};

} // namespace interloop
