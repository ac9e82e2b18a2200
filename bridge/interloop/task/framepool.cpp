// SPDX-License-Identifier: MIT
#include <interloop/task/framepool.h>

#include <functional>
#include <new>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define INTERLOOP_PLAIN_FRAMES
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define INTERLOOP_PLAIN_FRAMES
#endif
#endif

namespace interloop {

namespace {

// A block that is kept for another frame may stay here: nothing but a frame can come to lie in it.
struct Newest
{
    void *frame; // nullptr: it was given back
    std::size_t size;
};

constinit thread_local Newest newest{};

void *remember(void *frame, std::size_t size)
{
    newest = {frame, size};
    return frame;
}

void forget(void *frame) noexcept
{
    if (newest.frame == frame)
        newest.frame = nullptr;
}

} // namespace

void *newestFrameAround(const void *address) noexcept
{
    const std::less<const void *> isBelow;
    const bool isAround = newest.frame && !isBelow(address, newest.frame)
            && isBelow(address, static_cast<const char *>(newest.frame) + newest.size);
    return isAround ? newest.frame : nullptr;
}

#ifdef INTERLOOP_PLAIN_FRAMES

void *allocateFrame(std::size_t size)
{
    return remember(::operator new(size), size);
}

void freeFrame(void *frame, std::size_t size) noexcept
{
    forget(frame);
    ::operator delete(frame, size);
}

#else

namespace {

constexpr std::size_t classSize = 64;
constexpr std::size_t classCount = 32; // up to 2 KiB
constexpr unsigned keptPerClass = 1024;

struct FreeBlock
{
    FreeBlock *next;
};

struct FreeList
{
    FreeBlock *first;
    unsigned count;
};

// Trivial on purpose: reachable without a guard, and still there while other thread_locals are destroyed.
struct Pool
{
    FreeList lists[classCount];
    bool isReleasing; // the thread ends: blocks are freed, none is kept any more
    bool isRegistered; // Release below will run at the thread's end
};

constinit thread_local Pool pool{};

struct Release
{
    ~Release()
    {
        pool.isReleasing = true;
        for (FreeList &list : pool.lists) {
            while (FreeBlock *block = list.first) {
                list.first = block->next;
                ::operator delete(block);
            }
        }
    }
};

void registerRelease()
{
    pool.isRegistered = true;
    static thread_local Release release;
    static_cast<void>(release);
}

std::size_t classOf(std::size_t size)
{
    return (size - 1) / classSize;
}

} // namespace

void *allocateFrame(std::size_t size)
{
    const std::size_t index = classOf(size);
    if (index >= classCount)
        return remember(::operator new(size), size);
    FreeList &list = pool.lists[index];
    if (FreeBlock *block = list.first) [[likely]] {
        list.first = block->next;
        --list.count;
        return remember(block, size);
    }
    return remember(::operator new((index + 1) * classSize), size);
}

void freeFrame(void *frame, std::size_t size) noexcept
{
    const std::size_t index = classOf(size);
    if (index < classCount) {
        Pool &mine = pool;
        if (!mine.isRegistered) [[unlikely]]
            registerRelease();
        FreeList &list = mine.lists[index];
        if (list.count < keptPerClass && !mine.isReleasing) [[likely]] {
            auto *block = static_cast<FreeBlock *>(frame);
            block->next = list.first;
            list.first = block;
            ++list.count;
            return;
        }
    }
    forget(frame);
    ::operator delete(frame);
}

#endif

} // namespace interloop
