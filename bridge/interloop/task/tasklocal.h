// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>

#include <cstdint>
#include <memory>
#include <utility>

/*
 * A variable of which each task has a value of its own: asyncio's ContextVar.
 *
 *     const TaskLocal<QString> user("nobody");       // at namespace scope, as a rule
 *     user.set("ada"); spawn(handle(request));       // handle() and all it spawns see "ada"
 *
 * A task begins with a copy of the values of the task that spawned it, or that waits for it with runSync; what it sets
 * is seen by itself and by the tasks it awaits directly, before and after suspensions, and by nobody else. Plain code
 * outside any task has values too, one set for each thread.
 */

namespace interloop {

// What does not depend on the type.
class INTERLOOP_EXPORT TaskLocalBase
{
protected:
    TaskLocalBase() noexcept;
    ~TaskLocalBase() = default;
    TaskLocalBase(const TaskLocalBase &) = delete;
    TaskLocalBase &operator=(const TaskLocalBase &) = delete;

    const void *find() const noexcept; // nullptr: not set here
    void setValue(std::shared_ptr<const void> value) const; // throws RunSyncError when this thread can have no bridge

private:
    std::uint64_t m_key; // never used again, so that a value cannot be taken for another variable's
};

template<typename T>
class TaskLocal : private TaskLocalBase
{
public:
    // `initial` is the value wherever nothing has been set.
    explicit TaskLocal(T initial = T()) : m_initial(std::move(initial)) { }

    // A copy of the running task's value. Any thread; each sees its own tasks.
    T value() const
    {
        const void *value = find();
        return value ? *static_cast<const T *>(value) : m_initial;
    }

    // Sets the running task's value.
    void set(T value) const { setValue(std::make_shared<const T>(std::move(value))); }

private:
    T m_initial;
};

} // namespace interloop
