// SPDX-License-Identifier: MIT
#pragma once

#include <demo/monitor/recording.h>
#include <demo/parts/colours.h>

#include <QString>

/*
 * What the loop view says about tasks, and the colours that it says it in.
 */

namespace words {

enum class Tense : unsigned char { Present, Past };

Colours::Role roleOf(Activity activity);

// For the legend.
QString nameOf(Activity activity);

// "fetch #7", "slot of QPushButton::clicked", "runSync at main.cpp:9".
QString titleOf(const Track &track);

// "waits for a timer, for 1.20 s so far", "waited for a timer for 50 ms".
QString sentenceOf(Activity activity, const std::string &text, std::chrono::nanoseconds duration, Tense tense);

// "called by fetch #7", "begun by plain code"; empty when nothing is known. `parent` may be nullptr: it is gone.
QString relationOf(const Track &track, const Track *parent);

// "12 µs", "3.4 ms", "1.20 s".
QString durationOf(std::chrono::nanoseconds duration);

} // namespace words
