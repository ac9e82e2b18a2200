// SPDX-License-Identifier: MIT
#pragma once

#include <QApplication>
#include <QCoreApplication>
#include <QMessageBox>
#include <QTest>

/*
 * For tests with windows, when the environment has them.
 */

namespace interloop::test {

inline bool hasWindows()
{
    return qobject_cast<QApplication *>(QCoreApplication::instance());
}

// Once, before the first window that counts: Qt opens files with the first one and keeps them, and a test's last window
// shall not end the application.
inline void prepareWindows()
{
    if (!hasWindows())
        return;
    QGuiApplication::setQuitOnLastWindowClosed(false);
    QMessageBox box(QMessageBox::Information, QStringLiteral("title"), QStringLiteral("text"), QMessageBox::Ok);
    box.show();
    static_cast<void>(QTest::qWaitForWindowExposed(&box));
}

} // namespace interloop::test
