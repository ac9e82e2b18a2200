// SPDX-License-Identifier: MIT
#pragma once

/*
 * An intrusive, circular, doubly linked list: the one shape behind the ready queue and every list of waiters.
 *
 * A node is in at most one list. Putting it in, taking it out and moving a whole list are O(1) and allocate nothing;
 * a list never owns its nodes.
 */

namespace interloop {

class ListNode
{
public:
    ListNode(const ListNode &) = delete;
    ListNode &operator=(const ListNode &) = delete;

    bool isLinked() const noexcept { return m_next != this; }

    void unlink() noexcept
    {
        m_previous->m_next = m_next;
        m_next->m_previous = m_previous;
        m_next = m_previous = this;
    }

protected:
    ListNode() noexcept = default;
    ~ListNode() = default;

private:
    template<typename Node>
    friend class List;

    ListNode *m_next = this;
    ListNode *m_previous = this;
};

template<typename Node>
class List
{
public:
    bool isEmpty() const noexcept { return !m_end.isLinked(); }

    // REQUIRES: !isEmpty()
    Node &first() const noexcept { return static_cast<Node &>(*m_end.m_next); }

    Node *firstOrNull() const noexcept { return isEmpty() ? nullptr : &first(); }

    // The node behind `node`, or nullptr at the end.
    Node *after(const Node &node) const noexcept
    {
        ListNode *next = static_cast<const ListNode &>(node).m_next;
        return next == &m_end ? nullptr : static_cast<Node *>(next);
    }

    // REQUIRES: !node.isLinked()
    void append(Node &node) noexcept
    {
        ListNode &added = node;
        added.m_next = &m_end;
        added.m_previous = m_end.m_previous;
        m_end.m_previous->m_next = &added;
        m_end.m_previous = &added;
    }

    // REQUIRES: !node.isLinked()
    void prepend(Node &node) noexcept
    {
        ListNode &added = node;
        added.m_previous = &m_end;
        added.m_next = m_end.m_next;
        m_end.m_next->m_previous = &added;
        m_end.m_next = &added;
    }

    // REQUIRES: !isEmpty()
    Node &takeFirst() noexcept
    {
        Node &node = first();
        static_cast<ListNode &>(node).unlink();
        return node;
    }

private:
    class End : public ListNode
    {
    };
    mutable End m_end;
};

} // namespace interloop
