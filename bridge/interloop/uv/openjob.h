// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/uv/fsjob.h>
#include <interloop/uv/openfile.h>

#include <QByteArray>

#include <memory>
#include <string>
#include <utility>

/*
 * The calls that open a file. What one that nobody waits for any more has opened is closed, and removed when it was
 * made under a name of its own.
 */

namespace interloop {

class OpenJob final : public FsJob
{
public:
    OpenJob(Pump &pump, const QByteArray &path, int flags, int mode)
        : m_file(std::make_shared<OpenFile>(pump, path)), m_flags(flags), m_mode(mode)
    {
    }
    std::string name() const override { return "open " + m_file->path().toStdString(); }

    // Throws std::system_error when it could not be opened.
    std::shared_ptr<OpenFile> take()
    {
        result();
        return std::move(m_file);
    }

private:
    int issue(uv_loop_t *loop, uv_fs_t *request, uv_fs_cb done) override
    {
        return uv_fs_open(loop, request, m_file->path().constData(), m_flags, m_mode, done);
    }
    void arrived() noexcept override
    {
        if (status() >= 0)
            m_file->setDescriptor(static_cast<int>(status()));
    }

    std::shared_ptr<OpenFile> m_file; // null: taken
    int m_flags;
    int m_mode;
};

class OpenTemporaryJob final : public FsJob
{
public:
    OpenTemporaryJob(Pump &pump, const QByteArray &pattern);
    ~OpenTemporaryJob();
    std::string name() const override { return "mkstemp " + m_pattern.toStdString(); }

    // Throws std::system_error when it could not be made. The file's path is the one that it got.
    std::shared_ptr<OpenFile> take();

private:
    int issue(uv_loop_t *loop, uv_fs_t *request, uv_fs_cb done) override
    {
        return uv_fs_mkstemp(loop, request, m_pattern.constData(), done);
    }
    void arrived() noexcept override;

    QByteArray m_pattern;
    Pump &m_pump;
    std::shared_ptr<OpenFile> m_file; // null: taken
};

} // namespace interloop
