// SPDX-License-Identifier: MIT
#include <interloop/uv/openjob.h>

#include <interloop/uv/fscleanup.h>

namespace interloop {

OpenTemporaryJob::OpenTemporaryJob(Pump &pump, const QByteArray &pattern)
    : m_pattern(pattern), m_pump(pump), m_file(std::make_shared<OpenFile>(pump, pattern))
{
}

OpenTemporaryJob::~OpenTemporaryJob()
{
    if (m_file && m_file->isOpen())
        removeLater(m_pump, &uv_fs_unlink, "unlink", QByteArray(fs().path));
}

std::shared_ptr<OpenFile> OpenTemporaryJob::take()
{
    result();
    m_file->setPath(QByteArray(fs().path));
    return std::move(m_file);
}

void OpenTemporaryJob::arrived() noexcept
{
    if (status() >= 0)
        m_file->setDescriptor(static_cast<int>(status()));
}

} // namespace interloop
