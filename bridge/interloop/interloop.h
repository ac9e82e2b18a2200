// SPDX-License-Identifier: MIT
#pragma once

/*
 * Everything.
 */

#include <interloop/loop/bridge.h>
#include <interloop/loop/nosuspend.h>
#include <interloop/loop/runon.h>
#include <interloop/loop/runsync.h>
#include <interloop/qt/bindto.h>
#include <interloop/qt/connect.h>
#include <interloop/qt/future.h>
#include <interloop/qt/guarded.h>
#include <interloop/qt/iodevice.h>
#include <interloop/qt/process.h>
#include <interloop/qt/signal.h>
#include <interloop/qt/signalsequence.h>
#include <interloop/qt/thread.h>
#include <interloop/qt/timer.h>
#include <interloop/task/ascompleted.h>
#include <interloop/task/asyncgenerator.h>
#include <interloop/task/barrier.h>
#include <interloop/task/cancelscope.h>
#include <interloop/task/condition.h>
#include <interloop/task/errors.h>
#include <interloop/task/event.h>
#include <interloop/task/future.h>
#include <interloop/task/gather.h>
#include <interloop/task/introspection.h>
#include <interloop/task/mutex.h>
#include <interloop/task/progress.h>
#include <interloop/task/queue.h>
#include <interloop/task/race.h>
#include <interloop/task/result.h>
#include <interloop/task/semaphore.h>
#include <interloop/task/shield.h>
#include <interloop/task/sleep.h>
#include <interloop/task/spawn.h>
#include <interloop/task/task.h>
#include <interloop/task/tasklocal.h>
#include <interloop/task/taskgroup.h>
#include <interloop/task/timeout.h>
#include <interloop/uv/dns.h>
#include <interloop/uv/tcp.h>
#include <interloop/uv/work.h>
