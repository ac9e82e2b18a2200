// SPDX-License-Identifier: MIT
#pragma once

/*
 * All that needs Qt Widgets. Target Interloop::Widgets.
 */

#include <interloop/widgets/busyguard.h>
#include <interloop/widgets/confirmclose.h>
#include <interloop/widgets/execdialog.h>
#include <interloop/widgets/withprogress.h>
