// SPDX-License-Identifier: MIT
#pragma once

#include <demo/app/theme.h>

#include <QSettings>

/*
 * What the window remembers from one start to the next. QSettings' default store decides where; a window that plays a
 * script remembers nothing.
 */

class Window;

class Settings
{
public:
    Theme theme() const;
    void restore(Window &window) const;
    void save(const Window &window);

private:
    QSettings m_store;
};
