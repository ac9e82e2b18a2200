// SPDX-License-Identifier: MIT
#pragma once

#include <QHash>
#include <QSet>
#include <QString>
#include <QStringList>

#include <cstdint>
#include <memory>

/*
 * What has come to this thread's bridge since a moment, and is still there: live tasks, waits on the stack, open libuv
 * handles. A handle that is closing is there until its close callback has come.
 */

namespace interloop {

class Mailbox;

class Leftovers
{
public:
    // The moment is now. What is there already may stay; of libuv's handles, one of its type for one.
    void begin();

    // Tasks by name and by what they wait for, handles by libuv's name of their type; empty when nothing is left.
    QStringList list() const;

private:
    std::shared_ptr<Mailbox> m_bridge; // whose tasks and handles were there; null: there was no bridge
    QSet<std::uint32_t> m_tasks; // ids
    QHash<QString, int> m_handles; // how many of each type
};

} // namespace interloop
