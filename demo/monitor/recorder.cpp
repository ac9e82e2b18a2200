// SPDX-License-Identifier: MIT
#include <demo/monitor/recorder.h>

#include <interloop/loop/bridge.h>
#include <interloop/task/introspection.h>
#include <interloop/task/syncframe.h>

using interloop::Bridge;
using interloop::Chain;
using interloop::SyncFrame;
using interloop::TaskInfo;
using interloop::TaskStatus;

namespace {

RecordedTime now()
{
    return std::chrono::steady_clock::now();
}

Track::Kind kindOf(const Chain &chain)
{
    switch (chain.kind()) {
    case Chain::Kind::Task:
        return Track::Kind::Task;
    case Chain::Kind::Slot:
        return Track::Kind::Slot;
    case Chain::Kind::Wait:
        break;
    }
    return Track::Kind::Wait;
}

// The depth says where a wait is now; its name for all time is its place.
std::string nameOf(const Chain &chain)
{
    if (chain.kind() != Chain::Kind::Wait)
        return chain.name();
    return "runSync" + interloop::atLocation(chain.location());
}

Activity activityOf(TaskStatus status)
{
    switch (status) {
    case TaskStatus::Created:
        return Activity::Created;
    case TaskStatus::Ready:
        return Activity::Ready;
    case TaskStatus::Running:
        return Activity::Running;
    case TaskStatus::Waiting:
        break;
    }
    return Activity::Waiting;
}

Track newTrack(const Chain &chain)
{
    Track track;
    track.id = chain.id();
    track.kind = kindOf(chain);
    track.parent = chain.parentId();
    if (track.parent != 0)
        track.relation = Track::Relation::BegunBy;
    track.name = nameOf(chain);
    track.begin = track.since = now();
    return track;
}

} // namespace

Recorder::Recorder()
{
    Bridge::current();
    recordWhatIsThere();
    m_previous = interloop::exchangeInstrument(this);
    QObject::connect(&m_lag.timer(), &QTimer::timeout, &m_lag.timer(), [this] { sample(); });
}

Recorder::~Recorder()
{
    interloop::exchangeInstrument(m_previous);
    m_recording->setOver();
}

void Recorder::recordWhatIsThere()
{
    for (const TaskInfo &task : interloop::allTasks()) {
        Track track;
        track.id = task.id();
        track.parent = task.parentId();
        if (track.parent != 0)
            track.relation = Track::Relation::BegunBy;
        track.name = task.description();
        track.begin = track.since = now();
        track.activity = activityOf(task.status());
        track.text = task.awaiting();
        m_recording->beginTrack(std::move(track));
    }
}

void Recorder::taskSpawned(const Chain &task) noexcept
{
    m_recording->beginTrack(newTrack(task));
}

void Recorder::taskScheduled(const Chain &task) noexcept
{
    if (m_recording->activityOf(task.id()) == Activity::Waiting)
        m_recording->change(task.id(), Activity::Ready, {}, now());
}

void Recorder::beforeTaskStep(const Chain &task) noexcept
{
    if (m_recording->has(task.id())) {
        m_recording->change(task.id(), Activity::Running, {}, now());
        return;
    }
    Track track = newTrack(task);
    track.activity = Activity::Running;
    const SyncFrame *frame = task.scheduler().topFrame();
    if (track.kind == Track::Kind::Wait && frame && frame->target() == &task) {
        const Chain *caller = frame->caller();
        const Chain *below = frame->below() ? frame->below()->target() : nullptr;
        track.parent = caller ? caller->id() : below ? below->id() : 0;
        track.relation = caller ? Track::Relation::CalledBy : below ? Track::Relation::OnTopOf : Track::Relation::None;
    }
    m_recording->beginTrack(std::move(track));
}

void Recorder::afterTaskStep(const Chain &task) noexcept
{
    const interloop::Operation *wait = task.waiting();
    if (!wait)
        return; // it has ended
    if (wait->isOver())
        m_recording->change(task.id(), Activity::Ready, {}, now());
    else
        m_recording->change(task.id(), Activity::Waiting, wait->describe(), now());
}

void Recorder::taskExited(const Chain &task) noexcept
{
    const SyncFrame *frame = task.scheduler().topFrame();
    const bool isHeldBack = task.kind() == Chain::Kind::Wait && m_nestedWaits.contains(task.id())
            && !(frame && frame->target() == &task);
    if (isHeldBack)
        m_recording->change(task.id(), Activity::HeldBack,
                            frame ? m_recording->nameOf(frame->target()->id()) : std::string(), now());
    else
        m_recording->endTrack(task.id(), now());
}

void Recorder::beforeBlockingWait(const SyncFrame &wait) noexcept
{
    if (wait.nests())
        m_nestedWaits.insert(wait.target()->id());
    if (const Chain *caller = wait.caller()) {
        const Activity activity = wait.nests() ? Activity::Nested : Activity::Parked;
        m_recording->change(caller->id(), activity, m_recording->nameOf(wait.target()->id()), now());
    }
}

void Recorder::afterBlockingWait(const SyncFrame &wait) noexcept
{
    m_nestedWaits.erase(wait.target()->id());
    m_recording->endTrack(wait.target()->id(), now());
    if (const Chain *caller = wait.caller())
        m_recording->change(caller->id(), Activity::Running, {}, now());
}

void Recorder::sample()
{
    if (!Bridge::exists())
        return;
    const Bridge &bridge = Bridge::current();
    LoopFigures figures;
    figures.time = now();
    figures.statistics = bridge.statistics();
    figures.depth = bridge.depth();
    figures.parked = bridge.parked();
    figures.tasks = bridge.taskCount();
    m_recording->setFigures(figures);
    if (figures.time < m_nextTree || !m_recording->takeTreeRequest())
        return;
    m_recording->setTree(interloop::dumpTasks());
    m_nextTree = now() + 50 * (now() - figures.time); // of thousands of tasks it takes milliseconds
}
