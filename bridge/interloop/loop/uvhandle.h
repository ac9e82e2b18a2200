// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/framepool.h>
#include <interloop/task/listnode.h>

#include <uv.h>

#include <utility>

/*
 * A libuv handle's memory: it must live until the handle's close callback has come (libuv manual, "uv_close"), which
 * may be long after the object that a user holds has gone.
 *
 * Counted: the user's object and each operation in flight hold a reference. The last one closes the handle if nobody
 * has, and the memory goes when it is closed and no reference is left. The loop's end closes what is left open.
 */

namespace interloop {

class Pump;

class INTERLOOP_EXPORT UvHandle : public ListNode
{
public:
    static void *operator new(std::size_t size) { return allocateBlock(size); }
    static void operator delete(void *block, std::size_t size) noexcept { freeBlock(block, size); }

    // Closes once; further calls do nothing. Waits in flight end with UV_ECANCELED, as libuv says.
    void close() noexcept;
    bool isOpen() const noexcept { return m_state == State::Open; }

    // The operating system's; -1: it has none.
    int descriptor() const noexcept;

    // Throws RunSyncError (WrongThread) on another thread than the handle's. REQUIRES: isOpen()
    void requireOwnThread(const char *operation) const;

    Pump &pump() const noexcept { return *m_pump; } // REQUIRES: isOpen()

    void addReference() noexcept { ++m_references; }
    void release() noexcept;

protected:
    // The derived class initialises `handle` on pump's loop, and then calls initialised(). Where libuv refuses, it throws
    // from its constructor or is deleted without that.
    UvHandle(Pump &pump, uv_handle_t *handle) noexcept;
    virtual ~UvHandle() = default;

    // libuv has it: its callbacks find this object from now on, and the loop's end closes it.
    void initialised() noexcept;

    // The handle that a callback of libuv's is for.
    template<typename Handle, typename UvType>
    static Handle *from(UvType *handle) noexcept
    {
        return static_cast<Handle *>(static_cast<UvHandle *>(handle->data));
    }

    // The handle is about to close: wake whoever waits on it and would not hear from libuv.
    virtual void closing() noexcept { }

private:
    enum class State : unsigned char { Open, Closing, Closed };
    static void closed(uv_handle_t *handle);

    Pump *m_pump;
    uv_handle_t *m_handle;
    int m_references = 0;
    State m_state = State::Open;
};

// A reference to a handle's memory.
template<typename Handle>
class UvRef
{
public:
    UvRef() noexcept = default;
    explicit UvRef(Handle *handle) noexcept : m_handle(handle) { m_handle->addReference(); }
    UvRef(const UvRef &other) noexcept : m_handle(other.m_handle)
    {
        if (m_handle)
            m_handle->addReference();
    }
    UvRef(UvRef &&other) noexcept : m_handle(std::exchange(other.m_handle, nullptr)) { }
    UvRef &operator=(UvRef other) noexcept
    {
        std::swap(m_handle, other.m_handle);
        return *this;
    }
    ~UvRef()
    {
        if (m_handle)
            m_handle->release();
    }

    explicit operator bool() const noexcept { return m_handle; }
    Handle *operator->() const noexcept { return m_handle; }
    Handle &operator*() const noexcept { return *m_handle; }

private:
    Handle *m_handle = nullptr;
};

} // namespace interloop
