// SPDX-License-Identifier: MIT
#pragma once

#include <demo/app/theme.h>

#include <QString>

#include <optional>

/*
 * The command line.
 */

class Options
{
public:
    // Answers --help and --version, and ends the program then and when an argument is wrong (exit status 2). Needs no
    // display and no application.
    static Options fromCommandLine(int argc, char **argv);

    bool isHeadless = false;
    std::optional<Theme> theme; // empty: the one of the last time
    QString url; // empty: that of the demo's own server
    int timeout = 5; // in seconds
    QString script; // empty: none
    QString screenshot; // where to; empty: none
    QString report; // where to; empty: none
};
