// SPDX-License-Identifier: MIT
#include "heap.h"

#include <cstddef>
#include <malloc.h>

// The GNU C library's own, behind the functions that a program may replace.
extern "C" {
void *__libc_malloc(std::size_t size);
void *__libc_calloc(std::size_t count, std::size_t size);
void *__libc_realloc(void *memory, std::size_t size);
void *__libc_memalign(std::size_t alignment, std::size_t size);
void __libc_free(void *memory);
}

namespace interloop::bench {

namespace {

constinit thread_local long allocations = 0;
constinit thread_local long bytes = 0;

void *counted(void *memory) noexcept
{
    ++allocations;
    if (memory)
        bytes += long(malloc_usable_size(memory));
    return memory;
}

void uncounted(void *memory) noexcept
{
    if (memory)
        bytes -= long(malloc_usable_size(memory));
}

} // namespace

long allocationCount() noexcept
{
    return allocations;
}

long bytesInUse() noexcept
{
    return bytes;
}

} // namespace interloop::bench

using namespace interloop::bench;

extern "C" {

[[gnu::visibility("default")]] void *malloc(std::size_t size)
{
    return counted(__libc_malloc(size));
}

[[gnu::visibility("default")]] void *calloc(std::size_t count, std::size_t size)
{
    return counted(__libc_calloc(count, size));
}

[[gnu::visibility("default")]] void *realloc(void *memory, std::size_t size)
{
    uncounted(memory);
    return counted(__libc_realloc(memory, size));
}

[[gnu::visibility("default")]] void *memalign(std::size_t alignment, std::size_t size)
{
    return counted(__libc_memalign(alignment, size));
}

[[gnu::visibility("default")]] void *aligned_alloc(std::size_t alignment, std::size_t size)
{
    return counted(__libc_memalign(alignment, size));
}

[[gnu::visibility("default")]] void free(void *memory)
{
    uncounted(memory);
    __libc_free(memory);
}
}
