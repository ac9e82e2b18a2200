// SPDX-License-Identifier: MIT
#include <interloop/task/localvalues.h>

#include <algorithm>
#include <utility>

namespace interloop {

const void *LocalValues::find(std::uint64_t key) const noexcept
{
    if (!m_table)
        return nullptr;
    const auto found = std::find_if(m_table->begin(), m_table->end(), [key](const Entry &entry) { return entry.key == key; });
    return found == m_table->end() ? nullptr : found->value.get();
}

void LocalValues::set(std::uint64_t key, std::shared_ptr<const void> value)
{
    auto table = m_table ? std::make_shared<Table>(*m_table) : std::make_shared<Table>();
    const auto found = std::find_if(table->begin(), table->end(), [key](const Entry &entry) { return entry.key == key; });
    if (found == table->end())
        table->push_back(Entry{key, std::move(value)});
    else
        found->value = std::move(value);
    m_table = std::move(table);
}

} // namespace interloop
