// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/operation.h>
#include <interloop/task/result.h>

/*
 * A stretch of a chain's life that can be cancelled as a whole. Trio's meaning: level-triggered, so that every await
 * inside throws until the scope is left; a shielded scope keeps the cancellations of the scopes around it out.
 *
 * Scopes of one chain nest strictly; the innermost is at the head of the chain's list. A chain has one from birth.
 */

namespace interloop {

class Chain;

class INTERLOOP_EXPORT CancelScope
{
public:
    enum class Shield : unsigned char { No, Yes };

    // Enters: the scope becomes the innermost of `chain`. The destructor leaves it.
    CancelScope(Chain &chain, Shield shield);
    ~CancelScope();
    CancelScope(const CancelScope &) = delete;
    CancelScope &operator=(const CancelScope &) = delete;

    // The first outcome stays; a later forced call still goes through shields. Queues, never runs user code.
    void cancel(Outcome outcome, CancelMode mode = CancelMode::Polite);

    // How the scope was cancelled, or Value when it was not.
    Outcome cancelledAs() const noexcept { return m_outcome; }

    // Whether a scope around this one is cancelled too and would throw.
    bool isCancelledFromOutside() const noexcept;

    // Whether this scope is what its chain began with.
    bool isBase() const noexcept { return !m_outer; }

private:
    friend class Chain;
    explicit CancelScope(Chain &chain) noexcept : m_chain(chain) { } // a chain's base scope

    static Outcome effective(const CancelScope *innermost) noexcept;

    Chain &m_chain;
    CancelScope *m_outer = nullptr; // nullptr: the base scope
    Outcome m_outcome = Outcome::Value;
    CancelMode m_mode = CancelMode::Polite;
    Shield m_shield = Shield::No;
};

} // namespace interloop
