// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>

#include <source_location>
#include <string>

/*
 * Where something happened in the source, for messages.
 */

namespace interloop {

inline bool isKnown(const std::source_location &location) noexcept
{
    return location.line() != 0;
}

// "main.cpp:12"; empty when unknown.
INTERLOOP_EXPORT std::string toString(const std::source_location &location);

// " at main.cpp:12"; empty when unknown.
INTERLOOP_EXPORT std::string atLocation(const std::source_location &location);

// The name of the function that `location` lies in, without its return type, parameters and unnamed namespaces: "Store::load",
// "a lambda in main"; empty when unknown.
INTERLOOP_EXPORT std::string functionName(const std::source_location &location);

} // namespace interloop
