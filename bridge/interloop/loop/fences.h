// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>

/*
 * What keeps parked waits from breaking others, each behind a switch. For negative controls in the test suite alone: a
 * test sets one to false to show that things break without it. In all else they are true, and nothing may be concluded
 * from them.
 */

namespace interloop {

class INTERLOOP_EXPORT Fences
{
public:
    // Each stack has exceptions of its own: what it throws and handles is put aside while another one runs.
    static bool exceptionState;

    // No stack is put aside with frames of Qt on it.
    static bool qtFrames;
};

} // namespace interloop
