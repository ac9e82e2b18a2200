// SPDX-License-Identifier: MIT
#include <interloop/task/generatorpromise.h>

#include <stdexcept>

namespace interloop {

void GeneratorBody::begin(Chain &chain)
{
    if (m_isBusy)
        throw std::logic_error("next() of an AsyncGenerator whose body is not at rest: one await at a time");
    m_isBusy = true;
    m_scopes.enter(chain);
}

} // namespace interloop
