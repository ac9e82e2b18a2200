// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/listnode.h>

#include <string>

/*
 * Work that libuv's thread pool has and that cannot be taken back: the loop's end waits for it, and names it when that
 * takes long. On the list from the request's start to its completion callback.
 */

namespace interloop {

class PoolWork : public ListNode
{
public:
    virtual std::string name() const = 0;

protected:
    PoolWork() noexcept = default;
    ~PoolWork() = default;
};

} // namespace interloop
