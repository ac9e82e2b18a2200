// SPDX-License-Identifier: MIT
#pragma once

/*
 * All tools for tests. Target Interloop::Test.
 */

#include <interloop/test/leakcheck.h>
#include <interloop/test/randomorder.h>
#include <interloop/test/runtest.h>
#include <interloop/test/tostring.h>
#include <interloop/test/verify.h>
#include <interloop/test/virtualclock.h>
#include <interloop/test/waituntilidle.h>
