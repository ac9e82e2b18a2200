// SPDX-License-Identifier: MIT
#pragma once

#include <QList>
#include <QPalette>
#include <QStringList>

/*
 * The window's colours: the system's own, or a light or a dark palette on Qt's Fusion style.
 */

enum class Theme { System, Light, Dark };

// The names for the command line and for scripts: "system", "light", "dark".
QStringList themeNames();
QString nameOf(Theme theme);
Theme themeCalled(const QString &name, bool *isKnown = nullptr);

// For the whole application, at once.
void applyTheme(Theme theme);

// REQUIRES: theme != Theme::System
QPalette paletteOf(Theme theme);
