// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/loop/uvhandle.h>
#include <interloop/task/task.h>
#include <interloop/task/waitoperation.h>

#include <uv.h>

#include <string>
#include <vector>

/*
 * A listening socket: a uv_stream_t that is bound, and one wait for connections over it and its siblings.
 *
 * Connections stay in the kernel's queue until a task takes one, and are accepted here, not by libuv: out of file
 * descriptors that would accept and close all that wait without a word (uv__emfile_trick in its stream.c), and ahead of
 * any task it would take one more.
 */

namespace interloop {

class ListenerWatch;
class StreamHandle;

class INTERLOOP_EXPORT StreamListener : public UvHandle
{
public:
    // What it listens on, for messages: "127.0.0.1:80".
    virtual std::string name() const = 0;
    std::string describe(const char *operation) const { return std::string(operation) + " on " + name(); }

    // Moves a connection from the kernel's queue into `stream`, which is not open yet. False: none waits any more. Throws
    // std::system_error; a connection that there is no descriptor for stays in the queue.
    bool take(StreamHandle &stream);

    // Connections to `sibling` are taken here from now on, and it is closed with this one. REQUIRES: before any accept
    void addSibling(StreamListener &sibling);
    const std::vector<UvRef<StreamListener>> &siblings() const noexcept { return m_siblings; }

protected:
    StreamListener(Pump &pump, uv_stream_t *stream) noexcept;
    ~StreamListener();

    // libuv's error code. REQUIRES: bound
    int startListening(int backlog);

    void closing() noexcept override;

private:
    friend class AcceptOperation;
    friend class ListenerWatch;
    int acceptDescriptor() const noexcept; // negative: libuv's error code
    int watch(); // libuv's error code
    void stopWatching() noexcept;
    void arrived() noexcept;
    void goOn() noexcept;

    UvRef<ListenerWatch> m_watch; // null: nobody has waited yet
    std::vector<UvRef<StreamListener>> m_siblings;
    StreamListener *m_first = this; // who the waiters are with
    std::size_t m_nextTurn = 0; // who is asked for a connection first: 0 is this one, others are siblings
    List<Operation> m_waiters; // who waits for a connection, in order
    bool m_isWoken = false; // the first of them has been told and has not gone on yet
};

// Waits until there is a connection to take. Another task, or another process, may be faster all the same.
class INTERLOOP_EXPORT AcceptOperation final : public WaitOperation
{
public:
    explicit AcceptOperation(StreamListener &listener) noexcept : m_listener(listener) { }
    void await_resume();
    void wake() override { complete(); }
    std::string describe() const override { return m_listener.describe("accept"); }

private:
    Begun begin() override;
    bool abandon(CancelMode mode) override;

    StreamListener &m_listener;
    int m_error = 0; // libuv's error code
};

// The same with what an accept has to look at. Throws std::system_error when there is no listener, or it is or gets closed.
// REQUIRES: the caller holds a reference to it
Task<> awaitConnection(StreamListener *listener);

} // namespace interloop
