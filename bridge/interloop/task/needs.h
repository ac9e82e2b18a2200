// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
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
    void add(const Chain &chain) { m_items.emplace_back(&chain, 0); }

    // That plain code goes on which was begun when `depth` blocking waits were on the stack.
    void addCode(int depth) { m_items.emplace_back(nullptr, depth); }

    // An outsider may end it.
    void open() noexcept { m_isOpen = true; }

    void setOf(Of of) noexcept { m_of = of; }

    class Item
    {
    public:
        Item(const Chain *chain, int depth) noexcept : chain(chain), depth(depth) { }
        bool operator==(const Item &) const noexcept = default;

        const Chain *chain; // nullptr: plain code
        int depth;
    };

    Of of() const noexcept { return m_of; }
    bool isOpen() const noexcept { return m_isOpen || m_items.empty(); }
    const std::vector<Item> &items() const noexcept { return m_items; }

private:
    std::vector<Item> m_items;
    Of m_of;
    bool m_isOpen = false;
};

} // namespace interloop
