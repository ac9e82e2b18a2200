// SPDX-License-Identifier: MIT
#include <interloop/task/operation.h>

#include <interloop/task/needs.h>

namespace interloop {

void Operation::collectNeeds(Needs &needs) const
{
    if (const Chain *chain = awaitedChain())
        needs.add(*chain);
    else
        needs.open();
}

} // namespace interloop
