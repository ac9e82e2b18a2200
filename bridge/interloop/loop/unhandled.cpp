// SPDX-License-Identifier: MIT
#include <interloop/loop/unhandled.h>

#include <interloop/loop/bridge.h>
#include <interloop/loop/pump.h>
#include <interloop/task/errors.h>

#include <QDebug>

namespace interloop {

void reportUnhandled(const std::string &text, std::exception_ptr error) noexcept
{
    if (Pump *pump = existingPump())
        pump->report(Report::UnhandledError, text, error);
    else
        qCritical("interloop: %s: %s", text.c_str(), error ? errorText(error).c_str() : "no exception");
}

} // namespace interloop
