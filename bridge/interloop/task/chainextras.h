// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/framepool.h>
#include <interloop/task/heldlock.h>
#include <interloop/task/localvalues.h>

#include <string>

/*
 * What few chains have: a name, values of their own, locks in hand. Made when the first of them is needed, so that a
 * sleeping task does not pay for it.
 */

namespace interloop {

class INTERLOOP_EXPORT ChainExtras
{
public:
    static void *operator new(std::size_t size) { return allocateFrame(size); }
    static void operator delete(void *block, std::size_t size) noexcept { freeFrame(block, size); }

    ChainExtras() = default;
    ~ChainExtras(); // locks that are still held belong to nobody then
    ChainExtras(const ChainExtras &) = delete;
    ChainExtras &operator=(const ChainExtras &) = delete;

    // Whether somebody waits for one of the locks.
    bool isWanted() const noexcept;

    std::string label; // empty: unnamed
    LocalValues locals;
    List<HeldLock> locks;
};

} // namespace interloop
