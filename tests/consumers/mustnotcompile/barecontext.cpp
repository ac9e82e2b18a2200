// SPDX-License-Identifier: MIT
// error: deleted|no matching|no type|too few
#include <interloop/qt/connect.h>

#include <QTimer>

void connectWithoutContext(QTimer &timer)
{
#ifdef MUST_NOT_COMPILE
    interloop::connect(&timer, &QTimer::timeout, [] { });
#else
    interloop::connect(&timer, &QTimer::timeout, &timer, [] { });
#endif
}
