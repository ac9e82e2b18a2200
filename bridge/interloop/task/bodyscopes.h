// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/chainscope.h>

/*
 * The scopes that the body of a generator is in. They concern the body alone: while it is suspended at a co_yield its
 * consumer is not in them, and when it goes on, in whatever task, it is in them again.
 */

namespace interloop {

class INTERLOOP_EXPORT BodyScopes
{
public:
    BodyScopes() noexcept = default;
    BodyScopes(const BodyScopes &) = delete;
    BodyScopes &operator=(const BodyScopes &) = delete;

    // The body goes on, as a part of `chain`.
    void enter(Chain &chain) noexcept;

    // The body is about to be suspended. The same chain as it was entered with.
    void leave(Chain &chain) noexcept;

private:
    ChainScope m_suspended; // the list's end; its outer one is the innermost of them
    ChainScope *m_around = nullptr; // the innermost scope of the consumer, when the body went on
};

} // namespace interloop
