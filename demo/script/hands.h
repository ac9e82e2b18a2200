// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/task.h>

#include <QString>

QT_BEGIN_NAMESPACE
class QWidget;
QT_END_NAMESPACE

/*
 * A user's hands: what they do is posted as events, never delivered by a call, so that a slot that blocks does so on
 * top of Qt's event loop and not on top of who plays. Each task ends when its events have been delivered, or one of
 * them is on the stack in a slot that waits. They throw std::runtime_error for what a user could not do either.
 */

interloop::Task<> clickOn(QWidget *widget); // a button or a box, in its middle
interloop::Task<> pressKey(QWidget *widget, int keyAndModifiers);
interloop::Task<> typeInto(QWidget *widget, QString text); // in the place of what is there

// Chooses the entry of a combo box.
interloop::Task<> selectIn(QWidget *widget, QString entry);
