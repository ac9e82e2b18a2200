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

void *allocateFrame(std::size_t size)
{
    return remember(allocateBlock(size), size);
}

void freeFrame(void *frame, std::size_t size) noexcept
{
    forget(frame);
    freeBlock(frame, size);
}

#ifdef INTERLOOP_PLAIN_FRAMES

void *allocateBlock(std::size_t size)
{
    return ::operator new(size);
}

void freeBlock(void *block, std::size_t size) noexcept
{
    ::operator delete(block, size);
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

void *allocateBlock(std::size_t size)
{
    const std::size_t index = classOf(size);
    if (index >= classCount)
        return ::operator new(size);
    FreeList &list = pool.lists[index];
    if (FreeBlock *block = list.first) [[likely]] {
        list.first = block->next;
        --list.count;
        return block;
    }
    return ::operator new((index + 1) * classSize);
}

void freeBlock(void *freed, std::size_t size) noexcept
{
    const std::size_t index = classOf(size);
    if (index < classCount) {
        Pool &mine = pool;
        if (!mine.isRegistered) [[unlikely]]
            registerRelease();
        FreeList &list = mine.lists[index];
        if (list.count < keptPerClass && !mine.isReleasing) [[likely]] {
            auto *block = static_cast<FreeBlock *>(freed);
            block->next = list.first;
            list.first = block;
            ++list.count;
            return;
        }
    }
    ::operator delete(freed);
}

#endif

} // namespace interloop
