// SPDX-License-Identifier: MIT
#include <interloop/task/instrument.h>

#include <interloop/task/scheduler.h>

namespace interloop {

Instrument *exchangeInstrument(Instrument *instrument)
{
    Scheduler *scheduler = instrument ? &currentScheduler() : existingScheduler();
    return scheduler ? scheduler->exchangeInstrument(instrument) : nullptr;
}

} // namespace interloop
