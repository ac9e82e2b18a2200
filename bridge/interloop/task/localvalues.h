// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>

#include <cstdint>
#include <memory>
#include <vector>

/*
 * The values of task-locals, as a whole that is copied in O(1): copies share an immutable table, and whoever sets a value
 * gets a table of its own.
 */

namespace interloop {

class INTERLOOP_EXPORT LocalValues
{
public:
    bool isEmpty() const noexcept { return !m_table; }

    // nullptr: not set.
    const void *find(std::uint64_t key) const noexcept;
    void set(std::uint64_t key, std::shared_ptr<const void> value);

private:
    class Entry
    {
    public:
        std::uint64_t key;
        std::shared_ptr<const void> value;
    };
    using Table = std::vector<Entry>;

    std::shared_ptr<const Table> m_table; // null: nothing is set
};

} // namespace interloop
