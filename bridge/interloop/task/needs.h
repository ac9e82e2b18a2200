// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/stack.h>

#include <cstddef>
#include <span>
#include <vector>

/*
 * What must happen before a wait can end: the edges of the graph of who waits for whom.
 *
 * Only what nobody outside the graph can bring about counts. A wait that a socket, a timer, a callback or any other
 * outsider may end is open, and never part of a deadlock.
 */

namespace interloop {

class Chain;

class Needs
{
public:
    // How many of them.
    enum class Of : unsigned char { All, Any };

    explicit Needs(Of of = Of::All) noexcept : m_of(of) { }

    // The end of `chain`, or that it goes on.
    void add(const Chain &chain) { add(Item(&chain, StackPlace())); }

    // That plain code goes on which lies at `place`.
    void addCode(StackPlace place) { add(Item(nullptr, place)); }

    // An outsider may end it.
    void open() noexcept { m_isOpen = true; }

    void setOf(Of of) noexcept { m_of = of; }

    class Item
    {
    public:
        Item() noexcept = default;
        Item(const Chain *chain, StackPlace place) noexcept : chain(chain), place(place) { }
        bool operator==(const Item &) const noexcept = default;

        const Chain *chain = nullptr; // nullptr: plain code
        StackPlace place; // of plain code
    };

    Of of() const noexcept { return m_of; }
    bool isOpen() const noexcept { return m_isOpen || m_count == 0; }
    std::span<const Item> items() const noexcept
    {
        return m_count == 1 ? std::span<const Item>(&m_only, 1) : std::span<const Item>(m_items);
    }

private:
    void add(Item item)
    {
        if (++m_count == 1) {
            m_only = item;
            return;
        }
        if (m_count == 2)
            m_items.push_back(m_only);
        m_items.push_back(item);
    }

    Item m_only; // while there is one: most waits need one thing, and allocate nothing
    std::vector<Item> m_items;
    std::size_t m_count = 0;
    Of m_of;
    bool m_isOpen = false;
};

} // namespace interloop
