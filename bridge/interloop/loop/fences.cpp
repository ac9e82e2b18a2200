// SPDX-License-Identifier: MIT
#include <interloop/loop/fences.h>

namespace interloop {

bool Fences::exceptionState = true;
bool Fences::qtFrames = true;

} // namespace interloop
