// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/task.h>
#include <interloop/uv/fsjob.h>

#include <QByteArray>

#include <memory>
#include <string>
#include <utility>

/*
 * What is open and has to be closed: a file's descriptor, a directory's stream.
 *
 * The user's object and each call on it share it; a call in flight also counts as a use. It is closed in the pool, when
 * that was asked for or nobody refers to it any more, and never under a use: another file could get its number.
 */

namespace interloop {

// The call that closes it. Made beforehand, so that nothing can fail when it is needed. What nobody has waited for goes
// to the unhandled-error hook.
class INTERLOOP_EXPORT CloseJob : public FsJob
{
public:
    std::string name() const override { return "close " + m_path.toStdString(); }
    void setPath(const QByteArray &path) { m_path = path; }

    // Here and now, without a loop.
    void callNow() noexcept;

    // The result for the one that waited.
    void take();

protected:
    CloseJob() noexcept = default;
    ~CloseJob();

private:
    uv_req_t *request() noexcept final { return nullptr; }

    QByteArray m_path;
    bool m_isTaken = false;
};

class INTERLOOP_EXPORT FsResource
{
public:
    FsResource(const FsResource &) = delete;
    FsResource &operator=(const FsResource &) = delete;

    const QByteArray &path() const noexcept { return m_path; }
    void setPath(QByteArray path);
    bool isOpen() const noexcept { return m_state == State::Open; }

    // No further uses; closes when there is none. Does nothing when closed.
    void close() noexcept;

    // Closes `resource` and waits for it.
    static Task<> closeAndWait(std::shared_ptr<FsResource> resource);

    // Throws std::system_error when closed, RunSyncError (WrongThread) on another thread.
    void requireUsable(const char *operation) const;

protected:
    FsResource(Pump &pump, QByteArray path, std::shared_ptr<CloseJob> closer);
    ~FsResource(); // closes, without blocking where there is a loop

    void markOpen() noexcept { m_state = State::Open; }

private:
    template<typename Resource>
    friend class FsUse;
    enum class State : unsigned char { New, Open, Closing, Closed };

    void use() noexcept { ++m_uses; }
    void endUse() noexcept
    {
        if (--m_uses == 0 && m_state == State::Closing)
            startClosing();
    }
    void startClosing() noexcept;

    Pump *m_pump; // the bridge may have ended: only to be compared
    QByteArray m_path;
    std::shared_ptr<CloseJob> m_closer;
    int m_uses = 0;
    State m_state = State::New;
};

// Keeps a resource open.
template<typename Resource>
class FsUse
{
public:
    explicit FsUse(std::shared_ptr<Resource> resource) noexcept : m_resource(std::move(resource))
    {
        m_resource->FsResource::use();
    }
    FsUse(FsUse &&other) noexcept = default; // leaves an empty one
    FsUse &operator=(FsUse &&) = delete;
    ~FsUse()
    {
        if (m_resource)
            m_resource->FsResource::endUse();
    }

    Resource *operator->() const noexcept { return m_resource.get(); }

private:
    std::shared_ptr<Resource> m_resource; // null: moved from
};

} // namespace interloop
