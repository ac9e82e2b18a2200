// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/listnode.h>

#include <uv.h>

/*
 * A libuv handle's memory: it must live until the handle's close callback has come (libuv manual, "uv_close"), which
 * may be long after the object that a user holds has gone.
 *
 * Made with new, never deleted by hand: `close` gives it up and the close callback frees it. The loop's end closes
 * what is left, and the object outside learns of it through `isOpen`.
 */

namespace interloop {

class Pump;

class UvHandle : public ListNode
{
public:
    // Closes once; further calls do nothing. Waits in flight end with UV_ECANCELED, as libuv says.
    void close() noexcept;

    bool isOpen() const noexcept { return m_isOpen; }

    // The user's object is gone: memory goes when the handle is closed.
    void abandon() noexcept;

protected:
    // `handle` is initialised on pump's loop, by the derived class, before anything else is called.
    UvHandle(Pump &pump, uv_handle_t *handle) noexcept;
    virtual ~UvHandle();

    Pump *pump() const noexcept { return m_pump; } // nullptr after the close callback

    // The handle is about to close: wake whoever waits on it and would not hear from libuv.
    virtual void closing() noexcept { }

private:
    static void closed(uv_handle_t *handle);

    Pump *m_pump;
    uv_handle_t *m_handle;
    bool m_isOpen = true;
    bool m_isClosed = false; // the close callback has come
    bool m_isAbandoned = false;
};

} // namespace interloop
