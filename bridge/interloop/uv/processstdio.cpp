// SPDX-License-Identifier: MIT
#include <interloop/uv/processstdio.h>

#include <interloop/loop/bridge.h>
#include <interloop/task/errors.h>
#include <interloop/uv/descriptor.h>

#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <utility>

namespace interloop {

namespace {

const char *nameOf(int index)
{
    const char *names[stdioCount] = {"standard input", "standard output", "standard error"};
    return names[index];
}

bool isOpenDescriptor(int descriptor)
{
    return fcntl(descriptor, F_GETFD) >= 0;
}

std::string describe(const ProcessOptions &options, int index, const Stdio &stdio)
{
    const std::string text = "start " + options.program().toStdString() + ": " + nameOf(index);
    if (stdio.kind() != Stdio::Kind::Descriptor)
        return text;
    return text + ", descriptor " + std::to_string(stdio.descriptor());
}

} // namespace

ProcessStdio::ProcessStdio(const ProcessOptions &options) : m_options(options)
{
    const Stdio all[stdioCount] = {options.standardInput(), options.standardOutput(), options.standardError()};
    for (int i = 0; i < stdioCount; ++i) {
        if (const int error = prepare(i, all[i])) {
            closeEnds();
            throw uvError(error, describe(options, i, all[i]));
        }
    }
}

ProcessStdio::~ProcessStdio()
{
    closeEnds();
}

int ProcessStdio::prepare(int index, Stdio stdio)
{
    switch (stdio.kind()) {
    case Stdio::Kind::Pipe:
        return makePipe(index);
    case Stdio::Kind::Inherit:
        if (isOpenDescriptor(index))
            inherit(index, index);
        return 0;
    case Stdio::Kind::Null:
        return 0;
    case Stdio::Kind::Descriptor:
        if (!isOpenDescriptor(stdio.descriptor()))
            return UV_EBADF;
        inherit(index, stdio.descriptor());
        return 0;
    }
    return UV_EINVAL;
}

int ProcessStdio::makePipe(int index)
{
    uv_file ends[2]; // to read from, to write to
    if (const int error = uv_pipe(ends, 0, 0))
        return error;
    const bool isInput = index == 0;
    m_ends[index] = isInput ? ends[0] : ends[1];
    int ours = isInput ? ends[1] : ends[0];
    if (ours <= STDERR_FILENO) { // this process has lost one of its own, and libuv never closes that number
        const int low = std::exchange(ours, duplicate(ours));
        close(low);
        if (ours < 0)
            return ours;
    }
    m_pipes[std::size_t(index)] = UvRef<ProcessPipe>(new ProcessPipe(currentPump(), nameOf(index), m_options.program()));
    const int error = m_pipes[std::size_t(index)]->open(ours);
    if (error)
        close(ours);
    else
        inherit(index, m_ends[index]);
    return error;
}

void ProcessStdio::inherit(int index, int descriptor) noexcept
{
    m_containers[index].flags = UV_INHERIT_FD;
    m_containers[index].data.fd = descriptor;
}

void ProcessStdio::closeEnds() noexcept
{
    for (int &end : m_ends) {
        if (end >= 0)
            close(end);
        end = -1;
    }
}

} // namespace interloop
