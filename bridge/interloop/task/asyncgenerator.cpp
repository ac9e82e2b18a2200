// SPDX-License-Identifier: MIT
#include <interloop/task/asyncgenerator.h>

#include <stdexcept>

namespace interloop {

void throwEmptyGenerator()
{
    throw std::logic_error("an empty AsyncGenerator: default-constructed or moved from");
}

} // namespace interloop
