// SPDX-License-Identifier: MIT
#pragma once

#include <demo/script/script.h>

#include <interloop/task/task.h>

QT_BEGIN_NAMESPACE
class QWidget;
QT_END_NAMESPACE

/*
 * What a window says and looks like to who looks at it.
 */

// Of a widget: what it shows; of one that paints itself: its accessible description.
QString textOf(const QWidget &widget);

// What is there instead of what `step`, a WaitFor or an Expect, wants of `widget`; empty when it is fulfilled. `lag` is
// the loop's, in ms. REQUIRES: widget, unless the step is not about one
QString complaint(const Step &step, const QWidget *widget, double lag);

// As a picture file. Throws std::runtime_error when it cannot be written.
interloop::Task<> saveScreenshot(QWidget &window, QString fileName);
