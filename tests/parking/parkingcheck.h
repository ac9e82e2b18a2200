// SPDX-License-Identifier: MIT
#pragma once

#include <tests/cleanupcheck.h>

#include <interloop/interloop.h>

#include <QTest>

/*
 * CleanupCheck for tests of parked waits: they have parking, whatever the environment says, and leave no stack parked.
 */

namespace interloop::test {

class ParkingCheck
{
public:
    void begin()
    {
        m_cleanup.begin();
        Bridge::current().setParking(true);
        QVERIFY(Bridge::current().isParking());
    }

    void check()
    {
        QCOMPARE(Bridge::current().parked(), 0);
        m_cleanup.check();
    }

private:
    CleanupCheck m_cleanup;
};

} // namespace interloop::test
