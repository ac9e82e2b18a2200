// SPDX-License-Identifier: MIT
#include "settings.h"

namespace interloop::bench {

using namespace std::chrono_literals;

namespace {

Mode currentMode = Mode::Measure;

} // namespace

void setMode(Mode mode) noexcept
{
    currentMode = mode;
}

bool isSmoke() noexcept
{
    return currentMode == Mode::Smoke;
}

std::chrono::milliseconds loadTime() noexcept
{
    return isSmoke() ? 20ms : 1500ms;
}

int sampleCount() noexcept
{
    return isSmoke() ? 10 : 1000;
}

} // namespace interloop::bench
