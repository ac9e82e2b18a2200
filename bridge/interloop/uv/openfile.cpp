// SPDX-License-Identifier: MIT
#include <interloop/uv/openfile.h>

namespace interloop {

class CloseFileJob final : public CloseJob
{
public:
    int descriptor = -1;

private:
    int issue(uv_loop_t *loop, uv_fs_t *request, uv_fs_cb done) override
    {
        return uv_fs_close(loop, request, descriptor, done);
    }
};

OpenFile::OpenFile(Pump &pump, QByteArray path) : OpenFile(pump, std::move(path), std::make_shared<CloseFileJob>()) { }

OpenFile::OpenFile(Pump &pump, QByteArray path, std::shared_ptr<CloseFileJob> closer)
    : FsResource(pump, std::move(path), closer), m_closer(std::move(closer))
{
}

OpenFile::~OpenFile() = default;

void OpenFile::setDescriptor(int descriptor) noexcept
{
    m_descriptor = descriptor;
    m_closer->descriptor = descriptor;
    markOpen();
}

} // namespace interloop
