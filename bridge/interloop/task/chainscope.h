// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/operation.h>
#include <interloop/task/result.h>

/*
 * A stretch of a chain's life that can be cancelled as a whole, for this library's own use; users have CancelScope.
 * Trio's meaning: level-triggered, so that every await inside throws until the scope is left; a shielded scope keeps
 * the cancellations of the scopes around it out.
 *
 * The scopes of a chain are a list from the innermost outwards, whose end is the one that the chain has from birth. A
 * scope may leave in any order, and outlive its chain.
 */

namespace interloop {

class Chain;

class INTERLOOP_EXPORT ChainScope
{
public:
    enum class Shield : unsigned char { No, Yes };

    // Enters: the scope becomes the innermost of `chain`. The destructor leaves it.
    ChainScope(Chain &chain, Shield shield);
    ~ChainScope();
    ChainScope(const ChainScope &) = delete;
    ChainScope &operator=(const ChainScope &) = delete;

    // The first outcome stays; a later forced call still goes through shields. Queues, never runs user code.
    void cancel(Outcome outcome, CancelMode mode = CancelMode::Polite);

    // How the scope was cancelled, or Value when it was not.
    Outcome cancelledAs() const noexcept { return m_outcome; }

    // Whether a scope around this one is cancelled too and, through this one's shield, would throw.
    bool isCancelledFromOutside() const noexcept;

    void setShield(Shield shield);

    // Early; the chain goes on without it. Does nothing when it has left.
    void leave() noexcept;
    bool hasLeft() const noexcept { return m_where == Where::Nowhere; }

    // Whether `chain` is in the scope now.
    bool isIn(const Chain &chain) const noexcept { return m_where == Where::Chain && m_chain == &chain; }

private:
    friend class BodyScopes;
    friend class Chain;

    enum class Where : unsigned char {
        Base, // a chain's own, at the end of its list
        Chain, // in the list of m_chain
        Body, // in the circular list of a generator's body that is suspended, or that list's end
        Nowhere, // left, or the chain is gone
    };

    explicit ChainScope(Chain &chain) noexcept : m_chain(&chain) { } // a chain's base scope
    ChainScope() noexcept : m_outer(this), m_where(Where::Body) { } // the end of a body's list

    void deliver();
    static Outcome effective(const ChainScope *innermost, bool isShielded = false) noexcept;

    Chain *m_chain = nullptr; // valid in Base and Chain
    ChainScope *m_outer = nullptr; // the next one in the list; nullptr: Base
    Outcome m_outcome = Outcome::Value;
    CancelMode m_mode = CancelMode::Polite;
    Shield m_shield = Shield::No;
    Where m_where = Where::Base;
};

} // namespace interloop
