// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/uv/fsresource.h>

#include <memory>

/*
 * The descriptor of an open file. Whoever gives it to libuv or the kernel holds an FsUse of it meanwhile.
 */

namespace interloop {

class CloseFileJob;

class INTERLOOP_EXPORT OpenFile final : public FsResource
{
public:
    OpenFile(Pump &pump, QByteArray path);
    ~OpenFile();

    // It is open from now on.
    void setDescriptor(int descriptor) noexcept;
    int descriptor() const noexcept { return m_descriptor; } // valid while open or in use

private:
    OpenFile(Pump &pump, QByteArray path, std::shared_ptr<CloseFileJob> closer);

    std::shared_ptr<CloseFileJob> m_closer;
    int m_descriptor = -1;
};

using FileUse = FsUse<OpenFile>;

} // namespace interloop
