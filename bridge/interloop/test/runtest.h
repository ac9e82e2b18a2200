// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/task.h>

#include <chrono>

/*
 * Runs a coroutine as the body of a Qt Test function, within a time limit: one that hangs fails, and the message says what
 * waits for what.
 *
 *     void TestCache::repliesInOrder() { INTERLOOP_RUN(repliesInOrderTask()); }
 *     void TestCache::survivesALostServer() { INTERLOOP_RUN(lostServerTask(), 30s); }
 */

namespace interloop {

// False when the test function has failed: in `test`, by an exception that left it, or since it did not end in time. It
// is cancelled then; the limit is real time, whatever clock the tasks have. A test that does not end in spite of that
// ends the process. Where no other order is in force, tasks resume in the order that INTERLOOP_TEST_SEED asks for.
bool runTest(const char *file, int line, Task<> test, std::chrono::milliseconds limit = std::chrono::seconds(10));

} // namespace interloop

// INTERLOOP_RUN(task) or INTERLOOP_RUN(task, limit). Leaves the test function when it has failed.
#define INTERLOOP_RUN(...)                                                                                             \
    do {                                                                                                               \
        if (!interloop::runTest(__FILE__, __LINE__, __VA_ARGS__))                                                      \
            return;                                                                                                    \
    } while (false)
