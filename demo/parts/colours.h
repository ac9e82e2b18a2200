// SPDX-License-Identifier: MIT
#pragma once

#include <QColor>
#include <QList>
#include <QPalette>

/*
 * Every colour of the demo that is not the palette's own: one table, with a value for light and one for dark windows.
 * Text in one of them, or a bar of it, can be told from the palette's base: tests/demo compute it.
 */

class Colours
{
public:
    enum class Role {
        // What a task is doing, as a bar in the timeline.
        Created,
        Ready,
        Running,
        Waiting,
        Nested,
        Parked,
        HeldBack,
        // Text and marks.
        Good,
        Warning,
        Bad,
        Faint, // text that stands back
        // Parts of code.
        CodeKeyword,
        CodeString,
        CodeComment,
        CodeWait, // runSync, co_await
        // Decoration, which nothing depends on.
        Grid,
        Stripe, // behind a row that is looked at
    };

    static QColor of(Role role, const QPalette &palette);

    static bool isDark(const QPalette &palette) { return palette.color(QPalette::Base).lightnessF() < 0.5; }

    static QList<Role> all();

    // Against the palette's base: 4.5 where text is written in it, 3 for bars, 1 for decoration.
    static double leastContrast(Role role);

    // Of the Web Content Accessibility Guidelines: 1, no difference, to 21.
    static double contrast(const QColor &one, const QColor &other);
};
