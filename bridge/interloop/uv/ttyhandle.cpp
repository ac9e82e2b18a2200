// SPDX-License-Identifier: MIT
#include <interloop/uv/ttyhandle.h>

#include <interloop/loop/pump.h>
#include <interloop/uv/descriptor.h>
#include <interloop/uv/terminalmode.h>

#include <sys/ioctl.h>
#include <unistd.h>

namespace interloop {

namespace {

// The side of a pseudo-terminal that a terminal program has. libuv cannot open it anew, and would block.
bool isOtherSide(int descriptor) noexcept
{
    unsigned number = 0;
    return ioctl(descriptor, TIOCGPTN, &number) == 0;
}

std::string terminalName(int descriptor)
{
    char name[256];
    return ttyname_r(descriptor, name, sizeof(name)) == 0 ? name : "terminal";
}

} // namespace

int TtyStream::make(UvRef<TtyStream> &stream, Pump &pump, int descriptor)
{
    if (uv_guess_handle(descriptor) != UV_TTY || isOtherSide(descriptor))
        return UV_ENOTTY;
    const int copy = duplicate(descriptor); // libuv replaces what it is given
    if (copy < 0)
        return copy;
    auto *made = new TtyStream(pump);
    const int error = uv_tty_init(pump.uvLoop(), &made->m_tty, copy, 0);
    if (error) {
        delete made;
        ::close(copy);
        return error;
    }
    made->initialised();
    if (made->descriptor() != copy)
        ::close(copy);
    made->m_name = terminalName(made->descriptor());
    stream = UvRef<TtyStream>(made);
    return 0;
}

int TtyStream::setMode(TtyMode mode)
{
    const int error = changeTerminalMode(descriptor(), m_mode, mode);
    if (error == 0)
        m_mode = mode;
    return error;
}

// A terminal whose other side has gone says so by an error.
bool TtyStream::isEnd(int error) const noexcept
{
    return error == UV_EOF || error == UV_EIO;
}

void TtyStream::closing() noexcept
{
    StreamHandle::closing();
    setMode(TtyMode::Normal);
}

} // namespace interloop
