// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/result.h>

#include <QTest>

/*
 * What Qt Test prints when a comparison of outcomes or refusals fails: their names instead of numbers.
 */

namespace QTest {

template<>
inline char *toString(const interloop::Outcome &outcome)
{
    return qstrdup(interloop::nameOf(outcome));
}

template<>
inline char *toString(const interloop::Refusal &refusal)
{
    return qstrdup(interloop::nameOf(refusal));
}

} // namespace QTest
