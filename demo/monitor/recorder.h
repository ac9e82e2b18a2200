// SPDX-License-Identifier: MIT
#pragma once

#include <demo/monitor/lagprobe.h>
#include <demo/monitor/recording.h>

#include <interloop/task/instrument.h>

#include <memory>
#include <unordered_set>

/*
 * Watches the bridge of the thread that it is made in: its tasks, step by step, and how late its event loop is. What it
 * sees is in recording() and lag(), for any thread. It ends in its thread; those two may be kept for longer. Of several in
 * a thread the one that is made last sees, and must end first.
 *
 * Looking at a few numbers takes it 100 wake-ups a second, with the lag probe's; a step of a task costs about half a
 * microsecond more while it is there.
 */

class Recorder final : private interloop::Instrument
{
public:
    Recorder(); // makes the thread's bridge when there is none
    ~Recorder();

    const std::shared_ptr<Recording> &recording() const noexcept { return m_recording; }

    const std::shared_ptr<LagRecord> &lag() const noexcept { return m_lag.record(); }

private:
    void taskSpawned(const interloop::Chain &task) noexcept override;
    void taskScheduled(const interloop::Chain &task) noexcept override;
    void beforeTaskStep(const interloop::Chain &task) noexcept override;
    void afterTaskStep(const interloop::Chain &task) noexcept override;
    void taskExited(const interloop::Chain &task) noexcept override;
    void beforeBlockingWait(const interloop::SyncFrame &wait) noexcept override;
    void afterBlockingWait(const interloop::SyncFrame &wait) noexcept override;

    void recordWhatIsThere();
    void sample();

    std::shared_ptr<Recording> m_recording = std::make_shared<Recording>();
    LagProbe m_lag;
    std::unordered_set<std::uint32_t> m_nestedWaits; // that have not returned
    RecordedTime m_nextTree; // not before
    interloop::Instrument *m_previous;
};
