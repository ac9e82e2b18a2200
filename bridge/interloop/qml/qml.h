// SPDX-License-Identifier: MIT
#pragma once

/*
 * Tasks in QML. Target Interloop::Qml.
 */

#include <interloop/qml/qmlresult.h>
#include <interloop/qml/qmltask.h>
