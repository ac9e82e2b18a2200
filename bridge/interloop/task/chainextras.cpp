// SPDX-License-Identifier: MIT
#include <interloop/task/chainextras.h>

namespace interloop {

ChainExtras::~ChainExtras()
{
    while (!locks.isEmpty())
        locks.first().release();
}

} // namespace interloop
