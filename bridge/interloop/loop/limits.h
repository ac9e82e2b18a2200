// SPDX-License-Identifier: MIT
#pragma once

#include <QString>

#include <chrono>
#include <exception>
#include <functional>

/*
 * What a bridge can be told: how deep, how long, and whom to tell.
 */

namespace interloop {

// Gets what nobody else takes: a text that names where the failure came from, and the exception.
using UnhandledErrorHandler = std::function<void(const QString &text, std::exception_ptr error)>;

class Limits
{
public:
    int maximumDepth = 64; // nested waits on top of each other
    int maximumParked = 10'000; // stacks
    std::chrono::milliseconds heldBackThreshold{250}; // longer: warned about, once per wait
    std::chrono::milliseconds shutdownLimit{500}; // how long clean-up may still wait after quit or close
    UnhandledErrorHandler unhandledErrorHandler; // empty: a critical message in the log
};

} // namespace interloop
