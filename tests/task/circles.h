// SPDX-License-Identifier: MIT
#pragma once

#include <tests/task/virtualscheduler.h>

#include <interloop/task/astask.h>
#include <interloop/task/gather.h>

#include <QRegularExpression>
#include <QString>

#include <map>
#include <string>
#include <utility>

/*
 * What the tests of deadlocks share: tasks that note how a wait of theirs ended, and find each other by name.
 */

namespace interloop::test {

using Handles = std::map<std::string, TaskHandle<>>;

// Where somebody waits is told too: " at tst_deadlock.cpp:42".
inline std::string withoutPlaces(const std::string &text)
{
    static const QRegularExpression place(" at \\w+\\.(cpp|h):\\d+");
    return QString::fromStdString(text).remove(place).toStdString();
}

// Awaits what `wait` gives, and notes how that ended.
template<typename Wait>
Task<> noting(std::string name, Wait wait)
{
    co_await yield(); // so that all handles are there
    try {
        co_await wait();
        note(name + " value");
    } catch (const RunSyncError &e) {
        note(name + ' ' + withoutPlaces(e.what()));
    } catch (const Cancelled &) {
        note(name + " cancelled");
        throw;
    } catch (const std::exception &e) {
        note(name + " failed: " + e.what());
    }
}

template<typename Wait>
void add(Handles &handles, const std::string &name, Wait wait)
{
    handles[name] = spawn(noting(name, std::move(wait)), name);
}

inline Task<> awaitHandle(TaskHandle<> handle)
{
    co_await handle;
}

inline Task<> gatherBoth(TaskHandle<> a, TaskHandle<> b)
{
    co_await gather(a, b);
}

} // namespace interloop::test
